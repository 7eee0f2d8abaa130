/* background: what the noise of everything else takes away from a measured level.  Pure.
 *
 * GB 22337-2008, 5.7: the difference between measured level and background is rounded to an integer; the standard's
 * table says by how much the level is corrected.  Too small a difference (5.7.3): the background has to be reduced and
 * the measurement repeated.
 */
#ifndef QUIETAIR_BACKGROUND_H
#define QUIETAIR_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

struct standard;

struct correction {
    bool known;        /* a background is given, and the standard has a table */
    bool too_close;    /* measure again */
    double background; /* dB(A) */
    double value;      /* dB(A), to be added; 0 or less */
};

/* background NAN: not given. */
struct correction background_correct(const struct standard *, double level, double background, int64_t at);

#endif
