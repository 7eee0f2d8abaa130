/* Fume windows and the law: the volume of the register, the pre-alert, no purifier, meters that are to be doubted.
 * Figures were worked out by hand from GB 18483-2001, 5.1 and 6.6. */
#include "tests/unit/collector/kitchen_kit.h"

#define TEN   "[rules]\nfume_window = 10s\n"
#define BARE  KITCHEN("4", "", "no")
#define THREE KITCHEN("3", "8000", "yes")

static int64_t noon(void)
{
    return kit_time(2, 12, 0, 0);
}

static void play(struct kit *k, int from, int to, const char *content)
{
    kitchen_play(k, noon() + from * SECOND, noon() + to * SECOND, SECOND, content);
}

static struct kit *kitchen(const char *sites, const char *metrics)
{
    return kitchen_new(TEN, sites, metrics, SECOND);
}

/* ---- the air volume ---------------------------------------------------------------------------------------------- */

/* 1.5 mg/m3 x 8000 m3/h / (3 x 2000 m3/h) = 2.0, the limit itself; 1.50075 makes 2.001. */
static void test_design_volume(void **state)
{
    struct kit *k = kitchen(THREE, "fume");
    (void)state;
    play(k, 0, 10, "\"values\":{\"fume\":1.5}");
    play(k, 10, 21, "\"values\":{\"fume\":1.50075}");
    kitchen_expect(kitchen_window(k, "fume", 0), "compliant", "", 1.5, 2, 2, true);
    kitchen_expect(kitchen_window(k, "fume", 1), "exceeds", "", 1.501, 2.001, 2, true);
    kitchen_says(kitchen_flag(k, "fume-limit", 0),
                 "\"basis\":{\"document\":\"GB 18483-2001\",\"clause\":\"4.2 表2\",\"note\":\"design air volume of the "
                 "register\"},\"statutory\":true");
    kitchen_free(k);
}

/* What is metered goes before the register, for as much of the window as must be covered: 8 s, not 7. */
static void test_metered_volume(void **state)
{
    (void)state;
    for (int seconds = 7; seconds <= 8; seconds++) {
        struct kit *k = kitchen(THREE, "fume airflow");
        play(k, 0, seconds, "\"values\":{\"fume\":1.5,\"airflow\":8400}"); /* 2.1 */
        play(k, seconds, 11, "\"values\":{\"fume\":1.5},\"errors\":{\"airflow\":\"timeout\"}");
        kitchen_expect(kitchen_window(k, "fume", 0), seconds == 8 ? "exceeds" : "compliant", "", 1.5,
                       seconds == 8 ? 2.1 : 2, 2, true);
        if (seconds == 8)
            assert_null(strstr(kitchen_flag(k, "fume-limit", 0)->body, "\"note\""));
        kitchen_free(k);
    }
}

static void test_concentration_only(void **state)
{
    static const char *const sites[] = {KITCHEN("", "8000", "yes"), KITCHEN("3", "", "yes")};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kit *k = kitchen(sites[i], "fume");
        play(k, 0, 11, "\"values\":{\"fume\":2.001}");
        kitchen_expect(kitchen_window(k, "fume", 0), "exceeds", "", 2.001, 2.001, 2, false);
        kitchen_says(kitchen_flag(k, "fume-limit", 0), "\"note\":\"concentration only, not statutory\"");
        kitchen_free(k);
    }
}

/* The version of the site at the window's begin judges it: the volume of the register changes at midnight. */
static void test_across_midnight(void **state)
{
    struct kit *k = kitchen(KITCHEN_HEAD "house,n,restaurant,yudu,g1,3,8000,yes,,gw-01,2026-03-01\n"
                                         "house,n,restaurant,yudu,g1,3,9000,yes,,gw-01,2026-03-03\n",
                            "fume");
    int64_t midnight = kit_time(3, 0, 0, 0);
    (void)state;
    kitchen_play(k, midnight - 10 * SECOND, midnight + 11 * SECOND, SECOND, "\"values\":{\"fume\":1.5}");
    kitchen_expect(kitchen_window(k, "fume", 0), "compliant", "", 1.5, 2, 2, true);
    kitchen_expect(kitchen_window(k, "fume", 1), "exceeds", "", 1.5, 2.25, 2, true);
    assert_int_equal(kitchen_window(k, "fume", 1)->row.from, midnight);
    kitchen_free(k);
}

/* ---- near the limit ---------------------------------------------------------------------------------------------- */

