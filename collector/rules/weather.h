/* weather: what a weather station says of the time in which noise is measured.  Pure.
 *
 * GB 22337-2008, 5.2.1: measured is without rain and snow, with wind below 5 m/s; the number is the standard's
 * ([reference wind]).  A station is any device with `wind` (m/s) or `rain` (its intensity: more than 0 is rain); the
 * site's column `weather` names it, SITE/DEVICE.  It may be another site's, behind another gateway, and its stream may
 * lag or run ahead: it is asked when the noise window closes, for what it has said by then, and once more when its
 * stream has passed the end of a window that waits for it (waiting.h).  It remembers one day, minute by minute: a
 * minute with any wind or rain counts as adverse.
 */
#ifndef QUIETAIR_WEATHER_H
#define QUIETAIR_WEATHER_H

#include "collector/rules/pack.h"
#include "collector/rules/store.h"

enum { WEATHER_WORDS = 24, WEATHER_MINUTES = WEATHER_WORDS * 64 };

struct fold;
struct device;
struct waiting;

struct weather {
    struct item item;         /* weather/SITE/DEVICE */
    struct waiting **waiters; /* not saved: by key */
    size_t waiter_count;
    int64_t newest;                                        /* minute since 1970 of which something is known */
    uint64_t known[WEATHER_WORDS], adverse[WEATHER_WORDS]; /* a bit for each of the minutes up to it */
};

enum sky { SKY_FAIR, SKY_ADVERSE, SKY_UNKNOWN };

bool weather_concerns(const struct device *);
void weather_piece(struct fold *, struct device *, int64_t from, int64_t to);
/* Adverse if any minute was; unknown if of less than this share of the minutes something is known. */
enum sky weather_between(const struct fold *, const char *station, int64_t from, int64_t to, double share);

struct weather *weather_get(struct fold *, const char *station); /* made if it is not there */
void weather_pack(struct pack *, struct weather *);

#endif
