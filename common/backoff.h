/* backoff: how long to wait before trying again: doubling, capped, and jittered by a quarter so that many boxes that
 * lost the same server do not come back in step.  Pure: the caller brings the randomness.
 */
#ifndef QUIETAIR_BACKOFF_H
#define QUIETAIR_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms, most_ms; /* set by the caller */
    int64_t next_ms;           /* 0: none failed yet */
};

static inline void backoff_reset(struct backoff *b)
{
    b->next_ms = 0;
}

/* After a failure: 3/4 to 5/4 of first, twice that, … of most. */
static inline int64_t backoff_wait_ms(struct backoff *b, uint32_t random)
{
    int64_t wait = b->next_ms ? b->next_ms : b->first_ms;
    if (wait > b->most_ms) /* which the caller may have lowered */
        wait = b->most_ms;
    b->next_ms = 2 * wait < b->most_ms ? 2 * wait : b->most_ms;
    return wait * 3 / 4 + (int64_t)((double)wait / 2 * random / UINT32_MAX);
}

#endif
