#include "collector/audit/quarterly.h"
#include "common/civil.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const figure_names[] = {
    [FIGURE_NOISE_SITES] = "noise_sites",
    [FIGURE_NOISE_METERS] = "noise_meters",
    [FIGURE_NOISE_MEASUREMENTS] = "noise_measurements",
    [FIGURE_NOISE_MEASURED_SITES] = "noise_measured_sites",
    [FIGURE_NOISE_MEASURED_EXCEEDING] = "noise_measured_exceeding",
    [FIGURE_NOISE_EXCEEDING_SITES] = "noise_exceeding_sites",
    [FIGURE_NOISE_MINUTES] = "noise_exceedance_minutes",
    [FIGURE_NOISE_NOTICES] = "noise_notices",
    [FIGURE_NOISE_WARNINGS] = "noise_warnings",
    [FIGURE_NOISE_PENALTIES] = "noise_penalties",
    [FIGURE_NOISE_CLOSED] = "noise_closed",
    [FIGURE_NOISE_COMPLAINTS] = "noise_complaints",
    [FIGURE_NOISE_COMPLAINTS_CLOSED] = "noise_complaints_closed",
    [FIGURE_CATERING] = "catering",
    [FIGURE_RESTAURANTS] = "restaurants",
    [FIGURE_BREAKFASTS] = "breakfasts",
    [FIGURE_BARBECUES] = "barbecues",
    [FIGURE_CANTEENS] = "canteens",
    [FIGURE_INSPECTIONS] = "inspections",
    [FIGURE_INSPECTED_SITES] = "inspected_sites",
    [FIGURE_INSPECTED_FAULTS] = "inspected_faults",
    [FIGURE_INSTALLED] = "installed",
    [FIGURE_INSTALLATION_RATE] = "installation_rate",
    [FIGURE_NOT_INSTALLED] = "not_installed",
    [FIGURE_INSTALL_DEADLINES] = "install_deadlines",
    [FIGURE_INSTALL_OVERDUE] = "install_overdue",
    [FIGURE_CLEANING_REQUIRED] = "cleaning_required",
    [FIGURE_CLEANED] = "cleaned",
    [FIGURE_CLEANING_RATE] = "cleaning_rate",
    [FIGURE_CLEANING_OVERDUE] = "cleaning_overdue",
    [FIGURE_OPERATING_RATE] = "operating_rate",
    [FIGURE_FUME_METERS] = "fume_meters",
    [FIGURE_FUME_MEASUREMENTS] = "fume_measurements",
    [FIGURE_FUME_MEASURED_EXCEEDING] = "fume_measured_exceeding",
    [FIGURE_FUME_EXCEEDING_SITES] = "fume_exceeding_sites",
    [FIGURE_FUME_MINUTES] = "fume_exceedance_minutes",
    [FIGURE_FUME_NOTICES] = "fume_notices",
    [FIGURE_FUME_WARNINGS] = "fume_warnings",
    [FIGURE_FUME_PENALTIES] = "fume_penalties",
    [FIGURE_FUME_CLOSED] = "fume_closed",
    [FIGURE_FUME_COMPLAINTS] = "fume_complaints",
    [FIGURE_FUME_COMPLAINTS_CLOSED] = "fume_complaints_closed",
    [FIGURES] = NULL,
};

struct visit { /* of a site that was counted already */
    bool measured, inspected;
};

struct quarterly_draft {
    struct quarterly result;
    struct sink sink;
    struct visit *visits; /* by the audit's sites */
    bool measured_ever, inspected_ever, complained_ever;
};

/* ---- quarters ---------------------------------------------------------------------------------------------------- */

static int64_t quarter_start(int year, int quarter) /* 1..5 */
{
    return quarter == 5 ? civil_ms(year + 1, 1, 1, 0, 0, 0) : civil_ms(year, 3 * quarter - 2, 1, 0, 0, 0);
}

