/* calibration-due, with the fold restored before every record.  Dates were counted on a calendar. */
#include "tests/unit/collector/restore_kit.h"

static int64_t date(int year, int month, int day)
{
    return civil_ms(year, month, day, 0, 0, 0);
}

static void hello(struct kit *k, const char *calibrated)
{
    char more[60] = "";
    if (*calibrated)
        snprintf(more, sizeof more, ",\"calibrated\":\"%s\"", calibrated);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", more);
}

static struct kit *club(const char *rules, const char *calibrated)
{
    struct kit *k = restored_kit(rules, SITES_HEAD CLUB);
    hello(k, calibrated);
    return k;
}

/* Calibrated on 2026-01-31: 366 days later is 2027-02-01; 30 days before that, 2027-01-02. */
static void test_due(void **state)
{
    struct kit *k = club("[rules]\n", "2026-01-31");
    (void)state;
    kit_tick(k, date(2027, 1, 2) - 1);
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, date(2027, 1, 2));
    assert_int_equal(k->flag_count, 1);
    assert_string_equal(k->flags[0].flag, "calibration-due");
    assert_string_equal(k->flags[0].device, "noise-1");
    assert_int_equal(k->flags[0].since, date(2027, 1, 2));
    assert_string_equal(k->flags[0].id, "ce6137bb5fedce3c"); /* sha256("calibration-due|club|noise-1|1801411200000") */
    assert_non_null(strstr(k->flags[0].body, ",\"due\":1801411200000,\"calibrated\":1769788800000}"));
    hello(k, "2026-01-31");
    kit_tick(k, date(2027, 3, 1));
    assert_int_equal(k->flag_count, 1);
    hello(k, ""); /* nothing is known any more: nothing changes */
    kit_tick(k, date(2027, 3, 2));
    assert_int_equal(k->flag_count, 1);
    hello(k, "2027-03-02");
    kit_tick(k, date(2027, 3, 3));
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, date(2027, 3, 2));
    kit_tick(k, date(2028, 2, 1)); /* 366 days from 2027-03-02: 2028-03-02; 30 days before: 2028-02-01 (a leap year) */
    assert_int_equal(k->flag_count, 3);
    restored_kit_free(k);
}

/* It was calibrated in time, and told late. */
static void test_withdrawn(void **state)
{
    struct kit *k = club("[rules]\n", "2026-01-31");
    (void)state;
    kit_tick(k, date(2027, 1, 5));
    hello(k, "2026-12-20");
    kit_tick(k, date(2027, 1, 6));
    assert_string_equal(kit_last_flag(k)->state, "withdrawn");
    restored_kit_free(k);
}

static void test_settings(void **state)
{
    struct kit *k = club("[rules]\ncalibration_interval = 100d\ncalibration_due_before = 10d\n", "2026-03-01");
    (void)state;
    kit_tick(k, date(2026, 5, 30) - 1); /* 100 days: 9 June */
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, date(2026, 5, 30));
    assert_int_equal(k->flag_count, 1);
    kit_configure(k, "[rules]\n"); /* 366 days again: it never was due */
    kit_tick(k, date(2026, 5, 31));
    assert_string_equal(kit_last_flag(k)->state, "withdrawn");
    restored_kit_free(k);
}

static void test_no_date(void **state)
{
    static const char *const dates[] = {"", "soon", "2026-02-30"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct kit *k = club("[rules]\n", dates[i]);
        kit_tick(k, date(2030, 1, 1));
        assert_int_equal(k->flag_count, 0);
        restored_kit_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
