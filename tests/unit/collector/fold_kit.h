/* fold_kit: a fold with a gateway in front and a sink behind, for the tests of the rules.
 *
 * The sink writes every call down in full (`log`), so that two runs can be compared byte for byte, and keeps what tests
 * look at: windows, the newest revision of flags, alerts, points, usage, missing time, answers.
 */
#ifndef QUIETAIR_FOLD_KIT_H
#define QUIETAIR_FOLD_KIT_H

#include "collector/record.h"
#include "collector/rules/fold.h"
#include "common/civil.h"
#include "common/file.h"
#include "common/frame.h"
#include "common/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KIT_MOST = 4000, KIT_DEVICES = 32, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

#define SITES_HEAD                                                                                                     \
    "id,name,kind,district,grid,officer,noise_class,noise_position,stoves,fume_standard,purifier_installed,"           \
    "cleaning_days,last_cleaned,opening_hours,gateways,valid_from\n"
#define CLUB  "club,尚座俱乐部,club,yudu,hongjun-1,李建国,2,boundary,,,,,,,gw-01,\n"
#define HOUSE "house,贡江酒家,restaurant,yudu,hongjun-2,陈志强,,,4,,2023-11-08,60,,mo-su 10:00-21:30,gw-01 gw-02,\n"

struct kit_window {
    struct window_row row; /* texts in the arrays below */
    char site[ID_SIZE], device[ID_SIZE], rule[16], reason[24];
};

struct kit_flag {
    char id[17], flag[24], state[12], site[ID_SIZE], grid[ID_SIZE], device[ID_SIZE];
    int rev;
    int64_t since, until, at;
    char *body;
};

struct kit_alert {
    char topic[200];
    char *payload; /* NULL: emptied */
    int64_t at;
};

struct kit_usage {
    char site[ID_SIZE];
    int64_t day, covered_ms, fan_ms, both_ms;
};

struct kit_noise_day {
    char site[ID_SIZE], device[ID_SIZE];
    struct noise_day_row row; /* texts above */
};

struct kit_missing {
    char device[ID_SIZE], reason[24];
    int64_t from, to;
};

struct kit_case { /* every revision */
    char id[17], family[16], site[ID_SIZE], state[8], event[24], step[12], proposed[12];
    int rev, incidents;
    int64_t since, at;
    char *body;
};

struct kit_entry { /* every revision */
    char kind[16], id[17], site[ID_SIZE], state[16];
    int rev;
    int64_t at, entered_at;
    char *body;
};

struct kit_device {
    char gateway[ID_SIZE], device[ID_SIZE], site[ID_SIZE];
    bool refused;
};

struct kit {
    struct fold *fold;
    struct buf log;
    struct kit_window windows[KIT_MOST];
    size_t window_count;
    struct kit_flag flags[KIT_MOST]; /* every revision */
    size_t flag_count;
    struct kit_alert alerts[KIT_MOST];
    size_t alert_count;
    struct kit_alert case_alerts[KIT_MOST]; /* those of cases, apart */
    size_t case_alert_count;
    struct kit_usage usage[KIT_MOST];
    size_t usage_count;
    struct kit_noise_day days[KIT_MOST];
    size_t day_count;
    struct kit_missing missing[KIT_MOST];
    size_t missing_count;
    struct kit_case cases[KIT_MOST];
    size_t case_count;
    struct kit_entry entries[KIT_MOST];
    size_t entry_count;
    char *lines[KIT_MOST];
    size_t line_count;
    size_t site_count, cleaning_count, device_count;
    char cleaning_state[8], cleaning_id[17], cleaning_verdict[16];
    char *evidence; /* of the newest cleaning row */
    char *answer;

    struct kit_device known[KIT_DEVICES];
    size_t known_count;
    char epoch[EPOCH_SIZE];
    uint64_t seq;
    int64_t receipt_ms; /* of the next record; 0: as the reading's newest ts */
    unsigned request;
    enum fold_result result;                             /* of the newest record */
    void (*before)(struct kit *, const struct record *); /* called before each record, if set */
    void *before_ctx;
};

