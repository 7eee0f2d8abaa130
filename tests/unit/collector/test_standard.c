/* The shipped standards against the tables, typed in again from the text of GB 22337-2008 and GB 18483-2001. */
#include "collector/rules/settings.h"
#include "collector/rules/standard.h"
#include "collector/site.h"
#include "common/civil.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct standard *open_shipped(const char *id)
{
    char path[80];
    struct faults faults = {0};
    snprintf(path, sizeof path, "config/standards/%s.ini", id);
    struct conf *conf = conf_open(path, &faults);
    struct standard *s = conf ? standard_open(id, conf, &faults) : NULL;
    if (!s)
        fail_msg("%s", faults.count ? faults.text[0] : path);
    faults_free(&faults);
    return s;
}

static int64_t day(int year, int month, int d)
{
    return civil_ms(year, month, d, 12, 0, 0);
}

static void test_noise_limits(void **state)
{
    static const double table1[5][2] = {{50, 40}, {55, 45}, {60, 50}, {65, 55}, {70, 55}};
    static const double table2a[5][2] = {{40, 30}, {40, 30}, {45, 35}, {45, 35}, {45, 35}};
    static const double table2b[5][2] = {{40, 30}, {45, 35}, {50, 40}, {50, 40}, {50, 40}};
    struct standard *s = open_shipped("gb22337-2008");
    (void)state;
    assert_int_equal(s->kind, STANDARD_NOISE);
    assert_string_equal(s->document, "GB 22337-2008");
    for (int c = 0; c < 5; c++) {
        for (enum band b = BAND_DAY; b <= BAND_NIGHT; b++) {
            const struct {
                enum noise_position position;
                double value;
                const char *clause;
            } rows[] = {
                {POSITION_BOUNDARY, table1[c][b], "4.1.1 表1"},     {POSITION_WINDOW, table1[c][b], "4.1.2 表1"},
                {POSITION_INDOOR, table1[c][b] - 10, "4.1.3 表1"},  {POSITION_STRUCTURE_A, table2a[c][b], "4.2.1 表2"},
                {POSITION_STRUCTURE_B, table2b[c][b], "4.2.1 表2"},
            };
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct provision *p = standard_noise_limit(s, c, (int)rows[i].position, b, day(2026, 3, 2));
                assert_non_null(p);
                assert_true(p->value == rows[i].value);
                assert_string_equal(p->clause, rows[i].clause);
                assert_string_equal(p->unit, "dB(A)");
                assert_true(p->confirmed);
            }
        }
    }
    assert_null(standard_noise_limit(s, NOT_GIVEN, POSITION_BOUNDARY, BAND_DAY, day(2026, 3, 2)));
    assert_null(standard_noise_limit(s, 2, POSITION_BOUNDARY, BAND_DAY, civil_ms(2008, 10, 1, 0, 0, 0) - 1));
    assert_non_null(standard_noise_limit(s, 2, POSITION_BOUNDARY, BAND_DAY, civil_ms(2008, 10, 1, 0, 0, 0)));
    standard_close(s);
}

static void test_fume_limits(void **state)
{
    static const double efficiency[] = {[SIZE_SMALL] = 60, [SIZE_MEDIUM] = 75, [SIZE_LARGE] = 85};
    struct standard *s = open_shipped("gb18483-2001");
    int64_t at = day(2026, 3, 2);
    (void)state;
    for (enum kitchen_size size = SIZE_SMALL; size <= SIZE_UNKNOWN; size++) {
        const struct provision *p = standard_fume_limit(s, QUANTITY_FUME, size, at);
        assert_true(p && p->value == 2.0 && p->confirmed);
        p = standard_fume_limit(s, QUANTITY_EFFICIENCY, size, at);
        assert_true(size == SIZE_UNKNOWN ? !p : p && p->value == efficiency[size]);
    }
    assert_true(standard_stove_airflow(s, at)->value == 2000);
    assert_string_equal(standard_duty(s, "purifier-off", at)->clause, "5.1");
    assert_null(standard_duty(s, "cleaning-overdue", at));
    assert_null(standard_fume_limit(s, QUANTITY_FUME, SIZE_SMALL, civil_ms(2002, 1, 1, 0, 0, 0) - 1));
    standard_close(s);
    s = open_shipped("beijing-db11-1488-2018");
    assert_false(standard_fume_limit(s, QUANTITY_FUME, SIZE_SMALL, at)->confirmed);
    standard_close(s);
}

