/* calls: the system calls of what is tested pass through here: each can fail, be cut short, or be the moment at which
 * the power fails.  For programs named *_calls, which the Makefile links with --wrap; included once.
 *
 * What a power cut leaves is worked out from what was synced: `durable` knows each file's bytes as of its last fsync,
 * and each folder's names as of its own.  A file system may have written more, in either respect, so a cut is taken in
 * several forms.
 */
#include "common/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
    CALL_OPEN,
    CALL_OPENDIR,
    CALL_READDIR,
    CALL_PREAD,
    CALL_READ,
    CALL_PWRITE,
    CALL_PWRITEV,
    CALL_WRITE,
    CALL_FDATASYNC,
    CALL_FSYNC,
    CALL_FTRUNCATE,
    CALL_RENAME,
    CALL_UNLINK,
    CALL_MKDIR,
    CALLS
};
static const char *const call_names[CALLS] = {"open",      "opendir", "readdir", "pread",     "read",
                                              "pwrite",    "pwritev", "write",   "fdatasync", "fsync",
                                              "ftruncate", "rename",  "unlink",  "mkdir"};
enum { CALL_SHORT = -1 /* a write writes the half */ };

/* Asked before each call: 0, an errno that it fails with, or CALL_SHORT.  NULL: all go through. */
static int (*on_call)(enum call);
static unsigned calls_made[CALLS];
static int open_flags; /* of the CALL_OPEN asked about */

static int ask(enum call kind)
{
    int (*hook)(enum call) = on_call;
    if (!hook)
        return 0;
    calls_made[kind]++;
    on_call = NULL; /* what the hook does is not asked about */
    int answer = hook(kind);
    on_call = hook;
    return answer;
}

/* ---- calls that fail: the nth to the mth of a kind ------------------------------------------------------------------
 */
static struct {
    enum call kind;
    unsigned from, to;
    int error;
} failing;

static inline int fail_some(enum call kind)
{
    unsigned n = calls_made[kind];
    return kind == failing.kind && n >= failing.from && n <= failing.to ? failing.error : 0;
}

static int64_t bad_from, bad_to; /* bytes of any file that cannot be read */

static inline void calls_succeed(void)
{
    on_call = NULL;
    bad_from = bad_to = 0;
}

static inline void fail_calls(enum call kind, unsigned from, unsigned to, int error)
{
    memset(calls_made, 0, sizeof calls_made);
    failing.kind = kind, failing.from = from, failing.to = to, failing.error = error;
    on_call = fail_some;
}

/* ---- a tree of files in memory
 * --------------------------------------------------------------------------------------- */
enum { TREE_MOST = 96, TREE_PATH = 160 };

struct tree {
    struct leaf {
        char path[TREE_PATH]; /* below the root */
        bool folder;
        ino_t ino;
        char *bytes;
        size_t length;
        size_t lost_from, lost_to; /* of durable_files */
    } leaves[TREE_MOST];
    size_t count;
};

static inline void tree_free(struct tree *t)
{
    while (t->count)
        free(t->leaves[--t->count].bytes);
}

static inline void tree_put(struct tree *t, const char *path, bool folder, ino_t ino, const void *bytes, size_t length)
{
    if (t->count == TREE_MOST)
        abort();
    struct leaf *l = &t->leaves[t->count++];
    *l = (struct leaf){.folder = folder, .ino = ino, .length = length, .bytes = xmalloc(length + 1)};
    if (strlen(path) >= sizeof l->path)
        abort();
    strcpy(l->path, path);
    if (length)
        memcpy(l->bytes, bytes, length);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

static inline void tree_walk(struct tree *t, const char *root, const char *below)
{
    char path[2 * TREE_PATH + 300], name[TREE_PATH + 300];
    snprintf(path, sizeof path, "%s%s", root, below);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(name, sizeof name, "%s/%s", below, e->d_name);
        snprintf(path, sizeof path, "%s%s", root, name);
        if (lstat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            tree_put(t, name, true, st.st_ino, NULL, 0);
            tree_walk(t, root, name);
        } else {
            char *bytes = xmalloc((size_t)st.st_size + 1);
            int fd = open(path, O_RDONLY);
            ssize_t n = fd >= 0 ? pread(fd, bytes, (size_t)st.st_size, 0) : -1;
            close(fd);
            if (n != st.st_size)
                abort();
            tree_put(t, name, false, st.st_ino, bytes, (size_t)n);
            free(bytes);
        }
    }
    if (d)
        closedir(d);
}

