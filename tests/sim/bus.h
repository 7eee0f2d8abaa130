/* bus: one link of the street with its meters.  Two kinds: a TCP port (tcp.c) and an RTU line (line.c).  Each open bus
 * is served by a thread of its own; figures may be asked for from another one.
 */
#ifndef QUIETAIR_SIM_BUS_H
#define QUIETAIR_SIM_BUS_H

#include "common/clock.h"
#include "tests/sim/trace.h"

#include <netinet/in.h>

enum parity { PARITY_NONE, PARITY_EVEN, PARITY_ODD };

struct bus {
    const char *name;
    const struct bus_driver *driver;
    struct sockaddr_in address; /* tcp; port 0: any */
    const char *link;           /* rtu: path of the symbolic link to the pty */
    int64_t baud, stop_bits;    /* rtu */
    enum parity parity;         /* rtu */
    struct meter *units[UNIT_LAST + 1];
    struct trace *trace; /* set before start */
    int64_t start_ms;    /* monotonic, set before start: 0 of all schedules */
};

struct bus_driver {
    void *(*open)(const struct bus *, struct fault *); /* NULL on a fault; afterwards masters may connect */
    int (*start)(void *, struct fault *);              /* begins to serve */
    void (*address)(void *, struct buf *);             /* what a master connects to */
    void (*report)(void *, struct buf *);              /* figures so far: `requests=12 answers=12 …` */
    void (*close)(void *);                             /* ends the thread, takes away what open made */
};
extern const struct bus_driver tcp_driver, line_driver;

static inline struct moment bus_moment(const struct bus *bus)
{
    return (struct moment){.wall_ms = clock_wall_ms(), .since_start_ms = clock_mono_ms() - bus->start_ms};
}

#endif
