#include "common/journal.h"
#include "common/file.h"
#include "common/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SEGMENT_DEFAULT = 4 * 1024 * 1024, SEGMENT_LEAST = 64 * 1024 };

struct journal {
    char dir[PATH_MAX - 64];
    struct journal_settings set;
    pthread_mutex_t lock; /* the list of segments and what is synced, against the readers */
    struct segment *segments;
    size_t count;
    int fd;         /* of the newest segment; -1: none yet */
    int64_t end;    /* its length as written */
    uint64_t last;  /* appended */
    struct hash head;
    uint64_t synced;
    struct hash head_synced;
    int64_t cut;
};

static void segment_path(const struct journal *j, uint64_t first, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%020" PRIu64 ".seg", j->dir, first);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */
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

/* ---- appending ------------------------------------------------------------------------------------------------------ */
static int begin_segment(struct journal *j, int64_t now_ms)
{
    struct segment s = {.first = j->last + 1, .created_ms = now_ms, .before = j->head, .known = true, .bytes = SEGMENT_HEADER};
    uint8_t head[SEGMENT_HEADER];
    char path[PATH_MAX];
    segment_put(head, &s);
    segment_path(j, s.first, path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, j->set.mode & 0666);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    ssize_t n = pwrite(fd, head, SEGMENT_HEADER, 0);
    if (n != SEGMENT_HEADER || fdatasync(fd) != 0 || file_sync_dir(j->dir) != 0) {
        int full = n < 0 ? errno == ENOSPC || errno == EDQUOT : n != SEGMENT_HEADER;
        close(fd);
        unlink(path);
        return full ? ERR_FULL : ERR_IO;
    }
    pthread_mutex_lock(&j->lock);
    if (j->count && j->segments[j->count - 1].first == s.first)
        j->count--; /* a failed sync left an empty one of the same name: this is it, anew */
    j->segments = xrealloc(j->segments, (j->count + 1) * sizeof s);
    j->segments[j->count++] = s;
    pthread_mutex_unlock(&j->lock);
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->end = SEGMENT_HEADER;
    return 0;
}

/* Gives the newest segment up at what is synced; the next append begins another. */
static void give_up(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -1;
    j->last = j->synced;
    j->head = j->head_synced;
}

static int append_bytes(struct journal *j, const uint8_t head[static RECORD_HEADER], const void *bytes, size_t length)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)head, RECORD_HEADER}, {(void *)(uintptr_t)bytes, length}};
    ssize_t n;
    do
        n = pwritev(j->fd, parts, 2, j->end);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)(RECORD_HEADER + length))
        return 0;
    bool full = n >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    if (ftruncate(j->fd, j->end) != 0)
        give_up(j);
    return full ? ERR_FULL : ERR_IO;
}

int journal_append(struct journal *j, const void *bytes, size_t length, int64_t now_ms, uint64_t *seq)
{
    if (length > JOURNAL_RECORD_MAX)
        return ERR_RANGE;
    if (journal_begins_segment(j)) {
        int r = begin_segment(j, now_ms);
        if (r)
            return r;
    }
    struct record_header h = {.length = (uint32_t)length,
                       .body_crc = segment_crc(bytes, length),
                       .seq = j->last + 1,
                       .time_ms = now_ms,
                       .before = j->head};
    uint8_t head[RECORD_HEADER];
    record_header_put(head, &h);
    int r = append_bytes(j, head, bytes, length);
    if (r)
        return r;
    j->end += RECORD_HEADER + (int64_t)length;
    j->last++;
    j->head = chain_next(&j->head, bytes, length);
    if (seq)
        *seq = j->last;
    return 0;
}

int journal_sync(struct journal *j)
{
    if (j->synced == j->last)
        return 0;
    if (fdatasync(j->fd) != 0) { /* the pages may be marked clean and be lost: never try again on the same file */
        give_up(j);
        return ERR_IO;
    }
    pthread_mutex_lock(&j->lock);
    j->segments[j->count - 1].bytes = j->end;
    j->synced = j->last;
    j->head_synced = j->head;
    pthread_mutex_unlock(&j->lock);
    return 0;
}

