#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"

#include <math.h>

/* A neighbour's stream may be a little ahead of the moment asked for. */
static bool holds_nearby(const struct signal *s, int64_t at)
{
    return at < s->until && at >= s->from - (s->until - s->from);
}

struct view { /* of one device, by itself or by a neighbour */
    const struct rules_settings *settings;
    const struct device *device;
    int64_t at;
    bool neighbour;
};

static bool is_told(const struct view *v, enum metric metric, double *value)
{
    const struct signal *s = &v->device->signals[metric];
    *value = s->value;
    return v->neighbour ? holds_nearby(s, v->at) : signal_holds(s, v->at);
}

static enum known at_least(const struct view *v, enum metric metric, double least)
{
    double value;
    return !is_told(v, metric, &value) ? UNKNOWN : value >= least ? YES : NO;
}

/* One yes suffices; a no must come from all that were asked. */
static enum known either(enum known a, enum known b)
{
    return a == YES || b == YES ? YES : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : NO;
}

static enum known both(enum known a, enum known b)
{
    return a == NO || b == NO ? NO : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : YES;
}

enum { FAN_METRICS = 1u << METRIC_FAN | 1u << METRIC_FAN_CURRENT, FUME_METRICS = 1u << METRIC_FUME };

static enum known fan_of(const struct view *v)
{
    enum known on = NO;
    if (device_has(v->device, METRIC_FAN))
        on = either(on, at_least(v, METRIC_FAN, 0.5));
    if (device_has(v->device, METRIC_FAN_CURRENT))
        on = either(on, at_least(v, METRIC_FAN_CURRENT, v->settings->fan_on_current));
    return on;
}

static enum known fume_of(const struct view *v)
{
    double value;
    return !is_told(v, METRIC_FUME, &value) ? UNKNOWN : value > v->settings->fume_floor ? YES : NO;
}

static enum known purifier_of(const struct view *v, bool *under_current)
{
    enum known on = YES;
    if (device_has(v->device, METRIC_PURIFIER))
        on = both(on, at_least(v, METRIC_PURIFIER, 0.5));
    bool said_on = device_has(v->device, METRIC_PURIFIER) && on == YES;
    if (device_has(v->device, METRIC_PURIFIER_CURRENT))
        on = both(on, at_least(v, METRIC_PURIFIER_CURRENT, v->settings->purifier_on_current));
    *under_current = said_on && on == NO;
    return on;
}

static bool serves(const struct device *neighbour, const struct device *d)
{
    return neighbour != d && !(purifier_concerns(neighbour) && purifier_concerns(d));
}

/* The answer of the device itself if it has one of the metrics, else of its neighbours together. */
static enum known ask(const struct view *own, unsigned metrics, enum known (*answer)(const struct view *),
                      bool *metered)
{
    const struct device *d = own->device;
    *metered = d->metrics & metrics;
    if (*metered)
        return answer(own);
    enum known all = NO;
    for (size_t i = 0; i < d->place->device_count; i++) {
        struct view v = {own->settings, d->place->devices[i], own->at, true};
        if (!serves(v.device, d) || !(v.device->metrics & metrics))
            continue;
        *metered = true;
        all = either(all, answer(&v));
    }
    return *metered ? all : UNKNOWN;
}

struct kitchen kitchen_at(const struct rules_settings *settings, const struct device *d, int64_t at)
{
    struct kitchen k = {0};
    struct view own = {settings, d, at, false};
    k.fan = ask(&own, FAN_METRICS, fan_of, &k.fan_metered);
    k.fume = ask(&own, FUME_METRICS, fume_of, &k.fume_metered);
    if (purifier_concerns(d))
        k.purifier = purifier_of(&own, &k.under_current);
    return k;
}

enum known kitchen_cooks(const struct kitchen *k)
{
    if (k->fan_metered && k->fume_metered)
        return either(k->fan, k->fume);
    return k->fan_metered ? k->fan : k->fume;
}

static bool is_inlet(const struct device *d)
{
    return device_has(d, METRIC_FUME_IN) && !device_has(d, METRIC_FUME);
}

bool kitchen_inlet(const struct device *d, int64_t at, struct inlet *in)
{
    in->airflow = NAN;
    if (device_has(d, METRIC_FUME_IN)) {
        in->fume = d->signals[METRIC_FUME_IN].value;
        return signal_holds(&d->signals[METRIC_FUME_IN], at);
    }
    for (size_t i = 0; i < d->place->device_count; i++) {
        const struct device *neighbour = d->place->devices[i];
        const struct signal *fume = &neighbour->signals[METRIC_FUME_IN], *air = &neighbour->signals[METRIC_AIRFLOW];
        if (!serves(neighbour, d) || !is_inlet(neighbour) || !holds_nearby(fume, at))
            continue;
        in->fume = fume->value;
        if (device_has(neighbour, METRIC_AIRFLOW) && holds_nearby(air, at))
            in->airflow = air->value;
        return true;
    }
    return false;
}

int64_t kitchen_edge(const struct device *d, int64_t at, int64_t to)
{
    static const enum metric asked[] = {METRIC_FUME, METRIC_FAN, METRIC_FAN_CURRENT, METRIC_FUME_IN, METRIC_AIRFLOW};
    for (size_t i = 0; i < d->place->device_count; i++) {
        const struct device *neighbour = d->place->devices[i];
        for (size_t m = 0; serves(neighbour, d) && m < sizeof asked / sizeof *asked; m++) {
            int64_t until = neighbour->signals[asked[m]].until;
            if (until > at && until < to)
                to = until;
        }
    }
    return to;
}
