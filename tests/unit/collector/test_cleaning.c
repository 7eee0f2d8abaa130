/* cleaning-due and cleaning-overdue, intervals, and entries into the ledger.  Dates were counted on a calendar. */
#include "tests/unit/collector/restore_kit.h"

#define HOURS_HEAD                                                                                                     \
    "id,name,kind,district,grid,purifier_installed,cleaning_days,cleaning_hours,last_cleaned,gateways,valid_from\n"
#define SITE(installed, days, last)                                                                                    \
    SITES_HEAD "house,n,restaurant,yudu,g,o,,,4,," installed "," days "," last ",,gw-01,\n"

#define RULES "[rules]\n"

static int64_t date(int month, int day)
{
    return civil_ms(2026, month, day, 0, 0, 0);
}

/* Revisions of one flag so far. */
static size_t count(const struct kit *k, const char *flag)
{
    size_t n = 0;
    for (size_t i = 0; i < k->flag_count; i++)
        n += strcmp(k->flags[i].flag, flag) == 0;
    return n;
}

static const struct kit_flag *last(const struct kit *k, const char *flag)
{
    size_t i = k->flag_count;
    while (i && strcmp(k->flags[i - 1].flag, flag) != 0)
        i--;
    assert_true(i > 0);
    return &k->flags[i - 1];
}

static void expect_flag(const struct kit *k, const char *flag, const char *state, int64_t since, int64_t until)
{
    const struct kit_flag *f = last(k, flag);
    assert_string_equal(f->state, state);
    assert_int_equal(f->since, since);
    assert_int_equal(f->until, until);
}

static size_t overdue(const struct kit *k)
{
    return count(k, "cleaning-overdue");
}

static void add(struct kit *k, int64_t now, const char *when, const char *more)
{
    char args[400];
    k->receipt_ms = now;
    snprintf(args, sizeof args, "{\"site\":\"house\",\"cleaned_at\":\"%s\",\"by\":\"王秀英\"%s}", when, more);
    kit_command(k, "cleaning add", args);
}

/* Cleaned on 1 March, 60 days: due on 30 April, overdue from 1 May 00:00. */
static void test_overdue(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("2023-11-08", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(4, 1));
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, date(5, 1));
    assert_int_equal(k->flag_count, 1);
    assert_string_equal(k->flags[0].flag, "cleaning-overdue");
    assert_string_equal(k->flags[0].device, "");
    assert_int_equal(k->flags[0].since, date(5, 1));
    assert_string_equal(k->alerts[0].topic, "yudu/alert/g/house/cleaning-overdue/-");
    assert_string_equal(k->flags[0].id, "fee65e0d2f1a0de0"); /* sha256("cleaning-overdue|house|-|1777478400000") */
    assert_non_null(
        strstr(k->flags[0].body, "\"basis\":{\"note\":\"interval of the site register\"},\"statutory\":false"));
    assert_non_null(strstr(k->flags[0].body, ",\"due\":1777478400000,\"days\":60,\"last\":1772294400000,\"case\":\""));
    assert_non_null(strstr(k->flags[0].body, "\"device\":null"));
    kit_tick(k, date(6, 1));
    assert_int_equal(k->flag_count, 1);
    add(k, date(6, 2), "2026-06-01T09:30", "");
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, date(6, 1) + 9 * HOUR + 30 * MINUTE);
    kit_tick(k, date(8, 1) - 1); /* due again on 31 July */
    assert_int_equal(overdue(k), 2);
    kit_tick(k, date(8, 1));
    assert_int_equal(overdue(k), 3);
    restored_kit_free(k);
}

static void expect_overdue_from(const char *rules, const char *sites, int64_t from)
{
    struct kit *k = restored_kit(rules, sites);
    kit_tick(k, from - 1);
    assert_int_equal(overdue(k), 0);
    kit_tick(k, from);
    assert_int_equal(overdue(k), 1);
    expect_flag(k, "cleaning-overdue", "raised", from, 0);
    restored_kit_free(k);
}

static void test_what_it_runs_from(void **state)
{
    (void)state;
    expect_overdue_from(RULES, SITE("2026-02-20", "30", ""), date(3, 23));           /* installation */
    expect_overdue_from(RULES, SITE("yes", "30", ""), date(4, 1));                   /* import, 1 March */
    expect_overdue_from(RULES, SITE("2026-02-20", "30", "2026-02-25"), date(3, 28)); /* the register's last */
    expect_overdue_from("[rules]\ncleaning_grace = 7d\n", SITE("yes", "30", ""), date(4, 8));
}

/* The audit counts from the same day: each version tells the first import, 2026-03-01 00:00, whatever its valid_from.
 */
