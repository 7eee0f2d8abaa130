#include "collector/rules/stream.h"
#include "collector/rules/calibration.h"
#include "collector/rules/gateway.h"
#include "collector/rules/health.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "collector/rules/missing.h"
#include "collector/rules/usage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the time of one device -------------------------------------------------------------------------------------- */

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

static enum metric metric_of(const char *name) /* METRICS: one that is not judged */
{
    enum metric m = 0;
    while (m < METRICS && (*metric_names[m] != *name || strcmp(metric_names[m], name) != 0))
        m++;
    return m;
}

static int64_t reach_of(const struct device *d, enum metric m)
{
    int64_t interval = d->signals[m].interval_ms ? d->signals[m].interval_ms : d->interval_ms;
    return interval + interval / 2;
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

static void end_signals(struct device *d)
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
    s->until = d->now + reach_of(d, m);
}

static void take_values(struct device *d, const struct reading *r, struct noise_reading *level)
{
    for (size_t i = 0; i < r->error_count; i++) {
        enum metric m = metric_of(r->errors[i].metric);
        end_signal(d, m);
        read_level(level, d, m, false, false, NAN);
    }
    for (size_t i = 0; i < r->value_count; i++) {
        const struct datum *datum = &r->values[i];
        enum metric m = metric_of(datum->metric);
        if (m == METRICS || !device_has(d, m))
            continue;
        bool good = usable(r, datum, m);
        end_signal(d, m);
        if (good)
            set_signal(d, m, datum->value.number);
        else if (m == METRIC_FUME && r->quality)
            fume_suspect(d, d->now + reach_of(d, m));
        read_level(level, d, m, good, r->quality != 0, datum->value.number);
    }
}

/* Polls left out on purpose: from where it says so nothing was asked, and what failed before had its own reason. */
static void take_suspended(struct fold *f, struct device *d, const struct reading *r)
{
    if (!d->now)
        return;
    pass(f, d, r->from > d->now ? r->from : d->now);
    end_signals(d);
    missing_begin(f, d, d->now, r->error);
}

