/* tcp_fixture: a gateway, or a peer in its place, that polls many Modbus TCP connections of the simulator, ten
 * registers a reading, and publishes to mosquitto; with a subscriber in the collector's place. */
#ifndef QUIETAIR_TCP_FIXTURE_H
#define QUIETAIR_TCP_FIXTURE_H

#include "tests/bench/peer.h"
#include "tests/bench/rig.h"
#include "tests/bench/subscriber.h"

struct tcp_load {
    int connections; /* buses of the gateway, each with a connection of its own */
    int units;       /* devices on each */
    int interval_ms; /* of each device; at least 10 */
    int flush_ms;    /* of the gateway; a peer publishes at once */
    const char *tls; /* a folder with ca.crt, server.crt and server.key for the broker; NULL: plain */
};

struct tcp_street {
    int meters, broker; /* ports on 127.0.0.1 */
    pid_t sim, mosquitto, poller;
    const struct peer *who; /* the poller; NULL: the gateway */
    struct subscriber *subscriber;
};

void tcp_open(struct rig *, const struct tcp_load *, struct tcp_street *);
/* Starts the peer, or the gateway if it is NULL, and waits until its first readings came. */
void tcp_start_poller(struct rig *, const struct peer *, const struct tcp_load *, struct tcp_street *);
double tcp_readings(const struct tcp_street *);          /* of the poller, that came to the subscriber */
void tcp_stop_poller(struct rig *, struct tcp_street *); /* returns when nothing of it is under way any more */
void tcp_close(struct rig *, struct tcp_street *);

#endif
