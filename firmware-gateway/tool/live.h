/* live: the newest of every metric of a gateway's devices, as tables for a terminal.  Safe between threads: the workers
 * of the buses give, the main thread shows.
 */
#ifndef QUIETAIR_LIVE_H
#define QUIETAIR_LIVE_H

#include "common/buf.h"
#include "common/frame.h"
#include "firmware-gateway/settings.h"

struct live;

struct live *live_new(const struct gateway_settings *); /* which must outlive it */
void live_free(struct live *);

/* As struct bus_events has them; ctx is the struct live. */
void live_reading(void *live, size_t device, const struct reading *);
void live_text(void *live, size_t device, const char *name, const char *text);

/* What a bus says of itself (bus_health): answer times and errors are taken from it. */
void live_health(struct live *, const char *json, size_t length);

/* device metric value unit register age quality answer errors; with what the meters say they are below. */
void live_print(struct live *, struct buf *, int64_t boot_ms, bool colour);
/* {"ts":…,"devices":{"noise-1":{"serial":"…","answer_ms":3.2,"errors":{"timeout":1},"metrics":{"laeq":{"value":…,"unit":…,
 * "ts":…,"quality":"good"}|{"error":"timeout"}}}}} */
void live_json(struct live *, struct buf *, int64_t boot_ms, int64_t wall_ms);

size_t live_failed(struct live *); /* metrics without a value */

#endif
