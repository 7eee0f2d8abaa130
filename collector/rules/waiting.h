/* waiting: noise windows that closed before their weather was known, and what late weather does to them.  Pure.
 *
 * A window whose weather is not known when it closes is judged, and waits for its station (weather.h) until the
 * station's stream has passed its end.  Was there rain or wind, it is struck: its row and point are told anew, not
 * judged, reason `weather`, and an entry says what stood there (amendment.h).  The note `weather not
 * known` of a flag that rests on the window is settled in revisions to come: gone, or `rain or wind, known later`.
 *
 * The device's flags noise-limit and noise-peak are counted over again without the windows that were struck.  One that
 * then never reaches raise_after is withdrawn, raised or ended; any other stays as it was told.  Nothing is raised and
 * no end is moved by late weather: a compliant window that is struck goes on counting as compliant.
 *
 * Waiting are the windows of one day before the newest, at most WAITING_MOST; what is older stays as it was judged.  So
 * do flags, but not windows, if meanwhile raise_after or clear_after changed or the site was closed; and all, if the
 * site was given another station.  Where stations are on time nothing waits and nothing is searched.
 */
#ifndef QUIETAIR_WAITING_H
#define QUIETAIR_WAITING_H

#include "collector/rules/pack.h"
#include "collector/rules/rule.h"
#include "collector/rules/store.h"
#include "collector/rules/streak.h"

enum { WAITING_FLAGS = 2, WAITING_MOST = 288, WAITING_PAST = 48 };

struct device;
struct flag_past;
struct fold;
struct verdict;
struct weather;

struct awaited {                           /* one window */
    struct window_row row;                 /* without its texts; numbers only while `open` */
    char district[ID_SIZE], grid[ID_SIZE]; /* as told: tags of its point */
    char reason[16];                       /* as told */
    enum outcome counted[WAITING_FLAGS];   /* as the flags count it */
    bool open;                             /* its weather is not known */
    bool struck;                           /* it was adverse */
    bool held;                             /* it belongs to a flag that stays; while they are counted over again */
};

struct course {                /* of one flag, up to the first window that waits */
    struct streak told, sound; /* as it was told; without the windows that were struck */
    int64_t start;             /* of the flag raised as told; 0: before anything waited */
    bool supported;            /* that flag stands without the windows that were struck, too */
};

struct waiting {      /* of one meter; there is none while nothing waits */
    struct item item; /* waiting/SITE/DEVICE */
    char site[ID_SIZE], device[ID_SIZE];
    char station[sizeof((struct site *)0)->weather];
    struct course courses[WAITING_FLAGS];
    struct awaited *windows; /* by time; the first is open */
    size_t count, capacity;
    struct flag_past *past; /* flags that ended while windows wait, by time */
    size_t past_count;
};

/* A window of this device has closed, and its flags are told; peak: as noise-peak counts it; before: the streaks of
 * noise-limit and noise-peak as they were. */
void waiting_closed(struct fold *, struct device *, const struct verdict *, enum outcome peak,
                    const struct streak before[static WAITING_FLAGS]);
/* The station's stream has come to `until`. */
void waiting_told(struct fold *, struct weather *, int64_t until);

/* For waiting_save.c: it waits for its station, which is made if it is not there. */
struct weather *waiting_join(struct fold *, struct waiting *);

struct item *waiting_make(struct fold *, const char *key); /* NULL: no such key */
void waiting_pack(struct fold *, struct pack *, struct item *);
void waiting_free(struct item *);

#endif
