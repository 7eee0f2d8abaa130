/* Runs of five windows.  Which stay, and their mean, were worked out by hand from GB 18483-2001, 6.5 and 6.6. */
#include "tests/unit/collector/kitchen_kit.h"

#define FOUR KITCHEN("4", "8000", "yes") /* 8000 = 4 x 2000: the reference volume is the volume */

static int64_t evening(void)
{
    return kit_time(2, 18, 0, 0);
}

/* Windows of `length` from `from` on, each with one concentration; NAN: the fan stands still.  Then one reading more.
 */
static void play(struct kit *k, int64_t from, int64_t length, size_t count, const double *values)
{
    char content[80];
    for (size_t i = 0; i <= count; i++) {
        double x = i < count ? values[i] : NAN;
        snprintf(content, sizeof content, "\"values\":{\"fume\":%.10g,\"fan\":%d}", isnan(x) ? 0.1 : x, !isnan(x));
        int64_t begin = from + (int64_t)i * length;
        kitchen_play(k, begin, i < count ? begin + length : begin + 1, length / 10, content);
    }
}

static struct kit *kitchen(const char *rules, const char *sites)
{
    return kitchen_new(rules, sites, "fume fan", MINUTE);
}

/* One run of five windows of 10 min. */
static void expect_run(const double values[static 5], const char *outcome, const char *reason, double mean,
                       bool statutory)
{
    struct kit *k = kitchen("[rules]\n", FOUR);
    play(k, evening(), 10 * MINUTE, 5, values);
    assert_int_equal(kitchen_windows(k, "fume"), 5);
    assert_int_equal(kitchen_windows(k, "fume_run"), 1);
    const struct kit_window *run = kitchen_window(k, "fume_run", 0);
    kitchen_expect(run, outcome, reason, mean, mean, 2, statutory);
    assert_int_equal(run->row.from, evening());
    assert_int_equal(run->row.to, evening() + 50 * MINUTE);
    near(run->row.coverage, 1);
    assert_null(strstr(k->log.data, "line fume_run")); /* no point */
    kitchen_free(k);
}

static void test_what_stays(void **state)
{
    (void)state;
    /* 0.5 is exactly a quarter of 2.0: (2 + 0.5 + 1 + 1 + 1.5) / 5 = 1.2 */
    expect_run((double[]){2, 0.5, 1, 1, 1.5}, "compliant", "", 1.2, true);
    /* 0.499 is less: (2 + 1 + 1 + 1.5) / 4 = 1.375 */
    expect_run((double[]){2, 0.499, 1, 1, 1.5}, "compliant", "", 1.375, true);
    /* three remain: (2 + 1 + 1.5) / 3 = 1.5 */
    expect_run((double[]){2, 0.4, 1, 0.499, 1.5}, "compliant", "", 1.5, true);
    /* two remain */
    expect_run((double[]){2, 0.4, 0.45, 0.499, 1.5}, "not judged", "too-few", NAN, false);
    /* a third that does not divide: (2.2 + 2.2 + 2.1) / 3 = 2.16666… */
    expect_run((double[]){2.2, 0.3, 2.2, 0.3, 2.1}, "exceeds", "", 2.167, true);
    /* exactly the limit complies; a thousandth over it exceeds */
    expect_run((double[]){2, 1, 3, 1.5, 2.5}, "compliant", "", 2, true);
    expect_run((double[]){2, 1, 3, 1.5, 2.505}, "exceeds", "", 2.001, true);
    /* 0.3 is a quarter of 1.2, though neither is a binary number: 3.9 / 5 */
    expect_run((double[]){1.2, 0.3, 0.8, 0.8, 0.8}, "compliant", "", 0.78, true);
}

/* What stays is decided by the concentrations; each of them stands at its own volume.
 * 1.5 mg/m3 x 8000 / (3 x 2000) = 2.0 for four windows, with 9000 m3/h 2.25 in the fifth: mean 2.05. */
static void test_reference_volume(void **state)
{
    struct kit *k = kitchen_new("[rules]\n", KITCHEN("3", "", "yes"), "fume fan airflow", MINUTE);
    int64_t end = evening() + 50 * MINUTE;
    (void)state;
    kitchen_play(k, evening(), end - 10 * MINUTE, MINUTE, "\"values\":{\"fume\":1.5,\"fan\":1,\"airflow\":8000}");
    kitchen_play(k, end - 10 * MINUTE, end + 1, MINUTE, "\"values\":{\"fume\":1.5,\"fan\":1,\"airflow\":9000}");
    kitchen_expect(kitchen_window(k, "fume_run", 0), "exceeds", "", 1.5, 2.05, 2, true);
    kitchen_free(k);
}