static void test_first_import_is_told(void **state)
{
    struct kit *k = kit_new(RULES, HOURS_HEAD "house,n,restaurant,yudu,g,yes,60,,,gw-01,2025-01-01\n");
    (void)state;
    assert_non_null(strstr(k->log.data, ",\"valid_from\":1735660800000,\"imported\":1772294400000}"));
    k->receipt_ms = date(4, 1);
    kit_import(k, HOURS_HEAD "house,n,restaurant,yudu,g,yes,30,,,gw-01,2026-04-01\n");
    assert_non_null(strstr(k->log.data, ",\"valid_from\":1774972800000,\"imported\":1772294400000}"));
    kit_free(k);
}

static void test_not_required(void **state)
{
    static const char *const sites[] = {SITE("no", "30", "2026-01-01"), SITE("", "30", "2026-01-01"),
                                        SITE("yes", "", "2026-01-01")};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct kit *k = restored_kit(RULES, sites[i]);
        kit_tick(k, date(12, 1));
        assert_int_equal(k->flag_count, 0);
        restored_kit_free(k);
    }
}

/* Maintenance and a new filter are no cleaning; an older cleaning does not move the due day. */
static void test_kinds(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    add(k, date(4, 1), "2026-04-01", ",\"kind\":\"maintain\"");
    add(k, date(4, 1), "2026-04-01", ",\"kind\":\"filter\"");
    add(k, date(4, 1), "2026-02-01", "");
    assert_int_equal(k->cleaning_count, 3);
    kit_tick(k, date(5, 1));
    assert_int_equal(k->flag_count, 1);
    restored_kit_free(k);
}

/* Entered within three days, cleaned before it began: it never was overdue, withdrawn. */
static void test_withdrawn(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(5, 2));
    assert_int_equal(k->flag_count, 1);
    add(k, date(5, 3), "2026-04-30", "");
    assert_string_equal(k->cleaning_state, "ok");
    assert_string_equal(kit_last_flag(k)->state, "withdrawn");
    assert_int_equal(kit_last_flag(k)->until, date(5, 1));
    assert_int_equal(kit_last_flag(k)->rev, 2);
    restored_kit_free(k);
}

/* Cleaned at the very moment at which it began: it was overdue, for no time. */
static void test_cleared_at_once(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(5, 2));
    add(k, date(5, 3), "2026-05-01", "");
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, date(5, 1));
    restored_kit_free(k);
}

/* The register says so too: a later last_cleaned, or no purifier any more. */
static void test_register_ends_it(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(5, 2));
    k->receipt_ms = date(5, 3);
    kit_import(k, SITE("yes", "60", "2026-05-02"));
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, date(5, 2));
    kit_tick(k, date(8, 1)); /* 60 days from 2 May: 1 July */
    assert_int_equal(overdue(k), 3);
    k->receipt_ms = date(8, 1);
    kit_import(k, SITE("no", "60", "2026-05-02"));
    assert_int_equal(overdue(k), 4);
    assert_string_equal(kit_last_flag(k)->state, "withdrawn");
    restored_kit_free(k);
}

/* Entered more than three days late: it undoes nothing, the flag ends when the entry comes. */
static void test_late_entry(void **state)
{
    static const char *const days[] = {"2026-04-20", "2026-05-02"}; /* before it was overdue, and after */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
        kit_tick(k, date(5, 2));
        add(k, date(5, 20), days[i], "");
        assert_string_equal(k->cleaning_state, "late");
        expect_flag(k, "cleaning-overdue", "cleared", date(5, 1), date(5, 20));
        restored_kit_free(k);
    }
}

/* The same by the register: a last_cleaned of long ago undoes nothing either. */
static void test_late_in_the_register(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(5, 2));
    k->receipt_ms = date(5, 20);
    kit_import(k, SITE("yes", "60", "2026-04-20"));
    expect_flag(k, "cleaning-overdue", "cleared", date(5, 1), date(5, 20));
    restored_kit_free(k);
}

/* ---- cleaning-due ------------------------------------------------------------------------------------------------ */

/* Due on 30 April: announced from 23 April 00:00, gives way to cleaning-overdue on 1 May 00:00. */
static void test_due(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(4, 23) - 1);
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, date(4, 23));
    expect_flag(k, "cleaning-due", "raised", date(4, 23), 0);
    assert_non_null(strstr(kit_last_flag(k)->body, ",\"due\":1777478400000,\"days\":60,\"last\":1772294400000}"));
    kit_tick(k, date(5, 1) - 1);
    assert_int_equal(k->flag_count, 1);
    kit_tick(k, date(5, 1));
    assert_int_equal(k->flag_count, 3);
    expect_flag(k, "cleaning-due", "cleared", date(4, 23), date(5, 1));
    expect_flag(k, "cleaning-overdue", "raised", date(5, 1), 0);
    restored_kit_free(k);
}

