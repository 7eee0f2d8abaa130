#include "firmware-gateway/breaker.h"

bool breaker_retries(const struct breaker *b)
{
    return b->failures == 0;
}

bool breaker_is_open(const struct breaker *b)
{
    return b->back_off_ms > 0;
}

bool breaker_success(struct breaker *b)
{
    bool was_open = breaker_is_open(b);
    *b = (struct breaker){0};
    return was_open;
}

int64_t breaker_failure(struct breaker *b, int64_t interval_ms)
{
    int64_t first = interval_ms > BREAKER_FIRST_MS ? interval_ms : BREAKER_FIRST_MS;
    int64_t most = interval_ms > BREAKER_MOST_MS ? interval_ms : BREAKER_MOST_MS;
    if (b->failures < BREAKER_FAILURES)
        b->failures++;
    if (b->failures < BREAKER_FAILURES)
        return 0;
    b->back_off_ms = b->back_off_ms ? 2 * b->back_off_ms : first;
    if (b->back_off_ms > most)
        b->back_off_ms = most;
    return b->back_off_ms;
}

int64_t breaker_share_until(int64_t from_ms, int64_t to_ms)
{
    return to_ms + (BREAKER_SHARE - 1) * (to_ms - from_ms);
}
