/* What becomes of cleanings that were entered, with the fold restored before every record. */
#include "tests/unit/collector/restore_kit.h"

#define SITES                                                                                                          \
    "id,name,kind,district,grid,purifier_installed,cleaning_days,last_cleaned,gateways,valid_from\n"                   \
    "house,n,restaurant,yudu,g,yes,10,2026-03-01,gw-01,\n"

static struct kit *kitchen(const char *metrics)
{
    struct kit *k = restored_kit("[rules]\n", SITES);
    kit_hello(k, "gw-01", "house", "hood-1", 5 * MINUTE, metrics, "");
    return k;
}

/* Cooked from 10:00 to 13:00 at this pressure, a reading each five minutes, and off until 23:00. */
static void cook(struct kit *k, int day, double dp)
{
    for (int n = 0; n <= 13 * 60; n += 5) {
        char content[100];
        int on = n < 180;
        snprintf(content, sizeof content, "\"values\":{\"fan\":%d,\"purifier\":%d,\"dp\":%g}", on, on, on ? dp : 0.0);
        kit_reading(k, "hood-1", kit_time(day, 10, n, 0), content);
    }
    kit_tick(k, kit_time(day, 23, 0, 0));
}

static void claim(struct kit *k, int day, int hour, const char *when)
{
    char args[200];
    k->receipt_ms = kit_time(day, hour, 0, 0);
    snprintf(args, sizeof args, "{\"site\":\"house\",\"cleaned_at\":\"%s\",\"by\":\"王秀英\"}", when);
    kit_command(k, "cleaning add", args);
    assert_string_equal(k->cleaning_verdict, "");
}

static const struct kit_flag *last(const struct kit *k, const char *flag)
{
    size_t i = k->flag_count;
    while (i && strcmp(k->flags[i - 1].flag, flag) != 0)
        i--;
    return i ? &k->flags[i - 1] : NULL;
}

static void expect_verdict(const struct kit *k, const char *verdict, const char *words)
{
    assert_string_equal(k->cleaning_verdict, verdict);
    if (!strstr(k->evidence, words))
        fail_msg("%s: not in %s", words, k->evidence);
}

/* 200 Pa until the 12th; cleaned in the night to the 13th, entered for 21:30: the window ends at 21:30 of the 13th. */
static void test_confirmed(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    for (int day = 8; day <= 12; day++)
        cook(k, day, 200);
    claim(k, 12, 23, "2026-03-12T21:30");
    kit_tick(k, kit_time(13, 9, 0, 0));
    assert_string_equal(k->cleaning_verdict, "");
    cook(k, 13, 120);
    expect_verdict(k, "confirmed", "{\"within\":86400000,\"detections\":[{\"id\":\"");
    expect_verdict(k, "confirmed", "\"evidence\":\"pressure\",\"from\":");
    expect_verdict(k, "confirmed", "\"before\":200,\"after\":120}]}");
    assert_null(last(k, "cleaning-unverified"));
    assert_string_equal(last(k, "cleaning-overdue")->state, "cleared"); /* due on the 11th, overdue from the 12th */
    assert_int_equal(last(k, "cleaning-overdue")->until, kit_time(12, 21, 30, 0));
    restored_kit_free(k);
}

/* Cleaned for true on the 4th: 200 to 100 Pa.  Then it grows to 200 again, a cleaning of the 16th is claimed, and it
 * goes on as it was: contradicted, due as before, and the flag that the claim had ended comes back with its next
 * revision. */
