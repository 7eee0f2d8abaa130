/* file: the few things done with whole files and folders, durably. */
#ifndef QUIETAIR_FILE_H
#define QUIETAIR_FILE_H

#include "common/err.h"

#include <stddef.h>

int file_make_dirs(const char *path, unsigned mode, struct fault *); /* as mkdir -p; the last one gets `mode` */
int file_sync_dir(const char *dir);                                  /* fsync of a folder; ERR_IO */
/* Makes a folder like file_make_dirs and keeps it for this process alone until *lock is closed; ERR_AGAIN: another has
 * it. */
int file_take_dir(const char *dir, unsigned mode, int *lock, struct fault *);
/* Writes a temporary file beside it, syncs, renames, syncs the folder: afterwards there is the old or the new,
 * whole; its mode is `mode`, whatever the umask. */
int file_replace(const char *path, const void *bytes, size_t length, unsigned mode, struct fault *);
/* The whole of a regular file, NUL-terminated, to be freed; NULL with a fault (also above `limit`). */
char *file_read(const char *path, size_t limit, size_t *length, struct fault *);
int file_remove_tree(const char *path); /* as rm -rf; missing is fine; ERR_IO */

#endif