/* After each window the last five; the flag that is raised at the end of one tells of it. */
static void test_last_five(void **state)
{
    struct kit *k = kitchen("[rules]\n", FOUR);
    (void)state;
    play(k, evening(), 10 * MINUTE, 7, (double[]){1, 1, 1, 1, 1, 1.5, 3});
    assert_int_equal(kitchen_windows(k, "fume_run"), 3);
    kitchen_expect(kitchen_window(k, "fume_run", 0), "compliant", "", 1, 1, 2, true);
    kitchen_expect(kitchen_window(k, "fume_run", 1), "compliant", "", 1.1, 1.1, 2, true); /* 5.5 / 5 */
    kitchen_expect(kitchen_window(k, "fume_run", 2), "compliant", "", 1.5, 1.5, 2, true); /* 7.5 / 5 */
    assert_int_equal(kitchen_window(k, "fume_run", 2)->row.from, evening() + 20 * MINUTE);
    assert_int_equal(kitchen_flags(k, "fume-limit"), 1);
    kitchen_says(kitchen_flag(k, "fume-limit", 0),
                 ",\"fume_run\":{\"values\":[1,1,1,1.5,3],\"kept\":5,\"mean\":1.5,\"judged\":1.5},");
    kitchen_free(k);

    k = kitchen("[rules]\n", FOUR); /* 0.4 < 3 / 4: two are left; the flag says so */
    play(k, evening(), 10 * MINUTE, 5, (double[]){0.4, 0.4, 0.4, 1, 3});
    kitchen_says(kitchen_flag(k, "fume-limit", 0),
                 ",\"fume_run\":{\"values\":[0.4,0.4,0.4,1,3],\"kept\":2,\"mean\":null,\"judged\":null},");
    kitchen_free(k);

    k = kitchen("[rules]\n", FOUR); /* no run yet: no word of it */
    play(k, evening(), 10 * MINUTE, 4, (double[]){1, 1, 1, 3});
    assert_null(strstr(kitchen_flag(k, "fume-limit", 0)->body, "fume_run"));
    kitchen_free(k);
}

/* A pause, a hole, another limit and another source of the air volume begin anew. */
static void test_what_breaks_it(void **state)
{
    (void)state;
    struct kit *k = kitchen("[rules]\n", FOUR);
    play(k, evening(), 10 * MINUTE, 9, (double[]){1, 1, 1, 1, NAN, 1, 1, 1, 1});
    assert_int_equal(kitchen_windows(k, "fume_run"), 0);
    kitchen_free(k);

    k = kitchen("[rules]\n", FOUR); /* nothing between 18:40 and 18:50 */
    play(k, evening(), 10 * MINUTE, 4, (double[]){1, 1, 1, 1});
    play(k, evening() + 50 * MINUTE, 10 * MINUTE, 4, (double[]){1, 1, 1, 1});
    assert_int_equal(kitchen_windows(k, "fume_run"), 0);
    kitchen_free(k);

    /* from 18:30 on the register gives no volume; from 19:30 on it does again */
    k = kitchen("[rules]\n", KITCHEN_HEAD "house,n,restaurant,yudu,g1,4,8000,yes,,gw-01,2026-03-01\n"
                                          "house,n,restaurant,yudu,g1,4,,yes,,gw-01,2026-03-02T18:30\n"
                                          "house,n,restaurant,yudu,g1,4,8000,yes,,gw-01,2026-03-02T19:30\n");
    play(k, evening(), 10 * MINUTE, 9, (double[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
    assert_int_equal(kitchen_windows(k, "fume_run"), 2); /* 18:30-19:20 and 18:40-19:30: concentration only */
    kitchen_expect(kitchen_window(k, "fume_run", 0), "compliant", "", 1, 1, 2, false);
    assert_int_equal(kitchen_window(k, "fume_run", 0)->row.from, evening() + 30 * MINUTE);
    kitchen_free(k);
}

/* Of windows that are not 10 min long a run is formed, but the standard samples for 10 min. */
static void test_other_lengths(void **state)
{
    struct kit *k = kitchen_new("[rules]\nfume_window = 10s\n", FOUR, "fume fan", SECOND);
    (void)state;
    play(k, evening(), 10 * SECOND, 5, (double[]){1, 1, 1, 1, 6});
    kitchen_expect(kitchen_window(k, "fume_run", 0), "not judged", "too-few", NAN, NAN, 2, false);
    kitchen_free(k);
    k = kitchen_new("[rules]\nfume_window = 10s\n", FOUR, "fume fan", SECOND);
    play(k, evening(), 10 * SECOND, 5, (double[]){1, 1, 1, 1, 3.5});
    kitchen_expect(kitchen_window(k, "fume_run", 0), "compliant", "", 1.5, 1.5, 2, false);
    assert_true(kitchen_window(k, "fume", 0)->row.statutory);
    kitchen_free(k);
}

/* Windows with holes: 8, 9, 10, 10 and 10 min of ten. */
static void test_coverage(void **state)
{
    struct kit *k = kitchen("[rules]\n", FOUR);
    (void)state;
    for (int minute = 0; minute <= 50; minute++) {
        bool fails = minute == 8 || minute == 9 || minute == 19;
        kit_reading(k, "hood-1", evening() + minute * MINUTE,
                    fails ? "\"error\":\"timeout\"" : "\"values\":{\"fume\":1,\"fan\":1}");
    }
    near(kitchen_window(k, "fume_run", 0)->row.coverage, 0.94);
    kitchen_free(k);
}

static void test_across_midnight(void **state)
{
    struct kit *k = kitchen("[rules]\n", FOUR);
    int64_t from = kit_time(2, 23, 30, 0);
    (void)state;
    play(k, from, 10 * MINUTE, 5, (double[]){1, 2, 1, 2, 1.5});
    kitchen_expect(kitchen_window(k, "fume_run", 0), "compliant", "", 1.5, 1.5, 2, true);
    assert_int_equal(kitchen_window(k, "fume_run", 0)->row.from, from);
    assert_int_equal(kitchen_window(k, "fume_run", 0)->row.to, kit_time(3, 0, 20, 0));
    kitchen_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stays),      cmocka_unit_test(test_reference_volume),
        cmocka_unit_test(test_last_five),       cmocka_unit_test(test_what_breaks_it),
        cmocka_unit_test(test_other_lengths),   cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_across_midnight),
    };
    kitchen_main(tests);
}
