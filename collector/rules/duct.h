/* duct: the fan runs and the fumes cannot get out; flag duct-blocked.  Pure.
 *
 * A device that meters `airflow` or `dp` (back pressure) tells whether its duct is blocked while the fan, its own or a
 * neighbour's (kitchen.h), is known to run:
 *   no flow         airflow below duct_airflow_min; where that is 0, below duct_airflow_share of the site's design air
 *                   volume, else of what the standard reckons for its stoves (GB 18483-2001, 6.6: 2000 m3/h each)
 *   back pressure   dp at or above duct_dp_max, where that is not 0
 * One yes suffices.  No standard gives numbers for this: they are policy of the bureau, and the flag is never
 * statutory.
 *
 * Raised once duct_blocked_after of it has been seen; `since` is when it began.  Cleared once the duct has been seen to
 * be free for as long, `until` when that began.  A fan that stands still tells nothing: such time neither counts nor
 * ends what began, unless no flag is raised and there is as much of it in one stretch as would raise one.
 */
#ifndef QUIETAIR_DUCT_H
#define QUIETAIR_DUCT_H

#include "collector/rules/pack.h"

struct fold;
struct device;

struct duct {
    int64_t since, seen_ms, blind_ms; /* of the blockage; the stretch of ignorance now under way */
    int64_t free_since, free_ms;      /* while raised: seen to be free */
    bool raised;
};

bool duct_concerns(const struct device *);
void duct_piece(struct fold *, struct device *, int64_t from, int64_t to); /* nothing changed in [from, to) */
void duct_pack(struct pack *, struct duct *);

#endif
