/* The folder of folder.h within this process, for libFuzzer: half of the time of a target that opens a journal went
 * into the kernel.  System calls on paths below it, and on descriptors that were opened there, are answered here (the
 * Makefile links with --wrap); all others go through.  Answers are those of Linux as far as the product asks;
 * everything is durable at once.  `make corpus` gives the same inputs to the same targets on a real file system
 * (folder.c). */
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NODES = 640, FILES = 64, FIRST_FD = 1 << 20, PATH_MOST = 512, NAME_MOST = 255 };
static const char top[] = "/in-memory", root[] = "/in-memory/folder"; /* whose parent may be synced too */

struct node {
    char path[PATH_MOST]; /* "": no name leads to it */
    bool folder;
    unsigned opened;
    mode_t mode;
    uint8_t *bytes; /* room is kept for the next node here */
    size_t length, room;
};

static struct node nodes[NODES], *end = nodes; /* none has a name from there on */
static struct file {
    struct node *node; /* NULL: free */
    size_t at;
    bool appends;
    struct dirent entry; /* of opendir */
} files[FILES];

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_ours(const char *path)
{
    size_t n = sizeof top - 1;
    return strncmp(path, top, n) == 0 && (!path[n] || path[n] == '/');
}

static int no(int why)
{
    errno = why;
    return -1;
}

static struct node *find(const char *path)
{
    for (struct node *n = nodes; n < end; n++)
        if (*n->path && strcmp(n->path, path) == 0)
            return n;
    errno = ENOENT;
    return NULL;
}

