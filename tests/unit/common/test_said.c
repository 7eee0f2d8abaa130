#include "common/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void each_cause_is_said_once(void **state)
{
    (void)state;
    struct said s = {0};
    assert_true(said_first(&s, "refused"));
    assert_true(said_first(&s, "lost"));
    assert_false(said_first(&s, "refused"));
    assert_false(said_first(&s, "lost"));
    said_clear(&s);
    assert_true(said_first(&s, "refused"));
}

static void a_long_one_is_known_by_its_beginning(void **state)
{
    (void)state;
    struct said s = {0};
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_true(said_first(&s, text));
    assert_false(said_first(&s, text));
    assert_int_equal(strlen(s.words[0]), SAID_LENGTH - 1);
}

static void too_many_are_silent(void **state)
{
    (void)state;
    struct said s = {0};
    char text[] = "cause 0";
    for (int i = 0; i < SAID_KEPT; i++, text[6]++)
        assert_true(said_first(&s, text));
    assert_false(said_first(&s, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_cause_is_said_once),
                                       cmocka_unit_test(a_long_one_is_known_by_its_beginning),
                                       cmocka_unit_test(too_many_are_silent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