static void take_reading(struct fold *f, struct device *d, const struct reading *r)
{
    if (r->slots)
        take_suspended(f, d, r);
    pass(f, d, r->ts > d->now ? r->ts : d->now);
    struct noise_reading level = {.at = d->now, .failed = r->error != NULL, .level = NAN, .lafmax = NAN, .lafmin = NAN};
    if (r->error) {
        end_signals(d);
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

/* The site is no more: what was measured until then is judged, nothing after. */
static void close_stream(struct fold *f, struct device *d, int64_t at)
{
    if (!d->now || d->now >= at)
        return;
    pass(f, d, at);
    end_signals(d);
    missing_end(f, d, at);
}

/* ---- what is not there ------------------------------------------------------------------------------------------- */

/* [from, until): nothing is known of this device. */
static void take_gap(struct fold *f, struct device *d, int64_t from, int64_t until, const char *reason)
{
    if (from < d->now)
        from = d->now;
    if (from >= until)
        return;
    if (d->now) {
        pass(f, d, from);
        end_signals(d);
        missing_begin(f, d, from, reason);
        pass(f, d, until);
        missing_end(f, d, until);
    }
    if (noise_concerns(d))
        noise_gap(f, d, until);
    touch(f, &d->item);
}

static void take_gap_of_all(struct fold *f, struct gateway *g, int64_t from, int64_t until, const char *reason)
{
    for (size_t i = 0; i < g->device_count; i++)
        take_gap(f, g->devices[i], from, until, reason);
    health_blind(f, g, from, until);
}

/* A repair may be of a former epoch. */
static bool ends_opening(const struct gateway *g, const struct frame *frame)
{
    return g->opening && strcmp(frame->epoch, g->epochs[0]) == 0;
}

/* The first time told in a new epoch, or after frames that will never be told theirs: what lies between it and the
 * newest before is not known. */
static void end_unknown(struct fold *f, struct gateway *g, const struct frame *frame, int64_t at)
{
    bool opens = ends_opening(g, frame);
    bool untold = dating_told(&g->dating);
    if (!opens && !untold)
        return;
    g->opening = g->opening && !opens;
    take_gap_of_all(f, g, g->newest_ts, at, untold ? "clock" : "epoch");
}

enum { CLOCK_TOLERANCE_MS = 5 * 60 * 1000 }; /* as for the ts of a reading, enum mark */

static void take_gap_frame(struct fold *f, struct gateway *g, const struct frame *frame)
{
    int64_t until = frame->until;
    if (until > f->receipt_ms + CLOCK_TOLERANCE_MS) /* a clock set wrong must not move the streams into the future */
        until = f->receipt_ms;
    if (frame->since > 0)
        end_unknown(f, g, frame, frame->since < until ? frame->since : until);
    if (ends_opening(g, frame))
        g->opening = false;
    dating_told(&g->dating);
    health_told(f, g, until);
    take_gap_of_all(f, g, frame->since, until, frame->reason);
    if (until > g->newest_ts)
        g->newest_ts = until;
}

/* When the next reading comes it will tell until when. */
static void take_lost_frame(struct fold *f, struct gateway *g, const struct frame *frame)
{
    (void)frame;
    for (size_t i = 0; i < g->device_count; i++) {
        struct device *d = g->devices[i];
        if (!d->now)
            continue;
        end_signals(d);
        missing_begin(f, d, d->now, "lost");
        touch(f, &d->item);
    }
    health_lost(f, g);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static void take_readings_frame(struct fold *f, struct gateway *g, const struct frame *frame,
                                const struct judged *judged)
{
    size_t count = strlen(judged->marks);
    for (size_t i = 0; i < frame->reading_count && i < count; i++) {
        const struct reading *r = &frame->readings[i];
        enum mark mark = (enum mark)judged->marks[i];
        if (mark == MARK_GOOD || mark == MARK_REPEAT)
            end_unknown(f, g, frame, r->ts);
        const struct permit *permit = judged_permit(judged, r->device);
        struct device *d = permit ? device_find(f, permit->site, r->device) : NULL;
        bool closed = d && place_closed(d->place, r->ts), refused = !permit || *permit->refused || closed;
        if (closed)
            close_stream(f, d, place_at(d->place, r->ts)->closed_ms);
        if (d && refused)
            health_refused(f, d);
        if (mark != MARK_GOOD)
            continue;
        health_told(f, g, r->ts);
        if (d && !refused && d->place->count) {
            take_reading(f, d, r);
            health_reading(f, g, d, r);
        }
        if (r->ts > g->newest_ts)
            g->newest_ts = r->ts;
    }
    health_judge(f, g);
}

static unsigned metrics_of(const struct hello_device *h)
{
    unsigned metrics = 0;
    for (size_t i = 0; i < h->metric_count; i++) {
        enum metric m = metric_of(h->metrics[i].name);
        metrics |= m < METRICS ? 1u << m : 0;
    }
    return metrics;
}

/* How often each metric is read, where it is not as often as the device.  True: that is another than before. */
static bool take_intervals(struct device *d, const struct hello_device *h)
{
    int64_t intervals[METRICS] = {0};
    bool changed = false;
    for (size_t i = 0; i < h->metric_count; i++) {
        enum metric m = metric_of(h->metrics[i].name);
        if (m < METRICS && h->metrics[i].interval_ms > 0)
            intervals[m] = h->metrics[i].interval_ms;
    }
    for (enum metric m = 0; m < METRICS; m++) {
        changed |= d->signals[m].interval_ms != intervals[m];
        d->signals[m].interval_ms = intervals[m];
    }
    return changed;
}

static void tell_device(struct fold *f, const struct device *d, const struct hello_device *h)
{
    struct device_row row = {.site = d->site,
                             .device = d->id,
                             .gateway = d->gateway,
                             .profile = h->profile,
                             .measurement = h->measurement,
                             .serial = h->serial,
                             .calibrated = h->calibrated,
                             .interval_ms = d->interval_ms};
    const struct sink *out = fold_out(f);
    out->device(out->ctx, &row);
}

static void take_hello_device(struct fold *f, struct gateway *g, const struct hello_device *h, const char *site)
{
    struct place *place = place_find(f, site);
    if (!place || !place->count)
        return;
    struct device *d = device_get(f, place, h->device);
    bool backward = strcmp(h->integration, "interval") == 0;
    int64_t interval = h->interval_ms > 0 ? h->interval_ms : 0;
    unsigned metrics = metrics_of(h);
    bool paced = take_intervals(d, h);
    if (paced || d->metrics != metrics || d->interval_ms != interval || d->backward != backward) {
        end_signals(d); /* what it said before was said by another device, as it were */
        for (enum metric m = 0; m < METRICS; m++)
            d->signals[m] =
                metrics >> m & 1 ? d->signals[m] : (struct signal){.interval_ms = d->signals[m].interval_ms};
        d->metrics = metrics;
        d->interval_ms = interval;
        d->backward = backward;
        noise_gap(f, d, d->now);
        stuck_drop(f, d, d->now);
    }
    if (strcmp(d->gateway, g->id) != 0)
        device_join(f, d, g);
    health_listed(f, g, d);
    calibration_told(f, d, h->calibrated);
    touch(f, &d->item);
    tell_device(f, d, h);
}

static void take_hello_frame(struct fold *f, struct gateway *g, const struct frame *frame, const struct judged *judged)
{
    if (frame->reset)
        health_reset(f, g);
    for (size_t i = 0; i < frame->device_count; i++) {
        const struct hello_device *h = &frame->devices[i];
        const struct permit *permit = judged_permit(judged, h->device);
        if (permit && !*permit->refused)
            take_hello_device(f, g, h, permit->site);
    }
}

/* The epoch comes first in the list; a new one opens.  One forgotten that comes back opens anew: a gap, nothing worse.
 */
static void take_epoch(struct gateway *g, const char *epoch)
{
    size_t at = 0;
    while (at < g->epoch_count && strcmp(g->epochs[at], epoch) != 0)
        at++;
    if (at == g->epoch_count) {
        g->opening = true;
        g->epoch_count += g->epoch_count < EPOCHS_KNOWN;
        at = g->epoch_count - 1;
    }
    memmove(g->epochs[1], g->epochs[0], at * sizeof g->epochs[0]);
    snprintf(g->epochs[0], sizeof g->epochs[0], "%s", epoch);
}

static void take_frame(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    struct gateway *g = gateway_get(f, judged->gateway);
    snprintf(g->district, sizeof g->district, "%s", judged->district);
    g->seq = frame->seq;
    take_epoch(g, frame->epoch);
    dating_frame(&g->dating, frame);
    health_frame(f, g, frame);
    touch(f, &g->item);
    switch (frame->kind) {
    case FRAME_HELLO:
        take_hello_frame(f, g, frame, judged);
        break;
    case FRAME_READINGS:
        take_readings_frame(f, g, frame, judged);
        break;
    case FRAME_GAP:
        if (!frame->boot)
            take_gap_frame(f, g, frame);
        break;
    case FRAME_LOST:
        take_lost_frame(f, g, frame);
        break;
    case FRAME_TIME:
    case FRAME_OTHER:
        break;
    }
    gateway_heard(f, g);
}

/* What was passed over when it came, now with its time.  Of the gateway itself it says nothing new. */
static void take_repair(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    struct gateway *g = gateway_get(f, judged->gateway);
    if (frame->kind == FRAME_READINGS)
        take_readings_frame(f, g, frame, judged);
    if (frame->kind == FRAME_GAP)
        take_gap_frame(f, g, frame);
    touch(f, &g->item);
}

static void take(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    if (judged->repairs)
        take_repair(f, frame, judged);
    else
        take_frame(f, frame, judged);
}

void stream_frame(struct fold *f, const struct record *record)
{
    struct judged judged;
    if (record->frame) {
        take(f, record->frame, record->judged);
        return;
    }
    struct frame *frame = judged_open(&judged, record);
    if (!frame)
        return;
    take(f, frame, &judged);
    frame_close(frame);
    judged_free(&judged);
}
