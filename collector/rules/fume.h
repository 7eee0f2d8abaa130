/* fume: windows of a cooking-fume meter while somebody is cooking; flags fume-limit and fume-near.  Pure.
 *
 * The mean of `fume` over the time in which the kitchen is at work (kitchen.h), each reading weighted by the time for
 * which it holds: forward to the next, at most one and a half intervals.  Where the site's exhaust air volume and its
 * reference stoves are known, the mean is converted to the reference volume (GB 18483-2001, 6.6) and may be compared
 * with the legal limit; otherwise it is a bare concentration, not statutory.  The volume is the metered one, else the
 * design volume of the register.
 *
 * Where the register says that there is no purifier, and the site's standard says that emission without one counts as
 * exceedance (duty fume-limit; GB 18483-2001, 5.1), a window exceeds whatever the concentration as soon as the fan runs
 * for as much of it as must be covered: `no-purifier`.  At such a site, where no device meters fume, those that meter
 * the fan have windows too.  A device that sees its purifier run contradicts the register, and is believed.
 *
 * What a meter says is doubted, and the window is not judged (`quality`), when it never says more than fume_ultra_low
 * while the fan runs, or when only its suspect readings keep the window from being covered.
 *
 * A compliant window from fume_near of the limit on is a pre-alert, fume-near, while fume-limit is not raised.
 */
#ifndef QUIETAIR_FUME_H
#define QUIETAIR_FUME_H

#include "collector/rules/efficiency.h"
#include "collector/rules/fume_run.h"
#include "collector/rules/streak.h"
#include "collector/rules/window.h"

struct fold;
struct device;

struct fume_sums {               /* of the window under way */
    int64_t cooking_ms, idle_ms; /* with a valid reading; idle also where only the fan is metered */
    double dose, peak;           /* sum of mg/m3 x ms while cooking, and the largest mg/m3 of it */
    int64_t airflow_ms;          /* cooking, with a valid air volume */
    double air;                  /* sum of m3/h x ms then */
    int64_t fan_ms;              /* the fan runs, and what else counts is known */
    int64_t bare_ms;    /* it runs without a purifier, neither registered nor seen to run, whatever the reading */
    int64_t suspect_ms; /* what the meter says is suspect */
};

struct fume {
    struct window window;
    struct fume_sums sums;
    int64_t suspect_until; /* a suspect reading holds until then, as a good one would */
    int64_t closed;
    struct streak streak, near;
    struct fume_run run;
    struct efficiency efficiency;
};

bool fume_concerns(const struct device *);
void fume_suspect(struct device *, int64_t until); /* a reading of `fume` is suspect; until 0: it is no more */
void fume_piece(struct fold *, struct device *, int64_t from, int64_t to);
void fume_pass(struct fold *, struct device *, int64_t at);
void fume_pack(struct pack *, struct fume *);

#endif
