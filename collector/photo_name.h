/* photo_name: what a photo is by its bytes, and what it is called: the SHA-256 of its bytes and a suffix.  Pure.
 */
#ifndef QUIETAIR_PHOTO_NAME_H
#define QUIETAIR_PHOTO_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { PHOTO_NAME = 69 }; /* 64 digits, suffix, NUL */

const char *photo_suffix(const void *bytes, size_t length); /* "jpg" or "png" by how it begins; NULL: neither */
bool photo_name_valid(const char *name);                    /* 64 lower-case hex digits, .jpg or .png */
/* False: it is neither JPEG nor PNG. */
bool photo_name(const void *bytes, size_t length, char name[static PHOTO_NAME]);

#endif
