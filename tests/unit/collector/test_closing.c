/* Sites that are closed, with the fold restored before every record.  Dates were counted on a calendar. */
#include "tests/unit/collector/restore_kit.h"

#define HEAD          "id,name,kind,district,grid,noise_class,purifier_installed,install_deadline,gateways,valid_from,closed\n"
#define GRILL(closed) HEAD "grill,n,barbecue,yudu,g,2,no,2026-03-31,gw-1,," closed "\n"
#define AGAIN         HEAD "grill,n,barbecue,yudu,g,2,no,2026-03-31,gw-1,2026-05-01,\n"

static int64_t date(int month, int day)
{
    return civil_ms(2026, month, day, 0, 0, 0);
}

static void close_at(struct kit *k, int64_t now, const char *day)
{
    char args[160];
    k->receipt_ms = now;
    snprintf(args, sizeof args, "{\"site\":\"grill\",\"date\":\"%s\",\"by\":\"陈\",\"note\":\"moved\"}", day);
    kit_command(k, "site close", args);
}

/* Overdue since 1 April. */
static struct kit *overdue(void)
{
    struct kit *k = restored_kit("[rules]\n", GRILL(""));
    kit_tick(k, date(4, 1));
    assert_int_equal(k->flag_count, 1);
    return k;
}

static void flags_end(void **state)
{
    (void)state;
    static const struct {
        const char *day, *ended;
        int64_t month, of_month;
        const char *counts;
    } cases[] = {
        {"2026-04-10", "cleared", 4, 10, "\"ended\":1,\"withdrawn\":0"},  /* in the past, after it began */
        {"2026-03-20", "withdrawn", 4, 1, "\"ended\":1,\"withdrawn\":1"}, /* it should never have begun */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit *k = overdue();
        close_at(k, date(4, 12), cases[i].day);
        assert_non_null(strstr(k->answer, cases[i].counts));
        assert_int_equal(k->flag_count, 2);
        assert_string_equal(kit_last_flag(k)->state, cases[i].ended);
        assert_int_equal(kit_last_flag(k)->until, date((int)cases[i].month, (int)cases[i].of_month));
        kit_tick(k, date(6, 1));
        assert_int_equal(k->flag_count, 2);
        restored_kit_free(k);
    }
}

static void in_the_future(void **state)
{
    (void)state;
    struct kit *k = overdue();
    close_at(k, date(4, 12), "2026-04-20");
    assert_non_null(strstr(k->answer, "\"ended\":0"));
    kit_tick(k, date(4, 20) - 1);
    assert_int_equal(k->flag_count, 1);
    kit_tick(k, date(4, 20));
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, date(4, 20));
    restored_kit_free(k);
}

static void the_ledger_says_who(void **state)
{
    (void)state;
    struct kit *k = overdue();
    close_at(k, date(4, 12), "2026-04-10");
    assert_int_equal(k->entry_count, 1);
    assert_string_equal(k->entries[0].kind, "register");
    assert_string_equal(k->entries[0].state, "closed");
    assert_int_equal(k->entries[0].at, date(4, 10));
    assert_string_equal(k->entries[0].body, "{\"site\":\"grill\",\"state\":\"closed\",\"at\":1775750400000,"
                                            "\"by\":\"陈\",\"note\":\"moved\"}");
    restored_kit_free(k);
}

/* An old file leaves it closed; a row that says from when on opens it. */
static void it_opens_by_a_dated_row_only(void **state)
{
    (void)state;
    struct kit *k = overdue();
    close_at(k, date(4, 12), "2026-04-10");
    kit_import(k, GRILL(""));
    assert_non_null(strstr(k->answer, "\"unchanged\":1"));
    kit_tick(k, date(5, 2));
    assert_int_equal(k->flag_count, 2);
    k->receipt_ms = date(5, 3);
    kit_import(k, AGAIN);
    kit_tick(k, date(5, 4));
    assert_int_equal(k->flag_count, 3);
    assert_string_equal(kit_last_flag(k)->state, "raised");
    restored_kit_free(k);
}

