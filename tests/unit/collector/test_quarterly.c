/* The quarterly report against figures counted by hand; instants from python's zoneinfo. */
#include "collector/audit/quarterly.h"
#include "common/civil.h"
#include "common/json.h"
#include "tests/unit/collector/rows_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-Q3, Asia/Shanghai */
#define FROM  1782835200000
#define UNTIL 1790784000000

static const struct weekly_settings q3 = {"2026-Q3", FROM, UNTIL, 0, 7 * DAY, 0, NULL, "警示函"};

static struct site a_site(const char *id, enum site_kind kind, int purifier, double days, int64_t cleaned)
{
    struct site s = row_site(id, kind, "g1", FROM - DAY);
    s.purifier = purifier;
    s.cleaning_days = days;
    s.last_cleaned_ms = cleaned;
    return s;
}

/* One club over its limit for 20 min; four caterers: three with a purifier, of which two are to be cleaned, one in
 * time; one without, whose deadline has passed. */
static struct weekly_draft *an_audit(void)
{
    struct weekly_draft *d = weekly_draft_new(&q3);
    const struct sink *to = weekly_draft_sink(d);
    struct site sites[] = {a_site("club", SITE_CLUB, NOT_GIVEN, NAN, 0),
                           a_site("cook-1", SITE_RESTAURANT, 1, 60, UNTIL - 10 * DAY),
                           a_site("cook-2", SITE_BREAKFAST, 1, 60, UNTIL - 90 * DAY),
                           a_site("cook-3", SITE_CANTEEN, 1, NAN, 0), a_site("cook-4", SITE_BARBECUE, 0, NAN, 0)};
    sites[4].install_deadline_ms = UNTIL - DAY; /* the last day of the quarter: over at its end */
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        to->site(to->ctx, &sites[i]);
    struct window_row loud = row_window("club", "n1", "noise", FROM, FROM + 20 * MIN, OUTCOME_EXCEEDS, 60, 50);
    to->window(to->ctx, &loud);
    to->usage(to->ctx, &(struct usage_row){"cook-1", FROM, DAY, 1000, 750});
    return d;
}

static void entry(const struct sink *to, const char *kind, const char *site, const char *state, int64_t at,
                  const char *body)
{
    to->entry(to->ctx,
              &(struct entry_row){.kind = kind, .site = site, .state = state, .actor = "", .at = at, .body = body});
}

