/* Folders: what is in them, and that it stays. */
#include "collector/backup_private.h"
#include "common/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int files_join(char out[static PATH_MAX], const char *dir, const char *path, struct fault *f)
{
    int n = snprintf(out, PATH_MAX, "%s%s%s", dir, *path ? "/" : "", path);
    return n < PATH_MAX ? 0 : fault(f, ERR_RANGE, "%.200s…: path too long", out);
}

struct walk {
    const char *root;
    bool (*skip)(const char *path);
    bool strict;
    struct listed *files;                            /* NULL: none is wanted */
    int (*folder)(const char *path, struct fault *); /* NULL: nothing to do */
    struct fault *f;
};

static int walk_folder(const struct walk *w, const char *path);

static int walk_entry(const struct walk *w, const char *path)
{
    char full[PATH_MAX];
    struct stat st;
    int code = files_join(full, w->root, path, w->f);
    if (code || (w->skip && w->skip(path)))
        return code;
    if (lstat(full, &st) != 0)
        return errno == ENOENT ? 0 : fault(w->f, ERR_IO, "%s: %s", full, strerror(errno)); /* gone meanwhile */
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, path);
    if (!S_ISREG(st.st_mode))
        return w->strict ? fault(w->f, ERR_CORRUPT, "%s: not a regular file", path) : 0;
    if (w->files) {
        w->files->files = xrealloc(w->files->files, (w->files->count + 1) * sizeof *w->files->files);
        w->files->files[w->files->count++] = (struct listed_file){xstrdup(path), st.st_size};
    }
    return 0;
}

static int walk_folder(const struct walk *w, const char *path)
{
    char full[PATH_MAX], below[PATH_MAX];
    struct dirent *entry;
    int code = files_join(full, w->root, path, w->f);
    DIR *dir = code ? NULL : opendir(full);
    if (!code && !dir)
        return fault(w->f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", full, strerror(errno));
    while (!code && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(below, sizeof below, "%s%s%s", path, *path ? "/" : "", entry->d_name);
        code = n < PATH_MAX ? walk_entry(w, below) : fault(w->f, ERR_RANGE, "%s: path too long", full);
    }
    if (dir)
        closedir(dir);
    return !code && w->folder ? w->folder(full, w->f) : code;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct listed_file *)a)->path, ((const struct listed_file *)b)->path);
}

int listed_read(struct listed *out, const char *dir, bool (*skip)(const char *path), bool strict, struct fault *f)
{
    struct walk w = {.root = dir, .skip = skip, .strict = strict, .files = out, .f = f};
    *out = (struct listed){0};
    int code = walk_folder(&w, "");
    if (code)
        listed_free(out);
    else if (out->count)
        qsort(out->files, out->count, sizeof *out->files, by_path);
    return code;
}

void listed_free(struct listed *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->files[i].path);
    free(l->files);
    *l = (struct listed){0};
}

static int sync_folder(const char *path, struct fault *f)
{
    return file_sync_dir(path) ? fault(f, ERR_IO, "%s: cannot be synced", path) : 0;
}

int files_sync(const char *dir, struct fault *f)
{
    struct walk w = {.root = dir, .folder = sync_folder, .f = f};
    return walk_folder(&w, "");
}

int files_folder_of(const char *root, const char *path, struct fault *f)
{
    char full[PATH_MAX];
    int code = files_join(full, root, path, f);
    if (code)
        return code;
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(full, FOLDER_MODE) != 0 && errno != EEXIST)
            return fault(f, ERR_IO, "%s: cannot make the folder: %s", full, strerror(errno));
        *at = '/';
    }
    return 0;
}
