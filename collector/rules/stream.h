/* stream: a gateway's frames, folded into the time of its devices.  Pure.
 *
 * Each device has a time of its own, which its readings, error readings and gaps move on, never a clock.  It is cut
 * into pieces in which nothing changes; the rules are shown piece by piece, then told how far the stream has come.
 *
 * A reading holds from its ts until the next of the same metrics, at most one and a half intervals.  A reading that
 * failed or is suspect ends what held before.  Of a gap, of lost frames and of the opening of an epoch nothing is
 * known: from the gateway's newest ts to the first one after; nor of frames whose time will never be told (dating.h).
 */
#ifndef QUIETAIR_STREAM_H
#define QUIETAIR_STREAM_H

#include "collector/record.h"

struct fold;

void stream_frame(struct fold *, const struct record *); /* a frame or a repair */

#endif
