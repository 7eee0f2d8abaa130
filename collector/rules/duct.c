#include "collector/rules/duct.h"
#include "collector/rules/flag.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"

#include <math.h>

struct look { /* at one moment */
    enum known blocked;
    double airflow, least; /* m3/h; NAN: not known, not looked at */
    double dp, most;       /* Pa; likewise */
    bool no_flow, back_pressure;
};

bool duct_concerns(const struct device *d)
{
    return device_has(d, METRIC_AIRFLOW) || device_has(d, METRIC_DP);
}

/* ---- what is seen ------------------------------------------------------------------------------------------------ */

static double value_at(const struct device *d, enum metric m, int64_t at)
{
    return signal_holds(&d->signals[m], at) ? d->signals[m].value : NAN;
}

static double design_of(const struct fold *f, const struct site *site, int64_t at)
{
    if (!isnan(site->airflow))
        return site->airflow;
    const struct standard *s = rules_config_standard(&f->config, site->fume_standard, STANDARD_FUME);
    const struct provision *per_stove = s ? standard_stove_airflow(s, at) : NULL;
    return per_stove ? site->stoves * per_stove->value : NAN;
}

static double least_flow(const struct fold *f, const struct device *d, int64_t at)
{
    const struct rules_settings *s = &f->config.settings;
    if (!device_has(d, METRIC_AIRFLOW))
        return NAN;
    if (s->duct_airflow_min > 0)
        return s->duct_airflow_min;
    return s->duct_airflow_share > 0 ? s->duct_airflow_share * design_of(f, place_at(d->place, at), at) : NAN;
}

static bool is_missing(double value, double threshold)
{
    return isnan(value) && !isnan(threshold);
}

static struct look look_at(const struct fold *f, const struct device *d, int64_t at)
{
    struct kitchen k = kitchen_at(&f->config.settings, d, at);
    double most = f->config.settings.duct_dp_max;
    struct look l = {.airflow = value_at(d, METRIC_AIRFLOW, at),
                     .least = least_flow(f, d, at),
                     .dp = value_at(d, METRIC_DP, at),
                     .most = device_has(d, METRIC_DP) && most > 0 ? most : NAN};
    l.no_flow = l.airflow < l.least;
    l.back_pressure = l.dp >= l.most;
    if (k.fan != YES)
        l.blocked = UNKNOWN;
    else if (l.no_flow || l.back_pressure)
        l.blocked = YES;
    else
        l.blocked = is_missing(l.airflow, l.least) || is_missing(l.dp, l.most) ? UNKNOWN : NO;
    return l;
}

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

static struct subject subject_of(const struct device *d)
{
    return (struct subject){FLAG_DUCT_BLOCKED, d->site, d->id, ""};
}

static void raise_flag(struct fold *f, const struct device *d, const struct look *l, int64_t at)
{
    const struct duct *u = &d->duct;
    struct explanation e =
        flag_duty(f, place_at(d->place, u->since), FLAG_DUCT_BLOCKED, u->since, "policy of the bureau");
    struct buf detail = buf_growing();
    e.measured = e.judged = l->no_flow ? l->airflow : l->dp;
    e.limit = l->no_flow ? l->least : l->most;
    e.unit = l->no_flow ? "m³/h" : "Pa";
    e.statutory = false;
    flag_explain(&detail, &e);
    buf_print(&detail, ",\"condition\":\"%s\",\"airflow\":",
              l->no_flow && l->back_pressure ? "no-flow back-pressure"
              : l->no_flow                   ? "no-flow"
                                             : "back-pressure");
    buf_number(&detail, l->airflow);
    buf_text(&detail, ",\"dp\":");
    buf_number(&detail, l->dp);
    struct claim claim = {.about = subject_of(d),
                          .start = u->since,
                          .since = u->since,
                          .at = at,
                          .measured = e.measured,
                          .limit = e.limit,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

/* ---- time passes ------------------------------------------------------------------------------------------------- */

static void see_blocked(struct fold *f, struct device *d, const struct look *l, int64_t from, int64_t to)
{
    struct duct *u = &d->duct;
    int64_t wanting = f->config.settings.duct_blocked_after - u->seen_ms;
    u->blind_ms = u->free_ms = u->free_since = 0;
    if (!u->since)
        u->since = from;
    if (!u->raised && to - from >= wanting) {
        u->raised = true;
        raise_flag(f, d, l, wanting > 0 ? from + wanting : from);
    }
    u->seen_ms += to - from;
}

static void see_free(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    struct duct *u = &d->duct;
    struct subject about = subject_of(d);
    int64_t wanting = f->config.settings.duct_blocked_after - u->free_ms;
    if (u->raised && !u->free_since)
        u->free_since = from;
    if (u->raised && to - from < wanting) {
        u->free_ms += to - from;
        return;
    }
    if (u->raised)
        flag_end(f, &about, "cleared", u->free_since, wanting > 0 ? from + wanting : from);
    *u = (struct duct){0};
}

static void see_nothing(const struct fold *f, struct duct *u, int64_t from, int64_t to)
{
    if (!u->since || u->raised)
        return;
    u->blind_ms += to - from;
    if (u->blind_ms >= f->config.settings.duct_blocked_after)
        *u = (struct duct){0};
}

void duct_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    struct look l = look_at(f, d, from);
    if (l.blocked == YES)
        see_blocked(f, d, &l, from, to);
    else if (l.blocked == NO)
        see_free(f, d, from, to);
    else
        see_nothing(f, &d->duct, from, to);
}

void duct_pack(struct pack *p, struct duct *u)
{
    pack_int(p, &u->since);
    pack_int(p, &u->seen_ms);
    pack_int(p, &u->blind_ms);
    pack_int(p, &u->free_since);
    pack_int(p, &u->free_ms);
    pack_bool(p, &u->raised);
}
