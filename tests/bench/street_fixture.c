#include "tests/bench/street_fixture.h"
#include "collector/intake.h"
#include "collector/settings.h"
#include "common/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, CLUBS = 2 };

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

/* The configuration of the sample file, with its standards. */
static void put_config(struct buf *out)
{
    struct collector_settings set = {0};
    struct faults faults = {0};
    if (collector_settings_load(&set, "config/collector.ini", &faults) < 0) {
        fprintf(stderr, "bench: run it in the project's folder: %s\n", faults.text[0]);
        exit(1);
    }
    collector_config_put(&set, COLLECTOR_CLOCK_JOURNAL, out);
    collector_settings_free(&set);
    faults_free(&faults);
}

static void put_import(struct buf *out)
{
    buf_text(out, "{\"id\":\"1\",\"actor\":\"bench\",\"verb\":\"site import\",\"args\":{\"file\":\"bench\",\"csv\":"
                  "\"id,name,kind,district,grid,noise_class,stoves,purifier_installed,gateways\\n");
    for (int d = 0; d < STREET_METERS; d++)
        buf_print(out, d < CLUBS ? "site-%d,a,club,yudu,g1,2,,,gw-1\\n" : "site-%d,b,restaurant,yudu,g1,,4,yes,gw-1\\n",
                  d);
    buf_text(out, "\"}}");
}

static void put_hello(struct buf *out)
{
    static const char *const metrics[] = {
        "{\"name\":\"laeq\",\"unit\":\"dB(A)\",\"type\":\"number\"},{\"name\":\"lafmax\",\"unit\":\"dB(A)\",\"type\":"
        "\"number\"}",
        "{\"name\":\"fume\",\"unit\":\"mg/m³\",\"type\":\"number\"},{\"name\":\"fan\",\"unit\":\"\",\"type\":\"bit\"},"
        "{\"name\":\"fan_current\",\"unit\":\"A\",\"type\":\"number\"},{\"name\":\"purifier\",\"unit\":\"\",\"type\":"
        "\"bit\"},"
        "{\"name\":\"purifier_current\",\"unit\":\"A\",\"type\":\"number\"},"
        "{\"name\":\"airflow\",\"unit\":\"m³/h\",\"type\":\"number\"}"};
    buf_print(out,
              ",\"kind\":\"hello\",\"ts\":0,\"version\":\"bench\",\"district\":\"yudu\",\"reset\":true,\"devices\":[");
    for (int d = 0; d < STREET_METERS; d++)
        buf_print(out,
                  "%s{\"device\":\"d-%d\",\"site\":\"site-%d\",\"profile\":\"bench\",\"measurement\":\"%s\","
                  "\"interval\":60000,"
                  "\"metrics\":[%s]}",
                  d ? "," : "", d, d, d < CLUBS ? "noise" : "hood", metrics[d >= CLUBS]);
    buf_char(out, ']');
}

/* Levels wander with the time of day; n is the minute. */
static void put_reading(struct buf *out, int d, int64_t ts, int n)
{
    int hour = n / 60 % 24;
    bool busy = hour >= 17 && hour < 21;
    buf_print(out, "{\"device\":\"d-%d\",\"ts\":%lld,\"values\":{", d, (long long)ts);
    if (d < CLUBS)
        buf_print(out, "\"laeq\":%d.%d,\"lafmax\":%d.5}}", busy ? 66 : 46, n % 10, busy ? 71 : 51);
    else
        buf_print(out,
                  "\"fume\":%d.%02d,\"fan\":%d,\"fan_current\":%d.1,\"purifier\":%d,\"purifier_current\":%d.2,"
                  "\"airflow\":%d}}",
                  busy, n % 100, busy, 3 * busy, busy, busy, 7900 * busy);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

struct maker {
    const struct street *street;
    struct intake *intake;
    struct buf payload, record;
    struct hash head;
    uint64_t seq;
    int64_t now;
};

static void hand_out(const struct maker *m)
{
    m->street->record(m->street->ctx, m->record.data, m->record.length, m->now);
}

static void begin_frame(struct maker *m)
{
    buf_clear(&m->payload);
    frame_begin(&m->payload, "gw-1", "00000000000000000000000000000001", ++m->seq, &m->head);
}

static void end_frame(struct maker *m)
{
    struct intake_result r;
    frame_end(&m->payload);
    buf_clear(&m->record);
    intake_judge(m->intake, "quietair/v1/yudu/gateway/gw-1/stream", m->payload.data, m->payload.length, m->now, 0,
                 &m->record, &r);
    if (r.verdict != INTAKE_TAKEN)
        abort();
    hand_out(m);
    m->head = chain_next(&m->head, m->payload.data, m->payload.length);
    frame_close(r.frame);
    judged_free(&r.judged);
}

static void put_record(struct maker *m, enum record_kind kind, const char *body)
{
    struct record r;
    buf_clear(&m->record);
    record_write(&m->record, kind, m->now, "", 0, body, strlen(body));
    hand_out(m);
    record_read(&r, m->record.data, m->record.length);
    intake_apply(m->intake, &r);
}

static void put_readings(struct maker *m, int64_t from, int minute)
{
    int until = minute + m->street->frame_minutes;
    begin_frame(m);
    buf_text(&m->payload, ",\"kind\":\"readings\",\"readings\":[");
    for (int n = minute; n < until; n++) {
        for (int d = 0; d < STREET_METERS; d++) {
            buf_text(&m->payload, n > minute || d ? "," : "");
            put_reading(&m->payload, d, from + (int64_t)n * MINUTE_MS, n);
        }
    }
    buf_char(&m->payload, ']');
    m->now = from + (int64_t)until * MINUTE_MS;
    end_frame(m);
}

static void put_tick(struct maker *m)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)m->now);
    put_record(m, RECORD_TICK, digits);
}

static void put_opening(struct maker *m)
{
    struct buf import = buf_growing(), config = buf_growing();
    put_config(&config);
    put_import(&import);
    put_record(m, RECORD_CONFIG, config.data);
    put_record(m, RECORD_COMMAND, import.data);
    begin_frame(m);
    put_hello(&m->payload);
    end_frame(m);
    buf_free(&import);
    buf_free(&config);
}

uint64_t street_make(const struct street *street)
{
    int64_t from = civil_ms(2025, 9, 1, 0, 0, 0);
    struct maker m = {.street = street,
                      .intake = intake_new("quietair/v1"),
                      .payload = buf_growing(),
                      .record = buf_growing(),
                      .now = from};
    put_opening(&m);
    for (int n = 0; n < street->hours * 60;) {
        put_readings(&m, from, n);
        n += street->frame_minutes;
        if (n % 60 == 0)
            put_tick(&m);
    }
    buf_free(&m.payload);
    buf_free(&m.record);
    intake_free(m.intake);
    return (uint64_t)street->hours * 60 * STREET_METERS;
}
