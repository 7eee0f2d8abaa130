/* journal: an append-only log of checksummed, chained records in segment files; used by the gateway (store and forward)
 * and by the collector (raw evidence, and the only queue).
 *
 * Records are numbered 1, 2, 3 … without holes; h(n) = SHA-256(h(n-1) || bytes of n), see chain.h.  Each record stores
 * h(n-1) and each segment header h(first-1), so that a lost record does not take the knowledge of its neighbours along.
 * Opening cuts a torn tail.  What is damaged before it is skipped, record by record, and reported as not held.
 *
 * One thread appends, syncs and trims; any number of readers (each with its own struct journal_reader) may read what is
 * synced, from other threads.  Cursors are small files of their own, replaced atomically.
 */
#ifndef QUIETAIR_JOURNAL_H
#define QUIETAIR_JOURNAL_H

#include "common/chain.h"
#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { JOURNAL_RECORD_MAX = 32 * 1024 * 1024 };

struct journal;
struct journal_reader;

struct journal_settings {
    const char *dir;       /* created if missing, 0700 or 0750 as `mode` says */
    unsigned mode;         /* of the directory; files get the same without x */
    int64_t max_bytes;     /* trim oldest whole segments above this; 0: never */
    int64_t max_age_ms;    /* … and those whose newest record is older; 0: never */
    int64_t segment_bytes; /* a new segment is begun above this; 0: 4 MiB */
};

struct journal_record {
    uint64_t seq;
    int64_t time_ms;    /* as given to journal_append */
    struct hash before; /* h(seq-1) */
    const char *bytes;  /* valid until the next call on the same reader */
    size_t length;
};

int journal_open(struct journal **, const struct journal_settings *, struct fault *);
/* To read another process's journal: nothing is created, cut or set aside, nothing may be appended.  What is whole now
 * is what is synced, as far as this reader knows.  ERR_MISSING: there is no such folder. */
int journal_open_read(struct journal **, const char *dir, struct fault *);
void journal_close(struct journal *);

/* Appends; now_ms 0: the time is not known, and age does not count.  Not durable, and not visible to readers, before
 * journal_sync.  ERR_FULL: no room on the disk, and nothing has changed; ERR_IO: as of journal_sync. */
int journal_append(struct journal *, const void *bytes, size_t length, int64_t now_ms, uint64_t *seq);
/* fdatasync.  After a failure the segment is given up and a new one begun; what was not synced must be appended again
 * (ERR_IO; journal_last is then the newest durable seq). */
int journal_sync(struct journal *);
bool journal_begins_segment(const struct journal *); /* will the next append begin a segment? */

uint64_t journal_first(const struct journal *);   /* oldest seq of the oldest segment; last+1 when empty */
uint64_t journal_last(const struct journal *);    /* newest appended; 0: none ever */
uint64_t journal_synced(const struct journal *);  /* newest durable: what readers see */
struct hash journal_head(const struct journal *); /* h(last) */
int64_t journal_bytes(const struct journal *);
int64_t journal_cut_bytes(const struct journal *);  /* torn tail cut by journal_open */
unsigned journal_set_aside(const struct journal *); /* files in which nothing could be read, renamed to NAME.bad */

/* Other limits from now on. */
void journal_limit(struct journal *, int64_t max_bytes, int64_t max_age_ms);

/* Of the oldest segment, if it is not the only one: the seq of its newest record, and about when that came (0: not
 * known).  False: it is the only one, or there is none. */
bool journal_oldest(const struct journal *, uint64_t *last, int64_t *until_ms);

/* Deletes oldest whole segments as settings demand (what is acked is what is oldest).  Returns how many records went. */
uint64_t journal_trim(struct journal *, int64_t now_ms);

/* The same for one segment, whatever its age, if it is not the only one: the disk is full. */
uint64_t journal_drop_oldest(struct journal *);

struct journal_reader *journal_reader_new(struct journal *);
void journal_reader_free(struct journal_reader *);
/* 1: *out is record seq.  0: seq is not synced yet.  ERR_MISSING: trimmed, damaged or set aside.  ERR_IO: cannot be
 * told now (no descriptor or memory was to be had): ask again. */
int journal_read(struct journal_reader *, uint64_t seq, struct journal_record *out);
/* The next held seq > seq, or synced+1: the end of a hole.  0: cannot be told now. */
uint64_t journal_next_held(struct journal_reader *, uint64_t seq);
/* Can h(seq) still be told?  From the record, its successor, a segment header or the head. */
bool journal_hash(struct journal_reader *, uint64_t seq, struct hash *out);

/* Reads every record from the first segment's first to what is synced.  ERR_CORRUPT: *f names the first that is not
 * held, is damaged, or does not continue the chain.  Of a journal to which nobody appends meanwhile, such as one of
 * journal_open_read, from which nobody trims.  progress: now and again; NULL: nobody looks. */
int journal_verify(struct journal *, void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
                   struct fault *);

/* Small numbers that survive: <dir>/<name>.cursor, written to a temporary file, synced, renamed. */
int journal_cursor_save(struct journal *, const char *name, uint64_t value);
bool journal_cursor_load(struct journal *, const char *name, uint64_t *value); /* false: none, or not readable */

#endif