/* DB31/844-2014 and DB50/859-2018 are templates: 1.0 mg/m3, which nobody has confirmed. */
static void test_local_standards(void **state)
{
    static const char *const ids[] = {"shanghai-db31-844-2014", "chongqing-db50-859-2018"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct standard *s = open_shipped(ids[i]);
        const struct provision *p = standard_fume_limit(s, QUANTITY_FUME, SIZE_UNKNOWN, day(2026, 3, 2));
        assert_true(p && p->value == 1.0 && !p->confirmed);
        standard_close(s);
    }
}

static void expect_margin(const struct standard *s, const char *name, double value, const char *clause, bool confirmed)
{
    const struct provision *p = standard_margin(s, name);
    assert_non_null(p);
    assert_true(p->value == value && p->confirmed == confirmed);
    assert_string_equal(p->clause, clause);
    assert_true(margin_applies(p, POSITION_BOUNDARY, BAND_NIGHT, day(2026, 3, 2)));
    assert_false(margin_applies(p, POSITION_BOUNDARY, BAND_DAY, day(2026, 3, 2)));
    assert_false(margin_applies(p, POSITION_STRUCTURE_A, BAND_NIGHT, day(2026, 3, 2)));
    assert_false(margin_applies(p, POSITION_BOUNDARY, BAND_NIGHT, day(2008, 9, 30)));
}

static void test_margins(void **state)
{
    struct standard *s = open_shipped("gb12348-2008");
    (void)state;
    expect_margin(s, "frequent", 10, "4.1.2", true);
    expect_margin(s, "occasional", 15, "4.1.3", true);
    assert_null(standard_margin(s, "sudden"));
    assert_false(standard_has_limits(s));
    standard_close(s);
    s = open_shipped("gb3096-2008");
    expect_margin(s, "sudden", 15, "5.4", false);
    standard_close(s);
    s = open_shipped("gb22337-2008");
    const struct provision *p = standard_margin(s, "structure");
    assert_true(p && p->value == 10 && p->confirmed);
    assert_string_equal(p->clause, "4.2.2");
    assert_true(margin_applies(p, POSITION_STRUCTURE_B, BAND_DAY, day(2026, 3, 2)));
    assert_false(margin_applies(p, POSITION_BOUNDARY, BAND_NIGHT, day(2026, 3, 2)));
    assert_true(standard_wind(s, day(2026, 3, 2))->value == 5);
    assert_string_equal(standard_wind(s, day(2026, 3, 2))->clause, "5.2.1");
    standard_close(s);
}

/* GB 3096-2008, table 1: the register's class 4 is 4a; 4b has been there since 2011. */
static void test_quality_of_areas(void **state)
{
    static const double table1[6][2] = {{50, 40}, {55, 45}, {60, 50}, {65, 55}, {70, 55}, {70, 60}};
    struct standard *s = open_shipped("gb3096-2008");
    (void)state;
    assert_false(s->binding);
    for (int c = 0; c <= NOISE_CLASS_4B; c++) {
        for (enum band b = BAND_DAY; b <= BAND_NIGHT; b++) {
            const struct provision *p = standard_noise_limit(s, c, POSITION_BOUNDARY, b, day(2026, 3, 2));
            assert_true(p && p->value == table1[c][b]);
            assert_null(standard_noise_limit(s, c, POSITION_INDOOR, b, day(2026, 3, 2)));
        }
    }
    assert_null(standard_noise_limit(s, NOISE_CLASS_4B, POSITION_BOUNDARY, BAND_DAY, day(2010, 12, 31)));
    standard_close(s);
}