bool quarter_parse(const char *text, int64_t *from, int64_t *until)
{
    int year, quarter;
    char shape[32];
    if (strlen(text) != 7 || sscanf(text, "%4d-Q%1d", &year, &quarter) != 2 || year < 1970)
        return false;
    snprintf(shape, sizeof shape, "%04d-Q%d", year, quarter);
    if (strcmp(shape, text) != 0 || quarter < 1 || quarter > 4)
        return false;
    *from = quarter_start(year, quarter);
    *until = quarter_start(year, quarter + 1);
    return true;
}

void quarter_before(int64_t now, char out[static 8])
{
    struct civil c = civil_of(now);
    int quarter = (c.month - 1) / 3; /* of the one before: 0 is the last of the year before */
    char text[32];
    snprintf(text, sizeof text, "%04d-Q%d", quarter ? c.year : c.year - 1, quarter ? quarter : 4);
    memcpy(out, text, 7);
    out[7] = 0;
}

/* ---- what people entered ----------------------------------------------------------------------------------------- */

static int by_id(const void *id, const void *site)
{
    return strcmp(id, ((const struct weekly_site *)site)->site->id);
}

/* Its place among the audit's sites; site_count: in no register. */
static size_t place_of(const struct quarterly_draft *d, const char *site)
{
    const struct weekly *w = d->result.audit;
    const struct weekly_site *s = w->site_count ? bsearch(site, w->sites, w->site_count, sizeof *s, by_id) : NULL;
    return s ? (size_t)(s - w->sites) : w->site_count;
}

static const char *member(const struct json *body, const char *key)
{
    const char *text = "";
    json_text(json_member(body, key), &text);
    return text;
}

static bool exceeds(const struct json *body)
{
    double value, limit;
    if (*member(body, "outcome"))
        return strcmp(member(body, "outcome"), "exceeds") == 0;
    const struct json *judged = json_member(body, "judged");
    return json_double(judged ? judged : json_member(body, "value"), &value) &&
           json_double(json_member(body, "limit"), &limit) && value > limit;
}

static void take_measurement(struct quarterly_draft *d, const char *site, const struct json *body)
{
    double *v = d->result.values;
    size_t place = place_of(d, site);
    const char *quantity = member(body, "quantity");
    if (strcmp(*quantity ? quantity : member(body, "kind"), "fume") == 0) {
        v[FIGURE_FUME_MEASUREMENTS]++;
        v[FIGURE_FUME_MEASURED_EXCEEDING] += exceeds(body);
        return;
    }
    v[FIGURE_NOISE_MEASUREMENTS]++;
    v[FIGURE_NOISE_MEASURED_EXCEEDING] += exceeds(body);
    if (place < d->result.audit->site_count && !d->visits[place].measured) {
        d->visits[place].measured = true;
        v[FIGURE_NOISE_MEASURED_SITES]++;
    }
}

/* Of kitchens: what is looked at elsewhere belongs to no paragraph. */
static void take_inspection(struct quarterly_draft *d, const char *site, const struct json *body)
{
    double *v = d->result.values;
    size_t place = place_of(d, site);
    if (place == d->result.audit->site_count || !site_is_catering(d->result.audit->sites[place].site))
        return;
    v[FIGURE_INSPECTIONS]++;
    v[FIGURE_INSPECTED_FAULTS] += strcmp(member(body, "result"), "fault") == 0;
    v[FIGURE_INSPECTED_SITES] += !d->visits[place].inspected;
    d->visits[place].inspected = true;
}

/* About noise or fume as it says, else as its site is a kitchen or not. */
static void take_complaint(struct quarterly_draft *d, const struct entry_row *row, const struct json *body)
{
    double *v = d->result.values;
    size_t place = place_of(d, row->site);
    const char *about = member(body, "about");
    bool known = place < d->result.audit->site_count;
    bool closed = strcmp(row->state, "closed") == 0;
    if (strcmp(about, "fume") == 0 || (!*about && known && site_is_catering(d->result.audit->sites[place].site))) {
        v[FIGURE_FUME_COMPLAINTS]++;
        v[FIGURE_FUME_COMPLAINTS_CLOSED] += closed;
    } else if (strcmp(about, "noise") == 0 || (!*about && known)) {
        v[FIGURE_NOISE_COMPLAINTS]++;
        v[FIGURE_NOISE_COMPLAINTS_CLOSED] += closed;
    }
}

