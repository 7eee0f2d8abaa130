/* mqtt_retry: when to try a broker again, and in which version of MQTT, by how the connections before have ended. Pure:
 * durations and chance are the caller's.
 */
#ifndef QUIETAIR_MQTT_RETRY_H
#define QUIETAIR_MQTT_RETRY_H

#include "common/backoff.h"

#include <stdbool.h>
#include <stdint.h>

enum ending {                /* how a connection, or the attempt at one, ended */
              ENDED,         /* the link broke, or could not be had */
              ENDED_CLOSED,  /* the broker closed it without a word, after having taken us */
              ENDED_UNHEARD, /* closed before the broker said anything: it may know 3.1.1 only */
              ENDED_VERSION, /* the broker does not speak MQTT 5 */
              ENDED_REFUSED, /* the broker said no */
              ENDED_TAKEN    /* another client uses our id (MQTT 5, 4.13, reason code 142) */
};

struct retry {
    bool old_protocol;   /* the next try speaks 3.1.1 */
    uint64_t taken_over; /* how often another client with our id threw us out, or seems to have */
    /* its own: */
    struct backoff link, taken;
    int brief; /* brief connections in a row that the broker closed */
};

struct retry retry_new(void);
void retry_connected(struct retry *);

/* How long to wait before the next try; 0: at once, in 3.1.1, and there is nothing to tell yet.  `held_ms` is how long
 * the connection stood, -1 where none was made; `random` is any number.
 * *ending becomes ENDED_TAKEN where the broker does not say so (mosquitto 2.0.11 just closes) but it shows in what two
 * clients of one id do to each other: each connection is made without trouble, and closed within a minute, five times.
 */
int64_t retry_wait_ms(struct retry *, enum ending *ending, int64_t held_ms, uint32_t random);

#endif
