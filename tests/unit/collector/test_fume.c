/* Fume windows through the whole fold.  Means were worked out by hand. */
#include "tests/unit/collector/fold_kit.h"

#define TEN "[rules]\nfume_window = 10s\n"
#define HOUSE_WITH(stoves, standard)                                                                                   \
    SITES_HEAD "house,n,restaurant,yudu,g,,,," stoves "," standard ",yes,,,,gw-01 gw-02,\n"

static struct kit *house(const char *rules, const char *sites, const char *metrics)
{
    struct kit *k = kit_new(rules, sites);
    kit_hello(k, "gw-01", "house", "hood-1", 1000, metrics, "");
    return k;
}

static void expect_window(const struct kit *k, double coverage, double measured, double judged, const char *reason)
{
    const struct kit_window *w = kit_last_window(k);
    assert_string_equal(w->rule, "fume");
    assert_string_equal(w->reason, reason);
    near(w->row.coverage, coverage);
    assert_true(isnan(measured) ? isnan(w->row.measured) : fabs(w->row.measured - measured) < 1e-9);
    assert_true(isnan(judged) ? isnan(w->row.judged) : fabs(w->row.judged - judged) < 1e-9);
}

/* Ten minutes from 12:00: 4 min at 1.5, 6 min at 3.0 = 2.4 mg/m3. */
static void test_mean(void **state)
{
    struct kit *k = house("[rules]\n", SITES_HEAD HOUSE, "fume");
    int64_t from = kit_time(2, 12, 0, 0);
    (void)state;
    kit_series(k, "hood-1", "fume", 1.5, from, from + 4 * MINUTE, SECOND);
    kit_series(k, "hood-1", "fume", 3, from + 4 * MINUTE, from + 10 * MINUTE + 1, SECOND);
    assert_int_equal(k->window_count, 1);
    assert_int_equal(k->windows[0].row.from, from);
    expect_window(k, 1, 2.4, 2.4, "");
    assert_int_equal(k->windows[0].row.outcome, OUTCOME_EXCEEDS);
    assert_false(k->windows[0].row.statutory);
    near(k->windows[0].row.limit, 2);
    assert_int_equal(k->flag_count, 1);
    const char *body = k->flags[0].body;
    assert_non_null(strstr(body, "\"flag\":\"fume-limit\""));
    assert_non_null(strstr(body, "\"measured\":2.4,\"background\":null,\"correction\":0,\"judged\":2.4,\"limit\":2,"
                                 "\"excess\":0.4,\"unit\":\"mg/m³\""));
    assert_non_null(strstr(body, "\"basis\":{\"document\":\"GB 18483-2001\",\"clause\":\"4.2 表2\","
                                 "\"note\":\"concentration only, not statutory\"},\"statutory\":false"));
    assert_string_equal(k->lines[0], "fume_window,device=hood-1,district=yudu,grid=hongjun-2,site=house "
                                     "coverage=1,judged=2.4,limit=2,measured=2.4 1772424000000");
    kit_free(k);
}

/* Three decimals, no further rounding: 2.0004 is 2 and complies, 2.0006 exceeds. */
static void test_three_decimals(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    (void)state;
    struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume");
    kit_series(k, "hood-1", "fume", 2.0004, from, from + 10 * SECOND, SECOND);
    kit_series(k, "hood-1", "fume", 2.0006, from + 10 * SECOND, from + 21 * SECOND, SECOND);
    assert_int_equal(k->windows[0].row.outcome, OUTCOME_COMPLIANT);
    near(k->windows[0].row.judged, 2);
    assert_int_equal(k->windows[1].row.outcome, OUTCOME_EXCEEDS);
    near(k->windows[1].row.judged, 2.001);
    near(k->windows[1].row.measured, 2.001);
    kit_free(k);
}

/* GB 18483-2001, 6.6: 1.5 mg/m3 x 8000 m3/h / (3 x 2000) = 2.0; with 8400 m3/h 2.1. */
static void test_reference_volume(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    struct kit *k = house(TEN, HOUSE_WITH("3", ""), "fume airflow");
    (void)state;
    for (int i = 0; i <= 20; i++)
        kit_reading(k, "hood-1", from + i * SECOND,
                    i < 10 ? "\"values\":{\"fume\":1.5,\"airflow\":8000}"
                           : "\"values\":{\"fume\":1.5,\"airflow\":8400}");
    assert_int_equal(k->window_count, 2);
    near(k->windows[0].row.measured, 1.5);
    near(k->windows[0].row.judged, 2);
    assert_int_equal(k->windows[0].row.outcome, OUTCOME_COMPLIANT);
    assert_true(k->windows[0].row.statutory);
    near(k->windows[1].row.judged, 2.1);
    assert_int_equal(k->windows[1].row.outcome, OUTCOME_EXCEEDS);
    assert_int_equal(k->flag_count, 3); /* 2.0 is near the limit; then over it, and near it no more */
    assert_string_equal(k->flags[1].flag, "fume-limit");
    assert_non_null(strstr(k->flags[1].body, "\"clause\":\"4.2 表2\"},\"statutory\":true"));
    kit_free(k);

    k = house(TEN, HOUSE_WITH("", ""), "fume airflow"); /* no stoves: nothing to convert by */
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":1.5,\"airflow\":8000}");
    expect_window(k, 1, 1.5, 1.5, "");
    assert_false(kit_last_window(k)->row.statutory);
    kit_free(k);
}