/* ---- the sink ---------------------------------------------------------------------------------------------------- */

static void kit_note(struct buf *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void kit_note(struct buf *log, const char *format, ...)
{
    va_list args;
    char *text;
    va_start(args, format);
    assert_true(vasprintf(&text, format, args) >= 0);
    va_end(args);
    buf_text(log, text);
    buf_char(log, '\n');
    free(text);
}

static void kit_flag(void *ctx, const struct flag_row *r)
{
    struct kit *k = ctx;
    assert_true(k->flag_count < KIT_MOST);
    struct kit_flag *f = &k->flags[k->flag_count++];
    memcpy(f->id, r->id, sizeof f->id);
    snprintf(f->flag, sizeof f->flag, "%s", flag_names[r->flag]);
    snprintf(f->state, sizeof f->state, "%s", r->state);
    snprintf(f->site, sizeof f->site, "%s", r->site);
    snprintf(f->grid, sizeof f->grid, "%s", r->grid);
    snprintf(f->device, sizeof f->device, "%s", *r->device ? r->device : r->gateway);
    f->rev = r->rev;
    f->since = r->since;
    f->until = r->until;
    f->at = r->at;
    f->body = xstrdup(r->body);
    kit_note(&k->log, "flag %s %d %s %s %s %s %s %s %s %lld %lld %lld %s", r->id, r->rev, flag_names[r->flag], r->state,
             r->site, r->district, r->grid, r->device, r->gateway, (long long)r->since, (long long)r->until,
             (long long)r->at, r->body);
    struct json *body = json_open(r->body, strlen(r->body), NULL);
    assert_non_null(body);
    json_close(body);
}

static void kit_window(void *ctx, const struct window_row *r)
{
    struct kit *k = ctx;
    assert_true(k->window_count < KIT_MOST);
    struct kit_window *w = &k->windows[k->window_count++];
    assert_true(r->from < r->to && r->coverage >= 0 && r->coverage <= 1);
    w->row = *r;
    snprintf(w->site, sizeof w->site, "%s", r->site);
    snprintf(w->device, sizeof w->device, "%s", r->device);
    snprintf(w->rule, sizeof w->rule, "%s", r->rule);
    snprintf(w->reason, sizeof w->reason, "%s", r->reason);
    kit_note(&k->log, "window %s %s %s %s %s %lld %lld %d %s %a %a %a %a %a %a %a %a %a %a %a %a %d", r->site,
             r->district, r->grid, r->device, r->rule, (long long)r->from, (long long)r->to, r->outcome, r->reason,
             r->coverage, r->measured, r->judged, r->limit, r->l5, r->l10, r->l50, r->l90, r->l95, r->lafmax, r->lafmin,
             r->sd, r->statutory);
}

static void kit_noise_day(void *ctx, const struct noise_day_row *r)
{
    struct kit *k = ctx;
    assert_true(k->day_count < KIT_MOST);
    struct kit_noise_day *n = &k->days[k->day_count++];
    assert_true(r->day_coverage >= 0 && r->day_coverage <= 1 && r->night_coverage >= 0 && r->night_coverage <= 1);
    n->row = *r;
    snprintf(n->site, sizeof n->site, "%s", r->site);
    snprintf(n->device, sizeof n->device, "%s", r->device);
    kit_note(&k->log, "noise-day %s %s %lld %a %a %a %a %a", r->site, r->device, (long long)r->day, r->ld, r->ln,
             r->ldn, r->day_coverage, r->night_coverage);
}

static void kit_usage(void *ctx, const struct usage_row *r)
{
    struct kit *k = ctx;
    assert_true(k->usage_count < KIT_MOST);
    struct kit_usage *u = &k->usage[k->usage_count++];
    *u = (struct kit_usage){.day = r->day, .covered_ms = r->covered_ms, .fan_ms = r->fan_ms, .both_ms = r->both_ms};
    snprintf(u->site, sizeof u->site, "%s", r->site);
    kit_note(&k->log, "usage %s %lld %lld %lld %lld", r->site, (long long)r->day, (long long)r->covered_ms,
             (long long)r->fan_ms, (long long)r->both_ms);
}

static void kit_missing(void *ctx, const struct missing_row *r)
{
    struct kit *k = ctx;
    assert_true(k->missing_count < KIT_MOST);
    struct kit_missing *m = &k->missing[k->missing_count++];
    *m = (struct kit_missing){.from = r->from, .to = r->to};
    snprintf(m->device, sizeof m->device, "%s", r->device);
    snprintf(m->reason, sizeof m->reason, "%s", r->reason);
    kit_note(&k->log, "missing %s %s %lld %lld %s", r->site, r->device, (long long)r->from, (long long)r->to,
             r->reason);
}

static void kit_device(void *ctx, const struct device_row *r)
{
    struct kit *k = ctx;
    k->device_count++;
    kit_note(&k->log, "device %s %s %s %s %s %s %s %lld", r->site, r->device, r->gateway, r->profile, r->measurement,
             r->serial, r->calibrated, (long long)r->interval_ms);
}

static void kit_site(void *ctx, const struct site *s)
{
    struct kit *k = ctx;
    struct buf text = buf_growing();
    k->site_count++;
    site_write(&text, s);
    kit_note(&k->log, "site %s", text.data);
    buf_free(&text);
}

static void kit_cleaning(void *ctx, const struct cleaning_row *r)
{
    struct kit *k = ctx;
    k->cleaning_count++;
    snprintf(k->cleaning_state, sizeof k->cleaning_state, "%s", r->state);
    snprintf(k->cleaning_id, sizeof k->cleaning_id, "%s", r->id);
    snprintf(k->cleaning_verdict, sizeof k->cleaning_verdict, "%s", r->verdict);
    free(k->evidence);
    k->evidence = xstrdup(r->evidence);
    kit_note(&k->log, "cleaning %s %s %s %s %s %s %s %s %s %s %s %lld %lld", r->id, r->site, r->kind, r->by,
             r->provider, r->note, r->actor, r->state, r->verdict, r->evidence, r->photos, (long long)r->cleaned_at,
             (long long)r->entered_at);
    struct json *evidence = json_open(r->evidence, strlen(r->evidence), NULL);
    assert_non_null(evidence);
    json_close(evidence);
}

static void kit_case(void *ctx, const struct case_row *r)
{
    struct kit *k = ctx;
    assert_true(k->case_count < KIT_MOST);
    struct kit_case *c = &k->cases[k->case_count++];
    c->rev = r->rev;
    c->incidents = r->incidents;
    c->since = r->since;
    c->at = r->at;
    snprintf(c->id, sizeof c->id, "%s", r->id);
    snprintf(c->family, sizeof c->family, "%s", r->family);
    snprintf(c->site, sizeof c->site, "%s", r->site);
    snprintf(c->state, sizeof c->state, "%s", r->state);
    snprintf(c->event, sizeof c->event, "%s", r->event);
    snprintf(c->step, sizeof c->step, "%s", r->step);
    snprintf(c->proposed, sizeof c->proposed, "%s", r->proposed);
    c->body = xstrdup(r->body);
    kit_note(&k->log, "case %s %d %s %s %s %s %s %s %d %lld %lld %s", r->id, r->rev, r->family, r->site, r->state,
             r->event, r->step, r->proposed, r->incidents, (long long)r->since, (long long)r->at, r->body);
    struct json *body = json_open(r->body, strlen(r->body), NULL);
    assert_non_null(body);
    json_close(body);
}

static void kit_entry(void *ctx, const struct entry_row *r)
{
    struct kit *k = ctx;
    assert_true(k->entry_count < KIT_MOST);
    struct kit_entry *e = &k->entries[k->entry_count++];
    e->rev = r->rev;
    e->at = r->at;
    e->entered_at = r->entered_at;
    snprintf(e->kind, sizeof e->kind, "%s", r->kind);
    snprintf(e->id, sizeof e->id, "%s", r->id);
    snprintf(e->site, sizeof e->site, "%s", r->site);
    snprintf(e->state, sizeof e->state, "%s", r->state);
    e->body = xstrdup(r->body);
    kit_note(&k->log, "entry %s %s %d %s %s %s %lld %lld %s", r->kind, r->id, r->rev, r->site, r->state, r->actor,
             (long long)r->at, (long long)r->entered_at, r->body);
    struct json *body = json_open(r->body, strlen(r->body), NULL);
    assert_non_null(body);
    json_close(body);
}

static void kit_alert(void *ctx, const char *topic, const char *payload, int64_t at)
{
    struct kit *k = ctx;
    assert_true(k->alert_count < KIT_MOST && k->case_alert_count < KIT_MOST);
    struct kit_alert *a =
        strstr(topic, "/case/") ? &k->case_alerts[k->case_alert_count++] : &k->alerts[k->alert_count++];
    snprintf(a->topic, sizeof a->topic, "%s", topic);
    a->payload = payload ? xstrdup(payload) : NULL;
    a->at = at;
    kit_note(&k->log, "alert %s %s %lld", topic, payload ? payload : "-", (long long)at);
}

static void kit_line(void *ctx, const char *line)
{
    struct kit *k = ctx;
    assert_true(k->line_count < KIT_MOST);
    k->lines[k->line_count++] = xstrdup(line);
    kit_note(&k->log, "line %s", line);
}

static void kit_answer(void *ctx, const char *request, const char *json)
{
    struct kit *k = ctx;
    free(k->answer);
    k->answer = xstrdup(json);
    kit_note(&k->log, "answer %s %s", request, json);
}

static void kit_no_state(void *ctx, const char *key, const void *bytes, size_t length)
{
    (void)ctx, (void)bytes, (void)length;
    fail_msg("state %s left the fold while a record was folded", key);
}

static void kit_no_gateway(void *ctx, const struct gateway_row *row)
{
    (void)ctx;
    fail_msg("gateway %s left the fold while a record was folded", row->gateway);
}

static struct sink kit_sink(struct kit *k)
{
    return (struct sink){.ctx = k,
                         .flag = kit_flag,
                         .window = kit_window,
                         .noise_day = kit_noise_day,
                         .usage = kit_usage,
                         .missing = kit_missing,
                         .device = kit_device,
                         .gateway = kit_no_gateway,
                         .site = kit_site,
                         .cleaning = kit_cleaning,
                         .case_ = kit_case,
                         .entry = kit_entry,
                         .alert = kit_alert,
                         .line = kit_line,
                         .answer = kit_answer,
                         .state = kit_no_state};
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static inline void kit_record(struct kit *k, enum record_kind kind, const char *head, size_t head_length,
                              const char *body, size_t length)
{
    struct record r = {.kind = kind,
                       .receipt_ms = k->receipt_ms,
                       .head = head,
                       .head_length = head_length,
                       .body = body,
                       .body_length = length};
    struct hash chain = hash_of(body, length); /* any that the record determines will do */
    if (kind == RECORD_TICK)
        r.chain = &chain;
    if (k->before)
        k->before(k, &r);
    struct sink sink = kit_sink(k);
    k->result = fold_record(k->fold, &r, &sink);
}

static inline void kit_body(struct kit *k, enum record_kind kind, const char *body)
{
    kit_record(k, kind, "", 0, body, strlen(body));
}

static inline char *kit_file(const char *path)
{
    struct fault f;
    size_t length;
    char *text = file_read(path, 1 << 20, &length, &f);
    if (!text)
        fail_msg("%s (run from the top of the tree)", f.text);
    return text;
}

static inline void kit_put_config(struct buf *body, const char *rules, const char *clock)
{
    static const char *const ids[] = {"gb22337-2008", "gb18483-2001", "beijing-db11-1488-2018",
                                      "gb12348-2008", "gb3096-2008",  "cleaning-policy"};
    buf_print(body, "{\"name\":\"main\",\"timezone\":\"Asia/Shanghai\",\"clock\":\"%s\",\"rules\":", clock);
    buf_json(body, rules);
    buf_text(body, ",\"standards\":{");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char path[80];
        snprintf(path, sizeof path, "config/standards/%s.ini", ids[i]);
        char *text = kit_file(path);
        buf_print(body, "%s\"%s\":", i ? "," : "", ids[i]);
        buf_json(body, text);
        free(text);
    }
    char *calendar = kit_file("config/calendars/cn-2026.ini");
    buf_text(body, "},\"calendars\":{\"cn-2026\":");
    buf_json(body, calendar);
    buf_text(body, "}}");
    free(calendar);
}

static inline void kit_configure(struct kit *k, const char *rules)
{
    struct buf body = buf_growing();
    kit_put_config(&body, rules, "wall");
    kit_body(k, RECORD_CONFIG, body.data);
    buf_free(&body);
}

static inline void kit_command(struct kit *k, const char *verb, const char *args)
{
    struct buf body = buf_growing();
    buf_print(&body, "{\"id\":\"r%u\",\"actor\":\"clerk\",\"verb\":\"%s\",\"args\":%s}", ++k->request, verb, args);
    kit_body(k, RECORD_COMMAND, body.data);
    buf_free(&body);
}

static inline void kit_import(struct kit *k, const char *csv)
{
    struct buf args = buf_growing();
    buf_text(&args, "{\"csv\":");
    buf_json(&args, csv);
    buf_char(&args, '}');
    kit_command(k, "site import", args.data);
    buf_free(&args);
}

static inline void kit_tick(struct kit *k, int64_t ms)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)ms);
    kit_body(k, RECORD_TICK, text);
}

