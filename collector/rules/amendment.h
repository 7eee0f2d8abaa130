/* amendment: a window that was told, and is told anew.  Pure.
 *
 * The ledger has one row for a window: the amended one takes its place, its point is written again, and an entry of
 * kind `amendment` keeps what stood there, so that nothing changes silently: state the new reason, at the start of the
 * window, body {"site","device","rule","from","to","before":{"outcome","reason","judged"},"after":{…},"station"}.
 *
 * InfluxDB keeps fields that a point written again does not have: the field `struck` (1) says that its `judged` counts
 * no more.
 */
#ifndef QUIETAIR_AMENDMENT_H
#define QUIETAIR_AMENDMENT_H

#include "collector/rules/rule.h"

struct fold;

/* There was rain or wind after all: the window, as it was told, is not judged. */
void amendment_weather(struct fold *, const struct window_row *told, const char *station);

#endif