static void refusals(void **state)
{
    (void)state;
    struct kit *k = overdue();
    static const struct {
        const char *args, *words;
    } cases[] = {
        {"{\"site\":\"nobody\",\"date\":\"2026-04-10\",\"by\":\"n\"}", "not in the register"},
        {"{\"site\":\"grill\",\"date\":\"2026-04-31\",\"by\":\"n\"}", "a date that exists"},
        {"{\"site\":\"grill\",\"date\":\"2026-04-10T12:00\",\"by\":\"n\"}", "expected YYYY-MM-DD"},
        {"{\"site\":\"grill\",\"date\":\"2026-02-01\",\"by\":\"n\"}", "only since a later moment"},
        {"{\"site\":\"grill\",\"date\":\"2026-04-10\"}", "by is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_command(k, "site close", cases[i].args);
        assert_non_null(strstr(k->answer, cases[i].words));
    }
    close_at(k, date(4, 12), "2026-04-10");
    close_at(k, date(4, 12), "2026-04-11");
    assert_non_null(strstr(k->answer, "is closed already"));
    restored_kit_free(k);
}

/* A loud club: 60 dB(A) all night, class 2, closed at midnight: the windows until then are judged. */
static void readings_are_judged_until_then(void **state)
{
    (void)state;
    struct kit *k = restored_kit("[rules]\n", HEAD "club,n,club,yudu,g,2,,,gw-1,,\n");
    kit_hello(k, "gw-01", "club", "noise-1", 60000, "laeq", "");
    k->receipt_ms = kit_time(2, 12, 0, 0);
    kit_command(k, "site close", "{\"site\":\"club\",\"date\":\"2026-03-03\",\"by\":\"n\"}");
    kit_series(k, "noise-1", "laeq", 60, kit_time(2, 23, 0, 0), kit_time(3, 2, 0, 0), 60000);
    assert_int_equal(kit_last_window(k)->row.from, kit_time(2, 23, 50, 0));
    kit_tick(k, kit_time(3, 2, 0, 0));
    assert_int_equal(k->flag_count, 4); /* and device-stuck: it is the same level all the time */
    assert_string_equal(kit_last_flag(k)->flag, "noise-limit");
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, kit_time(3, 0, 0, 0));
    restored_kit_free(k);
}

/* ---- flags of meters --------------------------------------------------------------------------------------------- */

#define HOUSE_OF(from) HEAD "house,n,restaurant,yudu,g,2,yes,,gw-1," from ",\n"
#define QUICK                                                                                                          \
    "[rules]\npurifier_off_after = 10s\nduct_blocked_after = 10s\nduct_airflow_min = 900\nfume_window = 10s\n"         \
    "noise_window = 10s\ndevice_silent_after = 1min\ndevice_fault_after = 1min\nstuck_after = 1min\nstuck_readings = " \
    "3\n"
#define BLOCKED "\"values\":{\"fan\":1,\"purifier\":0,\"airflow\":10}"

static void read_at(struct kit *k, const char *device, int64_t ts, const char *content)
{
    kit_reading_from(k, "gw-1", device, ts, content);
}

/* For so many seconds: the fan runs with the purifier off against a blocked duct, too much fume, one noise meter that
 * says nothing, one that errs, one that is stuck and loud. */
static void play_bad_evening(struct kit *k, int64_t from, int seconds)
{
    read_at(k, "mute", from, "\"values\":{\"laeq\":50}");
    for (int64_t ts = from; ts < from + seconds * SECOND; ts += SECOND) {
        read_at(k, "hood", ts, BLOCKED);
        read_at(k, "fume", ts, "\"values\":{\"fume\":5}");
        read_at(k, "odd", ts, "\"error\":\"garbage\"");
        read_at(k, "stuck", ts, "\"values\":{\"laeq\":70}");
    }
}

static struct kit *bad_house(int64_t from)
{
    struct kit *k = restored_kit(QUICK, HOUSE_OF(""));
    kit_hello(k, "gw-1", "house", "hood", 1000, "fan purifier airflow", "");
    kit_hello(k, "gw-1", "house", "fume", 1000, "fume", "");
    kit_hello(k, "gw-1", "house", "mute", 1000, "laeq", "");
    kit_hello(k, "gw-1", "house", "odd", 1000, "laeq", "");
    kit_hello(k, "gw-1", "house", "stuck", 1000, "laeq", "");
    play_bad_evening(k, from, 120);
    return k;
}

