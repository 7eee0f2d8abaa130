/* purifier-off, and the time for which fan and purifier were on. */
#include "tests/unit/collector/fold_kit.h"

#define RULES "[rules]\npurifier_off_after = 10s\n"
#define ON    "\"values\":{\"fan\":1,\"purifier\":1}"
#define OFF   "\"values\":{\"fan\":1,\"purifier\":0}"
#define REST  "\"values\":{\"fan\":0,\"purifier\":0}"

static struct kit *house(const char *metrics)
{
    struct kit *k = kit_new(RULES, SITES_HEAD HOUSE);
    kit_hello(k, "gw-01", "house", "hood-1", 1000, metrics, "");
    return k;
}

static void play(struct kit *k, int64_t from, int seconds, const char *content)
{
    for (int i = 0; i < seconds; i++)
        kit_reading(k, "hood-1", from + i * SECOND, content);
}

static void test_off_and_on(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    play(k, noon, 5, ON);
    play(k, noon + 5 * SECOND, 10, OFF);
    assert_int_equal(k->flag_count, 0);
    kit_reading(k, "hood-1", noon + 15 * SECOND, OFF); /* ten seconds are full */
    assert_int_equal(k->flag_count, 1);
    assert_string_equal(k->flags[0].flag, "purifier-off");
    assert_string_equal(k->flags[0].device, "hood-1");
    assert_int_equal(k->flags[0].since, noon + 5 * SECOND);
    assert_int_equal(k->flags[0].at, noon + 15 * SECOND);
    assert_non_null(strstr(
        k->flags[0].body,
        "\"window\":null,\"measured\":null,\"background\":null,\"correction\":0,\"judged\":null,"
        "\"limit\":null,\"excess\":null,\"unit\":null,\"basis\":{\"document\":\"GB 18483-2001\","
        "\"clause\":\"5.1\"},\"statutory\":true,\"grade\":\"lead\",\"purifier\":\"off\",\"hours\":\"open\",\"case\":\""));
    play(k, noon + 16 * SECOND, 60, OFF);
    assert_int_equal(k->flag_count, 1);
    kit_reading(k, "hood-1", noon + 80 * SECOND, ON); /* the first reading that shows it */
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_string_equal(k->flags[1].id, k->flags[0].id);
    assert_int_equal(k->flags[1].until, noon + 80 * SECOND);
    kit_free(k);
}

static void test_fan_off_ends_it(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    play(k, noon, 9, OFF);
    kit_reading(k, "hood-1", noon + 9 * SECOND, REST); /* nine seconds: not long enough */
    play(k, noon + 10 * SECOND, 9, OFF);
    assert_int_equal(k->flag_count, 0);
    play(k, noon + 19 * SECOND, 3, OFF);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, noon + 10 * SECOND);
    kit_reading(k, "hood-1", noon + 30 * SECOND, REST);
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    kit_free(k);
}

static void test_outside_opening_hours(void **state)
{
    struct kit *k = house("fan purifier");
    (void)state;
    play(k, kit_time(2, 23, 30, 0), 12, OFF);
    assert_int_equal(k->flag_count, 1);
    assert_non_null(strstr(k->flags[0].body, "\"hours\":\"closed\""));
    kit_free(k);
}

/* By current; and a relay that says 1 while next to nothing flows. */
static void test_by_current(void **state)
{
    static const struct {
        const char *metrics, *content, *why; /* why NULL: no flag */
    } rows[] = {
        {"fan_current purifier_current", "\"values\":{\"fan_current\":3,\"purifier_current\":0.09}", "off"},
        {"fan_current purifier_current", "\"values\":{\"fan_current\":3,\"purifier_current\":0.1}", NULL},
        {"fan_current purifier_current", "\"values\":{\"fan_current\":0.4,\"purifier_current\":0}", NULL},
        {"fan purifier purifier_current", "\"values\":{\"fan\":1,\"purifier\":1,\"purifier_current\":0.02}",
         "under-current"},
        {"fan purifier purifier_current", "\"values\":{\"fan\":1,\"purifier\":0,\"purifier_current\":2}", "off"},
        {"fan fan_current purifier", "\"values\":{\"fan\":0,\"fan_current\":3,\"purifier\":0}", "off"},
        {"fume purifier", "\"values\":{\"fume\":0.21,\"purifier\":0}", "off"},
        {"fume purifier", "\"values\":{\"fume\":0.2,\"purifier\":0}", NULL},
        {"fan fume purifier", "\"values\":{\"fan\":0,\"fume\":0.5,\"purifier\":0}", "off"},
        {"purifier", "\"values\":{\"purifier\":0}", NULL}, /* nothing tells whether anybody cooks */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = house(rows[i].metrics);
        char why[40];
        play(k, kit_time(2, 12, 0, 0), 12, rows[i].content);
        assert_int_equal(k->flag_count, rows[i].why != NULL);
        snprintf(why, sizeof why, "\"purifier\":\"%s\"", rows[i].why ? rows[i].why : "");
        if (rows[i].why)
            assert_non_null(strstr(k->flags[0].body, why));
        kit_free(k);
    }
}

