/* One poll: the requests of one group of metrics, what became of each, and the readings that say so. */
#include "common/clock.h"
#include "common/log.h"
#include "firmware-gateway/bus_private.h"

/* ---- readings ---- */

static int64_t rising(int64_t last, int64_t now)
{
    return now > last ? now : last + 1;
}

static void emit(struct bus *bus, struct polled *d, int64_t ts_ms, struct reading *r)
{
    d->last_ts = rising(d->last_ts, ts_ms);
    r->device = d->section->name;
    r->ts = d->last_ts;
    bus->events.reading(bus->events.ctx, d->index, r);
}

void poll_suspended(struct bus *bus, struct polled *d, uint64_t slots, int64_t now_ms)
{
    int64_t until = rising(d->last_ts, now_ms), from = d->last_ts + d->section->interval_ms;
    struct reading r = {.error = "suspended", .until = until, .slots = (int64_t)slots};
    if (!d->last_ts || !slots)
        return;
    r.from = from < until ? from : d->last_ts;
    pthread_mutex_lock(&bus->lock);
    d->counters.suspended += slots;
    pthread_mutex_unlock(&bus->lock);
    emit(bus, d, until, &r);
}

/* The metrics of a block go into the next reading of this poll as errors. */
static void hold_errors(struct bus *bus, const struct cover *c, const struct cover_block *b, const char *error)
{
    for (size_t i = 0; i < b->ask.metric_count; i++)
        bus->errors[bus->error_count++] =
            (struct metric_error){.metric = c->metrics[b->ask.metrics[i]].name, .error = error};
}

static void emit_held(struct bus *bus, struct polled *d, int64_t ts_ms)
{
    struct reading r = {.errors = bus->errors, .error_count = bus->error_count};
    if (bus->error_count)
        emit(bus, d, ts_ms, &r);
    bus->error_count = 0;
}

static void emit_values(struct bus *bus, struct polled *d, const struct cover *c, const struct plan_block *block,
                        int64_t ts_ms)
{
    struct decoded *decoded = &bus->decoded;
    decode_block(c->metrics, block, bus->words, decoded);
    if (decoded->error_count) {
        pthread_mutex_lock(&bus->lock);
        d->counters.errors[ANSWER_GARBAGE]++;
        pthread_mutex_unlock(&bus->lock);
    }
    size_t errors = decoded->error_count;
    for (size_t i = 0; i < bus->error_count; i++)
        decoded->errors[errors++] = bus->errors[i];
    bus->error_count = 0;
    struct reading r = {.values = decoded->values,
                        .value_count = decoded->value_count,
                        .errors = decoded->errors,
                        .error_count = errors,
                        .quality =
                            decoded->quality | marks_judge(d->marks, decoded->values, decoded->value_count, ts_ms)};
    emit(bus, d, ts_ms, &r);
}

/* Nothing at all was read: the whole device failed, where this is its first group. */
static void emit_failure(struct bus *bus, struct polled *d, const char *error, int64_t ts_ms)
{
    struct reading r = {.error = error};
    bus->error_count = 0;
    emit(bus, d, ts_ms, &r);
}

/* ---- one request ---- */

static uint8_t function_of(enum profile_table table)
{
    static const uint8_t functions[] = {[TABLE_HOLDING] = 3, [TABLE_INPUT] = 4, [TABLE_COIL] = 1, [TABLE_DISCRETE] = 2};
    return functions[table];
}

static struct question question_of(const struct device_section *d, enum profile_table table, uint16_t address,
                                   uint16_t count)
{
    return (struct question){
        .unit = (uint8_t)d->unit, .function = function_of(table), .address = address, .count = count};
}

static struct question block_question(const struct device_section *d, const struct plan_block *b)
{
    return question_of(d, b->table, b->address, b->count);
}

/* Does the other question's answer look the same, and come from other registers? */
static bool is_rival(const struct question *q, struct question other)
{
    return other.unit == q->unit && other.function == q->function && question_bytes(&other) == question_bytes(q) &&
           (other.address != q->address || other.count != q->count);
}

/* Is there such a question on this bus? */
static bool is_rivalled(const struct bus *bus, const struct question *q)
{
    for (size_t i = 0; i < bus->count; i++) {
        const struct polled *d = &bus->devices[i];
        const struct profile *p = d->section->profile;
        for (size_t t = 0; t < p->text_count; t++)
            if (is_rival(q, question_of(d->section, p->texts[t].table, p->texts[t].address, p->texts[t].count)))
                return true;
        for (size_t g = 0; g < d->section->group_count; g++)
            for (size_t b = 0; b < d->covers[g].count; b++)
                if (is_rival(q, block_question(d->section, &d->covers[g].blocks[b].ask)))
                    return true;
    }
    return false;
}