/* Only while cooking: 8 s with the fan on at 3.0, 2 s with it off at 0.1. */
static void test_only_while_cooking(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume fan");
    (void)state;
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND,
                    i < 8 ? "\"values\":{\"fume\":3,\"fan\":1}" : "\"values\":{\"fume\":0.1,\"fan\":0}");
    expect_window(k, 0.8, 3, 3, "");
    kit_free(k);

    k = house(TEN, SITES_HEAD HOUSE, "fume fan"); /* 7 s are too few: not cooking, and known to be so */
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND,
                    i < 7 ? "\"values\":{\"fume\":3,\"fan\":1}" : "\"values\":{\"fume\":0.1,\"fan\":0}");
    expect_window(k, 0.7, 3, NAN, "idle");
    assert_int_equal(k->flag_count, 0);
    kit_free(k);

    k = house(TEN, SITES_HEAD HOUSE, "fume fan"); /* fan off, but fume over its floor: somebody is cooking */
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":0.3,\"fan\":0}");
    expect_window(k, 1, 0.3, 0.3, "");
    kit_free(k);

    k = house(TEN, SITES_HEAD HOUSE, "fume fan"); /* at the floor: not over it */
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":0.2,\"fan\":0}");
    expect_window(k, 0, NAN, NAN, "idle");
    kit_free(k);

    k = house(TEN, SITES_HEAD HOUSE, "fume"); /* nothing tells of a fan: always */
    kit_series(k, "hood-1", "fume", 0.1, from, from + 11 * SECOND, SECOND);
    expect_window(k, 1, 0.1, 0.1, "");
    kit_free(k);
}

static void test_fan_by_current(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume fan_current");
        for (int i = 0; i <= 10; i++)
            kit_reading(k, "hood-1", from + i * SECOND,
                        on ? "\"values\":{\"fume\":0.1,\"fan_current\":0.5}"
                           : "\"values\":{\"fume\":0.1,\"fan_current\":0.49}");
        expect_window(k, on, on ? 0.1 : NAN, on ? 0.1 : NAN, on ? "" : "idle");
        kit_free(k);
    }
}

/* The fan is metered by another device of the site. */
static void test_fan_of_another_device(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume");
        kit_hello(k, "gw-01", "house", "power-1", 1000, "fan_current", "");
        for (int i = 0; i <= 10; i++) {
            kit_reading(k, "power-1", from + i * SECOND - 5,
                        on ? "\"values\":{\"fan_current\":4}" : "\"values\":{\"fan_current\":0}");
            kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":0.1}");
        }
        expect_window(k, on, on ? 0.1 : NAN, on ? 0.1 : NAN, on ? "" : "idle");
        kit_free(k);
    }
}

/* Half of the window is unknown: neither cooking nor idle. */
static void test_coverage(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume fan");
    (void)state;
    for (int i = 0; i < 5; i++)
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":3,\"fan\":1}");
    kit_reading(k, "hood-1", from + 5 * SECOND, "\"error\":\"timeout\"");
    kit_reading(k, "hood-1", from + 10 * SECOND, "\"error\":\"timeout\"");
    expect_window(k, 0.5, 3, NAN, "coverage");
    kit_free(k);
}

/* Two blocks, two readings a poll: fan and fume hold each for themselves. */
static void test_two_blocks(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    struct kit *k = house(TEN, SITES_HEAD HOUSE, "fume fan");
    (void)state;
    kit_reading(k, "hood-1", from - 500, "\"values\":{\"fan\":1}");
    for (int i = 0; i <= 10; i++) {
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":0.1}");
        kit_reading(k, "hood-1", from + i * SECOND + 500, i < 9 ? "\"values\":{\"fan\":1}" : "\"values\":{\"fan\":0}");
    }
    expect_window(k, 0.95, 0.1, 0.1, ""); /* the fan goes off at 9.5 s */
    kit_free(k);
}

static void test_local_standard(void **state)
{
    int64_t from = kit_time(2, 12, 0, 0);
    (void)state;
    struct kit *k = house(TEN, HOUSE_WITH("4", "beijing-db11-1488-2018"), "fume airflow");
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "hood-1", from + i * SECOND, "\"values\":{\"fume\":1.2,\"airflow\":8000}");
    near(kit_last_window(k)->row.limit, 1);
    assert_int_equal(kit_last_window(k)->row.outcome, OUTCOME_EXCEEDS);
    assert_false(kit_last_window(k)->row.statutory); /* nobody has confirmed it */
    kit_free(k);
    k = house(TEN, HOUSE_WITH("4", "gb22337-2008"), "fume"); /* no fume standard */
    kit_series(k, "hood-1", "fume", 9, from, from + 11 * SECOND, SECOND);
    expect_window(k, 1, 9, NAN, "no-limit");
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_three_decimals),
        cmocka_unit_test(test_reference_volume),
        cmocka_unit_test(test_only_while_cooking),
        cmocka_unit_test(test_fan_by_current),
        cmocka_unit_test(test_fan_of_another_device),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_two_blocks),
        cmocka_unit_test(test_local_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