static void test_contradicted(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    cook(k, 3, 200);
    claim(k, 4, 9, "2026-03-04T08:00");
    for (int day = 4; day <= 16; day++)
        cook(k, day, day < 8 ? 100 : 200);
    expect_verdict(k, "confirmed", "\"before\":200,\"after\":100");
    assert_string_equal(last(k, "cleaning-overdue")->state, "raised"); /* ten days: from the 15th on */
    claim(k, 16, 23, "2026-03-16T15:00");
    assert_string_equal(last(k, "cleaning-overdue")->state, "cleared");
    char id[17];
    memcpy(id, last(k, "cleaning-overdue")->id, sizeof id);
    cook(k, 17, 205);
    assert_string_equal(k->cleaning_verdict, ""); /* shut since 13:00, the window ends at 15:00: not measured yet */
    cook(k, 18, 205);
    expect_verdict(k, "contradicted", "\"devices\":[{\"device\":\"hood-1\",\"reason\":\"pressure-high\",\"before\":");
    expect_verdict(k, "contradicted", ",\"after\":205,\"clean\":100}]}");
    const struct kit_flag *f = last(k, "cleaning-unverified");
    assert_string_equal(f->state, "raised");
    assert_int_equal(f->since, kit_time(16, 23, 0, 0));
    assert_non_null(strstr(f->body, "\"by\":\"王秀英\",\"verdict\":\"contradicted\",\"evidence\":{"));
    f = last(k, "cleaning-overdue");
    assert_string_equal(f->state, "raised");
    assert_string_equal(f->id, id);
    assert_int_equal(f->rev, 3);
    assert_int_equal(f->since, kit_time(15, 0, 0, 0));
    /* the next that is confirmed clears it */
    claim(k, 19, 9, "2026-03-19T08:30");
    cook(k, 19, 100);
    cook(k, 20, 100);
    assert_string_equal(k->cleaning_verdict, "confirmed");
    f = last(k, "cleaning-unverified");
    assert_string_equal(f->state, "cleared");
    assert_int_equal(f->until, kit_time(19, 8, 30, 0));
    restored_kit_free(k);
}

/* The flag comes back with its next revision also when its day of being retained is long over. */
static void test_back_after_a_while(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    cook(k, 2, 100);
    for (int day = 3; day <= 12; day++)
        cook(k, day, day < 5 ? 100 : 200);
    assert_int_equal(last(k, "cleaning-overdue")->rev, 1); /* from the 12th on */
    claim(k, 12, 23, "2026-03-12T15:00");
    kit_tick(k, kit_time(15, 0, 0, 0)); /* nothing has come since: not judged, the alert is forgotten */
    assert_string_equal(k->cleaning_verdict, "");
    for (int day = 13; day <= 15; day++)
        cook(k, day, 200);
    assert_string_equal(k->cleaning_verdict, "contradicted");
    assert_string_equal(last(k, "cleaning-overdue")->state, "raised");
    assert_int_equal(last(k, "cleaning-overdue")->rev, 3);
    restored_kit_free(k);
}

/* High from the beginning: nobody knows how it is when it is clean, so nothing is held against anybody. */
static void test_no_clean_level(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    for (int day = 2; day <= 5; day++)
        cook(k, day, 200);
    claim(k, 5, 23, "2026-03-05T15:00");
    cook(k, 6, 200);
    cook(k, 7, 200);
    expect_verdict(k, "unconfirmed", "\"reason\":\"nothing-seen\"");
    assert_string_equal(last(k, "cleaning-unverified")->state, "raised");
    assert_null(last(k, "cleaning-overdue")); /* it counts */
    restored_kit_free(k);
}

/* A fall of 15 % is neither a cleaning nor its contrary. */
static void test_small_fall(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    for (int day = 2; day <= 10; day++)
        cook(k, day, day < 4 ? 100 : 200);
    claim(k, 10, 23, "2026-03-10T15:00");
    cook(k, 11, 170);
    cook(k, 12, 170);
    assert_string_equal(k->cleaning_verdict, "unconfirmed");
    restored_kit_free(k);
}

