/* timeline: the time of one device, as its gateway's stream moves it on.  Pure.
 *
 * Each device has a time of its own, which its readings, error readings and gaps move on, never a clock.  It is cut
 * into pieces in which nothing changes; the rules are shown piece by piece, then told how far the device has come.
 *
 * A reading holds from its ts until the next of the same metrics, at most one and a half intervals.  A reading that
 * failed or is suspect ends what held before.
 */
#ifndef QUIETAIR_RULES_TIMELINE_H
#define QUIETAIR_RULES_TIMELINE_H

#include "collector/rules/memory.h"

struct reading;

enum metric timeline_metric(const char *name); /* METRICS: one that is not judged */

void timeline_reading(struct fold *, struct device *, const struct reading *);
/* [from, until): nothing is known of this device. */
void timeline_gap(struct fold *, struct device *, int64_t from, int64_t until, const char *reason);
/* Nothing is known from now on; its next reading will tell until when. */
void timeline_lost(struct fold *, struct device *);
/* The site is no more: what was measured until then is judged, nothing after. */
void timeline_close(struct fold *, struct device *, int64_t at);
/* What held holds no longer: what comes next is another device's, as it were. */
void timeline_break(struct device *);

#endif