/* marks NULL: all good. */
static inline void kit_frame_from(struct kit *k, const char *gateway, const char *rest, const char *marks)
{
    struct buf head = buf_growing(), body = buf_growing();
    struct permit permits[KIT_DEVICES];
    struct judged j = {.permits = permits, .marks = (char *)(uintptr_t)marks};
    snprintf(j.topic, sizeof j.topic, "yudu/gateway/%s/stream", gateway);
    snprintf(j.district, sizeof j.district, "yudu");
    snprintf(j.gateway, sizeof j.gateway, "%s", gateway);
    for (size_t i = 0; i < k->known_count; i++) {
        const struct kit_device *d = &k->known[i];
        if (strcmp(d->gateway, gateway) != 0)
            continue;
        struct permit *p = &permits[j.permit_count++];
        *p = (struct permit){.district = "yudu", .measurement = "m"};
        snprintf(p->device, sizeof p->device, "%s", d->device);
        snprintf(p->site, sizeof p->site, "%s", d->site);
        snprintf(p->refused, sizeof p->refused, "%s", d->refused ? "not-permitted" : "");
    }
    judged_write(&head, &j);
    buf_print(&body, "{\"v\":1,\"gateway\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"after\":\"0000000000000000\",%s}",
              gateway, k->epoch, (unsigned long long)++k->seq, rest);
    kit_record(k, RECORD_FRAME, head.data, head.length, body.data, body.length);
    buf_free(&head);
    buf_free(&body);
}

