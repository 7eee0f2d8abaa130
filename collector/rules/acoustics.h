/* acoustics: energy means and percentiles of sound levels, dB(A), each level weighted by the time it stands for.  Pure.
 *
 *   LAeq,T = 10 lg [ 1/T * integral of 10^(0.1 LA) dt ]                      GB 22337-2008, 3.4
 *   Ldn    = 10 lg { [ 16 * 10^(0.1 Ld) + 8 * 10^(0.1 (Ln + 10)) ] / 24 }    with eight hours of night, 10 dB worse
 *
 * Percentile LN: the level exceeded N % of the time.  Levels are counted in classes of 0.1 dB; between two neighbouring
 * samples the quantile is interpolated linearly (the rule that equally long samples give with numpy's default).
 *
 * Deviation SD: that of a sample (n - 1), not of a population.  The rules for monitors name SD and do not say which.
 */
#ifndef QUIETAIR_ACOUSTICS_H
#define QUIETAIR_ACOUSTICS_H

#include "collector/rules/pack.h"

/* 194 dB: a pressure amplitude of one atmosphere, the loudest undistorted sound in air.  No meter measures beyond. */
enum { LEVEL_TOP_DB = 194, LEVEL_CLASSES = LEVEL_TOP_DB * 10 + 1 };

bool level_plausible(double level); /* 0 to LEVEL_TOP_DB */

double energy_of(double level, int64_t ms); /* ms x 10^(level/10) */
double level_of(double energy, int64_t ms); /* of the mean; NAN: ms is 0 */

/* ---- the sum of a window ----------------------------------------------------------------------------------------- */

struct level_sum { /* zeroed is empty */
    double energy; /* sum of ms x 10^(level/10) */
    int64_t ms;    /* valid time */
    int64_t samples;
    uint32_t *classes; /* ms per class of 0.1 dB; taken when the first level comes */
};

/* A plausible level held for ms; `another`: a sample not counted in this sum before. */
void level_add(struct level_sum *, double level, int64_t ms, bool another);
double level_mean(const struct level_sum *);                     /* LAeq; NAN when empty */
double level_exceeded(const struct level_sum *, double percent); /* LN, one decimal; NAN when empty */
double level_deviation(const struct level_sum *);                /* SD; NAN for less than two samples */
void level_clear(struct level_sum *);                            /* keeps the memory */
void level_free(struct level_sum *);
void level_pack(struct pack *, struct level_sum *); /* classes only from the lowest to the highest in use */

double level_day_night(double ld, double ln); /* Ldn of what is not rounded; NAN where one of them is */

struct extremes {    /* of the maxima and minima that a meter tells itself */
    double max, min; /* NAN: none */
};

struct extremes extremes_none(void);
void extremes_take(struct extremes *, double max, double min); /* NAN: not told */
void extremes_pack(struct pack *, struct extremes *);

/* ---- rounding ---------------------------------------------------------------------------------------------------- */

/* Floating dust is removed before anything is rounded: 49.50000000000001 is 49.5. */
int64_t fixed_micro(double x); /* in millionths */

/* n / unit, half to even (GB/T 8170-2008, 3.2). */
int64_t divide_half_even(int64_t n, int64_t unit);

/* x with so many decimals (0 to 6), dust removed, half to even. */
double rounded(double x, int decimals);

#endif
