#include "collector/rules/detect.h"
#include "collector/rules/cleaning_book.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "common/chain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };
enum { REST_MS = 10 * MINUTE_MS, BLOCK_MS = 30 * MINUTE_MS, BEFORE_MS = HOUR_MS, SLOW_MS = 4 * HOUR_MS };

bool detect_can_show(const struct device *d)
{
    return device_has(d, METRIC_DP) || device_has(d, METRIC_CLEAN) || device_has(d, METRIC_DOOR);
}

bool detect_concerns(const struct device *d)
{
    return detect_can_show(d) || purifier_concerns(d);
}

/* ---- what leaves the fold ---------------------------------------------------------------------------------------- */

static void make_id(char out[static 17], const struct device *d, const struct detection *x)
{
    char text[160], hex[HASH_HEX];
    int length = snprintf(text, sizeof text, "detection|%s|%s|%s|%lld", d->site, d->id, evidence_names[x->evidence],
                          (long long)x->from);
    struct hash h = hash_of(text, (size_t)length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
}

static void put_body(struct buf *out, const struct device *d, const struct detection *x)
{
    static const char *const units[] = {"\"Pa\"", "\"A\"", "null", "null"}; /* by enum evidence */
    buf_print(out,
              "{\"site\":\"%s\",\"device\":\"%s\",\"evidence\":\"%s\",\"from\":%lld,\"to\":%lld,\"before\":", d->site,
              d->id, evidence_names[x->evidence], (long long)x->from, (long long)x->to);
    buf_number(out, rounded(x->before, 6));
    buf_text(out, ",\"after\":");
    buf_number(out, rounded(x->after, 6));
    buf_print(out, ",\"unit\":%s}", units[x->evidence]);
}

static void tell(struct fold *f, const struct device *d, struct detection x)
{
    struct buf body = buf_growing();
    struct book *book = book_get(f, d->site);
    make_id(x.id, d, &x);
    snprintf(x.device, sizeof x.device, "%s", d->id);
    put_body(&body, d, &x);
    struct entry_row row = {.kind = "detection",
                            .rev = 1,
                            .site = d->site,
                            .state = evidence_names[x.evidence],
                            .actor = "",
                            .at = x.from,
                            .entered_at = f->time,
                            .body = body.data};
    memcpy(row.id, x.id, sizeof row.id);
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    book_add_detection(book, &x, x.to);
    touch(f, &book->item);
    buf_free(&body);
}

/* ---- button and door --------------------------------------------------------------------------------------------- */

/* Was it 0 when it was known last, and is it 1 now? */
static bool rises(const struct device *d, enum metric m, int64_t at, int *state)
{
    const struct signal *s = &d->signals[m];
    if (!device_has(d, m) || !signal_holds(s, at))
        return false;
    bool rose = *state == NO && s->value >= 0.5;
    *state = s->value >= 0.5 ? YES : NO;
    return rose;
}

static void see_switches(struct fold *f, struct device *d, const struct kitchen *k, int64_t at)
{
    struct detect *x = &d->detect;
    struct detection found = {.from = at, .to = at, .before = NAN, .after = NAN};
    if (rises(d, METRIC_CLEAN, at, &x->button) && at - x->button_told >= HOUR_MS) {
        x->button_told = at;
        found.evidence = EVIDENCE_BUTTON;
        tell(f, d, found);
    }
    if (rises(d, METRIC_DOOR, at, &x->door) && k->fan == NO && at - x->door_told >= HOUR_MS) {
        x->door_told = at;
        found.evidence = EVIDENCE_DOOR;
        tell(f, d, found);
    }
}

/* ---- means ------------------------------------------------------------------------------------------------------- */

static void add_time(struct level *l, double value, int64_t ms)
{
    if (ms <= 0)
        return;
    l->mean += (value - l->mean) * (double)ms / (double)(l->ms + ms);
    l->ms += ms;
}

static void add_signal(struct level *l, const struct device *d, enum metric m, int64_t from, int64_t to)
{
    if (device_has(d, m) && signal_holds(&d->signals[m], from))
        add_time(l, d->signals[m].value, to - from);
}

/* The slow mean forgets what is older than SLOW_MS of work, by and by. */
static void feed(struct level *slow, const struct level *block)
{
    add_time(slow, block->mean, block->ms);
    if (slow->ms > SLOW_MS)
        slow->ms = SLOW_MS;
}

static void feed_all(struct detect *x)
{
    feed(&x->dp, &x->dp_block);
    feed(&x->current, &x->current_block);
    if (x->dp.ms >= BEFORE_MS && (x->dp_clean <= 0 || x->dp.mean < x->dp_clean))
        x->dp_clean = x->dp.mean;
}

static void empty_blocks(struct detect *x)
{
    x->block_ms = 0;
    x->dp_block = x->current_block = (struct level){0};
}

/* ---- rests ------------------------------------------------------------------------------------------------------- */

static bool measured(const struct level *slow, const struct level *block)
{
    return slow->ms >= BEFORE_MS && block->ms >= BLOCK_MS / 2 && slow->mean > 0;
}

static struct rest measure(const struct rules_settings *set, const struct detect *x)
{
    struct rest r = {.from = x->rest_from, .to = x->rest_to, .before = NAN, .after = NAN, .clean = NAN};
    double step = set->cleaning_dp_step;
    if (!measured(&x->dp, &x->dp_block))
        return r;
    r.before = x->dp.mean;
    r.after = x->dp_block.mean;
    r.clean = x->dp_clean > 0 ? x->dp_clean : NAN;
    if (r.after <= r.before * (1 - step))
        r.sign = REST_STEP;
    else if (r.clean <= r.before * (1 - step) && r.after >= r.before * (1 - step / 3))
        r.sign = REST_HIGH;
    return r;
}

static struct rests *rests_get(struct fold *f, struct device *d)
{
    if (d->rests)
        return d->rests;
    struct rests *r = xcalloc(1, sizeof *r);
    snprintf(r->item.key, sizeof r->item.key, "rests/%s/%s", d->site, d->id);
    store_add(&f->rests, &r->item);
    d->rests = r;
    return r;
}

static void keep_rest(struct fold *f, struct device *d, const struct rest *rest)
{
    struct rests *r = rests_get(f, d);
    if (r->count == RESTS) {
        r->begin = r->items[0].to;
        r->count--;
        memmove(r->items, r->items + 1, r->count * sizeof *r->items);
    }
    r->items[r->count++] = *rest;
    touch(f, &r->item);
}

static void see_current(struct fold *f, struct device *d)
{
    struct detect *x = &d->detect;
    double before = x->current.mean, after = x->current_block.mean;
    if (!measured(&x->current, &x->current_block) ||
        fabs(after - before) < before * f->config.settings.cleaning_current_step)
        return;
    tell(f, d,
         (struct detection){
             .evidence = EVIDENCE_CURRENT, .from = x->rest_from, .to = x->rest_to, .before = before, .after = after});
    x->current = (struct level){0}; /* from here on it is another level */
}

static void end_rest(struct fold *f, struct device *d)
{
    struct detect *x = &d->detect;
    struct rest r = measure(&f->config.settings, x);
    keep_rest(f, d, &r);
    if (r.sign == REST_STEP) {
        tell(f, d,
             (struct detection){
                 .evidence = EVIDENCE_PRESSURE, .from = r.from, .to = r.to, .before = r.before, .after = r.after});
        x->dp = (struct level){0};
        x->dp_clean = r.after;
    }
    see_current(f, d);
    x->rest_from = x->rest_to = 0;
}

/* ---- at work ----------------------------------------------------------------------------------------------------- */

static bool at_work(const struct device *d, const struct kitchen *k)
{
    bool purified = purifier_concerns(d);
    if (purified && k->purifier != YES)
        return false;
    return k->fan_metered ? k->fan == YES : purified;
}

static void begin_work(struct detect *x, int64_t at)
{
    if (!x->seen_from)
        x->seen_from = at;
    if (!x->worked_to || at - x->worked_to < REST_MS)
        return;
    if (!x->rest_to) {
        feed_all(x); /* what was seen since the last block belongs to the time before */
        x->rest_from = x->worked_to;
    }
    x->rest_to = at;
    empty_blocks(x);
}

void detect_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    struct detect *x = &d->detect;
    struct kitchen k = kitchen_at(&f->config.settings, d, from);
    x->first_ms = x->first_ms ? x->first_ms : from;
    see_switches(f, d, &k, from);
    if (!at_work(d, &k))
        return;
    begin_work(x, from);
    add_signal(&x->dp_block, d, METRIC_DP, from, to);
    add_signal(&x->current_block, d, METRIC_PURIFIER_CURRENT, from, to);
    x->block_ms += to - from;
    x->worked_to = to;
    if (x->block_ms < BLOCK_MS)
        return;
    if (x->rest_to)
        end_rest(f, d);
    feed_all(x);
    empty_blocks(x);
}

