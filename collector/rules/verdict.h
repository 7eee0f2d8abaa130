/* verdict: what becomes of a window that was judged: its row and its point, and the flag that it raises or clears.
 * Pure.
 */
#ifndef QUIETAIR_VERDICT_H
#define QUIETAIR_VERDICT_H

#include "collector/rules/background.h"
#include "collector/rules/streak.h"

struct fold;
struct provision;
struct standard;

struct verdict {
    struct window_row row;
    const struct standard *standard; /* NULL: none applies */
    const struct provision *limit;   /* NULL: not known */
    int noise_class;                 /* NOT_GIVEN */
    const char *band, *note;         /* NULL: none */
    bool weather_unknown;            /* the row is another, should its weather prove adverse */
    struct correction correction;
    const struct provision *basis; /* what a flag rests on; NULL: on the limit */
    const char *more;              /* further members of a flag, each with a comma before; NULL: none */
};

/* The flag only: raised or cleared as the streak says. */
void verdict_flag(struct fold *, enum flag_kind, struct streak *, const struct verdict *);
/* Row, point and flag. */
void verdict_conclude(struct fold *, enum flag_kind, struct streak *, const struct verdict *);

#endif
