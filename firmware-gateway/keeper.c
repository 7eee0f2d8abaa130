#include "firmware-gateway/keeper.h"

#include <string.h>

enum { KEPT = 128 * 1024 };

void keeper_init(struct keeper *k, struct spool *spool, int64_t sync_ms)
{
    *k = (struct keeper){.spool = spool, .sync_ms = sync_ms, .waiting = buf_growing()};
}

void keeper_free(struct keeper *k)
{
    buf_free(&k->waiting);
}

/* Where a segment was given up since the oldest was put, by a failed write or sync, also of another thread: with it
 * went all that waits.  It is appended again. */
static int append_lost(struct keeper *k, int64_t wall_ms)
{
    unsigned failures = spool_failures(k->spool);
    int r = 0;
    if (failures == k->failures)
        return 0;
    k->failures = failures;
    for (size_t at = 0, n; !r && at < k->waiting.length; at += n + 1) {
        n = strlen(k->waiting.data + at);
        r = spool_append(k->spool, k->waiting.data + at, n, wall_ms);
    }
    return r;
}

int keeper_put(struct keeper *k, const char *body, size_t length, int64_t wall_ms, int64_t mono_ms)
{
    if (!k->waiting.length) {
        k->oldest_ms = mono_ms;
        k->failures = spool_failures(k->spool);
    }
    int r = append_lost(k, wall_ms);
    buf_bytes(&k->waiting, body, length);
    buf_char(&k->waiting, 0);
    r = r ? r : spool_append(k->spool, body, length, wall_ms);
    return r == ERR_IO ? append_lost(k, wall_ms) : r;
}

int keeper_turn(struct keeper *k, bool now, int64_t wall_ms, int64_t mono_ms)
{
    bool due = now || mono_ms - k->oldest_ms >= k->sync_ms || k->waiting.length > KEEPER_MOST;
    if (!k->waiting.length || !due)
        return 0;
    int r = append_lost(k, wall_ms);
    r = r ? r : spool_sync(k->spool);
    if (r == ERR_IO) { /* once more, in another segment */
        r = append_lost(k, wall_ms);
        r = r ? r : spool_sync(k->spool);
    }
    if (r)
        return r;
    k->syncs++;
    if (k->waiting.capacity > KEPT &&
        k->waiting.length <= KEPT) { /* a stall is over: what it took would stay resident */
        buf_free(&k->waiting);
        k->waiting = buf_growing();
    }
    buf_clear(&k->waiting);
    return 1;
}
