/* Frames as foreign gateways may write them: what is odd is refused piece by piece, and nothing of it leaks on. */
#include "common/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                                           \
    "{\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"abababababababababababababababab\",\"seq\":1,"                          \
    "\"after\":\"0000000000000000\","

static struct frame *opened(const char *rest)
{
    static char text[4096];
    snprintf(text, sizeof text, HEAD "%s}", rest);
    struct frame *f = frame_open(text, strlen(text), NULL);
    assert_non_null(f);
    return f;
}

/* A device that is refused leaves its slot to the next, which must not inherit its metrics. */
static void a_refused_device_leaves_nothing_to_the_next(void **state)
{
    (void)state;
    struct frame *f = opened("\"kind\":\"hello\",\"devices\":["
                             "{\"device\":\"\",\"site\":\"club\",\"measurement\":\"noise\",\"interval\":5,"
                             "\"metrics\":[{\"name\":\"laeq\"},{\"name\":\"lafmax\"},{\"name\":\"la\"}]},"
                             "{\"device\":\"noise-1\",\"site\":\"club\",\"measurement\":\"noise\","
                             "\"metrics\":[{\"name\":\"laeq\",\"unit\":\"dB(A)\",\"type\":\"number\"}]}]");
    assert_int_equal(f->device_count, 1);
    const struct hello_device *d = &f->devices[0];
    assert_string_equal(d->device, "noise-1");
    assert_int_equal(d->interval_ms, 0);
    assert_int_equal(d->metric_count, 1);
    assert_string_equal(d->metrics[0].name, "laeq");
    assert_string_equal(d->metrics[0].unit, "dB(A)");
    frame_close(f);
}

/* A reading speaks for its interval and a half: one of years would let a single one stand for years. */
static void an_interval_is_a_day_at_most(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        unsigned unread;
    } said[] = {{"86400000", 86400000, 0}, {"86400001", 0, 1}, {"300000300000", 0, 1}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        char rest[300];
        snprintf(rest, sizeof rest,
                 "\"kind\":\"hello\",\"devices\":[{\"device\":\"hood-1\",\"site\":\"club\",\"measurement\":\"hood\","
                 "\"interval\":%s,\"metrics\":[{\"name\":\"fume\"}]},{\"device\":\"hood-2\",\"site\":\"club\","
                 "\"measurement\":\"hood\",\"metrics\":[{\"name\":\"energy\",\"interval\":%s}]}]",
                 said[i].text, said[i].text);
        struct frame *f = opened(rest);
        assert_int_equal(f->device_count, 2);
        assert_int_equal(f->devices[0].interval_ms, said[i].ms);
        assert_int_equal(f->devices[1].metrics[0].interval_ms, said[i].ms);
        assert_int_equal(f->unread, 2 * said[i].unread);
        frame_close(f);
    }
}

static void odd_lists_are_empty_lists(void **state)
{
    (void)state;
    static const char *const odd[] = {"\"devices\":7", "\"devices\":[7,null,[],{}]", "\"devices\":{}", "\"v\":1"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char rest[200];
        snprintf(rest, sizeof rest, "\"kind\":\"hello\"%s%s", i == 3 ? "" : ",", i == 3 ? "" : odd[i]);
        struct frame *f = opened(rest);
        assert_int_equal(f->kind, FRAME_HELLO);
        assert_int_equal(f->device_count, 0);
        frame_close(f);
    }
}

/* One bad reading costs itself alone. */
static void readings_are_refused_one_by_one(void **state)
{
    (void)state;
    struct frame *f = opened("\"kind\":\"readings\",\"readings\":["
                             "{\"device\":\"noise-1\",\"ts\":1000,\"values\":{\"laeq\":67.3}},"
                             "{\"device\":\"No Id\",\"ts\":1000,\"values\":{\"laeq\":67.3}},"
                             "{\"device\":\"noise-1\",\"ts\":\"soon\",\"values\":{\"laeq\":67.3}},"
                             "7,"
                             "{\"device\":\"noise-1\",\"ts\":2000,\"error\":\"timeout\"}]");
    assert_int_equal(f->reading_count, 5);
    static const bool refused[] = {false, true, true, true, false};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(f->refused[i] != 0, refused[i]);
    assert_string_equal(f->readings[0].values[0].metric, "laeq");
    assert_true(f->readings[0].values[0].value.number == 67.3);
    assert_string_equal(f->readings[4].error, "timeout");
    frame_close(f);
}