/* Claimed for noon, while it was at work from 10:00 to 13:00 without a pause: 11:00 to 13:00 counts. */
static void test_at_work(void **state)
{
    static const struct {
        const char *when, *verdict;
    } rows[] = {{"2026-03-05T12:00", "contradicted"}, {"2026-03-05T12:30", "unconfirmed"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kit *k = kitchen("fan purifier");
        for (int day = 2; day <= 5; day++)
            cook(k, day, 0);
        claim(k, 5, 23, rows[i].when);
        cook(k, 6, 0);
        assert_string_equal(k->cleaning_verdict, rows[i].verdict);
        assert_int_equal(last(k, "cleaning-unverified") != NULL, i == 0); /* nothing there could have shown it */
        if (i == 0)
            expect_verdict(k, "contradicted", "\"reason\":\"at-work\",\"from\":1772679600000,\"to\":1772686800000");
        restored_kit_free(k);
    }
}

/* A hole in the stream around noon: not contradicted. */
static void test_hole(void **state)
{
    struct kit *k = kitchen("fan purifier");
    (void)state;
    cook(k, 2, 0);
    kit_reading(k, "hood-1", kit_time(5, 10, 0, 0), "\"values\":{\"fan\":1,\"purifier\":1}");
    kit_gap(k, "gw-01", kit_time(5, 10, 5, 0), kit_time(5, 13, 0, 0), "power");
    kit_reading(k, "hood-1", kit_time(5, 13, 0, 0), "\"values\":{\"fan\":1,\"purifier\":1}");
    claim(k, 5, 23, "2026-03-05T12:00");
    cook(k, 6, 0);
    cook(k, 7, 0);
    expect_verdict(k, "unconfirmed", "\"reason\":\"no-sensor\"");
    restored_kit_free(k);
}

/* A day without time means the whole day: its window ends a day after its end, and the rest in which that falls is
 * waited for. */
static void test_whole_day(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    for (int day = 2; day <= 11; day++)
        cook(k, day, day < 4 ? 100 : 200);
    claim(k, 10, 23, "2026-03-10");
    kit_reading(k, "hood-1", kit_time(12, 0, 10, 0), "\"values\":{\"fan\":0,\"purifier\":0}");
    kit_tick(k, kit_time(12, 0, 20, 0));
    assert_string_equal(k->cleaning_verdict, ""); /* the kitchen is shut since 13:00 of the 11th */
    cook(k, 12, 110);                             /* cleaned in that rest, after all */
    assert_string_equal(k->cleaning_verdict, "confirmed");
    restored_kit_free(k);
}

/* Nothing is waited for where nothing is metered; and not for ever where the stream does not come. */
static void test_without_streams(void **state)
{
    struct kit *k = restored_kit("[rules]\n", SITES);
    (void)state;
    claim(k, 5, 12, "2026-03-05T12:00");
    kit_tick(k, kit_time(6, 12, 0, 0) - 1);
    assert_string_equal(k->cleaning_verdict, "");
    kit_tick(k, kit_time(6, 12, 0, 0));
    expect_verdict(k, "unconfirmed", "{\"within\":86400000,\"reason\":\"no-sensor\"}");
    assert_null(last(k, "cleaning-unverified"));
    restored_kit_free(k);
    k = kitchen("fan purifier dp");
    cook(k, 5, 100);
    claim(k, 6, 12, "2026-03-06T12:00"); /* window to the 7th; 40 days later is 16 April */
    kit_tick(k, civil_ms(2026, 4, 16, 12, 0, 0));
    assert_string_equal(k->cleaning_verdict, "");
    kit_tick(k, civil_ms(2026, 4, 16, 12, 0, 1));
    expect_verdict(k, "unconfirmed", "\"reason\":\"expired\"");
    restored_kit_free(k);
}

/* Maintenance and a new filter are not judged. */
static void test_other_kinds(void **state)
{
    struct kit *k = restored_kit("[rules]\n", SITES);
    (void)state;
    k->receipt_ms = kit_time(5, 12, 0, 0);
    kit_command(k, "cleaning add",
                "{\"site\":\"house\",\"cleaned_at\":\"2026-03-05\",\"by\":\"x\",\"kind\":\"filter\"}");
    kit_tick(k, kit_time(20, 0, 0, 0));
    assert_int_equal(k->cleaning_count, 1);
    assert_string_equal(k->cleaning_verdict, "");
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_contradicted),
        cmocka_unit_test(test_back_after_a_while),
        cmocka_unit_test(test_no_clean_level),
        cmocka_unit_test(test_small_fall),
        cmocka_unit_test(test_at_work),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_whole_day),
        cmocka_unit_test(test_without_streams),
        cmocka_unit_test(test_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
