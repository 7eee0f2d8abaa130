/* presence: what a gateway says on its `status` topic: that it is there, and where its journal stands.  Pure. */
#ifndef QUIETAIR_PRESENCE_H
#define QUIETAIR_PRESENCE_H

#include "common/frame.h"

struct presence {
    bool online;
    char epoch[EPOCH_SIZE]; /* "" of one that is offline */
    uint64_t last;          /* newest seq of the epoch; 0 of one that is offline */
};

/* False: it says neither. */
bool presence_read(struct presence *, const char *payload, size_t length);

#endif
