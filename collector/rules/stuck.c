#include "collector/rules/stuck.h"
#include "collector/rules/answer.h"
#include "collector/rules/flag.h"
#include "collector/rules/health.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

static void put_twin(struct buf *out, const struct device *d, const struct device *other)
{
    if (!other)
        buf_text(out, ",\"with\":null,\"with_site\":null");
    else if (strcmp(d->site, other->site) == 0)
        buf_print(out, ",\"with\":\"%s\",\"with_site\":null", other->id);
    else
        buf_print(out, ",\"with\":\"%s\",\"with_site\":\"%s\"", other->id, other->site);
}

void stuck_raise(struct fold *f, struct device *d, enum stuck_why why, int64_t since, double value,
                 const struct device *other)
{
    static const char *const names[STUCK_WHYS] = {"", "stuck", "floor", "twin"};
    struct buf detail = buf_growing();
    health_explain(&detail, d, since, "");
    buf_print(&detail, ",\"why\":\"%s\",\"value\":", names[why]);
    buf_number(&detail, value);
    put_twin(&detail, d, other);
    struct claim claim = {.about = {FLAG_DEVICE_STUCK, d->site, d->id, ""},
                          .start = since,
                          .since = since,
                          .at = d->now,
                          .measured = value,
                          .limit = NAN,
                          .detail = detail.data};
    d->stuck.why = why;
    flag_raise(f, &claim);
    buf_free(&detail);
}

void stuck_end(struct fold *f, struct device *d, enum stuck_why why, int64_t at)
{
    struct subject about = {FLAG_DEVICE_STUCK, d->site, d->id, ""};
    if (d->stuck.why != (int)why)
        return;
    d->stuck.why = STUCK_NOT;
    flag_end(f, &about, "cleared", at, at);
}

/* ---- the same value ---------------------------------------------------------------------------------------------- */

static void see_same(struct fold *f, struct device *d, double value, int64_t ms)
{
    struct stuck *s = &d->stuck;
    if (s->same_since && value == s->value) {
        s->same_ms += ms;
        s->readings++;
        return;
    }
    stuck_end(f, d, STUCK_SAME, d->now);
    s->value = value;
    s->same_since = d->now;
    s->same_ms = 0;
    s->readings = 1;
}

static void judge_same(struct fold *f, struct device *d)
{
    const struct rules_settings *set = &f->config.settings;
    const struct stuck *s = &d->stuck;
    if (!s->why && s->same_ms >= set->stuck_after && s->readings >= set->stuck_readings)
        stuck_raise(f, d, STUCK_SAME, s->same_since, s->value, NULL);
}

/* ---- the floor --------------------------------------------------------------------------------------------------- */

static void leave_floor(struct fold *f, struct device *d)
{
    stuck_end(f, d, STUCK_FLOOR, d->now);
    d->stuck.floor_since = d->stuck.floor_ms = 0;
}

static void stay_on_floor(struct fold *f, struct device *d, double value, int64_t ms, int64_t after)
{
    struct stuck *s = &d->stuck;
    s->floor_since = s->floor_since ? s->floor_since : d->now;
    s->floor_ms += ms;
    if (!s->why && s->floor_ms >= after)
        stuck_raise(f, d, STUCK_FLOOR, s->floor_since, value, NULL);
}

/* Asked once a minute: hours are given to the minute. */
static bool is_open(struct device *d)
{
    int64_t minute = d->now / MINUTE_MS;
    if (minute != d->stuck.minute) {
        d->stuck.minute = minute;
        d->stuck.open = site_open_at(place_at(d->place, d->now), d->now);
    }
    return d->stuck.open;
}

static void see_band(struct fold *f, struct device *d, double level, int64_t ms)
{
    struct stuck *s = &d->stuck;
    double low = fmin(s->low, level), high = fmax(s->high, level);
    if (!s->floor_since || high - low > f->config.settings.floor_band + 1e-9) { /* 60.1 - 59.1 is a little over 1 */
        leave_floor(f, d);
        low = high = level;
        ms = 0;
    }
    s->low = low;
    s->high = high;
    stay_on_floor(f, d, level, ms, f->config.settings.floor_after);
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

/* Time since the reading before, if it counts; from this one on it counts if `on`. */
static int64_t count(struct device *d, bool on)
{
    struct stuck *s = &d->stuck;
    int64_t ms = on && s->last ? d->now - s->last : 0;
    s->last = on ? d->now : 0;
    return ms <= device_reach(d, (enum metric)answer_metric(d)) ? ms : 0;
}

static void see_level(struct fold *f, struct device *d, double level)
{
    int64_t ms = count(d, true);
    see_same(f, d, level, ms);
    judge_same(f, d);
    if (is_open(d))
        see_band(f, d, level, ms);
}

static void see_fume(struct fold *f, struct device *d, double fume)
{
    const struct rules_settings *set = &f->config.settings;
    int64_t ms = count(d, kitchen_at(set, d, d->now).fan == YES);
    see_same(f, d, fume, ms);
    if (fume > set->fume_ultra_low) {
        leave_floor(f, d);
        judge_same(f, d);
    } else if (d->stuck.last) {
        stay_on_floor(f, d, fume, ms, set->stuck_after);
    }
}

void stuck_value(struct fold *f, struct device *d, double value)
{
    if (answer_metric(d) == METRIC_FUME)
        see_fume(f, d, value);
    else
        see_level(f, d, value);
}

void stuck_drop(struct fold *f, struct device *d, int64_t at)
{
    stuck_end(f, d, (enum stuck_why)d->stuck.why, at);
    d->stuck = (struct stuck){0};
    twin_forget(d);
}

void stuck_pack(struct pack *p, struct stuck *s)
{
    pack_int(p, &s->last);
    pack_double(p, &s->value);
    pack_int(p, &s->same_since);
    pack_int(p, &s->same_ms);
    pack_int(p, &s->readings);
    pack_double(p, &s->low);
    pack_double(p, &s->high);
    pack_int(p, &s->floor_since);
    pack_int(p, &s->floor_ms);
    pack_int(p, &s->minute);
    pack_small(p, &s->open);
    pack_small(p, &s->why);
    p->bad = p->bad || s->why < 0 || s->why >= STUCK_WHYS;
}