bool journal_begins_segment(const struct journal *j)
{
    /* A segment is ended only where everything in it is synced: journal_sync knows one file. */
    return j->fd < 0 || (j->end >= j->set.segment_bytes && j->synced == j->last);
}

/* ---- what there is -------------------------------------------------------------------------------------------------- */
uint64_t journal_first(const struct journal *j)
{
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&j->lock);
    uint64_t first = j->count ? j->segments[0].first : j->synced + 1;
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&j->lock);
    return first;
}

uint64_t journal_last(const struct journal *j)
{
    return j->last;
}

uint64_t journal_synced(const struct journal *j)
{
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&j->lock);
    uint64_t synced = j->synced;
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&j->lock);
    return synced;
}

struct hash journal_head(const struct journal *j)
{
    return j->head;
}

int64_t journal_bytes(const struct journal *j)
{
    int64_t sum = 0;
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&j->lock);
    for (size_t i = 0; i < j->count; i++)
        sum += j->segments[i].bytes;
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&j->lock);
    return sum;
}

int64_t journal_cut_bytes(const struct journal *j)
{
    return j->cut;
}

uint64_t journal_drop_oldest(struct journal *j)
{
    char path[PATH_MAX];
    uint64_t gone = 0;
    if (j->count > 1) {
        segment_path(j, j->segments[0].first, path);
        gone = j->segments[1].first - j->segments[0].first;
        pthread_mutex_lock(&j->lock);
        memmove(j->segments, j->segments + 1, --j->count * sizeof *j->segments);
        pthread_mutex_unlock(&j->lock);
        unlink(path);
        file_sync_dir(j->dir);
    }
    return gone;
}

void journal_limit(struct journal *j, int64_t max_bytes, int64_t max_age_ms)
{
    j->set.max_bytes = max_bytes;
    j->set.max_age_ms = max_age_ms;
}

/* The newest record of a segment is about as old as its successor, or where that was begun at a time not known, the next. */
static bool oldest_is_older(const struct journal *j, int64_t than_ms)
{
    size_t i = 1;
    while (i < j->count && j->segments[i].known && !j->segments[i].created_ms)
        i++;
    return i < j->count && j->segments[i].known && j->segments[i].created_ms < than_ms;
}

uint64_t journal_trim(struct journal *j, int64_t now_ms)
{
    uint64_t gone = 0;
    while (j->count > 1) {
        bool too_big = j->set.max_bytes > 0 && journal_bytes(j) > j->set.max_bytes;
        bool too_old = j->set.max_age_ms > 0 && oldest_is_older(j, now_ms - j->set.max_age_ms);
        if (!too_big && !too_old)
            break;
        gone += journal_drop_oldest(j);
    }
    return gone;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */
struct journal_reader {
    struct journal *journal;
    struct scan scan; /* scan.fd -1: none open */
    uint64_t passed;  /* records <= passed of this segment lie before scan.offset */
    int64_t passed_at; /* where record `passed` lies; 0: not known */
};

struct journal_reader *journal_reader_new(struct journal *j)
{
    struct journal_reader *r = xcalloc(1, sizeof *r);
    r->journal = j;
    r->scan.fd = -1;
    return r;
}

static void reader_leave(struct journal_reader *r)
{
    if (r->scan.fd >= 0)
        close(r->scan.fd);
    r->scan.fd = -1;
    r->scan.window_length = 0;
}

void journal_reader_free(struct journal_reader *r)
{
    if (!r)
        return;
    reader_leave(r);
    free(r->scan.window);
    free(r);
}

/* The segment that may hold seq, and where it ends; before all: the oldest.  False: there is none. */
static bool find_segment(struct journal *j, uint64_t seq, struct segment *out, uint64_t *until)
{
    bool any = false;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->count && (i == 0 || j->segments[i].first <= seq); i++) {
        any = true;
        *out = j->segments[i];
        *until = i + 1 < j->count ? j->segments[i + 1].first : UINT64_MAX;
    }
    pthread_mutex_unlock(&j->lock);
    return any;
}