/* Fan from one device, purifier from another, over two gateways. */
static void test_two_devices(void **state)
{
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct kit *k = house("purifier");
        kit_hello(k, "gw-02", "house", "power-1", 1000, "fan_current", "");
        for (int i = 0; i < 20; i++) {
            kit_reading_from(k, "gw-02", "power-1", noon + i * SECOND + 3,
                             on ? "\"values\":{\"fan_current\":3}" : "\"values\":{\"fan_current\":0}");
            kit_reading(k, "hood-1", noon + i * SECOND, "\"values\":{\"purifier\":0}");
        }
        assert_int_equal(k->flag_count, on);
        if (on)
            assert_string_equal(k->flags[0].device, "hood-1");
        kit_free(k);
    }
}

/* A second hood with fan and purifier of its own does not answer for the first. */
static void test_two_hoods(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-2", 1000, "fan purifier", "");
    for (int i = 0; i < 20; i++) {
        kit_reading(k, "hood-1", noon + i * SECOND, OFF);
        kit_reading(k, "hood-2", noon + i * SECOND + 1, ON);
    }
    assert_int_equal(k->flag_count, 1);
    assert_string_equal(k->flags[0].device, "hood-1");
    kit_free(k);
}

/* Unknown time does not count; as much of it in one stretch as raises a flag makes a new spell. */
static void test_unknown(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    play(k, noon, 6, OFF);
    kit_reading(k, "hood-1", noon + 6 * SECOND, "\"error\":\"timeout\"");
    play(k, noon + 9 * SECOND, 4, OFF); /* 6 s, 3 s unknown, 3 s and counting */
    assert_int_equal(k->flag_count, 0);
    play(k, noon + 13 * SECOND, 1, OFF);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, noon);
    assert_int_equal(k->flags[0].at, noon + 13 * SECOND);
    kit_gap(k, "gw-01", noon + 13 * SECOND, noon + HOUR, "power"); /* raised it stays: nothing shows otherwise */
    assert_int_equal(k->flag_count, 1);
    kit_free(k);

    k = house("fan purifier");
    play(k, noon, 6, OFF);
    kit_gap(k, "gw-01", noon + 5 * SECOND, noon + MINUTE, "power");
    play(k, noon + MINUTE, 10, OFF);
    assert_int_equal(k->flag_count, 0);
    play(k, noon + 70 * SECOND, 1, OFF);
    assert_int_equal(k->flags[0].since, noon + MINUTE);
    kit_free(k);

    for (int blind = 9; blind <= 10; blind++) { /* ten seconds in one stretch are as much as raises a flag */
        k = house("fan purifier");
        play(k, noon, 6, OFF);
        kit_reading(k, "hood-1", noon + 6 * SECOND, "\"error\":\"timeout\"");
        play(k, noon + (6 + blind) * SECOND, 11, OFF);
        assert_int_equal(kit_last_flag(k)->since, blind < 10 ? noon : noon + 16 * SECOND);
        kit_free(k);
    }
}

