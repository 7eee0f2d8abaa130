#include "collector/rules/lottery.h"
#include "common/err.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t ticket(const char *seed, const char *label, uint64_t k)
{
    char text[160];
    uint64_t x = 0;
    int length = snprintf(text, sizeof text, "%s:%s:%llu", seed, label, (unsigned long long)k);
    struct hash h = hash_of(text, (size_t)length);
    for (int i = 0; i < 8; i++)
        x = x << 8 | h.b[i];
    return x;
}

/* The next ticket that is not thrown away, modulo total; *k: tickets used. */
static uint64_t next_below(const char *seed, const char *label, uint64_t total, uint64_t *k)
{
    uint64_t beyond = (UINT64_MAX % total + 1) % total; /* 2^64 mod total */
    uint64_t x;
    do
        x = ticket(seed, label, ++*k);
    while (x > UINT64_MAX - beyond);
    return x % total;
}

void lottery_draw(const struct hash *seed, const char *label, const struct lot *lots, size_t count, size_t wanted,
                  size_t *picks)
{
    char hex[HASH_HEX];
    bool *drawn = xcalloc(count + 1, sizeof *drawn);
    uint64_t total = 0, k = 0;
    hash_hex(seed, hex);
    for (size_t i = 0; i < count; i++)
        total += (uint64_t)lots[i].weight;
    for (size_t n = 0; n < wanted; n++) {
        uint64_t r = next_below(hex, label, total, &k);
        size_t at = 0;
        for (; drawn[at] || r >= (uint64_t)lots[at].weight; at++)
            r -= drawn[at] ? 0 : (uint64_t)lots[at].weight;
        drawn[at] = true;
        total -= (uint64_t)lots[at].weight;
        picks[n] = at;
    }
    free(drawn);
}
