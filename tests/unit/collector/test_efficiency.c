/* What the purifier removes: P = (c1 Q1 - c2 Q2) / (c1 Q1), GB 18483-2001; least 60, 75, 85 % by size (table 2). */
#include "tests/unit/collector/kitchen_kit.h"

#define TEN    "[rules]\nfume_window = 10s\n"
#define SMALL  KITCHEN("2", "", "yes")
#define MEDIUM KITCHEN("3", "", "yes")
#define LARGE  KITCHEN("6", "", "yes")

static int64_t noon(void)
{
    return kit_time(2, 12, 0, 0);
}

/* Windows of ten seconds with the same reading every second, and what closes the last. */
static struct kit *played(const char *sites, const char *metrics, int windows, const char *content)
{
    struct kit *k = kitchen_new(TEN, sites, metrics, SECOND);
    kitchen_play(k, noon(), noon() + windows * 10 * SECOND + 1, SECOND, content);
    return k;
}

static void test_by_size(void **state)
{
    static const struct {
        const char *sites, *content, *outcome;
        double judged, limit;
    } rows[] = {
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":2}", "compliant", 60, 60},      /* 1 - 2/5 */
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":2.001}", "exceeds", 59.98, 60}, /* 1 - 2.001/5 */
        {MEDIUM, "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":1}", "compliant", 75, 75},     /* 1 - 1/4 */
        {MEDIUM, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":2}", "exceeds", 60, 75},       /* enough if small */
        {LARGE, "\"values\":{\"fan\":1,\"fume_in\":10,\"fume\":1.5}", "compliant", 85, 85},   /* 1 - 1.5/10 */
        {LARGE, "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":1}", "exceeds", 75, 85},        /* enough if medium */
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":1,\"fume\":1.5}", "exceeds", -50, 60},     /* more comes out */
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":0.2,\"fume\":0.05}", "compliant", 75, 60}, /* at the floor */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = played(rows[i].sites, "fume_in fume fan", 1, rows[i].content);
        kitchen_expect(kitchen_window(k, "efficiency", 0), rows[i].outcome, "", rows[i].judged, rows[i].judged,
                       rows[i].limit, true);
        assert_int_equal(kitchen_flags(k, "fume-efficiency"), rows[i].outcome[0] == 'e');
        assert_null(strstr(k->log.data, "line efficiency")); /* no point */
        kitchen_free(k);
    }
}

static void test_flag(void **state)
{
    struct kit *k =
        played(SMALL, "fume_in fume fan", 2, "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":1.8}"); /* 55 % */
    (void)state;
    assert_int_equal(kitchen_windows(k, "efficiency"), 2);
    assert_int_equal(kitchen_flags(k, "fume-efficiency"), 1);
    assert_int_equal(kitchen_flag(k, "fume-efficiency", 0)->since, noon());
    kitchen_says(kitchen_flag(k, "fume-efficiency", 0),
                 "\"measured\":55,\"background\":null,\"correction\":0,\"judged\":55,\"limit\":60,\"excess\":-5,"
                 "\"unit\":\"%\",\"basis\":{\"document\":\"GB 18483-2001\",\"clause\":\"4.2 表2\","
                 "\"note\":\"air volume taken as equal on both sides\"},\"statutory\":true,\"grade\":\"lead\",");
    kitchen_play(k, noon() + 20 * SECOND + 1, noon() + 41 * SECOND, SECOND,
                 "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":1}");
    assert_int_equal(kitchen_flags(k, "fume-efficiency"), 2); /* after two windows of 75 % */
    assert_string_equal(kitchen_flag(k, "fume-efficiency", 1)->state, "cleared");
    assert_int_equal(kitchen_flag(k, "fume-efficiency", 1)->until, noon() + 20 * SECOND);
    kitchen_free(k);
}

static void test_not_judged(void **state)
{
    static const struct {
        const char *sites, *content, *reason;
        double measured;
    } rows[] = {
        {KITCHEN("", "", "yes"), "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":2}", "no-limit", 50},
        {KITCHEN("0.5", "", "yes"), "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":2}", "no-limit", 50},
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":0.19,\"fume\":0.19}", "idle", 0}, /* nothing to remove */
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":0,\"fume\":0.5}", "idle", NAN},
        {SMALL, "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":0.02}", "quality", 99.5},
        {KITCHEN("2", "", "no"), "\"values\":{\"fan\":1,\"fume_in\":4,\"fume\":2}", "no-purifier", 50},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = played(rows[i].sites, "fume_in fume fan", 1, rows[i].content);
        const struct kit_window *w = kitchen_window(k, "efficiency", 0);
        assert_non_null(w);
        kitchen_expect(w, "not judged", rows[i].reason, rows[i].measured, NAN, w->row.limit, false);
        assert_int_equal(kitchen_flags(k, "fume-efficiency"), 0);
        kitchen_free(k);
    }
    /* nobody cooks: nothing is known of efficiency */
    struct kit *k = played(SMALL, "fume_in fume fan", 1, "\"values\":{\"fan\":0,\"fume_in\":4,\"fume\":0.1}");
    assert_int_equal(kitchen_windows(k, "fume"), 1);
    assert_int_equal(kitchen_windows(k, "efficiency"), 0);
    kitchen_free(k);
}

