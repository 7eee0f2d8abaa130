/* gateway_private: what the files of the gateway's main thread share.
 *
 * gateway.c runs the loop and the life of everything, reload.c brings another configuration in, hello.c says what
 * devices there are, health.c how it goes, gateway_clock.c what time it is.
 */
#ifndef QUIETAIR_GATEWAY_PRIVATE_H
#define QUIETAIR_GATEWAY_PRIVATE_H

#include "common/said.h"
#include "firmware-gateway/batch.h"
#include "firmware-gateway/bus.h"
#include "firmware-gateway/gateway.h"
#include "firmware-gateway/keeper.h"
#include "firmware-gateway/nameplate.h"
#include "firmware-gateway/spool.h"
#include "firmware-gateway/uplink.h"
#include "firmware-gateway/walltime.h"

#include <pthread.h>

struct generation { /* one loading of the configuration; gone when no worker uses it any more */
    struct gateway *gateway;
    struct gateway_settings set;
    struct nameplates *plates; /* of the devices in set */
    struct generation *older;
};

struct running {                 /* one bus of the configuration in force */
    struct bus *bus;             /* NULL: stopped */
    const struct generation *of; /* whose settings it works by: an older one if nothing of it has changed since */
    size_t index;                /* in these settings */
};

struct gateway {
    struct generation *newest; /* in force; older ones behind it */
    struct batch *batch;
    struct spool *spool;
    struct keeper keeper;
    struct walltime wall;
    char boot[CLOCK_BOOT_SIZE]; /* the id of this boot */
    bool believed;              /* STATE/clock says that the wall clock is known in it */
    struct uplink *uplink;
    struct reload *reload; /* one under way; NULL: none */
    pthread_mutex_t lock;  /* of newest and buses, which other threads ask for; never held while the spool is called */
    struct running *buses;
    size_t bus_count;
    struct buf body;                                      /* of the frame being put together */
    int64_t started_ms, health_at_ms, file_at_ms, put_ms; /* monotonic; put: when a frame was last journalled */
    uint64_t connects;                                    /* of the uplink, when health was last put together */
    bool stuck;                                           /* a worker hangs: said, and systemd is left to act */
    struct said complaints;
};

/* gateway.c */
int gateway_start_bus(struct gateway *, size_t index, struct fault *); /* of the newest settings */
int gateway_flush(struct gateway *, bool now); /* what the workers gave into the journal; ERR_*, or 0 */

int hello_plates(struct gateway *, int64_t wall_ms,
                 int64_t mono_ms); /* puts a hello for each device that said what it is */

/* gateway_clock.c */
void gateway_clock_begin(struct gateway *);       /* makes the batch, too */
int gateway_clock_turn(struct gateway *);         /* 0, or ERR_*: the journal cannot be written */
int64_t gateway_clock_ms(const struct gateway *); /* the time for records of the journal; 0: not known */

/* hello.c: `,"kind":"hello",…` for as many devices as fit, from `first` on; see spool_settings. */
size_t hello_put(void *gateway, struct buf *, size_t first, bool reset);

/* health.c: puts counters together, hands them to the uplink and writes them to the metrics file. */
void health_turn(struct gateway *, int64_t mono_ms);
void health_end(struct gateway *); /* a file of counters that nobody keeps is worse than none */

/* reload.c */
size_t generation_find(const struct generation *, const char *device); /* SIZE_MAX: it is not in there */
void reload_begin(struct gateway *);
int reload_turn(struct gateway *); /* 0, or ERR_*: the journal cannot be written */
void reload_end(struct gateway *); /* a stop: whatever is under way is given up */
void reload_sweep(struct gateway *, bool all);

#endif
