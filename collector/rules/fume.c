#include "collector/rules/fume.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/flag.h"
#include "collector/rules/fume_verdict.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"

#include <stdio.h>

static bool meters_fan(const struct device *d)
{
    return device_has(d, METRIC_FAN) || device_has(d, METRIC_FAN_CURRENT);
}

bool fume_concerns(const struct device *d)
{
    return device_has(d, METRIC_FUME) || meters_fan(d);
}

void fume_suspect(struct device *d, int64_t until)
{
    d->fume.suspect_until = until;
}

/* ---- a window ends ----------------------------------------------------------------------------------------------- */

static struct subject subject_of(const struct device *d, enum flag_kind kind)
{
    return (struct subject){kind, d->site, d->id, ""};
}

/* Over the limit there is nothing to warn of any more. */
static void end_near(struct fold *f, struct device *d, int64_t at)
{
    struct fume *u = &d->fume;
    struct subject about = subject_of(d, FLAG_FUME_NEAR);
    if (u->near.raised)
        flag_end(f, &about, "cleared", u->streak.first_exceeding, at);
    u->near = (struct streak){0};
}

static void warn(struct fold *f, struct device *d, const struct verdict *v)
{
    struct fume *u = &d->fume;
    struct verdict near = *v;
    double share = f->config.settings.fume_near;
    char note[60];
    if (u->streak.raised)
        end_near(f, d, v->row.to);
    if (u->streak.raised || v->row.outcome == OUTCOME_EXCEEDS)
        return;
    if (v->row.outcome == OUTCOME_COMPLIANT && v->row.judged >= rounded(share * v->row.limit, 3))
        near.row.outcome = OUTCOME_EXCEEDS;
    snprintf(note, sizeof note, "pre-alert from %g of the limit, not statutory", share);
    near.note = note;
    near.row.statutory = false;
    verdict_flag(f, FLAG_FUME_NEAR, &u->near, &near);
}

static void conclude(struct fold *f, struct device *d)
{
    struct fume *u = &d->fume;
    struct buf run = buf_growing();
    enum air air;
    struct verdict v = fume_judge(f, d, &air);
    fume_run_window(f, &u->run, &v, air);
    fume_run_put(&run, &u->run);
    v.more = run.data;
    verdict_conclude(f, FLAG_FUME_LIMIT, &u->streak, &v);
    v.more = NULL;
    warn(f, d, &v);
    efficiency_close(f, d, &v);
    buf_free(&run);
}

static void close_window(struct fold *f, struct device *d)
{
    struct fume *u = &d->fume;
    if (u->sums.cooking_ms + u->sums.idle_ms + u->sums.bare_ms + u->sums.suspect_ms)
        conclude(f, d);
    u->closed = u->window.to;
    u->window = (struct window){0};
    u->sums = (struct fume_sums){0};
}

static void open_window(struct fold *f, struct device *d, int64_t at)
{
    struct fume *u = &d->fume;
    if (u->window.to && u->window.to <= at)
        close_window(f, d);
    if (u->window.to)
        return;
    u->window = window_at(at, f->config.settings.fume_window, NO_BANDS);
    if (u->window.from < u->closed) /* the length was changed meanwhile */
        u->window.from = u->closed;
}

/* ---- time passes ------------------------------------------------------------------------------------------------- */

struct look {           /* at a piece of time in which nothing changes */
    enum known cooking; /* UNKNOWN also where there is no valid reading */
    bool fan, bare;     /* it runs; and without a purifier */
    bool suspect;
};

/* Where nothing tells whether the fan is on, somebody is taken to be cooking all the time. */
static struct look look_at(const struct kitchen *k, const struct device *d, bool bare, int64_t at)
{
    bool valid = signal_holds(&d->signals[METRIC_FUME], at);
    return (struct look){.cooking = !valid           ? UNKNOWN
                                    : k->fan_metered ? kitchen_cooks(k)
                                                     : YES,
                         .fan = k->fan == YES,
                         .bare = bare && k->fan == YES,
                         .suspect = !valid && at < d->fume.suspect_until};
}