/* ---- asked ------------------------------------------------------------------------------------------------------- */

static bool is_covered(const struct device *d, int64_t from, int64_t to)
{
    return d->detect.seen_from && d->detect.seen_from <= from && (!d->rests || d->rests->begin <= from) && d->now >= to;
}

bool detect_awaits(const struct device *d, int64_t until)
{
    const struct detect *x = &d->detect;
    if (!x->worked_to)
        return false;
    return (x->rest_to ? x->rest_from : x->worked_to) < until;
}

bool detect_worked_through(const struct device *d, int64_t from, int64_t to)
{
    if (!is_covered(d, from, to) || detect_awaits(d, to))
        return false;
    for (size_t i = 0; d->rests && i < d->rests->count; i++) {
        if (d->rests->items[i].from < to && d->rests->items[i].to > from)
            return false;
    }
    return true;
}

bool detect_stayed_high(const struct device *d, int64_t from, int64_t to, const struct rest **first,
                        const struct rest **last)
{
    *first = *last = NULL;
    if (!device_has(d, METRIC_DP) || !d->rests || !is_covered(d, from, to) || detect_awaits(d, to))
        return false;
    for (size_t i = 0; i < d->rests->count; i++) {
        const struct rest *r = &d->rests->items[i];
        if (r->from > to || r->to < from)
            continue;
        if (r->sign != REST_HIGH)
            return false;
        *first = *first ? *first : r;
        *last = r;
    }
    return *last;
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static void pack_level(struct pack *p, struct level *l)
{
    pack_double(p, &l->mean);
    pack_int(p, &l->ms);
}

void detect_pack(struct pack *p, struct detect *x)
{
    pack_int(p, &x->first_ms);
    if (!x->first_ms)
        return;
    pack_int(p, &x->seen_from);
    pack_int(p, &x->button_told);
    pack_int(p, &x->door_told);
    pack_small(p, &x->door);
    pack_small(p, &x->button);
    pack_int(p, &x->worked_to);
    pack_int(p, &x->rest_from);
    pack_int(p, &x->rest_to);
    pack_int(p, &x->block_ms);
    pack_level(p, &x->dp);
    pack_level(p, &x->dp_block);
    pack_level(p, &x->current);
    pack_level(p, &x->current_block);
    pack_double(p, &x->dp_clean);
}

struct item *rests_make(struct fold *f, const char *key)
{
    struct rests *r = store_find(&f->rests, key);
    char site[ID_SIZE], device[ID_SIZE];
    if (r)
        return &r->item;
    if (sscanf(key, "rests/%32[^/]/%32s", site, device) != 2 || !id_valid(site) || !id_valid(device))
        return NULL;
    return &rests_get(f, device_get(f, place_get(f, site), device))->item;
}

void rests_pack(struct fold *f, struct pack *p, struct item *item)
{
    struct rests *r = (struct rests *)item;
    (void)f;
    pack_int(p, &r->begin);
    pack_count(p, &r->count, RESTS);
    for (size_t i = 0; i < r->count; i++) {
        pack_int(p, &r->items[i].from);
        pack_int(p, &r->items[i].to);
        pack_double(p, &r->items[i].before);
        pack_double(p, &r->items[i].after);
        pack_double(p, &r->items[i].clean);
        pack_small(p, &r->items[i].sign);
    }
}

void rests_free(struct item *item)
{
    free(item);
}
