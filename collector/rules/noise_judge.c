#include "collector/rules/noise_judge.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <string.h>

enum { SAMPLING_MS = 1000 }; /* GB 22337-2008, 5.1.4: levels sampled at most 1 s apart */

static double share(const struct noise *n, int64_t ms)
{
    return (double)ms / (double)(n->window.to - n->window.from);
}

static void find_limit(const struct fold *f, const struct site *site, const struct window *w, struct verdict *v)
{
    enum band band = w->night ? BAND_NIGHT : BAND_DAY;
    v->noise_class = site->noise_class;
    v->standard = rules_config_standard(&f->config, "", STANDARD_NOISE);
    if (v->standard)
        v->limit = standard_noise_limit(v->standard, site->noise_class, site->position, band, w->from);
    v->band = band_names[band];
    v->row.limit = v->limit ? v->limit->value : NAN;
    v->row.statutory = v->limit && v->limit->confirmed && v->standard->binding;
}

/* Only where the standard has something to say of the weather. */
static enum sky sky_of(const struct fold *f, const struct site *site, const struct verdict *v)
{
    if (!*site->weather || !v->limit || !standard_wind(v->standard, v->row.from))
        return SKY_FAIR;
    return weather_between(f, site->weather, v->row.from, v->row.to, f->config.settings.noise_min_coverage);
}

static const char *note_of(const struct verdict *v, enum sky sky)
{
    static const char *const notes[][2] = {
        {NULL, WEATHER_NOT_KNOWN},
        {"limit not confirmed", "limit not confirmed; " WEATHER_NOT_KNOWN},
        {"limit of environmental quality", "limit of environmental quality; " WEATHER_NOT_KNOWN}};
    int basis = !v->limit || v->row.statutory ? 0 : v->standard->binding ? 1 : 2;
    return notes[basis][sky == SKY_UNKNOWN];
}

static const char *why_not_judged(const struct fold *f, const struct device *d, const struct verdict *v, enum sky sky)
{
    const struct rules_settings *s = &f->config.settings;
    const struct noise *n = &d->noise;
    if (!device_has(d, METRIC_LAEQ) && device_interval(d, METRIC_LA) > SAMPLING_MS)
        return "sampling";
    if (!v->limit)
        return "no-limit";
    if (!n->sum.ms || v->row.coverage < s->noise_min_coverage)
        return share(n, n->sum.ms + n->suspect_ms) >= s->noise_min_coverage ? "quality" : "coverage";
    if (sky == SKY_ADVERSE)
        return "weather";
    if (d->calibrated_ms && n->window.from - d->calibrated_ms > s->calibration_interval)
        return "calibration";
    return "";
}

double noise_rounded(const struct fold *f, double level)
{
    return rounded(level, f->config.settings.rounding == ROUNDING_INTEGER ? 0 : 6);
}

static void judge_level(const struct fold *f, const struct site *site, double mean, struct verdict *v)
{
    bool night = v->band == band_names[BAND_NIGHT];
    double judged = noise_rounded(f, mean);
    if (judged > v->row.limit) {
        v->correction =
            background_correct(v->standard, mean, night ? site->background_night : site->background_day, v->row.from);
        judged = noise_rounded(f, mean + v->correction.value);
    }
    if (v->correction.too_close) {
        v->row.reason = "background";
        return;
    }
    v->row.judged = judged;
    v->row.outcome = judged > v->row.limit ? OUTCOME_EXCEEDS : OUTCOME_COMPLIANT;
}

static struct window_row describe(const struct device *d, const struct site *site)
{
    const struct noise *n = &d->noise;
    return (struct window_row){.site = d->site,
                               .district = site->district,
                               .grid = site->grid,
                               .device = d->id,
                               .rule = "noise",
                               .from = n->window.from,
                               .to = n->window.to,
                               .outcome = OUTCOME_NOT_JUDGED,
                               .coverage = share(n, n->sum.ms),
                               .measured = rounded(level_mean(&n->sum), 1),
                               .judged = NAN,
                               .l5 = level_exceeded(&n->sum, 5),
                               .l10 = level_exceeded(&n->sum, 10),
                               .l50 = level_exceeded(&n->sum, 50),
                               .l90 = level_exceeded(&n->sum, 90),
                               .l95 = level_exceeded(&n->sum, 95),
                               .lafmax = n->peaks.max,
                               .lafmin = n->peaks.min,
                               .sd = level_deviation(&n->sum)};
}

struct verdict noise_judge(const struct fold *f, const struct device *d)
{
    const struct site *site = place_at(d->place, d->noise.window.from);
    struct verdict v = {.row = describe(d, site)};
    find_limit(f, site, &d->noise.window, &v);
    enum sky sky = sky_of(f, site, &v);
    v.row.reason = why_not_judged(f, d, &v, sky);
    v.note = note_of(&v, sky);
    v.weather_unknown = sky == SKY_UNKNOWN && (!*v.row.reason || strcmp(v.row.reason, "calibration") == 0);
    if (!*v.row.reason)
        judge_level(f, site, level_mean(&d->noise.sum), &v);
    return v;
}