/* metrics: "laeq lafmax", or "laeq:60000" for one with an interval of its own; more: "" or further keys, each with a
 * comma before. */
static inline void kit_hello(struct kit *k, const char *gateway, const char *site, const char *device, int64_t interval,
                             const char *metrics, const char *more)
{
    struct buf rest = buf_growing();
    char *words = xstrdup(metrics), *at = words, *word;
    const char *comma = "";
    size_t i = 0;
    while (i < k->known_count && (strcmp(k->known[i].device, device) != 0 || strcmp(k->known[i].gateway, gateway) != 0))
        i++;
    if (i == k->known_count)
        k->known_count++;
    k->known[i] = (struct kit_device){0};
    snprintf(k->known[i].gateway, ID_SIZE, "%s", gateway);
    snprintf(k->known[i].site, ID_SIZE, "%s", site);
    snprintf(k->known[i].device, ID_SIZE, "%s", device);
    buf_print(
        &rest,
        "\"kind\":\"hello\",\"ts\":1,\"version\":\"t\",\"district\":\"yudu\",\"devices\":[{\"device\":\"%s\",\"site\":"
        "\"%s\",\"profile\":\"p\",\"measurement\":\"m\",\"interval\":%lld,\"metrics\":[",
        device, site, (long long)interval);
    while ((word = strtok_r(at, " ", &at))) {
        char *own = strchr(word, ':');
        if (own)
            *own++ = 0;
        buf_print(&rest, "%s{\"name\":\"%s\",\"unit\":\"\",\"type\":\"number\",\"interval\":%s}", comma, word,
                  own ? own : "0");
        comma = ",";
    }
    buf_print(&rest, "]%s}]", more);
    kit_frame_from(k, gateway, rest.data, "");
    buf_free(&rest);
    free(words);
}

