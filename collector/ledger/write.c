/* The sink: each row that leaves the fold becomes one statement of the open transaction. */
#include "collector/ledger/ledger_private.h"

#include <math.h>

static void put_site(void *ctx, const struct site *site)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_SITE);
    struct buf body = buf_growing();
    site_write(&body, site);
    sql_put_text(s, site->id);
    sql_put_int(s, site->valid_from_ms);
    sql_put_text(s, site->district);
    sql_put_text(s, site->grid);
    sql_put_text(s, body.data);
    sql_do(s);
    buf_free(&body);
}

static void put_device(void *ctx, const struct device_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_DEVICE);
    sql_put_text(s, row->site);
    sql_put_text(s, row->device);
    sql_put_text(s, row->gateway);
    sql_put_text(s, row->profile);
    sql_put_text(s, row->measurement);
    sql_put_text(s, row->serial);
    sql_put_text(s, row->calibrated);
    sql_put_int(s, row->interval_ms);
    sql_do(s);
}

static void put_gateway(void *ctx, const struct gateway_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_GATEWAY);
    sql_put_text(s, row->gateway);
    sql_put_text(s, row->district);
    sql_put_text(s, row->epoch);
    sql_put_int(s, (int64_t)row->seq);
    sql_put_int(s, row->newest_ts);
    sql_put_int(s, row->heard_ms);
    sql_do(s);
}

static void put_window(void *ctx, const struct window_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_WINDOW);
    sql_put_text(s, row->site);
    sql_put_text(s, row->device);
    sql_put_text(s, row->rule);
    sql_put_int(s, row->from);
    sql_put_int(s, row->to);
    sql_put_text(s, row->district);
    sql_put_text(s, row->grid);
    sql_put_text(s, outcome_names[row->outcome]);
    sql_put_text(s, row->reason);
    sql_put_real(s, row->coverage);
    sql_put_real(s, row->measured);
    sql_put_real(s, row->judged);
    sql_put_real(s, row->limit);
    sql_put_real(s, row->l5);
    sql_put_real(s, row->l10);
    sql_put_real(s, row->l50);
    sql_put_real(s, row->l90);
    sql_put_real(s, row->l95);
    sql_put_real(s, row->lafmax);
    sql_put_real(s, row->lafmin);
    sql_put_real(s, row->sd);
    sql_put_int(s, row->statutory);
    sql_do(s);
}

static void put_noise_day(void *ctx, const struct noise_day_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_NOISE_DAY);
    sql_put_text(s, row->site);
    sql_put_text(s, row->device);
    sql_put_int(s, row->day);
    sql_put_real(s, row->ld);
    sql_put_real(s, row->ln);
    sql_put_real(s, row->ldn);
    sql_put_real(s, row->day_coverage);
    sql_put_real(s, row->night_coverage);
    sql_do(s);
}

static void put_usage(void *ctx, const struct usage_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_USAGE);
    sql_put_text(s, row->site);
    sql_put_int(s, row->day);
    sql_put_int(s, row->covered_ms);
    sql_put_int(s, row->fan_ms);
    sql_put_int(s, row->both_ms);
    sql_do(s);
}

static void put_missing(void *ctx, const struct missing_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_MISSING);
    sql_put_text(s, row->site);
    sql_put_text(s, row->device);
    sql_put_int(s, row->from);
    sql_put_int(s, row->to);
    sql_put_text(s, row->reason);
    sql_do(s);
}

static void put_flag(void *ctx, const struct flag_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_FLAG);
    sql_put_text(s, row->id);
    sql_put_int(s, row->rev);
    sql_put_text(s, flag_names[row->flag]);
    sql_put_text(s, row->state);
    sql_put_text(s, row->district);
    sql_put_text(s, row->grid);
    sql_put_text(s, row->site);
    sql_put_text(s, row->device);
    sql_put_text(s, row->gateway);
    sql_put_int(s, row->since);
    sql_put_int(s, row->until);
    sql_put_int(s, row->at);
    sql_put_text(s, row->body);
    sql_do(s);
}

