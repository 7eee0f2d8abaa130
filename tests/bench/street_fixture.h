/* street_fixture: the collector's journal of a street of two clubs and five kitchens behind one gateway, record by
 * record: a configuration (the sample's), the sites' import, a hello, then a reading a minute of every meter and a tick
 * an hour. The same numbers, the same bytes: no clock, no chance.  To be run in the project's folder (it reads
 * config/).
 */
#ifndef QUIETAIR_STREET_FIXTURE_H
#define QUIETAIR_STREET_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

enum { STREET_METERS = 7 };

struct street {
    int hours;
    int frame_minutes; /* of readings in one frame, a divisor of 60: 1 as a gateway sends live, 60 as after an outage */
    void (*record)(void *ctx, const void *bytes, size_t length, int64_t now_ms); /* bytes live until it returns */
    void *ctx;
};

/* How many readings are in it. */
uint64_t street_make(const struct street *);

#endif
