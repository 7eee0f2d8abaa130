/* Reading: a reader stands in one segment and goes forward; what is damaged or gone is passed over as not held. */
#include "common/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct journal_reader {
    struct journal *journal;
    struct scan scan;  /* scan.fd -1: none open */
    uint64_t passed;   /* records <= passed of this segment lie before scan.offset */
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
    r->scan.fault_at = 0;
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

/* 1: it stands in that segment; 0: there is no such file that can be read; ERR_IO: not now. */
static int reader_enter(struct journal_reader *r, const struct segment *s, uint64_t until, uint64_t seq)
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
        r->scan.fd = segment_open(path, O_RDONLY, NULL);
        if (r->scan.fd < 0)
            return segment_error_passes(errno) ? ERR_IO : 0;
        r->scan.first = s->first;
        r->scan.offset = SEGMENT_HEADER;
        r->passed = 0;
        r->passed_at = 0;
    }
    r->scan.until = until;
    return !s->foreign;
}

/* 1: *h, *body is the first whole record with seq <= its number <= most (which is synced), and scan.offset stays on it.
 * 0: there is none.  ERR_IO. */
static int locate(struct journal_reader *r, uint64_t seq, uint64_t most, struct record_header *h, const uint8_t **body)
{
    struct segment s;
    uint64_t until;
    for (; seq <= most && find_segment(r->journal, seq, &s, &until); seq = until) {
        int entered = reader_enter(r, &s, until, seq);
        if (entered < 0)
            return entered;
        while (entered && scan_next(&r->scan, h, body) && h->seq <= most) {
            if (h->seq >= seq)
                return 1;
            r->passed = h->seq;
            r->passed_at = r->scan.offset;
            r->scan.offset = scan_after(&r->scan, h);
        }
        if (until == UINT64_MAX)
            break;
    }
    return 0;
}

int journal_read(struct journal_reader *r, uint64_t seq, struct journal_record *out)
{
    struct record_header h;
    const uint8_t *body;
    if (seq > journal_synced(r->journal))
        return 0;
    int found = seq ? locate(r, seq, seq, &h, &body) : 0;
    if (found != 1)
        return found ? found : ERR_MISSING;
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
    uint64_t synced = journal_synced(r->journal);
    int found = locate(r, seq + 1, synced, &h, &body);
    return found < 0 ? 0 : found ? h.seq : synced + 1;
}

bool journal_hash(struct journal_reader *r, uint64_t seq, struct hash *out)
{
    struct journal *j = r->journal;
    struct record_header h;
    const uint8_t *body;
    struct segment s;
    uint64_t until;
    uint64_t synced;
    if (seq == 0) {
        *out = (struct hash){0};
        return true;
    }
    pthread_mutex_lock(&j->lock);
    synced = j->synced;
    *out = j->head_synced;
    pthread_mutex_unlock(&j->lock);
    if (seq >= synced)
        return seq == synced;
    bool found = locate(r, seq, seq + 1, &h, &body) == 1;
    if (found && h.seq == seq)
        *out = chain_next(&h.before, body, h.length);
    else if (found)
        *out = h.before;
    else if (find_segment(j, seq + 1, &s, &until) && s.first == seq + 1 && s.known)
        *out = s.before;
    else
        return false;
    return true;
}
