/* What becomes of a noise window besides its level: background, peaks, weather, calibration, suspect readings, days.
 * Expected values are arithmetic done by hand, shown beside them, or by python3; none is of the code under test. */
#include "collector/rules/background.h"
#include "collector/rules/memory.h"
#include "tests/unit/collector/fold_kit.h"

#define HEAD "id,name,kind,district,grid,noise_class,noise_position,background_day,background_night,weather,gateways\n"
#define TEN  "[rules]\nnoise_window = 10s\n"
#define MIN  "[rules]\nnoise_window = 1min\n"
#define PEAK "standards = gb22337-2008 gb12348-2008 gb18483-2001\n"

static int64_t night(void)
{
    return kit_time(2, 23, 0, 0);
}

static struct kit *club(const char *rules, const char *site, const char *metrics, const char *more)
{
    char sites[400];
    snprintf(sites, sizeof sites, HEAD "club,n,club,yudu,g,%s,gw-01\n", site);
    struct kit *k = kit_new(rules, sites);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, metrics, more);
    return k;
}

static void expect(const struct kit *k, enum outcome outcome, const char *reason, double judged)
{
    const struct kit_window *w = kit_last_window(k);
    assert_string_equal(w->reason, reason);
    assert_int_equal(w->row.outcome, outcome);
    if (outcome == OUTCOME_NOT_JUDGED)
        assert_true(isnan(w->row.judged));
    else
        near(w->row.judged, judged);
}

static void expect_said(const char *body, const char *words)
{
    if (!strstr(body, words))
        fail_msg("%s: not in %s", words, body);
}

/* ---- background -------------------------------------------------------------------------------------------------- */

static void test_table_of_corrections(void **state)
{
    static const struct {
        double difference, value;
        bool too_close;
    } rows[] = {/* GB 22337-2008, 5.7.1 to 5.7.3 and table 4; the difference rounded to an integer, half to even */
                {-5, 0, true},    {0, 0, true},     {2.4, 0, true},   {2.5, 0, true},  {2.500001, -3, false},
                {3, -3, false},   {3.4, -3, false}, {3.5, -2, false}, {4, -2, false},  {5, -2, false},
                {5.4, -2, false}, {5.5, -1, false}, {6, -1, false},   {10, -1, false}, {10.5, -1, false},
                {10.6, 0, false}, {11, 0, false},   {40, 0, false}};
    struct kit *k = kit_new("[rules]\n", NULL);
    const struct standard *gb = rules_config_standard(&k->fold->config, "gb22337-2008", STANDARD_NOISE);
    const struct standard *quality = rules_config_standard(&k->fold->config, "gb3096-2008", STANDARD_NOISE);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct correction c = background_correct(gb, 45 + rows[i].difference, 45, night());
        assert_true(c.known && c.background == 45);
        assert_true(c.value == rows[i].value && c.too_close == rows[i].too_close);
    }
    assert_false(background_correct(gb, 60, NAN, night()).known);
    assert_false(background_correct(quality, 60, 45, night()).known); /* it has no such table */
    kit_free(k);
}

/* Limit 50, background 48.  50.4 rounds to 50 and needs none; 50.6 lies 2.6 = 3 above: 47.6; 50.6 over 49: 1.6 = 2. */
static void test_background(void **state)
{
    static const struct {
        const char *site;
        double level;
        enum outcome outcome;
        const char *reason;
        double judged;
    } rows[] = {{"2,boundary,,48,", 50.4, OUTCOME_COMPLIANT, "", 50},
                {"2,boundary,,48,", 50.6, OUTCOME_COMPLIANT, "", 48},
                {"2,boundary,,49,", 50.6, OUTCOME_NOT_JUDGED, "background", 0},
                {"2,boundary,48,,", 50.6, OUTCOME_EXCEEDS, "", 51},   /* that of the day says nothing */
                {"2,boundary,,44,", 53.5, OUTCOME_EXCEEDS, "", 52},   /* 9.5 = 10: 52.5, half to even */
                {"2,boundary,,42.9,", 53.4, OUTCOME_EXCEEDS, "", 52}, /* 10.5 = 10 */
                {"2,boundary,,42,", 53.4, OUTCOME_EXCEEDS, "", 53}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = club(TEN, rows[i].site, "laeq", "");
        kit_series(k, "noise-1", "laeq", rows[i].level, night(), night() + 11 * SECOND, SECOND);
        expect(k, rows[i].outcome, rows[i].reason, rows[i].judged);
        near(kit_last_window(k)->row.measured, rows[i].level);
        assert_int_equal(k->flag_count, rows[i].outcome == OUTCOME_EXCEEDS);
        kit_free(k);
    }
}

