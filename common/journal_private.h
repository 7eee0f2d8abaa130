/* journal_private: what the files of the journal share.
 *
 * journal.c appends, syncs and trims; journal_open.c takes up what an earlier life has left; journal_read.c reads what
 * is synced, for threads other than the writer's too; journal_verify.c looks at every byte that should be a record.
 */
#ifndef QUIETAIR_JOURNAL_PRIVATE_H
#define QUIETAIR_JOURNAL_PRIVATE_H

#include "common/journal.h"
#include "common/segment.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>

struct journal {
    char dir[PATH_MAX - 64];
    struct journal_settings set;
    pthread_mutex_t lock; /* the list of segments and what is synced, against the readers */
    struct segment *segments;
    size_t count;
    int fd;        /* of the newest segment; -1: none yet */
    int64_t end;   /* its length as written */
    uint64_t last; /* appended */
    struct hash head;
    uint64_t synced;
    struct hash head_synced;
    int64_t cut;
    unsigned aside;  /* files set aside */
    bool reads_only; /* another process writes it */
};

int segment_set_aside(struct journal *, const char *path); /* journal_open.c */

static inline void segment_path(const struct journal *j, uint64_t first, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%020" PRIu64 ".seg", j->dir, first);
}

#endif
