/* Opening: the segments are listed, the newest is read to its end, made durable, and what is torn behind that is cut.
 */
#include "common/file.h"
#include "common/journal_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_DEFAULT = 4 * 1024 * 1024, SEGMENT_LEAST = 64 * 1024, ASIDE_MOST = 100 };

static int by_first(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Something in the way of a segment is put out of it: PATH.bad, PATH.bad1 … */
int segment_set_aside(struct journal *j, const char *path)
{
    char aside[PATH_MAX + 8];
    struct stat st;
    snprintf(aside, sizeof aside, "%s.bad", path);
    for (int i = 1; i < ASIDE_MOST && lstat(aside, &st) == 0; i++)
        snprintf(aside, sizeof aside, "%s.bad%d", path, i);
    if (rename(path, aside) != 0)
        return ERR_IO;
    j->aside++;
    return 0;
}

static uint64_t number_in(const char *name) /* 0: it is no segment's */
{
    char again[32];
    uint64_t first = strtoull(name, NULL, 10);
    snprintf(again, sizeof again, "%020" PRIu64 ".seg", first);
    return strcmp(name, again) == 0 ? first : 0;
}

/* 0, or an error that passes: what cannot be read for good is listed too, and nothing in it is held. */
static int list_one(struct journal *j, uint64_t first)
{
    char path[PATH_MAX];
    uint8_t head[SEGMENT_HEADER];
    struct stat st;
    struct segment s = {.first = first};
    segment_path(j, first, path);
    int fd = segment_open(path, O_RDONLY, &s.bytes);
    if (fd >= 0) {
        if (pread(fd, head, sizeof head, 0) == SEGMENT_HEADER)
            segment_get(head, &s);
        close(fd);
    } else if (segment_error_passes(errno)) {
        return ERR_IO;
    } else if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (!j->reads_only)
            segment_set_aside(j, path);
        return 0;
    } else {
        s.bytes = st.st_size;
    }
    j->segments = xrealloc(j->segments, (j->count + 1) * sizeof s);
    j->segments[j->count++] = s;
    return 0;
}

static int list_segments(struct journal *j, struct fault *f)
{
    DIR *dir = opendir(j->dir);
    struct dirent *entry;
    int r = dir ? 0 : ERR_IO;
    while (!r && (errno = 0, entry = readdir(dir))) {
        uint64_t first = number_in(entry->d_name);
        r = first ? list_one(j, first) : 0;
    }
    if (r || errno)
        r = fault(f, ERR_IO, "%s: cannot be read: %s", j->dir, strerror(errno));
    if (dir)
        closedir(dir);
    if (j->count)
        qsort(j->segments, j->count, sizeof *j->segments, by_first);
    return r;
}

/* Reads the newest segment to its end.  True: it is usable, and its last whole record ends at *end; false: nothing in
 * it can be (no header, no record).  *sure: there was no place that could not be read. */
static bool read_newest(struct journal *j, int fd, int64_t *end, bool *sure)
{
    const struct segment *s = &j->segments[j->count - 1];
    struct scan scan = {.fd = fd, .first = s->first, .until = UINT64_MAX, .offset = SEGMENT_HEADER};
    struct record_header h;
    const uint8_t *body;
    bool any = false;
    *end = SEGMENT_HEADER;
    while (scan_next(&scan, &h, &body)) {
        any = true;
        j->last = h.seq;
        j->head = chain_next(&h.before, body, h.length);
        scan.offset = *end = scan_after(&scan, &h);
        scan.first = h.seq + 1;
    }
    *sure = !scan.unreadable;
    free(scan.window);
    if (!any && s->known) {
        j->last = s->first - 1;
        j->head = s->before;
    }
    return any || s->known;
}

/* Writes the newest segment's first `end` bytes into a file of their own: of the old one nobody knows what is on the
 * disk. An unfinished one is left where it is, as a sign for the next start, to which fdatasync may well say that all
 * is good. */
