/* photo: the photos that belong to entries: files in the state folder's photos/, each named by the SHA-256 of its
 * bytes.
 *
 * A photo is put before the entry that names it.  Its name stands in the entry's journalled request, so the journal's
 * chain vouches for its bytes.  Putting the same one again changes nothing; a photo that no entry names does no harm.
 */
#ifndef QUIETAIR_PHOTO_H
#define QUIETAIR_PHOTO_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PHOTO_MOST = 8 * 1024 * 1024, PHOTO_NAME = 69 }; /* bytes of a photo; 64 digits, suffix, NUL */

const char *photo_suffix(const void *bytes, size_t length); /* "jpg" or "png" by how it begins; NULL: neither */
bool photo_name_valid(const char *name);                    /* 64 lower-case hex digits, .jpg or .png */

/* Writes the file, 0640, and makes it durable.  ERR_RANGE: neither JPEG nor PNG, or too long; ERR_IO. */
int photo_put(const char *state_dir, const void *bytes, size_t length, char name[static PHOTO_NAME], struct fault *);
bool photo_held(const char *state_dir, const char *name);

#endif
