/* The weekly audit for a spreadsheet: RFC 4180, one row for each site; UTF-8 with BOM, without which Excel guesses GBK.
 * A text cell that begins with = + - @, with their full-width forms or with a control character would be run as a
 * formula: an apostrophe goes before it (OWASP, "CSV Injection"). */
#include "collector/audit/formats.h"
#include "common/civil.h"

#include <string.h>

static const char header[] =
    "week,site,name,grid,officer,installed,last_cleaned,due,overdue_days,cleaning,operating_rate,"
    "noise_exceedance_minutes,fume_exceedance_minutes,worst_flag,worst_device,worst_from,worst_to,worst_judged,"
    "worst_limit,worst_unit,coverage,missing_minutes\r\n";

static bool is_formula(const char *text)
{
    static const char *const wide[] = {"＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        if (strncmp(text, wide[i], strlen(wide[i])) == 0)
            return true;
    }
    return *text && (strchr("=+-@", *text) || (unsigned char)*text < 0x20);
}

static void put_text(struct buf *out, const char *text)
{
    buf_char(out, '"');
    if (is_formula(text))
        buf_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    buf_text(out, "\",");
}

static void put_number(struct buf *out, double x)
{
    if (!isnan(x))
        buf_number(out, x);
    buf_char(out, ',');
}

static void put_date(struct buf *out, int64_t ms)
{
    char text[11];
    if (ms) {
        civil_date(ms, text);
        buf_text(out, text);
    }
    buf_char(out, ',');
}

static void put_stamp(struct buf *out, int64_t ms)
{
    char text[20];
    civil_stamp(ms, text);
    buf_text(out, text);
    buf_char(out, ',');
}

static void put_worst(struct buf *out, const struct weekly_worst *w)
{
    if (!w->flag) {
        buf_text(out, ",,,,,,,");
        return;
    }
    put_text(out, w->flag);
    put_text(out, w->device);
    put_stamp(out, w->from);
    put_stamp(out, w->to);
    put_number(out, w->judged);
    put_number(out, w->limit);
    put_text(out, w->unit);
}

static void put_site(struct buf *out, const char *week, const struct weekly_site *s)
{
    const struct weekly_figures *f = &s->figures;
    int64_t missing = 0;
    for (size_t i = 0; i < s->missing_count; i++)
        missing += s->missing[i].to - s->missing[i].from;
    buf_print(out, "%s,", week);
    put_text(out, s->site->id);
    put_text(out, s->site->name);
    put_text(out, s->site->grid);
    put_text(out, s->site->officer);
    buf_text(out, s->installed == NOT_GIVEN ? "," : s->installed ? "yes," : "no,");
    put_date(out, s->last);
    put_date(out, s->due);
    buf_print(out, "%d,%s,", s->overdue_days, weekly_cleaning_names[s->cleaning]);
    put_number(out, weekly_rate((double)f->both_ms, (double)f->fan_ms));
    put_number(out, (double)f->noise_ms / 60e3);
    put_number(out, (double)f->fume_ms / 60e3);
    put_worst(out, &s->worst);
    put_number(out, weekly_rate((double)f->judged_ms, (double)f->expected_ms));
    buf_number(out, (double)missing / 60e3);
    buf_text(out, "\r\n");
}

void weekly_csv(struct buf *out, const struct weekly *w)
{
    buf_text(out, "\xef\xbb\xbf");
    buf_text(out, header);
    for (size_t i = 0; i < w->site_count; i++)
        put_site(out, w->settings.week, &w->sites[i]);
}
