/* Gateways of which the week has not all come: behind while they are heard, silent when they are offline.  Instants
 * from python's zoneinfo. */
#include "collector/audit/weekly.h"
#include "tests/unit/collector/rows_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* 2026-W47, Asia/Shanghai */
#define FROM  1794758400000
#define UNTIL 1795363200000
#define HOUR  3600000LL

static const struct weekly_settings w47 = {.week = "2026-W47", .from = FROM, .until = UNTIL, .revision = 1};

static struct weekly_draft *a_draft(int64_t registered)
{
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct site s = row_site("club", SITE_RESTAURANT, "g1", registered);
    s.gateway_count = 2;
    strcpy(s.gateways[0], "gw-1");
    strcpy(s.gateways[1], "gw-2");
    weekly_draft_sink(d)->site(d, &s);
    return d;
}

static void take_gateway(struct weekly_draft *d, const char *gateway, int64_t newest_ts)
{
    const struct gateway_row row = {
        .gateway = gateway, .district = "yudu", .epoch = "e", .newest_ts = newest_ts, .heard_ms = newest_ts};
    weekly_draft_sink(d)->gateway(d, &row);
}

static void take_flag(struct weekly_draft *d, enum flag_kind kind, const char *gateway, const char *state)
{
    const struct flag_row row = {.flag = kind, .gateway = gateway, .state = state, .since = FROM};
    weekly_draft_sink(d)->flag(d, &row);
}

static void take_device(struct weekly_draft *d, const char *site, const char *device, const char *gateway)
{
    const struct device_row row = {.site = site, .device = device, .gateway = gateway};
    weekly_draft_sink(d)->device(d, &row);
}

static void behind_or_silent(void **state)
{
    (void)state;
    static const struct {
        const char *gateway, *flag_state;
        enum flag_kind flag;
        int64_t newest;
        size_t behind, silent;
    } cases[] = {
        {"gw-1", "", FLAG_GATEWAY_OFFLINE, UNTIL, 0, 0},           /* the week has come */
        {"gw-1", "", FLAG_GATEWAY_OFFLINE, UNTIL - 1, 1, 0},       /* it is heard, and lags */
        {"gw-1", "raised", FLAG_GATEWAY_OFFLINE, UNTIL - 1, 0, 1}, /* dead */
        {"gw-1", "raised", FLAG_GATEWAY_OFFLINE, UNTIL, 0, 0},     /* dead since the week was over */
        {"gw-1", "cleared", FLAG_GATEWAY_OFFLINE, FROM, 1, 0},     /* it is back, and sends what it held */
        {"gw-1", "raised", FLAG_DEVICE_SILENT, FROM, 1, 0},        /* that is one of its meters */
        {"gw-3", "", FLAG_GATEWAY_OFFLINE, FROM, 0, 0},            /* no site lists it */
        {"gw-3", "raised", FLAG_GATEWAY_OFFLINE, FROM, 0, 0},      /**/
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weekly_draft *d = a_draft(FROM);
        take_flag(d, cases[i].flag, cases[i].gateway, cases[i].flag_state);
        take_gateway(d, cases[i].gateway, cases[i].newest);
        assert_int_equal(weekly_draft_behind(d), cases[i].behind > 0);
        const struct weekly *w = weekly_draft_finish(d);
        assert_int_equal(w->behind_count, cases[i].behind);
        assert_int_equal(w->silent_count, cases[i].silent);
        weekly_draft_free(d);
    }
}

