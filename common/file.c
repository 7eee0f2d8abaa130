#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new folder is durable when the one that it stands in is synced; the last one may be of a life that was cut off
 * before that. */
static int make_dir(const char *path, unsigned mode, bool last)
{
    char folder[PATH_MAX];
    bool there = mkdir(path, mode) != 0;
    if (there && (errno != EEXIST || !last))
        return errno == EEXIST ? 0 : ERR_IO;
    strcpy(folder, path);
    return file_sync_dir(dirname(folder)) == 0 || (there && errno != EIO) ? 0 : ERR_IO;
}

int file_make_dirs(const char *path, unsigned mode, struct fault *f)
{
    char part[PATH_MAX];
    struct stat st;
    if (strlen(path) >= sizeof part)
        return fault(f, ERR_RANGE, "%.200s…: path too long", path);
    strcpy(part, path);
    for (char *at = part + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char end = *at;
        *at = 0;
        if (make_dir(part, end ? 0755 : mode, !end) != 0)
            return fault(f, ERR_IO, "%s: cannot make the folder: %s", part, strerror(errno));
        *at = end;
        if (!end)
            break;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return fault(f, ERR_IO, "%s: is not a folder", path);
    return 0;
}

int file_take_dir(const char *dir, unsigned mode, int *lock, struct fault *f)
{
    int r = file_make_dirs(dir, mode, f);
    if (r)
        return r;
    *lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    r = *lock >= 0 && errno == EWOULDBLOCK ? fault(f, ERR_AGAIN, "%s: another process has it", dir)
                                           : fault(f, ERR_IO, "%s: %s", dir, strerror(errno));
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
    return r;
}

int file_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int r = fsync(fd) == 0 ? 0 : ERR_IO, why = errno;
    close(fd);
    errno = why;
    return r;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

int file_replace(const char *path, const void *bytes, size_t length, unsigned mode, struct fault *f)
{
    char temporary[PATH_MAX], folder[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return fault(f, ERR_RANGE, "%.200s…: path too long", path);
    strcpy(folder, path);
    unlink(temporary); /* left by a life before */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return fault(f, ERR_IO, "%s: cannot create: %s", temporary, strerror(errno));
    int bad = fchmod(fd, mode) || write_all(fd, bytes, length) || fsync(fd);
    int why = errno;
    if (close(fd) && !bad)
        bad = 1;
    if (!bad && rename(temporary, path) == 0 && file_sync_dir(dirname(folder)) == 0)
        return 0;
    if (!bad)
        why = errno;
    unlink(temporary);
    return fault(f, ERR_IO, "%s: cannot replace: %s", path, strerror(why));
}

char *file_read(const char *path, size_t limit, size_t *length, struct fault *f)
{
    struct stat st;
    char *text = NULL;
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        fault(f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: cannot open: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        fault(f, ERR_IO, "%s: is %s, not a regular file", path, S_ISDIR(st.st_mode) ? "a folder" : "something else");
        goto out;
    }
    if ((size_t)st.st_size > limit) {
        fault(f, ERR_RANGE, "%s: %lld bytes, at most %zu are allowed", path, (long long)st.st_size, limit);
        goto out;
    }
    text = xmalloc((size_t)st.st_size + 1);
    while (got < (size_t)st.st_size) {
        ssize_t n = read(fd, text + got, (size_t)st.st_size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fault(f, ERR_IO, "%s: cannot read: %s", path, strerror(errno));
            free(text);
            text = NULL;
            goto out;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    text[got] = 0;
    *length = got;
out:
    if (fd >= 0)
        close(fd);
    return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int file_remove_tree(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : ERR_IO;
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : ERR_IO;
}
