/* segment: the on-disk form of a journal, and the way through one segment file.  Used by the files of journal alone.
 *
 * Little-endian:
 *
 *   segment  "QAJSEG1\n"  first u64  created_ms i64  h(first-1) 32 bytes  zero u32  crc u32             = 64 bytes
 *   record   "QREC" length u32  seq u64  time_ms i64  h(seq-1) 32 bytes  body_crc u32  header_crc u32   = 64 bytes,
 * body
 *
 * A segment is named by its first seq, 20 digits, and is a regular file: a link or a folder of such a name is none.
 * What a segment may hold ends where its successor begins: records beyond (left by a failed sync) are not looked at.
 * CRC-32 is zlib's.
 */
#ifndef QUIETAIR_SEGMENT_H
#define QUIETAIR_SEGMENT_H

#include "common/chain.h"

enum { SEGMENT_HEADER = 64, RECORD_HEADER = 64 };

struct segment {
    uint64_t first;
    int64_t created_ms;
    struct hash before; /* h(first-1) */
    bool known;         /* its header was readable: `before` and created_ms are true */
    bool foreign;       /* its header is whole, and of another version: nothing in it is read */
    int64_t bytes;
};

struct record_header {
    uint32_t length, body_crc;
    uint64_t seq;
    int64_t time_ms;
    struct hash before;
};

uint32_t segment_crc(const void *bytes, size_t length);
void segment_put(uint8_t out[static SEGMENT_HEADER], const struct segment *);
/* s->first is what the name says.  Fills in `known` and what is then true, or `foreign`. */
void segment_get(const uint8_t in[static SEGMENT_HEADER], struct segment *);
void record_header_put(uint8_t out[static RECORD_HEADER], const struct record_header *);

struct scan { /* a window onto one segment file */
    int fd;
    uint64_t first, until; /* of the segment: only first <= seq < until counts */
    int64_t offset;        /* where the next record is looked for */
    uint8_t *window;
    size_t capacity;
    int64_t window_at;
    size_t window_length;
    int64_t fault_at; /* where a read failed last; 0: none did, or that is passed over */
    bool unreadable;  /* some read failed: it is not known what stands there */
};

/* The file of a segment: its descriptor, or -1 with errno (ELOOP: it is no regular file).  *bytes (NULL is fine): how
 * long it is. */
int segment_open(const char *path, int flags, int64_t *bytes);
/* Is this errno one that passes, and says nothing about the file? */
bool segment_error_passes(int error);

/* The next whole record at or after s->offset, damage skipped; *h, *body of it.  s->offset then stands on it.  The body
 * stays valid until the next call.  False: there is none, and s->offset stays. */
bool scan_next(struct scan *, struct record_header *, const uint8_t **body);
int64_t scan_after(const struct scan *, const struct record_header *); /* where the record behind it would begin */

#endif
