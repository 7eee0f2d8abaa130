/* dating: frames of a gateway that came before their time was known.  Pure.
 *
 * They are passed over when they come, and taken from the `repair` records that intake writes once a `time` frame has
 * told what to add (collector/held.h).  Where that can no longer come, since another boot speaks or times of the wall
 * clock come without it, nothing is known of the moment in which they were made: it is missing, by reason of the clock.
 */
#ifndef QUIETAIR_DATING_H
#define QUIETAIR_DATING_H

#include "collector/rules/pack.h"
#include "common/frame.h"

struct dating {
    char boot[BOOT_SIZE]; /* that spoke last of those without a time */
    bool waits;           /* frames of it came, and no `time` yet */
    bool untold;          /* such frames came as will never be told a time, and no time has been told since */
};

void dating_frame(struct dating *, const struct frame *);
/* A time is told.  True: from the newest before it until then nothing is known. */
bool dating_told(struct dating *);
void dating_pack(struct pack *, struct dating *);

#endif
