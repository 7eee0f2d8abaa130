#include "collector/audit/weekly_private.h"
#include "collector/rules/interval.h"
#include "common/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

const char *const weekly_cleaning_names[] = {"ok", "due", "overdue", "none", "contradicted", NULL};

/* ---- sites ------------------------------------------------------------------------------------------------------ */

static int by_version(const void *left, const void *right)
{
    const struct site *a = left, *b = right;
    int c = strcmp(a->id, b->id);
    return c ? c : compare(a->valid_from_ms, b->valid_from_ms);
}

/* One tally for each id, with the version valid at the week's end: the last that begins before it, or the first. */
void weekly_settle(struct weekly_draft *d)
{
    if (d->settled)
        return;
    d->settled = true;
    if (d->version_count)
        qsort(d->versions, d->version_count, sizeof *d->versions, by_version);
    d->tallies = xcalloc(d->version_count, sizeof *d->tallies);
    for (size_t i = 0; i < d->version_count; i++) {
        const struct site *version = &d->versions[i];
        struct tally *t = d->tally_count ? &d->tallies[d->tally_count - 1] : NULL;
        if (!t || strcmp(t->site->id, version->id) != 0)
            d->tallies[d->tally_count++] = (struct tally){.site = version, .registered = version->valid_from_ms};
        else if (version->valid_from_ms < d->settings.until)
            t->site = version;
    }
    for (size_t i = 0; i < d->tally_count; i++) {
        struct tally *t = &d->tallies[i];
        t->end = site_closed_at(t->site, d->settings.until) ? t->site->closed_ms : d->settings.until;
        t->interval = interval_of(d->settings.policy, t->site, d->settings.until - 1);
        if (t->site->last_cleaned_ms < d->settings.until)
            t->last_cleaned = t->site->last_cleaned_ms;
    }
}

static int by_site_id(const void *id, const void *tally)
{
    return strcmp(id, ((const struct tally *)tally)->site->id);
}

struct tally *weekly_tally(struct weekly_draft *d, const char *site)
{
    weekly_settle(d);
    if (d->recent < d->tally_count && strcmp(d->tallies[d->recent].site->id, site) == 0)
        return &d->tallies[d->recent];
    struct tally *t = d->tally_count ? bsearch(site, d->tallies, d->tally_count, sizeof *t, by_site_id) : NULL;
    if (t)
        d->recent = (size_t)(t - d->tallies);
    return t;
}

