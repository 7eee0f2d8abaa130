#include "collector/rules/points.h"

#include <math.h>
#include <string.h>

/* In tags comma, equals sign and space are escaped; an empty tag cannot be written and is left out. */
static void put_tag(struct buf *out, const char *name, const char *value)
{
    if (!*value)
        return;
    buf_print(out, ",%s=", name);
    for (; *value; value++) {
        if (strchr(", =\\", *value))
            buf_char(out, '\\');
        buf_char(out, *value);
    }
}

/* Tags in the order of their names, which costs the database least. */
static void put_tags(struct buf *out, const char *device, const char *district, const char *flag, const char *gateway,
                     const char *grid, const char *site)
{
    put_tag(out, "device", device);
    put_tag(out, "district", district);
    put_tag(out, "flag", flag);
    put_tag(out, "gateway", gateway);
    put_tag(out, "grid", grid);
    put_tag(out, "site", site);
}

static void put_field(struct buf *out, char *before, const char *name, double value)
{
    if (isnan(value))
        return;
    buf_print(out, "%c%s=", *before, name);
    buf_number(out, value);
    *before = ',';
}

static void put_window(struct buf *out, const struct window_row *row, const char *more)
{
    char before = ' ';
    buf_print(out, "%s_window", row->rule);
    put_tags(out, row->device, row->district, "", "", row->grid, row->site);
    put_field(out, &before, "coverage", row->coverage);
    put_field(out, &before, "judged", row->judged);
    put_field(out, &before, "l10", row->l10);
    put_field(out, &before, "l50", row->l50);
    put_field(out, &before, "l90", row->l90);
    put_field(out, &before, "lafmax", row->lafmax);
    put_field(out, &before, "limit", row->limit);
    put_field(out, &before, "measured", row->measured);
    put_field(out, &before, "l5", row->l5);
    put_field(out, &before, "l95", row->l95);
    put_field(out, &before, "lafmin", row->lafmin);
    put_field(out, &before, "sd", row->sd);
    buf_print(out, "%s ", more);
    buf_int(out, row->from);
}

void point_window(struct buf *out, const struct window_row *row)
{
    put_window(out, row, "");
}

void point_window_struck(struct buf *out, const struct window_row *row)
{
    put_window(out, row, ",struck=1i");
}

void point_flag(struct buf *out, const struct flag_row *row, double measured, double limit)
{
    char before = ',';
    buf_text(out, "flag");
    put_tags(out, row->device, row->district, flag_names[row->flag], row->gateway, row->grid, row->site);
    buf_print(out, " state=%di", row->until ? 0 : 1);
    put_field(out, &before, "measured", measured);
    put_field(out, &before, "limit", limit);
    buf_char(out, ' ');
    buf_int(out, row->until ? row->until : row->since);
}