static void test_flag_tells_the_background(void **state)
{
    struct kit *k = club(TEN, "2,boundary,,44.5,", "laeq", "");
    (void)state;
    kit_series(k, "noise-1", "laeq", 53.2, night(), night() + 11 * SECOND, SECOND); /* 8.7 = 9: 52.2 */
    expect_said(k->flags[0].body, "\"measured\":53.2,\"background\":44.5,\"correction\":-1,\"judged\":52,\"limit\":50,"
                                  "\"excess\":2,");
    kit_free(k);
}

/* ---- peaks ------------------------------------------------------------------------------------------------------- */

/* Ten seconds of `level` whose fifth has this maximum. */
static void burst(struct kit *k, int64_t from, double level, double peak)
{
    char content[100];
    for (int i = 0; i < 10; i++) {
        snprintf(content, sizeof content, "\"values\":{\"laeq\":%.1f,\"lafmax\":%.1f}", level, i == 4 ? peak : level);
        kit_reading(k, "noise-1", from + i * SECOND, content);
    }
}

static void test_peaks_are_off(void **state)
{
    struct kit *k = club(TEN, "2,boundary,,,", "laeq lafmax", "");
    (void)state;
    burst(k, night(), 45, 99);
    burst(k, night() + 10 * SECOND, 45, 45);
    assert_int_equal(k->flag_count, 0);
    near(k->windows[0].row.lafmax, 99);
    kit_free(k);
}

/* Limit 50 and 10: 60.5 rounds to 60, 60.6 to 61. */
static void test_peak(void **state)
{
    struct kit *k = club(TEN PEAK "peak_margin = gb12348-2008:frequent\n", "2,boundary,,,", "laeq lafmax", "");
    (void)state;
    burst(k, night(), 45, 60.5);
    burst(k, night() + 10 * SECOND, 45, 60.6);
    burst(k, night() + 20 * SECOND, 45, 46);
    burst(k, night() + 30 * SECOND, 45, 46);
    burst(k, night() + 40 * SECOND, 45, 46);
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[0].flag, "noise-peak");
    assert_int_equal(k->flags[0].since, night() + 10 * SECOND);
    expect_said(k->flags[0].body,
                "\"measured\":60.6,\"background\":null,\"correction\":0,\"judged\":61,\"limit\":60,\"excess\":1,"
                "\"unit\":\"dB(A)\",\"basis\":{\"document\":\"GB 12348-2008\",\"clause\":\"4.1.2\",\"class\":\"2\","
                "\"band\":\"night\",\"note\":\"margin of 10 dB(A) on 50 dB(A) of GB 22337-2008, 4.1.1 表1\"},"
                "\"statutory\":false");
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, night() + 20 * SECOND);
    for (size_t i = 0; i < k->window_count; i++)
        assert_int_equal(k->windows[i].row.outcome, OUTCOME_COMPLIANT);
    kit_free(k);
}

