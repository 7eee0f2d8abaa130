/* tail: what the frames at a journal's end tell of time.
 *
 * A frame of ours tells its times by the wall clock or, from a start before that was known, by the clock of a boot;
 * then a `time` frame behind it says what to add, unless the power failed before.
 */
#ifndef QUIETAIR_TAIL_H
#define QUIETAIR_TAIL_H

#include "common/frame.h"
#include "common/journal.h"
#include "firmware-gateway/walltime.h"

struct span {             /* of one frame */
    char boot[BOOT_SIZE]; /* "": by the wall clock */
    int64_t oldest, newest;
};
/* False: it tells no time. */
bool span_read(struct span *, const char *frame, size_t length);

struct tail {
    int64_t known_ms;     /* newest time by the wall clock, told or repaired; 0: none */
    char boot[BOOT_SIZE]; /* of the newest frames not repaired; "": there are none behind that */
    int64_t mono_ms;      /* their newest time */
    uint64_t first, last; /* the first and the last of them */
    bool untold;          /* there are also such of an older boot: they will never have a time */
};
/* Of the records up to a seq. */
void tail_read(struct tail *, struct journal *, uint64_t upto);
struct moment tail_newest(const struct tail *); /* lives as long as it */

#endif
