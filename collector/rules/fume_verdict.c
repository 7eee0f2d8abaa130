#include "collector/rules/fume_verdict.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/memory.h"

#include <math.h>

static double share_of(const struct device *d, int64_t ms)
{
    return (double)ms / (double)(d->fume.window.to - d->fume.window.from);
}

static bool covers(const struct fold *f, const struct device *d, int64_t ms)
{
    return share_of(d, ms) >= f->config.settings.fume_min_coverage;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* mg/m3; NAN: nobody cooked */
static double mean_of(const struct fume_sums *s)
{
    return s->cooking_ms ? s->dose / (double)s->cooking_ms : NAN;
}

/* m3/h; metered for as much of the window as must be covered, else as the register has it */
static double volume_of(const struct fold *f, const struct device *d, const struct site *site, enum air *air)
{
    const struct fume_sums *s = &d->fume.sums;
    bool metered = s->airflow_ms && covers(f, d, s->airflow_ms);
    *air = metered ? AIR_METERED : isnan(site->airflow) ? AIR_UNKNOWN : AIR_DESIGN;
    return metered ? s->air / (double)s->airflow_ms : site->airflow;
}

/* The mean at the reference volume, or as it is where something for that is not known: AIR_UNKNOWN. */
static double reference_of(const struct fold *f, const struct device *d, const struct site *site,
                           const struct standard *standard, enum air *air)
{
    const struct provision *per_stove = standard ? standard_stove_airflow(standard, d->fume.window.from) : NULL;
    double mean = mean_of(&d->fume.sums), volume = volume_of(f, d, site, air);
    if (!per_stove || !(site->stoves > 0))
        *air = AIR_UNKNOWN;
    return *air == AIR_UNKNOWN ? mean : mean * volume / (site->stoves * per_stove->value);
}

static const char *note_of(enum air air, bool confirmed)
{
    static const char *const notes[][2] = {
        [AIR_UNKNOWN] = {"concentration only, not statutory", "concentration only, not statutory"},
        [AIR_METERED] = {"limit not confirmed", NULL},
        [AIR_DESIGN] = {"limit not confirmed; design air volume of the register", "design air volume of the register"},
    };
    return notes[air][confirmed];
}

/* ---- outcomes ---------------------------------------------------------------------------------------------------- */

static bool is_ultra_low(const struct fold *f, const struct fume_sums *s)
{
    return s->fan_ms && s->cooking_ms && s->peak <= f->config.settings.fume_ultra_low;
}

static const char *why_not_judged(const struct fold *f, const struct device *d, const struct verdict *v)
{
    const struct fume_sums *s = &d->fume.sums;
    int64_t known = s->idle_ms + (device_has(d, METRIC_FUME) ? s->cooking_ms : s->fan_ms);
    if (!v->limit)
        return "no-limit";
    if (!covers(f, d, known))
        return s->suspect_ms && covers(f, d, known + s->suspect_ms) ? "quality" : "coverage";
    if (!s->cooking_ms || !covers(f, d, s->cooking_ms))
        return "idle";
    return is_ultra_low(f, s) ? "quality" : "";
}

const struct provision *fume_bare(const struct fold *f, const struct site *site, int64_t at)
{
    const struct standard *s =
        site->purifier == 0 ? rules_config_standard(&f->config, site->fume_standard, STANDARD_FUME) : NULL;
    return s ? standard_duty(s, flag_names[FLAG_FUME_LIMIT], at) : NULL;
}

static void judge_bare(struct verdict *v, const struct device *d, double judged, const struct provision *duty)
{
    v->row.outcome = OUTCOME_EXCEEDS;
    v->row.reason = "no-purifier";
    v->row.coverage = share_of(d, d->fume.sums.bare_ms);
    v->row.judged = rounded(judged, 3);
    v->row.statutory = duty->confirmed;
    v->basis = duty;
    v->note = "no purifier: counts as exceedance";
}

static struct verdict blank(const struct device *d, const struct site *site)
{
    const struct fume *u = &d->fume;
    return (struct verdict){
        .row = {.site = d->site,
                .district = site->district,
                .grid = site->grid,
                .device = d->id,
                .rule = "fume",
                .from = u->window.from,
                .to = u->window.to,
                .outcome = OUTCOME_NOT_JUDGED,
                .coverage = share_of(d, device_has(d, METRIC_FUME) ? u->sums.cooking_ms : u->sums.fan_ms),
                .measured = rounded(mean_of(&u->sums), 3),
                .judged = NAN,
                .l5 = NAN,
                .l10 = NAN,
                .l50 = NAN,
                .l90 = NAN,
                .l95 = NAN,
                .lafmax = NAN,
                .lafmin = NAN,
                .sd = NAN},
        .noise_class = NOT_GIVEN};
}

struct verdict fume_judge(const struct fold *f, const struct device *d, enum air *air)
{
    int64_t from = d->fume.window.from;
    const struct site *site = place_at(d->place, from);
    const struct provision *duty = fume_bare(f, site, from);
    struct verdict v = blank(d, site);
    v.standard = rules_config_standard(&f->config, site->fume_standard, STANDARD_FUME);
    if (v.standard)
        v.limit = standard_fume_limit(v.standard, QUANTITY_FUME, kitchen_size_of(site->stoves), from);
    v.row.limit = v.limit ? v.limit->value : NAN;
    double judged = reference_of(f, d, site, v.standard, air);
    if (duty && d->fume.sums.bare_ms && covers(f, d, d->fume.sums.bare_ms)) {
        judge_bare(&v, d, judged, duty);
        return v;
    }
    v.row.reason = why_not_judged(f, d, &v);
    if (*v.row.reason)
        return v;
    v.row.judged = rounded(judged, 3);
    v.row.outcome = v.row.judged > v.row.limit ? OUTCOME_EXCEEDS : OUTCOME_COMPLIANT;
    v.row.statutory = *air != AIR_UNKNOWN && v.limit->confirmed;
    v.note = note_of(*air, v.limit->confirmed);
    return v;
}
