/* When a broker is tried again, and how: the numbers are those that mqtt.h promises. */
#include "common/mqtt_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MINUTE = 60000, MIDDLE = 0x80000000 /* neither shortened nor lengthened by chance */ };

static int64_t ended(struct retry *r, enum ending ending, int64_t held_ms)
{
    return retry_wait_ms(r, &ending, held_ms, MIDDLE);
}

static void a_broken_link_is_tried_at_least_every_five_seconds(void **state)
{
    (void)state;
    struct retry r = retry_new();
    int64_t last = 0;
    for (int i = 0; i < 20; i++) {
        int64_t wait = ended(&r, ENDED, -1);
        assert_true(wait >= last && wait <= 5000);
        last = wait;
    }
    assert_int_equal(last, 5000);
    retry_connected(&r);
    assert_int_equal(ended(&r, ENDED, 2 * MINUTE), 200);
}

static void a_refusing_broker_is_left_half_a_minute_and_not_after_it(void **state)
{
    (void)state;
    struct retry r = retry_new();
    int64_t wait = 0;
    for (int i = 0; i < 20; i++)
        wait = ended(&r, ENDED_REFUSED, -1);
    assert_int_equal(wait, 30000);
    assert_int_equal(ended(&r, ENDED, -1), 5000);
}

static void a_broker_without_mqtt_5_is_asked_in_3_1_1_at_once(void **state)
{
    (void)state;
    struct retry r = retry_new();
    assert_false(r.old_protocol);
    assert_int_equal(ended(&r, ENDED_VERSION, -1), 0);
    assert_true(r.old_protocol);
    /* the next connection asks for MQTT 5 again: the broker may have been renewed */
    assert_true(ended(&r, ENDED_CLOSED, 2 * MINUTE) > 0);
    assert_false(r.old_protocol);
}

static void one_that_says_nothing_is_asked_in_both_by_turns(void **state)
{
    (void)state;
    struct retry r = retry_new();
    for (int i = 0; i < 6; i++) {
        assert_true(ended(&r, ENDED_UNHEARD, -1) > 0);
        assert_int_equal(r.old_protocol, i % 2 == 0);
    }
}

static void who_is_taken_over_stays_away_longer_and_longer(void **state)
{
    (void)state;
    static const int64_t waits[] = {30000, 60000, 120000, 240000, 480000, 600000, 600000};
    struct retry r = retry_new();
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        assert_int_equal(ended(&r, ENDED_TAKEN, 3 * MINUTE), waits[i]);
    assert_int_equal(r.taken_over, 7);
    assert_int_equal(ended(&r, ENDED_TAKEN, 10 * MINUTE), 600000);
    assert_int_equal(ended(&r, ENDED_TAKEN, 10 * MINUTE + 1), 30000);
}

static void five_brief_connections_are_taken_for_it(void **state)
{
    (void)state;
    struct retry r = retry_new();
    for (int i = 0; i < 5; i++) {
        enum ending ending = ENDED_CLOSED;
        int64_t wait = retry_wait_ms(&r, &ending, MINUTE - 1, MIDDLE);
        assert_int_equal(ending, i < 4 ? ENDED_CLOSED : ENDED_TAKEN);
        assert_int_equal(wait >= 30000, i == 4);
    }
    assert_int_equal(r.taken_over, 1);
    /* from then on one is enough */
    assert_int_equal(ended(&r, ENDED_CLOSED, 1000), 60000);
    assert_int_equal(r.taken_over, 2);
}

static void what_comes_between_ends_the_row(void **state)
{
    (void)state;
    static const struct {
        enum ending ending;
        int64_t held_ms;
    } between[] = {{ENDED_CLOSED, MINUTE}, {ENDED, 1000}, {ENDED, -1}, {ENDED_REFUSED, -1}};
    for (size_t b = 0; b < sizeof between / sizeof *between; b++) {
        struct retry r = retry_new();
        for (int i = 0; i < 12; i++)
            if (i % 5 == 4)
                ended(&r, between[b].ending, between[b].held_ms);
            else
                ended(&r, ENDED_CLOSED, 1000);
        assert_int_equal(r.taken_over, 0);
    }
    /* the version of the protocol does not: that try was no connection */
    struct retry r = retry_new();
    for (int i = 0; i < 5; i++) {
        ended(&r, ENDED_VERSION, -1);
        ended(&r, ENDED_CLOSED, 1000);
    }
    assert_int_equal(r.taken_over, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_link_is_tried_at_least_every_five_seconds),
        cmocka_unit_test(a_refusing_broker_is_left_half_a_minute_and_not_after_it),
        cmocka_unit_test(a_broker_without_mqtt_5_is_asked_in_3_1_1_at_once),
        cmocka_unit_test(one_that_says_nothing_is_asked_in_both_by_turns),
        cmocka_unit_test(who_is_taken_over_stays_away_longer_and_longer),
        cmocka_unit_test(five_brief_connections_are_taken_for_it),
        cmocka_unit_test(what_comes_between_ends_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
