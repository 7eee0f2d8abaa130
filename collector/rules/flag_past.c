#include "collector/rules/flag_past.h"
#include "collector/rules/flag_private.h"
#include "collector/rules/incident.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool flag_ended(const struct fold *f, const struct subject *about, int64_t at, struct flag_past *past)
{
    const struct flag *flag = flag_find(f, about);
    if (!flag || !flag->forget_ms)
        return false;
    *past = (struct flag_past){
        .kind = flag->kind, .rev = flag->rev, .start = flag->start, .at = at, .detail = xstrdup(flag->detail)};
    memcpy(past->id, flag->id, sizeof past->id);
    return true;
}

static void set_detail(struct flag *flag, struct buf *text)
{
    free(flag->detail);
    flag->detail = xstrdup(text->data);
    buf_free(text);
}

static void add_detail(struct flag *flag, const char *why)
{
    struct buf text = buf_growing();
    buf_print(&text, "%s%s", flag->detail, why);
    set_detail(flag, &text);
}

/* One that has given its place to a newer one. */
static struct flag revive(const struct subject *about, const struct flag_past *past)
{
    struct flag flag = {.kind = past->kind,
                        .rev = past->rev,
                        .start = past->start,
                        .since = past->start,
                        .measured = NAN,
                        .limit = NAN,
                        .detail = xstrdup(past->detail)};
    memcpy(flag.id, past->id, sizeof flag.id);
    snprintf(flag.site, sizeof flag.site, "%s", about->site);
    snprintf(flag.device, sizeof flag.device, "%s", about->device);
    return flag;
}

void flag_withdraw(struct fold *f, const struct subject *about, int64_t start, const struct flag_past *past,
                   const char *why, int64_t at)
{
    struct flag *flag = flag_find(f, about), former;
    if (!flag || flag->start != start) {
        if (!past)
            return;
        former = revive(about, past);
        flag = &former;
    }
    add_detail(flag, why);
    flag->forget_ms = f->time + FLAG_RETAINED_MS;
    incident_flag_ended(f, flag, 0);
    flag_tell(f, flag, "withdrawn", flag->since, at, true);
    if (flag == &former)
        free(former.detail);
}

static bool rests_on(const struct flag *flag, int64_t from)
{
    char window[64];
    int length = snprintf(window, sizeof window, "\"window\":{\"from\":%lld,", (long long)from);
    return strncmp(flag->detail, window, (size_t)length) == 0;
}

static void replace(struct flag *flag, const char *words, const char *by)
{
    const char *found = strstr(flag->detail, words);
    if (!found)
        return;
    struct buf text = buf_growing();
    buf_print(&text, "%.*s%s%s", (int)(found - flag->detail), flag->detail, by, found + strlen(words));
    set_detail(flag, &text);
}

/* The note is alone, or stands behind others. */
static void strike_note(struct flag *flag, const char *note)
{
    char alone[80], behind[80];
    snprintf(alone, sizeof alone, ",\"note\":\"%s\"", note);
    snprintf(behind, sizeof behind, "; %s", note);
    replace(flag, alone, "");
    replace(flag, behind, "");
}

void flag_renote(struct fold *f, const struct subject *about, int64_t from, const char *note, const char *instead)
{
    struct flag *flag = flag_find(f, about);
    if (!flag || !rests_on(flag, from))
        return;
    if (*instead)
        replace(flag, note, instead);
    else
        strike_note(flag, note);
    touch(f, &flag->item);
}

void flag_past_pack(struct pack *p, struct flag_past *past)
{
    int kind = past->kind;
    pack_small(p, &kind);
    p->bad = p->bad || kind < 0 || kind >= FLAG_KINDS;
    past->kind = (enum flag_kind)kind;
    pack_text(p, past->id, sizeof past->id);
    pack_small(p, &past->rev);
    pack_int(p, &past->start);
    pack_int(p, &past->at);
    pack_string(p, &past->detail);
}
