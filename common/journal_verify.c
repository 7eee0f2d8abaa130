/* Verifying: unlike a reader, which steps over damage, this says the first fault there is. */
#include "common/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_RECORDS = 4096 };

struct walk {
    struct journal *journal;
    uint64_t due;       /* the record that comes next */
    struct hash before; /* h(due-1) */
    void (*progress)(void *ctx, uint64_t done, uint64_t all);
    void *ctx;
};

static void tell(const struct walk *w, uint64_t first)
{
    if (w->progress && (w->due % PROGRESS_RECORDS == 0 || w->due > w->journal->synced))
        w->progress(w->ctx, w->due - first, w->journal->synced - first + 1);
}

static int verify_header(struct walk *w, const struct segment *s, int fd, const char *path, struct fault *f)
{
    struct segment own = {.first = s->first};
    uint8_t head[SEGMENT_HEADER];
    if (pread(fd, head, sizeof head, 0) == SEGMENT_HEADER)
        segment_get(head, &own);
    if (!own.known)
        return fault(f, ERR_CORRUPT, "record %" PRIu64 ": %s: its header is damaged", s->first, path);
    if (!w->due) {
        w->due = s->first;
        w->before = own.before;
    }
    if (s->first != w->due)
        return fault(f, ERR_CORRUPT, "record %" PRIu64 ": not held; %s begins with %" PRIu64, w->due, path, s->first);
    if (!hash_equal(&own.before, &w->before))
        return fault(f, ERR_CORRUPT, "record %" PRIu64 ": %s does not continue the chain", s->first, path);
    return 0;
}

/* Records up to where the next segment begins, or to what is synced: each where the one before ends. */
static int verify_records(struct walk *w, struct scan *scan, const char *path, struct fault *f)
{
    uint64_t first = w->journal->segments[0].first;
    struct record_header h;
    const uint8_t *body;
    while (w->due < scan->until && w->due <= w->journal->synced) {
        int64_t at = scan->offset;
        if (!scan_next(scan, &h, &body) || scan->offset != at || h.seq != w->due)
            return fault(f, ERR_CORRUPT, "record %" PRIu64 ": damaged or missing in %s at byte %lld", w->due, path,
                         (long long)at);
        if (!hash_equal(&h.before, &w->before))
            return fault(f, ERR_CORRUPT, "record %" PRIu64 ": does not continue the chain, in %s at byte %lld", w->due,
                         path, (long long)at);
        w->before = chain_next(&h.before, body, h.length);
        w->due++;
        scan->offset = scan_after(scan, &h);
        tell(w, first);
    }
    return 0;
}

static int verify_segment(struct walk *w, size_t i, struct fault *f)
{
    const struct journal *j = w->journal;
    const struct segment *s = &j->segments[i];
    char path[PATH_MAX];
    segment_path(j, s->first, path);
    struct scan scan = {.fd = open(path, O_RDONLY | O_CLOEXEC),
                        .first = s->first,
                        .until = i + 1 < j->count ? j->segments[i + 1].first : UINT64_MAX,
                        .offset = SEGMENT_HEADER};
    if (scan.fd < 0)
        return fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    int code = verify_header(w, s, scan.fd, path, f);
    if (!code)
        code = verify_records(w, &scan, path, f);
    free(scan.window);
    close(scan.fd);
    return code;
}

int journal_verify(struct journal *j, void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
                   struct fault *f)
{
    struct walk w = {.journal = j, .progress = progress, .ctx = ctx};
    int code = 0;
    for (size_t i = 0; !code && i < j->count; i++)
        code = verify_segment(&w, i, f);
    return code;
}
