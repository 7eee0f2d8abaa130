/* Vectors: reviutils (noisepollution/splhelper.py), recomputed with python3; the code under test gave none of them. */
#include "collector/rules/acoustics.h"
#include "common/err.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define near(a, b, most) assert_true(fabs((a) - (b)) <= (most))

static struct level_sum sum_of(const double *levels, size_t count, int64_t ms)
{
    struct level_sum s = {0};
    for (size_t i = 0; i < count; i++)
        level_add(&s, levels[i], ms, true);
    return s;
}

/* 10 lg mean(10^(L/10)) of 100, 80, 60, 40, 20 = 93.0539… */
static void test_mean_of_vector(void **state)
{
    static const double levels[] = {100, 80, 60, 40, 20};
    (void)state;
    struct level_sum s = sum_of(levels, 5, 1000);
    near(level_mean(&s), 93.0540, 5e-4);
    near(rounded(level_mean(&s), 1), 93.1, 1e-12);
    level_free(&s);
}

/* numpy.percentile(levels, [90, 50, 10]) = 67.92, 60.0, 52.08; Leq 63.9 */
static void test_percentiles_of_vector(void **state)
{
    double levels[10];
    (void)state;
    for (int i = 0; i < 10; i++)
        levels[i] = 50.1 + 2.2 * i;
    struct level_sum s = sum_of(levels, 10, 1000);
    near(level_exceeded(&s, 10), 67.9, 1e-12);
    near(level_exceeded(&s, 50), 60.0, 1e-12);
    near(level_exceeded(&s, 90), 52.1, 1e-12);
    near(rounded(level_mean(&s), 1), 63.9, 1e-12);
    level_free(&s);
}

/* Hourly Leq of a day: Ld 74.79, Ln 72.58 (python3), i.e. 75 and 73. */
static void test_day_and_night(void **state)
{
    static const double hours[] = {60, 70, 67, 76, 75, 70, 72, 78, 75, 70, 72, 78,
                                   75, 70, 72, 78, 75, 70, 72, 78, 75, 70, 72, 75};
    struct level_sum day = {0}, night = {0};
    (void)state;
    for (int h = 0; h < 24; h++)
        level_add(h >= 6 && h < 22 ? &day : &night, hours[h], 3600000, true);
    near(level_mean(&day), 74.79, 5e-3);
    near(level_mean(&night), 72.58, 5e-3);
    near(rounded(level_mean(&day), 0), 75, 1e-12);
    near(rounded(level_mean(&night), 0), 73, 1e-12);
    near(level_day_night(level_mean(&day), level_mean(&night)), 79.06, 5e-3);
    near(level_day_night(75, 73), 79.42, 5e-3); /* what rounding before would make of it */
    assert_true(isnan(level_day_night(75, NAN)));
    level_free(&day);
    level_free(&night);
}

/* statistics.stdev = 6.66 (pstdev 6.32); of 60, 60, 70, 70 for 9, 9, 1 and 1 s: variance 9, n / (n - 1) = 4 / 3. */
static void test_deviation(void **state)
{
    struct level_sum s = {0};
    (void)state;
    assert_true(isnan(level_deviation(&s)));
    level_add(&s, 50.1, 1000, true);
    assert_true(isnan(level_deviation(&s)));
    for (int i = 1; i < 10; i++)
        level_add(&s, 50.1 + 2.2 * i, 1000, true);
    near(level_deviation(&s), 6.7, 1e-12);
    level_clear(&s);
    level_add(&s, 60, 9000, true);
    level_add(&s, 60, 9000, true);
    level_add(&s, 70, 1000, true);
    level_add(&s, 70, 1000, true);
    near(level_deviation(&s), 3.5, 1e-12); /* sqrt(12) = 3.46 */
    level_clear(&s);
    for (int i = 0; i < 600; i++)
        level_add(&s, 67.4, 1000, true);
    near(level_deviation(&s), 0, 1e-12);
    level_free(&s);
}

/* Half at 60, half at 70: 10 lg((10^6 + 10^7)/2) = 67.4036… */
static void test_unequal_weights(void **state)
{
    struct level_sum s = {0};
    (void)state;
    level_add(&s, 60, 300000, true);
    level_add(&s, 70, 300000, true);
    near(level_mean(&s), 67.40362689, 1e-8);
    near(rounded(level_mean(&s), 1), 67.4, 1e-12);
    level_clear(&s);
    level_add(&s, 60, 900, true);
    level_add(&s, 80, 100, true); /* 10 lg(0.9e6 + 0.1e8) = 70.3743 */
    near(level_mean(&s), 70.3743, 5e-5);
    level_free(&s);
}

static void test_empty(void **state)
{
    struct level_sum s = {0};
    (void)state;
    assert_true(isnan(level_mean(&s)));
    assert_true(isnan(level_exceeded(&s, 50)));
    level_add(&s, 55.5, 1, true);
    near(level_exceeded(&s, 10), 55.5, 1e-12);
    near(level_exceeded(&s, 90), 55.5, 1e-12);
    level_free(&s);
}

static void test_plausible(void **state)
{
    (void)state;
    assert_true(level_plausible(0));
    assert_true(level_plausible(LEVEL_TOP_DB));
    assert_false(level_plausible(-0.1));
    assert_false(level_plausible(6553.5));
    assert_false(level_plausible(NAN));
    struct level_sum s = {0};
    level_add(&s, LEVEL_TOP_DB, 1000, true);
    level_add(&s, 0, 1000, true);
    near(level_exceeded(&s, 100), 0, 1e-12);
    near(level_exceeded(&s, 0), LEVEL_TOP_DB, 1e-12);
    level_free(&s);
}