/* Where the register has no purifier, none can be off (fume.c judges that); from the day it has one, it can. */
static void test_none_registered(void **state)
{
    int64_t noon = kit_time(2, 12, 0, 0);
    struct kit *k = kit_new(RULES, SITES_HEAD "house,n,restaurant,yudu,g,,,,4,,no,,,,gw-01,2026-03-01\n"
                                              "house,n,restaurant,yudu,g,,,,4,,yes,,,,gw-01,2026-03-02T12:01\n");
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-1", 1000, "fan purifier", "");
    play(k, noon, 60, OFF);
    for (size_t i = 0; i < k->flag_count; i++)
        assert_string_not_equal(k->flags[i].flag, "purifier-off");
    play(k, noon + MINUTE, 12, OFF);
    assert_string_equal(kit_last_flag(k)->flag, "purifier-off");
    assert_int_equal(kit_last_flag(k)->since, noon + MINUTE);
    kit_free(k);
}

/* It goes off before midnight, and is told with the hours of that moment. */
static void test_across_midnight(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t midnight = kit_time(3, 0, 0, 0);
    (void)state;
    play(k, midnight - 5 * SECOND, 12, OFF);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, midnight - 5 * SECOND);
    assert_int_equal(k->flags[0].at, midnight + 5 * SECOND);
    kit_free(k);
}

/* ---- usage ------------------------------------------------------------------------------------------------------- */

static void expect_usage(const struct kit_usage *u, int64_t day, int64_t covered, int64_t fan, int64_t both)
{
    assert_int_equal(u->day, day);
    assert_int_equal(u->covered_ms, covered);
    assert_int_equal(u->fan_ms, fan);
    assert_int_equal(u->both_ms, both);
}

/* 10 s both, 20 s fan only, 5 s neither; then over midnight. */
static void test_usage(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0), midnight = kit_time(3, 0, 0, 0);
    (void)state;
    play(k, noon, 10, ON);
    play(k, noon + 10 * SECOND, 20, OFF);
    play(k, noon + 30 * SECOND, 5, REST);
    kit_reading(k, "hood-1", noon + 35 * SECOND, "\"error\":\"timeout\"");
    assert_int_equal(k->usage_count, 0); /* rows leave at ticks */
    kit_tick(k, noon + MINUTE);
    assert_int_equal(k->usage_count, 1);
    expect_usage(&k->usage[0], kit_time(2, 0, 0, 0), 35000, 30000, 10000);
    kit_tick(k, noon + 2 * MINUTE);
    assert_int_equal(k->usage_count, 1); /* nothing new */
    kit_reading(k, "hood-1", midnight - 400, ON);
    kit_reading(k, "hood-1", midnight + 600, "\"error\":\"timeout\"");
    kit_tick(k, midnight + MINUTE);
    assert_int_equal(k->usage_count, 3);
    expect_usage(&k->usage[2], kit_time(2, 0, 0, 0), 35400, 30400, 10400);
    expect_usage(&k->usage[1], midnight, 600, 600, 600);
    kit_free(k);
}

/* A second device still in the day before: its time is added to that day's. */
static void test_usage_of_a_late_device(void **state)
{
    struct kit *k = house("fan purifier");
    int64_t noon = kit_time(2, 12, 0, 0);
    (void)state;
    kit_hello(k, "gw-02", "house", "hood-2", 1000, "fan purifier", "");
    play(k, noon, 10, ON);
    kit_reading(k, "hood-1", noon + 10 * SECOND, "\"error\":\"timeout\"");
    kit_reading(k, "hood-1", noon + 2LL * DAY, ON);
    kit_tick(k, noon + 2LL * DAY);
    expect_usage(&k->usage[0], kit_time(2, 0, 0, 0), 10000, 10000, 10000);
    for (int i = 0; i < 5; i++)
        kit_reading_from(k, "gw-02", "hood-2", noon + i * SECOND, OFF);
    kit_tick(k, noon + 2LL * DAY + MINUTE);
    expect_usage(&k->usage[1], kit_time(2, 0, 0, 0), 14000, 14000, 10000);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_and_on),
        cmocka_unit_test(test_fan_off_ends_it),
        cmocka_unit_test(test_outside_opening_hours),
        cmocka_unit_test(test_by_current),
        cmocka_unit_test(test_two_devices),
        cmocka_unit_test(test_two_hoods),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_none_registered),
        cmocka_unit_test(test_across_midnight),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_usage_of_a_late_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