/* Tiers by size, barbecue whatever its size; none is confirmed. */
static void test_cleaning_policy(void **state)
{
    static const double days[] = {[SIZE_SMALL] = 90, [SIZE_MEDIUM] = 60, [SIZE_LARGE] = 30};
    struct standard *s = open_shipped("cleaning-policy");
    int64_t at = day(2026, 3, 2);
    (void)state;
    assert_int_equal(s->kind, STANDARD_CLEANING);
    for (enum kitchen_size size = SIZE_SMALL; size <= SIZE_LARGE; size++) {
        const struct provision *p = standard_interval(s, SITE_RESTAURANT, size, at);
        assert_true(p && p->days == days[size] && isnan(p->hours) && !p->confirmed);
        assert_true(standard_interval(s, SITE_BARBECUE, size, at)->days == 90);
    }
    assert_null(standard_interval(s, SITE_CANTEEN, SIZE_UNKNOWN, at));
    assert_true(standard_interval(s, SITE_BARBECUE, SIZE_UNKNOWN, at)->days == 90);
    standard_close(s);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(kitchen_size_of(NAN), SIZE_UNKNOWN);
    assert_int_equal(kitchen_size_of(0.5), SIZE_UNKNOWN);
    assert_int_equal(kitchen_size_of(1), SIZE_SMALL);
    assert_int_equal(kitchen_size_of(2.9), SIZE_SMALL);
    assert_int_equal(kitchen_size_of(3), SIZE_MEDIUM);
    assert_int_equal(kitchen_size_of(5.9), SIZE_MEDIUM);
    assert_int_equal(kitchen_size_of(6), SIZE_LARGE);
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

#define HEAD  "[standard]\ndocument = D\ntitle = T\nkind = noise\n"
#define DATES "valid_from = 2020-01-01\nconfirmed = yes\n"
#define NOISE                                                                                                          \
    "quantity = laeq\nclause = 1\nclass = 2\nposition = boundary\nband = day\nvalue = 60\nunit = dB(A)\n" DATES

static void expect_fault(const char *text, const char *words)
{
    struct faults faults = {0};
    struct conf *conf = conf_open_text("s.ini", text, strlen(text), &faults);
    struct standard *s = conf ? standard_open("s", conf, &faults) : NULL;
    bool found = !words;
    assert_true(!words == !!s);
    for (size_t i = 0; i < faults.count && words; i++)
        found = found || strstr(faults.text[i], words);
    if (!found)
        fail_msg("%s: not said, but %s", words, faults.count ? faults.text[0] : "nothing");
    standard_close(s);
    faults_free(&faults);
}

static void test_faults(void **state)
{
    (void)state;
    expect_fault(HEAD "[limit a]\n" NOISE, NULL);
    expect_fault("[limit a]\n" NOISE, "has no section [standard]");
    expect_fault("[standard]\ndocument = D\nkind = noise\n", "title");
    expect_fault(HEAD "[limits a]\n" NOISE, "limit");
    expect_fault(HEAD "[limit a]\nquantity = laeq\nclause = 1\nvalue = 60\nunit = dB(A)\n" DATES, "class: is missing");
    expect_fault(HEAD "[limit a]\nsize = small\n" NOISE, "means nothing for laeq");
    expect_fault(HEAD "[limit a]\nquantity = laeq\nclause = 1\nclass = 5\nposition = boundary\nband = day\nvalue = 60\n"
                      "unit = dB(A)\n" DATES,
                 "allowed are 0 1 2 3 4 4b");
    expect_fault(HEAD "[limit a]\nquantity = fume\nclause = 1\nvalue = 2\nunit = ug/m3\n" DATES, "expected mg/m³");
    expect_fault(HEAD "[limit a]\nquantity = fume\nclause = 1\nvalue = 2\nunit = mg/m³\nband = day\n" DATES,
                 "means nothing for fume");
    expect_fault(HEAD "[limit a]\nquantity = fume\nclause = 1\nvalue = two\nunit = mg/m³\n" DATES, "value");
    expect_fault(HEAD "[limit a]\nquantity = fume\nclause = 1\nvalue = 2\nunit = mg/m³\nvalid_from = 2021-02-29\n"
                      "confirmed = yes\n",
                 "a date that exists");
    expect_fault(HEAD "[limit a]\nquantity = fume\nclause = 1\nvalue = 2\nunit = mg/m³\nvalid_to = 2019-12-31\n" DATES,
                 "is before valid_from");
    expect_fault(HEAD "[limit a]\n" NOISE "[limit b]\n" NOISE, "says the same as");
    expect_fault(HEAD
                 "[limit a]\n" NOISE "valid_to = 2020-12-31\n[limit b]\nquantity = laeq\nclause = 1\nclass = 1 2\n"
                 "position = boundary\nband = day\nvalue = 55\nunit = dB(A)\nvalid_from = 2021-01-01\nconfirmed = no\n",
                 NULL);
    expect_fault(HEAD "[limit a]\nclause = 1\nvalue = 2\nunit = mg/m³\n" DATES, "quantity: is missing");
    expect_fault(HEAD "[duty purifier-off]\nclause = 1\nvalue = 2\n" DATES, "value = 2: means nothing for duty");
    expect_fault(HEAD "[duty no-such-flag]\nclause = 1\n" DATES, "the name of a flag");
    expect_fault(HEAD "[interval a]\nclause = 1\nhours = 300\n" DATES, NULL);
    expect_fault(HEAD "[interval a]\nclause = 1\n" DATES, "days: is missing");
    expect_fault(HEAD "[interval a]\nclause = 1\ndays = 0\n" DATES, "days = 0");
    expect_fault(HEAD "[interval a]\nclause = 1\ndays = 30\nunit = d\n" DATES, "means nothing for interval");
    expect_fault(HEAD "[interval a]\nclause = 1\ndays = 30\nsite_kind = palace\n" DATES, "allowed are restaurant");
    expect_fault(HEAD "[interval a]\nclause = 1\ndays = 30\nsize = small\n" DATES
                      "[interval b]\nclause = 1\ndays = 60\nsize = small medium\n" DATES,
                 "says the same as");
    expect_fault(HEAD "[reference x]\nclause = 1\nvalue = 2000\nunit = m³/h\n" DATES, "expected stove-airflow wind");
    expect_fault(HEAD "[reference wind]\nclause = 1\nvalue = 5\nunit = m³/h\n" DATES, "expected m/s");
    expect_fault(HEAD "[margin a]\nclause = 1\nvalue = 10\nunit = dB(A)\n" DATES, NULL);
    expect_fault(HEAD "[margin a]\nclause = 1\nvalue = -10\nunit = dB(A)\n" DATES, "expected 0 or more");
    expect_fault(HEAD "[margin a]\nclause = 1\nclass = 2\nvalue = 10\nunit = dB(A)\n" DATES,
                 "means nothing for margin");
    expect_fault(HEAD "[correction a]\nclause = 1\nvalue = -1\nunit = dB(A)\n" DATES, "least: is missing");
    expect_fault(HEAD "[correction a]\nclause = 1\nleast = 3\nvalue = 1\nunit = dB(A)\n" DATES, "expected 0 or less");
    expect_fault(HEAD "[correction a]\nclause = 1\nleast = 3\nvalue = -1\nunit = dB(A)\n" DATES
                      "[correction b]\nclause = 1\nleast = 4\nmost = 5\nvalue = -2\nunit = dB(A)\n" DATES,
                 "says the same as");
    expect_fault(HEAD "[limit a]\nmost = 3\n" NOISE, "means nothing for laeq");
}

/* valid_to is the last day in force. */
static void test_last_day(void **state)
{
    static const char text[] = HEAD "[limit a]\n" NOISE "valid_to = 2020-12-31\n";
    struct faults faults = {0};
    struct standard *s = standard_open("s", conf_open_text("s", text, sizeof text - 1, &faults), &faults);
    (void)state;
    assert_non_null(s);
    int64_t new_year = civil_ms(2021, 1, 1, 0, 0, 0);
    assert_non_null(standard_noise_limit(s, 2, POSITION_BOUNDARY, BAND_DAY, new_year - 1));
    assert_null(standard_noise_limit(s, 2, POSITION_BOUNDARY, BAND_DAY, new_year));
    standard_close(s);
}

/* ---- [rules] ----------------------------------------------------------------------------------------------------- */

static bool read_rules(const char *text, struct rules_settings *s, struct faults *faults)
{
    static struct conf *conf;
    conf_close(conf);
    conf = text ? conf_open_text("c.ini", text, strlen(text), faults) : NULL;
    return conf && rules_settings_read(conf, conf_find(conf, "rules", ""), s, faults);
}

static void test_settings(void **state)
{
    struct rules_settings s;
    struct faults faults = {0};
    (void)state;
    assert_true(read_rules("", &s, &faults));
    assert_int_equal(s.standards.count, 2);
    assert_int_equal(s.noise_window, 600000);
    assert_true(s.noise_min_coverage == 0.75 && s.fume_floor == 0.2 && s.purifier_on_current == 0.1);
    assert_int_equal(s.night_start, 22 * 60);
    assert_int_equal(s.clear_after, 2);
    assert_int_equal(s.gateway_offline_after, 180000);
    assert_int_equal(s.lookback, 90LL * 86400000);
    assert_int_equal(s.peak_margins.count, 0);
    assert_int_equal(s.calibration_interval, 366LL * 86400000);
    assert_true(read_rules("[rules]\nnight_start = 23:30\nrounding = none\nnoise_window = 1s\n", &s, &faults));
    assert_int_equal(s.night_start, 23 * 60 + 30);
    assert_int_equal(s.rounding, ROUNDING_NONE);
    static const char *const bad[] = {"night_start = 24:00", "night_start = 9:00", "night_start = 22:60",
                                      "noise_window = 0s",   "noise_window = 2h",  "noise_min_coverage = 1.1",
                                      "rounding = up",       "raise_after = 0",    "noise_windows = 10min"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[80];
        size_t before = faults.count;
        snprintf(text, sizeof text, "[rules]\n%s\n", bad[i]);
        assert_false(read_rules(text, &s, &faults));
        assert_int_equal(faults.count, before + 1);
    }
    read_rules(NULL, &s, &faults);
    faults_free(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise_limits),     cmocka_unit_test(test_fume_limits),
        cmocka_unit_test(test_cleaning_policy),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_local_standards),  cmocka_unit_test(test_margins),
        cmocka_unit_test(test_quality_of_areas), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_last_day),         cmocka_unit_test(test_settings),
    };
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
