/* pack: one walk over a struct that either writes its members or reads them back, so that saving and restoring cannot
 * drift apart.  Pure.
 *
 *   void thing_pack(struct pack *p, struct thing *t) { pack_int(p, &t->from); pack_double(p, &t->sum); }
 *
 * Bytes are the same on every machine: integers as zigzag varints, doubles bit for bit, little-endian.  Reading bytes
 * that were not written by the same walk sets `bad` and leaves the members with some value of their type.
 */
#ifndef QUIETAIR_PACK_H
#define QUIETAIR_PACK_H

#include "common/buf.h"

struct pack {
    struct buf *out;         /* not NULL: writing */
    const uint8_t *at, *end; /* reading */
    bool bad;
};

struct pack pack_writer(struct buf *out);
struct pack pack_reader(const void *bytes, size_t length);
bool pack_done(const struct pack *); /* all was read, and nothing was wrong */

void pack_int(struct pack *, int64_t *);
void pack_small(struct pack *, int *);
void pack_count(struct pack *, size_t *, size_t most);
void pack_bool(struct pack *, bool *);
void pack_double(struct pack *, double *);
void pack_text(struct pack *, char *text, size_t size); /* an array of `size` bytes, NUL-terminated */
void pack_string(struct pack *, char **text);           /* on the heap; the former one is freed when reading */

#endif
