/* The weekly audit for machines; docs/message-format.md describes the keys.  Times in ms, rates 0 to 1 or null. */
#include "collector/audit/weekly.h"

#include <string.h>

static void put_ms_or_null(struct buf *out, int64_t ms)
{
    if (ms)
        buf_int(out, ms);
    else
        buf_text(out, "null");
}

static void put_number(struct buf *out, const char *key, double x)
{
    buf_print(out, ",\"%s\":", key);
    buf_number(out, x);
}

static void put_minutes(struct buf *out, const struct weekly_figures *f)
{
    put_number(out, "noise_exceedance_minutes", (double)f->noise_ms / 60e3);
    put_number(out, "fume_exceedance_minutes", (double)f->fume_ms / 60e3);
}

static void put_figures(struct buf *out, const struct weekly_figures *f)
{
    buf_print(out, "\"sites\":%zu,\"catering\":%zu,\"installed\":%zu", f->sites, f->catering, f->installed);
    put_number(out, "installation_rate", weekly_rate((double)f->installed, (double)f->catering));
    buf_print(out, ",\"cleaning_required\":%zu,\"cleaned\":%zu", f->cleaning_required, f->cleaned);
    put_number(out, "cleaning_rate", weekly_rate((double)f->cleaned, (double)f->cleaning_required));
    put_number(out, "operating_rate", weekly_rate((double)f->both_ms, (double)f->fan_ms));
    put_minutes(out, f);
}

/* named: with its site, where that does not stand around it. */
static void put_worst(struct buf *out, const struct weekly_worst *w, bool named)
{
    buf_text(out, ",\"worst\":");
    if (!w->flag) {
        buf_text(out, "null");
        return;
    }
    buf_print(out, "{\"flag\":\"%s\"", w->flag);
    if (named)
        buf_print(out, ",\"site\":\"%s\"", w->site);
    buf_text(out, ",\"device\":");
    buf_json(out, w->device);
    buf_text(out, ",\"from\":");
    buf_int(out, w->from);
    buf_text(out, ",\"to\":");
    buf_int(out, w->to);
    put_number(out, "judged", w->judged);
    put_number(out, "limit", w->limit);
    buf_print(out, ",\"unit\":\"%s\"}", w->unit);
}

