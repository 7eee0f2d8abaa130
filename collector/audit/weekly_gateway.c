/* Of which gateways the week has not all come: those that are behind, and those that are silent.  The register counts
 * as it is at the week's end: a gateway that no site lists is waited for no more. */
#include "collector/audit/weekly_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows -------------------------------------------------------------------------------------------------------- */

void weekly_take_gateway(void *ctx, const struct gateway_row *row)
{
    struct weekly_draft *d = ctx;
    if (row->newest_ts >= d->settings.until)
        return;
    d->late = grown(d->late, d->late_count, &d->late_capacity, sizeof *d->late);
    struct weekly_gateway *g = &d->late[d->late_count++];
    *g = (struct weekly_gateway){.newest_ts = row->newest_ts};
    copy_id(g->gateway, row->gateway);
    copy_id(g->district, row->district);
}

void weekly_take_flag(void *ctx, const struct flag_row *row)
{
    struct weekly_draft *d = ctx;
    if (row->flag != FLAG_GATEWAY_OFFLINE || strcmp(row->state, "raised") != 0)
        return;
    d->offline = grown(d->offline, d->offline_count, &d->offline_capacity, sizeof *d->offline);
    copy_id(d->offline[d->offline_count++], row->gateway);
}

void weekly_take_device(void *ctx, const struct device_row *row)
{
    struct weekly_draft *d = ctx;
    d->meters = grown(d->meters, d->meter_count, &d->meter_capacity, sizeof *d->meters);
    struct meter *m = &d->meters[d->meter_count++];
    copy_id(m->site, row->site);
    copy_id(m->device, row->device);
    copy_id(m->gateway, row->gateway);
}

/* ---- behind or silent -------------------------------------------------------------------------------------------- */

static bool is_listed(const struct weekly_draft *d, const char *gateway)
{
    for (size_t i = 0; i < d->tally_count; i++) {
        if (site_permits(d->tallies[i].site, gateway) && d->tallies[i].end == d->settings.until)
            return true;
    }
    return false;
}

static bool is_offline(const struct weekly_draft *d, const char *gateway)
{
    for (size_t i = 0; i < d->offline_count; i++) {
        if (strcmp(d->offline[i], gateway) == 0)
            return true;
    }
    return false;
}

bool weekly_draft_unfinished(const struct weekly_draft *d)
{
    return d->late_count > 0;
}

bool weekly_draft_behind(struct weekly_draft *d)
{
    weekly_settle(d);
    for (size_t i = 0; i < d->late_count; i++) {
        if (!is_offline(d, d->late[i].gateway) && is_listed(d, d->late[i].gateway))
            return true;
    }
    return false;
}

static int by_gateway(const void *left, const void *right)
{
    return strcmp(((const struct weekly_gateway *)left)->gateway, ((const struct weekly_gateway *)right)->gateway);
}

static const struct weekly_gateway *silent_gateway(const struct weekly *w, const char *gateway)
{
    struct weekly_gateway key = {.newest_ts = 0};
    copy_id(key.gateway, gateway);
    return w->silent_count ? bsearch(&key, w->silent, w->silent_count, sizeof key, by_gateway) : NULL;
}

/* What its meters lack, from the end of its stream on. */
static void miss(struct weekly_draft *d, const struct meter *m)
{
    const struct weekly_gateway *g = silent_gateway(&d->result, m->gateway);
    const struct tally *t = g ? weekly_tally(d, m->site) : NULL;
    if (!t || !site_permits(t->site, m->gateway))
        return;
    int64_t from = g->newest_ts > t->registered ? g->newest_ts : t->registered;
    const struct missing_row row = {
        .site = m->site, .device = m->device, .from = from, .to = d->settings.until, .reason = "gateway-offline"};
    weekly_take_missing(d, &row);
}

void weekly_find_late(struct weekly_draft *d)
{
    struct weekly *out = &d->result;
    d->behind = xcalloc(d->late_count, sizeof *d->behind);
    d->silent = xcalloc(d->late_count, sizeof *d->silent);
    if (d->late_count)
        qsort(d->late, d->late_count, sizeof *d->late, by_gateway);
    for (size_t i = 0; i < d->late_count; i++) {
        const struct weekly_gateway *g = &d->late[i];
        if (!is_listed(d, g->gateway))
            continue;
        if (is_offline(d, g->gateway))
            d->silent[out->silent_count++] = *g;
        else
            d->behind[out->behind_count++] = *g;
    }
    out->behind = d->behind;
    out->silent = d->silent;
    for (size_t i = 0; i < d->meter_count && out->silent_count; i++)
        miss(d, &d->meters[i]);
}
