/* The civil day: in a zone without and in zones with changes of the clocks.  Expected values: Python's zoneinfo. */
#include "common/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct expected {
    const char *zone;
    int64_t ms;
    struct civil civil;
    int64_t midnight, next;
};

static const struct expected table[] = {
    {"Asia/Shanghai", 1756656000000, {2025, 9, 1, 0, 0, 0, 1}, 1756656000000, 1756742400000},
    {"Asia/Shanghai", 1756655999999, {2025, 8, 31, 23, 59, 59, 7}, 1756569600000, 1756656000000},
    {"Asia/Shanghai", 1756742399999, {2025, 9, 1, 23, 59, 59, 1}, 1756656000000, 1756742400000},
    {"Asia/Shanghai", 1756699506007, {2025, 9, 1, 12, 5, 6, 1}, 1756656000000, 1756742400000},
    {"Asia/Shanghai", -43200000, {1969, 12, 31, 20, 0, 0, 3}, -115200000, -28800000},
    {"Europe/Berlin", 1743296399000, {2025, 3, 30, 1, 59, 59, 7}, 1743289200000, 1743372000000},
    {"Europe/Berlin", 1743296400000, {2025, 3, 30, 3, 0, 0, 7}, 1743289200000, 1743372000000},
    {"Europe/Berlin", 1743371999999, {2025, 3, 30, 23, 59, 59, 7}, 1743289200000, 1743372000000},
    {"Europe/Berlin", 1761438600000, {2025, 10, 26, 2, 30, 0, 7}, 1761429600000, 1761519600000},
    {"Europe/Berlin", 1761442200000, {2025, 10, 26, 2, 30, 0, 7}, 1761429600000, 1761519600000},
    {"Europe/Berlin", 1761519599000, {2025, 10, 26, 23, 59, 59, 7}, 1761429600000, 1761519600000},
    {"Europe/Berlin", 1761566400000, {2025, 10, 27, 13, 0, 0, 1}, 1761519600000, 1761606000000},
};

static void check(const struct expected *e)
{
    struct civil c = civil_of(e->ms);
    assert_int_equal(c.year, e->civil.year);
    assert_int_equal(c.month, e->civil.month);
    assert_int_equal(c.day, e->civil.day);
    assert_int_equal(c.hour, e->civil.hour);
    assert_int_equal(c.minute, e->civil.minute);
    assert_int_equal(c.second, e->civil.second);
    assert_int_equal(c.weekday, e->civil.weekday);
    assert_int_equal(civil_midnight(e->ms, 0), e->midnight);
    assert_int_equal(civil_midnight(e->ms, 1), e->next);
}

/* Each moment after each other one, so that no day that was asked for before stands in its way. */
static void days_and_times_do_not_depend_on_what_was_asked_before(void **state)
{
    enum { COUNT = sizeof table / sizeof *table };
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < COUNT; k++) {
            assert_int_equal(civil_zone(table[i].zone, NULL), 0);
            check(&table[i]);
            if (table[k].zone != table[i].zone)
                assert_int_equal(civil_zone(table[k].zone, NULL), 0);
            check(&table[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_times_do_not_depend_on_what_was_asked_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
