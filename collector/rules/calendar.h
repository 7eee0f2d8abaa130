/* calendar: which days are working days, by the yearly notices of the State Council's General Office.  Pure.
 *
 *   [calendar]                 one file for each year: cn-2026.ini
 *   year = 2026                every day below lies in it
 *   document, title, source    the notice
 *   holidays = 2026-01-01..2026-01-03 2026-04-04     days off
 *   workdays = 2026-01-04                            Saturdays and Sundays that are worked
 *   confirmed = yes | no       somebody has read this in the text of the notice
 *
 * Days that no file speaks of: Saturdays and Sundays are off.
 */
#ifndef QUIETAIR_RULES_CALENDAR_H
#define QUIETAIR_RULES_CALENDAR_H

#include "common/conf.h"

struct span { /* [from, until), from midnight to midnight, local */
    int64_t from, until;
};

struct spans {
    struct span *items;
    size_t count;
};

struct calendar {
    int64_t year;
    const char *document, *title, *source; /* belong to the conf */
    bool confirmed;
    struct spans holidays, workdays;
    struct conf *conf;
};

/* Takes the conf over, whatever comes of it.  NULL: faults say why. */
struct calendar *calendar_open(struct conf *, struct faults *);
void calendar_close(struct calendar *);

bool calendar_works(struct calendar *const *, size_t count, int64_t ms); /* is the day of ms a working day? */

/* The last moment of the n-th day, or n-th working day, after the day of `from`, which itself does not count
 * (Civil Code art. 201 and 203: the opening day is not counted, the last one ends at 24:00). */
int64_t calendar_days_end(int64_t from, int n);
int64_t calendar_work_end(struct calendar *const *, size_t count, int64_t from, int n);

#endif