static inline void tree_take(struct tree *t, const char *root)
{
    t->count = 0;
    tree_walk(t, root, "");
    qsort(t->leaves, t->count, sizeof *t->leaves, by_path);
}

static inline void tree_lay(const struct tree *t,
                            const char *root) /* root must be empty; folders come before what is in them */
{
    char path[2 * TREE_PATH];
    for (size_t i = 0; i < t->count; i++) {
        snprintf(path, sizeof path, "%s%s", root, t->leaves[i].path);
        if (t->leaves[i].folder) {
            if (mkdir(path, 0700) != 0)
                abort();
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd < 0 || write(fd, t->leaves[i].bytes, t->leaves[i].length) != (ssize_t)t->leaves[i].length)
            abort();
        close(fd);
    }
}

static inline uint64_t tree_mark(const struct tree *t) /* FNV-1a: the same for the same tree */
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < t->count; i++) {
        const struct leaf *l = &t->leaves[i];
        for (const char *c = l->path; *c; c++)
            h = (h ^ (uint8_t)*c) * 1099511628211u;
        h = (h ^ l->length) * 1099511628211u;
        for (size_t k = 0; k < l->length; k++)
            h = (h ^ (uint8_t)l->bytes[k]) * 1099511628211u;
    }
    return h;
}

/* ---- what is durable
 * -------------------------------------------------------------------------------------------------- */
static const char *durable_root;  /* NULL: nobody asks */
static struct tree durable_files; /* by ino: bytes as of the last fsync; none: empty */
static struct tree durable_names; /* path and ino, of folders as of their last fsync */

static inline struct leaf *durable_file(ino_t ino)
{
    for (size_t i = durable_files.count; i--;)
        if (durable_files.leaves[i].ino == ino)
            return &durable_files.leaves[i];
    return NULL;
}

static inline void durable_forget(ino_t ino) /* another file has that number now; names of the old one keep its bytes */
{
    static ino_t former = (ino_t)1 << 40;
    struct leaf *l = durable_file(ino);
    former++;
    for (size_t i = 0; i < durable_names.count; i++)
        if (durable_names.leaves[i].ino == ino)
            durable_names.leaves[i].ino = former;
    if (l)
        l->ino = former;
}

static inline bool is_below(const char *path, const char *folder) /* directly */
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

static inline void durable_folder(const char *folder)
{
    struct tree now;
    size_t kept = 0;
    for (size_t i = 0; i < durable_names.count; i++)
        if (is_below(durable_names.leaves[i].path, folder))
            free(durable_names.leaves[i].bytes);
        else
            durable_names.leaves[kept++] = durable_names.leaves[i];
    durable_names.count = kept;
    tree_take(&now, durable_root);
    for (size_t i = 0; i < now.count; i++)
        if (is_below(now.leaves[i].path, folder))
            tree_put(&durable_names, now.leaves[i].path, now.leaves[i].folder, now.leaves[i].ino, NULL, 0);
    tree_free(&now);
}

