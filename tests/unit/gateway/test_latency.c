#include "firmware-gateway/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void percentiles_are_of_the_nearest_rank(void **state)
{
    (void)state;
    struct latency l = {0};
    assert_true(latency_ms(&l, 50) == 0);
    latency_add(&l, 7500000);
    assert_true(latency_ms(&l, 1) == 7.5 && latency_ms(&l, 99) == 7.5);
    l = (struct latency){0};
    for (int i = 100; i > 0; i--)
        latency_add(&l, i * 1000000);
    assert_true(latency_ms(&l, 50) == 50);
    assert_true(latency_ms(&l, 99) == 99);
    assert_true(latency_ms(&l, 100) == 100);
}

static void only_the_last_count(void **state)
{
    (void)state;
    struct latency l = {0};
    for (int i = 0; i < 1000; i++)
        latency_add(&l, i < 1000 - LATENCY_KEPT ? INT64_MAX : 2000000);
    assert_true(latency_ms(&l, 99) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(percentiles_are_of_the_nearest_rank),
                                       cmocka_unit_test(only_the_last_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