static bool in_quarter(const struct quarterly_draft *d, int64_t at)
{
    return at >= d->result.from && at < d->result.as_of;
}

static void take_entry(void *ctx, const struct entry_row *row)
{
    struct quarterly_draft *d = ctx;
    struct json *body = json_open(row->body, strlen(row->body), NULL);
    bool counts = in_quarter(d, row->at);
    if (strcmp(row->kind, "measurement") == 0) {
        d->measured_ever = true;
        if (counts)
            take_measurement(d, row->site, body);
    } else if (strcmp(row->kind, "inspection") == 0) {
        d->inspected_ever = true;
        if (counts)
            take_inspection(d, row->site, body);
    } else if (strcmp(row->kind, "complaint") == 0) {
        d->complained_ever = true;
        if (counts)
            take_complaint(d, row, body);
    }
    json_close(body);
}

static void take_case(void *ctx, const struct case_row *row)
{
    static const char *const steps[] = {"notice", "warning", "penalty"};
    struct quarterly_draft *d = ctx;
    bool noise = strcmp(row->family, "noise") == 0;
    double *first = &d->result.values[noise ? FIGURE_NOISE_NOTICES : FIGURE_FUME_NOTICES];
    if (!in_quarter(d, row->at))
        return;
    for (size_t i = 0; i < 3; i++)
        first[i] += strcmp(row->event, "confirmed") == 0 && strcmp(row->step, steps[i]) == 0;
    first[3] += strcmp(row->event, "closed") == 0;
}

void quarterly_draft_meter(struct quarterly_draft *d, bool noise)
{
    d->result.values[noise ? FIGURE_NOISE_METERS : FIGURE_FUME_METERS]++;
}

/* ---- what the audit tells ---------------------------------------------------------------------------------------- */

static void take_site(struct quarterly_draft *d, const struct weekly_site *s)
{
    static const enum figure kinds[] = {
        [SITE_RESTAURANT] = FIGURE_RESTAURANTS, [SITE_BREAKFAST] = FIGURE_BREAKFASTS,
        [SITE_BARBECUE] = FIGURE_BARBECUES,     [SITE_CANTEEN] = FIGURE_CANTEENS,
        [SITE_KTV] = FIGURE_NOISE_SITES,        [SITE_CLUB] = FIGURE_NOISE_SITES,
        [SITE_BAR] = FIGURE_NOISE_SITES,
    };
    double *v = d->result.values;
    if (s->site->kind != SITE_OTHER && !s->closed)
        v[kinds[s->site->kind]]++;
    v[FIGURE_NOISE_EXCEEDING_SITES] += s->figures.noise_ms > 0;
    v[FIGURE_FUME_EXCEEDING_SITES] += s->figures.fume_ms > 0;
    if (!s->figures.catering || s->figures.installed)
        return;
    int64_t deadline = s->site->install_deadline_ms;
    v[FIGURE_NOT_INSTALLED]++;
    v[FIGURE_INSTALL_DEADLINES] += deadline != 0;
    v[FIGURE_INSTALL_OVERDUE] += deadline != 0 && civil_midnight(deadline, 1) <= d->result.as_of;
}

