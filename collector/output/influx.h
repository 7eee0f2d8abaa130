/* influx: one HTTP connection to a time-series database that takes line protocol.  The only place that knows curl.h.
 *
 * What an answer means (InfluxDB documentation, "Troubleshoot writes"; 1.x answers 400 to a partial write, 2.x 422):
 *   2xx                     done
 *   429, 5xx, no answer     the same batch again, later (Retry-After is heeded)
 *   400, 413, 422           the batch is halved until a single line is left: that one is set aside with the server's words
 *   401, 403, 404           our configuration or theirs: hold everything, say so (v1: a missing database is created once);
 *                           so is the 400 by which vmauth 1.79 says that it does not know the token
 * Writing a batch again is harmless: the same series and timestamp is the same point.
 */
#ifndef QUIETAIR_INFLUX_H
#define QUIETAIR_INFLUX_H

#include "collector/settings.h"

enum influx_result { INFLUX_DONE, INFLUX_RETRY, INFLUX_HOLD };

struct influx;

struct influx *influx_new(const struct influx_settings *, const char *refused_path);
void influx_free(struct influx *);
/* lines: whole lines, each with its newline. */
enum influx_result influx_write(struct influx *, const char *lines, size_t length);
/* From any thread: what is under way at that moment, and all that is asked for later, comes back as INFLUX_RETRY
 * (within a second: libcurl asks that often). */
void influx_until(struct influx *, int64_t mono_ms);
const char *influx_error(const struct influx *);      /* why the last one was not done */
int64_t influx_retry_after_ms(const struct influx *); /* 0: the server did not say */
uint64_t influx_refused(const struct influx *);       /* lines set aside */

#endif