/* One frame with one reading; content: `"values":{…}` and so on. */
static inline void kit_reading_from(struct kit *k, const char *gateway, const char *device, int64_t ts,
                                    const char *content)
{
    struct buf rest = buf_growing();
    buf_print(&rest, "\"kind\":\"readings\",\"readings\":[{\"device\":\"%s\",\"ts\":%lld,%s}]", device, (long long)ts,
              content);
    if (k->receipt_ms < ts)
        k->receipt_ms = ts;
    kit_frame_from(k, gateway, rest.data, ".");
    buf_free(&rest);
}

static inline void kit_reading(struct kit *k, const char *device, int64_t ts, const char *content)
{
    kit_reading_from(k, "gw-01", device, ts, content);
}

/* Values of one metric, every `step` from `from` until before `to`. */
static inline void kit_series(struct kit *k, const char *device, const char *metric, double value, int64_t from,
                              int64_t to, int64_t step)
{
    char content[80];
    snprintf(content, sizeof content, "\"values\":{\"%s\":%.10g}", metric, value);
    for (int64_t ts = from; ts < to; ts += step)
        kit_reading(k, device, ts, content);
}

static inline void kit_gap(struct kit *k, const char *gateway, int64_t since, int64_t until, const char *reason)
{
    char rest[160];
    snprintf(rest, sizeof rest, "\"kind\":\"gap\",\"since\":%lld,\"until\":%lld,\"reason\":\"%s\"", (long long)since,
             (long long)until, reason);
    if (k->receipt_ms < until)
        k->receipt_ms = until;
    kit_frame_from(k, gateway, rest, "");
}