static void test_due_ends_with_the_cleaning(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", "2026-03-01"));
    (void)state;
    kit_tick(k, date(4, 24));
    add(k, date(4, 26), "2026-04-25T21:30", "");
    expect_flag(k, "cleaning-due", "cleared", date(4, 23), date(4, 25) + 21 * HOUR + 30 * MINUTE);
    kit_tick(k, date(6, 16)); /* 60 days from 25 April: 24 June, announced from the 17th */
    assert_int_equal(k->flag_count, 2);
    kit_tick(k, date(6, 17));
    assert_int_equal(k->flag_count, 3);
    restored_kit_free(k);
}

/* An interval shorter than the announcement: from the cleaning on. */
static void test_due_of_a_short_interval(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "3", "2026-03-05"));
    (void)state;
    kit_tick(k, date(3, 6));
    expect_flag(k, "cleaning-due", "raised", date(3, 5), 0);
    restored_kit_free(k);
}

/* Month ends and the end of the year, by a calendar. */
static void test_dates(void **state)
{
    static const struct {
        const char *last, *days, *grace;
        int month, day; /* overdue from; of 2027 where month > 12 */
    } rows[] = {
        {"2026-12-02", "30", "0d", 13, 2}, /* due on 1 January */
        {"2026-12-02", "29", "0d", 13, 1}, /* due on 31 December */
        {"2026-11-30", "90", "0d", 15, 1}, /* due on 28 February, the last of that month */
        {"2026-11-30", "90", "3d", 15, 4},      {"2026-10-31", "1", "0d", 11, 2},
        {"2026-10-31T23:59", "1", "0d", 11, 2}, /* the time of day does not matter */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sites[400], rules[80];
        snprintf(sites, sizeof sites, SITE("yes", "%s", "%s"), rows[i].days, rows[i].last);
        snprintf(rules, sizeof rules, "[rules]\ncleaning_grace = %s\n", rows[i].grace);
        expect_overdue_from(rules, sites, date(rows[i].month, rows[i].day));
    }
}

/* ---- by hours of the fan ----------------------------------------------------------------------------------------- */

#define HOURS HOURS_HEAD "house,n,restaurant,yudu,g,yes,60,20,2026-03-01T10:00,gw-01,\n"

/* The fan runs from 10:00 on for `hours`, ten minutes a reading, and stands still until the next day. */
static void cook(struct kit *k, int day, int hours)
{
    for (int n = 0; n <= 6 * hours; n++)
        kit_reading(k, "hood-1", kit_time(day, 10, 10 * n, 0),
                    n < 6 * hours ? "\"values\":{\"fan\":1,\"purifier\":1}" : "\"values\":{\"fan\":0,\"purifier\":0}");
    kit_tick(k, kit_time(day, 23, 0, 0));
}

/* 20 h: the day of the cleaning does not count; 4 h a day are full on the fifth day after it, 6 March. */
static void test_hours(void **state)
{
    struct kit *k = restored_kit(RULES, HOURS);
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-1", 600000, "fan purifier", "");
    for (int day = 1; day <= 5; day++)
        cook(k, day, 4);
    assert_int_equal(k->flag_count, 0);
    cook(k, 6, 4);
    expect_flag(k, "cleaning-due", "raised", date(3, 6), 0); /* 00:00 of the day on which they are full */
    kit_tick(k, date(3, 7) - 1);
    assert_int_equal(overdue(k), 0);
    kit_tick(k, date(3, 7));
    expect_flag(k, "cleaning-overdue", "raised", date(3, 7), 0);
    assert_non_null(strstr(kit_last_flag(k)->body, "\"days\":60,\"hours\":20,\"last\":1772330400000,"));
    add(k, date(3, 7) + 9 * HOUR, "2026-03-07T08:00", "");
    expect_flag(k, "cleaning-overdue", "cleared", date(3, 7), date(3, 7) + 8 * HOUR);
    cook(k, 8, 10);
    assert_int_equal(k->flag_count, 4);
    cook(k, 9, 10);
    expect_flag(k, "cleaning-due", "raised", date(3, 9), 0);
    restored_kit_free(k);
}

/* Cleaned two days ago and entered now: what the fan ran since then counts. */
static void test_hours_of_an_entry(void **state)
{
    struct kit *k = restored_kit(RULES, HOURS);
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-1", 600000, "fan purifier", "");
    for (int day = 1; day <= 5; day++)
        cook(k, day, 4);
    add(k, date(3, 6), "2026-03-04T22:00", ""); /* 4 h on the 5th */
    cook(k, 6, 10);
    assert_int_equal(k->flag_count, 0);
    cook(k, 7, 6); /* 20 h */
    expect_flag(k, "cleaning-due", "raised", date(3, 7), 0);
    restored_kit_free(k);
}

/* ---- the policy -------------------------------------------------------------------------------------------------- */

