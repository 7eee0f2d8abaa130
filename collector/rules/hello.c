#include "collector/rules/hello.h"
#include "collector/record.h"
#include "collector/rules/calibration.h"
#include "collector/rules/health.h"
#include "collector/rules/memory.h"
#include "collector/rules/timeline.h"

#include <string.h>

static unsigned metrics_of(const struct hello_device *h)
{
    unsigned metrics = 0;
    for (size_t i = 0; i < h->metric_count; i++) {
        enum metric m = timeline_metric(h->metrics[i].name);
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
        enum metric m = timeline_metric(h->metrics[i].name);
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

static void take_device(struct fold *f, struct gateway *g, const struct hello_device *h, const char *site)
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
        timeline_break(d);
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

void hello_frame(struct fold *f, struct gateway *g, const struct frame *frame, const struct judged *judged)
{
    if (frame->reset)
        health_reset(f, g);
    for (size_t i = 0; i < frame->device_count; i++) {
        const struct hello_device *h = &frame->devices[i];
        const struct permit *permit = judged_permit(judged, h->device);
        if (permit && !*permit->refused)
            take_device(f, g, h, permit->site);
    }
}
