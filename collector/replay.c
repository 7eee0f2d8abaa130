#include "collector/replay.h"
#include "collector/ahead.h"
#include "collector/rules/fold.h"
#include "common/journal.h"

#include <stdlib.h>
#include <string.h>

enum { COMMIT_RECORDS = 50000, PROGRESS_RECORDS = 2000 };

/* ---- what leaves the fold but is nobody's to receive ------------------------------------------------------------- */

static void no_alert(void *ctx, const char *topic, const char *payload, int64_t at)
{
    (void)ctx, (void)topic, (void)payload, (void)at;
}

static void no_line(void *ctx, const char *line)
{
    (void)ctx, (void)line;
}

static void no_answer(void *ctx, const char *request, const char *json)
{
    (void)ctx, (void)request, (void)json;
}

static void no_state(void *ctx, const char *key, const void *bytes, size_t length)
{
    (void)ctx, (void)key, (void)bytes, (void)length;
}

static struct sink rows_only(struct ledger *into)
{
    struct sink sink = *ledger_sink(into);
    sink.alert = no_alert;
    sink.line = no_line;
    sink.answer = no_answer;
    sink.state = no_state;
    return sink;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

struct run {
    struct replay *plan;
    struct journal_reader *reader;
    struct fold *fold;
    struct ledger *into;
    struct sink sink;
    bool configured;
};

static enum collector_clock clock_of(const struct record *r)
{
    const char *clock = "";
    struct json *body = json_open(r->body, r->body_length, NULL);
    json_text(json_member(body, "clock"), &clock);
    enum collector_clock c = strcmp(clock, "journal") == 0 ? COLLECTOR_CLOCK_JOURNAL : COLLECTOR_CLOCK_WALL;
    json_close(body);
    return c;
}

/* Without a configuration of their own: of the base, else the usual. */
static enum collector_clock clock_so_far(const struct run *run)
{
    return fold_clock_is_journal(run->fold) ? COLLECTOR_CLOCK_JOURNAL : COLLECTOR_CLOCK_WALL;
}

static void fold_config(struct run *run, const struct record *r, enum collector_clock clock)
{
    struct buf body = buf_growing();
    struct record ours = *r;
    collector_config_put(run->plan->rules, clock, &body);
    ours.kind = RECORD_CONFIG;
    ours.body = body.data;
    ours.body_length = body.length;
    fold_record(run->fold, &ours, &run->sink);
    buf_free(&body);
}

static void fold_one(struct run *run, const struct record *r)
{
    bool ours = run->plan->rules != NULL, config = r->kind == RECORD_CONFIG;
    if (ours && (config || !run->configured))
        fold_config(run, r, config ? clock_of(r) : clock_so_far(run));
    run->configured = true;
    if (ours && config)
        return;
    fold_record(run->fold, r, &run->sink);
}

static int commit(struct run *run, uint64_t at, struct fault *f)
{
    struct hash head = {0};
    journal_hash(run->reader, at, &head);
    int r = ledger_commit(run->into, at, &head, FOLD_VERSION);
    return r ? fault(f, r, "the replay's own ledger: %s", ledger_error(run->into)) : 0;
}

static int fold_next(struct run *run, const struct ahead_record *next, struct fault *f)
{
    struct replay *plan = run->plan;
    if (next->held) {
        plan->records++;
        fold_one(run, &next->record);
    } else {
        plan->missing++;
    }
    if (plan->progress && next->seq % PROGRESS_RECORDS == 0)
        plan->progress(plan->ctx, next->seq - plan->first + 1, plan->upto - plan->first + 1);
    return next->seq % COMMIT_RECORDS == 0 ? commit(run, next->seq, f) : 0;
}

static int piece(void *ctx, const char *key, const void *bytes, size_t length)
{
    return fold_restore(ctx, key, bytes, length);
}

/* From where the base stands, if it is one of this journal that this fold can go on from. */
static int begin_at_base(struct run *run, struct fault *f)
{
    struct hash held, ours;
    uint64_t seq = 0;
    int version = 0;
    if (!ledger_position(run->into, &seq, &held, &version))
        return fault(f, ERR_RANGE, "the base: nothing was committed to it yet");
    if (version != FOLD_VERSION)
        return fault(f, ERR_RANGE, "the base: is of version %d of the rules, this program has %d", version,
                     FOLD_VERSION);
    if (seq > run->plan->upto || !journal_hash(run->reader, seq, &ours) || !hash_equal(&held, &ours))
        return fault(f, ERR_RANGE, "the base: its record %llu is not one of this journal", (unsigned long long)seq);
    if (ledger_restore(run->into, piece, run->fold) != 0)
        return fault(f, ERR_CORRUPT, "the base: its memory cannot be read");
    run->plan->first = seq + 1;
    return 0;
}

/* plan->first is the first record to fold.  A hole at the beginning cannot be made good by anything but a base; damage
 * behind it is counted. */
static int begin(struct run *run, struct journal *journal, struct fault *f)
{
    uint64_t held = journal_first(journal);
    run->plan->first = 1;
    int code = run->plan->based ? begin_at_base(run, f) : 0;
    if (!code && run->plan->first < held && run->plan->upto)
        code =
            fault(f, ERR_MISSING,
                  "the journal begins with record %llu: what stood before (sites above all) is not known, and nothing "
                  "can be judged again from here%s",
                  (unsigned long long)held, run->plan->based ? ", nor from this base" : "; give a backup as --base");
    return code;
}

static int fold_all(struct run *run, struct journal *journal, struct fault *f)
{
    struct replay *plan = run->plan;
    const struct ahead_record *next;
    struct ahead *ahead;
    int code = begin(run, journal, f);
    if (code)
        return code;
    code = ahead_new(&ahead, journal, plan->first, plan->upto, f);
    if (code)
        return code;
    while (!code && (next = ahead_next(ahead)))
        code = fold_next(run, next, f);
    ahead_free(ahead);
    return code ? code : commit(run, plan->upto, f);
}

/* ---- the register as it came to be known ------------------------------------------------------------------------- */

struct versions {
    struct site *items;
    size_t count, capacity;
};

static void keep_version(void *ctx, const struct site *s)
{
    struct versions *v = ctx;
    if (v->count == v->capacity) {
        v->capacity = v->capacity ? 2 * v->capacity : 64;
        v->items = xrealloc(v->items, v->capacity * sizeof *v->items);
    }
    v->items[v->count++] = *s;
}

static int know_register(struct run *run, struct versions *v, struct fault *f)
{
    const struct sink to = {.ctx = v, .site = keep_version};
    int code = run->plan->register_of ? ledger_site_versions(run->plan->register_of, NULL, &to) : 0;
    if (code)
        return fault(f, code, "the register cannot be read: %s", ledger_error(run->plan->register_of));
    if (v->count)
        fold_hindsight(run->fold, v->items, v->count);
    return 0;
}

int replay_run(struct replay *plan, struct ledger *into, struct fault *f)
{
    struct journal *journal;
    int code = journal_open_read(&journal, plan->journal_dir, f);
    if (code)
        return code;
    struct run run = {
        .plan = plan, .reader = journal_reader_new(journal), .fold = fold_new(), .into = into, .sink = rows_only(into)};
    plan->records = plan->missing = 0;
    struct versions versions = {0};
    code = know_register(&run, &versions, f);
    if (!code)
        code = fold_all(&run, journal, f);
    fold_save(run.fold, &run.sink); /* how far each gateway's stream has come */
    if (!code)
        code = commit(&run, plan->upto, f);
    fold_free(run.fold);
    free(versions.items);
    journal_reader_free(run.reader);
    journal_close(journal);
    return code;
}
