/* What the files of bus share: the state of one bus.  bus.c runs it, poll.c polls one device, bus_health.c tells. */
#ifndef QUIETAIR_BUS_PRIVATE_H
#define QUIETAIR_BUS_PRIVATE_H

#include "firmware-gateway/breaker.h"
#include "firmware-gateway/bus.h"
#include "firmware-gateway/cover.h"
#include "firmware-gateway/decode.h"
#include "firmware-gateway/latency.h"
#include "firmware-gateway/link.h"
#include "firmware-gateway/marks.h"
#include "firmware-gateway/schedule.h"

#include <pthread.h>

struct counters { /* of one device, under the bus's lock */
    uint64_t polls, suspended;
    uint64_t errors[ANSWER_KINDS], exceptions[EXCEPTIONS], refused[REFUSALS];
    int64_t busy_ns, asked_busy_ns; /* the link in use for it, ever and at the last call of bus_health */
    struct latency latency;
};

struct polled {   /* one device of the bus, the worker's own */
    size_t index; /* in the settings */
    const struct device_section *section;
    struct cover *covers; /* one per group */
    size_t slot;          /* of its first group */
    uint64_t told;        /* skipped slots of the first group that have been accounted for */
    struct breaker breaker;
    struct marks *marks; /* NULL: its profile asks for none */
    int64_t last_ts;     /* of its newest reading, by the boot's clock; 0: none */
    bool identified;     /* it was asked what it is, since it was last away */
    struct counters counters;
};

struct turn { /* what a slot of the schedule stands for */
    size_t device, group;
};

struct bus {
    const struct bus_section *section;
    struct bus_events events;
    struct link *link;
    struct polled *devices;
    size_t count;
    struct slot *slots;
    struct turn *turns;
    size_t slot_count;
    struct schedule schedule;
    int64_t share_until_ms; /* no device with an open breaker is asked before */

    pthread_t thread;
    int bell;                                 /* rung: the bus is being stopped */
    _Atomic int64_t back_by_ns;               /* bus_back_by_ns */
    pthread_mutex_t lock;                     /* counters, busy_ns, asked_* */
    int64_t busy_ns, asked_busy_ns, asked_ns; /* in use, ever and at the last call of bus_health; when that was */

    /* Room for the longest answer, and for the metrics of the device that has most. */
    uint16_t *words;
    struct decoded decoded;
    struct metric_error *errors; /* that wait for a reading of this poll */
    size_t error_count;
};

/* False: the bus is being stopped. */
bool bus_wait_until(struct bus *, int64_t mono_ns);

enum poll_result {
    POLL_GOOD,
    POLL_ERRORS,
    POLL_SILENT,
    POLL_BARRED, /* nothing could be asked without mistaking the answer: see *free_ms */
    POLL_UNPLUGGED,
    POLL_STOPPED
};

/* Asks for all that the group holds.  A device that does not answer one request is not asked for the others. */
enum poll_result poll_group(struct bus *, struct polled *, size_t group, int64_t *free_ms);

/* Asks for the strings of a device that has just answered.  One that does not say is not asked again before it was
 * away.  False: the bus is being stopped. */
bool poll_identity(struct bus *, struct polled *, enum poll_result);

/* The slots since the newest reading that were left out on purpose, if there were any, as a reading. */
void poll_suspended(struct bus *, struct polled *, uint64_t slots, int64_t now_ms);

#endif
