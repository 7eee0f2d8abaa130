#include "firmware-gateway/tool/live.h"
#include "common/err.h"
#include "common/json.h"
#include "common/table.h"
#include "firmware-gateway/decode.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

struct value_now {
    char text[WORD];  /* "": none yet */
    char error[WORD]; /* "": its newest answer gave a value */
    char detail[WORD];
    unsigned quality;
    int64_t ts; /* of the newest answer or failure, by the boot's clock */
};

struct device_now {
    struct value_now *metrics;
    char texts[PROFILE_TEXTS][DECODE_STRING_SIZE];
    char errors[4 * WORD]; /* as JSON: {"timeout":1} */
    char told[4 * WORD];   /* for people: timeout 1 */
    double answer_ms;      /* NAN: not known */
};

struct live {
    const struct gateway_settings *set;
    struct device_now *devices;
    pthread_mutex_t lock; /* of devices */
};

struct live *live_new(const struct gateway_settings *set)
{
    struct live *l = xcalloc(1, sizeof *l);
    l->set = set;
    l->devices = xcalloc(set->device_count ? set->device_count : 1, sizeof *l->devices);
    for (size_t d = 0; d < set->device_count; d++) {
        l->devices[d].metrics = xcalloc(set->devices[d].metric_count + 1, sizeof *l->devices[d].metrics);
        l->devices[d].answer_ms = NAN;
    }
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (size_t d = 0; d < l->set->device_count; d++)
        free(l->devices[d].metrics);
    pthread_mutex_destroy(&l->lock);
    free(l->devices);
    free(l);
}

/* ---- what the workers say ---------------------------------------------------------------------------------------- */

static struct value_now *find(struct live *l, size_t device, const char *metric)
{
    const struct device_section *d = &l->set->devices[device];
    for (size_t i = 0; i < d->metric_count; i++)
        if (strcmp(d->metrics[i].name, metric) == 0)
            return &l->devices[device].metrics[i];
    return NULL;
}

static void copy(char to[static WORD], const char *text)
{
    snprintf(to, WORD, "%s", text ? text : "");
}

static void take_value(struct value_now *v, const struct reading *r, const struct value *value)
{
    struct buf b = buf_fixed(v->text, sizeof v->text);
    if (value->kind == VALUE_NUMBER)
        buf_number(&b, value->number);
    else if (value->kind == VALUE_HUGE)
        buf_int(&b, value->integer);
    v->error[0] = v->detail[0] = 0;
    v->quality = r->quality;
    v->ts = r->ts;
}

static void take_error(struct value_now *v, int64_t ts, const char *error, const char *detail)
{
    copy(v->error, error);
    copy(v->detail, detail);
    v->ts = ts;
}

void live_reading(void *ctx, size_t device, const struct reading *r)
{
    struct live *l = ctx;
    struct value_now *v;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; r->error && i < l->set->devices[device].metric_count; i++)
        take_error(&l->devices[device].metrics[i], r->ts, r->error, NULL);
    for (size_t i = 0; i < r->value_count; i++)
        if ((v = find(l, device, r->values[i].metric)))
            take_value(v, r, &r->values[i].value);
    for (size_t i = 0; i < r->error_count; i++)
        if ((v = find(l, device, r->errors[i].metric)))
            take_error(v, r->ts, r->errors[i].error, r->errors[i].detail);
    pthread_mutex_unlock(&l->lock);
}

void live_text(void *ctx, size_t device, const char *name, const char *text)
{
    struct live *l = ctx;
    pthread_mutex_lock(&l->lock);
    for (size_t k = 0; k < PROFILE_TEXTS; k++)
        if (strcmp(profile_text_names[k], name) == 0)
            snprintf(l->devices[device].texts[k], DECODE_STRING_SIZE, "%s", text);
    pthread_mutex_unlock(&l->lock);
}

static void take_health(struct device_now *now, const struct json *said)
{
    struct buf errors = buf_fixed(now->errors, sizeof now->errors), told = buf_fixed(now->told, sizeof now->told);
    const struct json *counts = json_member(said, "errors"), *count;
    double ms;
    json_print(counts, &errors);
    void *at = NULL;
    for (const char *word; (word = json_next(counts, &at, &count));) {
        buf_print(&told, "%s%s ", told.length ? ", " : "", word);
        json_print(count, &told);
    }
    if (json_double(json_member(json_member(said, "latency_ms"), "p50"), &ms) && ms > 0)
        now->answer_ms = ms;
}

void live_health(struct live *l, const char *text, size_t length)
{
    struct json *root = json_open(text, length, NULL);
    const struct json *devices = json_member(root, "devices"), *said;
    pthread_mutex_lock(&l->lock);
    for (size_t d = 0; d < l->set->device_count; d++)
        if ((said = json_member(devices, l->set->devices[d].name)))
            take_health(&l->devices[d], said);
    pthread_mutex_unlock(&l->lock);
    json_close(root);
}

/* ---- shown ------------------------------------------------------------------------------------------------------- */

