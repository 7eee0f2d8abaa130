#include "collector/rules/entry.h"
#include "collector/rules/memory.h"
#include "common/chain.h"
#include "common/civil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_DAYS = 2 * 366 };

void entry_id(char out[static 17], const char *kind, const char *request)
{
    char hex[HASH_HEX];
    struct buf text = buf_growing();
    buf_print(&text, "%s|%s", kind, request);
    struct hash h = hash_of(text.data, text.length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
    buf_free(&text);
}

struct item *entry_make(struct fold *f, const char *key)
{
    const char *site = strchr(key, '/'), *id = site ? strchr(site + 1, '/') : NULL;
    struct entry *e = store_find(&f->entries, key);
    if (e)
        return &e->item;
    if (!id || !id_valid_n(site + 1, (size_t)(id - site - 1)) || strlen(id + 1) != 16)
        return NULL;
    e = xcalloc(1, sizeof *e);
    snprintf(e->item.key, sizeof e->item.key, "%s", key);
    snprintf(e->site, sizeof e->site, "%.*s", (int)(id - site - 1), site + 1);
    snprintf(e->id, sizeof e->id, "%s", id + 1);
    e->why = xstrdup("");
    e->facts = xstrdup("");
    store_add(&f->entries, &e->item);
    return &e->item;
}

struct entry *entry_new(struct fold *f, const char *kind, const struct command *c, const char *site, int64_t at)
{
    char id[17], key[ITEM_KEY];
    entry_id(id, kind, c->id);
    snprintf(key, sizeof key, "entry/%s/%s", site, id);
    struct entry *e = (struct entry *)entry_make(f, key);
    snprintf(e->kind, sizeof e->kind, "%s", kind);
    e->at = at;
    e->entered = f->time;
    return e;
}

struct entry *entry_find(const struct fold *f, const char *kind, const char *id)
{
    for (size_t i = 0; i < f->entries.count; i++) {
        struct entry *e = (struct entry *)f->entries.items[i];
        if (strcmp(e->id, id) == 0 && strcmp(e->kind, kind) == 0)
            return e;
    }
    return NULL;
}

void entry_tell(struct fold *f, struct entry *e, const char *actor)
{
    struct buf body = buf_growing();
    struct entry_row row = {.kind = e->kind,
                            .rev = ++e->rev,
                            .site = e->site,
                            .state = e->state,
                            .actor = actor,
                            .at = e->at,
                            .entered_at = f->time};
    memcpy(row.id, e->id, sizeof row.id);
    buf_print(&body, "{\"id\":\"%s\",\"rev\":%d,\"kind\":\"%s\",\"site\":\"%s\",\"at\":%lld,\"state\":\"%s\"%s", e->id,
              e->rev, e->kind, e->site, (long long)e->at, e->state, e->facts);
    if (*e->first) /* officers made it */
        entry_put_text(&body, "grade", strcmp(e->state, "reviewed") == 0 ? "evidence" : "lead");
    buf_char(&body, '}');
    row.body = body.data;
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    buf_free(&body);
    touch(f, &e->item);
}

void entry_tick(struct fold *f, int64_t now)
{
    int64_t before = civil_midnight(now, -KEPT_DAYS);
    for (size_t i = f->entries.count; i-- > 0;) {
        struct entry *e = (struct entry *)f->entries.items[i];
        if (e->entered < before && strcmp(e->state, "open") != 0)
            store_remove(&f->entries, &f->changes, &e->item);
    }
}

/* ---- reading what was asked -------------------------------------------------------------------------------------- */

bool entry_place(const struct fold *f, const struct command *c, const char **site, int64_t *at, struct buf *answer)
{
    const char *when = command_text(c, "at", "");
    *site = command_text(c, "site", "");
    const struct place *p = place_find(f, *site);
    if (!p || !p->count)
        return command_refuse(answer, "site %s: not in the register", *site);
    if (!civil_parse(when, at))
        return command_refuse(answer, "at %s: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM, a date that exists", when);
    if (*at > f->time)
        return command_refuse(answer, "at %s: lies in the future", when);
    return true;
}

bool entry_number(const struct command *c, const char *key, double *x, struct buf *answer)
{
    const struct json *value = json_member(c->args, key);
    const char *text = NULL;
    char *end;
    *x = NAN;
    if (!value || json_double(value, x))
        return true;
    json_text(value, &text);
    if (text && *text && text[strspn(text, "-.0123456789")] == 0) {
        *x = strtod(text, &end);
        if (!*end)
            return true;
    }
    return command_refuse(answer, "%s %s: expected a number such as 67.3", key, text ? text : "");
}

bool entry_choice(const struct command *c, const char *key, const char *const *words, int *choice, struct buf *answer)
{
    const char *text = command_text(c, key, NULL);
    struct buf allowed = buf_growing();
    *choice = -1;
    for (int i = 0; text && words[i]; i++) {
        buf_print(&allowed, "%s%s", i ? ", " : "", words[i]);
        if (strcmp(words[i], text) == 0)
            *choice = i;
    }
    bool good = !text || *choice >= 0 || command_refuse(answer, "%s %s: allowed are %s", key, text, allowed.data);
    buf_free(&allowed);
    return good;
}

bool entry_text(const struct command *c, const char *key, size_t most, const char **text, struct buf *answer)
{
    *text = command_text(c, key, "");
    return strlen(*text) <= most || command_refuse(answer, "%s: has at most %zu bytes", key, most);
}

void entry_put_text(struct buf *out, const char *key, const char *text)
{
    if (!*text)
        return;
    buf_print(out, ",\"%s\":", key);
    buf_json(out, text);
}

void entry_put_number(struct buf *out, const char *key, double x)
{
    if (isnan(x))
        return;
    buf_print(out, ",\"%s\":", key);
    buf_number(out, x);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

void entry_pack(struct pack *p, struct entry *e)
{
    pack_text(p, e->kind, sizeof e->kind);
    pack_text(p, e->state, sizeof e->state);
    pack_small(p, &e->rev);
    pack_int(p, &e->at);
    pack_int(p, &e->entered);
    pack_small(p, &e->about);
    pack_small(p, &e->proves);
    pack_text(p, e->first, sizeof e->first);
    pack_string(p, &e->why);
    pack_string(p, &e->facts);
}

void entry_free(struct item *item)
{
    struct entry *e = (struct entry *)item;
    free(e->why);
    free(e->facts);
    free(e);
}
