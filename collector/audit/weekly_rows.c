/* What the ledger tells of a week: windows, usage, missing time and the steps of cases. */
#include "collector/audit/weekly_private.h"

#include <stdio.h>
#include <string.h>

/* What of [*from, *to) lies in the week, and the site's tally.  NULL: nothing does, or the site is not known. */
static struct tally *clipped(struct weekly_draft *d, const char *site, int64_t *from, int64_t *to)
{
    if (*from < d->settings.from)
        *from = d->settings.from;
    if (*to > d->settings.until)
        *to = d->settings.until;
    struct tally *t = *from < *to ? weekly_tally(d, site) : NULL;
    if (t && *to > t->end)
        *to = t->end;
    return t && *from < *to ? t : NULL;
}

static void add_span(struct spans *s, int64_t from, int64_t to)
{
    s->items = grown(s->items, s->count, &s->capacity, sizeof *s->items);
    s->items[s->count++] = (struct span){from, to};
}

bool weekly_is_worse(const struct weekly_worst *a, const struct weekly_worst *b)
{
    if (!a->flag || !b->flag || a->times != b->times)
        return a->flag && (!b->flag || a->times > b->times);
    if (a->from != b->from)
        return a->from < b->from;
    int c = strcmp(a->site, b->site);
    if (!c)
        c = strcmp(a->device, b->device);
    return c ? c < 0 : strcmp(a->flag, b->flag) < 0;
}

static void take_worst(struct tally *t, const struct window_row *row, bool noise)
{
    struct weekly_worst w = {.flag = flag_names[noise ? FLAG_NOISE_LIMIT : FLAG_FUME_LIMIT],
                             .unit = noise ? "dB(A)" : "mg/m³",
                             .from = row->from,
                             .to = row->to,
                             .judged = row->judged,
                             .limit = row->limit};
    w.times = noise ? pow(10, (row->judged - row->limit) / 10) : row->judged / row->limit;
    copy_id(w.site, row->site);
    copy_id(w.device, row->device);
    if (weekly_is_worse(&w, &t->worst))
        t->worst = w;
}

void weekly_take_window(void *ctx, const struct window_row *row)
{
    struct weekly_draft *d = ctx;
    int64_t from = row->from, to = row->to;
    struct tally *t = clipped(d, row->site, &from, &to);
    if (!t)
        return;
    if (row->outcome != OUTCOME_NOT_JUDGED)
        t->figures.judged_ms += to - from;
    else if (strcmp(row->reason, "idle") == 0)
        t->figures.expected_ms -= to - from;
    if (row->outcome == OUTCOME_EXCEEDS) {
        bool noise = strcmp(row->rule, "noise") == 0;
        add_span(noise ? &t->noise : &t->fume, from, to);
        if (!isnan(row->judged)) /* one without a purifier exceeds whatever is measured */
            take_worst(t, row, noise);
    }
}

void weekly_take_usage(void *ctx, const struct usage_row *row)
{
    struct weekly_draft *d = ctx;
    struct tally *t = row->day < d->settings.until ? weekly_tally(d, row->site) : NULL;
    if (!t)
        return;
    if (row->day >= d->settings.from && row->day < t->end) {
        t->figures.fan_ms += row->fan_ms;
        t->figures.both_ms += row->both_ms;
    }
    if (!isnan(t->interval.hours)) {
        d->days = grown(d->days, d->day_count, &d->day_capacity, sizeof *d->days);
        d->days[d->day_count++] = (struct day){(size_t)(t - d->tallies), row->day, row->fan_ms};
    }
}

void weekly_take_missing(void *ctx, const struct missing_row *row)
{
    struct weekly_draft *d = ctx;
    int64_t from = row->from, to = row->to;
    if (!clipped(d, row->site, &from, &to))
        return;
    d->missing = grown(d->missing, d->missing_count, &d->missing_capacity, sizeof *d->missing);
    struct weekly_missing *m = &d->missing[d->missing_count++];
    m->from = from;
    m->to = to;
    copy_id(m->site, row->site);
    copy_id(m->device, row->device);
    snprintf(m->reason, sizeof m->reason, "%s", row->reason);
}

/* What a case went through that concerns the three steps; NULL: something else. */
static const char *step_of(const struct case_row *row)
{
    static const char *const taken[] = {"confirmed", "served", "closed", "lapsed"};
    if (strcmp(row->event, "proposed") == 0)
        return row->proposed;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (strcmp(row->event, taken[i]) == 0)
            return row->step;
    }
    return NULL;
}

void weekly_take_case(void *ctx, const struct case_row *row)
{
    struct weekly_draft *d = ctx;
    const char *step = step_of(row);
    if (!step || row->at < d->settings.from || row->at >= d->settings.until || !weekly_tally(d, row->site))
        return;
    d->steps = grown(d->steps, d->step_count, &d->step_capacity, sizeof *d->steps);
    struct weekly_step *s = &d->steps[d->step_count++];
    *s = (struct weekly_step){.rev = row->rev, .at = row->at};
    copy_id(s->site, row->site);
    snprintf(s->id, sizeof s->id, "%s", row->id);
    snprintf(s->family, sizeof s->family, "%s", row->family);
    snprintf(s->step, sizeof s->step, "%s", step);
    snprintf(s->event, sizeof s->event, "%s", row->event);
}

void weekly_draft_meter(struct weekly_draft *d, const char *site, int64_t first_ms)
{
    int64_t from = first_ms > d->settings.from ? first_ms : d->settings.from;
    struct tally *t = from < d->settings.until ? weekly_tally(d, site) : NULL;
    if (t && from < t->end)
        t->figures.expected_ms += t->end - from;
}
