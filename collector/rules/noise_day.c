#include "collector/rules/noise_day.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/memory.h"
#include "collector/rules/window.h"
#include "common/civil.h"

static int64_t night_ms(const struct noise_day *n)
{
    int64_t ms = 0;
    for (int64_t at = n->day; at < n->end;) {
        struct window band = window_band(at, n->night_start);
        ms += band.night ? band.to - band.from : 0;
        at = band.to;
    }
    return ms;
}

static void close_day(struct fold *f, struct device *d)
{
    struct noise_day *n = &d->noise.day;
    int64_t night = night_ms(n), day = n->end - n->day - night;
    double ld = level_of(n->energy[BAND_DAY], n->ms[BAND_DAY]), ln = level_of(n->energy[BAND_NIGHT], n->ms[BAND_NIGHT]);
    struct noise_day_row row = {.site = d->site,
                                .device = d->id,
                                .day = n->day,
                                .ld = rounded(ld, 1),
                                .ln = rounded(ln, 1),
                                .ldn = rounded(level_day_night(ld, ln), 1),
                                .day_coverage = (double)n->ms[BAND_DAY] / (double)day,
                                .night_coverage = (double)n->ms[BAND_NIGHT] / (double)night};
    const struct sink *out = fold_out(f);
    out->noise_day(out->ctx, &row);
    *n = (struct noise_day){0};
}

/* Closes a day that ends before, and finds the stretch of one band in which `at` lies. */
static void open_band(struct fold *f, struct device *d, int64_t at)
{
    struct noise_day *n = &d->noise.day;
    noise_day_pass(f, d, at);
    if (!n->end) {
        n->day = civil_midnight(at, 0);
        n->end = civil_midnight(at, 1);
        n->night_start = place_night(f, d->place, at);
    }
    struct window band = window_band(at, n->night_start);
    n->band_end = band.to;
    n->band = band.night ? BAND_NIGHT : BAND_DAY;
}

void noise_day_add(struct fold *f, struct device *d, int64_t from, int64_t to, double level)
{
    struct noise_day *n = &d->noise.day;
    while (from < to) {
        if (from >= n->band_end)
            open_band(f, d, from);
        int64_t end = to < n->band_end ? to : n->band_end;
        n->energy[n->band] += energy_of(level, end - from);
        n->ms[n->band] += end - from;
        from = end;
    }
}

void noise_day_pass(struct fold *f, struct device *d, int64_t at)
{
    if (d->noise.day.end && d->noise.day.end <= at)
        close_day(f, d);
}

void noise_day_pack(struct pack *p, struct noise_day *n)
{
    pack_int(p, &n->day);
    pack_int(p, &n->end);
    pack_int(p, &n->band_end);
    pack_small(p, &n->band);
    p->bad = p->bad || (n->band != BAND_DAY && n->band != BAND_NIGHT);
    pack_small(p, &n->night_start);
    for (int band = BAND_DAY; band <= BAND_NIGHT; band++) {
        pack_double(p, &n->energy[band]);
        pack_int(p, &n->ms[band]);
    }
}
