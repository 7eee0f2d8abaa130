/* The journal's oldest segments deleted, where retention.h says so.
 *
 * What intake knows from them is saved first (base.h): a second intake follows the journal's beginning, a part each
 * time the loop comes round.  A death in between leaves a base that stands further than the beginning, which does no
 * harm.
 */
#include "collector/base.h"
#include "collector/collector_private.h"
#include "collector/hold.h"
#include "collector/retention.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVERY_MS = 1000, RECORDS_AT_A_TIME = 500, BYTES_AT_A_TIME = 1 << 20, RULES_WAITS = 10 };

struct retention_state {
    int hold;
    struct base base;
    struct intake *behind; /* what the base knows; NULL: not begun */
    struct journal_reader *reader;
    int64_t at, due_since;        /* ms of the machine's own time */
    enum retention verdict, said; /* now; and as it was logged last */
    int rules_waits;              /* how often in a row the rules were not there yet */
    uint64_t deleted;             /* records, since the start */
    bool failing;
    char case_id[17]; /* the oldest open one, when asked last */
};

/* ---- start and end ----------------------------------------------------------------------------------------------- */

/* The intake with what was known before the journal's first record; *from: the record after which it is to be brought
 * up by the journal. */
static struct intake *take_up(struct collector *c, uint64_t *from)
{
    struct retention_state *s = c->retention;
    struct intake *in = intake_new(c->set->mqtt.root);
    struct fault f;
    int r = base_load(c->set->state_dir, s->reader, journal_synced(c->journal), &s->base, in, &f);
    if (r < 0) {
        log_error("journal", "%s", f.text);
        intake_free(in);
        in = intake_new(c->set->mqtt.root);
        s->base = (struct base){0};
    }
    if (r != 1 && journal_first(c->journal) > 1)
        log_error("journal",
                  "it begins with record %llu, and what intake knew before is not to be had: gateways wait "
                  "until the sites are imported again",
                  (unsigned long long)journal_first(c->journal));
    *from = s->base.seq;
    return in;
}

struct intake *retention_begin(struct collector *c, uint64_t *from)
{
    struct retention_state *s = xcalloc(1, sizeof *s);
    c->retention = s;
    s->hold = hold_make(c->set->state_dir);
    if (s->hold < 0)
        log_error("journal", "%s/journal/hold cannot be made: nothing is deleted", c->set->state_dir);
    s->reader = journal_reader_new(c->journal);
    struct intake *in = take_up(c, from);
    c->skipped = s->base.skipped;
    c->skip_to = s->base.skip_to;
    return in;
}

void retention_end(struct collector *c)
{
    struct retention_state *s = c->retention;
    if (!s)
        return;
    if (s->hold >= 0)
        close(s->hold);
    intake_free(s->behind);
    journal_reader_free(s->reader);
    free(s);
    c->retention = NULL;
}

/* ---- the base follows -------------------------------------------------------------------------------------------- */

static void take_in(struct retention_state *s, const struct journal_record *rec)
{
    struct record r;
    if (record_read(&r, rec->bytes, rec->length) != 0)
        return;
    r.seq = rec->seq;
    intake_apply(s->behind, &r);
    s->base.skipped += skip_read(&r, &s->base.skip_to);
}

/* Takes in the next record up to `last`, or steps over a hole.  How many bytes it had; ERR_IO: cannot be told now. */
static int64_t follow_one(struct retention_state *s, uint64_t last)
{
    struct journal_record rec = {0};
    uint64_t next = journal_next_held(s->reader, s->base.seq);
    int r = next && next <= last ? journal_read(s->reader, next, &rec) : ERR_MISSING;
    if (!next || r == ERR_IO)
        return ERR_IO;
    if (r == 1)
        take_in(s, &rec);
    s->base.seq = next < last ? next : last;
    return (int64_t)rec.length;
}

/* False: not yet there. */
static bool follow(struct collector *c, uint64_t last)
{
    struct retention_state *s = c->retention;
    uint64_t from;
    if (!s->behind)
        s->behind = take_up(c, &from);
    int64_t bytes = 0, n = 0;
    for (int i = 0; i < RECORDS_AT_A_TIME && bytes < BYTES_AT_A_TIME && n >= 0 && s->base.seq < last; i++) {
        n = follow_one(s, last);
        bytes += n;
    }
    return s->base.seq >= last;
}

