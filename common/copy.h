/* copy: a file read once, from its beginning to where it ends now, with the SHA-256 of what was read; durably written
 * elsewhere on the way, if that is wanted.
 */
#ifndef QUIETAIR_COPY_H
#define QUIETAIR_COPY_H

#include "common/chain.h"
#include "common/err.h"

struct copied {
    int64_t bytes;
    struct hash sha256;
    unsigned mode; /* of the file: permission bits */
};

/* `to` must not exist; it gets the same mode, its contents are synced, its name is not (file_sync_dir).  NULL: the file
 * is only read.  progress is told of each piece; NULL: nobody looks.  ERR_MISSING: there is no `from`; ERR_FULL: no
 * room on the disk; ERR_IO: also of something that is no regular file. */
int copy_file(const char *from, const char *to, void (*progress)(void *ctx, int64_t bytes), void *ctx, struct copied *,
              struct fault *);

#endif
