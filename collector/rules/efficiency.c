#include "collector/rules/efficiency.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "collector/rules/verdict.h"

#include <math.h>
#include <string.h>

void efficiency_piece(struct device *d, int64_t from, int64_t to)
{
    struct efficiency *e = &d->fume.efficiency;
    const struct signal *air = &d->signals[METRIC_AIRFLOW];
    struct inlet in;
    double ms = (double)(to - from);
    if (!kitchen_inlet(d, from, &in))
        return;
    e->ms += to - from;
    e->in += in.fume * ms;
    e->out += d->signals[METRIC_FUME].value * ms;
    if (isnan(in.airflow) || !signal_holds(air, from))
        return;
    e->air_ms += to - from;
    e->air_in += in.airflow * ms;
    e->air_out += air->value * ms;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static double share_of(int64_t ms, const struct window_row *row)
{
    return (double)ms / (double)(row->to - row->from);
}

/* Q2 / Q1 */
static double ratio_of_air(const struct fold *f, const struct efficiency *e, const struct window_row *row)
{
    bool metered = e->air_ms && share_of(e->air_ms, row) >= f->config.settings.fume_min_coverage;
    return metered && e->air_in > 0 ? e->air_out / e->air_in : NAN;
}

static const char *why_not_judged(const struct fold *f, const struct efficiency *e, const struct verdict *v,
                                  const struct verdict *fume, const struct site *site)
{
    const struct rules_settings *s = &f->config.settings;
    double c1 = e->in / (double)e->ms;
    if (site->purifier == 0)
        return "no-purifier";
    if (!v->limit)
        return "no-limit";
    if (strcmp(fume->row.reason, "quality") == 0)
        return "quality";
    if (v->row.coverage < s->fume_min_coverage)
        return strcmp(fume->row.reason, "idle") == 0 ? "idle" : "coverage";
    return c1 > 0 && rounded(c1, 3) >= s->fume_floor ? "" : "idle";
}

static struct verdict judge(const struct fold *f, const struct device *d, const struct verdict *fume)
{
    const struct efficiency *e = &d->fume.efficiency;
    const struct site *site = place_at(d->place, fume->row.from);
    struct verdict v = {.row = fume->row, .standard = fume->standard, .noise_class = NOT_GIVEN};
    double passed = e->in > 0 ? e->out / e->in : NAN, air = ratio_of_air(f, e, &fume->row);
    if (v.standard)
        v.limit = standard_fume_limit(v.standard, QUANTITY_EFFICIENCY, kitchen_size_of(site->stoves), v.row.from);
    v.row.rule = "efficiency";
    v.row.coverage = share_of(e->ms, &v.row);
    v.row.measured = rounded(100 * (1 - passed), 3);
    v.row.limit = v.limit ? v.limit->value : NAN;
    v.row.judged = NAN;
    v.row.outcome = OUTCOME_NOT_JUDGED;
    v.row.statutory = false;
    v.row.reason = why_not_judged(f, e, &v, fume, site);
    if (*v.row.reason)
        return v;
    v.row.judged = rounded(100 * (1 - passed * (isnan(air) ? 1 : air)), 3);
    v.row.outcome = v.row.judged < v.row.limit ? OUTCOME_EXCEEDS : OUTCOME_COMPLIANT;
    v.row.statutory = v.limit->confirmed;
    v.note = !v.limit->confirmed ? "limit not confirmed"
             : isnan(air)        ? "air volume taken as equal on both sides"
                                 : NULL;
    return v;
}

void efficiency_close(struct fold *f, struct device *d, const struct verdict *fume)
{
    struct efficiency *e = &d->fume.efficiency;
    if (!e->ms)
        return;
    struct verdict v = judge(f, d, fume);
    const struct sink *out = fold_out(f);
    out->window(out->ctx, &v.row);
    verdict_flag(f, FLAG_FUME_EFFICIENCY, &e->streak, &v);
    e->ms = e->air_ms = 0;
    e->in = e->out = e->air_in = e->air_out = 0;
}

void efficiency_pack(struct pack *p, struct efficiency *e)
{
    streak_pack(p, &e->streak);
    pack_int(p, &e->ms);
    if (!e->ms)
        return;
    pack_double(p, &e->in);
    pack_double(p, &e->out);
    pack_int(p, &e->air_ms);
    pack_double(p, &e->air_in);
    pack_double(p, &e->air_out);
}
