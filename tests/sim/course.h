/* course: what a meter says of one metric over weeks.  Pure.
 *
 *   BASE [, TIMES = LEVEL[~JITTER][+RATE/h]] …
 *
 *   45~2                                       always about 45
 *   46~1.5, sa 22:30-01:30 = 68~2              louder on Saturday nights
 *   0, cooking = 140~6+0.5/h                   TIMES: a [times NAME], or one span (calendar.h)
 *
 * BASE is a behaviour (behaviour.h).  Of the clauses whose times hold the last one counts.  +RATE/h: so much more for
 * each hour for which this clause has counted since the meter was cleaned last (or since the beginning).
 */
#ifndef QUIETAIR_SIM_COURSE_H
#define QUIETAIR_SIM_COURSE_H

#include "tests/sim/behaviour.h"
#include "tests/sim/calendar.h"

enum { COURSE_CLAUSES = 12 };

/* Times that have a name: at, but not except. */
struct times {
    const char *name;
    struct spans at, except;
};

struct clause {
    const struct times *named; /* NULL: */
    struct spans own;
    struct step step;
    double per_hour;
    int64_t held_ms; /* since the last cleaning */
};

struct course {
    struct behaviour base;
    size_t count;
    struct clause clauses[COURSE_CLAUSES];
    uint64_t seed, said; /* of the jitter */
};

struct course_words { /* what the text may refer to */
    const struct calendar *calendar;
    const struct times *times;
    size_t times_count;
};
int course_parse(struct course *, const struct course_words *, const char *text, struct fault *);

struct course_moment {
    struct when when;
    int64_t since_start_ms, since_midnight_ms;
    int64_t interval_ms; /* until the next value */
};
/* False: the base is an exception, and no clause holds. */
bool course_value(struct course *, const struct course_moment *, double *value);
void course_cleaned(struct course *);

#endif
