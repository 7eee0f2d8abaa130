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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_device_leaves_nothing_to_the_next),
        cmocka_unit_test(odd_lists_are_empty_lists),
        cmocka_unit_test(readings_are_refused_one_by_one),
        cmocka_unit_test(suspended_covers_an_interval),
        cmocka_unit_test(times_of_a_boot_are_repaired_and_odd_ones_refused),
        cmocka_unit_test(an_unreadable_envelope_is_no_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
