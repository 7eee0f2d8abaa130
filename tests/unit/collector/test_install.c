/* install-overdue, with the fold restored before every record.  Dates were counted on a calendar. */
#include "tests/unit/collector/restore_kit.h"

#define SITE(kind, installed, deadline, valid)                                                                         \
    "id,name,kind,district,grid,purifier_installed,install_deadline,valid_from\n"                                      \
    "grill,n," kind ",yudu,g," installed "," deadline "," valid "\n"

static int64_t date(int month, int day)
{
    return civil_ms(2026, month, day, 0, 0, 0);
}

static void import(struct kit *k, int64_t now, const char *sites)
{
    k->receipt_ms = now;
    kit_import(k, sites);
}

static struct kit *overdue(void)
{
    struct kit *k = restored_kit("[rules]\n", SITE("barbecue", "no", "2026-03-31", ""));
    kit_tick(k, date(4, 1) - 1);
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, date(4, 1));
    assert_int_equal(k->flag_count, 1);
    return k;
}

/* Deadline 31 March: overdue from 1 April 00:00, under GB 18483-2001, 5.1. */
static void test_raised(void **state)
{
    struct kit *k = overdue();
    (void)state;
    assert_string_equal(k->flags[0].flag, "install-overdue");
    assert_string_equal(k->flags[0].id, "0b642afbbd41056e"); /* sha256("install-overdue|grill|-|1774886400000") */
    assert_int_equal(k->flags[0].since, date(4, 1));
    assert_non_null(strstr(k->flags[0].body, "\"basis\":{\"document\":\"GB 18483-2001\",\"clause\":\"5.1\"},"
                                             "\"statutory\":true"));
    assert_non_null(strstr(k->flags[0].body, ",\"deadline\":1774886400000"));
    kit_tick(k, date(5, 1));
    assert_int_equal(k->flag_count, 1);
    restored_kit_free(k);
}

static void expect_end(struct kit *k, const char *state, int64_t until)
{
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(kit_last_flag(k)->state, state);
    assert_int_equal(kit_last_flag(k)->until, until);
    restored_kit_free(k);
}

static void test_ends(void **state)
{
    (void)state;
    struct kit *k = overdue();
    import(k, date(4, 20), SITE("barbecue", "2026-04-15", "2026-03-31", "")); /* since its date */
    expect_end(k, "cleared", date(4, 15));
    k = overdue();
    import(k, date(4, 20), SITE("barbecue", "2026-03-20", "2026-03-31", "")); /* before the deadline, as it turns out */
    expect_end(k, "withdrawn", date(4, 1));
    k = overdue();
    import(k, date(4, 20), SITE("barbecue", "yes", "2026-03-31", "")); /* since now */
    expect_end(k, "cleared", date(4, 20));
    k = overdue();
    import(k, date(4, 20), SITE("barbecue", "no", "2026-05-31", "2026-03-25")); /* put off in time, entered late */
    expect_end(k, "withdrawn", date(4, 1));
    k = overdue();
    import(k, date(4, 20), SITE("bar", "no", "2026-03-31", "")); /* cooks no more */
    expect_end(k, "cleared", date(4, 20));
}

/* Put off to the end of May, and not done by then. */
static void test_put_off(void **state)
{
    struct kit *k = overdue();
    (void)state;
    import(k, date(4, 20), SITE("barbecue", "no", "2026-05-31", ""));
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, date(4, 20));
    kit_tick(k, date(6, 1) - 1);
    assert_int_equal(k->flag_count, 2);
    kit_tick(k, date(6, 1));
    assert_int_equal(k->flag_count, 3);
    assert_int_equal(kit_last_flag(k)->since, date(6, 1));
    /* installed by mistake in the register, and put right long after: the same flag goes on */
    import(k, date(6, 5), SITE("barbecue", "yes", "2026-05-31", ""));
    kit_tick(k, date(6, 10));
    import(k, date(6, 20), SITE("barbecue", "no", "2026-05-31", ""));
    kit_tick(k, date(6, 20));
    assert_string_equal(kit_last_flag(k)->state, "raised");
    assert_int_equal(kit_last_flag(k)->rev, 3);
    restored_kit_free(k);
}

/* A date that lies ahead is a promise. */
static void test_promised(void **state)
{
    struct kit *k = restored_kit("[rules]\n", SITE("canteen", "2026-04-10", "2026-03-31", ""));
    (void)state;
    kit_tick(k, date(4, 1));
    assert_int_equal(k->flag_count, 1);
    kit_tick(k, date(4, 10) - 1);
    assert_int_equal(k->flag_count, 1);
    kit_tick(k, date(4, 10));
    assert_int_equal(k->flag_count, 2);
    assert_int_equal(kit_last_flag(k)->until, date(4, 10));
    restored_kit_free(k);
}

static void test_not_wanted(void **state)
{
    static const char *const sites[] = {SITE("club", "no", "2026-03-31", ""), SITE("canteen", "yes", "2026-03-31", ""),
                                        SITE("canteen", "no", "", "")};
    (void)state;
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        struct kit *k = restored_kit("[rules]\n", sites[i]);
        kit_tick(k, date(12, 31));
        assert_int_equal(k->flag_count, 0);
        restored_kit_free(k);
    }
    struct kit *k = restored_kit("[rules]\n", SITE("canteen", "", "2026-12-31", "")); /* not given is none */
    kit_tick(k, civil_ms(2027, 1, 1, 0, 0, 0) - 1);
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, civil_ms(2027, 1, 1, 0, 0, 0));
    assert_int_equal(k->flag_count, 1);
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raised),   cmocka_unit_test(test_ends),       cmocka_unit_test(test_put_off),
        cmocka_unit_test(test_promised), cmocka_unit_test(test_not_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
