/* stuck: readings that come and tell nothing; flag device-stuck.  Pure.
 *
 *   stuck   the same value for stuck_after, in stuck_readings readings at least
 *   floor   noise: the level stays within floor_band for floor_after of opening hours (a covered microphone); fume: at
 *           most fume_ultra_low for stuck_after, though the fan runs
 *   twin    another meter gives the same (twin.h)
 *
 * Of noise `laeq` or `la` is judged, of a kitchen `fume`, and that only while its fan is known to run.  Time counts
 * from one good reading to the next when no more than one and a half intervals lie between.  What was measured stays
 * judged: the flag is a lead to look at the meter.  One flag a device: the first cause that holds, until that one is
 * over.
 */
#ifndef QUIETAIR_STUCK_H
#define QUIETAIR_STUCK_H

#include "collector/rules/pack.h"

struct fold;
struct device;

enum stuck_why { STUCK_NOT, STUCK_SAME, STUCK_FLOOR, STUCK_TWIN, STUCK_WHYS };

struct stuck {
    int64_t last;        /* newest good reading, if time counts from it on; else 0 */
    double value;        /* the same since ... */
    int64_t same_since;  /* 0: none yet */
    int64_t same_ms;     /* of it, counted */
    int64_t readings;    /* with it */
    double low, high;    /* noise: the band, in opening hours */
    int64_t floor_since; /* in the band, or ultra-low; 0: not */
    int64_t floor_ms;    /* of it, counted */
    int64_t minute;      /* the site was asked for its hours in this one ... */
    int open;            /* ... and is: 1 open, 0 closed */
    int why;             /* enum stuck_why for which the flag is raised */
};

/* A good value of its metric at d->now. */
void stuck_value(struct fold *, struct device *, double value);
/* Raises the flag; nothing may be raised.  other: its twin, NULL none. */
void stuck_raise(struct fold *, struct device *, enum stuck_why, int64_t since, double value,
                 const struct device *other);
void stuck_end(struct fold *, struct device *, enum stuck_why, int64_t at); /* if it is raised for that */
void stuck_drop(struct fold *, struct device *, int64_t at);                /* it is waited for no longer */
void stuck_pack(struct pack *, struct stuck *);

#endif
