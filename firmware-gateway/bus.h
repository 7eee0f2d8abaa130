/* bus: one worker thread per link (a serial line, or a TCP address), polling its devices as scheduled: when each is due
 * (schedule.h), whether it is worth asking (breaker.h), what to ask (plan.h), by which rules (link.h), what the answer
 * says (decode.h).  No memory is taken per poll.
 */
#ifndef QUIETAIR_BUS_H
#define QUIETAIR_BUS_H

#include "common/buf.h"
#include "common/err.h"
#include "common/frame.h"
#include "firmware-gateway/settings.h"

struct bus;

/* Called from the worker.  The reading and its lists are gone afterwards; the strings in it live as long as the
 * settings. Its `ts` is by the boot's clock (clock_boot_ms; walltime.h makes the wall clock's of it) and rises strictly
 * per device.
 *
 * Each answered request gives one reading.  A poll in which nothing was answered gives one with `error`; if others of
 * its requests were answered, or if it was one of the slower groups, the metrics concerned are named in `errors`.  What
 * was left out on purpose (a breaker is open, the bus has no time) comes as `suspended` before the next poll. */
struct bus_events {
    void *ctx;
    void (*reading)(void *ctx, size_t device_index, const struct reading *);
    /* What the device says it is, by one of profile_text_names.  Asked for after the first poll that it answers, and
     * after the first since it was silent or its link was lost.  NULL: not asked for. */
    void (*text)(void *ctx, size_t device_index, const char *name, const char *text);
};

/* Starts the worker.  The link need not be there: it is opened when it is, and until then its devices are `unplugged`.
 * The settings must outlive the bus. */
int bus_start(struct bus **, const struct gateway_settings *, size_t bus_index, const struct bus_events *,
              struct fault *);
/* Ends the worker and waits for it: at most for the request under way (two seconds), a connect, or the look-up of a
 * host's name. */
void bus_stop(struct bus *);

/* By when the worker will be heard of again, monotonic: it waits until then, or has just begun to ask.  A time long
 * past is a worker that hangs.  From any thread. */
int64_t bus_back_by_ns(struct bus *);

/* {"utilisation":0.43,"devices":{"hood-1":{"polls":n,"utilisation":0.02,"errors":{"timeout":n},"refused":{"late":n},
 * "latency_ms":{"p50":1.2,"p99":3.4}}}}
 * utilisation: the share of the time since the last call in which the link was in use (for this device), silence
 * included.  errors: of requests, by the word of the reading; suspended: slots.  refused: bytes that were not believed,
 * by reason (master.h).  Latency: of the last 128 answered requests, from the request's beginning to the answer's end.
 * From any thread. */
void bus_health(struct bus *, struct buf *);

/* Polls each device of a bus once, in the caller's thread, by the same rules.  Returns how many of them gave an error,
 * or ERR_IO: the link cannot even be set up. */
int bus_once(const struct gateway_settings *, size_t bus_index, const struct bus_events *, struct fault *);

#endif