static void count(struct bus *bus, struct polled *d, const struct answer *a, bool asked, const uint64_t *refused_before)
{
    int64_t in_use = 0, quiet_ns = link_quiet_until_ns(bus->link);
    if (asked && bus->section->type != BUS_TCP && quiet_ns > a->ended_ns)
        in_use = quiet_ns - a->begun_ns;
    else if (asked)
        in_use = a->ended_ns - a->begun_ns;
    pthread_mutex_lock(&bus->lock);
    bus->busy_ns += in_use;
    d->counters.busy_ns += in_use;
    for (int i = 0; i < REFUSALS; i++)
        d->counters.refused[i] += link_refused(bus->link)[i] - refused_before[i];
    if (answer_is_alive(a))
        latency_add(&d->counters.latency, a->ended_ns - a->begun_ns);
    if (a->kind == ANSWER_EXCEPTION)
        d->counters.exceptions[a->exception]++;
    else
        d->counters.errors[a->kind]++;
    pthread_mutex_unlock(&bus->lock);
}

enum asking { ASK_DONE, ASK_BARRED, ASK_STOPPED };

/* Once, when the line is free for it. */
static enum asking ask_once(struct bus *bus, struct polled *d, const struct asked *asked, struct answer *a,
                            int64_t *free_ms)
{
    uint64_t refused[REFUSALS];
    bool open = link_open(bus->link, d->section->timeout_ms), there = false;
    *a = (struct answer){.kind = ANSWER_UNPLUGGED, .ts_ms = clock_boot_ms()};
    for (int i = 0; i < REFUSALS; i++)
        refused[i] = link_refused(bus->link)[i];
    while (open && !(there = link_wait(bus->link, asked))) {
        if (!bus_wait_until(bus, 0))
            return ASK_STOPPED;
        open = link_open(bus->link, d->section->timeout_ms); /* closed while idle: a new one at once */
    }
    int64_t free_ns = there ? link_free_ns(bus->link, asked) : 0;
    if (free_ns > clock_mono_ns()) {
        *free_ms = free_ns / 1000000 + 1;
        return ASK_BARRED;
    }
    if (there)
        *a = link_ask(bus->link, asked, bus->words);
    if (a->stopped)
        return ASK_STOPPED;
    count(bus, d, a, there, refused);
    return ASK_DONE;
}

/* Repeated as far as that makes sense: not after an exception, which would only come again. */
static enum asking ask(struct bus *bus, struct polled *d, const struct plan_block *block, struct answer *a,
                       int64_t *free_ms)
{
    int64_t attempts = 1 + (breaker_retries(&d->breaker) ? bus->section->retries : 0);
    struct asked asked = {.q = block_question(d->section, block),
                          .timeout_ns = d->section->timeout_ms * 1000000,
                          .worst_ns = d->section->worst_answer_ms * 1000000};
    asked.rivalled = is_rivalled(bus, &asked.q);
    for (bool again = false;; again = true) {
        struct answer next;
        bool proven = link_is_proven(bus->link);
        enum asking done = ask_once(bus, d, &asked, &next, free_ms);
        if (done == ASK_BARRED && again)
            return ASK_DONE; /* *a says how it failed */
        if (done != ASK_DONE)
            return done;
        *a = next;
        if (answer_is_alive(a))
            return ASK_DONE;
        if (a->kind == ANSWER_UNPLUGGED && proven) /* closed while idle, as it were: once more on a new connection */
            continue;
        if (a->kind == ANSWER_UNPLUGGED || --attempts <= 0)
            return ASK_DONE;
    }
}

/* ---- one poll ---- */

struct poll {
    struct cover *cover;
    size_t group, asked;
    bool alive; /* something was answered */
    enum poll_result result;
    const char *refusal; /* the newest word of those set aside or refused */
    int64_t ts_ms;
    int64_t free_ms;
};

static void take_exception(struct bus *bus, struct poll *p, size_t *at, const struct answer *a)
{
    struct cover *c = p->cover;
    p->alive = true;
    p->result = POLL_ERRORS;
    p->refusal = answer_error(a);
    p->ts_ms = a->ts_ms;
    if (a->sure && cover_is_refusal(a->exception) && cover_refused(c, *at, a->exception, clock_mono_ms()))
        return; /* its halves come next */
    hold_errors(bus, c, &c->blocks[(*at)++], answer_error(a));
}