static void put_missing(struct buf *out, const struct weekly_site *s)
{
    buf_text(out, ",\"missing\":[");
    for (size_t i = 0; i < s->missing_count; i++) {
        const struct weekly_missing *m = &s->missing[i];
        buf_text(out, i ? ",{\"device\":" : "{\"device\":");
        buf_json(out, m->device);
        buf_text(out, ",\"from\":");
        buf_int(out, m->from);
        buf_text(out, ",\"to\":");
        buf_int(out, m->to);
        buf_text(out, ",\"reason\":");
        buf_json(out, m->reason);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void put_steps(struct buf *out, const struct weekly_site *s)
{
    buf_text(out, ",\"steps\":[");
    for (size_t i = 0; i < s->step_count; i++) {
        const struct weekly_step *step = &s->steps[i];
        buf_print(out, "%s{\"case\":\"%s\",\"family\":\"%s\",\"step\":\"%s\",\"event\":\"%s\",\"at\":", i ? "," : "",
                  step->id, step->family, step->step, step->event);
        buf_int(out, step->at);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void put_site(struct buf *out, const struct weekly_site *s)
{
    const struct weekly_figures *f = &s->figures;
    buf_text(out, "{\"site\":");
    buf_json(out, s->site->id);
    buf_text(out, ",\"name\":");
    buf_json(out, s->site->name);
    buf_text(out, ",\"grid\":");
    buf_json(out, s->site->grid);
    buf_text(out, ",\"closed\":");
    put_ms_or_null(out, s->closed);
    buf_print(out, ",\"installed\":%s", s->installed == NOT_GIVEN ? "null" : s->installed ? "true" : "false");
    buf_text(out, ",\"cleaning\":{\"last\":");
    put_ms_or_null(out, s->last);
    buf_text(out, ",\"due\":");
    put_ms_or_null(out, s->due);
    buf_print(out, ",\"overdue_days\":%d,\"state\":\"%s\"}", s->overdue_days, weekly_cleaning_names[s->cleaning]);
    put_number(out, "operating_rate", weekly_rate((double)f->both_ms, (double)f->fan_ms));
    put_minutes(out, f);
    put_worst(out, &s->worst, false);
    put_number(out, "coverage", weekly_rate((double)f->judged_ms, (double)f->expected_ms));
    put_steps(out, s);
    put_missing(out, s);
    buf_char(out, '}');
}

/* What groups have beyond the figures of all. */
static void put_group(struct buf *out, const struct weekly_figures *f, const struct weekly_worst *worst)
{
    put_figures(out, f);
    put_number(out, "coverage", weekly_rate((double)f->judged_ms, (double)f->expected_ms));
    buf_print(out, ",\"overdue_count\":%zu", f->overdue);
    put_worst(out, worst, true);
}

/* district NULL: of all. */
static void put_grids(struct buf *out, const struct weekly *w, const char *district)
{
    const char *comma = "";
    for (size_t i = 0; i < w->grid_count; i++) {
        const struct weekly_group *g = &w->grids[i];
        if (district && strcmp(g->district, district) != 0)
            continue;
        buf_print(out, "%s{\"grid\":\"%s\",\"district\":\"%s\",", comma, g->grid, g->district);
        put_group(out, &g->figures, &g->worst);
        buf_char(out, '}');
        comma = ",";
    }
}

static void put_districts(struct buf *out, const struct weekly *w)
{
    for (size_t i = 0; i < w->district_count; i++) {
        const struct weekly_group *g = &w->districts[i];
        buf_print(out, "%s{\"district\":\"%s\",", i ? "," : "", g->district);
        put_group(out, &g->figures, &g->worst);
        buf_char(out, '}');
    }
}

static void put_gateways(struct buf *out, const struct weekly_gateway *list, size_t count, const char *district)
{
    const char *comma = "";
    for (size_t i = 0; i < count; i++) {
        if (district && strcmp(list[i].district, district) != 0)
            continue;
        buf_text(out, comma);
        buf_json(out, list[i].gateway);
        comma = ",";
    }
}

/* district NULL: of all. */
static void put_late(struct buf *out, const struct weekly *w, const char *district)
{
    buf_text(out, "\"behind\":[");
    put_gateways(out, w->behind, w->behind_count, district);
    buf_text(out, "],\"silent\":[");
    put_gateways(out, w->silent, w->silent_count, district);
    buf_char(out, ']');
}

static void put_overdue(struct buf *out, const struct weekly *w)
{
    bool first = true;
    for (size_t i = 0; i < w->site_count; i++) {
        if (!w->sites[i].overdue_days)
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        buf_json(out, w->sites[i].site->id);
    }
}

/* From the gateways behind to the grids: what the audit and its summary have in common. */
static void put_whole(struct buf *out, const struct weekly *w)
{
    put_late(out, w, NULL);
    buf_text(out, ",\"totals\":{");
    put_group(out, &w->totals, &w->worst);
    buf_text(out, "},\"districts\":[");
    put_districts(out, w);
    buf_text(out, "],\"grids\":[");
    put_grids(out, w, NULL);
    buf_char(out, ']');
}

void weekly_json(struct buf *out, const struct weekly *w)
{
    buf_print(out, "{\"week\":\"%s\",\"from\":", w->settings.week);
    buf_int(out, w->settings.from);
    buf_text(out, ",\"until\":");
    buf_int(out, w->settings.until);
    buf_print(out, ",\"revision\":%d,", w->settings.revision);
    put_whole(out, w);
    buf_text(out, ",\"sites\":[");
    for (size_t i = 0; i < w->site_count; i++) {
        if (i)
            buf_char(out, ',');
        put_site(out, &w->sites[i]);
    }
    buf_text(out, "],\"overdue\":[");
    put_overdue(out, w);
    buf_text(out, "]}\n");
}

void weekly_summary(struct buf *out, const struct weekly *w)
{
    buf_char(out, '{');
    put_whole(out, w);
    buf_char(out, '}');
}

void weekly_district_summary(struct buf *out, const struct weekly *w, const struct weekly_group *district)
{
    buf_char(out, '{');
    put_late(out, w, district->district);
    buf_text(out, ",\"totals\":{");
    put_group(out, &district->figures, &district->worst);
    buf_text(out, "},\"grids\":[");
    put_grids(out, w, district->district);
    buf_text(out, "]}");
}
