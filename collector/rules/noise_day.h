/* noise_day: the day, night and day-night levels of a meter, Ld, Ln and Ldn, for each local day.  Pure.
 *
 * Ln is that of the eight night hours of the same civil day: with night from 22:00 those before 06:00 and those from
 * 22:00 on.  (It is how the example is computed that this was checked with, noisepollution in reviutils: 24 hourly
 * levels of one day.)  A day keeps the night_start with which it began.  Its row leaves when the stream has passed its
 * end; a day on which nothing was measured has none.
 */
#ifndef QUIETAIR_NOISE_DAY_H
#define QUIETAIR_NOISE_DAY_H

#include "collector/rules/pack.h"

struct fold;
struct device;

struct noise_day {    /* zeroed: no day */
    int64_t day, end; /* 00:00 local, and of the next day; end 0: none */
    int64_t band_end; /* of the stretch under way */
    int band;         /* enum band, of that stretch */
    int night_start;
    double energy[2]; /* by enum band: ms x 10^(level/10) */
    int64_t ms[2];    /* valid time */
};

/* A plausible level held in [from, to); never before what was added already. */
void noise_day_add(struct fold *, struct device *, int64_t from, int64_t to, double level);
void noise_day_pass(struct fold *, struct device *, int64_t at); /* no level will come from before `at` */
void noise_day_pack(struct pack *, struct noise_day *);

#endif
