/* calendar: when something is so in the weeks of a history.  Pure, but for the zone of civil time, which is the
 * process's.
 *
 *   18:00-20:00                           every day; an end at or before its start lies on the following day
 *   sa 22:30-01:30                        Saturday nights, each from its Saturday into the Sunday
 *   mo-th                                 whole days; days are mo tu we th fr sa su, one or a range (sa-mo wraps)
 *   2026-10-05..2026-11-01 18:00-20:00    the days on which it begins, both included; one date is one day
 *   d3..d9   w5..w8   w2 sa               counted: the third to the ninth day; the fifth to the eighth week of seven
 * days
 *
 * Several spans are separated by commas.  Days are counted from the day on which the history begins, d1.
 */
#ifndef QUIETAIR_SIM_CALENDAR_H
#define QUIETAIR_SIM_CALENDAR_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct calendar {
    int64_t from_ms; /* when the history begins */
};

struct when { /* an instant as spans ask for it */
    int day;  /* 0 is d1 */
    int weekday;
    int minute; /* of the day */
};
struct when calendar_when(const struct calendar *, int64_t ms);

enum { SPANS_MOST = 32 };

struct spans {
    size_t count;
    struct span {
        int first_day, last_day; /* on which it begins */
        unsigned weekdays;       /* bit 0 Monday */
        int from, to;            /* minutes of the day, to > from; beyond 24 h: of the following day */
    } span[SPANS_MOST];
};

/* ERR_SYNTAX, ERR_RANGE. */
int spans_parse(const struct calendar *, struct spans *, const char *text, struct fault *);
bool spans_contain(const struct spans *, const struct when *);

/* `2026-10-05 18:00`, `d3 09:00`, `w2` (its first day at 00:00).  ERR_SYNTAX. */
int calendar_instant(const struct calendar *, const char *text, int64_t *ms, struct fault *);
/* The day that a word names: `2026-10-05`, `d3`, `w2`, `d-20` (20 days before d1); 0 is d1. */
bool calendar_day(const struct calendar *, const char *word, int *day);
void calendar_date(const struct calendar *, int day, char out[static 11]); /* 2026-10-05 */

#endif