static void put_cleaning(void *ctx, const struct cleaning_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_CLEANING);
    sql_put_text(s, row->id);
    sql_put_text(s, row->site);
    sql_put_int(s, row->cleaned_at);
    sql_put_text(s, row->kind);
    sql_put_text(s, row->by);
    sql_put_text(s, row->provider);
    sql_put_text(s, row->note);
    sql_put_text(s, row->actor);
    sql_put_text(s, row->state);
    sql_put_int(s, row->entered_at);
    sql_put_text(s, row->verdict);
    sql_put_text(s, row->evidence);
    sql_put_text(s, row->photos);
    sql_do(s);
}

static void put_case(void *ctx, const struct case_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_CASE);
    sql_put_text(s, row->id);
    sql_put_int(s, row->rev);
    sql_put_text(s, row->family);
    sql_put_text(s, row->site);
    sql_put_text(s, row->district);
    sql_put_text(s, row->grid);
    sql_put_text(s, row->state);
    sql_put_text(s, row->event);
    sql_put_text(s, row->step);
    sql_put_text(s, row->proposed);
    sql_put_int(s, row->incidents);
    sql_put_int(s, row->since);
    sql_put_int(s, row->at);
    sql_put_text(s, row->body);
    sql_do(s);
}

static void put_entry(void *ctx, const struct entry_row *row)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_ENTRY);
    sql_put_text(s, row->kind);
    sql_put_text(s, row->id);
    sql_put_int(s, row->rev);
    sql_put_text(s, row->site);
    sql_put_text(s, row->state);
    sql_put_text(s, row->actor);
    sql_put_int(s, row->at);
    sql_put_int(s, row->entered_at);
    sql_put_text(s, row->body);
    sql_do(s);
}

static void put_retained(struct ledger *l, const char *topic, const char *payload, int64_t at)
{
    struct sql_statement *s = ledger_put(l, payload ? WRITE_RETAINED : WRITE_UNRETAINED);
    sql_put_text(s, topic);
    if (payload) {
        sql_put_text(s, payload);
        sql_put_int(s, at);
    }
    sql_do(s);
}

static void put_alert(void *ctx, const char *topic, const char *payload, int64_t at)
{
    struct ledger *l = ctx;
    struct sql_statement *s = ledger_put(l, WRITE_ALERT);
    sql_put_int(s, ++l->last_id[OUTBOX_ALERT]);
    sql_put_text(s, topic);
    sql_put_text(s, payload);
    sql_put_int(s, at);
    sql_do(s);
    put_retained(l, topic, payload, at);
}

static void put_line(void *ctx, const char *line)
{
    struct ledger *l = ctx;
    struct sql_statement *s = ledger_put(l, WRITE_LINE);
    sql_put_int(s, ++l->last_id[OUTBOX_LINE]);
    sql_put_text(s, line);
    sql_do(s);
}

static void put_answer(void *ctx, const char *request, const char *json)
{
    struct sql_statement *s = ledger_put(ctx, WRITE_ANSWER);
    sql_put_text(s, request);
    sql_put_text(s, json);
    sql_do(s);
}

static void put_state(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct sql_statement *s = ledger_put(ctx, length ? WRITE_STATE : WRITE_STATE_GONE);
    sql_put_text(s, key);
    if (length)
        sql_put_bytes(s, bytes, length);
    sql_do(s);
}

const struct sink ledger_writer = {
    .flag = put_flag,
    .window = put_window,
    .noise_day = put_noise_day,
    .usage = put_usage,
    .missing = put_missing,
    .device = put_device,
    .gateway = put_gateway,
    .site = put_site,
    .cleaning = put_cleaning,
    .case_ = put_case,
    .entry = put_entry,
    .alert = put_alert,
    .line = put_line,
    .answer = put_answer,
    .state = put_state,
};