/* 7 s of both in ten are too few, 8 are enough; idle where the fan then stood still. */
static void test_coverage(void **state)
{
    (void)state;
    for (int seconds = 7; seconds <= 8; seconds++) {
        for (int idle = 0; idle < 2; idle++) {
            struct kit *k = kitchen_new(TEN, SMALL, "fume_in fume fan", SECOND);
            int64_t stop = noon() + seconds * SECOND;
            kitchen_play(k, noon(), stop, SECOND, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":1}");
            kitchen_play(k, stop, noon() + 11 * SECOND, SECOND,
                         idle ? "\"values\":{\"fan\":0,\"fume_in\":5,\"fume\":0.1}"
                              : "\"values\":{\"fan\":1,\"fume\":1},\"errors\":{\"fume_in\":\"timeout\"}");
            const struct kit_window *w = kitchen_window(k, "efficiency", 0);
            near(w->row.coverage, seconds / 10.0);
            assert_string_equal(w->reason, seconds == 8 ? "" : idle ? "idle" : "coverage");
            kitchen_free(k);
        }
    }
}

/* An inlet meter of its own beside the hood.  With air metered on both sides, 5 mg/m3 in 8000 m3/h before and 1.6 in
 * 10000 behind: 1 - 16000/40000 = 60 %, though the concentrations alone would make 68. */
static void test_neighbour(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct kit *k = kitchen_new(TEN, SMALL, "fume fan airflow", SECOND);
        kit_hello(k, "gw-01", "house", "inlet-1", 1000, metered ? "fume_in airflow" : "fume_in", "");
        for (int i = 0; i <= 10; i++) {
            kit_reading(k, "inlet-1", noon() + i * SECOND - 5,
                        metered ? "\"values\":{\"fume_in\":5,\"airflow\":8000}" : "\"values\":{\"fume_in\":5}");
            kit_reading(k, "hood-1", noon() + i * SECOND, "\"values\":{\"fan\":1,\"fume\":1.6,\"airflow\":10000}");
        }
        const struct kit_window *w = kitchen_window(k, "efficiency", 0);
        kitchen_expect(w, "compliant", "", 68, metered ? 60 : 68, 60, true);
        assert_string_equal(w->device, "hood-1");
        assert_int_equal(kitchen_windows(k, "efficiency"), 1);
        kitchen_free(k);
    }
}

/* A hood with an inlet of its own does not lend it to another. */
static void test_two_hoods(void **state)
{
    struct kit *k = kitchen_new(TEN, SMALL, "fume fan", SECOND);
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-2", 1000, "fume_in fume fan", "");
    for (int i = 0; i <= 10; i++) {
        kit_reading(k, "hood-2", noon() + i * SECOND, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":1}");
        kit_reading(k, "hood-1", noon() + i * SECOND + 1, "\"values\":{\"fan\":1,\"fume\":1}");
    }
    kit_reading(k, "hood-1", noon() + 11 * SECOND, "\"values\":{\"fan\":1,\"fume\":1}");
    assert_int_equal(kitchen_windows(k, "fume"), 2);
    assert_int_equal(kitchen_windows(k, "efficiency"), 1);
    assert_string_equal(kitchen_window(k, "efficiency", 0)->device, "hood-2");
    kitchen_free(k);
}

/* The window around midnight ends at midnight. */
static void test_across_midnight(void **state)
{
    struct kit *k = kitchen_new(TEN, SMALL, "fume_in fume fan", SECOND);
    int64_t midnight = kit_time(3, 0, 0, 0);
    (void)state;
    kitchen_play(k, midnight - 10 * SECOND, midnight, SECOND, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":1}");
    kitchen_play(k, midnight, midnight + 11 * SECOND, SECOND, "\"values\":{\"fan\":1,\"fume_in\":5,\"fume\":3}");
    kitchen_expect(kitchen_window(k, "efficiency", 0), "compliant", "", 80, 80, 60, true);
    kitchen_expect(kitchen_window(k, "efficiency", 1), "exceeds", "", 40, 40, 60, true);
    assert_int_equal(kitchen_window(k, "efficiency", 1)->row.from, midnight);
    kitchen_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_size),         cmocka_unit_test(test_flag),      cmocka_unit_test(test_not_judged),
        cmocka_unit_test(test_coverage),        cmocka_unit_test(test_neighbour), cmocka_unit_test(test_two_hoods),
        cmocka_unit_test(test_across_midnight),
    };
    kitchen_main(tests);
}
