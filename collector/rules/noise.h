/* noise: windows of a sound level meter, and its days.  noise_judge.h judges them.  Pure.
 *
 * Judged is `laeq` where the device gives it, else `la` sampled at least once a second (GB 22337-2008, 5.1.4); `la`
 * more rarely is averaged and shown, but not judged.  A sample holds forward from its ts until the next reading of that
 * level or for one and a half intervals, whichever is shorter; where the meter integrates over the interval, backward.
 * What is held beyond the window's end counts in the next.  A suspect level is no sample, but for as long as it would
 * have held it is known that the meter was there.  Windows without either are not written: missing rows say why.
 */
#ifndef QUIETAIR_NOISE_H
#define QUIETAIR_NOISE_H

#include "collector/rules/acoustics.h"
#include "collector/rules/noise_day.h"
#include "collector/rules/streak.h"
#include "collector/rules/window.h"

struct fold;
struct device;

struct noise {
    struct window window; /* under way */
    struct level_sum sum;
    struct extremes peaks; /* lafmax, lafmin */
    int64_t suspect_ms;    /* covered by suspect levels */
    bool counted;          /* the sample now held has been counted in this sum */
    int64_t doubted_until; /* forward meters: so long a suspect level would hold */
    int64_t known;         /* backward meters: up to here it is settled what was valid */
    int64_t closed;        /* end of the newest window closed: none begins before */
    struct streak streak;  /* of noise-limit */
    struct streak bursts;  /* of noise-peak */
    struct noise_day day;
};

/* What one reading says of the level; `at` in stream time. */
struct noise_reading {
    int64_t at;
    bool sampled, failed, suspect; /* it carries the judged level; that could not be read; it is suspect (and failed) */
    double level, lafmax, lafmin;  /* the latter NAN: not given */
};

struct noise noise_empty(void);
bool noise_concerns(const struct device *);
void noise_piece(struct fold *, struct device *, int64_t from, int64_t to); /* nothing changed in [from, to) */
void noise_pass(struct fold *, struct device *, int64_t at);                /* the stream has reached `at` */
void noise_read(struct fold *, struct device *, const struct noise_reading *);
void noise_doubt_ends(struct device *);                        /* what held before holds no longer */
void noise_gap(struct fold *, struct device *, int64_t until); /* nothing is known before */
void noise_pack(struct pack *, struct noise *);
void noise_free(struct noise *);

#endif