/* By day the margin of the night is none; what it raised at night ends in the morning. */
static void test_peak_ends_with_the_night(void **state)
{
    struct kit *k = club(TEN PEAK "peak_margin = gb12348-2008:occasional\n", "2,boundary,,,", "laeq lafmax", "");
    int64_t morning = kit_time(3, 6, 0, 0);
    (void)state;
    burst(k, morning - 10 * SECOND, 45, 66);
    for (int i = 0; i < 3; i++)
        burst(k, morning + i * 10 * SECOND, 45, 90);
    assert_int_equal(k->flag_count, 2);
    assert_int_equal(k->flags[1].until, morning);
    kit_free(k);
}

/* GB 22337-2008, 4.2.2: its own margin on its own limit, at any hour.  Table 2, class 2, room A by day: 45. */
static void test_peak_in_the_structure_is_statutory(void **state)
{
    struct kit *k = club(TEN PEAK "peak_margin = gb12348-2008:frequent gb22337-2008:structure\n", "2,structure-a,,,",
                         "laeq lafmax", "");
    int64_t noon = kit_time(3, 12, 0, 0);
    (void)state;
    burst(k, noon, 40, 55.6);
    burst(k, noon + 10 * SECOND, 40, 41);
    assert_int_equal(k->flag_count, 1);
    expect_said(k->flags[0].body, "\"judged\":56,\"limit\":55,");
    expect_said(k->flags[0].body, "\"clause\":\"4.2.2\"");
    expect_said(k->flags[0].body, "\"statutory\":true");
    kit_free(k);
}

