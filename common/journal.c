/* The writer: appends, syncs, trims, and keeps the cursors. */
#include "common/journal.h"
#include "common/file.h"
#include "common/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- appending ------------------------------------------------------------------------------------------------------ */
/* Also where a limit on the file's size says so (setrlimit(2)). */
static bool no_room(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
}

/* Always a file of its own: not through a link, and not the one whose fdatasync failed. */
static int create_segment(struct journal *j, const char *path, uint64_t first)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    if (j->count && j->segments[j->count - 1].first == first)
        unlink(path); /* nothing that is durable stands in it: this is it, anew */
    int fd = open(path, flags, j->set.mode & 0666);
    return fd < 0 && errno == EEXIST && segment_set_aside(j, path) == 0 ? open(path, flags, j->set.mode & 0666) : fd;
}

static int begin_segment(struct journal *j, int64_t now_ms)
{
    struct segment s = {
        .first = j->last + 1, .created_ms = now_ms, .before = j->head, .known = true, .bytes = SEGMENT_HEADER};
    uint8_t head[SEGMENT_HEADER];
    char path[PATH_MAX];
    segment_put(head, &s);
    segment_path(j, s.first, path);
    int fd = create_segment(j, path, s.first);
    if (fd < 0)
        return no_room() ? ERR_FULL : ERR_IO;
    ssize_t n = pwrite(fd, head, SEGMENT_HEADER, 0);
    if (n != SEGMENT_HEADER || fdatasync(fd) != 0 || file_sync_dir(j->dir) != 0) {
        int full = n < 0 ? no_room() : n != SEGMENT_HEADER;
        close(fd);
        unlink(path);
        return full ? ERR_FULL : ERR_IO;
    }
    pthread_mutex_lock(&j->lock);
    if (j->count && j->segments[j->count - 1].first == s.first)
        j->count--;
    j->segments = xrealloc(j->segments, (j->count + 1) * sizeof s);
    j->segments[j->count++] = s;
    pthread_mutex_unlock(&j->lock);
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->end = SEGMENT_HEADER;
    return 0;
}

/* Gives the newest segment up at what is synced; the next append begins another.  What stands behind that is cut, so
 * that no later life takes it for durable: the system may have forgotten by then that it could not be written. */
static void give_up(struct journal *j)
{
    (void)!ftruncate(j->fd, j->segments[j->count - 1].bytes);
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
    bool full = n >= 0 || no_room();
    return full && ftruncate(j->fd, j->end) == 0 ? ERR_FULL : ERR_IO;
}

int journal_append(struct journal *j, const void *bytes, size_t length, int64_t now_ms, uint64_t *seq)
{
    if (length > JOURNAL_RECORD_MAX)
        return ERR_RANGE;
    if (journal_begins_segment(j)) {
        int r = begin_segment(j, now_ms);
        if (r)
            return r; /* nothing waited for a sync */
    }
    struct record_header h = {.length = (uint32_t)length,
                              .body_crc = segment_crc(bytes, length),
                              .seq = j->last + 1,
                              .time_ms = now_ms,
                              .before = j->head};
    uint8_t head[RECORD_HEADER];
    record_header_put(head, &h);
    int r = append_bytes(j, head, bytes, length);
    if (r == ERR_IO)
        give_up(j);
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

unsigned journal_set_aside(const struct journal *j)
{
    return j->aside;
}

uint64_t journal_drop_oldest(struct journal *j)
{
    char path[PATH_MAX];
    uint64_t gone = 0;
    if (j->count < 2)
        return 0;
    segment_path(j, j->segments[0].first, path);
    pthread_mutex_lock(&j->lock);
    if (unlink(path) == 0 || errno == ENOENT) { /* else it makes no room, and stays held */
        gone = j->segments[1].first - j->segments[0].first;
        memmove(j->segments, j->segments + 1, --j->count * sizeof *j->segments);
    }
    pthread_mutex_unlock(&j->lock);
    if (gone)
        file_sync_dir(j->dir);
    return gone;
}

void journal_limit(struct journal *j, int64_t max_bytes, int64_t max_age_ms)
{
    j->set.max_bytes = max_bytes;
    j->set.max_age_ms = max_age_ms;
}

/* The newest record of a segment is about as old as its successor, or where that does not tell when it was begun, the
 * next. */
bool journal_oldest(const struct journal *j, uint64_t *last, int64_t *until_ms)
{
    size_t i = 1;
    if (j->count < 2)
        return false;
    *last = j->segments[1].first - 1;
    while (i < j->count && (!j->segments[i].known || !j->segments[i].created_ms))
        i++;
    *until_ms = i < j->count ? j->segments[i].created_ms : 0;
    return true;
}

static bool oldest_is_older(const struct journal *j, int64_t than_ms)
{
    uint64_t last;
    int64_t until;
    return journal_oldest(j, &last, &until) && until && until < than_ms;
}

uint64_t journal_trim(struct journal *j, int64_t now_ms)
{
    uint64_t gone = 0;
    while (j->count > 1) {
        bool too_big = j->set.max_bytes > 0 && journal_bytes(j) > j->set.max_bytes;
        bool too_old = j->set.max_age_ms > 0 && oldest_is_older(j, now_ms - j->set.max_age_ms);
        if (!too_big && !too_old)
            break;
        uint64_t dropped = journal_drop_oldest(j);
        if (!dropped)
            break;
        gone += dropped;
    }
    return gone;
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
