#include "tests/sim/history.h"
#include "collector/ledger/ledger.h"
#include "common/civil.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/sim/asking.h"
#include "tests/sim/sending.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 120000, POLL_MS = 1, RETRY_MS = 50 };

struct history {
    struct past *past;
    const struct history_settings *set;
    struct history_figures *figures;
    struct asking *asking;
    struct sending *sending; /* NULL until the register is entered */
    int64_t *next;           /* by meter: of its next reading */
    int64_t dark_since;      /* the gateway is without power since its last reading; 0: it has power */
    int64_t newest;
    struct fault *fault;
};

/* ---- what the meters say ----------------------------------------------------------------------------------------- */

static struct course_moment moment_of(const struct history *h, int64_t at, int64_t interval)
{
    struct course_moment m = {.when = calendar_when(&h->past->calendar, at),
                              .since_start_ms = at - h->past->calendar.from_ms,
                              .interval_ms = interval};
    m.since_midnight_ms = at - civil_midnight(at, 0);
    return m;
}

static void clean(struct past_meter *m, int64_t at)
{
    for (; m->cleanings_done < m->cleaning_count && m->cleanings[m->cleanings_done] <= at; m->cleanings_done++)
        for (size_t i = 0; i < m->course_count; i++)
            course_cleaned(&m->courses[i].course);
}

static double to_decimals(double x, int decimals)
{
    double scale = pow(10, decimals);
    return round(x * scale) / scale;
}

/* One reading; a meter that is dead goes on living its life, and nobody hears of it. */
static int say_meter(struct history *h, struct past_meter *m, int64_t at)
{
    struct datum values[PAST_METRICS];
    struct metric_error errors[PAST_METRICS];
    char words[PAST_METRICS][16];
    struct course_moment now = moment_of(h, at, m->interval_ms);
    struct reading r = {.device = m->device, .ts = at, .values = values, .errors = errors};
    clean(m, at);
    for (size_t i = 0; i < m->course_count; i++) {
        const struct metric *metric = m->courses[i].metric;
        double x = 0;
        if (course_value(&m->courses[i].course, &now, &x)) {
            values[r.value_count++] =
                (struct datum){metric->name, {.kind = VALUE_NUMBER, .number = to_decimals(x, metric->decimals)}};
        } else {
            snprintf(words[r.error_count], sizeof words[0], "exception-%d", m->courses[i].course.base.exception);
            errors[r.error_count] = (struct metric_error){metric->name, words[r.error_count]};
            r.error_count++;
        }
    }
    if (h->dark_since || spans_contain(&m->silent, &now.when))
        return 0;
    if (spans_contain(&m->dead, &now.when) || !r.value_count) {
        r.error = r.value_count ? "timeout" : errors[0].error;
        r.value_count = r.error_count = 0;
    }
    *(r.error ? &h->figures->errors : &h->figures->readings) += 1;
    h->newest = at;
    return sending_reading(h->sending, &r);
}

/* The gateway loses its power, or has it back. */
static int look_at_power(struct history *h, int64_t at)
{
    struct when when = calendar_when(&h->past->calendar, at);
    bool down = spans_contain(&h->past->down, &when);
    if (down && !h->dark_since)
        h->dark_since = h->newest ? h->newest : at;
    if (down || !h->dark_since)
        return 0;
    int64_t since = h->dark_since;
    h->dark_since = 0;
    return sending_gap(h->sending, since, at);
}

static int64_t earliest(const struct history *h)
{
    int64_t at = INT64_MAX;
    for (size_t i = 0; i < h->past->meter_count; i++)
        at = h->next[i] < at ? h->next[i] : at;
    return at;
}