static void test_peak_margins_that_are_none(void **state)
{
    static const struct {
        const char *margin, *words;
    } rows[] = {{"gb12348-2008:loud", "gb12348-2008 knows no such margin; it has frequent, occasional"},
                {"gb18483-2001:frequent", "gb18483-2001 knows no such margin; it has none"},
                {"gb1-1:frequent", "gb1-1 is not among the standards"},
                {"frequent", "expected STANDARD:MARGIN, such as gb12348-2008:frequent"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rules_config config = {0};
        struct faults faults = {0};
        struct buf body = buf_growing();
        char rules[120];
        snprintf(rules, sizeof rules, TEN "peak_margin = %s\n", rows[i].margin);
        kit_put_config(&body, rules, "wall");
        assert_false(rules_config_read(&config, body.data, body.length, &faults));
        assert_int_equal(faults.count, 1);
        expect_said(faults.text[0], rows[i].words);
        expect_said(faults.text[0], rows[i].margin);
        faults_free(&faults);
        buf_free(&body);
    }
}

/* ---- weather ----------------------------------------------------------------------------------------------------- */

static void sky(struct kit *k, int64_t from, int64_t to, const char *values)
{
    char content[80];
    snprintf(content, sizeof content, "\"values\":{%s}", values);
    for (int64_t at = from; at < to; at += 30 * SECOND)
        kit_reading_from(k, "gw-02", "sky-1", at, content);
}

static struct kit *windy_club(void)
{
    struct kit *k = kit_new(MIN, HEAD "club,n,club,yudu,g,2,boundary,,,roof/sky-1,gw-01\n"
                                      "roof,n,other,yudu,g,,,,,,gw-02\n");
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_hello(k, "gw-02", "roof", "sky-1", 30000, "wind rain", "");
    return k;
}

static void noisy_minute(struct kit *k, int64_t from)
{
    kit_series(k, "noise-1", "laeq", 70, from, from + MINUTE + 1, SECOND);
}

/* GB 22337-2008, 5.2.1: below 5 m/s, no rain. */
static void test_weather(void **state)
{
    static const struct {
        const char *values, *reason;
    } rows[] = {{"\"wind\":4.9,\"rain\":0", ""},
                {"\"wind\":5,\"rain\":0", "weather"},
                {"\"wind\":0,\"rain\":0.1", "weather"},
                {"\"wind\":6", "weather"},
                {"\"rain\":0", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = windy_club();
        sky(k, night() - 5 * MINUTE, night() + 3 * MINUTE, rows[i].values);
        noisy_minute(k, night());
        expect(k, *rows[i].reason ? OUTCOME_NOT_JUDGED : OUTCOME_EXCEEDS, rows[i].reason, 70);
        assert_int_equal(k->flag_count, !*rows[i].reason);
        if (k->flag_count) /* half of what the station measures is not the weather */
            assert_int_equal(strstr(k->flags[0].body, "weather not known") != NULL, i == 4);
        kit_free(k);
    }
}

/* One gust is enough, and only in its own minute; the station may lie ahead, by a day at most. */
static void test_gust(void **state)
{
    struct kit *k = windy_club();
    (void)state;
    sky(k, night(), night() + MINUTE, "\"wind\":1,\"rain\":0");
    sky(k, night() + MINUTE, night() + MINUTE + SECOND, "\"wind\":7,\"rain\":0");
    sky(k, night() + 90 * SECOND, night() + 5 * MINUTE, "\"wind\":1,\"rain\":0");
    for (int i = 0; i < 3; i++)
        noisy_minute(k, night() + i * MINUTE);
    assert_int_equal(k->window_count, 3);
    assert_string_equal(k->windows[0].reason, "");
    assert_string_equal(k->windows[1].reason, "weather");
    assert_string_equal(k->windows[2].reason, "");
    assert_null(strstr(k->flags[0].body, "note"));
    sky(k, night() + 30LL * HOUR, night() + 30LL * HOUR + 5 * MINUTE, "\"wind\":1,\"rain\":0");
    noisy_minute(k, night() + 4 * MINUTE); /* forgotten meanwhile: judged as if nobody had been there */
    expect(k, OUTCOME_EXCEEDS, "", 70);
    kit_free(k);
}

/* The station lags, or is not there: judged, and the flag says so. */
static void test_weather_not_known(void **state)
{
    struct kit *k = windy_club();
    (void)state;
    noisy_minute(k, night());
    expect(k, OUTCOME_EXCEEDS, "", 70);
    expect_said(k->flags[0].body, "\"note\":\"weather not known\"");
    expect_said(k->flags[0].body, "\"statutory\":true");
    kit_free(k);
}

/* ---- calibration ------------------------------------------------------------------------------------------------- */

static void test_calibration(void **state)
{
    static const struct {
        const char *date, *rules, *reason;
    } rows[] = {{",\"calibrated\":\"2025-03-02\"", TEN, ""},            /* 365 days and 23 hours before */
                {",\"calibrated\":\"2025-03-01\"", TEN, "calibration"}, /* 366 days and 23 hours */
                {",\"calibrated\":\"2025-03-01\"", TEN "calibration_interval = 400d\n", ""},
                {",\"calibrated\":\"\"", TEN, ""},
                {"", TEN, ""}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = club(rows[i].rules, "2,boundary,,,", "laeq", rows[i].date);
        kit_series(k, "noise-1", "laeq", 60, night(), night() + 11 * SECOND, SECOND);
        expect(k, *rows[i].reason ? OUTCOME_NOT_JUDGED : OUTCOME_EXCEEDS, rows[i].reason, 60);
        kit_free(k);
    }
}

/* ---- quality ----------------------------------------------------------------------------------------------------- */

/* Of the second ten seconds `suspect` are suspect, then `lost` fail. */
static struct kit *doubtful(const char *more, int suspect, int lost)
{
    struct kit *k = club(TEN, "2,boundary,,,", "laeq", more);
    int first = *more ? 11 : 10;                                    /* which tells of the eleventh second */
    kit_reading(k, "noise-1", night(), "\"values\":{\"laeq\":60}"); /* a backward meter's first tells of nothing */
    for (int i = 1; i <= 21; i++)
        kit_reading(k, "noise-1", night() + i * SECOND,
                    i >= first && i < first + suspect
                        ? "\"values\":{\"laeq\":60},\"quality\":\"suspect\",\"why\":[\"stuck\"]"
                    : i >= first + suspect && i < first + suspect + lost ? "\"error\":\"timeout\""
                                                                         : "\"values\":{\"laeq\":60}");
    return k;
}

static void test_quality(void **state)
{
    static const char *const meters[] = {"", ",\"integration\":\"interval\""};
    static const struct {
        int suspect, lost;
        const char *reason;
    } rows[] = {{2, 0, ""}, {3, 0, "quality"}, {10, 0, "quality"}, {0, 3, "coverage"}, {4, 3, "coverage"}};
    (void)state;
    for (size_t meter = 0; meter < 2; meter++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct kit *k = doubtful(meters[meter], rows[i].suspect, rows[i].lost);
            assert_int_equal(k->window_count, 2);
            assert_string_equal(k->windows[1].reason, rows[i].reason);
            kit_free(k);
        }
    }
}

/* Nothing but suspect levels: a row without a level, which says why. */
static void test_nothing_but_suspect(void **state)
{
    struct kit *k = doubtful("", 11, 0);
    (void)state;
    assert_int_equal(k->windows[1].row.from, night() + 10 * SECOND);
    near(k->windows[1].row.coverage, 0);
    assert_true(isnan(k->windows[1].row.measured) && isnan(k->windows[1].row.sd));
    assert_string_equal(k->windows[1].reason, "quality");
    kit_free(k);
}

/* ---- what stands beside the level -------------------------------------------------------------------------------- */

/* 50.1 to 69.9 in steps of 2.2, one second each: L10 67.9, L50 60.0, L90 52.1, Leq 63.9, SD 6.7 (sample), as reviutils
 * has it; L5 68.9 and L95 51.1 by statistics.quantiles(levels, n=20, method="inclusive"): 68.91, 51.09. */
static void test_statistics_of_a_window(void **state)
{
    struct kit *k = club(TEN, "2,boundary,,,", "laeq lafmax lafmin", "");
    char content[100];
    (void)state;
    for (int i = 0; i <= 10; i++) {
        double level = 50.1 + 2.2 * (i * 7 % 10);
        snprintf(content, sizeof content, "\"values\":{\"laeq\":%.1f,\"lafmax\":%.1f,\"lafmin\":%.1f}", level,
                 level + 3, level - 2);
        kit_reading(k, "noise-1", night() + i * SECOND, content);
    }
    const struct window_row *w = &kit_last_window(k)->row;
    near(w->l5, 68.9);
    near(w->l10, 67.9);
    near(w->l50, 60);
    near(w->l90, 52.1);
    near(w->l95, 51.1);
    near(w->measured, 63.9);
    near(w->sd, 6.7);
    near(w->lafmax, 72.9);
    near(w->lafmin, 48.1);
    kit_free(k);
}

/* The day of reviutils: Ld 74.79, Ln 72.58, Ldn 79.06 by python3 (79.42 from rounded Ld and Ln would be wrong). */
static const double hours[] = {60, 70, 67, 76, 75, 70, 72, 78, 75, 70, 72, 78,
                               75, 70, 72, 78, 75, 70, 72, 78, 75, 70, 72, 75};

static void test_day(void **state)
{
    struct kit *k = kit_new("[rules]\n", HEAD "club,n,club,yudu,g,2,boundary,,,,gw-01\n");
    int64_t midnight = kit_time(4, 0, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", MINUTE, "laeq", "");
    for (int h = 0; h < 24; h++)
        kit_series(k, "noise-1", "laeq", hours[h], midnight + h * HOUR, midnight + (h + 1) * HOUR, MINUTE);
    assert_int_equal(k->day_count, 0); /* its own stream has not passed the end */
    kit_tick(k, midnight + 30LL * HOUR);
    assert_int_equal(k->day_count, 0);
    kit_reading(k, "noise-1", midnight + DAY, "\"error\":\"timeout\"");
    assert_int_equal(k->day_count, 1);
    const struct noise_day_row *d = &k->days[0].row;
    assert_string_equal(k->days[0].device, "noise-1");
    assert_int_equal(d->day, midnight);
    near(d->ld, 74.8);
    near(d->ln, 72.6);
    near(d->ldn, 79.1);
    near(d->day_coverage, 1);
    near(d->night_coverage, 1);
    kit_reading(k, "noise-1", midnight + 5LL * DAY, "\"error\":\"timeout\""); /* days without any level have no row */
    assert_int_equal(k->day_count, 1);
    kit_free(k);
}

/* One level from 21:59:30 to 00:00:30, night from 23:00: an hour and half a minute of day, an hour of night, and half a
 * minute of the next day's night. */
static void test_days_are_cut(void **state)
{
    struct kit *k = kit_new("[rules]\nnight_start = 23:00\n", HEAD "club,n,club,yudu,g,2,boundary,,,,gw-01\n");
    int64_t from = kit_time(4, 21, 59, 30);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 2 * HOUR, "laeq", "");
    kit_reading(k, "noise-1", from, "\"values\":{\"laeq\":60}");
    kit_reading(k, "noise-1", from + 2 * HOUR + MINUTE, "\"error\":\"timeout\"");
    kit_reading(k, "noise-1", from + DAY, "\"error\":\"timeout\"");
    kit_reading(k, "noise-1", from + 2LL * DAY, "\"error\":\"timeout\"");
    assert_int_equal(k->day_count, 2);
    near(k->days[0].row.day_coverage, 3630.0 / (16 * 3600));
    near(k->days[0].row.night_coverage, 3600.0 / (8 * 3600));
    near(k->days[1].row.night_coverage, 30.0 / (8 * 3600));
    near(k->days[0].row.ldn, 66); /* (16 * 10^6 + 8 * 10^7) / 24 = 4 * 10^6: 66.02 */
    assert_true(isnan(k->days[1].row.ld) && isnan(k->days[1].row.ldn));
    near(k->days[1].row.ln, 60);
    kit_free(k);
}

/* ---- which standard ---------------------------------------------------------------------------------------------- */

/* GB 3096-2008, 5.1, table 1: 4b at night 60, 4a (the register's 4) 55; it does not bind.  GB 22337 has 55 for both. */
static void test_quality_standard(void **state)
{
    static const struct {
        const char *standards, *site;
        double limit;
        bool statutory;
    } rows[] = {{"gb3096-2008 gb22337-2008", "4b,boundary,,,", 60, false},
                {"gb3096-2008 gb22337-2008", "4,window,,,", 55, false},
                {"gb12348-2008 gb22337-2008 gb3096-2008", "4b,boundary,,,", 55, true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char rules[120];
        snprintf(rules, sizeof rules, TEN "standards = %s\n", rows[i].standards);
        struct kit *k = club(rules, rows[i].site, "laeq", "");
        kit_series(k, "noise-1", "laeq", 65, night(), night() + 11 * SECOND, SECOND);
        near(kit_last_window(k)->row.limit, rows[i].limit);
        assert_int_equal(kit_last_window(k)->row.statutory, rows[i].statutory);
        assert_int_equal(strstr(k->flags[0].body, "limit of environmental quality") != NULL, !rows[i].statutory);
        expect_said(k->flags[0].body, rows[i].site[1] == 'b' ? "\"class\":\"4b\"" : "\"class\":\"4\"");
        kit_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_of_corrections),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_flag_tells_the_background),
        cmocka_unit_test(test_peaks_are_off),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_peak_ends_with_the_night),
        cmocka_unit_test(test_peak_in_the_structure_is_statutory),
        cmocka_unit_test(test_peak_margins_that_are_none),
        cmocka_unit_test(test_weather),
        cmocka_unit_test(test_gust),
        cmocka_unit_test(test_weather_not_known),
        cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_quality),
        cmocka_unit_test(test_nothing_but_suspect),
        cmocka_unit_test(test_statistics_of_a_window),
        cmocka_unit_test(test_day),
        cmocka_unit_test(test_days_are_cut),
        cmocka_unit_test(test_quality_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
