/* What a standard says about one case, at one time. */
#include "collector/rules/standard.h"

#include <string.h>

static bool in_force(const struct provision *p, enum quantity quantity, int64_t at)
{
    return p->quantity == quantity && at >= p->from && at < p->until;
}

const struct provision *standard_noise_limit(const struct standard *s, int noise_class, int position, enum band band,
                                             int64_t at)
{
    for (size_t i = 0; noise_class >= 0 && i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        if (in_force(p, QUANTITY_LAEQ, at) && p->band == (int)band && (p->classes >> noise_class & 1) &&
            (p->positions >> position & 1))
            return p;
    }
    return NULL;
}

const struct provision *standard_fume_limit(const struct standard *s, enum quantity quantity, enum kitchen_size size,
                                            int64_t at)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        if (in_force(p, quantity, at) && (!p->sizes || (size != SIZE_UNKNOWN && (p->sizes >> size & 1))))
            return p;
    }
    return NULL;
}

const struct provision *standard_duty(const struct standard *s, const char *flag, int64_t at)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        if (in_force(p, QUANTITY_DUTY, at) && strcmp(p->name, flag) == 0)
            return p;
    }
    return NULL;
}

static const struct provision *first_in_force(const struct standard *s, enum quantity quantity, int64_t at)
{
    for (size_t i = 0; i < s->count; i++) {
        if (in_force(&s->provisions[i], quantity, at))
            return &s->provisions[i];
    }
    return NULL;
}

const struct provision *standard_stove_airflow(const struct standard *s, int64_t at)
{
    return first_in_force(s, QUANTITY_STOVE_AIRFLOW, at);
}

const struct provision *standard_wind(const struct standard *s, int64_t at)
{
    return first_in_force(s, QUANTITY_WIND, at);
}

const struct provision *standard_margin(const struct standard *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        if (p->quantity == QUANTITY_MARGIN && strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

bool margin_applies(const struct provision *p, int position, enum band band, int64_t at)
{
    return in_force(p, QUANTITY_MARGIN, at) && (p->band < 0 || p->band == (int)band) &&
           (!p->positions || (p->positions >> position & 1));
}

bool standard_has_limits(const struct standard *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->provisions[i].quantity <= QUANTITY_EFFICIENCY || s->provisions[i].quantity == QUANTITY_INTERVAL)
            return true;
    }
    return false;
}

bool standard_corrects(const struct standard *s, int64_t at)
{
    return first_in_force(s, QUANTITY_CORRECTION, at) != NULL;
}

const struct provision *standard_correction(const struct standard *s, double difference, int64_t at)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        if (in_force(p, QUANTITY_CORRECTION, at) && difference >= (double)p->least && difference <= (double)p->most)
            return p;
    }
    return NULL;
}

static bool interval_applies(const struct provision *p, int site_kind, enum kitchen_size size)
{
    return (!p->site_kinds || (p->site_kinds >> site_kind & 1)) &&
           (!p->sizes || (size != SIZE_UNKNOWN && (p->sizes >> size & 1)));
}

const struct provision *standard_interval(const struct standard *s, int site_kind, enum kitchen_size size, int64_t at)
{
    const struct provision *best = NULL;
    int most = -1;
    for (size_t i = 0; i < s->count; i++) {
        const struct provision *p = &s->provisions[i];
        int named = 2 * (p->site_kinds != 0) + (p->sizes != 0);
        if (named > most && in_force(p, QUANTITY_INTERVAL, at) && interval_applies(p, site_kind, size)) {
            best = p;
            most = named;
        }
    }
    return best;
}

enum kitchen_size kitchen_size_of(double stoves)
{
    if (!(stoves >= 1))
        return SIZE_UNKNOWN;
    return stoves < 3 ? SIZE_SMALL : stoves < 6 ? SIZE_MEDIUM : SIZE_LARGE;
}