/* The newest revision of a flag of this kind; NULL: it was never raised. */
static const struct kit_flag *newest(const struct kit *k, const char *flag)
{
    for (size_t i = k->flag_count; i-- > 0;) {
        if (strcmp(k->flags[i].flag, flag) == 0)
            return &k->flags[i];
    }
    return NULL;
}

static const char *const of_meters[] = {"purifier-off",  "duct-blocked", "fume-limit",  "noise-limit",
                                        "device-silent", "device-fault", "device-stuck"};

static void expect_all(const struct kit *k, const char *state, int64_t until)
{
    for (size_t i = 0; i < sizeof of_meters / sizeof *of_meters; i++) {
        const struct kit_flag *flag = newest(k, of_meters[i]);
        if (!flag)
            fail_msg("%s: never raised", of_meters[i]);
        if (strcmp(flag->state, state) != 0 || flag->until != until)
            fail_msg("%s: %s until %lld", of_meters[i], flag->state, (long long)flag->until);
    }
}

static void close_house(struct kit *k, int64_t now)
{
    k->receipt_ms = now;
    kit_command(k, "site close", "{\"site\":\"house\",\"date\":\"2026-03-03\",\"by\":\"n\"}");
    assert_non_null(strstr(k->answer, "\"ok\":true"));
}

static void every_flag_of_a_meter_ends(void **state)
{
    (void)state;
    struct kit *k = bad_house(kit_time(2, 23, 58, 20));
    expect_all(k, "raised", 0);
    close_house(k, kit_time(3, 12, 0, 0));
    expect_all(k, "cleared", kit_time(3, 0, 0, 0));
    size_t flags = k->flag_count;
    play_bad_evening(k, kit_time(3, 20, 0, 0), 90); /* the meters are still there, and nobody is told */
    kit_tick(k, kit_time(4, 12, 0, 0));
    assert_int_equal(k->flag_count, flags);
    restored_kit_free(k);
}

/* What had begun before the end of the site does not count when it opens again. */
static void after_it_opens_again_all_begins_anew(void **state)
{
    (void)state;
    struct kit *k = bad_house(kit_time(2, 23, 58, 20));
    close_house(k, kit_time(3, 12, 0, 0));
    size_t flags = k->flag_count;
    k->receipt_ms = kit_time(5, 0, 0, 0);
    kit_import(k, HOUSE_OF("2026-03-05"));
    int64_t evening = kit_time(5, 20, 0, 0);
    for (int i = 0; i < 10; i++)
        read_at(k, "hood", evening + i * SECOND, BLOCKED);
    assert_int_equal(k->flag_count, flags); /* nine seconds */
    read_at(k, "hood", evening + 10 * SECOND, BLOCKED);
    assert_int_equal(k->flag_count, flags + 2);
    assert_int_equal(newest(k, "purifier-off")->since, evening);
    assert_int_equal(newest(k, "duct-blocked")->since, evening);
    for (int i = 0; i <= 60; i++) {
        read_at(k, "odd", evening + i * SECOND, "\"error\":\"garbage\"");
        read_at(k, "stuck", evening + i * SECOND, "\"values\":{\"laeq\":70}");
        if (i == 58) { /* not a minute yet */
            assert_string_equal(newest(k, "device-fault")->state, "cleared");
            assert_string_equal(newest(k, "device-stuck")->state, "cleared");
        }
    }
    kit_tick(k, evening + 62 * SECOND);
    read_at(k, "odd", evening + 62 * SECOND, "\"error\":\"garbage\"");
    read_at(k, "stuck", evening + 62 * SECOND, "\"values\":{\"laeq\":70}");
    assert_int_equal(newest(k, "device-fault")->since, evening);
    assert_int_equal(newest(k, "device-stuck")->since, evening);
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_end),
        cmocka_unit_test(in_the_future),
        cmocka_unit_test(the_ledger_says_who),
        cmocka_unit_test(it_opens_by_a_dated_row_only),
        cmocka_unit_test(refusals),
        cmocka_unit_test(readings_are_judged_until_then),
        cmocka_unit_test(every_flag_of_a_meter_ends),
        cmocka_unit_test(after_it_opens_again_all_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
