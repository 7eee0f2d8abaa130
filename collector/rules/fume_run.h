/* fume_run: five windows of a fume meter in a row, averaged as five samples are (GB 18483-2001, 6.3 to 6.6).  Pure.
 *
 * After each window that was judged by its concentration, the last five count if they follow each other without a hole
 * and were judged alike: by the same limit, with an air volume of the same source.  A concentration below a quarter of
 * the largest is left out; of those that stay, three at least, the mean is taken.  Each stands at its own reference
 * volume where that is known.  A run raises no flag; it is a row of its own, from the first window to the last.
 *
 * It is statutory only where all five windows are: 10 min long, converted to the reference volume, limit confirmed.
 */
#ifndef QUIETAIR_FUME_RUN_H
#define QUIETAIR_FUME_RUN_H

#include "collector/rules/pack.h"

struct fold;
struct verdict;

enum { RUN_WINDOWS = 5, RUN_LEAST = 3 };

enum air { AIR_UNKNOWN, AIR_METERED, AIR_DESIGN }; /* whence the air volume is known */

struct fume_run {
    size_t count; /* of windows held, the oldest first */
    int64_t from[RUN_WINDOWS], to;
    double measured[RUN_WINDOWS], judged[RUN_WINDOWS], coverage[RUN_WINDOWS];
    double limit;
    int air, statutory; /* enum air; 1: all windows held are */
};

/* A window has closed: where five are complete, their row leaves the fold. */
void fume_run_window(struct fold *, struct fume_run *, const struct verdict *, enum air);
/* `,"fume_run":{"values":[…],"kept":n,"mean":x,"judged":x}` of a run that is complete; else nothing. */
void fume_run_put(struct buf *, const struct fume_run *);
void fume_run_pack(struct pack *, struct fume_run *);

#endif
