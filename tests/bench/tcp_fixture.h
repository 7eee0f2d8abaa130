/* tcp_fixture: a gateway that polls many Modbus TCP connections of the simulator, ten registers a request, and
 * publishes to mosquitto; with a subscriber in the collector's place. */
#ifndef QUIETAIR_TCP_FIXTURE_H
#define QUIETAIR_TCP_FIXTURE_H

#include "tests/bench/rig.h"
#include "tests/bench/subscriber.h"

struct tcp_load {
    int connections; /* buses of the gateway, each with a connection of its own */
    int units;       /* devices on each */
    int interval_ms; /* of each device; at least 10 */
    int flush_ms;
    const char *tls; /* a folder with ca.crt, server.crt and server.key for the broker; NULL: plain */
};

struct tcp_street {
    int meters, broker; /* ports on 127.0.0.1 */
    pid_t sim, mosquitto, gateway;
    struct subscriber *subscriber;
};

void tcp_open(struct rig *, const struct tcp_load *, struct tcp_street *);
void tcp_start_gateway(struct rig *, const struct tcp_load *, struct tcp_street *); /* until its first readings came */
void tcp_stop_gateway(struct rig *, struct tcp_street *);
void tcp_close(struct rig *, struct tcp_street *);

#endif
