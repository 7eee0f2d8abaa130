/* The scenario language of a history: spans, instants and values, at instants worked out by hand.
 * 2025-09-01 is a Monday (cal 9 2025). */
#include "common/civil.h"
#include "tests/sim/course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

static struct calendar cal;

static int setup(void **state)
{
    (void)state;
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return -1;
    cal.from_ms = civil_ms(2025, 9, 1, 0, 0, 0);
    return 0;
}

static bool holds(const char *spans, int month, int day, int hour, int minute)
{
    struct spans s;
    struct fault f = {0};
    struct when when = calendar_when(&cal, civil_ms(2025, month, day, hour, minute, 0));
    if (spans_parse(&cal, &s, spans, &f) != 0)
        fail_msg("%s: %s", spans, f.text);
    return spans_contain(&s, &when);
}

static void a_span_over_midnight_belongs_to_the_day_it_begins_on(void **state)
{
    static const char text[] = "sa 22:30-01:30";
    (void)state;
    assert_false(holds(text, 9, 6, 22, 29)); /* Saturday */
    assert_true(holds(text, 9, 6, 22, 30));
    assert_true(holds(text, 9, 7, 1, 29)); /* Sunday */
    assert_false(holds(text, 9, 7, 1, 30));
    assert_false(holds(text, 9, 7, 22, 30));
    assert_false(holds(text, 9, 6, 1, 0));                /* that was Friday's night */
    assert_true(holds("w1 su 23:00-01:00", 9, 8, 0, 30)); /* begun on the last day of the week */
    assert_false(holds("w1 su 23:00-01:00", 9, 15, 0, 30));
}

static void days_are_counted_dated_and_named(void **state)
{
    (void)state;
    assert_true(holds("d3..d9", 9, 3, 0, 0));
    assert_true(holds("d3..d9", 9, 9, 23, 59));
    assert_false(holds("d3..d9", 9, 2, 23, 59));
    assert_false(holds("d3..d9", 9, 10, 0, 0));
    assert_true(holds("w5..w8", 9, 29, 0, 0)); /* four weeks of seven days after the 1st */
    assert_false(holds("w5..w8", 9, 28, 23, 59));
    assert_true(holds("w5..w8", 10, 26, 12, 0));
    assert_false(holds("w5..w8", 10, 27, 0, 0));
    assert_true(holds("2025-10-05..2025-11-01 18:00-20:00", 11, 1, 19, 0));
    assert_false(holds("2025-10-05..2025-11-01 18:00-20:00", 11, 2, 19, 0));
    assert_true(holds("sa-mo", 9, 1, 12, 0)); /* wraps */
    assert_false(holds("sa-mo", 9, 2, 12, 0));
    assert_true(holds("10:00-11:00, 18:00-24:00", 9, 2, 23, 59));
    assert_false(holds("10:00-11:00, 18:00-24:00", 9, 3, 0, 0));
}

static void what_is_no_span_is_refused(void **state)
{
    static const char *const texts[] = {"",       ",",          "25:00-01:30", "18:00-20:60", "18:00", "xx",
                                        "d9..d3", "2025-13-01", "24:00-02:00", "mo-xx",       "d0",    "18:00-20:00 sa",
                                        "sa sa",  "18:0-20:00", "d3..",        "2025-9-1",    "w2..d2"};
    struct spans s;
    struct fault f;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (spans_parse(&cal, &s, texts[i], &f) == 0)
            fail_msg("taken: %s", texts[i]);
    assert_int_equal(spans_parse(&cal, &s, "w1..d9", &f), 0);
}

static void instants(void **state)
{
    int64_t ms;
    struct fault f;
    char date[11];
    (void)state;
    assert_int_equal(calendar_instant(&cal, "d3 09:30", &ms, &f), 0);
    assert_int_equal(ms, civil_ms(2025, 9, 3, 9, 30, 0));
    assert_int_equal(calendar_instant(&cal, "2025-10-02 18:00", &ms, &f), 0);
    assert_int_equal(ms, civil_ms(2025, 10, 2, 18, 0, 0));
    assert_int_equal(calendar_instant(&cal, "w2", &ms, &f), 0);
    assert_int_equal(ms, civil_ms(2025, 9, 8, 0, 0, 0));
    assert_int_equal(calendar_instant(&cal, "18:00", &ms, &f), ERR_SYNTAX);
    assert_int_equal(calendar_instant(&cal, "d3 9:30", &ms, &f), ERR_SYNTAX);
    int day;
    assert_true(calendar_day(&cal, "d-20", &day));
    calendar_date(&cal, day, date);
    assert_string_equal(date, "2025-08-12"); /* 1 September less 20 days: 31 August is d-1, 12 August d-20 */
}

