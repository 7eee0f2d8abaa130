/* latency: the last answer times of one device, and their percentiles.  Pure. */
#ifndef QUIETAIR_LATENCY_H
#define QUIETAIR_LATENCY_H

#include <stddef.h>
#include <stdint.h>

enum { LATENCY_KEPT = 128 };

struct latency {
    uint32_t us[LATENCY_KEPT]; /* a ring */
    uint64_t count;            /* ever */
};

void latency_add(struct latency *, int64_t ns);
/* The smallest time that `percent` of those kept do not exceed (nearest rank), in ms; 0 when there are none. */
double latency_ms(const struct latency *, unsigned percent);

#endif