/* ---- a kit ------------------------------------------------------------------------------------------------------- */

static inline int64_t kit_time(int day, int hour, int minute,
                               int second) /* of March 2026, a month that begins on a Sunday */
{
    return civil_ms(2026, 3, day, hour, minute, second);
}

static inline struct kit *kit_new(const char *rules, const char *sites)
{
    struct kit *k = xcalloc(1, sizeof *k);
    k->fold = fold_new();
    k->log = buf_growing();
    snprintf(k->epoch, sizeof k->epoch, "%032d", 1);
    civil_zone("Asia/Shanghai", NULL);
    k->receipt_ms = kit_time(1, 0, 0, 0);
    kit_configure(k, rules);
    if (sites)
        kit_import(k, sites);
    return k;
}

static inline void kit_free(struct kit *k)
{
    fold_free(k->fold);
    buf_free(&k->log);
    for (size_t i = 0; i < k->flag_count; i++)
        free(k->flags[i].body);
    for (size_t i = 0; i < k->alert_count; i++)
        free(k->alerts[i].payload);
    for (size_t i = 0; i < k->case_alert_count; i++)
        free(k->case_alerts[i].payload);
    for (size_t i = 0; i < k->case_count; i++)
        free(k->cases[i].body);
    for (size_t i = 0; i < k->entry_count; i++)
        free(k->entries[i].body);
    for (size_t i = 0; i < k->line_count; i++)
        free(k->lines[i]);
    free(k->answer);
    free(k->evidence);
    free(k);
}

static inline const struct kit_flag *kit_last_flag(const struct kit *k)
{
    assert_true(k->flag_count > 0);
    return &k->flags[k->flag_count - 1];
}

static inline const struct kit_window *kit_last_window(const struct kit *k)
{
    assert_true(k->window_count > 0);
    return &k->windows[k->window_count - 1];
}

#define near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

#endif
