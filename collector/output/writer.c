#include "collector/output/writer.h"
#include "collector/ledger/ledger.h"
#include "collector/output/influx.h"
#include "collector/output/lines.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    WAIT_LEAST_MS = 1000,
    WAIT_MOST_MS = 30000,
    ASKED_MOST_MS = 600000, /* a server or proxy whose clock is wrong costs no day */
    STOP_MOST_MS = 3000,
    BYTES_MOST = 4 * 1024 * 1024
};

struct writer {
    const struct collector_settings *set;
    struct journal *journal;
    struct journal_reader *reader;
    struct influx *influx;
    struct ledger *ledger; /* NULL until there is one */
    pthread_t thread;
    atomic_bool stopping;
    _Atomic uint64_t position, refused;
    _Atomic uint64_t hole_to, skip_to; /* position + 1 to hole_to are not held; may be passed over up to skip_to */
    _Atomic int64_t outbox;
    int bell;
    bool trouble;
};

/* Journal records after the cursor, as lines.  Returns the seq they reach to. */
static uint64_t compose(struct writer *w, struct buf *out, size_t *lines)
{
    uint64_t at = w->position;
    struct journal_record rec;
    struct record r;
    while (*lines < (size_t)w->set->influx.batch && out->length < BYTES_MOST && at < journal_synced(w->journal)) {
        int read = journal_read(w->reader, at + 1, &rec);
        uint64_t next = read == ERR_MISSING ? journal_next_held(w->reader, at + 1) : 0;
        if (next) {
            uint64_t to = next - 1;
            if (at == w->position && to > w->hole_to)
                w->hole_to = to;
            if (at != w->position || w->skip_to < to) /* what is before it first; then it must be on record */
                break;
            at = to;
            continue;
        }
        if (read != 1)
            break; /* not to be had now */
        if (record_read(&r, rec.bytes, rec.length) == 0)
            *lines += lines_put(out, &r);
        at++;
    }
    return at;
}

static int64_t compose_outbox(struct writer *w, struct buf *out, size_t *lines)
{
    struct outbox_row row;
    int64_t id = w->outbox;
    if (!w->ledger && ledger_open(&w->ledger, w->set->state_dir, LEDGER_READ, NULL) != 0)
        return id;
    if (id > ledger_outbox_last(w->ledger, OUTBOX_LINE))
        id = 0; /* the ledger was folded anew and counts from the beginning */
    while (*lines < (size_t)w->set->influx.batch && ledger_outbox_next(w->ledger, OUTBOX_LINE, id, &row) == 1) {
        buf_text(out, row.line);
        buf_char(out, '\n');
        id = row.id;
        ++*lines;
    }
    return id;
}

static int64_t wait_ms(const struct writer *w, struct backoff *own)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) < 0)
        dice = (uint32_t)clock_mono_ns();
    int64_t asked = influx_retry_after_ms(w->influx), wait = backoff_wait_ms(own, dice);
    if (asked > ASKED_MOST_MS)
        asked = ASKED_MOST_MS;
    return asked > wait ? asked : wait;
}

/* Writes until the database has it.  False: a stop came first. */
static bool deliver(struct writer *w, const struct buf *b)
{
    struct backoff backoff = {.first_ms = WAIT_LEAST_MS, .most_ms = WAIT_MOST_MS};
    for (;;) {
        enum influx_result r = influx_write(w->influx, b->data, b->length);
        w->refused = influx_refused(w->influx);
        if (r == INFLUX_DONE) {
            if (w->trouble)
                log_info("lines", "the time series are written again");
            w->trouble = false;
            return true;
        }
        int64_t wait = wait_ms(w, &backoff);
        if (!w->trouble)
            log_warn("lines", "%s; readings wait in the journal; tried again in %lld s", influx_error(w->influx),
                     (long long)(wait + 999) / 1000);
        w->trouble = true;
        for (int64_t until = clock_mono_ms() + wait; clock_mono_ms() < until;) {
            if (w->stopping)
                return false;
            clock_sleep_until_ns(clock_mono_ns() + 50000000);
        }
    }
}

static void *run(void *arg)
{
    struct writer *w = arg;
    struct buf b = buf_growing();
    for (bool last = false; !last;) {
        last = w->stopping;
        size_t lines = 0;
        buf_clear(&b);
        uint64_t to = compose(w, &b, &lines);
        int64_t id = to == journal_synced(w->journal) ? compose_outbox(w, &b, &lines) : w->outbox;
        if (lines && !deliver(w, &b))
            break;
        if (to != w->position) {
            w->position = to;
            journal_cursor_save(w->journal, "lines", to);
        }
        if (id != w->outbox) {
            w->outbox = id;
            journal_cursor_save(w->journal, "lines-outbox", (uint64_t)id);
        }
        for (int64_t until = clock_mono_ms() + w->set->influx.flush_ms;
             lines < (size_t)w->set->influx.batch && !w->stopping && clock_mono_ms() < until;)
            bell_wait(w->bell, (int)(until - clock_mono_ms() > 100 ? 100 : until - clock_mono_ms()));
    }
    buf_free(&b);
    return NULL;
}

struct writer *writer_start(const struct collector_settings *set, struct journal *journal)
{
    char path[PATH_MAX];
    uint64_t n;
    struct writer *w = xcalloc(1, sizeof *w);
    snprintf(path, sizeof path, "%s/lines-refused.log", set->state_dir);
    w->set = set;
    w->journal = journal;
    w->reader = journal_reader_new(journal);
    w->influx = influx_new(&set->influx, path);
    w->bell = bell_new();
    if (journal_cursor_load(journal, "lines", &n) && n <= journal_synced(journal))
        w->position = n;
    if (journal_cursor_load(journal, "lines-outbox", &n))
        w->outbox = (int64_t)n;
    service_thread(&w->thread, run, w);
    return w;
}

void writer_stop(struct writer *w)
{
    influx_until(w->influx, clock_mono_ms() + STOP_MOST_MS);
    w->stopping = true;
    bell_ring(w->bell);
    pthread_join(w->thread, NULL);
    journal_reader_free(w->reader);
    influx_free(w->influx);
    ledger_close(w->ledger);
    close(w->bell);
    free(w);
}

uint64_t writer_position(struct writer *w)
{
    return w->position;
}

int64_t writer_outbox(struct writer *w)
{
    return w->outbox;
}

bool writer_skipping(struct writer *w, uint64_t *from, uint64_t *to)
{
    *to = w->hole_to; /* told for this position, which moves on only after writer_skip */
    *from = w->position + 1;
    return *to >= *from;
}

void writer_skip(struct writer *w, uint64_t to)
{
    if (w->skip_to == to)
        return;
    w->skip_to = to;
    bell_ring(w->bell);
}

uint64_t writer_refused(struct writer *w)
{
    return w->refused;
}