#define POLICY "[rules]\nstandards = gb18483-2001 cleaning-policy\n"
#define KITCHEN(kind, stoves, days)                                                                                    \
    "id,name,kind,district,grid,stoves,purifier_installed,cleaning_days,last_cleaned,valid_from\n"                     \
    "house,n," kind ",yudu,g," stoves ",yes," days ",2026-03-01,\n"

/* Large 30 days, medium 60, small 90; barbecue 90 whatever its size; the register's own goes first. */
static void test_policy(void **state)
{
    (void)state;
    expect_overdue_from(POLICY, KITCHEN("restaurant", "6", ""), date(4, 1));
    expect_overdue_from(POLICY, KITCHEN("canteen", "3", ""), date(5, 1));
    expect_overdue_from(POLICY, KITCHEN("restaurant", "2", ""), date(5, 31));
    expect_overdue_from(POLICY, KITCHEN("barbecue", "6", ""), date(5, 31));
    expect_overdue_from(POLICY, KITCHEN("barbecue", "6", "10"), date(3, 12));
    struct kit *k = restored_kit(POLICY, KITCHEN("restaurant", "6", ""));
    kit_tick(k, date(4, 1));
    assert_non_null(strstr(kit_last_flag(k)->body, "\"clause\":\"tiers of unnamed origin\"},\"statutory\":false"));
    restored_kit_free(k);
}

/* Not named in [rules], and a kitchen of unknown size: no interval, nothing is due. */
static void test_no_policy(void **state)
{
    static const struct {
        const char *rules, *sites;
    } rows[] = {{RULES, KITCHEN("restaurant", "6", "")}, {POLICY, KITCHEN("restaurant", "", "")}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kit *k = restored_kit(rows[i].rules, rows[i].sites);
        kit_tick(k, date(12, 1));
        assert_int_equal(k->flag_count, 0);
        restored_kit_free(k);
    }
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static void test_late(void **state)
{
    struct kit *k = restored_kit(RULES, SITE("yes", "60", ""));
    (void)state;
    add(k, date(4, 4), "2026-04-01", "");
    assert_string_equal(k->cleaning_state, "ok");
    add(k, date(4, 4) + 1, "2026-04-01", "");
    assert_string_equal(k->cleaning_state, "late");
    restored_kit_free(k);
}

static void test_answers(void **state)
{
    static const struct {
        const char *args, *words;
    } rows[] = {
        {"{\"site\":\"nowhere\",\"cleaned_at\":\"2026-03-01\",\"by\":\"x\"}", "site nowhere: not in the register"},
        {"{\"site\":\"house\",\"cleaned_at\":\"2026-02-30\",\"by\":\"x\"}",
         "cleaned_at 2026-02-30: expected YYYY-MM-DD"},
        {"{\"site\":\"house\",\"cleaned_at\":\"2026-03-03\",\"by\":\"x\"}", "lies in the future"},
        {"{\"site\":\"house\",\"cleaned_at\":\"2026-03-01\"}", "by is missing"},
        {"{\"site\":\"house\",\"cleaned_at\":\"2026-03-01\",\"by\":\"x\",\"kind\":\"scrub\"}",
         "kind scrub: allowed are"},
    };
    struct kit *k = restored_kit(RULES, SITE("yes", "60", ""));
    (void)state;
    k->receipt_ms = date(3, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kit_command(k, "cleaning add", rows[i].args);
        assert_non_null(strstr(k->answer, "{\"ok\":false,\"error\":\""));
        if (!strstr(k->answer, rows[i].words))
            fail_msg("%s: not in %s", rows[i].words, k->answer);
    }
    kit_command(k, "cleaning add",
                "{\"site\":\"house\",\"cleaned_at\":\"2026-03-01\",\"by\":\"x\",\"photos\":[\"../x.jpg\"]}");
    assert_non_null(strstr(k->answer, "photos: expected names of files"));
    assert_int_equal(k->cleaning_count, 0);
    add(k, date(3, 2), "2026-03-01", ",\"provider\":\"洁净公司\",\"note\":\"管道\"");
    char expected[200];
    snprintf(
        expected, sizeof expected,
        "{\"ok\":true,\"result\":{\"id\":\"%s\",\"site\":\"house\",\"cleaned_at\":1772294400000,\"state\":\"ok\"}}",
        k->cleaning_id);
    assert_string_equal(k->answer, expected);
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_what_it_runs_from),
        cmocka_unit_test(test_first_import_is_told),
        cmocka_unit_test(test_not_required),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_cleared_at_once),
        cmocka_unit_test(test_register_ends_it),
        cmocka_unit_test(test_late_entry),
        cmocka_unit_test(test_late_in_the_register),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_due_ends_with_the_cleaning),
        cmocka_unit_test(test_due_of_a_short_interval),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_hours_of_an_entry),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_no_policy),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