static void take_totals(double *v, const struct weekly_figures *f)
{
    v[FIGURE_CATERING] = (double)f->catering;
    v[FIGURE_INSTALLED] = (double)f->installed;
    v[FIGURE_INSTALLATION_RATE] = weekly_rate((double)f->installed, (double)f->catering);
    v[FIGURE_CLEANING_REQUIRED] = (double)f->cleaning_required;
    v[FIGURE_CLEANED] = (double)f->cleaned;
    v[FIGURE_CLEANING_RATE] = weekly_rate((double)f->cleaned, (double)f->cleaning_required);
    v[FIGURE_CLEANING_OVERDUE] = (double)f->overdue;
    v[FIGURE_OPERATING_RATE] = weekly_rate((double)f->both_ms, (double)f->fan_ms);
    v[FIGURE_NOISE_MINUTES] = (double)f->noise_ms / 60e3;
    v[FIGURE_FUME_MINUTES] = (double)f->fume_ms / 60e3;
}

static void forget(struct quarterly *q, enum figure first, enum figure last, enum unknown why)
{
    for (enum figure i = first; i <= last; i++) {
        q->values[i] = NAN;
        q->unknown[i] = why;
    }
}

static void find_unknown(struct quarterly_draft *d)
{
    struct quarterly *q = &d->result;
    if (!d->measured_ever) {
        forget(q, FIGURE_NOISE_MEASUREMENTS, FIGURE_NOISE_MEASURED_EXCEEDING, UNKNOWN_NOT_ENTERED);
        forget(q, FIGURE_FUME_MEASUREMENTS, FIGURE_FUME_MEASURED_EXCEEDING, UNKNOWN_NOT_ENTERED);
    }
    if (!d->inspected_ever)
        forget(q, FIGURE_INSPECTIONS, FIGURE_INSPECTED_FAULTS, UNKNOWN_NOT_ENTERED);
    if (!d->complained_ever) {
        forget(q, FIGURE_NOISE_COMPLAINTS, FIGURE_NOISE_COMPLAINTS_CLOSED, UNKNOWN_NOT_ENTERED);
        forget(q, FIGURE_FUME_COMPLAINTS, FIGURE_FUME_COMPLAINTS_CLOSED, UNKNOWN_NOT_ENTERED);
    }
    if (q->values[FIGURE_NOISE_METERS] == 0)
        forget(q, FIGURE_NOISE_EXCEEDING_SITES, FIGURE_NOISE_MINUTES, UNKNOWN_NO_METERS);
    if (q->values[FIGURE_FUME_METERS] == 0)
        forget(q, FIGURE_FUME_EXCEEDING_SITES, FIGURE_FUME_MINUTES, UNKNOWN_NO_METERS);
    if (isnan(q->values[FIGURE_INSTALLATION_RATE]))
        q->unknown[FIGURE_INSTALLATION_RATE] = UNKNOWN_NO_SITES;
    if (isnan(q->values[FIGURE_CLEANING_RATE]))
        q->unknown[FIGURE_CLEANING_RATE] = UNKNOWN_NO_SITES;
    if (isnan(q->values[FIGURE_OPERATING_RATE]))
        q->unknown[FIGURE_OPERATING_RATE] = UNKNOWN_NO_USAGE;
}

const struct quarterly *quarterly_draft_finish(struct quarterly_draft *d)
{
    for (size_t i = 0; i < d->result.audit->site_count; i++)
        take_site(d, &d->result.audit->sites[i]);
    take_totals(d->result.values, &d->result.audit->totals);
    find_unknown(d);
    return &d->result;
}

struct quarterly_draft *quarterly_draft_new(const char *quarter, const struct weekly *audit)
{
    struct quarterly_draft *d = xcalloc(1, sizeof *d);
    d->result.audit = audit;
    snprintf(d->result.quarter, sizeof d->result.quarter, "%s", quarter);
    quarter_parse(quarter, &d->result.from, &d->result.until);
    d->result.as_of = audit->settings.until;
    d->visits = xcalloc(audit->site_count, sizeof *d->visits);
    d->sink = (struct sink){.ctx = d, .entry = take_entry, .case_ = take_case};
    return d;
}

void quarterly_draft_free(struct quarterly_draft *d)
{
    if (!d)
        return;
    free(d->visits);
    free(d);
}

const struct sink *quarterly_draft_sink(struct quarterly_draft *d)
{
    return &d->sink;
}
