#include "collector/rules/amendment.h"
#include "collector/rules/entry.h"
#include "collector/rules/memory.h"
#include "collector/rules/points.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_side(struct buf *out, const char *name, const struct window_row *row)
{
    buf_print(out, ",\"%s\":{\"outcome\":\"%s\",\"reason\":\"%s\"", name, outcome_names[row->outcome], row->reason);
    entry_put_number(out, "judged", row->judged);
    buf_char(out, '}');
}

static void tell_entry(struct fold *f, const struct window_row *before, const struct window_row *after,
                       const char *station)
{
    char content[160];
    struct buf body = buf_growing();
    struct entry_row row = {.kind = "amendment",
                            .rev = 1,
                            .site = after->site,
                            .state = after->reason,
                            .actor = "",
                            .at = after->from,
                            .entered_at = f->time};
    snprintf(content, sizeof content, "%s|%s|%s|%lld", after->site, after->device, after->rule, (long long)after->from);
    entry_id(row.id, row.kind, content);
    buf_print(&body, "{\"site\":\"%s\",\"device\":\"%s\",\"rule\":\"%s\",\"from\":%lld,\"to\":%lld", after->site,
              after->device, after->rule, (long long)after->from, (long long)after->to);
    put_side(&body, "before", before);
    put_side(&body, "after", after);
    buf_print(&body, ",\"station\":\"%s\"}", station);
    row.body = body.data;
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    buf_free(&body);
}

void amendment_weather(struct fold *f, const struct window_row *told, const char *station)
{
    struct window_row row = *told;
    struct buf line = buf_growing();
    row.outcome = OUTCOME_NOT_JUDGED;
    row.reason = "weather";
    row.judged = NAN;
    const struct sink *out = fold_out(f);
    out->window(out->ctx, &row);
    point_window_struck(&line, &row);
    out->line(out->ctx, line.data);
    buf_free(&line);
    tell_entry(f, told, &row, station);
}
