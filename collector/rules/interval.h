/* interval: how often a site's purifier must be cleaned, on whose word, and when that makes a cleaning due.  Pure;
 * shared with the weekly audit.
 *
 * The register's cleaning_days and cleaning_hours go first; where it gives neither, the standard of kind `cleaning`
 * that [rules] standards names first.  Where that says nothing either there is no interval, and nothing is ever due.
 *
 * Due is a day, by its 00:00 local: so many days after the day on which the interval began, or the day on which the fan
 * has run for so many hours, counting the days after the one on which it began; whichever comes first.
 */
#ifndef QUIETAIR_INTERVAL_H
#define QUIETAIR_INTERVAL_H

#include "collector/rules/standard.h"
#include "collector/site.h"

struct interval {
    double days, hours;           /* NAN: none */
    const struct provision *rule; /* of the policy; NULL: the register's own */
};

/* policy: of kind cleaning, or NULL. */
struct interval interval_of(const struct standard *policy, const struct site *, int64_t at);
bool interval_given(const struct interval *);

int64_t interval_due_by_days(const struct interval *, int64_t begin); /* 0: none */

/* Fan hours: feed the days in order, each once.  due becomes 00:00 of the day on which they are full. */
struct fan_hours {
    int64_t begin, wanted_ms; /* of the interval; wanted_ms INT64_MAX: it has no hours */
    int64_t sum_ms, due;      /* due 0: not yet */
};

struct fan_hours fan_hours_begin(const struct interval *, int64_t begin);
void fan_hours_add(struct fan_hours *, int64_t day, int64_t fan_ms);

/* When a cleaning due on that day becomes overdue: 00:00 local of the day after due and grace.  0: never. */
int64_t interval_overdue(int64_t due, int64_t grace_ms);

int64_t interval_earlier(int64_t due, int64_t other); /* the earlier of two due days; 0: none */

#endif
