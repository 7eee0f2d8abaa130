/* What time does to a case: deadlines that pass, cases that lapse, and when one must be looked at again. */
#include "collector/rules/case.h"
#include "collector/rules/case_tell.h"
#include "collector/rules/deadline.h"
#include "collector/rules/memory.h"

#include <stdlib.h>
#include <string.h>

enum { RETAINED_MS = 24 * 3600 * 1000 };

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The last moment at which it does not lapse: no deadline of its own stage is still running. */
static int64_t lapse_of(const struct fold *f, const struct casefile *c)
{
    struct deadline all[DEADLINES];
    int64_t at = c->last + f->config.settings.lookback;
    deadlines_of(f, c, all);
    for (int k = 0; k < DEADLINES; k++) {
        if (all[k].due > at && !all[k].done)
            at = all[k].due;
    }
    return at;
}

static bool runs(const struct casefile *c, int64_t *due)
{
    *due = c->stages[case_facts[c->state].step].due;
    return case_next(c->state, EVENT_DEADLINE) != c->state;
}

void case_pass(struct fold *f, struct casefile *c, int64_t at)
{
    int64_t due;
    if (runs(c, &due) && at > due)
        case_act(f, c, EVENT_DEADLINE, "", "");
    if (case_next(c->state, EVENT_LOOKBACK) == CASE_LAPSED && at > lapse_of(f, c))
        case_act(f, c, EVENT_LOOKBACK, "", "");
}

/* The bureau's own deadlines that have passed since; true: one was found. */
static bool mark_overdue(const struct fold *f, struct casefile *c, int64_t now)
{
    struct deadline all[DEADLINES];
    int before = c->overdue;
    deadlines_of(f, c, all);
    for (int k = 0; k < DEADLINES; k++) {
        if (all[k].ours && all[k].due && !all[k].done && now > all[k].due)
            c->overdue |= 1 << k;
    }
    return c->overdue != before;
}

static int64_t grown_until(const struct casefile *c) /* the end of the newest incident's night or day */
{
    return c->kept ? c->incidents[c->kept - 1].period_end : 0;
}

static int64_t next_version(const struct fold *f, const struct casefile *c, int64_t now)
{
    const struct place *p = place_find(f, c->site);
    for (size_t i = 0; p && i < p->count; i++) {
        if (p->versions[i].valid_from_ms > now)
            return p->versions[i].valid_from_ms;
    }
    return INT64_MAX;
}

static int64_t next_check(const struct fold *f, const struct casefile *c, int64_t now)
{
    struct deadline all[DEADLINES];
    int64_t due, next = next_version(f, c, now);
    if (c->ended)
        return c->ended + RETAINED_MS;
    if (runs(c, &due))
        next = earlier(next, due + 1);
    if (case_next(c->state, EVENT_LOOKBACK) == CASE_LAPSED)
        next = earlier(next, lapse_of(f, c) + 1);
    if (c->untold)
        next = earlier(next, grown_until(c));
    deadlines_of(f, c, all);
    for (int k = 0; k < DEADLINES; k++) {
        if (all[k].ours && all[k].due && !all[k].done && !(c->overdue >> k & 1))
            next = earlier(next, all[k].due + 1);
    }
    return next;
}

static void look(struct fold *f, struct casefile *c, int64_t now)
{
    case_pass(f, c, now);
    if (c->ended)
        return;
    if (mark_overdue(f, c, now))
        case_tell(f, c, "overdue", "", "");
    if (c->untold && now >= grown_until(c))
        case_tell(f, c, "grown", "", "");
    char *topic = case_topic(f, c);
    if (strcmp(topic, c->topic) != 0)
        case_tell(f, c, "moved", "", "");
    free(topic);
}

void case_tick(struct fold *f, int64_t now)
{
    for (size_t i = f->cases.count; i-- > 0;) { /* from the end: removing moves only what was seen */
        struct casefile *c = (struct casefile *)f->cases.items[i];
        if (now < c->check_ms)
            continue;
        if (!c->ended)
            look(f, c, now);
        c->check_ms = next_check(f, c, now);
        if (c->ended && now >= c->ended + RETAINED_MS) {
            case_untell(f, c);
            store_remove(&f->cases, &f->changes, &c->item);
        }
    }
}

void case_changed(struct fold *f, const struct place *p)
{
    for (int family = 0; family < FAMILIES; family++) {
        struct casefile *c = case_find(f, (enum case_family)family, p->id);
        if (c)
            c->check_ms = 0;
    }
}

void case_recheck(struct fold *f)
{
    for (size_t i = 0; i < f->cases.count; i++)
        ((struct casefile *)f->cases.items[i])->check_ms = 0;
}
