/* backup_private: what the files of backup share.
 *
 * backup.c copies, backup_restore.c checks and puts back, backup_manifest.c writes and reads the manifest,
 * backup_files.c walks through folders.
 */
#ifndef QUIETAIR_BACKUP_PRIVATE_H
#define QUIETAIR_BACKUP_PRIVATE_H

#include "collector/backup.h"
#include "common/copy.h"

#include <limits.h>

#define MANIFEST     "manifest.json"
#define MANIFEST_SUM "manifest.sha256"
#define UNFINISHED   "restore.part" /* in the state folder, while a restore is under way */

enum { FOLDER_MODE = 0750 };

/* backup_files.c */
struct listed_file { /* one regular file below a folder */
    char *path;      /* relative to it */
    int64_t bytes;
};
struct listed {
    struct listed_file *files; /* sorted by path */
    size_t count;
};
/* Every file below, but those for which `skip` (NULL: none) says so of their relative path.  ERR_IO, and ERR_CORRUPT:
 * something that is neither a folder nor a regular file; without `strict` that is passed over.  ERR_MISSING: no such
 * folder. */
int listed_read(struct listed *, const char *dir, bool (*skip)(const char *path), bool strict, struct fault *);
void listed_free(struct listed *);
int files_sync(const char *dir, struct fault *);                         /* the names in all folders from there on */
int files_folder_of(const char *root, const char *path, struct fault *); /* makes the folders that path needs */
int files_join(char out[static PATH_MAX], const char *dir, const char *path, struct fault *);

/* backup_manifest.c */
struct manifest_file {
    char *path; /* relative to the backup */
    struct copied as;
};
struct manifest {
    struct backup_summary summary;
    struct manifest_file *files; /* sorted by path */
    size_t count;
};
int manifest_write(const struct manifest *, const char *dir, struct fault *);
/* ERR_MISSING: it is no backup; ERR_CORRUPT: not as it was written; ERR_RANGE: of a form that this program does not
 * know. */
int manifest_read(struct manifest *, const char *dir, struct fault *);
void manifest_free(struct manifest *);
const struct manifest_file *manifest_find(const struct manifest *, const char *path); /* NULL: not named */

/* What progress is told of bytes read, of so many. */
struct counted {
    const struct backup_view *view;
    const char *what;
    int64_t done, all;
};
void counted_bytes(void *ctx, int64_t bytes); /* ctx: a struct counted */

#endif