/* What was left out has an interval, as a whole or not at all. */
static void suspended_covers_an_interval(void **state)
{
    (void)state;
    struct frame *f =
        opened("\"kind\":\"readings\",\"readings\":["
               "{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",\"from\":2000,\"until\":9000,\"slots\":7},"
               "{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",\"from\":2000,\"until\":9001,\"slots\":7},"
               "{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",\"from\":9500,\"until\":9000,\"slots\":7},"
               "{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",\"from\":2000,\"until\":9000},"
               "{\"device\":\"a\",\"ts\":9000,\"error\":\"timeout\",\"from\":2000,\"until\":9000,\"slots\":7}]");
    char memory[200];
    struct buf again = buf_fixed(memory, sizeof memory);
    assert_int_equal(f->reading_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_null(f->refused[i]);
        assert_int_equal(f->readings[i].slots, i ? 0 : 7);
        assert_int_equal(f->readings[i].from, i ? 0 : 2000);
    }
    frame_put_reading(&again, &f->readings[0]);
    assert_string_equal(again.data,
                        "{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",\"from\":2000,\"until\":9000,"
                        "\"slots\":7}");
    frame_close(f);
}

static void an_unreadable_envelope_is_no_frame(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "7",
        "[]",
        "{}",
        "{\"v\":2,\"gateway\":\"gw-9\",\"epoch\":\"abababababababababababababababab\",\"seq\":1,\"after\":"
        "\"0000000000000000\",\"kind\":\"hello\"}",
        "{\"v\":1,\"gateway\":\"gw 9\",\"epoch\":\"abababababababababababababababab\",\"seq\":1,\"after\":"
        "\"0000000000000000\",\"kind\":\"hello\"}",
        "{\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"ABab\",\"seq\":1,\"after\":\"0000000000000000\",\"kind\":\"hello\"}",
        "{\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"abababababababababababababababab\",\"seq\":0,\"after\":"
        "\"0000000000000000\",\"kind\":\"hello\"}",
        "{\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"abababababababababababababababab\",\"seq\":1.5,\"after\":"
        "\"0000000000000000\",\"kind\":\"hello\"}",
        "{\"v\":1,\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"abababababababababababababababab\",\"seq\":1,\"after\":"
        "\"0000000000000000\",\"kind\":\"hello\"}",
        HEAD "\"kind\":\"hello\"} ,",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault f = {0};
        assert_null(frame_open(bad[i], strlen(bad[i]), &f));
    }
}

static void times_of_a_boot_are_repaired_and_odd_ones_refused(void **state)
{
    (void)state;
    struct frame *f =
        opened("\"kind\":\"readings\",\"boot\":\"b-1\",\"readings\":["
               "{\"device\":\"a\",\"mono\":1000,\"values\":{\"laeq\":1}},"
               "{\"device\":\"b\",\"boot\":\"b-1\",\"mono\":900,\"error\":\"suspended\",\"from\":300,\"until\":800,"
               "\"slots\":5},"
               "{\"device\":\"c\",\"ts\":77,\"values\":{\"laeq\":1}},"
               "{\"device\":\"d\",\"boot\":\"b-2\",\"mono\":1,\"values\":{\"laeq\":1}},"
               "{\"device\":\"e\",\"mono\":-1,\"values\":{\"laeq\":1}},"
               "{\"device\":\"f\",\"mono\":9223372036854775807,\"values\":{\"laeq\":1}},"
               "{\"device\":\"g\",\"ts\":0,\"mono\":1,\"values\":{\"laeq\":1}}]");
    assert_string_equal(f->boot, "b-1");
    for (size_t i = 3; i < 7; i++)
        assert_string_equal(f->refused[i], "ts");
    assert_int_equal(f->readings[0].ts, 0);
    frame_repair(f, 5000);
    assert_null(f->boot);
    assert_int_equal(f->readings[0].ts, 6000);
    assert_int_equal(f->readings[1].ts, 5900);
    assert_int_equal(f->readings[1].from, 5300);
    assert_int_equal(f->readings[1].until, 5800);
    assert_int_equal(f->readings[2].ts, 77);
    frame_close(f);

    f = opened("\"kind\":\"gap\",\"boot\":\"b-1\",\"since\":70,\"until_mono\":10,\"reason\":\"power\"");
    assert_string_equal(f->boot, "b-1");
    frame_repair(f, 5000);
    assert_int_equal(f->since, 70);
    assert_int_equal(f->until, 5010);
    frame_close(f);
    f = opened("\"kind\":\"gap\",\"boot\":\"b 1\",\"since_mono\":1,\"until\":10");
    assert_null(f->boot);
    frame_close(f);

    f = opened("\"kind\":\"time\",\"boot\":\"b-1\",\"offset\":-3,\"error\":2,\"from\":4,\"to\":9");
    assert_int_equal(f->kind, FRAME_TIME);
    assert_true(f->time.offset == -3 && f->time.error == 2 && f->time.first == 4 && f->time.last == 9);
    assert_int_equal(f->from, 1); /* not the range of a `lost` */
    frame_close(f);
    static const char *const odd[] = {
        "\"boot\":\"\",\"offset\":1,\"from\":1,\"to\":1", "\"boot\":\"b\",\"from\":1,\"to\":1",
        "\"boot\":\"b\",\"offset\":1,\"from\":0,\"to\":1", "\"boot\":\"b\",\"offset\":1,\"from\":2,\"to\":1",
        "\"boot\":\"b\",\"offset\":9223372036854775807,\"from\":1,\"to\":1"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char rest[200];
        snprintf(rest, sizeof rest, "\"kind\":\"time\",%s", odd[i]);
        f = opened(rest);
        assert_int_equal(f->kind, FRAME_OTHER);
        frame_close(f);
    }
}