/* ERR_IO: what stands for the records cannot be written; they stay. */
static int delete_oldest(struct collector *c)
{
    struct retention_state *s = c->retention;
    struct fault f;
    if (!journal_hash(s->reader, s->base.seq, &s->base.head))
        s->base.head = (struct hash){0}; /* damaged on both sides of it */
    int code = base_save(c->set->state_dir, &s->base, s->behind, &f);
    uint64_t gone = code ? 0 : journal_drop_oldest(c->journal);
    if (!code && !gone)
        code = fault(&f, ERR_IO, "the oldest segment cannot be removed");
    if (code && !s->failing)
        log_error("journal", "%s: nothing is deleted", f.text);
    s->failing = code != 0;
    s->deleted += gone;
    return code;
}

/* ---- the loop's turn --------------------------------------------------------------------------------------------- */

/* The ledger cannot be asked: as if a case were open since ever. */
static int64_t oldest_case(struct collector *c)
{
    int64_t since = 0;
    if (!ledger_readable(c) || ledger_oldest_case(c->ledger, &since, c->retention->case_id) < 0)
        return 1;
    return since;
}

static void say(struct collector *c, enum retention verdict, const struct retention_view *v)
{
    struct retention_state *s = c->retention;
    static const char *const why[] = {
        [RETENTION_WAITS] = "is due by the clock; it goes when that has been so for a day",
        [RETENTION_LAW] =
            "may not go before [journal] min_age: this journal needs more than max_bytes, see to the disk",
        [RETENTION_RULES] = "may not go before the rules have passed it",
        [RETENTION_CASE] = "is kept for an open case",
        [RETENTION_BACKUP] = "is kept while somebody copies or verifies the journal"};
    s->verdict = verdict;
    s->rules_waits = verdict == RETENTION_RULES ? s->rules_waits + 1 : 0;
    if (verdict == s->said || (verdict == RETENTION_RULES && s->rules_waits < RULES_WAITS)) /* a commit is on its way */
        return;
    s->said = verdict;
    if (verdict == RETENTION_GOES && !s->deleted)
        log_info("journal", "records up to %llu go: %lld bytes, limit %lld", (unsigned long long)v->last,
                 (long long)v->bytes, (long long)c->set->journal.max_bytes);
    else if (verdict == RETENTION_WAITS || verdict == RETENTION_BACKUP)
        log_info("journal", "the segment up to record %llu %s", (unsigned long long)v->last, why[verdict]);
    else if (verdict != RETENTION_KEEPS && verdict != RETENTION_GOES)
        log_warn("journal", "the segment up to record %llu %s%s%s", (unsigned long long)v->last, why[verdict],
                 verdict == RETENTION_CASE ? ": " : "", verdict == RETENTION_CASE ? s->case_id : "");
}

static enum retention judge(struct collector *c, struct retention_view *v, int64_t mono)
{
    struct retention_state *s = c->retention;
    *v = (struct retention_view){
        .bytes = journal_bytes(c->journal), .now_ms = clock_wall_ms(), .rules_at = clerk_committed(c->clerk)};
    if (s->hold < 0 || !journal_oldest(c->journal, &v->last, &v->until_ms))
        return RETENTION_KEEPS;
    enum retention verdict = retention_judge(&c->set->journal, v, mono, &s->due_since);
    if (verdict != RETENTION_GOES)
        return verdict;
    v->case_since_ms = oldest_case(c); /* a question to the ledger: asked only when it matters */
    return retention_judge(&c->set->journal, v, mono, &s->due_since);
}

void retention_step(struct collector *c)
{
    struct retention_state *s = c->retention;
    struct retention_view v;
    int64_t mono = clock_mono_ms();
    if (mono < s->at || c->failed)
        return;
    enum retention verdict = judge(c, &v, mono);
    bool free_to = verdict == RETENTION_GOES && follow(c, v.last), held = free_to && !hold_alone(s->hold);
    say(c, held ? RETENTION_BACKUP : verdict, &v);
    if (verdict == RETENTION_RULES)
        clerk_ask(c->clerk, v.last); /* it may have folded it, and see no hurry to commit */
    int code = 0;
    if (free_to && !held) {
        code = delete_oldest(c);
        hold_done(s->hold);
    }
    if (verdict != RETENTION_GOES || held || code)
        s->at = mono + EVERY_MS;
}

void retention_put(const struct collector *c, struct buf *b)
{
    const struct retention_state *s = c->retention;
    int64_t bytes = journal_bytes(c->journal), most = c->set->journal.max_bytes;
    const char *held = retention_words[s->verdict];
    buf_print(b, ",\"max_bytes\":%lld,\"over_bytes\":%lld,\"deleted\":%llu,\"held_by\":", (long long)most,
              (long long)(most && bytes > most ? bytes - most : 0), (unsigned long long)s->deleted);
    if (*held)
        buf_json(b, held);
    else
        buf_text(b, "null");
    if (s->verdict == RETENTION_CASE)
        buf_print(b, ",\"case\":\"%s\"", s->case_id);
}