static void test_near(void **state)
{
    struct kit *k = kitchen(KITCHEN("4", "8000", "yes"), "fume");
    (void)state;
    play(k, 0, 11, "\"values\":{\"fume\":1.799}");
    assert_int_equal(k->flag_count, 0);
    play(k, 11, 21, "\"values\":{\"fume\":1.8}"); /* one second of 1.799 in it: 1.7999, shown as 1.8 */
    assert_int_equal(k->flag_count, 1);
    const struct kit_flag *raised = kitchen_flag(k, "fume-near", 0);
    assert_string_equal(raised->state, "raised");
    assert_int_equal(raised->since, noon() + 10 * SECOND);
    kitchen_says(raised, "\"judged\":1.8,\"limit\":2,\"excess\":-0.2,\"unit\":\"mg/m³\"");
    kitchen_says(raised, "\"note\":\"pre-alert from 0.9 of the limit, not statutory\"},\"statutory\":false");
    play(k, 21, 31, "\"values\":{\"fume\":2}"); /* still near, not over */
    play(k, 31, 41, "\"values\":{\"fume\":1}");
    assert_int_equal(k->flag_count, 1);
    play(k, 41, 51, "\"values\":{\"fume\":1}"); /* the second window under it */
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, noon() + 30 * SECOND);
    kitchen_free(k);
}

/* Over the limit it ends; while that flag stands it is not raised again. */
static void test_near_and_over(void **state)
{
    struct kit *k = kitchen(KITCHEN("4", "8000", "yes"), "fume");
    (void)state;
    play(k, 0, 10, "\"values\":{\"fume\":1.9}");
    play(k, 10, 20, "\"values\":{\"fume\":2.5}");
    assert_int_equal(kitchen_flags(k, "fume-near"), 1);
    play(k, 20, 30, "\"values\":{\"fume\":1.9}");
    play(k, 30, 31, "\"values\":{\"fume\":1}");
    assert_int_equal(kitchen_flags(k, "fume-limit"), 1);
    assert_int_equal(kitchen_flags(k, "fume-near"), 2);
    assert_string_equal(kitchen_flag(k, "fume-near", 1)->state, "cleared");
    assert_int_equal(kitchen_flag(k, "fume-near", 1)->until, noon() + 10 * SECOND);
    play(k, 31, 41, "\"values\":{\"fume\":1}"); /* the second compliant window clears the limit */
    assert_string_equal(kitchen_flag(k, "fume-limit", 1)->state, "cleared");
    play(k, 41, 61, "\"values\":{\"fume\":1.95}");
    assert_int_equal(kitchen_flags(k, "fume-near"), 3);
    assert_string_equal(kitchen_flag(k, "fume-near", 2)->state, "raised");
    kitchen_free(k);
}

/* raise_after = 2: one window over the limit raises nothing, and leaves the pre-alert alone. */
static void test_near_with_patience(void **state)
{
    struct kit *k = kitchen_new(TEN "raise_after = 2\nfume_near = 0.5\n", KITCHEN("4", "8000", "yes"), "fume", SECOND);
    (void)state;
    play(k, 0, 20, "\"values\":{\"fume\":1}"); /* half of the limit, twice */
    play(k, 20, 30, "\"values\":{\"fume\":3}");
    assert_int_equal(k->flag_count, 1);
    play(k, 30, 40, "\"values\":{\"fume\":3}");
    assert_int_equal(k->flag_count, 1);
    play(k, 40, 41, "\"values\":{\"fume\":3}");
    assert_int_equal(k->flag_count, 3);
    assert_string_equal(kitchen_flag(k, "fume-near", 1)->state, "cleared");
    assert_int_equal(kitchen_flag(k, "fume-near", 1)->until, noon() + 20 * SECOND);
    kitchen_free(k);
}

/* ---- no purifier ------------------------------------------------------------------------------------------------- */

#define DUTY                                                                                                           \
    "\"basis\":{\"document\":\"GB 18483-2001\",\"clause\":\"5.1\",\"note\":\"no purifier: counts as "                  \
    "exceedance\"},\"statutory\":true"

