/* When the oldest segment may go: what makes it due, what holds it, and that a wrong clock alone deletes nothing. */
#include "collector/retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)
#define NOW (1800000000000)

static const struct retention_rule usual = {.max_bytes = 1000, .max_age_ms = 1830 * DAY, .min_age_ms = 1827 * DAY};
static const struct retention_rule no_law = {.max_bytes = 1000, .max_age_ms = 30 * DAY};

/* A segment up to record 10 that ended so many days ago; the rules are past it. */
static struct retention_view view(int64_t days, int64_t bytes)
{
    return (struct retention_view){
        .last = 10, .until_ms = NOW - days * DAY, .bytes = bytes, .now_ms = NOW, .rules_at = 10};
}

static enum retention judged(const struct retention_rule *rule, const struct retention_view *v)
{
    int64_t since = 0;
    retention_judge(rule, v, 1, &since);
    return retention_judge(rule, v, 1 + DAY, &since); /* what is due by the clock has been so for a day */
}

static void within_its_limits_nothing_goes(void **state)
{
    (void)state;
    struct retention_view v = view(1829, 1000);
    assert_int_equal(judged(&usual, &v), RETENTION_KEEPS);
    v.rules_at = 0;
    assert_int_equal(judged(&usual, &v), RETENTION_KEEPS);
}

static void what_is_too_old_goes(void **state)
{
    (void)state;
    struct retention_view v = view(1831, 10);
    assert_int_equal(judged(&usual, &v), RETENTION_GOES);
    v.until_ms = NOW - 1830 * DAY; /* not older than that */
    assert_int_equal(judged(&usual, &v), RETENTION_KEEPS);
}

static void a_journal_too_large_goes_by_the_law_first(void **state)
{
    (void)state;
    struct retention_view v = view(1827, 1001);
    assert_int_equal(judged(&usual, &v), RETENTION_LAW);
    v = view(1828, 1001);
    assert_int_equal(judged(&usual, &v), RETENTION_GOES);
    v = view(0, 1001);
    assert_int_equal(judged(&no_law, &v), RETENTION_GOES);
    v.until_ms = 0; /* at a time not known: perhaps yesterday */
    assert_int_equal(judged(&usual, &v), RETENTION_LAW);
}

static void no_limit_of_bytes_is_none(void **state)
{
    (void)state;
    const struct retention_rule endless = {.max_age_ms = 1830 * DAY, .min_age_ms = 1827 * DAY};
    struct retention_view v = view(1828, INT64_MAX);
    assert_int_equal(judged(&endless, &v), RETENTION_KEEPS);
}

static void the_rules_are_never_overtaken(void **state)
{
    (void)state;
    struct retention_view v = view(1831, 1001);
    v.rules_at = 9;
    assert_int_equal(judged(&usual, &v), RETENTION_RULES);
    v.rules_at = 10;
    assert_int_equal(judged(&usual, &v), RETENTION_GOES);
}

static void an_open_case_keeps_the_day_before_it_too(void **state)
{
    (void)state;
    struct retention_view v = view(1831, 10);
    v.case_since_ms = v.until_ms + DAY - 1;
    assert_int_equal(judged(&usual, &v), RETENTION_CASE);
    v.case_since_ms = v.until_ms + DAY;
    assert_int_equal(judged(&usual, &v), RETENTION_GOES);
    v.case_since_ms = 1; /* since ever */
    assert_int_equal(judged(&usual, &v), RETENTION_CASE);
}

static void a_clock_that_jumps_ahead_deletes_nothing_within_a_day(void **state)
{
    (void)state;
    int64_t since = 0, hour = DAY / 24;
    struct retention_view v = view(1831, 10);
    for (int h = 0; h < 24; h++)
        assert_int_equal(retention_judge(&usual, &v, 1 + h * hour, &since), RETENTION_WAITS);
    assert_int_equal(retention_judge(&usual, &v, 1 + 24 * hour, &since), RETENTION_GOES);

    since = 0; /* set right again in between: it begins anew */
    struct retention_view right = view(10, 10);
    assert_int_equal(retention_judge(&usual, &v, 1, &since), RETENTION_WAITS);
    assert_int_equal(retention_judge(&usual, &right, 1 + hour, &since), RETENTION_KEEPS);
    assert_int_equal(retention_judge(&usual, &v, 1 + 24 * hour, &since), RETENTION_WAITS);

    since = 0; /* by bytes, but the law's age is by the clock */
    v = view(1828, 1001);
    assert_int_equal(retention_judge(&usual, &v, 1, &since), RETENTION_WAITS);
    since = 0; /* by bytes alone */
    v = view(0, 1001);
    assert_int_equal(retention_judge(&no_law, &v, 1, &since), RETENTION_GOES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_its_limits_nothing_goes),
        cmocka_unit_test(what_is_too_old_goes),
        cmocka_unit_test(a_journal_too_large_goes_by_the_law_first),
        cmocka_unit_test(no_limit_of_bytes_is_none),
        cmocka_unit_test(the_rules_are_never_overtaken),
        cmocka_unit_test(an_open_case_keeps_the_day_before_it_too),
        cmocka_unit_test(a_clock_that_jumps_ahead_deletes_nothing_within_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