/* GB/T 8170-2008, 3.2: half to even. */
static void test_rounding(void **state)
{
    static const struct {
        double x;
        int decimals;
        double expected;
    } rows[] = {
        {49.5, 0, 50},      {50.5, 0, 50},    {51.5, 0, 52},    {50.5000001, 0, 50},  {50.500001, 0, 51},
        {50.499999, 0, 50}, {67.25, 1, 67.2}, {67.35, 1, 67.4}, {67.349999, 1, 67.3}, {-0.5, 0, 0},
        {-1.5, 0, -2},      {-1.4, 0, -1},    {1.0005, 3, 1},   {1.0015, 3, 1.002},   {2.0004999, 3, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        near(rounded(rows[i].x, rows[i].decimals), rows[i].expected, 1e-12);
    assert_int_equal(divide_half_even(25, 10), 2);
    assert_int_equal(divide_half_even(35, 10), 4);
    assert_int_equal(divide_half_even(-25, 10), -2);
    assert_int_equal(divide_half_even(-26, 10), -3);
    assert_true(isnan(rounded(NAN, 1)));
}

/* ---- properties -------------------------------------------------------------------------------------------------- */

static double random_level(void)
{
    return 30 + (double)(random() % 900) / 10;
}

/* However a series is cut, energies and times add up to the same LAeq; levels are ordered. */
static void test_splitting_changes_nothing(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < 300; round++) {
        struct level_sum whole = {0}, parts[3] = {0};
        struct extremes all = extremes_none(), some[3] = {extremes_none(), extremes_none(), extremes_none()};
        size_t count = 1 + (size_t)random() % 200;
        for (size_t i = 0; i < count; i++) {
            double level = random_level();
            int64_t ms = 1 + random() % 2000, left = ms;
            level_add(&whole, level, ms, true);
            extremes_take(&all, level, level);
            while (left) {
                int64_t piece = 1 + random() % left;
                long part = random() % 3;
                level_add(&parts[part], level, piece, piece == left);
                extremes_take(&some[part], level, level);
                left -= piece;
            }
        }
        double energy = 0;
        int64_t ms = 0;
        struct extremes merged = extremes_none();
        for (int i = 0; i < 3; i++) {
            extremes_take(&merged, some[i].max, some[i].min);
            if (parts[i].ms)
                energy += (double)parts[i].ms * pow(10, level_mean(&parts[i]) / 10);
            ms += parts[i].ms;
        }
        assert_int_equal(ms, whole.ms);
        near(10 * log10(energy / (double)ms), level_mean(&whole), 1e-9);
        assert_true(merged.max == all.max && merged.min == all.min);
        static const double percents[] = {0, 5, 10, 50, 90, 95, 100};
        for (size_t i = 1; i < sizeof percents / sizeof *percents; i++)
            assert_true(level_exceeded(&whole, percents[i - 1]) >= level_exceeded(&whole, percents[i]));
        assert_true(level_exceeded(&whole, 0) <= all.max + 1e-9 && level_exceeded(&whole, 100) >= all.min - 1e-9);
        level_free(&whole);
        for (int i = 0; i < 3; i++)
            level_free(&parts[i]);
    }
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Equal weights: the type-7 quantile (numpy's default) of the sorted levels, computed here another way. */
static void test_percentiles_against_sorted(void **state)
{
    unsigned seed = (unsigned)time(NULL) + 1;
    double levels[300];
    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < 200; round++) {
        size_t count = 1 + (size_t)random() % 300;
        struct level_sum s = {0};
        for (size_t i = 0; i < count; i++) {
            levels[i] = random_level();
            level_add(&s, levels[i], 125, true);
        }
        qsort(levels, count, sizeof *levels, by_value);
        for (int percent = 0; percent <= 100; percent += 5) {
            double at = (1 - percent / 100.0) * (double)(count - 1);
            size_t below = (size_t)floor(at);
            size_t above = below + 1 < count ? below + 1 : below;
            double expected = levels[below] + (levels[above] - levels[below]) * (at - (double)below);
            near(level_exceeded(&s, percent), expected, 0.05 + 1e-6); /* shown with one decimal */
        }
        level_free(&s);
    }
}

static void test_pack(void **state)
{
    (void)state;
    struct level_sum s = {0}, back = {0};
    struct buf bytes = buf_growing();
    for (int i = 0; i < 50; i++)
        level_add(&s, 40 + i * 0.3, 1000 + i, true);
    struct pack writer = pack_writer(&bytes);
    level_pack(&writer, &s);
    assert_true(bytes.length < 400); /* only what lies between the lowest and the highest class */
    struct pack reader = pack_reader(bytes.data, bytes.length);
    level_pack(&reader, &back);
    assert_true(pack_done(&reader));
    assert_memory_equal(&s.energy, &back.energy, sizeof s.energy);
    assert_int_equal(s.ms, back.ms);
    assert_memory_equal(s.classes, back.classes, LEVEL_CLASSES * sizeof *s.classes);
    for (size_t cut = 0; cut < bytes.length; cut++) { /* torn at every byte: an error, never a crash */
        struct level_sum torn = {0};
        struct pack p = pack_reader(bytes.data, cut);
        level_pack(&p, &torn);
        assert_false(pack_done(&p));
        level_free(&torn);
    }
    level_free(&s);
    level_free(&back);
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_of_vector),
        cmocka_unit_test(test_percentiles_of_vector),
        cmocka_unit_test(test_day_and_night),
        cmocka_unit_test(test_deviation),
        cmocka_unit_test(test_unequal_weights),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_plausible),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_splitting_changes_nothing),
        cmocka_unit_test(test_percentiles_against_sorted),
        cmocka_unit_test(test_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
