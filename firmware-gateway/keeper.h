/* keeper: makes what is to be sent durable, with as few fdatasync as asked for.
 *
 * Frames are appended at once, so that a death of the process costs none, and synced together: with each flush, or
 * every `sync_ms`, which is kinder to flash.  What a power cut may cost, and how late frames are sent at most (a frame
 * goes out only after its fdatasync), is that time.  Until then their bodies are held here, at most KEEPER_MOST bytes:
 * after a failed fdatasync nobody knows what is on the disk, and they are appended again.  One thread's.
 */
#ifndef QUIETAIR_KEEPER_H
#define QUIETAIR_KEEPER_H

#include "firmware-gateway/spool.h"

enum { KEEPER_MOST = 1024 * 1024 };

struct keeper {
    struct spool *spool;
    int64_t sync_ms;    /* 0: at each keeper_turn */
    int64_t oldest_ms;  /* monotonic: when the oldest that waits was put */
    struct buf waiting; /* bodies, each NUL-terminated */
    unsigned failures;  /* of the spool, when the oldest was put */
    uint64_t syncs;     /* fdatasync that had something to do, ever */
};

void keeper_init(struct keeper *, struct spool *, int64_t sync_ms);
void keeper_free(struct keeper *);

/* body: as for spool_append.  0 or ERR_*. */
int keeper_put(struct keeper *, const char *body, size_t length, int64_t wall_ms, int64_t mono_ms);
/* Syncs when it is time, or `now`.  1: something has become durable; 0; or ERR_*. */
int keeper_turn(struct keeper *, bool now, int64_t wall_ms, int64_t mono_ms);

#endif
