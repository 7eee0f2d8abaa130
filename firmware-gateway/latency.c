#include "firmware-gateway/latency.h"

#include <stdlib.h>
#include <string.h>

void latency_add(struct latency *l, int64_t ns)
{
    int64_t us = ns / 1000;
    l->us[l->count++ % LATENCY_KEPT] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double latency_ms(const struct latency *l, unsigned percent)
{
    uint32_t sorted[LATENCY_KEPT];
    size_t count = l->count < LATENCY_KEPT ? (size_t)l->count : LATENCY_KEPT;
    if (!count)
        return 0;
    memcpy(sorted, l->us, sizeof sorted);
    qsort(sorted, count, sizeof sorted[0], ascending);
    size_t rank = (count * percent + 99) / 100;
    return sorted[rank ? rank - 1 : 0] / 1000.0;
}
