#include "collector/audit/difference_private.h"
#include "common/err.h"
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows in ----------------------------------------------------------------------------------------------------- */

static struct thing *add_thing(struct things *t)
{
    t->items = xrealloc(t->items, (t->count + 1) * sizeof *t->items);
    t->items[t->count] = (struct thing){.judged = NAN, .limit = NAN};
    return &t->items[t->count++];
}

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

static double number_member(const struct json *object, const char *key)
{
    double x;
    return json_double(json_member(object, key), &x) ? x : NAN;
}

static void take_flag(void *ctx, const struct flag_row *row)
{
    struct taker *t = ctx;
    struct thing *flag = add_thing(&t->difference->flags[t->side]);
    struct json *body = json_open(row->body, strlen(row->body), NULL);
    memcpy(flag->id, row->id, sizeof flag->id);
    COPY(flag->name, flag_names[row->flag]);
    COPY(flag->site, row->site);
    COPY(flag->device, *row->device ? row->device : row->gateway);
    COPY(flag->state, row->state);
    flag->since = row->since;
    flag->until = row->until;
    flag->judged = number_member(body, "judged");
    flag->limit = number_member(body, "limit");
    flag->body = xstrdup(row->body);
    json_close(body);
}

static void take_case(void *ctx, const struct case_row *row)
{
    struct taker *t = ctx;
    struct thing *c = add_thing(&t->difference->cases[t->side]);
    memcpy(c->id, row->id, sizeof c->id);
    COPY(c->name, row->family);
    COPY(c->site, row->site);
    COPY(c->state, row->state);
    COPY(c->step, row->step);
    c->since = row->since;
    c->body = xstrdup(row->body);
}

static void take_window(void *ctx, const struct window_row *row)
{
    struct taker *t = ctx;
    struct difference *d = t->difference;
    struct windows *w = &d->windows[t->side];
    if (w->count == w->capacity) {
        w->capacity = w->capacity ? 2 * w->capacity : 64;
        w->items = xrealloc(w->items, w->capacity * sizeof *w->items);
    }
    struct window *window = &w->items[w->count++];
    *window = (struct window){
        .from = row->from, .to = row->to, .outcome = row->outcome, .judged = row->judged, .limit = row->limit};
    COPY(window->reason, row->reason);
    COPY(d->present.site, row->site);
    COPY(d->present.device, row->device);
    COPY(d->present.rule, row->rule);
    d->present.windows[t->side]++;
    if (row->outcome == OUTCOME_EXCEEDS) {
        d->present.exceeding[t->side]++;
        d->present.exceeding_ms[t->side] += row->to - row->from;
    }
}

struct difference *difference_new(int64_t from, int64_t until)
{
    struct difference *d = xcalloc(1, sizeof *d);
    d->from = from;
    d->until = until;
    for (enum side s = SIDE_BEFORE; s <= SIDE_AFTER; s++) {
        d->takers[s] = (struct taker){d, s};
        d->sinks[s] = (struct sink){.ctx = &d->takers[s], .flag = take_flag, .case_ = take_case, .window = take_window};
    }
    return d;
}

static void free_things(struct things *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i].body);
    free(t->items);
}

void difference_free(struct difference *d)
{
    for (enum side s = SIDE_BEFORE; s <= SIDE_AFTER; s++) {
        free_things(&d->flags[s]);
        free_things(&d->cases[s]);
        free(d->windows[s].items);
    }
    free(d->flag_pairs.items);
    free(d->case_pairs.items);
    free(d->tallies);
    free(d->changes);
    free(d);
}

const struct sink *difference_sink(struct difference *d, enum side side)
{
    return &d->sinks[side];
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_window(const struct window *a, const struct window *b)
{
    return a->to == b->to && a->outcome == b->outcome && strcmp(a->reason, b->reason) == 0 &&
           same_number(a->judged, b->judged) && same_number(a->limit, b->limit);
}

static void add_change(struct difference *d, const struct window *before, const struct window *after)
{
    if (d->change_count == d->change_capacity) {
        d->change_capacity = d->change_capacity ? 2 * d->change_capacity : 64;
        d->changes = xrealloc(d->changes, d->change_capacity * sizeof *d->changes);
    }
    struct change *c = &d->changes[d->change_count++];
    *c = (struct change){.tally = d->tally_count};
    if (before)
        c->side[SIDE_BEFORE] = *before;
    if (after)
        c->side[SIDE_AFTER] = *after;
    d->present.changed++;
}

void difference_windows_end(struct difference *d)
{
    const struct windows *before = &d->windows[SIDE_BEFORE], *after = &d->windows[SIDE_AFTER];
    for (size_t i = 0, k = 0; i < before->count || k < after->count;) {
        const struct window *a = i < before->count ? &before->items[i] : NULL;
        const struct window *b = k < after->count ? &after->items[k] : NULL;
        bool has_a = a && (!b || a->from <= b->from), has_b = b && (!a || b->from <= a->from);
        if (has_a && has_b && same_window(a, b))
            d->same_windows++;
        else
            add_change(d, has_a ? a : NULL, has_b ? b : NULL);
        i += has_a;
        k += has_b;
    }
    if (d->present.changed) {
        d->tallies = xrealloc(d->tallies, (d->tally_count + 1) * sizeof *d->tallies);
        d->tallies[d->tally_count++] = d->present;
    }
    d->present = (struct tally){0};
    d->windows[SIDE_BEFORE].count = d->windows[SIDE_AFTER].count = 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct thing *)a)->id, ((const struct thing *)b)->id);
}

static void compare(struct things sides[2], struct pairs *out)
{
    struct things *before = &sides[SIDE_BEFORE], *after = &sides[SIDE_AFTER];
    for (enum side s = SIDE_BEFORE; s <= SIDE_AFTER; s++)
        if (sides[s].count)
            qsort(sides[s].items, sides[s].count, sizeof *sides[s].items, by_id);
    for (size_t i = 0, k = 0; i < before->count || k < after->count;) {
        const struct thing *a = i < before->count ? &before->items[i] : NULL;
        const struct thing *b = k < after->count ? &after->items[k] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->id, b->id);
        i += order <= 0;
        k += order >= 0;
        if (order == 0 && strcmp(a->body, b->body) == 0) {
            out->same++;
            continue;
        }
        out->items = xrealloc(out->items, (out->count + 1) * sizeof *out->items);
        out->items[out->count++] = (struct pair){order <= 0 ? a : NULL, order >= 0 ? b : NULL};
    }
}

void difference_finish(struct difference *d)
{
    compare(d->flags, &d->flag_pairs);
    compare(d->cases, &d->case_pairs);
}