static void put_quality(struct buf *b, const struct value_now *v)
{
    static const char *const words[] = {"range", "stuck", "jump", "clock", "calibration"};
    const char *comma = "";
    if (v->error[0])
        buf_print(b, "%s%s%s", v->error, v->detail[0] ? ": " : "", v->detail);
    else if (!v->quality)
        buf_text(b, v->text[0] ? "good" : "");
    for (size_t k = 0; !v->error[0] && k < sizeof words / sizeof *words; k++)
        if (v->quality & 1u << k) {
            buf_print(b, "%s%s", *comma ? comma : "suspect: ", words[k]);
            comma = ", ";
        }
}

static void put_age(struct table *t, int64_t age_ms)
{
    if (age_ms < 10000)
        table_print(t, "%.1f s", (double)(age_ms > 0 ? age_ms : 0) / 1000);
    else
        table_print(t, "%lld s", (long long)age_ms / 1000);
}

static void put_row(const struct live *l, struct table *t, size_t device, size_t i, int64_t boot_ms)
{
    const struct device_section *d = &l->set->devices[device];
    const struct profile_metric *m = &d->metrics[i];
    const struct device_now *now = &l->devices[device];
    const struct value_now *v = &now->metrics[i];
    struct buf quality = buf_growing();
    put_quality(&quality, v);
    table_text(t, i ? "" : d->name);
    table_text(t, m->name);
    table_text(t, v->error[0] || !v->text[0] ? "-" : v->text);
    table_text(t, m->unit);
    table_print(t, "%s:%u", profile_table_name(m->table), m->address);
    if (v->ts)
        put_age(t, boot_ms - v->ts);
    else
        table_text(t, "");
    table_text(t, quality.data);
    if (v->error[0] || v->quality)
        table_alarm(t);
    if (i || isnan(now->answer_ms))
        table_text(t, "");
    else
        table_print(t, "%.1f ms", now->answer_ms);
    table_text(t, i ? "" : now->told);
    buf_free(&quality);
}

void live_print(struct live *l, struct buf *out, int64_t boot_ms, bool colour)
{
    static const char *const headings[] = {"device", "metric",  ">value",  "unit",   "register",
                                           ">age",   "quality", ">answer", "errors", NULL};
    struct table *t = table_new(headings);
    pthread_mutex_lock(&l->lock);
    for (size_t d = 0; d < l->set->device_count; d++)
        for (size_t i = 0; i < l->set->devices[d].metric_count; i++)
            put_row(l, t, d, i, boot_ms);
    table_write(t, out, colour);
    for (size_t d = 0; d < l->set->device_count; d++)
        for (size_t k = 0; k < PROFILE_TEXTS; k++)
            if (l->devices[d].texts[k][0])
                buf_print(out, "%s: %s %s\n", l->set->devices[d].name, profile_text_names[k], l->devices[d].texts[k]);
    pthread_mutex_unlock(&l->lock);
    table_free(t);
}

static void put_metric(struct buf *out, const struct profile_metric *m, const struct value_now *v, int64_t offset)
{
    struct buf quality = buf_growing();
    put_quality(&quality, v);
    buf_print(out, "\"%s\":{", m->name);
    if (v->error[0] || !v->text[0]) {
        buf_text(out, "\"error\":");
        buf_json(out, v->error[0] ? quality.data : "not asked yet");
    } else {
        buf_print(out, "\"value\":%s,\"quality\":\"%s\"", v->text, quality.data);
    }
    buf_text(out, ",\"unit\":");
    buf_json(out, m->unit);
    buf_print(out, ",\"ts\":%lld}", (long long)(v->ts ? v->ts + offset : 0));
    buf_free(&quality);
}

static void put_device(struct buf *out, const struct device_section *d, const struct device_now *now, int64_t offset)
{
    buf_print(out, "\"%s\":{", d->name);
    for (size_t k = 0; k < PROFILE_TEXTS; k++)
        if (now->texts[k][0]) {
            buf_print(out, "\"%s\":", profile_text_names[k]);
            buf_json(out, now->texts[k]);
            buf_char(out, ',');
        }
    if (!isnan(now->answer_ms))
        buf_print(out, "\"answer_ms\":%.1f,", now->answer_ms);
    if (now->errors[0])
        buf_print(out, "\"errors\":%s,", now->errors);
    buf_text(out, "\"metrics\":{");
    for (size_t i = 0; i < d->metric_count; i++) {
        buf_text(out, i ? "," : "");
        put_metric(out, &d->metrics[i], &now->metrics[i], offset);
    }
    buf_text(out, "}}");
}

void live_json(struct live *l, struct buf *out, int64_t boot_ms, int64_t wall_ms)
{
    buf_print(out, "{\"ts\":%lld,\"devices\":{", (long long)wall_ms);
    pthread_mutex_lock(&l->lock);
    for (size_t d = 0; d < l->set->device_count; d++) {
        buf_text(out, d ? "," : "");
        put_device(out, &l->set->devices[d], &l->devices[d], wall_ms - boot_ms);
    }
    pthread_mutex_unlock(&l->lock);
    buf_text(out, "}}\n");
}

size_t live_failed(struct live *l)
{
    size_t failed = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t d = 0; d < l->set->device_count; d++)
        for (size_t i = 0; i < l->set->devices[d].metric_count; i++) {
            const struct value_now *v = &l->devices[d].metrics[i];
            failed += v->error[0] || !v->text[0];
        }
    pthread_mutex_unlock(&l->lock);
    return failed;
}