/* From the end of the stream to the week's end, for each of its meters. */
static void what_a_silent_gateway_leaves_out(void **state)
{
    (void)state;
    static const struct {
        int64_t registered, newest, from;
    } cases[] = {
        {FROM, FROM + 30 * HOUR, FROM + 30 * HOUR},
        {FROM - 100 * HOUR, FROM - 30 * HOUR, FROM},
        {FROM + 50 * HOUR, FROM + 30 * HOUR, FROM + 50 * HOUR}, /* nobody waited for it before */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weekly_draft *d = a_draft(cases[i].registered);
        take_device(d, "club", "noise-2", "gw-1");
        take_device(d, "club", "noise-1", "gw-1");
        take_device(d, "club", "noise-3", "gw-2"); /* that one is behind */
        take_device(d, "nobody", "noise", "gw-1"); /* in no register */
        take_gateway(d, "gw-2", cases[i].newest);
        take_gateway(d, "gw-1", cases[i].newest);
        take_flag(d, FLAG_GATEWAY_OFFLINE, "gw-1", "raised");
        const struct weekly *w = weekly_draft_finish(d);
        assert_string_equal(w->behind[0].gateway, "gw-2");
        assert_string_equal(w->silent[0].gateway, "gw-1");
        assert_int_equal(w->sites[0].missing_count, 2);
        const struct weekly_missing *m = w->sites[0].missing;
        assert_string_equal(m[0].device, "noise-1");
        assert_string_equal(m[1].device, "noise-2");
        assert_string_equal(m[0].reason, "gateway-offline");
        assert_int_equal(m[0].from, cases[i].from);
        assert_int_equal(m[0].to, UNTIL);
        weekly_draft_free(d);
    }
}

static void it_is_said(void **state)
{
    (void)state;
    struct weekly_draft *d = a_draft(FROM);
    struct buf json = buf_growing();
    take_gateway(d, "gw-2", FROM);
    take_gateway(d, "gw-1", FROM);
    take_flag(d, FLAG_GATEWAY_OFFLINE, "gw-1", "raised");
    weekly_summary(&json, weekly_draft_finish(d));
    assert_non_null(strstr(json.data, "{\"behind\":[\"gw-2\"],\"silent\":[\"gw-1\"],"));
    buf_free(&json);
    weekly_draft_free(d);
}

/* Closed within the week: what was measured until then stands, and it counts in no rate. */
static void a_site_that_was_closed(void **state)
{
    (void)state;
    static const struct {
        int64_t closed;
        size_t listed, counted;
        int64_t judged, expected;
    } cases[] = {
        {FROM - HOUR, 0, 0, 0, 0},
        {FROM, 0, 0, 0, 0},
        {FROM + 2 * HOUR, 1, 0, 2 * HOUR, 2 * HOUR}, /* in the midst of the second window */
        {UNTIL - HOUR, 1, 0, 5 * HOUR, 167 * HOUR},
        {UNTIL + HOUR, 1, 1, 5 * HOUR, 168 * HOUR}, /* in time */
        {0, 1, 1, 5 * HOUR, 168 * HOUR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weekly_draft *d = weekly_draft_new(&w47);
        struct site s = row_site("club", SITE_RESTAURANT, "g1", FROM - 100 * HOUR);
        s.purifier = 1;
        s.cleaning_days = 1;
        s.closed_ms = cases[i].closed;
        weekly_draft_sink(d)->site(d, &s);
        weekly_draft_meter(d, "club", FROM - 10 * HOUR);
        for (int64_t from = FROM - HOUR; from < FROM + 4 * HOUR; from += 2 * HOUR) {
            struct window_row w = row_window("club", "n", "noise", from, from + 2 * HOUR, OUTCOME_EXCEEDS, 60, 50);
            weekly_draft_sink(d)->window(d, &w);
        }
        const struct weekly *out = weekly_draft_finish(d);
        assert_int_equal(out->site_count, cases[i].listed);
        assert_int_equal(out->totals.sites, cases[i].counted);
        assert_int_equal(out->totals.catering, cases[i].counted);
        assert_int_equal(out->totals.overdue, cases[i].counted);
        assert_int_equal(out->totals.judged_ms, cases[i].judged);
        assert_int_equal(out->totals.noise_ms, cases[i].judged);
        assert_int_equal(out->totals.expected_ms, cases[i].expected);
        weekly_draft_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_or_silent),
        cmocka_unit_test(what_a_silent_gateway_leaves_out),
        cmocka_unit_test(it_is_said),
        cmocka_unit_test(a_site_that_was_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
