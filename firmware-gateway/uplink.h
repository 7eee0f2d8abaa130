/* uplink: the gateway's link to its broker, in a thread of its own: stream and acks, status, now, health. */
#ifndef QUIETAIR_UPLINK_H
#define QUIETAIR_UPLINK_H

#include "firmware-gateway/batch.h"
#include "firmware-gateway/sender.h"
#include "firmware-gateway/settings.h"
#include "firmware-gateway/spool.h"

struct uplink;

struct uplink_numbers { /* as of its last turn; counters since the program started */
    bool connected;
    uint64_t connects, taken_over;
    uint64_t resends, lost, refused, unheeded[UNHEEDED_KINDS];
    uint64_t first, last, acked; /* of the journal; last: newest durable */
    int64_t bytes;
};

/* The settings must live until uplink_settings says others. */
struct uplink *uplink_start(const struct gateway_settings *, struct spool *, struct batch *);
void uplink_wake(struct uplink *); /* something new is durable */
void uplink_stop(struct uplink *); /* sends what is left for up to 3 s, says offline, ends the thread */

void uplink_numbers(struct uplink *, struct uplink_numbers *);
void uplink_health(struct uplink *, const char *payload,
                   size_t length); /* sent as `health`, and again on each connection */

/* Other settings, as soon as its thread comes to it; `reconnect`: the broker, or the topics, are others. */
void uplink_change(struct uplink *, const struct gateway_settings *, bool reconnect);
const struct gateway_settings *uplink_settings(struct uplink *); /* by which it works now */

#endif
