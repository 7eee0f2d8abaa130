#include "collector/clerk.h"
#include "collector/ledger/ledger.h"
#include "collector/rules/fold.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { COMMIT_RECORDS = 2000, COMMIT_MS = 300, RETRY_MS = 1000 };

struct clerk {
    struct journal *journal;
    char *state_dir;
    int bell, own_bell;
    pthread_t thread;
    atomic_bool stopping;
    _Atomic uint64_t asked, committed;
    _Atomic int64_t alert_sent, line_sent;
    struct ledger *ledger;
    struct fold *fold;
    struct journal_reader *reader;
    uint64_t at; /* folded */
    struct fault why;
    atomic_bool failed; /* for the reason in why, which no longer changes */
};

static int piece(void *ctx, const char *key, const void *bytes, size_t length)
{
    return fold_restore(ctx, key, bytes, length);
}

static void let_go(struct clerk *c)
{
    ledger_close(c->ledger);
    fold_free(c->fold);
    c->ledger = NULL;
    c->fold = NULL;
}

/* Does the ledger stand on this journal, at a place that we can go on from? */
static bool fits(struct clerk *c, uint64_t *seq)
{
    struct hash held, ours;
    int version;
    if (!ledger_position(c->ledger, seq, &held, &version)) {
        *seq = 0;
        return journal_first(c->journal) <= 1;
    }
    return version == FOLD_VERSION && *seq <= journal_synced(c->journal) && journal_hash(c->reader, *seq, &ours) &&
           hash_equal(&held, &ours) && ledger_restore(c->ledger, piece, c->fold) == 0;
}

/* A journal without its beginning makes another ledger, without the sites and all that came of them. */
static int refuse_anew(struct clerk *c, struct fault *f)
{
    return fault(
        f, ERR_DENIED,
        "%s: its ledger is missing, damaged, of another journal or of another version of the rules, and cannot be "
        "made again: the journal begins with record %llu.  Restore a backup (quietair restore), or go on with the "
        "program that wrote this ledger",
        c->state_dir, (unsigned long long)journal_first(c->journal));
}

/* Opens the ledger, or a new one where the old cannot be gone on with; nothing is deleted. */
static int take_up(struct clerk *c, struct fault *f)
{
    uint64_t seq = 0;
    for (int try = 0; try < 2; try++) {
        c->fold = fold_new();
        int r = ledger_open(&c->ledger, c->state_dir, LEDGER_WRITE, f);
        if (!r && fits(c, &seq)) {
            c->at = seq;
            c->committed = seq;
            return 0;
        }
        if (r && r != ERR_CORRUPT && r != ERR_RANGE) {
            let_go(c);
            return r;
        }
        if (journal_first(c->journal) > 1) {
            let_go(c);
            return refuse_anew(c, f);
        }
        log_warn("rules", "the ledger does not fit the journal (%s): it is set aside and folded anew",
                 r && f ? f->text : "other version, or another journal");
        let_go(c);
        r = ledger_set_aside(c->state_dir, clock_wall_ms(), f);
        if (r)
            return r;
    }
    return fault(f, ERR_CORRUPT, "%s: a new ledger cannot be begun", c->state_dir);
}

static int commit(struct clerk *c)
{
    struct hash head;
    int64_t alert = c->alert_sent, line = c->line_sent;
    fold_save(c->fold, ledger_sink(c->ledger));
    if (alert)
        ledger_outbox_forget(c->ledger, OUTBOX_ALERT, alert);
    if (line)
        ledger_outbox_forget(c->ledger, OUTBOX_LINE, line);
    if (!journal_hash(c->reader, c->at, &head))
        head = (struct hash){0};
    int r = ledger_commit(c->ledger, c->at, &head, FOLD_VERSION);
    if (r) {
        log_error("rules", "the ledger cannot be written: %s", ledger_error(c->ledger));
        return r;
    }
    c->committed = c->at;
    bell_ring(c->bell);
    return 0;
}

/* r was read from rec; the journal is not asked again, since rec lives until the next call on its reader. */
static enum fold_result fold(struct clerk *c, const struct journal_record *rec, struct record *r)
{
    struct hash chain;
    if (r->kind == RECORD_TICK) {
        chain = chain_next(&rec->before, rec->bytes, rec->length);
        r->chain = &chain;
    }
    return fold_record(c->fold, r, ledger_sink(c->ledger));
}

