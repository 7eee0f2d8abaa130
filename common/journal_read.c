/* Reading: a reader stands in one segment and goes forward; what is damaged or gone is passed over as not held. */
#include "common/journal_private.h"

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
