#include "collector/rules/streak.h"

#include <limits.h>

static void count(int *run, int64_t *first, int64_t from)
{
    if (*run == 0)
        *first = from;
    if (*run < INT_MAX)
        ++*run;
}

static enum streak_change exceeds(struct streak *s, int64_t from, int64_t raise_after)
{
    s->compliant = 0;
    count(&s->exceeding, &s->first_exceeding, from);
    if (s->raised || s->exceeding < raise_after)
        return STREAK_SAME;
    s->raised = true;
    return STREAK_RAISED;
}

static enum streak_change complies(struct streak *s, int64_t from, int64_t clear_after)
{
    s->exceeding = 0;
    count(&s->compliant, &s->first_compliant, from);
    if (!s->raised || s->compliant < clear_after)
        return STREAK_SAME;
    s->raised = false;
    return STREAK_CLEARED;
}

enum streak_change streak_window(struct streak *s, enum outcome outcome, int64_t from, int64_t raise_after,
                                 int64_t clear_after)
{
    switch (outcome) {
    case OUTCOME_EXCEEDS:
        return exceeds(s, from, raise_after);
    case OUTCOME_COMPLIANT:
        return complies(s, from, clear_after);
    case OUTCOME_NOT_JUDGED:
        break;
    }
    return STREAK_SAME;
}

bool streak_equal(const struct streak *a, const struct streak *b)
{
    return a->exceeding == b->exceeding && a->compliant == b->compliant && a->first_exceeding == b->first_exceeding &&
           a->first_compliant == b->first_compliant && a->raised == b->raised;
}

void streak_pack(struct pack *p, struct streak *s)
{
    pack_small(p, &s->exceeding);
    pack_small(p, &s->compliant);
    pack_int(p, &s->first_exceeding);
    pack_int(p, &s->first_compliant);
    pack_bool(p, &s->raised);
}