/* Folds what is synced; commits as the fold demands.  0, or an error of the ledger. */
static int fold_on(struct clerk *c)
{
    struct journal_record rec;
    struct record r;
    bool due = false;
    uint64_t since = c->at;
    int64_t began = clock_mono_ms();
    for (uint64_t last = journal_synced(c->journal); c->at < last && !(c->stopping && due);) {
        uint64_t next = c->at + 1;
        int read = journal_read(c->reader, next, &rec);
        if (read == ERR_MISSING) /* trimmed or damaged */
            next = journal_next_held(c->reader, next);
        if (read == ERR_IO || next == 0)
            break; /* not to be had now */
        if (read == 1) {
            if (record_read(&r, rec.bytes, rec.length) == 0)
                due |= fold(c, &rec, &r) == FOLD_COMMIT;
        } else {
            next--;
        }
        c->at = next;
        if (due && (c->at - since >= COMMIT_RECORDS || clock_mono_ms() - began >= COMMIT_MS)) {
            int code = commit(c);
            if (code)
                return code;
            due = false;
            since = c->at;
            began = clock_mono_ms();
        }
    }
    bool asked = c->asked > c->committed && c->at >= c->asked;
    return due || asked ? commit(c) : 0;
}

/* Others read this ledger too and know it by its file: it is set aside here, and folded anew by the next start. */
static int put_aside(struct clerk *c)
{
    struct fault *f = &c->why;
    char said[160];
    if (journal_first(c->journal) > 1)
        return refuse_anew(c, f);
    snprintf(said, sizeof said, "%s", ledger_error(c->ledger));
    let_go(c);
    int r = ledger_set_aside(c->state_dir, clock_wall_ms(), f);
    return r ? r
             : fault(f, ERR_CORRUPT,
                     "%s: the ledger is damaged (%s): it is set aside, and the next start folds it anew", c->state_dir,
                     said);
}

/* What was folded since the last commit is gone from the ledger: begins again from there.  False: it cannot. */
static bool begin_again(struct clerk *c, int why)
{
    int r = why == ERR_CORRUPT ? put_aside(c) : ERR_AGAIN;
    let_go(c);
    while (r == ERR_AGAIN || r == ERR_IO || r == ERR_FULL) {
        if (c->stopping)
            return false;
        clock_sleep_until_ns(clock_mono_ns() + RETRY_MS * 1000000LL);
        r = take_up(c, &c->why);
    }
    c->failed = r != 0;
    if (r)
        bell_ring(c->bell);
    return !r;
}

static void *run(void *arg)
{
    struct clerk *c = arg;
    for (;;) {
        bool last = c->stopping;
        int r = fold_on(c);
        if (!r && last) {
            if (c->at > c->committed)
                commit(c);
            break;
        }
        if (r && (last || !begin_again(c, r)))
            break;
        bell_wait(c->own_bell, 500);
    }
    return NULL;
}

static struct clerk *clerk_new(struct journal *journal, const char *state_dir, int bell)
{
    struct clerk *c = xcalloc(1, sizeof *c);
    c->journal = journal;
    c->state_dir = xstrdup(state_dir);
    c->bell = bell;
    c->own_bell = bell_new();
    c->reader = journal_reader_new(journal);
    return c;
}

static void clerk_free(struct clerk *c)
{
    let_go(c);
    journal_reader_free(c->reader);
    close(c->own_bell);
    free(c->state_dir);
    free(c);
}

int clerk_start(struct clerk **out, struct journal *journal, const char *state_dir, int bell, struct fault *f)
{
    struct clerk *c = clerk_new(journal, state_dir, bell);
    int r = take_up(c, f);
    if (r) {
        clerk_free(c);
        return r;
    }
    service_thread(&c->thread, run, c);
    *out = c;
    return 0;
}

void clerk_wake(struct clerk *c)
{
    bell_ring(c->own_bell);
}

void clerk_ask(struct clerk *c, uint64_t seq)
{
    if (seq > c->asked)
        c->asked = seq;
    bell_ring(c->own_bell);
}

uint64_t clerk_committed(struct clerk *c)
{
    return c->committed;
}

int clerk_failed(struct clerk *c, struct fault *f)
{
    return c->failed ? fault(f, c->why.code, "%s", c->why.text) : 0;
}

void clerk_sent(struct clerk *c, int64_t alert_id, int64_t line_id)
{
    c->alert_sent = alert_id;
    c->line_sent = line_id;
}

void clerk_stop(struct clerk *c)
{
    c->stopping = true;
    bell_ring(c->own_bell);
    pthread_join(c->thread, NULL);
    clerk_free(c);
}
