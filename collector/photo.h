/* photo: the photos that belong to entries: files in the state folder's photos/, each named by the SHA-256 of its
 * bytes.
 *
 * A photo is put before the entry that names it.  Its name stands in the entry's journalled request, so the journal's
 * chain vouches for its bytes.  Putting the same one again changes nothing; a photo that no entry names does no harm.
 */
#ifndef QUIETAIR_PHOTO_H
#define QUIETAIR_PHOTO_H

#include "collector/photo_name.h"
#include "common/err.h"

enum { PHOTO_MOST = 8 * 1024 * 1024 }; /* bytes of a photo */

/* Writes the file, 0640, and makes it durable.  ERR_RANGE: neither JPEG nor PNG, or too long; ERR_IO. */
int photo_put(const char *state_dir, const void *bytes, size_t length, char name[static PHOTO_NAME], struct fault *);
bool photo_held(const char *state_dir, const char *name);

#endif
