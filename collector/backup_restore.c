/* Checking a backup, and putting it back. */
#include "collector/backup.h"
#include "collector/backup_private.h"
#include "common/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static int differs(const struct manifest_file *file, const struct copied *is, struct fault *f)
{
    if (is->bytes != file->as.bytes)
        return fault(f, ERR_CORRUPT, "%s: has %lld bytes, the manifest says %lld", file->path, (long long)is->bytes,
                     (long long)file->as.bytes);
    if (!hash_equal(&is->sha256, &file->as.sha256))
        return fault(f, ERR_CORRUPT, "%s: its SHA-256 is not what the manifest says", file->path);
    return 0;
}

static int check_files(const struct manifest *m, const char *src, const struct backup_view *view, struct fault *f)
{
    struct counted counted = {view, "checking", 0, m->summary.bytes};
    char path[PATH_MAX];
    struct copied is;
    int code = 0;
    for (size_t i = 0; !code && i < m->count; i++) {
        code = files_join(path, src, m->files[i].path, f);
        if (!code)
            code = copy_file(path, NULL, counted_bytes, &counted, &is, f);
        if (!code)
            code = differs(&m->files[i], &is, f);
    }
    return code;
}

static bool is_manifest(const char *path)
{
    return strcmp(path, MANIFEST) == 0 || strcmp(path, MANIFEST_SUM) == 0;
}

static int check_no_other(const struct manifest *m, const char *src, struct fault *f)
{
    struct listed files;
    int code = listed_read(&files, src, is_manifest, true, f);
    for (size_t i = 0; !code && i < files.count; i++) {
        if (!manifest_find(m, files.files[i].path))
            code = fault(f, ERR_CORRUPT, "%s: the manifest does not name it", files.files[i].path);
    }
    listed_free(&files);
    return code;
}

static int read_checked(struct manifest *m, const char *src, const struct backup_view *view, struct fault *f)
{
    int code = manifest_read(m, src, f);
    if (code)
        return code;
    code = check_no_other(m, src, f);
    if (!code)
        code = check_files(m, src, view, f);
    if (code)
        manifest_free(m);
    return code;
}

int backup_check(const char *src, const struct backup_view *view, struct backup_summary *summary, struct fault *f)
{
    struct manifest m;
    int code = read_checked(&m, src, view, f);
    *summary = m.summary;
    if (!code)
        manifest_free(&m);
    return code;
}

/* ---- putting it back --------------------------------------------------------------------------------------------- */

static bool passed_over(const char *name)
{
    static const char *const names[] = {".", "..", "lost+found", UNFINISHED};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* Nobody's state is overwritten. */
static int check_empty(const char *state_dir, struct fault *f)
{
    int code = 0;
    DIR *dir = opendir(state_dir);
    if (!dir)
        return errno == ENOENT ? 0 : fault(f, ERR_IO, "%s: %s", state_dir, strerror(errno));
    for (struct dirent *entry; !code && (entry = readdir(dir));) {
        if (!passed_over(entry->d_name))
            code = fault(f, ERR_DENIED, "%s: is not empty (%.100s): nothing was restored", state_dir, entry->d_name);
    }
    closedir(dir);
    return code;
}

static const char *below_state(const char *path)
{
    return strncmp(path, "state/", 6) == 0 ? path + 6 : NULL;
}

static int copy_back(const struct manifest *m, const char *src, const char *part, const struct backup_view *view,
                     struct fault *f)
{
    struct counted counted = {view, "restoring", 0, m->summary.bytes};
    char from[PATH_MAX], to[PATH_MAX];
    struct copied is;
    int code = 0;
    for (size_t i = 0; !code && i < m->count; i++) {
        const char *path = below_state(m->files[i].path);
        if (!path)
            continue;
        code = files_join(from, src, m->files[i].path, f);
        if (!code)
            code = files_join(to, part, path, f);
        if (!code)
            code = files_folder_of(part, path, f);
        if (!code)
            code = copy_file(from, to, counted_bytes, &counted, &is, f);
        if (!code)
            code = differs(&m->files[i], &is, f);
        if (!code && chmod(to, m->files[i].as.mode) != 0)
            code = fault(f, ERR_IO, "%s: %s", to, strerror(errno));
    }
    return code ? code : files_sync(part, f);
}

/* All is durable below `part`: its entries move up, and the folder, which keeps a collector from starting, goes. */
static int move_up(const char *part, const char *state_dir, struct fault *f)
{
    char from[PATH_MAX], to[PATH_MAX];
    int code = 0;
    DIR *dir = opendir(part);
    if (!dir)
        return fault(f, ERR_IO, "%s: %s", part, strerror(errno));
    for (struct dirent *entry; !code && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        code = files_join(from, part, entry->d_name, f);
        if (!code)
            code = files_join(to, state_dir, entry->d_name, f);
        if (!code && rename(from, to) != 0)
            code = fault(f, ERR_IO, "%s: %s", to, strerror(errno));
    }
    closedir(dir);
    if (!code && (file_sync_dir(state_dir) || rmdir(part) != 0 || file_sync_dir(state_dir)))
        code = fault(f, ERR_IO, "%s: %s", part, strerror(errno));
    return code;
}

static int restore(const struct manifest *m, const char *src, const char *state_dir, const struct backup_view *view,
                   struct fault *f)
{
    char part[PATH_MAX];
    int code = file_make_dirs(state_dir, FOLDER_MODE, f);
    if (!code)
        code = files_join(part, state_dir, UNFINISHED, f);
    if (!code && file_remove_tree(part) != 0)
        code = fault(f, ERR_IO, "%s: cannot be removed", part);
    if (!code)
        code = file_make_dirs(part, FOLDER_MODE, f);
    if (!code)
        code = copy_back(m, src, part, view, f);
    return code ? code : move_up(part, state_dir, f);
}

int backup_restore(const char *src, const char *state_dir, const struct backup_view *view,
                   struct backup_summary *summary, struct fault *f)
{
    struct manifest m;
    int code = check_empty(state_dir, f); /* before hours of reading */
    if (code)
        return code;
    code = read_checked(&m, src, view, f);
    *summary = m.summary;
    if (code)
        return code;
    code = restore(&m, src, state_dir, view, f);
    manifest_free(&m);
    return code;
}

bool backup_unfinished(const char *state_dir)
{
    char path[PATH_MAX];
    return files_join(path, state_dir, UNFINISHED, NULL) == 0 && access(path, F_OK) == 0;
}
