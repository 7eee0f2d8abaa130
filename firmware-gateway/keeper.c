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

/* The segment was given up with all that was not synced in it; another is begun. */
static int append_again(struct keeper *k, int64_t wall_ms)
{
    int r = 0;
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
    buf_bytes(&k->waiting, body, length);
    buf_char(&k->waiting, 0);
    int r = spool_append(k->spool, body, length, wall_ms);
    return r == ERR_IO ? append_again(k, wall_ms) : r;
}

int keeper_turn(struct keeper *k, bool now, int64_t wall_ms, int64_t mono_ms)
{
    bool due = now || mono_ms - k->oldest_ms >= k->sync_ms || k->waiting.length > KEEPER_MOST;
    if (!k->waiting.length || !due)
        return 0;
    int r = spool_sync(k->spool);
    if (r == ERR_IO || spool_failures(k->spool) != k->failures) { /* ours, or one of a thread that begins an epoch */
        r = append_again(k, wall_ms);
        r = r ? r : spool_sync(k->spool);
    }
    if (r)
        return r;
    k->syncs++;
    if (k->waiting.capacity > KEPT) { /* a stall filled it: it would stay resident for ever */
        buf_free(&k->waiting);
        k->waiting = buf_growing();
    }
    buf_clear(&k->waiting);
    return 1;
}
