/* The schedule and the breaker, on a clock that the test moves. */
#include "firmware-gateway/breaker.h"
#include "firmware-gateway/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void slots_do_not_drift(void **state)
{
    (void)state;
    struct slot slot = {.interval_ms = 1000};
    struct schedule s;
    int64_t due;
    schedule_start(&s, &slot, 1, 5000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(schedule_next(&s, &due), 0);
        assert_int_equal(due, 5000 + 1000 * i);
        schedule_done(&s, 0, due + i % 7 * 100);
    }
    assert_int_equal(slot.skipped, 0);
}

static void a_late_slot_is_served_an_old_one_skipped(void **state)
{
    (void)state;
    static const struct {
        int64_t done, next;
        uint64_t skipped;
    } cases[] = {{0, 1000, 0},    {999, 1000, 0},  {1000, 1000, 0}, {1999, 1000, 0},
                 {2000, 2000, 1}, {2500, 2000, 1}, {3000, 3000, 2}, {61234, 61000, 60}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slot slot = {.interval_ms = 1000};
        struct schedule s;
        int64_t due;
        schedule_start(&s, &slot, 1, 0);
        schedule_done(&s, 0, cases[i].done);
        schedule_next(&s, &due);
        assert_int_equal(due, cases[i].next);
        assert_int_equal(slot.skipped, cases[i].skipped);
    }
    struct slot slot = {.interval_ms = 1000};
    struct schedule s;
    int64_t due;
    schedule_start(&s, &slot, 1, 0);
    schedule_done(&s, 0, 10);
    schedule_defer(&s, 0, 4100);
    schedule_next(&s, &due);
    assert_int_equal(due, 5000);
    schedule_defer(&s, 0, 5000);
    schedule_next(&s, &due);
    assert_int_equal(due, 5000);
    assert_int_equal(schedule_next(&(struct schedule){0}, &due), SIZE_MAX);
    assert_true(due == INT64_MAX);
}

/* Twice as much work as time: everybody gets the same share, and the rare one is never forgotten. */
static void overload_is_shared(void **state)
{
    (void)state;
    struct slot slots[5];
    int polls[5] = {0};
    struct schedule s;
    int64_t now = 0, due;
    for (size_t i = 0; i < 5; i++)
        slots[i].interval_ms = i < 4 ? 100 : 5000;
    schedule_start(&s, slots, 5, 0);
    while (now < 60000) {
        size_t i = schedule_next(&s, &due);
        now = due > now ? due : now;
        now += 50;
        polls[i]++;
        schedule_done(&s, i, now);
    }
    for (size_t i = 0; i < 4; i++)
        assert_in_range(polls[i], 290, 300);
    assert_int_equal(polls[4], 12);
}

static void breaker_doubles_up_to_a_minute(void **state)
{
    (void)state;
    static const int64_t waits[] = {0, 0, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    static const int64_t slow[] = {0, 0, 45000, 60000, 60000};
    static const int64_t slower[] = {0, 0, 300000, 300000};
    struct breaker b = {0};
    assert_true(breaker_retries(&b));
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(breaker_failure(&b, 1000), waits[i]);
        assert_int_equal(breaker_is_open(&b), i >= 2);
        assert_false(breaker_retries(&b));
    }
    assert_true(breaker_success(&b));
    assert_false(breaker_is_open(&b));
    assert_true(breaker_retries(&b));
    assert_int_equal(breaker_failure(&b, 1000), 0);
    assert_false(breaker_success(&b));
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++)
        assert_int_equal(breaker_failure(&b, 45000), slow[i]);
    b = (struct breaker){0};
    for (size_t i = 0; i < sizeof slower / sizeof slower[0]; i++)
        assert_int_equal(breaker_failure(&b, 300000), slower[i]);
}

enum { DEVICES = 32, POLL_MS = 22, DEAD_MS = 1000, WARM_MS = 60000, LOOK_MS = 600000 };

/* 32 devices, each polled once a second in 22 ms: 70 % of the line.  A dead one costs its timeout of 500 ms and the
 * silence until its worst answer, a second in all, and once as much again for the retry.  The mean period of the
 * slowest of the others, from a minute after the breaker opened on. */
static double slowest_with(size_t dead)
{
    struct slot slots[DEVICES];
    struct breaker breaker = {0};
    struct schedule s;
    int64_t now = 0, due, share_until = 0, opened = dead < DEVICES ? INT64_MAX / 2 : 0;
    int polls[DEVICES] = {0}, least = INT32_MAX;
    for (size_t i = 0; i < DEVICES; i++)
        slots[i].interval_ms = 1000;
    schedule_start(&s, slots, DEVICES, 0);
    for (;;) {
        size_t i = schedule_next(&s, &due);
        now = due > now ? due : now;
        if (now >= opened + WARM_MS + LOOK_MS)
            break;
        if (i != dead) {
            now += POLL_MS;
            polls[i] += now >= opened + WARM_MS;
            schedule_done(&s, i, now);
            continue;
        }
        if (breaker_is_open(&breaker) && now < share_until) {
            schedule_defer(&s, i, share_until);
            continue;
        }
        int64_t from = now;
        now += breaker_retries(&breaker) ? 2 * DEAD_MS : DEAD_MS;
        schedule_done(&s, i, now);
        bool was_open = breaker_is_open(&breaker);
        int64_t back_off = breaker_failure(&breaker, 1000);
        if (was_open)
            share_until = breaker_share_until(from, now);
        else if (back_off)
            opened = now;
        if (back_off)
            schedule_defer(&s, i, now + back_off);
    }
    for (size_t i = 0; i < DEVICES; i++)
        least = i != dead && polls[i] < least ? polls[i] : least;
    return (double)LOOK_MS / least;
}

static void a_dead_device_costs_the_others_little(void **state)
{
    (void)state;
    double healthy = slowest_with(SIZE_MAX), with_dead = slowest_with(7);
    print_message("mean period of the slowest: %.1f ms, with a dead one %.1f ms\n", healthy, with_dead);
    assert_true(healthy < 1002);
    assert_true(with_dead < healthy * 1.05);
}

/* However many devices are dead, what is spent on them in vain is a twentieth of the time. */
static void the_dead_share_a_twentieth(void **state)
{
    (void)state;
    int64_t now = 0, spent = 0, until = 0;
    while (now < 3600000) {
        int64_t cost = 200 + now % 7 * 300;
        now = until > now ? until : now;
        until = breaker_share_until(now, now + cost);
        spent += cost;
    }
    assert_in_range(spent, 3600000 / 20 * 9 / 10, 3600000 / 20 + 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_do_not_drift),
        cmocka_unit_test(a_late_slot_is_served_an_old_one_skipped),
        cmocka_unit_test(overload_is_shared),
        cmocka_unit_test(breaker_doubles_up_to_a_minute),
        cmocka_unit_test(a_dead_device_costs_the_others_little),
        cmocka_unit_test(the_dead_share_a_twentieth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
