/* spool: the gateway's journal with its epochs; what is sent is read from here, what was read is kept here first.
 *
 *   STATE/epoch                       the present epoch (32 hex digits)
 *   STATE/journal/<epoch>/            its journal
 *   STATE/journal/<epoch>/quarantine/ records that the collector refused, by seq
 *
 * An epoch names one life of the journal.  A new one begins when the journal cannot be read, or when the collector
 * holds another chain than ours: then everything not acked is framed anew behind a `hello`, and what is missing among
 * it becomes a `gap` in its place (spool_anew).  Appending and beginning an epoch are safe against each other; the
 * functions for sending belong to one thread.
 */
#ifndef QUIETAIR_SPOOL_H
#define QUIETAIR_SPOOL_H

#include "common/frame.h"
#include "common/journal.h"
#include "firmware-gateway/walltime.h"

struct spool;

struct spool_settings {
    const char *state_dir, *gateway;
    int64_t max_bytes, max_age_ms;
    /* Writes `,"kind":"hello",…` for devices from `first` on, as many as fit; returns the next device, 0 when done. */
    size_t (*hello)(void *ctx, struct buf *, size_t first, bool reset);
    void *ctx;
    const char *boot;            /* the id of this boot, */
    int64_t offset_ms, error_ms; /* and what makes the wall clock's time of its clock's, where that is known */
    const char *first_epoch;     /* of a journal that begins; NULL: drawn at random, as a gateway must */
};

/* Opens, cuts a torn tail, and appends the gap of this start: from the newest time held to now; before it the `time` of
 * what an earlier life of this boot told by the boot's clock, if the wall clock is known now.  What another boot told
 * so will never have a time: the gap covers it, with reason `clock`.  ERR_AGAIN: another spool is open in this folder. */
int spool_open(struct spool **, const struct spool_settings *, struct moment now, struct fault *);
void spool_close(struct spool *, bool clean); /* clean: the next start's gap says `stopped` */

/* body: `,"kind":…` and what belongs to it.  now_ms: 0 where the wall clock is not known.  At the disk's end the oldest
 * segments go; ERR_FULL when none is left. */
int spool_append(struct spool *, const char *body, size_t length, int64_t now_ms);
int spool_sync(struct spool *); /* of this and spool_append ERR_IO: what was appended since the last sync is gone */
unsigned spool_failures(struct spool *);         /* how often that was so, ever */
int spool_hello(struct spool *, int64_t now_ms); /* a hello that begins anew what devices there are */
void spool_limit(struct spool *, int64_t max_bytes, int64_t max_age_ms);
void spool_trim(struct spool *, int64_t now_ms);

/* Bodies for spool_append: of a gap; and of the `time` of what is synced and was told by this boot's clock.  Where that
 * stood in an epoch that is no more, the collector has it, and knows it by the boot. */
void spool_gap_body(struct buf *, struct moment since, struct moment until, const char *reason);
void spool_time_body(struct spool *, struct buf *, const char *boot, int64_t offset, int64_t error);

/* ---- for the sender ---- */
const char *spool_epoch(const struct spool *);
uint64_t spool_last(const struct spool *); /* newest durable seq */
uint64_t spool_first(const struct spool *);
int64_t spool_bytes(const struct spool *);
int64_t spool_cut_bytes(const struct spool *);                         /* of a torn tail, by spool_open */
unsigned spool_set_aside_files(const struct spool *);                  /* in which nothing could be read */
int spool_read(struct spool *, uint64_t seq, struct journal_record *); /* 1, 0 not yet, ERR_MISSING, ERR_IO: not now */
bool spool_hash(struct spool *, uint64_t seq, struct hash *);
uint64_t spool_next_held(struct spool *, uint64_t seq); /* 0: cannot be told now */
bool spool_is_quarantined(const struct spool *, uint64_t seq);
int spool_set_aside(struct spool *, uint64_t seq); /* copies the record to quarantine/; it is missing from now on */
int spool_anew(struct spool *, uint64_t acked, struct moment now);
uint64_t spool_acked(struct spool *); /* as saved */
void spool_save_acked(struct spool *, uint64_t acked);

#endif
