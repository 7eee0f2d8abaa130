/* stream: a gateway's frames, folded into the time of its devices (timeline.h).  Pure.
 *
 * Of a gap, of lost frames and of the opening of an epoch nothing is known: from the gateway's newest ts to the first
 * one after; nor of frames whose time will never be told (dating.h).
 */
#ifndef QUIETAIR_STREAM_H
#define QUIETAIR_STREAM_H

#include "collector/record.h"

struct fold;

void stream_frame(struct fold *, const struct record *); /* a frame or a repair */

#endif