static bool reader_enter(struct journal_reader *r, const struct segment *s, uint64_t until, uint64_t seq)
{
    if (r->scan.fd >= 0 && r->scan.first == s->first && seq == r->passed && r->passed_at) {
        r->scan.offset = r->passed_at; /* back by one: its hash is asked for */
        r->passed = seq - 1;
        r->passed_at = 0;
    }
    if (r->scan.fd < 0 || r->scan.first != s->first || seq <= r->passed) {
        char path[PATH_MAX];
        reader_leave(r);
        segment_path(r->journal, s->first, path);
        r->scan.fd = open(path, O_RDONLY | O_CLOEXEC);
        r->scan.first = s->first;
        r->scan.offset = SEGMENT_HEADER;
        r->passed = 0;
        r->passed_at = 0;
    }
    r->scan.until = until;
    return r->scan.fd >= 0;
}

/* The first whole, synced record with a number >= seq.  0: none. */
static uint64_t locate(struct journal_reader *r, uint64_t seq, struct record_header *h, const uint8_t **body)
{
    struct segment s;
    uint64_t until, synced = journal_synced(r->journal);
    while (seq <= synced && find_segment(r->journal, seq, &s, &until)) {
        if (reader_enter(r, &s, until, seq)) {
            while (r->passed + 1 <= synced && scan_next(&r->scan, h, body)) {
                if (h->seq > synced)
                    break;
                if (h->seq >= seq)
                    return h->seq; /* scan.offset stays on it */
                r->passed = h->seq;
                r->passed_at = r->scan.offset;
                r->scan.offset = scan_after(&r->scan, h);
            }
        }
        if (until == UINT64_MAX)
            break;
        seq = until;
    }
    return 0;
}

int journal_read(struct journal_reader *r, uint64_t seq, struct journal_record *out)
{
    struct record_header h;
    const uint8_t *body;
    if (seq > journal_synced(r->journal))
        return 0;
    if (seq == 0 || locate(r, seq, &h, &body) != seq)
        return ERR_MISSING;
    *out = (struct journal_record){seq, h.time_ms, h.before, (const char *)body, h.length};
    r->passed = seq;
    r->passed_at = r->scan.offset;
    r->scan.offset = scan_after(&r->scan, &h);
    return 1;
}

uint64_t journal_next_held(struct journal_reader *r, uint64_t seq)
{
    struct record_header h;
    const uint8_t *body;
    uint64_t found = locate(r, seq + 1, &h, &body);
    return found ? found : journal_synced(r->journal) + 1;
}

bool journal_hash(struct journal_reader *r, uint64_t seq, struct hash *out)
{
    struct journal *j = r->journal;
    struct record_header h;
    const uint8_t *body;
    struct segment s;
    uint64_t until;
    bool is_head;
    if (seq == 0) {
        *out = (struct hash){0};
        return true;
    }
    pthread_mutex_lock(&j->lock);
    if ((is_head = seq == j->synced))
        *out = j->head_synced;
    pthread_mutex_unlock(&j->lock);
    if (is_head)
        return true;
    uint64_t found = locate(r, seq, &h, &body);
    if (found == seq)
        *out = chain_next(&h.before, body, h.length);
    else if (found == seq + 1)
        *out = h.before;
    else if (find_segment(j, seq + 1, &s, &until) && s.first == seq + 1 && s.known)
        *out = s.before;
    else
        return false;
    return true;
}

/* ---- cursors -------------------------------------------------------------------------------------------------------- */
int journal_cursor_save(struct journal *j, const char *name, uint64_t value)
{
    char path[PATH_MAX], text[32];
    int n = snprintf(text, sizeof text, "%" PRIu64 "\n", value);
    snprintf(path, sizeof path, "%s/%s.cursor", j->dir, name);
    return file_replace(path, text, (size_t)n, j->set.mode & 0666, NULL);
}

bool journal_cursor_load(struct journal *j, const char *name, uint64_t *value)
{
    char path[PATH_MAX], *end;
    size_t length;
    snprintf(path, sizeof path, "%s/%s.cursor", j->dir, name);
    char *text = file_read(path, 64, &length, NULL);
    if (!text)
        return false;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    bool good = end != text && strcmp(end, "\n") == 0 && errno == 0 && text[0] != '-';
    free(text);
    if (good)
        *value = n;
    return good;
}