/* Why a reading is none, in the word that is counted; NULL: it is one. */
static void each_reason_of_a_reading(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"7", "reading"},
        {"{\"ts\":1,\"values\":{}}", "device"},
        {"{\"device\":7,\"ts\":1,\"values\":{}}", "device"},
        {"{\"device\":\"a\",\"values\":{}}", "ts"},
        {"{\"device\":\"a\",\"ts\":9007199254740993,\"values\":{}}", "ts"},
        {"{\"device\":\"a\",\"boot\":\"b 1\",\"mono\":1,\"values\":{}}", "ts"},
        {"{\"device\":\"a\",\"boot\":\"\",\"mono\":1,\"values\":{}}", "ts"},
        {"{\"device\":\"a\",\"boot\":\"0123456789012345678901234567890123456789012345678901234567890123456789\","
         "\"mono\":1,"
         "\"values\":{}}",
         "ts"},
        {"{\"device\":\"a\",\"boot\":\"b\",\"values\":{}}", "ts"},
        {"{\"device\":\"a\",\"ts\":1}", "values"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":7}", "values"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{},\"errors\":7}", "values"},
        {"{\"device\":\"a\",\"ts\":1,\"errors\":[]}", "values"},
        {"{\"device\":\"a\",\"ts\":1,\"error\":7}", "error"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{\"La eq\":1}}", "metric"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{\"laeq\":null}}", "value"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{\"laeq\":[]}}", "value"},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{\"La eq\":1},\"errors\":{\"b\":\"crc\"}}", "metric"},
        {"{\"device\":\"a\",\"ts\":1,\"errors\":{\"La eq\":\"crc\"}}", "metric"},
        {"{\"device\":\"a\",\"ts\":1,\"errors\":{\"laeq\":7}}", "error"},
        {"{\"device\":\"a\",\"ts\":1,\"errors\":{\"laeq\":\"crc\",\"lafmax\":\"crc\"}}", NULL},
        {"{\"device\":\"a\",\"ts\":1,\"values\":{\"laeq\":\"text\",\"n\":9007199254740993,\"m\":-9007199254740993}}",
         NULL},
        {"{\"device\":\"a\",\"ts\":1,\"error\":\"timeout\"}", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rest[400];
        snprintf(rest, sizeof rest, "\"kind\":\"readings\",\"readings\":[%s]", cases[i].text);
        struct frame *f = opened(rest);
        assert_int_equal(f->reading_count, 1);
        if (cases[i].reason)
            assert_string_equal(f->refused[0], cases[i].reason);
        else
            assert_null(f->refused[0]);
        frame_close(f);
    }
}

static void values_by_their_kind(void **state)
{
    (void)state;
    struct frame *f = opened("\"kind\":\"readings\",\"readings\":[{\"device\":\"a\",\"ts\":1,\"values\":{\"a\":\"t\","
                             "\"b\":9007199254740993,\"c\":-9007199254740993,\"d\":9007199254740992,\"e\":0.5}}]");
    const struct datum *d = f->readings[0].values;
    assert_true(d[0].value.kind == VALUE_TEXT && strcmp(d[0].value.text, "t") == 0);
    assert_true(d[1].value.kind == VALUE_HUGE && d[1].value.integer == 9007199254740993);
    assert_true(d[2].value.kind == VALUE_HUGE && d[2].value.integer == -9007199254740993);
    assert_true(d[3].value.kind == VALUE_NUMBER && d[3].value.number == 9007199254740992.0);
    assert_true(d[4].value.kind == VALUE_NUMBER && d[4].value.number == 0.5);
    frame_close(f);
}

static void what_is_suspect(void **state)
{
    static const struct {
        const char *text;
        unsigned quality;
    } cases[] = {{"", 0},
                 {",\"quality\":\"good\"", 0},
                 {",\"quality\":\"suspect\"", QUALITY_RANGE}, /* without a reason that we know */
                 {",\"quality\":\"suspect\",\"why\":[\"weather\"]", QUALITY_RANGE},
                 {",\"quality\":\"suspect\",\"why\":[7,\"stuck\",\"clock\"]", QUALITY_STUCK | QUALITY_CLOCK},
                 {",\"why\":[\"jump\",\"calibration\"]", QUALITY_JUMP | QUALITY_CALIBRATION}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rest[300];
        snprintf(rest, sizeof rest,
                 "\"kind\":\"readings\",\"readings\":[{\"device\":\"a\",\"ts\":1,\"values\":{\"b\":1}%s}]",
                 cases[i].text);
        struct frame *f = opened(rest);
        assert_int_equal(f->readings[0].quality, cases[i].quality);
        frame_close(f);
    }
}

/* All of its numbers and what they must be to one another, or it covers nothing. */
static void a_suspended_that_is_odd_covers_nothing(void **state)
{
    static const char *const odd[] = {"\"until\":9000,\"slots\":7",
                                      "\"from\":2000,\"slots\":7",
                                      "\"from\":2000,\"until\":9000",
                                      "\"from\":0,\"until\":9000,\"slots\":7",
                                      "\"from\":9001,\"until\":9000,\"slots\":7",
                                      "\"from\":2000,\"until\":9001,\"slots\":7",
                                      "\"from\":2000,\"until\":9000,\"slots\":0"};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char rest[300];
        snprintf(rest, sizeof rest,
                 "\"kind\":\"readings\",\"readings\":[{\"device\":\"a\",\"ts\":9000,\"error\":\"suspended\",%s}]",
                 odd[i]);
        struct frame *f = opened(rest);
        assert_null(f->refused[0]);
        assert_int_equal(f->readings[0].slots, 0);
        frame_close(f);
    }
}

#define EPOCH "\"epoch\":\"abababababababababababababababab\""
#define AFTER "\"after\":\"0000000000000000\""
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void each_key_of_the_envelope(void **state)
{
    static const char *const bad[] = {
        "\"v\":1," EPOCH ",\"seq\":1," AFTER ",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\",\"epoch\":7,\"seq\":1," AFTER ",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\",\"epoch\":\"abababababababababababababababaX\",\"seq\":1," AFTER
        ",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH "," AFTER ",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":9007199254740993," AFTER ",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":1," AFTER,
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":1,\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":1,\"after\":7,\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":1,\"after\":\"00\",\"kind\":\"hello\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER ",\"kind\":\"lost\",\"to\":5,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER
        ",\"kind\":\"lost\",\"from\":0,\"to\":5,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER
        ",\"kind\":\"lost\",\"from\":6,\"to\":5,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER ",\"kind\":\"lost\",\"from\":1,\"to\":5",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER ",\"kind\":\"lost\",\"from\":1,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER
        ",\"kind\":\"lost\",\"from\":1,\"to\":6,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER
        ",\"kind\":\"lost\",\"from\":1,\"to\":-5,\"head\":\"" ZEROS "\"",
        "\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5," AFTER
        ",\"kind\":\"lost\",\"from\":1,\"to\":5,\"head\":\"00\""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400];
        int n = snprintf(text, sizeof text, "{%s}", bad[i]);
        struct frame *f = frame_open(text, (size_t)n, NULL);
        if (f)
            fail_msg("%s", text);
    }
    static const char lost[] =
        "{\"v\":1,\"gateway\":\"g\"," EPOCH ",\"seq\":5,\"kind\":\"lost\",\"from\":2,\"to\":5,\"head\":\"" ZEROS "\"}";
    struct frame *f = frame_open(lost, sizeof lost - 1, NULL); /* its gateway may not know what was before */
    assert_non_null(f);
    assert_true(f->from == 2 && f->seq == 5 && !*f->after);
    frame_close(f);
}

