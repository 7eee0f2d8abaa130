/* Windows on the civil clock.  Expected edges are written out by hand. */
#include "collector/rules/window.h"
#include "common/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000, TEN_AT_NIGHT = 22 * 60 };

static int64_t at(int hour, int minute, int second) /* 2026-03-02 */
{
    return civil_ms(2026, 3, 2, hour, minute, second);
}

static bool window_is_night(int64_t ms, int night_start)
{
    return window_at(ms, MINUTE, night_start).night;
}

static void expect(int64_t ms, int64_t minutes, int night_start, int64_t from, int64_t to, bool night)
{
    struct window w = window_at(ms, minutes * MINUTE, night_start);
    assert_int_equal(w.from, from);
    assert_int_equal(w.to, to);
    assert_int_equal(w.night, night);
}

static void test_bands(void **state)
{
    (void)state;
    assert_true(window_is_night(at(5, 59, 59) + 999, TEN_AT_NIGHT));
    assert_false(window_is_night(at(6, 0, 0), TEN_AT_NIGHT));
    assert_false(window_is_night(at(21, 59, 59) + 999, TEN_AT_NIGHT));
    assert_true(window_is_night(at(22, 0, 0), TEN_AT_NIGHT));
    assert_true(window_is_night(at(0, 0, 0), TEN_AT_NIGHT));
    /* a night from 00:30 to 08:30: it does not reach over midnight */
    assert_false(window_is_night(at(0, 29, 59), 30));
    assert_true(window_is_night(at(0, 30, 0), 30));
    assert_true(window_is_night(at(8, 29, 59), 30));
    assert_false(window_is_night(at(8, 30, 0), 30));
    assert_false(window_is_night(at(23, 59, 0), 30));
    /* from 16:00 to midnight: it ends where the day does */
    assert_true(window_is_night(at(23, 59, 59), 16 * 60));
    assert_false(window_is_night(at(0, 0, 0), 16 * 60));
    assert_true(window_is_night(at(16, 0, 0), 16 * 60));
}

static void expect_band(int64_t ms, int night_start, int64_t from, int64_t to, bool night)
{
    struct window w = window_band(ms, night_start);
    assert_int_equal(w.from, from);
    assert_int_equal(w.to, to);
    assert_int_equal(w.night, night);
}

static void test_bands_of_a_day(void **state)
{
    (void)state;
    expect_band(at(3, 0, 0), TEN_AT_NIGHT, at(0, 0, 0), at(6, 0, 0), true);
    expect_band(at(6, 0, 0), TEN_AT_NIGHT, at(6, 0, 0), at(22, 0, 0), false);
    expect_band(at(22, 0, 0), TEN_AT_NIGHT, at(22, 0, 0), at(24, 0, 0), true);
    expect_band(at(0, 0, 0), 30, at(0, 0, 0), at(0, 30, 0), false);
    expect_band(at(23, 0, 0), 16 * 60, at(16, 0, 0), at(24, 0, 0), true);
    expect_band(at(1, 0, 0), 16 * 60, at(0, 0, 0), at(16, 0, 0), false);
}

static void test_ten_minutes(void **state)
{
    (void)state;
    expect(at(0, 0, 0), 10, TEN_AT_NIGHT, at(0, 0, 0), at(0, 10, 0), true);
    expect(at(5, 59, 59), 10, TEN_AT_NIGHT, at(5, 50, 0), at(6, 0, 0), true);
    expect(at(6, 0, 0), 10, TEN_AT_NIGHT, at(6, 0, 0), at(6, 10, 0), false);
    expect(at(23, 59, 59), 10, TEN_AT_NIGHT, at(23, 50, 0), at(24, 0, 0), true);
    expect(at(13, 37, 0), 60, TEN_AT_NIGHT, at(13, 0, 0), at(14, 0, 0), false);
}

/* 7 min: 06:00 is 51 windows and 3 min after midnight, less than half a window: they join the one before; the window
 * after the edge has 4 min, which is more than half. */