static void take_site(void *ctx, const struct site *s)
{
    struct weekly_draft *d = ctx;
    d->versions = grown(d->versions, d->version_count, &d->version_capacity, sizeof *d->versions);
    d->versions[d->version_count++] = *s;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void take_cleaning(void *ctx, const struct cleaning_row *row)
{
    struct weekly_draft *d = ctx;
    struct tally *t = weekly_tally(d, row->site);
    if (!t || strcmp(row->kind, "clean") != 0 || row->cleaned_at >= d->settings.until)
        return;
    int64_t *last = strcmp(row->verdict, "contradicted") == 0 ? &t->last_contradicted : &t->last_cleaned;
    if (row->cleaned_at > *last)
        *last = row->cleaned_at;
}

/* ---- cleaning ---------------------------------------------------------------------------------------------------- */

static bool has_purifier(const struct weekly_draft *d, const struct site *s)
{
    return s->purifier == 1 && s->purifier_installed_ms < d->settings.until;
}

/* What the interval runs from. */
static int64_t interval_begin(const struct tally *t)
{
    if (t->last_cleaned)
        return t->last_cleaned;
    return t->site->purifier_installed_ms ? t->site->purifier_installed_ms : t->site->imported_ms;
}

int64_t weekly_draft_usage_from(struct weekly_draft *d)
{
    int64_t from = d->settings.from;
    weekly_settle(d);
    for (size_t i = 0; i < d->tally_count; i++) {
        const struct tally *t = &d->tallies[i];
        if (!isnan(t->interval.hours) && interval_begin(t) < from)
            from = interval_begin(t);
    }
    return from;
}

static int by_day(const void *left, const void *right)
{
    const struct day *a = left, *b = right;
    return a->site != b->site ? (a->site > b->site) - (a->site < b->site) : compare(a->day, b->day);
}

static void find_due_by_hours(struct weekly_draft *d)
{
    if (d->day_count)
        qsort(d->days, d->day_count, sizeof *d->days, by_day);
    struct fan_hours hours = {0};
    for (size_t i = 0; i < d->day_count; i++) {
        const struct day *day = &d->days[i];
        struct tally *t = &d->tallies[day->site];
        if (i == 0 || d->days[i - 1].site != day->site)
            hours = fan_hours_begin(&t->interval, interval_begin(t));
        fan_hours_add(&hours, day->day, day->fan_ms);
        t->due_by_hours = hours.due;
    }
}

static void judge_due(const struct weekly_draft *d, struct weekly_site *out)
{
    int64_t until = d->settings.until, over = civil_midnight(out->due, 1); /* the first moment after the due date */
    if (until > over)
        out->figures.cleaned = 0;
    if (until > interval_overdue(out->due, d->settings.grace)) {
        out->cleaning = CLEANING_OVERDUE;
        out->overdue_days = (int)((until - over + DAY_MS / 2) / DAY_MS);
    } else if (until > out->due - d->settings.due_before) {
        out->cleaning = CLEANING_DUE;
    }
}

static void judge_cleaning(const struct weekly_draft *d, const struct tally *t, struct weekly_site *out)
{
    out->last = t->last_cleaned;
    out->cleaning = CLEANING_NONE;
    if (!has_purifier(d, t->site) || !interval_given(&t->interval))
        return;
    out->figures.cleaning_required = 1;
    out->due = interval_earlier(interval_due_by_days(&t->interval, interval_begin(t)), t->due_by_hours);
    out->cleaning = CLEANING_OK;
    out->figures.cleaned = t->last_cleaned != 0;
    if (out->due)
        judge_due(d, out);
    if (t->last_contradicted > t->last_cleaned)
        out->cleaning = CLEANING_CONTRADICTED;
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

static void finish_site(struct weekly_draft *d, struct tally *t)
{
    struct weekly_site *out = &d->sites[d->result.site_count++];
    bool catering = site_is_catering(t->site);
    *out = (struct weekly_site){.site = t->site, .figures = t->figures, .worst = t->worst};
    out->installed = t->site->purifier == NOT_GIVEN ? NOT_GIVEN : has_purifier(d, t->site);
    d->result.registered += t->registered < d->settings.until;
    out->figures.noise_ms = weekly_union(&t->noise);
    out->figures.fume_ms = weekly_union(&t->fume);
    out->cleaning = CLEANING_NONE;
    if (t->end < d->settings.until) {
        out->closed = t->end;
        return;
    }
    out->figures.sites = 1;
    out->figures.catering = catering;
    out->figures.installed = catering && has_purifier(d, t->site);
    judge_cleaning(d, t, out);
    out->figures.overdue = out->cleaning == CLEANING_OVERDUE;
}

const struct weekly *weekly_draft_finish(struct weekly_draft *d)
{
    struct weekly *out = &d->result;
    weekly_settle(d);
    find_due_by_hours(d);
    d->sites = xcalloc(d->tally_count, sizeof *d->sites);
    for (size_t i = 0; i < d->tally_count; i++) {
        if (d->tallies[i].end > d->settings.from)
            finish_site(d, &d->tallies[i]);
    }
    weekly_find_late(d);
    out->settings = d->settings;
    out->sites = d->sites;
    weekly_sum(d);
    return out;
}

void weekly_draft_revise(struct weekly_draft *d, int revision)
{
    d->result.settings.revision = revision;
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

struct weekly_draft *weekly_draft_new(const struct weekly_settings *settings)
{
    struct weekly_draft *d = xcalloc(1, sizeof *d);
    d->settings = *settings;
    d->sink = (struct sink){.ctx = d,
                            .site = take_site,
                            .cleaning = take_cleaning,
                            .window = weekly_take_window,
                            .usage = weekly_take_usage,
                            .missing = weekly_take_missing,
                            .gateway = weekly_take_gateway,
                            .flag = weekly_take_flag,
                            .device = weekly_take_device,
                            .case_ = weekly_take_case};
    return d;
}

const struct weekly_settings *weekly_draft_settings(const struct weekly_draft *d)
{
    return &d->settings;
}

const struct sink *weekly_draft_sink(struct weekly_draft *d)
{
    return &d->sink;
}

void weekly_draft_free(struct weekly_draft *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->tally_count; i++) {
        free(d->tallies[i].noise.items);
        free(d->tallies[i].fume.items);
    }
    free(d->versions);
    free(d->tallies);
    free(d->days);
    free(d->missing);
    free(d->steps);
    free(d->late);
    free(d->offline);
    free(d->meters);
    free(d->behind);
    free(d->silent);
    free(d->sites);
    free(d->grids);
    free(d->districts);
    free(d);
}