/* Content: the devices that gateways have named, and which of their readings may count. */
#include "collector/intake_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct device *device_find(const struct gateway *g, const char *name)
{
    for (size_t i = 0; g && i < g->device_count; i++)
        if (strcmp(g->devices[i].name, name) == 0)
            return &g->devices[i];
    return NULL;
}

static const char *why_not(const struct intake *in, const struct gateway *g, const struct device *d, int64_t now,
                           const char **district)
{
    const struct site *site = d ? intake_site(in, d->site, now) : NULL;
    *district = site ? site->district : "";
    return !d || !d->present             ? "unknown-device"
           : !site                       ? "unknown-site"
           : site_permits(site, g->name) ? ""
                                         : "not-permitted";
}

static const struct permit *permit_for(const struct intake *in, const struct gateway *g, struct judged *j,
                                       const char *name, int64_t now)
{
    const struct permit *known = judged_permit(j, name);
    const struct device *d = device_find(g, name);
    const char *district;
    if (known)
        return known;
    const char *refused = why_not(in, g, d, now, &district);
    j->permits = xrealloc(j->permits, (j->permit_count + 1) * sizeof *j->permits);
    struct permit *p = &j->permits[j->permit_count++];
    *p = (struct permit){0};
    snprintf(p->device, sizeof p->device, "%s", name);
    snprintf(p->site, sizeof p->site, "%s", d ? d->site : "");
    snprintf(p->measurement, sizeof p->measurement, "%s", d ? d->measurement : "");
    snprintf(p->district, sizeof p->district, "%s", district);
    snprintf(p->refused, sizeof p->refused, "%s", refused);
    strcpy(p->bits, d ? d->bits : "");
    return p;
}

static char mark_for(const struct device *d, const struct frame *f, const struct reading *r, int64_t receipt_ms)
{
    if (d && r->ts <= d->newest_ts)
        return f->anew ? MARK_REPEAT : MARK_CLOCK;
    return r->ts > receipt_ms + INTAKE_AHEAD_MS ? MARK_CLOCK : MARK_GOOD;
}

void intake_judge_content(const struct intake *in, struct gateway *g, const struct frame *f, int64_t receipt_ms,
                          struct judged *j)
{
    j->marks = xcalloc(f->reading_count + 1, 1);
    for (size_t i = 0; i < f->reading_count; i++) {
        const struct reading *r = &f->readings[i];
        j->marks[i] = MARK_REFUSED;
        if (f->refused[i] || *permit_for(in, g, j, r->device, receipt_ms)->refused)
            continue;
        struct device *d = device_find(g, r->device);
        j->marks[i] = r->boot ? MARK_WAITS : mark_for(d, f, r, receipt_ms);
        if (d && j->marks[i] == MARK_GOOD)
            d->newest_ts = r->ts;
    }
    for (size_t i = 0; i < f->device_count; i++)
        permit_for(in, g, j, f->devices[i].device, receipt_ms);
}

/* What waited is judged by its times as if they had been known when it came; what did not wait counted then. */
void intake_judge_repaired(struct gateway *g, const struct frame *f, int64_t receipt_ms, struct judged *j)
{
    for (size_t i = 0; i < f->reading_count && j->marks[i]; i++) {
        struct device *d = device_find(g, f->readings[i].device);
        bool waited = j->marks[i] == MARK_WAITS;
        j->marks[i] = waited ? mark_for(d, f, &f->readings[i], receipt_ms) : MARK_REFUSED;
        if (d && j->marks[i] == MARK_GOOD)
            d->newest_ts = f->readings[i].ts;
    }
}

/* ---- applying ---------------------------------------------------------------------------------------------------- */
void intake_apply_hello(struct gateway *g, const struct frame *f)
{
    for (size_t i = 0; f->reset && i < g->device_count; i++)
        g->devices[i].present = false;
    for (size_t i = 0; i < f->device_count; i++) {
        const struct hello_device *h = &f->devices[i];
        struct device *d = device_find(g, h->device);
        if (!d) {
            g->devices = xrealloc(g->devices, (g->device_count + 1) * sizeof *d);
            d = &g->devices[g->device_count++];
            *d = (struct device){0};
            strcpy(d->name, h->device);
        }
        if (strcmp(d->site, h->site) != 0)
            d->newest_ts = 0; /* another series */
        strcpy(d->site, h->site);
        strcpy(d->measurement, h->measurement);
        d->present = true;
        struct buf units = buf_growing(), bits = buf_fixed(d->bits, sizeof d->bits);
        for (size_t k = 0; k < h->metric_count; k++) {
            buf_print(&units, "%c\"%s\":", k ? ',' : '{', h->metrics[k].name);
            buf_json(&units, h->metrics[k].unit);
            if (strcmp(h->metrics[k].type, "bit") == 0)
                buf_print(&bits, "%s%s,", bits.length ? "" : ",", h->metrics[k].name);
        }
        buf_text(&units, h->metric_count ? "}" : "{}");
        free(d->units);
        d->units = units.data;
    }
}

void intake_apply_readings(struct gateway *g, const struct frame *f, const struct judged *j)
{
    for (size_t i = 0; i < f->reading_count && j->marks[i]; i++) {
        struct device *d = j->marks[i] == MARK_GOOD ? device_find(g, f->readings[i].device) : NULL;
        if (d && f->readings[i].ts > d->newest_ts)
            d->newest_ts = f->readings[i].ts;
    }
}

const char *intake_device(const struct intake *in, const char *gateway, const char *device, int64_t now,
                          const char **district, const char **units, const char **why)
{
    const struct gateway *g = intake_gateway(in, gateway);
    const struct device *d = device_find(g, device);
    *why = why_not(in, g, d, now, district);
    if (**why)
        return NULL;
    *units = d->units;
    return d->site;
}
