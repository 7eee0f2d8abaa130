/* ahead: the records of a journal in order, read and opened on a thread of its own while the caller works on those
 * before: to read JSON costs as much as to judge it.  A few batches are held ahead, however long the journal is.
 */
#ifndef QUIETAIR_AHEAD_H
#define QUIETAIR_AHEAD_H

#include "collector/record.h"
#include "common/journal.h"

struct ahead_record {
    uint64_t seq;
    bool held;            /* false: trimmed, damaged or not readable; there is no record */
    struct record record; /* with all that is not in its bytes: a tick's chain, a frame's judged and frame */
};

struct ahead;

/* The journal must stay open until ahead_free.  ERR_IO: no thread is to be had. */
int ahead_new(struct ahead **, struct journal *, uint64_t first, uint64_t last, struct fault *);
const struct ahead_record *ahead_next(struct ahead *); /* lives until the next call; NULL: that was the last */
void ahead_free(struct ahead *);                       /* at any time; NULL is fine */

#endif
