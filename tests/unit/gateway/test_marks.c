/* Stuck, jump and calibration: what is marked, when, and that nothing else is. */
#include "firmware-gateway/batch.h"
#include "firmware-gateway/marks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct profile_metric metrics[] = {
    {.name = "laeq", .stuck = 3, .jump = 10},
    {.name = "energy", .jump = INFINITY},
    {.name = "fume", .jump = 0.5},
};

static unsigned one(struct marks *m, const char *metric, double value, int64_t ts)
{
    struct datum d = {metric, {.kind = VALUE_NUMBER, .number = value}};
    return marks_judge(m, &d, 1, ts);
}

static void the_third_equal_value_is_stuck(void **state)
{
    struct marks *m = marks_new(metrics, 3);
    (void)state;
    assert_int_equal(one(m, "laeq", 50, 0), 0);
    assert_int_equal(one(m, "laeq", 50, 1000), 0);
    assert_int_equal(one(m, "energy", 50, 1500), 0); /* another metric says nothing about it */
    assert_int_equal(one(m, "laeq", 50, 2000), QUALITY_STUCK);
    assert_int_equal(one(m, "laeq", 50, 3000), QUALITY_STUCK);
    assert_int_equal(one(m, "laeq", 50.1, 4000), 0);
    assert_int_equal(one(m, "laeq", 50, 5000), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(one(m, "energy", 7, i * 1000), 0);
        assert_int_equal(one(m, "fume", 0, i * 1000), 0);
    }
    marks_free(m);
}

static void a_jump_is_a_change_too_fast(void **state)
{
    struct marks *m = marks_new(metrics, 3);
    (void)state;
    assert_int_equal(one(m, "laeq", 90, 5000), 0); /* the first one */
    assert_int_equal(one(m, "laeq", 80, 6000), 0); /* 10 a second */
    assert_int_equal(one(m, "laeq", 90.01, 7000), QUALITY_JUMP);
    assert_int_equal(one(m, "laeq", 90, 8000), 0);
    assert_int_equal(one(m, "laeq", 40, 13000), 0);              /* 50 in 5 s */
    assert_int_equal(one(m, "laeq", 34.9, 13500), QUALITY_JUMP); /* 5.1 in half a second */
    assert_int_equal(one(m, "fume", 1, 0), 0);
    assert_int_equal(one(m, "fume", 0.4, 1000), QUALITY_JUMP);
    marks_free(m);
}

static void who_asks_for_nothing_has_no_memory(void **state)
{
    (void)state;
    assert_null(marks_new(metrics + 1, 1));
    assert_int_equal(one(NULL, "laeq", 1, 1), 0);
}

/* 2025-11-24 16:00:00 UTC and the moment before. */
static void a_calibration_ends_by_the_wall_clock(void **state)
{
    const int64_t due = INT64_C(1764000000000);
    const struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = 50}};
    struct reading r = {.device = "n", .ts = 1, .values = &level, .value_count = 1};
    struct reading failed = {.device = "n", .ts = 5, .error = "timeout"};
    struct batch *b = batch_new("b");
    struct buf body = buf_growing();
    (void)state;
    batch_put(b, &r, due); /* not known yet: not said */
    batch_take(b, &body);
    assert_null(strstr(body.data, "why"));
    batch_clock(b, due - 3);
    r.ts = 2;
    buf_clear(&body);
    batch_put(b, &r, due);
    batch_take(b, &body);
    assert_null(strstr(body.data, "why"));
    r.ts = 3;
    buf_clear(&body);
    batch_put(b, &r, due);
    batch_put(b, &failed, due);
    batch_take(b, &body);
    assert_string_equal(
        body.data,
        ",\"kind\":\"readings\",\"readings\":[{\"device\":\"n\",\"ts\":1764000000000,\"values\":{\"laeq\":50},"
        "\"quality\":\"suspect\",\"why\":[\"calibration\"]},"
        "{\"device\":\"n\",\"ts\":1764000000002,\"error\":\"timeout\"}]");
    buf_free(&body);
    batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_third_equal_value_is_stuck),
        cmocka_unit_test(a_jump_is_a_change_too_fast),
        cmocka_unit_test(who_asks_for_nothing_has_no_memory),
        cmocka_unit_test(a_calibration_ends_by_the_wall_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
