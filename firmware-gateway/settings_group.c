/* Groups: the metrics of a device by how often they are polled. */
#include "common/frame.h"
#include "firmware-gateway/settings_private.h"

#include <stdlib.h>
#include <string.h>

static struct profile_metric *find_metric(struct device_section *d, const char *name, size_t length)
{
    for (size_t i = 0; i < d->metric_count; i++)
        if (strlen(d->metrics[i].name) == length && !memcmp(d->metrics[i].name, name, length))
            return &d->metrics[i];
    return NULL;
}

/* What the device says of single metrics, over what the profile says. */
static void read_intervals(struct gateway_settings *s, struct device_section *d, int section, struct faults *faults)
{
    for (size_t i = 0; i < d->intervals.count; i++) {
        const char *pair = d->intervals.items[i], *colon = strchr(pair, ':');
        int64_t ms = 0;
        struct profile_metric *m = colon ? find_metric(d, pair, (size_t)(colon - pair)) : NULL;
        if (!colon || !conf_duration(colon + 1, &ms) || ms < d->interval_ms || ms > INTERVAL_MOST_MS)
            conf_fault(s->conf, section, "intervals", faults,
                       "%s is not METRIC:TIME, from the device's interval up to a day", pair);
        else if (!m)
            conf_fault(s->conf, section, "intervals", faults, "there is no metric %.*s", (int)(colon - pair), pair);
        else if (settings_said_before(&d->intervals, i))
            conf_fault(s->conf, section, "intervals", faults, "%.*s has two intervals", (int)(colon - pair), pair);
        else
            m->interval_ms = ms;
    }
}

/* Insertion sort: stable, and there are few. */
static void sort_by_interval(struct profile_metric *metrics, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct profile_metric m = metrics[i];
        size_t at = i;
        for (; at && metrics[at - 1].interval_ms > m.interval_ms; at--)
            metrics[at] = metrics[at - 1];
        metrics[at] = m;
    }
}

void settings_group_metrics(struct gateway_settings *s, struct device_section *d, int section, struct faults *faults)
{
    read_intervals(s, d, section, faults);
    for (size_t i = 0; i < d->metric_count; i++)
        if (d->metrics[i].interval_ms < d->interval_ms)
            d->metrics[i].interval_ms = d->interval_ms;
    sort_by_interval(d->metrics, d->metric_count);
    d->groups = xcalloc(d->metric_count, sizeof *d->groups);
    for (size_t from = 0, to; from < d->metric_count; from = to) {
        struct poll_group *g = &d->groups[d->group_count++];
        g->metrics = d->metrics + from;
        g->interval_ms = g->metrics->interval_ms;
        for (to = from; to < d->metric_count && d->metrics[to].interval_ms == g->interval_ms; to++)
            g->metric_count++;
        plan_make(&g->plan, g->metrics, g->metric_count, &d->profile->limits);
    }
    d->groups = xrealloc(d->groups, (d->group_count ? d->group_count : 1) * sizeof *d->groups);
}
