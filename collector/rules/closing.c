#include "collector/rules/closing.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/command.h"
#include "collector/rules/entry.h"
#include "collector/rules/flag.h"
#include "collector/rules/install.h"
#include "collector/rules/memory.h"
#include "collector/rules/register.h"
#include "collector/rules/register_note.h"
#include "common/civil.h"

#include <string.h>

/* ---- flags ------------------------------------------------------------------------------------------------------- */

/* Whoever raised it begins anew, should the site open again. */
static void forget(struct device *d, enum flag_kind kind)
{
    if (kind == FLAG_NOISE_LIMIT)
        d->noise.streak = (struct streak){0};
    else if (kind == FLAG_NOISE_PEAK)
        d->noise.bursts = (struct streak){0};
    else if (kind == FLAG_FUME_LIMIT)
        d->fume.streak = (struct streak){0};
    else if (kind == FLAG_FUME_NEAR)
        d->fume.near = (struct streak){0};
    else if (kind == FLAG_FUME_EFFICIENCY)
        d->fume.efficiency.streak = (struct streak){0};
    else if (kind == FLAG_PURIFIER_OFF)
        d->purifier = (struct purifier){0};
    else if (kind == FLAG_DUCT_BLOCKED)
        d->duct = (struct duct){0};
}

/* Those of a device's own health know how to end themselves. */
static void forget_health(struct fold *f, struct device *d, enum flag_kind kind, int64_t at)
{
    if (kind == FLAG_DEVICE_SILENT)
        silence_drop(f, d, at);
    else if (kind == FLAG_DEVICE_FAULT)
        defect_drop(f, d, at);
    else if (kind == FLAG_DEVICE_STUCK)
        stuck_drop(f, d, at);
}

bool closing_end(struct fold *f, const struct flag *flag, int64_t now)
{
    const struct place *p = *flag->site ? place_find(f, flag->site) : NULL;
    if (!p || !place_closed(p, now))
        return false;
    int64_t closed = place_at(p, now)->closed_ms;
    struct subject about = {flag->kind, flag->site, flag->device, flag->gateway};
    struct device *d = *flag->device ? device_find(f, flag->site, flag->device) : NULL;
    if (flag->since < closed)
        flag_end(f, &about, "cleared", closed, now);
    else
        flag_end(f, &about, "withdrawn", flag->since, now);
    if (d) {
        forget(d, flag->kind);
        forget_health(f, d, flag->kind, closed);
        touch(f, &d->item);
    }
    return true;
}

struct ended {
    size_t flags, withdrawn;
};

static struct ended end_flags(struct fold *f, const struct place *p, int64_t closed)
{
    struct ended sum = {0};
    for (size_t i = 0; i < f->flags.count; i++) {
        const struct flag *flag = (const struct flag *)f->flags.items[i];
        if (flag->forget_ms || strcmp(flag->site, p->id) != 0 || !closing_end(f, flag, f->time))
            continue;
        sum.flags++;
        sum.withdrawn += flag->since >= closed;
    }
    return sum;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static bool read_args(const struct fold *f, const struct command *c, struct place **p, int64_t *date,
                      struct buf *answer)
{
    const char *id = command_text(c, "site", ""), *when = command_text(c, "date", ""), *text;
    *p = place_find(f, id);
    if (!*p || !(*p)->count)
        return command_refuse(answer, "site %s: not in the register", id);
    if (!civil_parse(when, date) || *date != civil_midnight(*date, 0))
        return command_refuse(answer, "date %s: expected YYYY-MM-DD, a date that exists", when);
    if (*date <= (*p)->versions[0].valid_from_ms)
        return command_refuse(answer, "date %s: %s is in the register only since a later moment", when, id);
    if (!*command_text(c, "by", ""))
        return command_refuse(answer, "by is missing: who closes it");
    return entry_text(c, "by", ENTRY_NAME, &text, answer) && entry_text(c, "note", ENTRY_TEXT, &text, answer);
}

/* From this date on in every version. */
static void close_versions(struct fold *f, struct place *p, int64_t date)
{
    struct site s = *place_at(p, date);
    s.closed_ms = date;
    s.valid_from_ms = date;
    register_put(f, p, &s);
    for (size_t i = 0; i < p->count; i++) {
        if (p->versions[i].valid_from_ms <= date)
            continue;
        s = p->versions[i];
        s.closed_ms = date;
        register_put(f, p, &s);
    }
}

bool closing_command(struct fold *f, const struct command *c, struct buf *answer)
{
    struct place *p;
    int64_t date;
    if (!read_args(f, c, &p, &date, answer))
        return false;
    if (f->hindsight) { /* it is closed in the versions that are known */
        buf_text(answer, "{}");
        return true;
    }
    if (place_closed(p, date) || place_closed(p, f->time))
        return command_refuse(answer, "site %s: is closed already", p->id);
    close_versions(f, p, date);
    struct buf facts = buf_growing();
    struct ended ended = end_flags(f, p, date);
    entry_put_text(&facts, "by", command_text(c, "by", ""));
    entry_put_text(&facts, "note", command_text(c, "note", ""));
    register_note(f, c, p->id, "closed", date, facts.data);
    buf_free(&facts);
    cleaning_changed(f, p);
    install_changed(f, p);
    case_changed(f, p);
    buf_print(answer, "{\"site\":\"%s\",\"closed\":%lld,\"ended\":%zu,\"withdrawn\":%zu}", p->id, (long long)date,
              ended.flags, ended.withdrawn);
    return true;
}
