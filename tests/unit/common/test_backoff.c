#include "common/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void it_doubles_and_stops(void **state)
{
    (void)state;
    static const int64_t middle[] = {1000, 2000, 4000, 5000, 5000};
    struct backoff b = {.first_ms = 1000, .most_ms = 5000};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(backoff_wait_ms(&b, UINT32_MAX / 2 + 1), middle[i]);
        backoff_reset(&b);
    }
}

static void it_is_jittered_by_a_quarter(void **state)
{
    (void)state;
    struct backoff low = {.first_ms = 1000, .most_ms = 1000}, high = low;
    assert_int_equal(backoff_wait_ms(&low, 0), 750);
    assert_int_equal(backoff_wait_ms(&high, UINT32_MAX), 1250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_doubles_and_stops),
                                       cmocka_unit_test(it_is_jittered_by_a_quarter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
