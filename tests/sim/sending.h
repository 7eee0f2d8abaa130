/* sending: the box of a history as a gateway of the stream protocol: readings into frames, frames into a spool in a
 * temporary folder, and from there to the collector by the gateway's own sender: in order, acked, sent again.
 * The epoch follows from seed, gateway and beginning: the same history is the same stream.
 */
#ifndef QUIETAIR_SIM_SENDING_H
#define QUIETAIR_SIM_SENDING_H

#include "common/frame.h"
#include "common/mqtt.h"
#include "tests/sim/past.h"

struct sending;

struct sending_settings {
    const struct mqtt_settings *mqtt;
    const char *district, *gateway, *collector;
    const struct past *past;
};

/* Nothing is sent before the first sending_turn. */
int sending_open(struct sending **, const struct sending_settings *, struct fault *);
void sending_close(struct sending *); /* says offline, removes the spool */

/* Into the frame under way; one that is full is closed.  ERR_FULL, ERR_IO: the spool. */
int sending_reading(struct sending *, const struct reading *);
int sending_gap(struct sending *, int64_t since, int64_t until);
int sending_flush(struct sending *, int64_t now_ms); /* the frame under way is closed, and all are ready to be sent */

/* One turn of the link, waiting up to wait_ms for something to do.  ERR_DENIED: the collector holds another stream
 * under this epoch, or refuses ours. */
int sending_turn(struct sending *, int wait_ms, struct fault *);
const char *sending_epoch(const struct sending *);
uint64_t sending_last(const struct sending *); /* seq of the newest frame that is ready */

#endif
