/* efficiency: what the purifier removes; flag fume-efficiency (GB 18483-2001, 4.2 table 2).  Pure.
 *
 * P = (c1 Q1 - c2 Q2) / (c1 Q1), in %, from the means of `fume_in` (c1) and `fume` (c2) over that part of a fume window
 * in which somebody cooks and both are known.  c1 is of the device itself or of an inlet meter at its site (kitchen.h).
 * Where air is not metered on both sides for as long as must be covered, Q1 = Q2.  To fall short of the limit of the
 * kitchen's size is to exceed: `excess` is then negative, in points of %.
 *
 * Not judged: `no-limit` (size unknown), `coverage`, `idle` (nobody cooks, or c1 below fume_floor), `quality` (as the
 * fume window), `no-purifier` (the register says that there is none).  Windows in which both were never known together
 * are not written.
 */
#ifndef QUIETAIR_EFFICIENCY_H
#define QUIETAIR_EFFICIENCY_H

#include "collector/rules/streak.h"

struct fold;
struct device;
struct verdict;

struct efficiency {
    int64_t ms;             /* of the window, with both known */
    double in, out;         /* sums of mg/m3 x ms */
    int64_t air_ms;         /* of it, with air metered on both sides */
    double air_in, air_out; /* sums of m3/h x ms */
    struct streak streak;
};

/* Somebody cooks, and `fume` holds, in [from, to). */
void efficiency_piece(struct device *, int64_t from, int64_t to);
/* The fume window has closed, with this verdict. */
void efficiency_close(struct fold *, struct device *, const struct verdict *fume);
void efficiency_pack(struct pack *, struct efficiency *);

#endif
