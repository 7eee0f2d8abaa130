/* spool_private: what the files of the spool share.
 *
 * spool.c keeps frames and gives them out again, spool_open.c is a start, spool_anew.c a new epoch.
 */
#ifndef QUIETAIR_SPOOL_PRIVATE_H
#define QUIETAIR_SPOOL_PRIVATE_H

#include "firmware-gateway/spool.h"
#include "firmware-gateway/tail.h"

#include <limits.h>
#include <pthread.h>

struct spool {
    struct spool_settings set;
    char state[PATH_MAX / 2];
    char *gateway;
    char epoch[EPOCH_SIZE];
    int folder; /* of the state, locked: nobody else writes in it */
    struct journal *journal;
    struct journal_reader *reader;
    uint64_t *aside; /* quarantined seqs of this epoch */
    size_t aside_count;
    pthread_mutex_t lock;
    unsigned failures;
    char *work; /* FRAME_MAX bytes to compose a frame in */
};

/* spool.c: frames for any journal of this spool, the one in use or one that is being made.  The caller has the lock, or
 * is alone. */
void spool_journal_dir(const struct spool *, const char *epoch, char out[static PATH_MAX]);
int spool_append_raw(struct spool *, struct journal *, const char *epoch, const char *body, size_t length,
                     int64_t now_ms);
int spool_append_hello(struct spool *, struct journal *, const char *epoch, bool reset, int64_t now_ms);
int spool_append_held(struct spool *, const char *body, size_t length, int64_t now_ms); /* spool_append */
int spool_sync_held(struct spool *); /* the journal in use; a failure is counted */
void spool_put_time(struct buf *, const char *boot, int64_t offset, int64_t error, uint64_t first, uint64_t last);
void spool_load_quarantine(struct spool *); /* of the present epoch, from its folder */

/* spool_open.c */
void spool_random_epoch(char out[static EPOCH_SIZE]);
int spool_open_journal(const struct spool *, const char *epoch, struct journal **, struct fault *);
int spool_name_epoch(const struct spool *, const char *epoch, struct fault *); /* STATE/epoch: from now on it is this */

#endif