static inline void durable_note(int fd, bool good)
{
    char link[64], path[400];
    struct stat st;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (!durable_root || n < 0 || fstat(fd, &st) != 0)
        return;
    path[n] = 0;
    size_t root = strlen(durable_root);
    if (strncmp(path, durable_root, root) != 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        if (good)
            durable_folder(path + root);
        return;
    }
    struct leaf *l = durable_file(st.st_ino);
    if (!good) { /* the pages count as clean from now on, and never get there */
        if (!l) {
            tree_put(&durable_files, "", false, st.st_ino, "", 0);
            l = durable_file(st.st_ino);
        }
        l->lost_from = l->length;
        l->lost_to = (size_t)st.st_size;
        return;
    }
    char *bytes = xmalloc((size_t)st.st_size + 1);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int again = open(link, O_RDONLY);
    if (again < 0 || pread(again, bytes, (size_t)st.st_size, 0) != st.st_size)
        abort();
    close(again);
    for (size_t i = l ? l->lost_from : 0; l && i < l->lost_to && i < (size_t)st.st_size; i++)
        bytes[i] = 0;
    if (l) {
        free(l->bytes);
        l->bytes = bytes;
        l->length = (size_t)st.st_size;
    } else {
        tree_put(&durable_files, "", false, st.st_ino, bytes, (size_t)st.st_size);
        free(bytes);
    }
}

/* A sync of fd was asked for; good: it was done. */
static inline void durable_sync(int fd, bool good)
{
    int (*hook)(enum call) = on_call;
    on_call = NULL;
    if (durable_root)
        durable_note(fd, good);
    on_call = hook;
}

/* All that is below root now is taken for durable. */
static inline void durable_begin(const char *root)
{
    tree_free(&durable_files);
    tree_free(&durable_names);
    durable_root = root;
    tree_take(&durable_names, root);
    for (size_t i = 0; i < durable_names.count; i++) {
        struct leaf *l = &durable_names.leaves[i];
        if (!l->folder)
            tree_put(&durable_files, "", false, l->ino, l->bytes, l->length);
    }
}

static inline void durable_end(void)
{
    tree_free(&durable_files);
    tree_free(&durable_names);
    durable_root = NULL;
}

enum { CUT_NAMES_NOW = 1, CUT_BYTES_NOW = 2, CUT_BYTES_HALF = 4, CUT_FORMS = 6 };

/* What may be found if the power fails now, in the form 0 … CUT_FORMS-1: names as they were synced or as they are, of
 * bytes not synced none, the half, or all.  The last form is that of a kill. */
static inline void durable_cut(struct tree *out, int form)
{
    struct tree now;
    out->count = 0;
    tree_take(&now, durable_root);
    const struct tree *names = form % 2 ? &now : &durable_names;
    for (size_t i = 0; i < names->count; i++) {
        const struct leaf *name = &names->leaves[i], *there = NULL;
        const struct leaf *kept = durable_file(name->ino);
        for (size_t k = 0; k < now.count && !there; k++)
            there = now.leaves[k].ino == name->ino && !now.leaves[k].folder ? &now.leaves[k] : NULL;
        size_t synced = kept ? kept->length : 0, more = there && there->length > synced ? there->length - synced : 0;
        if (form / 2 == 1)
            more /= 2;
        if (name->folder || form / 2 == 0 || !there || (there->length < synced && form / 2 == 1))
            tree_put(out, name->path, name->folder, name->ino, kept ? kept->bytes : "", name->folder ? 0 : synced);
        else
            tree_put(out, name->path, false, name->ino, there->bytes,
                     there->length < synced ? there->length : synced + more);
    }
    tree_free(&now);
    qsort(out->leaves, out->count, sizeof *out->leaves, by_path);
    for (size_t i = 0; i < out->count; i++) { /* what lies in a folder whose name is gone is gone */
        char parent[TREE_PATH];
        snprintf(parent, sizeof parent, "%s", out->leaves[i].path);
        *strrchr(parent, '/') = 0;
        bool held = !*parent;
        for (size_t k = 0; k < i && !held; k++)
            held = out->leaves[k].folder && strcmp(out->leaves[k].path, parent) == 0;
        if (held)
            continue;
        free(out->leaves[i].bytes);
        memmove(&out->leaves[i], &out->leaves[i + 1], (--out->count - i) * sizeof *out->leaves);
        i--;
    }
}

