/* held: the frames of one gateway whose time is not known yet, because it started before its clock was set.  Pure.
 *
 * Such frames are journalled and acked like all others, but told by the clock of a boot (`boot`, `mono`).  Readers pass
 * over them.  When a `time` frame says what to add, each frame that it names is journalled once more, as a `repair`
 * record that bears the times: in the order in which they came, and before anything later of that gateway is taken.  So
 * readers need no memory for it and no way back, they agree, and what they make of it stays a function of the journal
 * alone.  Here is only where those frames stand, which a start finds again in the journal as well: a frame record adds
 * to it, a `time` makes frames owed, a repair record takes one away; a death in between loses and doubles nothing.
 *
 * Once another boot speaks, what the former one left will never be told: it is forgotten here, and counted.
 */
#ifndef QUIETAIR_HELD_H
#define QUIETAIR_HELD_H

#include "common/frame.h"

enum {
    HELD_MOST = 1 << 20
}; /* of one gateway: 12 days at a frame a second; what comes on top is counted, and stays untold */

struct held_frame {
    uint64_t at;    /* its place in the collector's journal */
    uint64_t seq;   /* in the gateway's, */
    uint64_t epoch; /* and the first 64 bits of that one's name */
    bool owed;
};

struct held {
    char boot[BOOT_SIZE];
    struct held_frame *frames; /* as they came */
    size_t count, capacity;
    size_t next;     /* none before is owed */
    size_t owed;     /* how many are */
    int64_t offset;  /* of those */
    uint64_t untold; /* frames that will never have a time */
};

void held_free(struct held *);
/* frame->boot is given.  at 0: where it stands is not known, it cannot be read again. */
void held_add(struct held *, const struct frame *, uint64_t at);
/* Of a `time` frame: frames of its epoch in its range become owed; of other epochs all, a boot having one clock. */
void held_time(struct held *, const struct frame *);
uint64_t held_owed(struct held *); /* the place of the first; 0: none */
void held_done(struct held *, uint64_t at);

#endif
