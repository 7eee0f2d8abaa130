/* The weekly audit for people. */
#include "collector/audit/formats.h"
#include "common/civil.h"
#include "common/table.h"

static void put_share(struct buf *out, const char *what, double part, double whole)
{
    if (whole > 0)
        buf_print(out, "%s %.1f %%", what, 100 * part / whole);
    else
        buf_print(out, "%s —", what);
}

static void put_totals(struct buf *out, const struct weekly_figures *f)
{
    buf_print(out, "Sites %zu, catering %zu.  ", f->sites, f->catering);
    put_share(out, "Purifier installed", (double)f->installed, (double)f->catering);
    buf_print(out, " (%zu of %zu).  ", f->installed, f->catering);
    put_share(out, "Cleaned in time", (double)f->cleaned, (double)f->cleaning_required);
    buf_print(out, " (%zu of %zu).  ", f->cleaned, f->cleaning_required);
    put_share(out, "Purifier on while the fan ran", (double)f->both_ms, (double)f->fan_ms);
    buf_print(out, ".\nOver the limit: noise %.1f min, fume %.1f min.\n", (double)f->noise_ms / 60e3,
              (double)f->fume_ms / 60e3);
}

static void percent_cell(struct table *t, double part, double whole)
{
    if (whole > 0)
        table_print(t, "%.1f %%", 100 * part / whole);
    else
        table_text(t, "—");
}

static void date_cell(struct table *t, int64_t ms)
{
    char text[11] = "";
    if (ms)
        civil_date(ms, text);
    table_text(t, ms ? text : "—");
}

static void minutes_cell(struct table *t, int64_t ms)
{
    table_number(t, (double)ms / 60e3, 1);
    if (ms)
        table_alarm(t);
}

static void figure_cells(struct table *t, const struct weekly_figures *f)
{
    percent_cell(t, (double)f->both_ms, (double)f->fan_ms);
    minutes_cell(t, f->noise_ms);
    minutes_cell(t, f->fume_ms);
}

static void put_grids(struct buf *out, const struct weekly *w, bool colour)
{
    static const char *const headings[] = {"GRID",    ">SITES",     ">CATERING", ">INSTALLED", ">CLEANED",
                                           ">IN USE", ">NOISE min", ">FUME min", NULL};
    struct table *t = table_new(headings);
    for (size_t i = 0; i < w->grid_count; i++) {
        const struct weekly_figures *f = &w->grids[i].figures;
        table_text(t, w->grids[i].grid);
        table_print(t, "%zu", f->sites);
        table_print(t, "%zu", f->catering);
        percent_cell(t, (double)f->installed, (double)f->catering);
        percent_cell(t, (double)f->cleaned, (double)f->cleaning_required);
        figure_cells(t, f);
    }
    table_write(t, out, colour);
    table_free(t);
}

static void worst_cell(struct table *t, const struct weekly_worst *w)
{
    if (!w->flag) {
        table_text(t, "—");
        return;
    }
    char stamp[20];
    struct buf text = buf_growing();
    civil_stamp(w->from, stamp);
    buf_number(&text, w->judged);
    buf_text(&text, " > ");
    buf_number(&text, w->limit);
    buf_print(&text, " %s, %s, %.16s", w->unit, w->device, stamp);
    table_text(t, text.data);
    buf_free(&text);
}

static void put_sites(struct buf *out, const struct weekly *w, bool colour)
{
    static const char *const headings[] = {"SITE",      "NAME",     "GRID",    "PURIFIER",   "CLEANED",
                                           "DUE",       "CLEANING", ">IN USE", ">NOISE min", ">FUME min",
                                           ">COVERAGE", "WORST",    NULL};
    struct table *t = table_new(headings);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        table_text(t, s->site->id);
        table_text(t, s->site->name);
        table_text(t, s->site->grid);
        table_text(t, s->installed == NOT_GIVEN ? "—" : s->installed ? "yes" : "no");
        date_cell(t, s->last);
        date_cell(t, s->due);
        table_text(t, s->cleaning == CLEANING_NONE ? "—" : weekly_cleaning_names[s->cleaning]);
        if (s->cleaning == CLEANING_OVERDUE || s->cleaning == CLEANING_CONTRADICTED)
            table_alarm(t);
        figure_cells(t, &s->figures);
        percent_cell(t, (double)s->figures.judged_ms, (double)s->figures.expected_ms);
        worst_cell(t, &s->worst);
    }
    table_write(t, out, colour);
    table_free(t);
}

static void put_overdue(struct buf *out, const struct weekly *w, bool colour)
{
    static const char *const headings[] = {"SITE", "NAME", "GRID", "OFFICER", "CLEANED", "DUE", ">DAYS OVERDUE", NULL};
    struct table *t = table_new(headings);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        if (!s->overdue_days)
            continue;
        table_text(t, s->site->id);
        table_text(t, s->site->name);
        table_text(t, s->site->grid);
        table_text(t, *s->site->officer ? s->site->officer : "—");
        date_cell(t, s->last);
        date_cell(t, s->due);
        table_print(t, "%d", s->overdue_days);
    }
    if (table_rows(t)) {
        buf_text(out, "\nCleaning overdue\n");
        table_write(t, out, colour);
    } else {
        buf_text(out, "\nNo cleaning is overdue.\n");
    }
    table_free(t);
}

static void put_missing(struct buf *out, const struct weekly *w, bool colour)
{
    static const char *const headings[] = {"SITE", "DEVICE", "FROM", "TO", "REASON", NULL};
    struct table *t = table_new(headings);
    for (size_t i = 0; i < w->site_count; i++) {
        for (size_t k = 0; k < w->sites[i].missing_count; k++) {
            const struct weekly_missing *m = &w->sites[i].missing[k];
            char from[20], to[20];
            civil_stamp(m->from, from);
            civil_stamp(m->to, to);
            table_text(t, m->site);
            table_text(t, m->device);
            table_text(t, from);
            table_text(t, to);
            table_text(t, m->reason);
        }
    }
    if (table_rows(t)) {
        buf_text(out, "\nMissing data\n");
        table_write(t, out, colour);
    } else {
        buf_text(out, "\nNo data is missing.\n");
    }
    table_free(t);
}

static void put_gateways(struct buf *out, const char *words, const struct weekly_gateway *list, size_t count)
{
    if (!count)
        return;
    buf_text(out, words);
    for (size_t i = 0; i < count; i++)
        buf_print(out, " %s", list[i].gateway);
    buf_text(out, ".\n");
}

void weekly_text(struct buf *out, const struct weekly *w, bool colour)
{
    char first[11], last[11];
    civil_date(w->settings.from, first);
    civil_date(w->settings.until - 1, last);
    buf_print(out, "Weekly audit %s, %s to %s, revision %d\n\n", w->settings.week, first, last, w->settings.revision);
    put_totals(out, &w->totals);
    put_gateways(out, "Not final: the week is not yet delivered by", w->behind, w->behind_count);
    put_gateways(out, "Offline, what they have not delivered is missing:", w->silent, w->silent_count);
    buf_char(out, '\n');
    put_grids(out, w, colour);
    buf_char(out, '\n');
    put_sites(out, w, colour);
    put_overdue(out, w, colour);
    put_missing(out, w, colour);
}
