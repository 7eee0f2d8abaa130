/* purifier: cooking with the purifier off; flag purifier-off (GB 18483-2001, 5.1).  Pure.
 *
 * A spell begins when somebody cooks (kitchen.h) while the purifier is off or under-current, and ends with the first
 * reading that shows otherwise.  It raises the flag once purifier_off_after of it has been seen.  Time of which nothing
 * is known neither counts nor ends a spell, unless there is as much of it in one stretch as raises a flag.
 *
 * Where the register says that there is no purifier, what is missing is not a purifier in use: fume.h judges that.
 */
#ifndef QUIETAIR_PURIFIER_H
#define QUIETAIR_PURIFIER_H

#include "collector/rules/pack.h"

struct fold;
struct device;

struct purifier {
    int64_t since;             /* of the spell; 0 none */
    int64_t seen_ms, blind_ms; /* of the spell; the stretch of ignorance now under way */
    bool raised;
};

bool purifier_concerns(const struct device *);
/* Nothing changed in [from, to); from = to: a first look at what changed at this moment. */
void purifier_piece(struct fold *, struct device *, int64_t from, int64_t to);
void purifier_pack(struct pack *, struct purifier *);

#endif
