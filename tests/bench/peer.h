/* peer: other programs that poll Modbus and publish over MQTT, put beside the gateway where they can be had: mqmgateway
 * and collectd.  Looked for under the path that the environment names (MQMGATEWAY, COLLECTD; empty: leave it out), else
 * in PATH and in /usr/sbin.
 *
 * A reading is ten registers of a device.  mqmgateway is told to ask for them in one request and sends them in one
 * message; collectd asks for each register by itself and sends each by itself.  Both publish at QoS 0 and hold nothing
 * on disk. */
#ifndef QUIETAIR_PEER_H
#define QUIETAIR_PEER_H

#include "tests/bench/rig.h"

#include <stdbool.h>

enum { PEERS = 2 };

struct peer_load {
    int broker, units, interval_ms; /* port on 127.0.0.1; devices on each connection or on the line, from 1 on */
    int meters, connections;        /* Modbus TCP: port on 127.0.0.1, and how many connections to it */
    const char *device;             /* or, if not NULL, a line, 8N1 */
    int baud, silence_ms;           /* silence_ms: left before each request, where the program can be told to */
};

struct peer {
    const char *name, *variable, *program, *option; /* option: followed by the path of its configuration */
    void (*configure)(struct buf *, const char *dir, const struct peer_load *);
    int parts; /* requests, and messages, that a reading is made of */
};
extern const struct peer peers[PEERS];

/* The path of the program, which holds until the next call; NULL: it is not here. */
const char *peer_program(const struct peer *);
void peer_print_absent(const struct peer *); /* a line that says so, and what would help */
pid_t peer_start(struct rig *, int core, const struct peer *, const struct peer_load *);

/* The topics of both, and of nothing else. */
#define PEER_TOPICS "peer/#"

#endif