/* What lies in this folder, from *n on; NULL: nothing more. */
static const char *next_name(const char *folder, struct node **n)
{
    size_t length = strlen(folder);
    for (; *n < end; ++*n) {
        const char *path = (*n)->path;
        if (strncmp(path, folder, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/'))
            return path + length + 1;
    }
    return NULL;
}

static struct node *make(const char *path, bool folder, mode_t mode)
{
    char parent[PATH_MOST];
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');
    if (length >= PATH_MOST || strlen(slash + 1) > NAME_MOST)
        return errno = ENAMETOOLONG, NULL;
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    struct node *in = *parent ? find(parent) : NULL;
    if (*parent && !in)
        return NULL;
    if (in && !in->folder)
        return errno = ENOTDIR, NULL;
    struct node *n = nodes;
    while (n < end && (*n->path || n->opened))
        n++;
    must(n < nodes + NODES); /* more files than this folder takes */
    end += n == end;
    memcpy(n->path, path, length + 1);
    n->folder = folder;
    n->mode = mode & 0777;
    n->length = 0;
    return n;
}

const char *folder(void)
{
    for (struct file *f = files; f < files + FILES; f++)
        must(!f->node); /* a descriptor of the input before was not closed */
    for (struct node *n = nodes; n < end; n++)
        n->path[0] = 0;
    end = nodes;
    must(make(top, true, 0700) && make(root, true, 0700));
    return root;
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static struct file *file_of(int fd)
{
    return fd >= FIRST_FD && fd < FIRST_FD + FILES && files[fd - FIRST_FD].node ? &files[fd - FIRST_FD] : NULL;
}

static struct file *take(struct node *n)
{
    struct file *f = files;
    while (f < files + FILES && f->node)
        f++;
    must(f < files + FILES);
    *f = (struct file){.node = n};
    n->opened++;
    return f;
}

static void release(struct file *f)
{
    f->node->opened--;
    f->node = NULL;
}

static int open_ours(const char *path, int flags, mode_t mode)
{
    struct node *n = find(path);
    if (n && (flags & O_CREAT) && (flags & O_EXCL))
        return no(EEXIST);
    if (n && n->folder && (flags & (O_WRONLY | O_RDWR)))
        return no(EISDIR);
    if (n && !n->folder && (flags & O_DIRECTORY))
        return no(ENOTDIR);
    if (!n && (flags & O_CREAT))
        n = make(path, false, mode);
    if (!n)
        return -1;
    if (flags & O_TRUNC)
        n->length = 0;
    struct file *f = take(n);
    f->appends = flags & O_APPEND;
    return FIRST_FD + (int)(f - files);
}

static ssize_t get(const struct node *n, void *bytes, size_t length, off_t at)
{
    if (n->folder)
        return no(EISDIR);
    if (at < 0)
        return no(EINVAL);
    if ((size_t)at >= n->length || !length)
        return 0;
    if (length > n->length - (size_t)at)
        length = n->length - (size_t)at;
    memcpy(bytes, n->bytes + at, length);
    return (ssize_t)length;
}

static void grow(struct node *n, size_t length)
{
    if (length > n->room) {
        n->room = 2 * length + 4096;
        n->bytes = realloc(n->bytes, n->room);
        must(n->bytes);
    }
    if (length > n->length)
        memset(n->bytes + n->length, 0, length - n->length);
    n->length = length;
}

static ssize_t put(struct node *n, const void *bytes, size_t length, off_t at)
{
    if (at < 0)
        return no(EINVAL);
    if (!length)
        return 0;
    if ((size_t)at + length > n->length)
        grow(n, (size_t)at + length);
    memcpy(n->bytes + at, bytes, length);
    return (ssize_t)length;
}

static int tell(const struct node *n, struct stat *st)
{
    *st = (struct stat){.st_mode = (n->folder ? S_IFDIR : S_IFREG) | n->mode,
                        .st_size = (off_t)n->length,
                        .st_nlink = 1,
                        .st_uid = getuid(),
                        .st_gid = getgid(),
                        .st_ino = 1 + (ino_t)(n - nodes)};
    return 0;
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

#define REAL(type, name, ...)                                                                                          \
    type __real_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_ours(path) ? open_ours(path, flags, mode) : __real_open(path, flags, mode);
}

REAL(int, close, int fd)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_close(fd);
    release(f);
    return 0;
}

REAL(ssize_t, pread, int fd, void *bytes, size_t length, off_t at)
{
    struct file *f = file_of(fd);
    return f ? get(f->node, bytes, length, at) : __real_pread(fd, bytes, length, at);
}

REAL(ssize_t, read, int fd, void *bytes, size_t length)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_read(fd, bytes, length);
    ssize_t n = get(f->node, bytes, length, (off_t)f->at);
    f->at += n > 0 ? (size_t)n : 0;
    return n;
}

REAL(ssize_t, pwrite, int fd, const void *bytes, size_t length, off_t at)
{
    struct file *f = file_of(fd);
    return f ? put(f->node, bytes, length, at) : __real_pwrite(fd, bytes, length, at);
}

REAL(ssize_t, write, int fd, const void *bytes, size_t length)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_write(fd, bytes, length);
    if (f->appends)
        f->at = f->node->length;
    ssize_t n = put(f->node, bytes, length, (off_t)f->at);
    f->at += n > 0 ? (size_t)n : 0;
    return n;
}

REAL(ssize_t, pwritev, int fd, const struct iovec *parts, int count, off_t at)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_pwritev(fd, parts, count, at);
    ssize_t all = 0;
    for (int i = 0; i < count; i++)
        all += put(f->node, parts[i].iov_base, parts[i].iov_len, at + all);
    return all;
}

REAL(int, fsync, int fd)
{
    return file_of(fd) ? 0 : __real_fsync(fd);
}

REAL(int, fdatasync, int fd)
{
    return file_of(fd) ? 0 : __real_fdatasync(fd);
}

REAL(int, flock, int fd, int how)
{
    return file_of(fd) ? 0 : __real_flock(fd, how);
}

REAL(int, ftruncate, int fd, off_t length)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_ftruncate(fd, length);
    if (length < 0)
        return no(EINVAL);
    grow(f->node, (size_t)length);
    return 0;
}

REAL(int, fstat, int fd, struct stat *st)
{
    struct file *f = file_of(fd);
    return f ? tell(f->node, st) : __real_fstat(fd, st);
}

REAL(int, stat, const char *path, struct stat *st)
{
    if (!is_ours(path))
        return __real_stat(path, st);
    struct node *n = find(path);
    return n ? tell(n, st) : -1;
}

REAL(int, lstat, const char *path, struct stat *st)
{
    return is_ours(path) ? __wrap_stat(path, st) : __real_lstat(path, st);
}

REAL(int, access, const char *path, int how)
{
    return is_ours(path) ? (find(path) ? 0 : -1) : __real_access(path, how);
}

