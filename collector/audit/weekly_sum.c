/* Adding up: the sites of a grid, of a district, of all; and what belongs to a site among the lists of a week. */
#include "collector/audit/weekly_private.h"

#include <stdlib.h>
#include <string.h>

static int by_start(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return a->from != b->from ? compare(a->from, b->from) : compare(a->to, b->to);
}

int64_t weekly_union(struct spans *s)
{
    int64_t sum = 0, end = INT64_MIN;
    if (s->count)
        qsort(s->items, s->count, sizeof *s->items, by_start);
    for (size_t i = 0; i < s->count; i++) {
        int64_t from = s->items[i].from > end ? s->items[i].from : end;
        if (s->items[i].to > from) {
            sum += s->items[i].to - from;
            end = s->items[i].to;
        }
    }
    return sum;
}

/* ---- groups of sites --------------------------------------------------------------------------------------------- */

static void add(struct weekly_figures *sum, const struct weekly_figures *part)
{
    sum->sites += part->sites;
    sum->catering += part->catering;
    sum->installed += part->installed;
    sum->cleaning_required += part->cleaning_required;
    sum->cleaned += part->cleaned;
    sum->fan_ms += part->fan_ms;
    sum->both_ms += part->both_ms;
    sum->noise_ms += part->noise_ms;
    sum->fume_ms += part->fume_ms;
    sum->judged_ms += part->judged_ms;
    sum->expected_ms += part->expected_ms;
    sum->overdue += part->overdue;
}

static void join(struct weekly_group *g, const struct weekly_group *part)
{
    add(&g->figures, &part->figures);
    if (weekly_is_worse(&part->worst, &g->worst))
        g->worst = part->worst;
}

static int by_group(const void *left, const void *right)
{
    const struct weekly_group *a = left, *b = right;
    int c = strcmp(a->district, b->district);
    return c ? c : strcmp(a->grid, b->grid);
}

/* One group for each site, sorted, then those of one name added up. */
static struct weekly_group *group(const struct weekly *w, bool grids, size_t *count)
{
    struct weekly_group *groups = xcalloc(w->site_count, sizeof *groups);
    for (size_t i = 0; i < w->site_count; i++) {
        copy_id(groups[i].district, w->sites[i].site->district);
        copy_id(groups[i].grid, grids ? w->sites[i].site->grid : "");
        groups[i].figures = w->sites[i].figures;
        groups[i].worst = w->sites[i].worst;
    }
    if (w->site_count)
        qsort(groups, w->site_count, sizeof *groups, by_group);
    *count = 0;
    for (size_t i = 0; i < w->site_count; i++) {
        if (*count && by_group(&groups[*count - 1], &groups[i]) == 0)
            join(&groups[*count - 1], &groups[i]);
        else
            groups[(*count)++] = groups[i];
    }
    return groups;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static int by_missing(const void *left, const void *right)
{
    const struct weekly_missing *a = left, *b = right;
    int c = strcmp(a->site, b->site);
    if (!c)
        c = strcmp(a->device, b->device);
    if (!c)
        c = compare(a->from, b->from);
    return c ? c : compare(a->to, b->to);
}

/* Both lists stand in the order of site ids. */
static void share_missing(struct weekly_draft *d)
{
    size_t at = 0;
    if (!d->missing_count)
        return;
    qsort(d->missing, d->missing_count, sizeof *d->missing, by_missing);
    for (size_t i = 0; i < d->result.site_count; i++) {
        struct weekly_site *s = &d->sites[i];
        while (at < d->missing_count && strcmp(d->missing[at].site, s->site->id) < 0)
            at++;
        s->missing = &d->missing[at];
        while (at < d->missing_count && strcmp(d->missing[at].site, s->site->id) == 0)
            at++;
        s->missing_count = (size_t)(&d->missing[at] - s->missing);
    }
}

static int by_step(const void *left, const void *right)
{
    const struct weekly_step *a = left, *b = right;
    int c = strcmp(a->site, b->site);
    if (!c)
        c = compare(a->at, b->at);
    if (!c)
        c = strcmp(a->id, b->id);
    return c ? c : a->rev - b->rev;
}

static void share_steps(struct weekly_draft *d)
{
    size_t at = 0;
    if (d->step_count)
        qsort(d->steps, d->step_count, sizeof *d->steps, by_step);
    for (size_t i = 0; i < d->result.site_count; i++) {
        struct weekly_site *s = &d->sites[i];
        while (at < d->step_count && strcmp(d->steps[at].site, s->site->id) < 0)
            at++;
        s->steps = &d->steps[at];
        while (at < d->step_count && strcmp(d->steps[at].site, s->site->id) == 0)
            at++;
        s->step_count = (size_t)(&d->steps[at] - s->steps);
    }
}

void weekly_sum(struct weekly_draft *d)
{
    struct weekly *out = &d->result;
    for (size_t i = 0; i < out->site_count; i++) {
        add(&out->totals, &d->sites[i].figures);
        if (weekly_is_worse(&d->sites[i].worst, &out->worst))
            out->worst = d->sites[i].worst;
    }
    out->grids = d->grids = group(out, true, &out->grid_count);
    out->districts = d->districts = group(out, false, &out->district_count);
    share_missing(d);
    share_steps(d);
}
