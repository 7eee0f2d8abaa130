#include "collector/rules/noise.h"
#include "collector/rules/memory.h"
#include "collector/rules/noise_judge.h"
#include "collector/rules/peak.h"
#include "collector/rules/verdict.h"
#include "collector/rules/waiting.h"

#include <math.h>

struct noise noise_empty(void)
{
    return (struct noise){.peaks = extremes_none()};
}

bool noise_concerns(const struct device *d)
{
    return device_has(d, METRIC_LAEQ) || device_has(d, METRIC_LA);
}

static enum metric judged_metric(const struct device *d)
{
    return device_has(d, METRIC_LAEQ) ? METRIC_LAEQ : METRIC_LA;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

static void close_window(struct fold *f, struct device *d)
{
    struct noise *n = &d->noise;
    if (n->sum.ms || n->suspect_ms) {
        const struct streak before[] = {n->streak, n->bursts};
        struct verdict v = noise_judge(f, d);
        verdict_conclude(f, FLAG_NOISE_LIMIT, &n->streak, &v);
        enum outcome peak = peak_conclude(f, d, &v);
        waiting_closed(f, d, &v, peak, before);
    }
    n->closed = n->window.to;
    n->window = (struct window){0};
    level_clear(&n->sum);
    n->peaks = extremes_none();
    n->suspect_ms = 0;
    n->counted = false;
}

/* Opens the window in which `at` lies, after closing one that ends before. */
static void open_window(struct fold *f, struct device *d, int64_t at)
{
    struct noise *n = &d->noise;
    if (n->window.to && n->window.to <= at)
        close_window(f, d);
    if (n->window.to)
        return;
    n->window = window_at(at, f->config.settings.noise_window, place_night(f, d->place, at));
    if (n->window.from < n->closed) /* the length was changed meanwhile */
        n->window.from = n->closed;
}

/* The end of what lies in the window in which `from` lies, opened if need be. */
static int64_t window_end(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    open_window(f, d, from);
    return to < d->noise.window.to ? to : d->noise.window.to;
}

static void add_level(struct fold *f, struct device *d, int64_t from, int64_t to, double level)
{
    struct noise *n = &d->noise;
    noise_day_add(f, d, from, to, level);
    while (from < to) {
        int64_t end = window_end(f, d, from, to);
        level_add(&n->sum, level, end - from, !n->counted);
        n->counted = true;
        from = end;
    }
}

static void add_suspect(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    while (from < to) {
        int64_t end = window_end(f, d, from, to);
        d->noise.suspect_ms += end - from;
        from = end;
    }
}

static void close_until(struct fold *f, struct device *d, int64_t at)
{
    if (d->noise.window.to && d->noise.window.to <= at)
        close_window(f, d);
    noise_day_pass(f, d, at);
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static int64_t reach_of(const struct device *d)
{
    return device_reach(d, judged_metric(d));
}

void noise_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    const struct signal *level = &d->signals[judged_metric(d)];
    int64_t doubted = d->noise.doubted_until;
    if (d->backward)
        return;
    if (signal_holds(level, from))
        add_level(f, d, from, to, level->value);
    else
        add_suspect(f, d, from, doubted < to ? doubted : to);
}

void noise_doubt_ends(struct device *d)
{
    d->noise.doubted_until = 0;
}

/* A meter that integrates over its interval may still tell of so much time before. */
void noise_pass(struct fold *f, struct device *d, int64_t at)
{
    close_until(f, d, d->backward ? at - reach_of(d) : at);
}

static void read_backward(struct fold *f, struct device *d, const struct noise_reading *r)
{
    struct noise *n = &d->noise;
    int64_t from = r->at - reach_of(d) > n->known ? r->at - reach_of(d) : n->known;
    n->counted = n->counted && !r->sampled;
    if (r->sampled)
        add_level(f, d, from, r->at, r->level);
    else if (r->suspect)
        add_suspect(f, d, from, r->at);
}

static void read_forward(struct fold *f, struct device *d, const struct noise_reading *r)
{
    struct noise *n = &d->noise;
    if (r->sampled || r->failed)
        n->doubted_until = r->suspect ? r->at + reach_of(d) : 0;
    if (r->sampled) {
        open_window(f, d, r->at);
        n->counted = false;
    }
}

/* The extremes of the time that the reading tells of: before it, or from it on. */
void noise_read(struct fold *f, struct device *d, const struct noise_reading *r)
{
    struct noise *n = &d->noise;
    if (d->backward)
        read_backward(f, d, r);
    else
        read_forward(f, d, r);
    if (n->window.to)
        extremes_take(&n->peaks, r->lafmax, r->lafmin);
    if (d->backward && (r->sampled || r->failed)) {
        close_until(f, d, r->at);
        n->known = r->at;
    }
}

void noise_gap(struct fold *f, struct device *d, int64_t until)
{
    close_until(f, d, until);
    d->noise.known = until;
}

void noise_pack(struct pack *p, struct noise *n)
{
    window_pack(p, &n->window);
    level_pack(p, &n->sum);
    extremes_pack(p, &n->peaks);
    pack_int(p, &n->suspect_ms);
    pack_bool(p, &n->counted);
    pack_int(p, &n->doubted_until);
    pack_int(p, &n->known);
    pack_int(p, &n->closed);
    streak_pack(p, &n->streak);
    streak_pack(p, &n->bursts);
    noise_day_pack(p, &n->day);
}

void noise_free(struct noise *n)
{
    level_free(&n->sum);
}