static struct look look_at_fan(const struct kitchen *k)
{
    return (struct look){.cooking = k->fan == NO ? NO : UNKNOWN, .fan = k->fan == YES, .bare = k->fan == YES};
}

static void add_cooking(struct device *d, int64_t from, int64_t to)
{
    struct fume_sums *s = &d->fume.sums;
    const struct signal *air = &d->signals[METRIC_AIRFLOW];
    double fume = d->signals[METRIC_FUME].value;
    s->cooking_ms += to - from;
    s->dose += fume * (double)(to - from);
    s->peak = fume > s->peak ? fume : s->peak;
    if (signal_holds(air, from)) {
        s->airflow_ms += to - from;
        s->air += air->value * (double)(to - from);
    }
    efficiency_piece(d, from, to);
}

static void add(struct device *d, const struct look *l, int64_t from, int64_t to)
{
    struct fume_sums *s = &d->fume.sums;
    if (l->cooking == YES)
        add_cooking(d, from, to);
    s->idle_ms += l->cooking == NO ? to - from : 0;
    s->fan_ms += l->fan ? to - from : 0;
    s->bare_ms += l->bare ? to - from : 0;
    s->suspect_ms += l->suspect ? to - from : 0;
}

static void go_on(struct fold *f, struct device *d, const struct look *l, int64_t from, int64_t to)
{
    while (from < to) {
        open_window(f, d, from);
        int64_t end = to < d->fume.window.to ? to : d->fume.window.to;
        add(d, l, from, end);
        from = end;
    }
}

/* There is a purifier now, or a meter of fume that tells more: what the fan alone raised has lost its ground. */
static void let_go(struct fold *f, struct device *d, int64_t at)
{
    struct fume *u = &d->fume;
    struct subject about = subject_of(d, FLAG_FUME_LIMIT);
    if (u->window.to && u->window.to > at)
        return;
    if (u->streak.raised)
        flag_end(f, &about, "cleared", at, at);
    u->streak = (struct streak){0};
}

void fume_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    bool metered = device_has(d, METRIC_FUME), bare = fume_bare(f, place_at(d->place, from), from) != NULL;
    if (!metered && !bare) {
        let_go(f, d, from);
        return;
    }
    struct kitchen k = kitchen_at(&f->config.settings, d, from);
    bare = bare && k.purifier != YES;
    struct look l = metered ? look_at(&k, d, bare, from) : look_at_fan(&k);
    if (!metered && (!bare || k.fume_metered))
        let_go(f, d, from);
    else if (l.cooking != UNKNOWN || l.suspect || l.bare)
        go_on(f, d, &l, from, to);
}

void fume_pass(struct fold *f, struct device *d, int64_t at)
{
    if (d->fume.window.to && d->fume.window.to <= at)
        close_window(f, d);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static void pack_sums(struct pack *p, struct fume_sums *s)
{
    pack_int(p, &s->cooking_ms);
    pack_int(p, &s->idle_ms);
    pack_double(p, &s->dose);
    pack_double(p, &s->peak);
    pack_int(p, &s->airflow_ms);
    pack_double(p, &s->air);
    pack_int(p, &s->fan_ms);
    pack_int(p, &s->bare_ms);
    pack_int(p, &s->suspect_ms);
}

void fume_pack(struct pack *p, struct fume *u)
{
    window_pack(p, &u->window);
    if (u->window.to)
        pack_sums(p, &u->sums);
    pack_int(p, &u->suspect_until);
    pack_int(p, &u->closed);
    streak_pack(p, &u->streak);
    streak_pack(p, &u->near);
    fume_run_pack(p, &u->run);
    efficiency_pack(p, &u->efficiency);
}
