/* points: windows and flags as lines of InfluxDB's line protocol (docs.influxdata.com, line protocol v1 and v2).  Pure.
 */
#ifndef QUIETAIR_POINTS_H
#define QUIETAIR_POINTS_H

#include "collector/rules/rule.h"
#include "common/buf.h"

/* noise_window or fume_window at its start; what is NAN has no field. */
void point_window(struct buf *, const struct window_row *);
/* Told anew, not judged after all: with the field `struck`, for the former `judged` stays where it is. */
void point_window_struck(struct buf *, const struct window_row *);
/* flag, state 1 at `since` or 0 at `until`; measured and limit as far as known. */
void point_flag(struct buf *, const struct flag_row *, double measured, double limit);

#endif
