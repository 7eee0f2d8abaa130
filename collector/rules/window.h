/* window: the spans of time over which levels and concentrations are averaged and judged.  Pure.
 *
 * Windows follow each other without holes or overlaps from each local midnight.  With bands they are also cut at the
 * edges of day and night (GB 22337-2008, 3.8: night is 22:00 to 06:00 unless the government sets other hours; Noise
 * Pollution Prevention Law 2022, art. 88: whatever its hours, the night lasts eight), because a window is judged by one
 * limit.  What midnight or an edge leaves over, where it is shorter than half a window, joins its neighbour in the same
 * band: the one before it, else the one after.
 */
#ifndef QUIETAIR_WINDOW_H
#define QUIETAIR_WINDOW_H

#include "collector/rules/pack.h"

enum { NIGHT_MINUTES = 8 * 60, DAY_MINUTES = 24 * 60, NO_BANDS = -1 };

struct window {
    int64_t from, to; /* [from, to); to 0: none */
    bool night;
};

/* The window in which ms lies, on the civil clock of the process.  length_ms 1 s to 1 h; night_start in minutes after
 * midnight, or NO_BANDS. */
struct window window_at(int64_t ms, int64_t length_ms, int night_start);

/* The whole day or night in which ms lies; with NO_BANDS the civil day. */
struct window window_period(int64_t ms, int night_start);
/* The stretch of one band in which ms lies, cut at midnight. */
struct window window_band(int64_t ms, int night_start);

void window_pack(struct pack *, struct window *);

#endif