static void test_no_purifier(void **state)
{
    struct kit *k = kitchen(BARE, "fume fan");
    (void)state;
    play(k, 0, 11, "\"values\":{\"fan\":1,\"fume\":0.5}"); /* a quarter of the limit */
    kitchen_expect(kitchen_window(k, "fume", 0), "exceeds", "no-purifier", 0.5, 0.5, 2, true);
    kitchen_says(kitchen_flag(k, "fume-limit", 0), DUTY);
    assert_int_equal(kitchen_windows(k, "fume_run"), 0);
    assert_int_equal(kitchen_flags(k, "fume-near"), 0);
    kitchen_free(k);

    k = kitchen(BARE, "fume fan"); /* whatever the meter says, or does not */
    play(k, 0, 11, "\"values\":{\"fan\":1},\"errors\":{\"fume\":\"timeout\"}");
    kitchen_expect(kitchen_window(k, "fume", 0), "exceeds", "no-purifier", NAN, NAN, 2, true);
    near(kitchen_window(k, "fume", 0)->row.coverage, 1);
    kitchen_free(k);
}

/* A device that meters only the fan: 7.5 s of ten are enough, 7 are not. */
static void test_fan_alone(void **state)
{
    (void)state;
    for (int half = 14; half <= 15; half++) {
        struct kit *k = kitchen_new(TEN, BARE, "fan_current", 500);
        int64_t stop = noon() + half * SECOND / 2;
        kitchen_play(k, noon(), stop, SECOND / 2, "\"values\":{\"fan_current\":2}");
        kitchen_play(k, stop, noon() + 11 * SECOND, SECOND / 2, "\"values\":{\"fan_current\":0}");
        kitchen_expect(kitchen_window(k, "fume", 0), half == 15 ? "exceeds" : "not judged",
                       half == 15 ? "no-purifier" : "idle", NAN, NAN, 2, half == 15);
        near(kitchen_window(k, "fume", 0)->row.coverage, half / 20.0);
        assert_int_equal(k->flag_count, half == 15);
        if (half == 15)
            kitchen_says(&k->flags[0],
                         "\"measured\":null,\"background\":null,\"correction\":0,\"judged\":null,\"limit\":"
                         "2,\"excess\":null,\"unit\":\"mg/m³\"," DUTY);
        kitchen_free(k);
    }
}

/* Where there is a purifier, or nothing is said of it, a fan alone has no windows. */
static void test_fan_with_purifier(void **state)
{
    static const char *const sites[] = {KITCHEN("4", "", "yes"), KITCHEN("4", "", "2024-05-01"), KITCHEN("4", "", "")};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct kit *k = kitchen(sites[i], "fan");
        play(k, 0, 31, "\"values\":{\"fan\":1}");
        assert_int_equal(k->window_count + k->flag_count, 0);
        kitchen_free(k);
    }
}

/* A meter of fume at the site speaks for the fan beside it. */
static void test_fan_beside_a_meter(void **state)
{
    struct kit *k = kitchen(BARE, "fume");
    (void)state;
    kit_hello(k, "gw-01", "house", "power-1", 1000, "fan_current", "");
    for (int i = 0; i <= 11; i++) {
        kit_reading(k, "hood-1", noon() + i * SECOND - 5, "\"values\":{\"fume\":0.1}");
        kit_reading(k, "power-1", noon() + i * SECOND, "\"values\":{\"fan_current\":3}");
    }
    assert_int_equal(kitchen_windows(k, "fume"), 2); /* the piece before noon, and the window after it */
    assert_string_equal(kitchen_window(k, "fume", 1)->device, "hood-1");
    assert_string_equal(kitchen_window(k, "fume", 1)->reason, "no-purifier");
    assert_int_equal(kitchen_flags(k, "fume-limit"), 1);
    kitchen_free(k);
}

/* A purifier that is seen to run is there, whatever the register says. */
static void test_register_contradicted(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct kit *k = kitchen(BARE, "fume fan purifier");
        play(k, 0, 11,
             on ? "\"values\":{\"fan\":1,\"fume\":0.5,\"purifier\":1}"
                : "\"values\":{\"fan\":1,\"fume\":0.5,\"purifier\":0}");
        kitchen_expect(kitchen_window(k, "fume", 0), on ? "compliant" : "exceeds", on ? "" : "no-purifier", 0.5, 0.5, 2,
                       !on);
        kitchen_free(k);
    }
}

/* The register says from 12:00:20 on that there is one: what the fan alone raised ends. */
static void test_installed(void **state)
{
    struct kit *k = kitchen(BARE, "fan");
    (void)state;
    play(k, 0, 18, "\"values\":{\"fan\":1}");
    assert_int_equal(k->flag_count, 1);
    k->receipt_ms = noon() + 20 * SECOND; /* becomes valid now */
    kit_import(k, KITCHEN("4", "", "yes"));
    play(k, 18, 40, "\"values\":{\"fan\":1}");
    assert_int_equal(kitchen_windows(k, "fume"), 2);
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, noon() + 20 * SECOND);
    kitchen_free(k);
}

