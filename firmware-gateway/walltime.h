/* walltime: is the wall clock known, and what has to be added to the boot's clock to get it?  Pure: it is told the
 * time.
 *
 * Readings are taken by the boot's clock (CLOCK_BOOTTIME), which nobody sets.  Their ts is that plus an offset kept
 * here.  A clock may be believed when it is synchronised, when nobody on this machine keeps it (a container: its host
 * does), or when the configuration says so; never when it shows a year before this program was there.  Once believed it
 * is so until the next boot.  A set clock shows as a jump of the offset; what is slower is followed.
 */
#ifndef QUIETAIR_WALLTIME_H
#define QUIETAIR_WALLTIME_H

#include "common/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { WALLTIME_STEP_MS = 1000 /* a clock that moves by more was set */ };
#define WALLTIME_FLOOR_MS INT64_C(1735689600000) /* 2025-01-01 UTC: what shows an earlier time is not set */

struct walltime {
    bool trusted; /* by configuration, or believed before in this boot */
    bool known;
    enum clock_trust trust; /* as last looked */
    int64_t offset_ms;      /* wall = boot + this, if known */
    int64_t error_ms;       /* how far off it may have been when it got known */
    int64_t step_ms;        /* of the newest step; > 0: set forward */
    uint64_t steps;
};

enum walltime_event { WALLTIME_SAME, WALLTIME_KNOWN, WALLTIME_STEPPED };

enum walltime_event walltime_turn(struct walltime *, const struct clock_look *);
const char *walltime_state(const struct walltime *); /* synced, unsynced, or trusted: believed without being synced */

/* A moment as far as it is known: by the wall clock, else by the clock of a boot. */
struct moment {
    int64_t ms;
    const char *boot; /* NULL: by the wall clock */
};

#endif
