/* Opening: the segments are listed, the newest is read to its end, and what is torn behind that is cut. */
#include "common/file.h"
#include "common/journal_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_DEFAULT = 4 * 1024 * 1024, SEGMENT_LEAST = 64 * 1024 };

static int by_first(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void list_segments(struct journal *j)
{
    DIR *dir = opendir(j->dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char *end;
        uint64_t first = strtoull(entry->d_name, &end, 10);
        if (strlen(entry->d_name) != 24 || strcmp(end, ".seg") != 0 || first == 0)
            continue;
        char path[PATH_MAX];
        struct stat st;
        struct segment s = {.first = first};
        segment_path(j, first, path);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        uint8_t head[SEGMENT_HEADER];
        s.known = pread(fd, head, sizeof head, 0) == SEGMENT_HEADER && segment_get(head, &s);
        s.bytes = fstat(fd, &st) == 0 ? (int64_t)st.st_size : 0;
        close(fd);
        j->segments = xrealloc(j->segments, (j->count + 1) * sizeof s);
        j->segments[j->count++] = s;
    }
    if (dir)
        closedir(dir);
    if (j->count)
        qsort(j->segments, j->count, sizeof *j->segments, by_first);
}

/* Reads the newest segment to its end.  1: it is usable, *end is behind its last whole record; 0: nothing in it can be
 * (no header, no record). */
static int read_newest(struct journal *j, int fd, int64_t *end)
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
    free(scan.window);
    if (!any && s->known) {
        j->last = s->first - 1;
        j->head = s->before;
    }
    return any || s->known;
}

/* Cuts what is torn behind the last whole record. */
static int cut_newest(struct journal *j, const char *path, int fd, int64_t end, struct fault *f)
{
    struct segment *s = &j->segments[j->count - 1];
    if (s->bytes <= end)
        return 0;
    j->cut = s->bytes - end;
    s->bytes = end;
    if (ftruncate(fd, end) != 0 || fdatasync(fd) != 0)
        return fault(f, ERR_IO, "%s: cannot cut its torn tail: %s", path, strerror(errno));
    return 0;
}

/* 1: the newest segment is the one to append to; 0: it was set aside. */
static int adopt_newest(struct journal *j, struct fault *f)
{
    char path[PATH_MAX], aside[PATH_MAX + 8];
    segment_path(j, j->segments[j->count - 1].first, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    int64_t end;
    if (!read_newest(j, fd, &end)) {
        close(fd);
        snprintf(aside, sizeof aside, "%s.bad", path);
        return rename(path, aside) == 0 ? 0 : fault(f, ERR_IO, "%s: cannot set aside: %s", path, strerror(errno));
    }
    int r = cut_newest(j, path, fd, end, f);
    if (r) {
        close(fd);
        return r;
    }
    j->fd = fd;
    j->end = end;
    return 1;
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
    list_segments(j);
    while (r == 0 && j->count && j->fd < 0) {
        r = adopt_newest(j, f);
        if (r == 0)
            j->count--;
        else if (r == 1)
            r = 0;
    }
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
    bool usable = false;
    if (strlen(dir) >= sizeof j->dir || access(dir, R_OK | X_OK) != 0) {
        free(j);
        return fault(f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%.200s: %s", dir, strerror(errno));
    }
    j->fd = -1;
    strcpy(j->dir, dir);
    pthread_mutex_init(&j->lock, NULL);
    list_segments(j);
    for (; j->count && !usable; j->count -= !usable) {
        int64_t end;
        segment_path(j, j->segments[j->count - 1].first, path);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        usable = fd >= 0 && read_newest(j, fd, &end);
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