static void test_edge_within_a_window(void **state)
{
    (void)state;
    expect(at(5, 58, 0), 7, TEN_AT_NIGHT, at(5, 50, 0), at(6, 0, 0), true);
    expect(at(5, 51, 0), 7, TEN_AT_NIGHT, at(5, 50, 0), at(6, 0, 0), true);
    expect(at(6, 0, 0), 7, TEN_AT_NIGHT, at(6, 0, 0), at(6, 4, 0), false);
    expect(at(6, 4, 0), 7, TEN_AT_NIGHT, at(6, 4, 0), at(6, 11, 0), false);
    /* 23:55 to midnight: 5 min of 7 stand alone */
    expect(at(23, 56, 0), 7, TEN_AT_NIGHT, at(23, 55, 0), at(24, 0, 0), true);
}

/* 8 min, night from 22:02: 22:00 to 22:02 is day and joins 21:52; 22:02 to 22:08 is 6 of 8. */
static void test_piece_before_an_edge(void **state)
{
    int night = 22 * 60 + 2;
    (void)state;
    expect(at(22, 1, 0), 8, night, at(21, 52, 0), at(22, 2, 0), false);
    expect(at(22, 2, 0), 8, night, at(22, 2, 0), at(22, 8, 0), true);
}

/* One hour, night from 23:50: the last ten minutes before midnight have no neighbour of the night before them. */
static void test_piece_after_an_edge(void **state)
{
    int night = 23 * 60 + 50;
    (void)state;
    expect(at(23, 49, 0), 60, night, at(23, 0, 0), at(23, 50, 0), false);
    expect(at(23, 50, 0), 60, night, at(23, 50, 0), at(25, 0, 0), true);
    expect(at(24, 30, 0), 60, night, at(23, 50, 0), at(25, 0, 0), true);
    expect(at(25, 0, 0), 60, night, at(25, 0, 0), at(26, 0, 0), true);
}

/* 50 min: 24 h are 28 windows and 40 min. */
static void test_rest_of_the_day(void **state)
{
    (void)state;
    expect(at(23, 30, 0), 50, NO_BANDS, at(23, 20, 0), at(24, 0, 0), false);
    /* 55 min: 26 windows and 10 min, which join the one before */
    expect(at(23, 55, 0), 55, NO_BANDS, at(22, 55, 0), at(24, 0, 0), false);
    expect(at(24, 0, 0), 55, NO_BANDS, at(24, 0, 0), at(24, 55, 0), false);
}

/* Whatever the length and the night, windows follow each other without hole or overlap, lie in one band and have half
 * to two and a half of the length. */
static void test_tiling(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < 60; round++) {
        int night = (int)(random() % 1440);
        int64_t length = 1000 * (20 + random() % 3580), end = at(48, 0, 0);
        struct window before = window_at(at(0, 0, 0), length, night);
        while (before.to < end) {
            struct window w = window_at(before.to, length, night);
            int64_t inside = w.from + random() % (w.to - w.from);
            struct window same = window_at(inside, length, night);
            assert_int_equal(w.from, before.to);
            assert_int_equal(same.from, w.from);
            assert_int_equal(same.to, w.to);
            assert_true(2 * (w.to - w.from) >= length);
            assert_true(2 * (w.to - w.from) < 5 * length);
            assert_int_equal(window_is_night(w.from, night), w.night);
            assert_int_equal(window_is_night(w.to - 1, night), w.night);
            before = w;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bands),
        cmocka_unit_test(test_bands_of_a_day),
        cmocka_unit_test(test_ten_minutes),
        cmocka_unit_test(test_edge_within_a_window),
        cmocka_unit_test(test_piece_before_an_edge),
        cmocka_unit_test(test_piece_after_an_edge),
        cmocka_unit_test(test_rest_of_the_day),
        cmocka_unit_test(test_tiling),
    };
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
