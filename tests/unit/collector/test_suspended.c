/* What a gateway left out on purpose, and metrics that are read less often than their device. */
#include "tests/unit/collector/fold_kit.h"

static const int64_t begin = 1764000000000; /* 2025-11-25 00:00 in Shanghai */

static struct kit *street(void)
{
    return kit_new("", SITES_HEAD CLUB HOUSE);
}

/* Asked at 0 s; silent at 10 s; left out from 20 s to 70 s; silent at 71 s; answers at 80 s. */
static void each_moment_has_its_reason(void **state)
{
    (void)state;
    struct kit *k = street();
    char text[200];
    kit_hello(k, "gw-01", "house", "hood-1", 10000, "fume", "");
    kit_reading(k, "hood-1", begin, "\"values\":{\"fume\":1}");
    kit_reading(k, "hood-1", begin + 10000, "\"error\":\"timeout\"");
    snprintf(text, sizeof text, "\"error\":\"suspended\",\"from\":%lld,\"until\":%lld,\"slots\":5",
             (long long)begin + 20000, (long long)begin + 70000);
    kit_reading(k, "hood-1", begin + 70000, text);
    kit_reading(k, "hood-1", begin + 71000, "\"error\":\"timeout\"");
    kit_reading(k, "hood-1", begin + 80000, "\"values\":{\"fume\":1}");
    static const struct {
        int64_t from, to;
        const char *reason;
    } wanted[] = {{10000, 20000, "timeout"}, {20000, 71000, "suspended"}, {71000, 80000, "timeout"}};
    assert_int_equal(k->missing_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(k->missing[i].from - begin, wanted[i].from);
        assert_int_equal(k->missing[i].to - begin, wanted[i].to);
        assert_string_equal(k->missing[i].reason, wanted[i].reason);
    }
    kit_free(k);
}

/* One without an interval, or with one that cannot be, is an error like any other. */
static void a_foreign_suspended_begins_when_it_comes(void **state)
{
    (void)state;
    struct kit *k = street();
    char text[200];
    kit_hello(k, "gw-01", "house", "hood-1", 10000, "fume", "");
    kit_reading(k, "hood-1", begin, "\"values\":{\"fume\":1}");
    kit_reading(k, "hood-1", begin + 10000, "\"error\":\"suspended\"");
    kit_reading(k, "hood-1", begin + 20000, "\"values\":{\"fume\":1}");
    snprintf(text, sizeof text, "\"error\":\"suspended\",\"from\":%lld,\"until\":%lld,\"slots\":1",
             (long long)begin + 20000, (long long)begin + 99000); /* ends after it was said */
    kit_reading(k, "hood-1", begin + 30000, text);
    kit_reading(k, "hood-1", begin + 40000, "\"values\":{\"fume\":1}");
    assert_int_equal(k->missing_count, 2);
    assert_int_equal(k->missing[0].from - begin, 10000);
    assert_int_equal(k->missing[1].from - begin, 30000);
    assert_int_equal(k->missing[1].to - begin, 40000);
    kit_free(k);
}

/* Of 30 minutes with a fan that is read once a minute on a device that is read every ten seconds. */
static int64_t covered_with(const char *metrics)
{
    struct kit *k = street();
    int64_t covered = 0;
    kit_hello(k, "gw-01", "house", "hood-1", 10000, "fan purifier", "");
    char rest[600];
    snprintf(rest, sizeof rest,
             "\"kind\":\"hello\",\"ts\":1,\"version\":\"t\",\"district\":\"yudu\",\"devices\":[{\"device\":\"hood-1\","
             "\"site\":\"house\",\"profile\":\"p\",\"measurement\":\"m\",\"interval\":10000,\"metrics\":[%s]}]",
             metrics);
    kit_frame_from(k, "gw-01", rest, "");
    for (int64_t t = 0; t <= 1800000; t += 10000)
        kit_reading(k, "hood-1", begin + t,
                    t % 60000 ? "\"values\":{\"purifier\":1}" : "\"values\":{\"fan\":1,\"purifier\":1}");
    kit_tick(k, begin + 3 * (int64_t)DAY);
    for (size_t i = 0; i < k->usage_count; i++)
        covered = k->usage[i].covered_ms > covered ? k->usage[i].covered_ms : covered;
    kit_free(k);
    return covered;
}

static void a_slow_metric_holds_as_long_as_it_is_slow(void **state)
{
    (void)state;
    int64_t told = covered_with("{\"name\":\"fan\",\"unit\":\"\",\"type\":\"bit\",\"interval\":60000},"
                                "{\"name\":\"purifier\",\"unit\":\"\",\"type\":\"bit\"}");
    int64_t untold = covered_with("{\"name\":\"fan\",\"unit\":\"\",\"type\":\"bit\"},"
                                  "{\"name\":\"purifier\",\"unit\":\"\",\"type\":\"bit\"}");
    assert_int_equal(told, 1800000);
    assert_int_equal(untold, 30 * 15000); /* 1.5 intervals of each minute */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_moment_has_its_reason),
        cmocka_unit_test(a_foreign_suspended_begins_when_it_comes),
        cmocka_unit_test(a_slow_metric_holds_as_long_as_it_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