/* ---- the calls
 * --------------------------------------------------------------------------------------------------------- */
#define REAL(type, name, ...)                                                                                          \
    type __real_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__)
#define FAIL(kind, otherwise)                                                                                          \
    int answer = ask(kind);                                                                                            \
    if (answer > 0) {                                                                                                  \
        errno = answer;                                                                                                \
        return otherwise;                                                                                              \
    }

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    open_flags = flags;
    FAIL(CALL_OPEN, -1)
    int fd = __real_open(path, flags, mode);
    struct stat st;
    if (fd >= 0 && flags & O_CREAT && durable_root && fstat(fd, &st) == 0 && st.st_size == 0)
        durable_forget(st.st_ino);
    return fd;
}

int __wrap___open_2(const char *path, int flags);
int __wrap___open_2(const char *path, int flags) /* open of two arguments, as fortified */
{
    return __wrap_open(path, flags);
}

REAL(DIR *, opendir, const char *path)
{
    FAIL(CALL_OPENDIR, NULL)
    return __real_opendir(path);
}

REAL(struct dirent *, readdir, DIR *d)
{
    FAIL(CALL_READDIR, NULL)
    return __real_readdir(d);
}

REAL(ssize_t, pread, int fd, void *to, size_t n, off_t at)
{
    FAIL(CALL_PREAD, -1)
    if (at < bad_to && at + (off_t)n > bad_from) {
        if (at >= bad_from) {
            errno = EIO;
            return -1;
        }
        n = (size_t)(bad_from - at);
    }
    return __real_pread(fd, to, n, at);
}

REAL(ssize_t, read, int fd, void *to, size_t n)
{
    FAIL(CALL_READ, -1)
    return __real_read(fd, to, n);
}

REAL(ssize_t, pwrite, int fd, const void *from, size_t n, off_t at)
{
    FAIL(CALL_PWRITE, -1)
    return __real_pwrite(fd, from, answer == CALL_SHORT ? n / 2 : n, at);
}

REAL(ssize_t, write, int fd, const void *from, size_t n)
{
    FAIL(CALL_WRITE, -1)
    return __real_write(fd, from, answer == CALL_SHORT ? (n + 1) / 2 : n);
}

REAL(ssize_t, pwritev, int fd, const struct iovec *parts, int count, off_t at)
{
    FAIL(CALL_PWRITEV, -1)
    struct iovec half = {parts[0].iov_base, parts[0].iov_len / 2};
    return answer == CALL_SHORT ? __real_pwritev(fd, &half, 1, at) : __real_pwritev(fd, parts, count, at);
}

REAL(int, fdatasync, int fd)
{
    int answer = ask(CALL_FDATASYNC);
    durable_sync(fd, answer == 0);
    errno = answer;
    return answer ? -1 : 0; /* the test's folder needs no disk */
}

REAL(int, fsync, int fd)
{
    int answer = ask(CALL_FSYNC);
    durable_sync(fd, answer == 0);
    errno = answer;
    return answer ? -1 : 0;
}

REAL(int, ftruncate, int fd, off_t length)
{
    FAIL(CALL_FTRUNCATE, -1)
    struct stat st;
    struct leaf *l = durable_root && fstat(fd, &st) == 0 ? durable_file(st.st_ino) : NULL;
    if (l && l->lost_to > (size_t)length)
        l->lost_to = (size_t)length; /* what is written there from now on is written */
    return __real_ftruncate(fd, length);
}

REAL(int, rename, const char *from, const char *to)
{
    FAIL(CALL_RENAME, -1)
    return __real_rename(from, to);
}

REAL(int, unlink, const char *path)
{
    FAIL(CALL_UNLINK, -1)
    return __real_unlink(path);
}

REAL(int, mkdir, const char *path, mode_t mode)
{
    FAIL(CALL_MKDIR, -1)
    return __real_mkdir(path, mode);
}