static int renew(const char *path, const char *new_path, int old, int64_t end, mode_t mode)
{
    char bytes[4096];
    int64_t at = 0;
    ssize_t n;
    unlink(new_path);
    int fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    for (; fd >= 0 && at < end; at += n) {
        n = end - at < (int64_t)sizeof bytes ? (ssize_t)(end - at) : (ssize_t)sizeof bytes;
        if (pread(old, bytes, (size_t)n, at) != n)
            memset(bytes, 0, sizeof bytes); /* a page that cannot be read is damage, like any other */
        if (pwrite(fd, bytes, (size_t)n, at) != n)
            break;
    }
    if (fd >= 0 && at == end && fdatasync(fd) == 0 && rename(new_path, path) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The newest segment is taken up: its records are durable from here on, or it is an error.  What is torn behind them is
 * cut. Where that cannot be done, or no one may write there, the next record begins a segment of its own. */
static int take_up(struct journal *j, const char *path, int fd, int64_t end, bool writable, struct fault *f)
{
    struct segment *s = &j->segments[j->count - 1];
    char new_path[PATH_MAX + 8];
    struct stat st;
    snprintf(new_path, sizeof new_path, "%s.new", path);
    if (lstat(new_path, &st) == 0 || fdatasync(fd) != 0) {
        int fresh = renew(path, new_path, fd, end, j->set.mode & 0666);
        close(fd);
        if (fresh < 0 || file_sync_dir(j->dir) != 0) {
            if (fresh >= 0)
                close(fresh);
            return fault(f, ERR_IO, "%s: cannot be made durable: %s", path, strerror(errno));
        }
        fd = fresh;
        writable = true;
        j->cut = s->bytes - end;
        s->bytes = end;
    }
    if (s->bytes > end)
        j->cut = s->bytes - end;
    if (writable && (s->bytes == end || ftruncate(fd, end) == 0)) {
        s->bytes = end;
        j->fd = fd;
        j->end = end;
    } else {
        close(fd);
    }
    return 1;
}

/* 1: it goes on behind the newest segment; 0: that was set aside. */
static int adopt_newest(struct journal *j, struct fault *f)
{
    const struct segment *s = &j->segments[j->count - 1];
    char path[PATH_MAX];
    int64_t end;
    bool sure, writable = true;
    segment_path(j, s->first, path);
    int fd = segment_open(path, O_RDWR, NULL);
    if (fd < 0 && !segment_error_passes(errno)) {
        writable = false;
        fd = segment_open(path, O_RDONLY, NULL);
    }
    if (fd < 0 && segment_error_passes(errno))
        return fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0 && !s->foreign && read_newest(j, fd, &end, &sure))
        return take_up(j, path, fd, sure ? end : s->bytes, writable && sure, f);
    if (fd >= 0)
        close(fd);
    bool empty = fd >= 0 && s->bytes < SEGMENT_HEADER; /* begun when the power failed */
    if ((empty ? unlink(path) : segment_set_aside(j, path)) != 0)
        return fault(f, ERR_IO, "%s: cannot set aside: %s", path, strerror(errno));
    return 0;
}

int journal_open(struct journal **out, const struct journal_settings *set, struct fault *f)
{
    struct journal *j = xcalloc(1, sizeof *j);
    int r = strlen(set->dir) < sizeof j->dir ? 0 : fault(f, ERR_RANGE, "%.200s…: path too long", set->dir);
    if (!r)
        r = file_make_dirs(set->dir, set->mode, f);
    if (r) {
        free(j);
        return r;
    }
    j->set = *set;
    strcpy(j->dir, set->dir);
    j->set.dir = j->dir;
    if (j->set.segment_bytes <= 0)
        j->set.segment_bytes = SEGMENT_DEFAULT;
    if (j->set.max_bytes > 0 && j->set.segment_bytes > j->set.max_bytes / 8)
        j->set.segment_bytes = j->set.max_bytes / 8 > SEGMENT_LEAST ? j->set.max_bytes / 8 : SEGMENT_LEAST;
    j->fd = -1;
    pthread_mutex_init(&j->lock, NULL);
    r = list_segments(j, f);
    while (r == 0 && j->count && (r = adopt_newest(j, f)) == 0)
        j->count--;
    if (r < 0) {
        journal_close(j);
        return r;
    }
    j->synced = j->last;
    j->head_synced = j->head;
    *out = j;
    return 0;
}

int journal_open_read(struct journal **out, const char *dir, struct fault *f)
{
    struct journal *j = xcalloc(1, sizeof *j);
    char path[PATH_MAX];
    bool usable = false, sure;
    if (strlen(dir) >= sizeof j->dir || access(dir, R_OK | X_OK) != 0) {
        free(j);
        return fault(f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%.200s: %s", dir, strerror(errno));
    }
    j->fd = -1;
    strcpy(j->dir, dir);
    pthread_mutex_init(&j->lock, NULL);
    j->reads_only = true;
    int r = list_segments(j, f);
    if (r) {
        journal_close(j);
        return r;
    }
    for (; j->count && !usable; j->count -= !usable) {
        int64_t end;
        segment_path(j, j->segments[j->count - 1].first, path);
        int fd = segment_open(path, O_RDONLY, NULL);
        usable = fd >= 0 && !j->segments[j->count - 1].foreign && read_newest(j, fd, &end, &sure);
        if (fd >= 0)
            close(fd);
    }
    j->synced = j->last;
    j->head_synced = j->head;
    *out = j;
    return 0;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    pthread_mutex_destroy(&j->lock);
    free(j->segments);
    free(j);
}
