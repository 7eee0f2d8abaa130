/* detect: what a device shows of cleanings: steps of the back pressure and of the purifier's current, the cleaning
 * button, an opened door.  Pure; O(1) for each reading.
 *
 * A hood is at work while its fan is on and, where the device meters a purifier, that is on too; where no fan is
 * metered, while the purifier is on.  A rest is at least 10 min during which that is not known to be so; nobody cleans
 * a purifier while it is at work.  After each rest the first 30 min at work are compared with the slow mean (time
 * constant 4 h at work) before it, once that holds 1 h: pressure  `dp` fell by at least [rules] cleaning_dp_step of
 * what it was current   `purifier_current` rose or fell by at least cleaning_current_step A shorter spell of work
 * belongs to the rest around it.  Besides: button    `clean` went from 0 to 1 door      `door` went from 0 (shut) to 1
 * (open) while the fan was known to be off at most once an hour for each device.  10 min, 30 min, 1 h and 4 h are ours:
 * no standard speaks of them.
 *
 * The last rests are kept, each with what the pressure says of it.  `high` is the contrary of a cleaning: after the
 * rest the pressure stood within a third of the step of where it was, and before it so high that a cleaning would have
 * shown: a full step above the lowest slow mean since the newest pressure step, or since the device was first seen.
 *
 * Each detection leaves as an entry of kind `detection` and is kept in the site's book.
 */
#ifndef QUIETAIR_DETECT_H
#define QUIETAIR_DETECT_H

#include "collector/rules/pack.h"
#include "collector/rules/store.h"
#include "common/id.h"

struct fold;
struct device;

struct level { /* a mean over so much time at work */
    double mean;
    int64_t ms;
};

struct detect {
    int64_t first_ms;                    /* its stream begins; 0: it never came */
    int64_t seen_from;                   /* at work for the first time; 0 never */
    int64_t worked_to;                   /* end of the newest time at work */
    int64_t rest_from, rest_to;          /* the rest that is being measured; rest_to 0: none */
    int64_t block_ms;                    /* at work since then, or since the means were fed last */
    struct level dp, dp_block;           /* Pa: slow mean, and since rest_to */
    struct level current, current_block; /* A */
    double dp_clean;                     /* lowest slow mean since the newest step; 0: not known */
    int64_t button_told, door_told;      /* newest detections */
    int door, button;                    /* enum known: newest state */
};

enum rest_sign { REST_UNKNOWN, REST_STEP, REST_HIGH };

struct rest {
    int64_t from, to;
    double before, after, clean; /* Pa; NAN: not measured */
    int sign;                    /* enum rest_sign, of the pressure */
};

enum { RESTS = 48 }; /* a fortnight of three a day */

struct rests {        /* of one device; saved apart, since it changes only a few times a day */
    struct item item; /* rests/SITE/DEVICE */
    int64_t begin;    /* those that ended up to then are forgotten */
    size_t count;
    struct rest items[RESTS]; /* by time */
};

bool detect_concerns(const struct device *);
bool detect_can_show(const struct device *);                                 /* dp, button or door */
void detect_piece(struct fold *, struct device *, int64_t from, int64_t to); /* nothing changed in [from, to) */
void detect_pack(struct pack *, struct detect *);

/* Every moment of [from, to) is known to have been at work, or part of a pause of less than 10 min. */
bool detect_worked_through(const struct device *, int64_t from, int64_t to);
/* A rest that began before `until` is not measured yet: it may still turn out to be a cleaning. */
bool detect_awaits(const struct device *, int64_t until);
/* The rests that overlap [from, to], all known and all `high`: the first and the last of them.  False: it is not so. */
bool detect_stayed_high(const struct device *, int64_t from, int64_t to, const struct rest **first,
                        const struct rest **last);

struct item *rests_make(struct fold *, const char *key);
void rests_pack(struct fold *, struct pack *, struct item *);
void rests_free(struct item *);

#endif