static void a_time_is_whole_or_of_another_kind(void **state)
{
    static const char *const odd[] = {"\"boot\":\"b\",\"offset\":1,\"to\":1", "\"boot\":\"b\",\"offset\":1,\"from\":1",
                                      "\"boot\":\"b\",\"offset\":-9223372036854775808,\"from\":1,\"to\":1"};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char rest[200];
        snprintf(rest, sizeof rest, "\"kind\":\"time\",%s", odd[i]);
        struct frame *f = opened(rest);
        assert_int_equal(f->kind, FRAME_OTHER);
        frame_close(f);
    }
    struct frame *f = opened("\"kind\":\"gap\",\"boot\":\"b\",\"since_mono\":5,\"until_mono\":-1");
    assert_true(f->since_mono && !f->until_mono && f->since == 5);
    frame_close(f);
}

static void only_what_is_our_own_is_framed_anew(void **state)
{
    static const struct {
        const char *text;
        size_t room;
        bool done;
    } cases[] = {{"", 400, false},
                 {"{\"gateway\":\"gw-1\",\"v\":1,\"kind\":\"hello\"}", 400, false},
                 {"{\"v\":1,\"gateway\":\"gw-1\",\"sort\":\"hello\"}", 400, false},
                 {"{\"v\":1,\"gateway\":\"gw-1\",\"seq\":1,\"kind\":\"hello\",\"devices\":[]}", 400, true},
                 {"{\"v\":1,\"gateway\":\"gw-1\",\"seq\":1,\"kind\":\"hello\",\"devices\":[]}", 140, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[400];
        struct buf b = buf_fixed(memory, cases[i].room);
        struct hash zero = {0};
        assert_int_equal(
            frame_anew(&b, cases[i].text, strlen(cases[i].text), "gw-2", "abababababababababababababababab", 9, &zero),
            cases[i].done);
        if (cases[i].done)
            assert_string_equal(b.data, "{\"v\":1,\"gateway\":\"gw-2\"," EPOCH ",\"seq\":9," AFTER
                                        ",\"anew\":true,\"kind\":\"hello\",\"devices\":[]}");
    }
}

static void errors_of_several_metrics_are_written(void **state)
{
    char memory[300];
    struct buf b = buf_fixed(memory, sizeof memory);
    const struct metric_error errors[] = {{"dp", "exception-2", NULL}, {"fan", "crc", NULL}};
    const struct datum d = {"fume", {.kind = VALUE_NUMBER, .number = 1.31}};
    const struct reading r = {
        .device = "hood-1", .ts = 5, .values = &d, .value_count = 1, .errors = errors, .error_count = 2};
    (void)state;
    frame_put_reading(&b, &r);
    assert_string_equal(b.data, "{\"device\":\"hood-1\",\"ts\":5,\"values\":{\"fume\":1.31},"
                                "\"errors\":{\"dp\":\"exception-2\",\"fan\":\"crc\"}}");
}

/* More than one chunk of memory. */
static void a_frame_of_many_readings(void **state)
{
    static char text[FRAME_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    (void)state;
    buf_text(&b, HEAD "\"kind\":\"readings\",\"readings\":[");
    for (int i = 0; i < 1000; i++)
        buf_print(&b, "%s{\"device\":\"a\",\"ts\":%d,\"values\":{\"b\":%d}}", i ? "," : "", i + 1, i);
    buf_text(&b, "]}");
    struct frame *f = frame_open(b.data, b.length, NULL);
    assert_non_null(f);
    assert_int_equal(f->reading_count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_true(f->readings[i].ts == i + 1 && f->readings[i].values[0].value.number == i);
    frame_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_device_leaves_nothing_to_the_next),
        cmocka_unit_test(an_interval_is_a_day_at_most),
        cmocka_unit_test(odd_lists_are_empty_lists),
        cmocka_unit_test(readings_are_refused_one_by_one),
        cmocka_unit_test(suspended_covers_an_interval),
        cmocka_unit_test(times_of_a_boot_are_repaired_and_odd_ones_refused),
        cmocka_unit_test(an_unreadable_envelope_is_no_frame),
        cmocka_unit_test(each_reason_of_a_reading),
        cmocka_unit_test(values_by_their_kind),
        cmocka_unit_test(what_is_suspect),
        cmocka_unit_test(a_suspended_that_is_odd_covers_nothing),
        cmocka_unit_test(each_key_of_the_envelope),
        cmocka_unit_test(a_time_is_whole_or_of_another_kind),
        cmocka_unit_test(only_what_is_our_own_is_framed_anew),
        cmocka_unit_test(errors_of_several_metrics_are_written),
        cmocka_unit_test(a_frame_of_many_readings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
