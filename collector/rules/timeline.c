#include "collector/rules/timeline.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "collector/rules/missing.h"
#include "collector/rules/usage.h"

#include <math.h>
#include <string.h>

static const char *const metric_names[METRICS] = {
    [METRIC_LAEQ] = "laeq",         [METRIC_LA] = "la",
    [METRIC_LAFMAX] = "lafmax",     [METRIC_FUME] = "fume",
    [METRIC_FAN] = "fan",           [METRIC_FAN_CURRENT] = "fan_current",
    [METRIC_PURIFIER] = "purifier", [METRIC_PURIFIER_CURRENT] = "purifier_current",
    [METRIC_AIRFLOW] = "airflow",   [METRIC_LAFMIN] = "lafmin",
    [METRIC_FUME_IN] = "fume_in",   [METRIC_DP] = "dp",
    [METRIC_DOOR] = "door",         [METRIC_CLEAN] = "clean",
    [METRIC_WIND] = "wind",         [METRIC_RAIN] = "rain",
};

enum metric timeline_metric(const char *name)
{
    enum metric m = 0;
    while (m < METRICS && (*metric_names[m] != *name || strcmp(metric_names[m], name) != 0))
        m++;
    return m;
}

static int64_t next_change(const struct device *d, int64_t to)
{
    for (enum metric m = 0; m < METRICS; m++) {
        int64_t until = d->signals[m].until;
        if (until > d->now && until < to)
            to = until;
    }
    if (d->fume.suspect_until > d->now && d->fume.suspect_until < to)
        to = d->fume.suspect_until;
    return fume_concerns(d) || purifier_concerns(d) || duct_concerns(d) || detect_concerns(d)
               ? kitchen_edge(d, d->now, to)
               : to;
}

static void show_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    if (noise_concerns(d))
        noise_piece(f, d, from, to);
    if (weather_concerns(d))
        weather_piece(f, d, from, to);
    if (fume_concerns(d))
        fume_piece(f, d, from, to);
    if (duct_concerns(d))
        duct_piece(f, d, from, to);
    if (purifier_concerns(d)) {
        purifier_piece(f, d, from, to);
        usage_piece(f, d, from, to);
    }
    if (detect_concerns(d))
        detect_piece(f, d, from, to);
}

/* The stream has come to t, and until then what held went on holding. */
static void pass(struct fold *f, struct device *d, int64_t t)
{
    while (d->now && d->now < t) {
        int64_t to = next_change(d, t);
        show_piece(f, d, d->now, to);
        d->now = to;
    }
    d->now = d->now ? d->now : t;
    if (noise_concerns(d))
        noise_pass(f, d, d->now);
    if (fume_concerns(d))
        fume_pass(f, d, d->now);
    touch(f, &d->item);
}

static void end_signal(struct device *d, enum metric m)
{
    if (m == METRIC_FUME)
        fume_suspect(d, 0);
    if (m < METRICS && d->signals[m].until > d->now)
        d->signals[m].until = d->now;
}

void timeline_break(struct device *d)
{
    for (enum metric m = 0; m < METRICS; m++)
        end_signal(d, m);
    noise_doubt_ends(d);
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

static bool usable(const struct reading *r, const struct datum *datum, enum metric m)
{
    bool level = m == METRIC_LAEQ || m == METRIC_LA || m == METRIC_LAFMAX || m == METRIC_LAFMIN;
    if (r->quality || datum->value.kind != VALUE_NUMBER)
        return false;
    return !level || level_plausible(datum->value.number);
}

static void read_level(struct noise_reading *n, const struct device *d, enum metric m, bool good, bool suspect,
                       double value)
{
    enum metric judged = device_has(d, METRIC_LAEQ) ? METRIC_LAEQ : METRIC_LA;
    if (m == METRIC_LAFMAX && good)
        n->lafmax = value;
    if (m == METRIC_LAFMIN && good)
        n->lafmin = value;
    if (m != judged)
        return;
    n->sampled = good;
    n->failed = !good;
    n->suspect = suspect;
    n->level = value;
}

static void set_signal(struct device *d, enum metric m, double value)
{
    struct signal *s = &d->signals[m];
    s->value = value;
    s->from = d->now;
    s->until = d->now + device_reach(d, m);
}

static void take_values(struct device *d, const struct reading *r, struct noise_reading *level)
{
    for (size_t i = 0; i < r->error_count; i++) {
        enum metric m = timeline_metric(r->errors[i].metric);
        end_signal(d, m);
        read_level(level, d, m, false, false, NAN);
    }
    for (size_t i = 0; i < r->value_count; i++) {
        const struct datum *datum = &r->values[i];
        enum metric m = timeline_metric(datum->metric);
        if (m == METRICS || !device_has(d, m))
            continue;
        bool good = usable(r, datum, m);
        end_signal(d, m);
        if (good)
            set_signal(d, m, datum->value.number);
        else if (m == METRIC_FUME && r->quality)
            fume_suspect(d, d->now + device_reach(d, m));
        read_level(level, d, m, good, r->quality != 0, datum->value.number);
    }
}

/* Polls left out on purpose: from where it says so nothing was asked, and what failed before had its own reason. */
static void take_suspended(struct fold *f, struct device *d, const struct reading *r)
{
    if (!d->now)
        return;
    pass(f, d, r->from > d->now ? r->from : d->now);
    timeline_break(d);
    missing_begin(f, d, d->now, r->error);
}

void timeline_reading(struct fold *f, struct device *d, const struct reading *r)
{
    if (r->slots)
        take_suspended(f, d, r);
    pass(f, d, r->ts > d->now ? r->ts : d->now);
    struct noise_reading level = {.at = d->now, .failed = r->error != NULL, .level = NAN, .lafmax = NAN, .lafmin = NAN};
    if (r->error) {
        timeline_break(d);
        missing_begin(f, d, d->now, r->error);
    } else {
        missing_end(f, d, d->now);
        take_values(d, r, &level);
    }
    if (noise_concerns(d))
        noise_read(f, d, &level);
    if (purifier_concerns(d))
        purifier_piece(f, d, d->now, d->now);
}

void timeline_close(struct fold *f, struct device *d, int64_t at)
{
    if (!d->now || d->now >= at)
        return;
    pass(f, d, at);
    timeline_break(d);
    missing_end(f, d, at);
}

/* ---- what is not there ------------------------------------------------------------------------------------------- */

void timeline_gap(struct fold *f, struct device *d, int64_t from, int64_t until, const char *reason)
{
    if (from < d->now)
        from = d->now;
    if (from >= until)
        return;
    if (d->now) {
        pass(f, d, from);
        timeline_break(d);
        missing_begin(f, d, from, reason);
        pass(f, d, until);
        missing_end(f, d, until);
    }
    if (noise_concerns(d))
        noise_gap(f, d, until);
    touch(f, &d->item);
}

void timeline_lost(struct fold *f, struct device *d)
{
    if (!d->now)
        return;
    timeline_break(d);
    missing_begin(f, d, d->now, "lost");
    touch(f, &d->item);
}
