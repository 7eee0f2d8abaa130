/* metrics: the counters of `health` as Prometheus text (exposition format 0.0.4).  One set of numbers, two forms:
 * metrics.c has the table of what each member of the JSON is called there.  Pure.
 */
#ifndef QUIETAIR_METRICS_H
#define QUIETAIR_METRICS_H

#include "common/buf.h"
#include "common/err.h"

/* Appends the text for a payload of `health`.  ERR_SYNTAX: it is no JSON. */
int metrics_print(struct buf *, const char *health, size_t length);

#endif