/* What is not asked any more is known beforehand, and goes with the first values. */
static void hold_refusals(struct bus *bus, struct poll *p)
{
    for (size_t i = 0; i < p->cover->count; i++) {
        const struct cover_block *b = &p->cover->blocks[i];
        if (!b->exception)
            continue;
        p->refusal = answer_error(&(struct answer){.kind = ANSWER_EXCEPTION, .exception = b->exception});
        p->result = POLL_ERRORS;
        hold_errors(bus, p->cover, b, p->refusal);
    }
}

/* No answer to this request: what it and the rest of the poll should have read failed likewise. */
static void give_up(struct bus *bus, struct polled *d, struct poll *p, size_t at, const struct answer *a)
{
    const struct cover *c = p->cover;
    p->result = a->kind == ANSWER_UNPLUGGED ? POLL_UNPLUGGED : p->alive ? POLL_ERRORS : POLL_SILENT;
    if (!p->alive && p->group == 0) {
        emit_failure(bus, d, answer_error(a), a->ts_ms);
        return;
    }
    for (; at < c->count; at++)
        if (!c->blocks[at].exception)
            hold_errors(bus, c, &c->blocks[at], answer_error(a));
}

/* Asks blocks[*at] and moves on, to the next or to its first half.  False: the poll is over. */
static bool poll_block(struct bus *bus, struct polled *d, struct poll *p, size_t *at)
{
    struct cover *c = p->cover;
    struct cover_block *b = &c->blocks[*at];
    struct answer a;
    if (b->exception)
        return ++*at;
    enum asking done = ask(bus, d, &b->ask, &a, &p->free_ms);
    if (done == ASK_STOPPED) {
        p->result = POLL_STOPPED;
        return false;
    }
    if (done == ASK_BARRED) {
        hold_errors(bus, c, b, "suspended");
        return ++*at;
    }
    p->asked++;
    p->ts_ms = a.ts_ms;
    if (a.kind == ANSWER_VALUES) {
        emit_values(bus, d, c, &b->ask, a.ts_ms);
        p->result = bus->decoded.error_count ? POLL_ERRORS : p->result;
        p->alive = true;
        return ++*at;
    }
    if (a.kind == ANSWER_EXCEPTION) {
        take_exception(bus, p, at, &a);
        return true;
    }
    give_up(bus, d, p, *at, &a);
    return false;
}

enum poll_result poll_group(struct bus *bus, struct polled *d, size_t group, int64_t *free_ms)
{
    struct poll p = {.cover = &d->covers[group], .group = group, .ts_ms = clock_boot_ms()};
    size_t metrics = d->section->groups[group].metric_count;
    pthread_mutex_lock(&bus->lock);
    d->counters.polls++;
    pthread_mutex_unlock(&bus->lock);
    cover_refresh(p.cover, clock_mono_ms());
    bus->error_count = 0;
    hold_refusals(bus, &p);
    for (size_t at = 0; at < p.cover->count && poll_block(bus, d, &p, &at);)
        ;
    if (!p.asked && p.free_ms && p.result != POLL_STOPPED) {
        *free_ms = p.free_ms;
        return POLL_BARRED;
    }
    if (group == 0 && p.refusal && bus->error_count == metrics)
        emit_failure(bus, d, p.refusal, p.ts_ms); /* the device refuses all of it */
    else
        emit_held(bus, d, p.ts_ms);
    return p.result;
}

/* ---- what it is ---- */

bool poll_identity(struct bus *bus, struct polled *d, enum poll_result result)
{
    const struct profile *p = d->section->profile;
    bool here = result == POLL_GOOD || result == POLL_ERRORS;
    if (result == POLL_BARRED)
        return true;
    bool ask_it = here && !d->identified && bus->events.text;
    d->identified = here;
    for (size_t i = 0; ask_it && i < p->text_count; i++) {
        const struct profile_metric *m = &p->texts[i];
        struct plan_block block = {.table = m->table, .address = m->address, .count = m->count};
        char text[DECODE_STRING_SIZE];
        struct answer a = {0};
        int64_t free_ms;
        enum asking done = ask(bus, d, &block, &a, &free_ms);
        if (done == ASK_STOPPED)
            return false;
        if (done == ASK_BARRED)
            d->identified = false; /* next time */
        else if (a.kind != ANSWER_VALUES)
            log_warn("bus", "%s: %s does not say its %s: %s", bus->section->name, d->section->name, m->name,
                     answer_error(&a));
        else if (!decode_string(m, bus->words, text))
            log_warn("bus", "%s: %s says no readable %s", bus->section->name, d->section->name, m->name);
        else
            bus->events.text(bus->events.ctx, d->index, m->name, text);
    }
    return true;
}