REAL(int, fchmod, int fd, mode_t mode)
{
    struct file *f = file_of(fd);
    if (!f)
        return __real_fchmod(fd, mode);
    f->node->mode = mode & 0777;
    return 0;
}

REAL(int, chmod, const char *path, mode_t mode)
{
    if (!is_ours(path))
        return __real_chmod(path, mode);
    struct node *n = find(path);
    if (!n)
        return -1;
    n->mode = mode & 0777;
    return 0;
}

REAL(int, mkdir, const char *path, mode_t mode)
{
    if (!is_ours(path))
        return __real_mkdir(path, mode);
    if (find(path))
        return no(EEXIST);
    return make(path, true, mode) ? 0 : -1;
}

REAL(int, unlink, const char *path)
{
    if (!is_ours(path))
        return __real_unlink(path);
    struct node *n = find(path);
    if (!n)
        return -1;
    if (n->folder)
        return no(EISDIR);
    n->path[0] = 0;
    return 0;
}

REAL(int, rmdir, const char *path)
{
    if (!is_ours(path))
        return __real_rmdir(path);
    struct node *n = find(path), *first = nodes;
    if (!n)
        return -1;
    if (!n->folder)
        return no(ENOTDIR);
    if (next_name(path, &first))
        return no(ENOTEMPTY);
    n->path[0] = 0;
    return 0;
}

REAL(int, rename, const char *from, const char *to)
{
    if (!is_ours(from))
        return __real_rename(from, to);
    struct node *n = find(from), *there = find(to), *first = nodes;
    size_t length = strlen(from);
    if (!n)
        return no(ENOENT);
    if (strlen(to) >= PATH_MOST / 2)
        return no(ENAMETOOLONG);
    if (there == n)
        return 0;
    if (there && there->folder && (!n->folder || next_name(to, &first)))
        return no(n->folder ? ENOTEMPTY : EISDIR);
    if (there && !there->folder && n->folder)
        return no(ENOTDIR);
    if (there)
        there->path[0] = 0;
    for (struct node *below = nodes; below < end; below++) {
        char rest[PATH_MOST];
        if (below != n && (strncmp(below->path, from, length) != 0 || below->path[length] != '/'))
            continue;
        memcpy(rest, below->path + length, strlen(below->path + length) + 1);
        snprintf(below->path, PATH_MOST, "%s%.*s", to, PATH_MOST / 2, rest);
    }
    return 0;
}

REAL(int, renameat2, int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (!is_ours(from))
        return __real_renameat2(from_dir, from, to_dir, to, flags);
    if ((flags & RENAME_NOREPLACE) && find(to))
        return no(EEXIST);
    return __wrap_rename(from, to);
}

REAL(DIR *, opendir, const char *path)
{
    if (!is_ours(path))
        return __real_opendir(path);
    struct node *n = find(path);
    if (!n)
        return NULL;
    if (!n->folder)
        return errno = ENOTDIR, NULL;
    return (DIR *)(void *)take(n);
}

static struct file *listing(DIR *dir)
{
    struct file *f = (struct file *)(void *)dir;
    return f >= files && f < files + FILES ? f : NULL;
}

REAL(struct dirent *, readdir, DIR *dir)
{
    struct file *f = listing(dir);
    if (!f)
        return __real_readdir(dir);
    struct node *n = nodes + f->at;
    const char *name = next_name(f->node->path, &n);
    f->at = (size_t)(n - nodes) + 1;
    if (!name)
        return NULL;
    snprintf(f->entry.d_name, sizeof f->entry.d_name, "%s", name);
    f->entry.d_type = n->folder ? DT_DIR : DT_REG;
    return &f->entry;
}

REAL(int, closedir, DIR *dir)
{
    struct file *f = listing(dir);
    if (!f)
        return __real_closedir(dir);
    release(f);
    return 0;
}

REAL(int, file_remove_tree, const char *path)
{
    if (!is_ours(path))
        return __real_file_remove_tree(path);
    size_t length = strlen(path);
    for (struct node *n = nodes; n < end; n++)
        if (strncmp(n->path, path, length) == 0 && (!n->path[length] || n->path[length] == '/'))
            n->path[0] = 0;
    return 0;
}
