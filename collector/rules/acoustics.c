#include "collector/rules/acoustics.h"
#include "common/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool level_plausible(double level)
{
    return level >= 0 && level <= LEVEL_TOP_DB; /* false for NAN */
}

double energy_of(double level, int64_t ms)
{
    return (double)ms * pow(10, level / 10);
}

double level_of(double energy, int64_t ms)
{
    return ms ? 10 * log10(energy / (double)ms) : NAN;
}

static size_t class_of(double level)
{
    return (size_t)lrint(level * 10);
}

void level_add(struct level_sum *s, double level, int64_t ms, bool another)
{
    if (!s->classes)
        s->classes = xcalloc(LEVEL_CLASSES, sizeof *s->classes);
    s->energy += energy_of(level, ms);
    s->ms += ms;
    s->samples += another;
    s->classes[class_of(level)] += (uint32_t)ms;
}

double level_mean(const struct level_sum *s)
{
    return level_of(s->energy, s->ms);
}

/* Sorted by level, samples stand side by side, each `width` ms wide; the quantile q lies q of the way from the first to
 * the last.  A class of several samples is flat from its first to its last; from there the line leads to the next. */
double level_exceeded(const struct level_sum *s, double percent)
{
    if (!s->ms || !s->samples)
        return NAN;
    double width = (double)s->ms / (double)s->samples;
    double wanted = (1 - percent / 100) * ((double)s->ms - width);
    double before = 0, last_at = 0, last_level = NAN;
    for (size_t i = 0; i < LEVEL_CLASSES; i++) {
        if (!s->classes[i])
            continue;
        double level = (double)i / 10, ms = s->classes[i];
        if (wanted < before && !isnan(last_level))
            return rounded(last_level + (level - last_level) * (wanted - last_at) / (before - last_at), 1);
        last_at = before + fmax(ms - width, 0);
        last_level = level;
        if (wanted <= last_at)
            return rounded(level, 1);
        before += ms;
    }
    return rounded(last_level, 1);
}

/* In whole tenths of a dB, as the classes are: exact up to the root. */
double level_deviation(const struct level_sum *s)
{
    int64_t sum = 0, squares = 0;
    if (s->samples < 2 || !s->ms)
        return NAN;
    for (int64_t i = 0; i < LEVEL_CLASSES; i++) {
        sum += i * s->classes[i];
        squares += i * i * s->classes[i];
    }
    double mean = (double)sum / (double)s->ms, n = (double)s->samples;
    double variance = (double)squares / (double)s->ms - mean * mean;
    return rounded(sqrt(fmax(variance, 0) * n / (n - 1)) / 10, 1);
}

double level_day_night(double ld, double ln)
{
    return 10 * log10((16 * pow(10, ld / 10) + 8 * pow(10, (ln + 10) / 10)) / 24);
}

void level_clear(struct level_sum *s)
{
    if (s->classes)
        memset(s->classes, 0, LEVEL_CLASSES * sizeof *s->classes);
    *s = (struct level_sum){.classes = s->classes};
}

void level_free(struct level_sum *s)
{
    free(s->classes);
    *s = (struct level_sum){0};
}

static void pack_classes(struct pack *p, uint32_t *classes, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        int64_t ms = classes[i];
        pack_int(p, &ms);
        p->bad = p->bad || ms < 0 || ms > UINT32_MAX;
        classes[i] = (uint32_t)ms;
    }
}

void level_pack(struct pack *p, struct level_sum *s)
{
    size_t first = 0, end = 0;
    pack_double(p, &s->energy);
    pack_int(p, &s->ms);
    pack_int(p, &s->samples);
    for (size_t i = 0; p->out && s->classes && i < LEVEL_CLASSES; i++) {
        if (s->classes[i]) {
            first = end ? first : i;
            end = i + 1;
        }
    }
    size_t count = end - first;
    pack_count(p, &first, LEVEL_CLASSES);
    pack_count(p, &count, LEVEL_CLASSES - first);
    if (count && !s->classes)
        s->classes = xcalloc(LEVEL_CLASSES, sizeof *s->classes);
    if (count)
        pack_classes(p, s->classes, first, count);
}

/* ---- extremes ---------------------------------------------------------------------------------------------------- */

struct extremes extremes_none(void)
{
    return (struct extremes){NAN, NAN};
}

void extremes_take(struct extremes *e, double max, double min)
{
    if (!isnan(max) && !(max <= e->max))
        e->max = max;
    if (!isnan(min) && !(min >= e->min))
        e->min = min;
}

void extremes_pack(struct pack *p, struct extremes *e)
{
    pack_double(p, &e->max);
    pack_double(p, &e->min);
}

/* ---- rounding ---------------------------------------------------------------------------------------------------- */

int64_t fixed_micro(double x)
{
    return llrint(x * 1e6);
}

int64_t divide_half_even(int64_t n, int64_t unit)
{
    int64_t quotient = n / unit, rest = n % unit;
    if (rest < 0) {
        rest += unit;
        quotient--;
    }
    if (2 * rest > unit || (2 * rest == unit && quotient % 2))
        quotient++;
    return quotient;
}

double rounded(double x, int decimals)
{
    int64_t unit = 1000000, scale = 1;
    if (!isfinite(x))
        return NAN;
    for (int i = 0; i < decimals; i++) {
        unit /= 10;
        scale *= 10;
    }
    return (double)divide_half_even(fixed_micro(x), unit) / (double)scale;
}