static int say_until(struct history *h, int64_t until)
{
    int r = 0;
    for (int64_t at; !r && (at = earliest(h)) <= until;) {
        r = look_at_power(h, at);
        for (size_t i = 0; !r && i < h->past->meter_count; i++) {
            struct past_meter *m = &h->past->meters[i];
            if (h->next[i] != at)
                continue;
            r = say_meter(h, m, at);
            h->next[i] += m->interval_ms;
        }
    }
    if (!r)
        r = sending_flush(h->sending, until);
    return r ? fault(h->fault, r, "the spool cannot be written") : 0;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

/* An ack comes at most ten times a second; the status tells at once how far our stream stands in the journal of this
 * life of the collector.  1: all of it; 0: not yet; ERR_LINK. */
static int arrived(struct history *h)
{
    struct json *answer;
    const char *epoch;
    int64_t seq;
    bool all = false;
    if (!h->sending)
        return 1;
    int r = asking_ask(h->asking, "status", "history", "status", "{}", &answer);
    const struct json *gateways = json_member(json_member(answer, "result"), "gateways");
    for (size_t i = 0; i < json_count(gateways); i++) {
        const struct json *g = json_at(gateways, i);
        if (json_text(json_member(g, "epoch"), &epoch) && strcmp(epoch, sending_epoch(h->sending)) == 0 &&
            json_int64(json_member(g, "seq"), &seq))
            all = (uint64_t)seq >= sending_last(h->sending);
    }
    json_close(answer);
    return r ? r : all;
}

/* Asks behind all that was said, and until there is an answer: of one life of the collector, or of the next. */
static int ask_in_order(struct history *h, const char *id, const char *actor, const char *verb, const char *args,
                        struct json **answer)
{
    *answer = NULL;
    for (int64_t deadline = clock_mono_ms() + PATIENCE_MS; clock_mono_ms() < deadline;) {
        bool linked = asking_connect(h->asking) == 0;
        int r = h->sending ? sending_turn(h->sending, linked ? 0 : RETRY_MS, h->fault) : 0;
        if (r)
            return r;
        r = linked ? arrived(h) : ERR_LINK;
        if (r == 1 && asking_ask(h->asking, id, actor, verb, args, answer) == 0)
            return 0;
        if (r == 0)
            r = sending_turn(h->sending, POLL_MS, h->fault);
        if (r == ERR_DENIED)
            return r;
        if (r == ERR_LINK && !h->sending)
            clock_sleep_until_ns(clock_mono_ns() + RETRY_MS * 1000000LL);
    }
    return fault(h->fault, ERR_LINK, "the collector gave no answer to %s, or took no frame, for %d s", verb,
                 PATIENCE_MS / 1000);
}

/* 0: it was done.  Its words otherwise, in *f. */
static int read_answer(const struct json *answer, struct fault *f)
{
    bool ok = false;
    const char *words = "", *first = NULL;
    json_bool(json_member(answer, "ok"), &ok);
    json_text(json_member(answer, "error"), &words);
    json_text(json_at(json_member(answer, "errors"), 0), &first);
    return ok ? 0 : fault(f, ERR_DENIED, "%s%s%s", words, first ? ": " : "", first ? first : "");
}

static int tick(struct history *h, int64_t at)
{
    struct json *answer;
    struct fault why;
    char args[48];
    snprintf(args, sizeof args, "{\"ts\":%lld}", (long long)at);
    int r = ask_in_order(h, "tick", "history", "tick", args, &answer);
    if (!r && read_answer(answer, &why) < 0)
        r = fault(h->fault, why.code, "tick: %s", why.text);
    json_close(answer);
    h->figures->ticks++;
    return r;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

struct newest { /* of what the ledger lists */
    const char *family;
    int64_t entered_at; /* of an entry */
    char id[17];
};

static void note_case(void *ctx, const struct case_row *row)
{
    struct newest *n = ctx;
    if (strcmp(row->family, n->family) == 0 && strcmp(row->state, "open") == 0)
        snprintf(n->id, sizeof n->id, "%s", row->id);
}

/* They are listed by the time of which they speak. */
static void note_entry(void *ctx, const struct entry_row *row)
{
    struct newest *n = ctx;
    if (row->entered_at < n->entered_at)
        return;
    n->entered_at = row->entered_at;
    snprintf(n->id, sizeof n->id, "%s", row->id);
}

/* `case:SITE:FAMILY`: its newest open case; `entry:KIND:SITE`: its newest entry of this kind. */
static bool find_in_ledger(const struct history *h, const char *what, const char *one, const char *two,
                           char id[static 17])
{
    struct ledger *ledger;
    bool cases = strcmp(what, "case") == 0;
    struct newest n = {.family = two};
    const struct sink to = {.ctx = &n, .case_ = note_case, .entry = note_entry};
    if ((!cases && strcmp(what, "entry") != 0) ||
        ledger_open(&ledger, h->set->collector->state_dir, LEDGER_READ, NULL) != 0)
        return false;
    if (cases)
        ledger_cases(ledger, one, &to);
    else
        ledger_entries(ledger, one, two, 0, INT64_MAX, &to);
    ledger_close(ledger);
    memcpy(id, n.id, sizeof n.id);
    return *n.id != 0;
}

/* Puts what a name between ${ and } stands for. */
static bool put_name(const struct history *h, const char *name, struct buf *out)
{
    char date[11], what[16], one[ID_SIZE], two[ID_SIZE], id[17], more;
    int day;
    if (calendar_day(&h->past->calendar, name, &day)) {
        calendar_date(&h->past->calendar, day, date);
        buf_text(out, date);
        return true;
    }
    if (sscanf(name, "%15[a-z]:%32[a-z0-9_-]:%32[a-z0-9_-]%c", what, one, two, &more) != 3 ||
        !find_in_ledger(h, what, one, two, id))
        return false;
    buf_text(out, id);
    return true;
}

static int put_args(const struct history *h, const struct past_command *c, struct buf *out)
{
    const char *at = c->args, *open;
    for (; (open = strstr(at, "${")); at = strchr(open, '}') + 1) {
        char name[100];
        const char *close = strchr(open, '}');
        buf_bytes(out, at, (size_t)(open - at));
        snprintf(name, sizeof name, "%.*s", close ? (int)(close - open - 2) : 0, open + 2);
        if (!close || !put_name(h, name, out))
            return fault(
                h->fault, ERR_MISSING,
                "[command %s]: ${%s} stands for nothing: a day (d3, w2), an open case (case:SITE:FAMILY) or an "
                "entry (entry:KIND:SITE)",
                c->name, name);
    }
    buf_text(out, at);
    return 0;
}

static void name_request(const struct history *h, const char *name, char id[static HASH_HEX])
{
    char text[160];
    int n = snprintf(text, sizeof text, "history|%s|%s|%lld|%lld", h->set->gateway, name, (long long)h->past->seed,
                     (long long)h->past->calendar.from_ms);
    struct hash hash = hash_of(text, (size_t)n);
    hash_hex(&hash, id);
    id[32] = 0;
}

/* Was it done, or refused, as the scenario says? */
static int check_answer(struct history *h, const struct past_command *c, const struct json *answer)
{
    char stamp[20];
    struct fault why = {0};
    bool done = read_answer(answer, &why) == 0;
    civil_stamp(c->at, stamp);
    if (done && c->refused)
        return fault(h->fault, ERR_DENIED, "[command %s], %s: %s was not refused", c->name, stamp, c->verb);
    if (!done && !c->refused)
        return fault(h->fault, why.code, "[command %s], %s: %s was refused: %s", c->name, stamp, c->verb, why.text);
    if (!done && !strstr(why.text, c->refused))
        return fault(h->fault, ERR_DENIED, "[command %s], %s: %s was refused for another reason: %s", c->name, stamp,
                     c->verb, why.text);
    return 0;
}

static int run_command(struct history *h, const struct past_command *c)
{
    char id[HASH_HEX];
    struct json *answer = NULL;
    struct buf args = buf_growing();
    name_request(h, c->name, id);
    int r = put_args(h, c, &args);
    if (!r)
        r = ask_in_order(h, id, c->actor, c->verb, args.data, &answer);
    if (!r)
        r = check_answer(h, c, answer);
    h->figures->commands++;
    json_close(answer);
    buf_free(&args);
    return r;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int enter_register(struct history *h)
{
    struct past_command c = {
        .name = "register", .verb = "site import", .actor = "history", .at = h->past->calendar.from_ms};
    struct buf args = buf_growing();
    if (!h->past->register_csv)
        return 0;
    buf_text(&args, "{\"file\":\"scenario\",\"csv\":");
    buf_json(&args, h->past->register_csv);
    buf_char(&args, '}');
    c.args = args.data;
    int r = run_command(h, &c);
    buf_free(&args);
    return r;
}

/* The commands of this instant, in the order of the file. */
static int run_commands(struct history *h, size_t *done, int64_t at)
{
    int r = 0;
    while (!r && *done < h->past->command_count && h->past->commands[*done].at <= at)
        r = run_command(h, &h->past->commands[(*done)++]);
    return r;
}

/* The register comes before the gateway: of one that no site lists nothing is taken. */
static int begin(struct history *h, size_t *commands)
{
    const struct sending_settings set = {&h->set->collector->mqtt, h->set->district, h->set->gateway,
                                         h->set->collector->name, h->past};
    int64_t from = h->past->calendar.from_ms;
    int r = tick(h, from);
    if (!r)
        r = enter_register(h);
    if (!r)
        r = run_commands(h, commands, from);
    return r ? r : sending_open(&h->sending, &set, h->fault);
}

static int play_on(struct history *h, size_t *commands)
{
    const struct past *p = h->past;
    int r = 0;
    for (int64_t at = p->calendar.from_ms, grid = at; !r && at < h->set->until_ms;) {
        if (grid <= at)
            grid += p->tick_ms;
        at = grid < h->set->until_ms ? grid : h->set->until_ms;
        if (*commands < p->command_count && p->commands[*commands].at < at)
            at = p->commands[*commands].at;
        r = say_until(h, at);
        if (!r)
            r = tick(h, at);
        if (!r)
            r = run_commands(h, commands, at);
    }
    return r;
}

int history_play(struct past *past, const struct history_settings *set, struct history_figures *figures,
                 struct fault *f)
{
    struct history h = {.past = past, .set = set, .figures = figures, .fault = f};
    size_t commands = 0;
    h.asking = asking_new(set->collector->socket);
    h.next = xcalloc(past->meter_count + 1, sizeof *h.next);
    for (size_t i = 0; i < past->meter_count; i++)
        h.next[i] = past->calendar.from_ms;
    int r = begin(&h, &commands);
    if (!r)
        r = play_on(&h, &commands);
    figures->unreached = past->command_count - commands;
    if (h.sending)
        figures->frames = sending_last(h.sending);
    sending_close(h.sending);
    asking_free(h.asking);
    free(h.next);
    return r;
}