/* A standard that says nothing of the kind: judged by the concentration. */
static void test_another_standard(void **state)
{
    struct kit *k = kitchen("id,name,kind,district,grid,stoves,purifier_installed,fume_standard,gateways\n"
                            "house,n,restaurant,yudu,g1,4,no,beijing-db11-1488-2018,gw-01\n",
                            "fume fan");
    (void)state;
    play(k, 0, 11, "\"values\":{\"fan\":1,\"fume\":0.5}");
    kitchen_expect(kitchen_window(k, "fume", 0), "compliant", "", 0.5, 0.5, 1, false);
    kitchen_free(k);
}

/* ---- doubt ------------------------------------------------------------------------------------------------------- */

static void test_ultra_low(void **state)
{
    struct kit *k = kitchen(KITCHEN("4", "8000", "yes"), "fume fan purifier");
    (void)state;
    play(k, 0, 10, "\"values\":{\"fan\":1,\"purifier\":1,\"fume\":0.02}");
    play(k, 10, 11, "\"values\":{\"fan\":1,\"purifier\":1,\"fume\":0.021}"); /* once is enough to be believed */
    play(k, 11, 21, "\"values\":{\"fan\":1,\"purifier\":1,\"fume\":0}");
    kitchen_expect(kitchen_window(k, "fume", 0), "not judged", "quality", 0.02, NAN, 2, false);
    kitchen_expect(kitchen_window(k, "fume", 1), "compliant", "", 0.002, 0.002, 2, true);
    kitchen_free(k);

    k = kitchen(KITCHEN("4", "8000", "yes"), "fume"); /* nothing tells that the fan runs */
    play(k, 0, 11, "\"values\":{\"fume\":0}");
    kitchen_expect(kitchen_window(k, "fume", 0), "compliant", "", 0, 0, 2, true);
    kitchen_free(k);

    k = kitchen(KITCHEN("4", "8000", "yes"), "fume fan"); /* it does not run: nothing to doubt */
    play(k, 0, 11, "\"values\":{\"fume\":0,\"fan\":0}");
    assert_string_equal(kitchen_window(k, "fume", 0)->reason, "idle");
    kitchen_free(k);
}

/* Six seconds of ten are known.  The other four: suspect, or failed, or two and two (8 would be enough). */
static void test_suspect(void **state)
{
    static const struct {
        int suspect;
        const char *reason;
    } rows[] = {{0, "coverage"}, {1, "coverage"}, {2, "quality"}, {4, "quality"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = kitchen(KITCHEN("4", "8000", "yes"), "fume");
        play(k, 0, 6, "\"values\":{\"fume\":5}");
        play(k, 6, 6 + rows[i].suspect, "\"values\":{\"fume\":5},\"quality\":\"suspect\",\"why\":[\"stuck\"]");
        play(k, 6 + rows[i].suspect, 11, "\"error\":\"timeout\"");
        kitchen_expect(kitchen_window(k, "fume", 0), "not judged", rows[i].reason, 5, NAN, 2, false);
        near(kitchen_window(k, "fume", 0)->row.coverage, 0.6);
        kitchen_free(k);
    }
    struct kit *k = kitchen(KITCHEN("4", "8000", "yes"), "fume"); /* all of it */
    play(k, 0, 11, "\"values\":{\"fume\":5},\"quality\":\"suspect\",\"why\":[\"range\"]");
    kitchen_expect(kitchen_window(k, "fume", 0), "not judged", "quality", NAN, NAN, 2, false);
    assert_int_equal(k->flag_count, 0);
    kitchen_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_design_volume),
        cmocka_unit_test(test_metered_volume),
        cmocka_unit_test(test_concentration_only),
        cmocka_unit_test(test_across_midnight),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_near_and_over),
        cmocka_unit_test(test_near_with_patience),
        cmocka_unit_test(test_no_purifier),
        cmocka_unit_test(test_fan_alone),
        cmocka_unit_test(test_fan_with_purifier),
        cmocka_unit_test(test_fan_beside_a_meter),
        cmocka_unit_test(test_register_contradicted),
        cmocka_unit_test(test_installed),
        cmocka_unit_test(test_another_standard),
        cmocka_unit_test(test_ultra_low),
        cmocka_unit_test(test_suspect),
    };
    kitchen_main(tests);
}
