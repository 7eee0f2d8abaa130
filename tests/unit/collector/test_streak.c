#include "collector/rules/streak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* One letter per window: x exceeds, . complies, ? not judged.  Answered by one letter each: R raised, C cleared, -
 * same. */
static void expect(const char *windows, int raise_after, int clear_after, const char *changes)
{
    static const char letters[] = {[STREAK_SAME] = '-', [STREAK_RAISED] = 'R', [STREAK_CLEARED] = 'C'};
    struct streak s = {0};
    for (size_t i = 0; windows[i]; i++) {
        enum outcome o = windows[i] == 'x'   ? OUTCOME_EXCEEDS
                         : windows[i] == '.' ? OUTCOME_COMPLIANT
                                             : OUTCOME_NOT_JUDGED;
        enum streak_change c = streak_window(&s, o, 100 + (int64_t)i, raise_after, clear_after);
        if (letters[c] != changes[i])
            fail_msg("%s: window %zu gave %c", windows, i, letters[c]);
    }
}

static void test_changes(void **state)
{
    (void)state;
    expect("x..x", 1, 2, "R-CR");
    expect("x.x..", 1, 2, "R---C");
    expect("xx.xx", 3, 1, "-----");
    expect("xxx.", 3, 1, "--RC");
    expect("x?x?x", 3, 1, "----R"); /* not judged: neither counts nor breaks */
    expect("x?.?.", 1, 2, "R---C");
    expect("?...?", 1, 1, "-----");
    expect("xxxx", 1, 1, "R---");
}

static void test_begin_and_end(void **state)
{
    struct streak s = {0};
    (void)state;
    streak_window(&s, OUTCOME_EXCEEDS, 10, 2, 2);
    streak_window(&s, OUTCOME_NOT_JUDGED, 20, 2, 2);
    assert_int_equal(streak_window(&s, OUTCOME_EXCEEDS, 30, 2, 2), STREAK_RAISED);
    assert_int_equal(s.first_exceeding, 10);
    streak_window(&s, OUTCOME_COMPLIANT, 40, 2, 2);
    streak_window(&s, OUTCOME_EXCEEDS, 50, 2, 2);
    streak_window(&s, OUTCOME_COMPLIANT, 60, 2, 2);
    streak_window(&s, OUTCOME_NOT_JUDGED, 70, 2, 2);
    assert_int_equal(streak_window(&s, OUTCOME_COMPLIANT, 80, 2, 2), STREAK_CLEARED);
    assert_int_equal(s.first_compliant, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_begin_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