/* ---- values ---- */

static struct times dinner = {.name = "dinner"};

static double value_at(struct course *c, int64_t at)
{
    double value = -1;
    struct course_moment m = {.when = calendar_when(&cal, at),
                              .since_start_ms = at - cal.from_ms,
                              .since_midnight_ms = at - civil_midnight(at, 0),
                              .interval_ms = HOUR};
    assert_true(course_value(c, &m, &value));
    return value;
}

static struct course parsed(const char *text)
{
    struct course c = {.seed = 7};
    struct fault f = {0};
    struct course_words words = {&cal, &dinner, 1};
    assert_int_equal(spans_parse(&cal, &dinner.at, "17:00-21:00", NULL), 0);
    assert_int_equal(spans_parse(&cal, &dinner.except, "d2", NULL), 0);
    if (course_parse(&c, &words, text, &f) != 0)
        fail_msg("%s: %s", text, f.text);
    return c;
}

static void the_last_clause_that_holds_counts(void **state)
{
    struct course c = parsed("0, dinner = 1, w1 18:00-20:00 = 5, d3 = -2.5");
    (void)state;
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 16, 0, 0)) == 0);
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 17, 0, 0)) == 1);
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 18, 0, 0)) == 5);
    assert_true(value_at(&c, civil_ms(2025, 9, 2, 17, 0, 0)) == 0); /* d2 is excepted */
    assert_true(value_at(&c, civil_ms(2025, 9, 3, 18, 0, 0)) == -2.5);
    assert_true(value_at(&c, civil_ms(2025, 9, 8, 18, 0, 0)) == 1);
}

static void what_grows_falls_with_a_cleaning(void **state)
{
    struct course c = parsed("0, dinner = 140+0.5/h");
    (void)state;
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 17, 0, 0)) == 140);
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 18, 0, 0)) == 140.5);
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 22, 0, 0)) == 0); /* only the hours in which it holds count */
    assert_true(value_at(&c, civil_ms(2025, 9, 3, 17, 0, 0)) == 141);
    course_cleaned(&c);
    assert_true(value_at(&c, civil_ms(2025, 9, 3, 18, 0, 0)) == 140);
    c = parsed("0, dinner = 7900-4/h");
    value_at(&c, civil_ms(2025, 9, 1, 17, 0, 0));
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 18, 0, 0)) == 7896);
}

static void the_base_is_what_a_live_meter_says(void **state)
{
    struct course c = parsed("06:00=48 22:00=70, dinner = 55~2"), same = c;
    double low = 99, high = 0, level;
    (void)state;
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 5, 59, 0)) == 70);
    assert_true(value_at(&c, civil_ms(2025, 9, 1, 6, 0, 0)) == 48);
    value_at(&same, civil_ms(2025, 9, 1, 5, 59, 0));
    value_at(&same, civil_ms(2025, 9, 1, 6, 0, 0));
    for (int i = 0; i < 200; i++) {
        level = value_at(&c, civil_ms(2025, 9, 1, 17, 0, i));
        assert_true(level == value_at(&same, civil_ms(2025, 9, 1, 17, 0, i))); /* the same seed draws the same */
        low = level < low ? level : low;
        high = level > high ? level : high;
    }
    assert_true(low >= 53 && low < 54 && high <= 57 && high > 56);
}

static void what_is_no_value_is_refused(void **state)
{
    static const char *const texts[] = {"",          "loud",         "45, dinner",         "45, lunch = 3",
                                        "45, sa = ", "45, sa = 3/h", "45, sa = 3+x/h",     "45, sa = 3+1/hour",
                                        "45,",       "45, = 3",      "45, 25:00-26:00 = 3"};
    struct course c = {0};
    struct fault f;
    struct course_words words = {&cal, &dinner, 1};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (course_parse(&c, &words, texts[i], &f) == 0)
            fail_msg("taken: %s", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_span_over_midnight_belongs_to_the_day_it_begins_on),
                                       cmocka_unit_test(days_are_counted_dated_and_named),
                                       cmocka_unit_test(what_is_no_span_is_refused),
                                       cmocka_unit_test(instants),
                                       cmocka_unit_test(the_last_clause_that_holds_counts),
                                       cmocka_unit_test(what_grows_falls_with_a_cleaning),
                                       cmocka_unit_test(the_base_is_what_a_live_meter_says),
                                       cmocka_unit_test(what_is_no_value_is_refused)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