static void feed(const struct sink *to)
{
    entry(to, "measurement", "club", "reviewed", FROM, "{\"quantity\":\"laeq\",\"value\":61,\"outcome\":\"exceeds\"}");
    entry(to, "measurement", "club", "new", FROM + DAY,
          "{\"quantity\":\"laeq\",\"value\":49,\"outcome\":\"compliant\"}");
    entry(to, "measurement", "cook-1", "new", FROM, "{\"quantity\":\"fume\",\"judged\":2.5,\"limit\":2}");
    entry(to, "measurement", "club", "new", FROM - 1, "{\"quantity\":\"laeq\",\"outcome\":\"exceeds\"}"); /* before */
    entry(to, "measurement", "club", "new", UNTIL, "{\"quantity\":\"laeq\",\"outcome\":\"exceeds\"}");    /* after */
    entry(to, "inspection", "cook-1", "", FROM, "{\"result\":\"ok\",\"installed\":\"yes\"}");
    entry(to, "inspection", "cook-1", "", FROM + DAY, "{\"result\":\"fault\"}");
    entry(to, "inspection", "cook-4", "", FROM + DAY, "{}");
    entry(to, "inspection", "club", "", FROM + DAY, "{\"result\":\"fault\"}"); /* no kitchen */
    entry(to, "complaint", "club", "closed", FROM, "{\"about\":\"noise\"}");
    entry(to, "complaint", "cook-1", "open", FROM, "{\"about\":\"noise\"}");
    entry(to, "complaint", "cook-1", "open", FROM, "{}"); /* of a kitchen: about fumes */
    entry(to, "complaint", "club", "open", FROM, "{\"about\":\"other\"}");
    static const struct {
        const char *family, *event, *step;
        int64_t at;
    } cases[] = {{"noise", "confirmed", "notice", FROM},      {"noise", "served", "notice", FROM},
                 {"noise", "confirmed", "warning", FROM + 1}, {"noise", "confirmed", "notice", UNTIL},
                 {"cleaning", "confirmed", "notice", FROM},   {"install", "confirmed", "notice", FROM},
                 {"purifier", "confirmed", "penalty", FROM},  {"fume", "closed", "warning", FROM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        to->case_(to->ctx, &(struct case_row){.family = cases[i].family,
                                              .site = "club",
                                              .event = cases[i].event,
                                              .step = cases[i].step,
                                              .at = cases[i].at});
}

static void counted_by_hand(void **state)
{
    (void)state;
    struct weekly_draft *audit = an_audit();
    struct quarterly_draft *d = quarterly_draft_new("2026-Q3", weekly_draft_finish(audit));
    feed(quarterly_draft_sink(d));
    quarterly_draft_meter(d, true);
    quarterly_draft_meter(d, false);
    const struct quarterly *q = quarterly_draft_finish(d);
    static const struct {
        enum figure figure;
        double value;
    } expected[] = {
        {FIGURE_NOISE_SITES, 1},
        {FIGURE_NOISE_METERS, 1},
        {FIGURE_NOISE_MEASUREMENTS, 2},
        {FIGURE_NOISE_MEASURED_SITES, 1},
        {FIGURE_NOISE_MEASURED_EXCEEDING, 1},
        {FIGURE_NOISE_EXCEEDING_SITES, 1},
        {FIGURE_NOISE_MINUTES, 20},
        {FIGURE_NOISE_NOTICES, 1},
        {FIGURE_NOISE_WARNINGS, 1},
        {FIGURE_NOISE_PENALTIES, 0},
        {FIGURE_NOISE_CLOSED, 0},
        {FIGURE_NOISE_COMPLAINTS, 2},
        {FIGURE_NOISE_COMPLAINTS_CLOSED, 1},
        {FIGURE_CATERING, 4},
        {FIGURE_RESTAURANTS, 1},
        {FIGURE_BREAKFASTS, 1},
        {FIGURE_BARBECUES, 1},
        {FIGURE_CANTEENS, 1},
        {FIGURE_INSPECTIONS, 3},
        {FIGURE_INSPECTED_SITES, 2},
        {FIGURE_INSPECTED_FAULTS, 1},
        {FIGURE_INSTALLED, 3},
        {FIGURE_INSTALLATION_RATE, 0.75},
        {FIGURE_NOT_INSTALLED, 1},
        {FIGURE_INSTALL_DEADLINES, 1},
        {FIGURE_INSTALL_OVERDUE, 1},
        {FIGURE_CLEANING_REQUIRED, 2},
        {FIGURE_CLEANED, 1},
        {FIGURE_CLEANING_RATE, 0.5},
        {FIGURE_CLEANING_OVERDUE, 1},
        {FIGURE_OPERATING_RATE, 0.75},
        {FIGURE_FUME_METERS, 1},
        {FIGURE_FUME_MEASUREMENTS, 1},
        {FIGURE_FUME_MEASURED_EXCEEDING, 1},
        {FIGURE_FUME_EXCEEDING_SITES, 0},
        {FIGURE_FUME_MINUTES, 0},
        {FIGURE_FUME_NOTICES, 2},
        {FIGURE_FUME_WARNINGS, 0},
        {FIGURE_FUME_PENALTIES, 1},
        {FIGURE_FUME_CLOSED, 1},
        {FIGURE_FUME_COMPLAINTS, 1},
        {FIGURE_FUME_COMPLAINTS_CLOSED, 0},
    };
    assert_int_equal(sizeof expected / sizeof *expected, FIGURES);
    for (size_t i = 0; i < FIGURES; i++) {
        if (!(q->values[expected[i].figure] == expected[i].value) || q->unknown[expected[i].figure])
            fail_msg("%s is %g, expected %g", figure_names[expected[i].figure], q->values[expected[i].figure],
                     expected[i].value);
    }
    struct buf out = buf_growing();
    quarterly_text(&out, q, REPORT_ZH);
    assert_non_null(strstr(out.data, "2026 年第三季度\n"));
    assert_non_null(strstr(out.data, "治理城区噪音扰民。对城区 1 家俱乐部、KTV、酒吧进行音量分贝测试，现场监测 2 次"));
    assert_non_null(strstr(out.data, "安装率达 75.0%；应定期清洗 2 家，按期清洗 1 家，清洗率达 50.0%，"));
    assert_non_null(strstr(out.data, "告知 2 起，警示函 0 起，处罚 1 起，结案 1 起。"));
    assert_non_null(strstr(out.data, "按照“一次告知、二次警示函、三次处罚”"));
    assert_null(strstr(out.data, "警告"));
    assert_null(strchr(out.data, '{'));
    assert_null(strstr(out.data, "—"));
    buf_clear(&out);
    quarterly_text(&out, q, REPORT_EN);
    assert_non_null(strstr(out.data, "a rate of 75.0%"));
    assert_null(strchr(out.data, '{'));
    buf_free(&out);
    quarterly_draft_free(d);
    weekly_draft_free(audit);
}

static void nothing_is_known(void **state)
{
    (void)state;
    struct weekly_draft *audit = weekly_draft_new(&q3);
    struct quarterly_draft *d = quarterly_draft_new("2026-Q3", weekly_draft_finish(audit));
    const struct quarterly *q = quarterly_draft_finish(d);
    struct buf out = buf_growing();
    assert_int_equal(q->unknown[FIGURE_INSTALLATION_RATE], UNKNOWN_NO_SITES);
    assert_int_equal(q->unknown[FIGURE_OPERATING_RATE], UNKNOWN_NO_USAGE);
    assert_int_equal(q->unknown[FIGURE_NOISE_MINUTES], UNKNOWN_NO_METERS);
    assert_int_equal(q->unknown[FIGURE_INSPECTIONS], UNKNOWN_NOT_ENTERED);
    quarterly_text(&out, q, REPORT_ZH);
    assert_non_null(strstr(out.data, "安装率达 —[3]"));
    assert_non_null(strstr(out.data, "[1] 系统中没有此类记录。\n[2] 没有在线监测设备。\n[3] 没有可计算的单位。\n"));
    buf_clear(&out);
    quarterly_json(&out, q);
    struct json *root = json_open(out.data, out.length, NULL);
    assert_true(json_is_null(json_member(json_member(root, "figures"), "installation_rate")));
    assert_int_equal(json_count(json_member(root, "notes")),
                     5 + 3 + 4 + 4 + 3); /* measured inspected complained metered rates */
    json_close(root);
    buf_free(&out);
    quarterly_draft_free(d);
    weekly_draft_free(audit);
}

static void quarters(void **state)
{
    (void)state;
    int64_t from, until;
    char name[8];
    assert_true(quarter_parse("2026-Q3", &from, &until));
    assert_int_equal(from, FROM);
    assert_int_equal(until, UNTIL);
    assert_true(quarter_parse("2026-Q4", &from, &until));
    assert_int_equal(until, 1798732800000); /* 2027-01-01 */
    static const char *const bad[] = {"2026-Q0", "2026-Q5", "2026Q3", "2026-Q33", "26-Q3", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(quarter_parse(bad[i], &from, &until));
    quarter_before(UNTIL, name);
    assert_string_equal(name, "2026-Q3");
    quarter_before(UNTIL - 1, name);
    assert_string_equal(name, "2026-Q2");
    quarter_before(1798732800000, name);
    assert_string_equal(name, "2026-Q4");
    quarter_before(1798732800000 + 80 * DAY, name);
    assert_string_equal(name, "2026-Q4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_by_hand),
        cmocka_unit_test(nothing_is_known),
        cmocka_unit_test(quarters),
    };
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
