/* lines: readings of a frame record as InfluxDB line protocol (InfluxDB 1.x documentation, "Line protocol reference").
 * Pure.  Measurement and tags come from what intake decided; nothing is written for what it refused or has already, nor
 * for readings whose time is not known yet: the `repair` record that brings it does.
 */
#ifndef QUIETAIR_LINES_H
#define QUIETAIR_LINES_H

#include "collector/record.h"

/* Appends a line, with newline, per reading that has numbers.  Returns how many. */
size_t lines_put(struct buf *, const struct record *);

#endif
