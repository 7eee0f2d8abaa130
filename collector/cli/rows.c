#include "collector/cli/rows.h"

void rows_put_device(void *ctx, const struct device_row *d)
{
    struct rows *l = ctx;
    buf_text(l->out, l->count++ ? ",{\"device\":" : "{\"device\":");
    buf_json(l->out, d->device);
    buf_text(l->out, ",\"gateway\":");
    buf_json(l->out, d->gateway);
    buf_text(l->out, ",\"profile\":");
    buf_json(l->out, d->profile);
    buf_text(l->out, ",\"measurement\":");
    buf_json(l->out, d->measurement);
    buf_text(l->out, ",\"serial\":");
    buf_json(l->out, d->serial);
    buf_text(l->out, ",\"calibrated\":");
    buf_json(l->out, d->calibrated);
    buf_text(l->out, ",\"interval_ms\":");
    buf_int(l->out, d->interval_ms);
    buf_char(l->out, '}');
}

void rows_put_cleaning(void *ctx, const struct cleaning_row *row)
{
    struct rows *l = ctx;
    buf_text(l->out, l->count++ ? ",{\"site\":" : "{\"site\":");
    buf_json(l->out, row->site);
    buf_text(l->out, ",\"cleaned_at\":");
    buf_int(l->out, row->cleaned_at);
    buf_text(l->out, ",\"kind\":");
    buf_json(l->out, row->kind);
    buf_text(l->out, ",\"by\":");
    buf_json(l->out, row->by);
    buf_text(l->out, ",\"provider\":");
    buf_json(l->out, row->provider);
    buf_text(l->out, ",\"note\":");
    buf_json(l->out, row->note);
    buf_text(l->out, ",\"state\":");
    buf_json(l->out, row->state);
    buf_text(l->out, ",\"verdict\":");
    buf_json(l->out, row->verdict);
    if (!l->brief)
        buf_print(l->out, ",\"evidence\":%s,\"photos\":%s", row->evidence, row->photos);
    buf_text(l->out, ",\"actor\":");
    buf_json(l->out, row->actor);
    buf_text(l->out, ",\"entered_at\":");
    buf_int(l->out, row->entered_at);
    buf_text(l->out, ",\"id\":");
    buf_json(l->out, row->id);
    buf_char(l->out, '}');
}
