/* lottery: a draw from a list that anyone can repeat with nothing but SHA-256.  Pure.
 *
 * Ticket k = 1, 2, 3 … of the drum named LABEL is SHA-256 of the ASCII text `SEED:LABEL:k` (SEED: 64 lower-case hex
 * digits), of which the first 16 hex digits are read as an integer x:
 *
 *   printf '%s' "$SEED:site:1" | sha256sum | cut -c1-16
 *
 * T is the sum of the weights of those not drawn yet.  An x from floor(2^64 / T) * T on is thrown away and the next
 * ticket taken, so that none is favoured; else r = x mod T, and drawn is the first in the order of the list, those
 * already drawn left out, at which the running sum of weights is above r.  Each is drawn once.
 */
#ifndef QUIETAIR_LOTTERY_H
#define QUIETAIR_LOTTERY_H

#include "common/chain.h"

struct lot {
    const char *name;
    int64_t weight; /* 1 or more */
};

/* wanted, at most count, indices into lots, in the order drawn. */
void lottery_draw(const struct hash *seed, const char *label, const struct lot *lots, size_t count, size_t wanted,
                  size_t *picks);

#endif
