/* pattern: on which of the last 14 days did a device fall silent in opening hours, and in these only?  Pure.
 *
 * A spell of silence belongs to the local day on which it began, also when the opening lasts past midnight.  It lies in
 * opening hours when at least `least` of it is in them and at most a fifth of it outside: who pulls a plug does it a
 * little before the guests come and puts it back a little after.  Any other spell makes its day an ordinary one, and so
 * does every spell at a site of which no opening hours are known.
 */
#ifndef QUIETAIR_PATTERN_H
#define QUIETAIR_PATTERN_H

#include "collector/rules/pack.h"
#include "collector/site.h"

enum { PATTERN_OF = 7, PATTERN_LEAST = 3 }; /* so many days of the last so many are a pattern */

struct pattern { /* bit n: n days before `day` */
    int64_t day; /* 00:00 local of the newest; 0 none */
    int inside, outside;
};

/* A spell from `from` until before `to` has been seen. */
void pattern_mark(struct pattern *, const struct site *, int64_t from, int64_t to, int64_t least);
/* Days silent in opening hours only, of the PATTERN_OF that end with the day of `at`. */
int pattern_days(const struct pattern *, int64_t at);
void pattern_pack(struct pack *, struct pattern *);

#endif
