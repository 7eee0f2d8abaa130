#include "common/mqtt_retry.h"

enum {
    LINK_FIRST_MS = 200,
    LINK_MOST_MS = 5000,
    REFUSED_MOST_MS = 30000,
    TAKEN_FIRST_MS = 30000,
    TAKEN_MOST_MS = 600000,
    BRIEF_MS = 60000, /* a connection that did not hold so long was brief */
    BRIEF_MOST = 5
};

struct retry retry_new(void)
{
    return (struct retry){.link = {.first_ms = LINK_FIRST_MS, .most_ms = LINK_MOST_MS},
                          .taken = {.first_ms = TAKEN_FIRST_MS, .most_ms = TAKEN_MOST_MS}};
}

void retry_connected(struct retry *r)
{
    backoff_reset(&r->link);
}

/* Once taken over, a single brief connection is enough to believe that the other one is still there. */
static bool seems_taken(struct retry *r, enum ending ending, int64_t held_ms)
{
    r->brief = ending == ENDED_CLOSED && held_ms < BRIEF_MS ? r->brief + 1 : 0;
    if (r->brief < (r->taken.next_ms ? 1 : BRIEF_MOST))
        return false;
    r->brief = 0;
    return true;
}

int64_t retry_wait_ms(struct retry *r, enum ending *ending, int64_t held_ms, uint32_t random)
{
    if (*ending != ENDED_VERSION && seems_taken(r, *ending, held_ms))
        *ending = ENDED_TAKEN;
    r->taken_over += *ending == ENDED_TAKEN;
    if (held_ms > TAKEN_MOST_MS)
        backoff_reset(&r->taken);
    r->old_protocol = *ending == ENDED_VERSION || (*ending == ENDED_UNHEARD && !r->old_protocol);
    if (*ending == ENDED_VERSION)
        return 0;
    if (*ending == ENDED_TAKEN)
        return backoff_wait_ms(&r->taken, random);
    r->link.most_ms = *ending == ENDED_REFUSED ? REFUSED_MOST_MS : LINK_MOST_MS;
    return backoff_wait_ms(&r->link, random);
}
