/* When the wall clock is believed, and what readings are told by before and after. */
#include "common/clock.h"
#include "firmware-gateway/batch.h"
#include "firmware-gateway/walltime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW  INT64_C(1764000000000) /* 2025-11-24 16:00:00 UTC */
#define BOOT "00000000000000000000000000000b07"

static enum walltime_event look(struct walltime *w, int64_t wall_ms, int64_t boot_ms, enum clock_trust trust)
{
    struct clock_look l = {.wall_ms = wall_ms, .boot_ms = boot_ms, .trust = trust, .error_ms = 20};
    return walltime_turn(w, &l);
}

static void it_waits_for_the_service_that_keeps_the_clock(void **state)
{
    struct walltime w = {0};
    (void)state;
    assert_int_equal(look(&w, 5000, 5000, CLOCK_UNSYNCED), WALLTIME_SAME); /* 1970 */
    assert_int_equal(look(&w, NOW, 6000, CLOCK_UNSYNCED), WALLTIME_SAME);  /* a time as good as any: from a file */
    assert_string_equal(walltime_state(&w), "unsynced");
    assert_int_equal(look(&w, NOW + 90000, 7000, CLOCK_SYNCED), WALLTIME_KNOWN);
    assert_int_equal(w.offset_ms, NOW + 83000);
    assert_int_equal(w.error_ms, 20);
    assert_string_equal(walltime_state(&w), "synced");
    assert_int_equal(look(&w, NOW + 91000, 8000, CLOCK_UNSYNCED), WALLTIME_SAME); /* once known, it is for this boot */
    assert_string_equal(walltime_state(&w), "trusted");
}

static void where_nobody_keeps_it_it_is_believed_but_not_in_1970(void **state)
{
    struct walltime w = {0}, configured = {.trusted = true};
    (void)state;
    assert_int_equal(look(&w, INT64_C(1735689599999), 1000, CLOCK_UNKEPT), WALLTIME_SAME); /* 2024-12-31 23:59:59.999 */
    assert_int_equal(look(&w, INT64_C(1735689600000), 1001, CLOCK_UNKEPT), WALLTIME_KNOWN);
    assert_string_equal(walltime_state(&w), "trusted");
    assert_int_equal(look(&configured, 5000, 5000, CLOCK_UNSYNCED), WALLTIME_SAME);
    assert_int_equal(look(&configured, NOW, 6000, CLOCK_UNSYNCED), WALLTIME_KNOWN);
}

static void a_step_is_told_and_a_drift_followed(void **state)
{
    struct walltime w = {0};
    (void)state;
    look(&w, NOW, 1000, CLOCK_SYNCED);
    assert_int_equal(look(&w, NOW + 1000 + 1000, 2000, CLOCK_SYNCED), WALLTIME_SAME);
    assert_int_equal(w.offset_ms, NOW);
    assert_int_equal(look(&w, NOW + 2000 + 1001, 2000 + 0, CLOCK_SYNCED), WALLTIME_STEPPED);
    assert_int_equal(w.step_ms, 1001);
    assert_int_equal(look(&w, NOW - 3600000, 3000, CLOCK_SYNCED), WALLTIME_STEPPED);
    assert_true(w.step_ms < -3600000);
    assert_int_equal(w.steps, 2);
}

/* ---- readings ---- */

static const struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = 50}};

static void put(struct batch *b, int64_t boot_ms)
{
    struct reading r = {.device = "n", .ts = boot_ms, .values = &level, .value_count = 1};
    batch_put(b, &r, 0);
}

static void expect_taken(struct batch *b, const char *text)
{
    struct buf body = buf_growing();
    batch_take(b, &body);
    assert_string_equal(body.data, text);
    buf_free(&body);
}

#define READINGS(list) ",\"kind\":\"readings\",\"readings\":[" list "]"
#define BOOTED(ms)     "{\"device\":\"n\",\"boot\":\"" BOOT "\",\"mono\":" ms ",\"values\":{\"laeq\":50}}"
#define DATED(ts)      "{\"device\":\"n\",\"ts\":" ts ",\"values\":{\"laeq\":50}}"
#define SUSPECT(ts)                                                                                                    \
    "{\"device\":\"n\",\"ts\":" ts ",\"values\":{\"laeq\":50},\"quality\":\"suspect\",\"why\":[\"clock\"]}"

static void no_frame_has_both_kinds_of_time(void **state)
{
    struct batch *b = batch_new(BOOT);
    struct moment m = batch_moment(b, 7);
    struct buf now = buf_growing();
    (void)state;
    assert_int_equal(m.ms, 7);
    assert_string_equal(m.boot, BOOT);
    put(b, 1000);
    put(b, 2000);
    assert_true(batch_now(b, &now, 2500));
    assert_string_equal(now.data, "{\"boot\":\"" BOOT
                                  "\",\"mono\":2500,\"devices\":{\"n\":{\"mono\":2000,\"values\":{\"laeq\":50}}}}");
    batch_clock(b, NOW); /* they are still here */
    assert_true(batch_undated(b));
    put(b, 3000);
    expect_taken(b, READINGS(BOOTED("1000") "," BOOTED("2000")));
    assert_false(batch_undated(b));
    expect_taken(b, READINGS(DATED("1764000003000")));
    buf_clear(&now);
    batch_now_again(b);
    assert_true(batch_now(b, &now, 3500));
    assert_string_equal(now.data,
                        "{\"ts\":1764000003500,\"devices\":{\"n\":{\"ts\":1764000003000,\"values\":{\"laeq\":50}}}}");
    put(b, 4000);
    expect_taken(b, READINGS(DATED("1764000004000")));
    m = batch_moment(b, 7);
    assert_null(m.boot);
    assert_int_equal(m.ms, NOW + 7);
    buf_free(&now);
    batch_free(b);
}

static void a_ts_rises_and_a_clock_set_back_makes_suspect(void **state)
{
    struct batch *b = batch_new(BOOT);
    (void)state;
    batch_clock(b, NOW);
    put(b, 1000);
    batch_clock(b, NOW - 500); /* slewed back: no time is given twice, and none is suspect */
    put(b, 1100);
    expect_taken(b, READINGS(DATED("1764000001000") "," DATED("1764000001001")));
    batch_clock(b, NOW - 10000); /* set back by ten seconds */
    put(b, 2000);
    put(b, 11001); /* 1764000001001: not after the newest */
    put(b, 11002);
    expect_taken(b, READINGS(SUSPECT("1763999992000") "," SUSPECT("1764000001001") "," DATED("1764000001002")));
    batch_clock(b, NOW + 86400000); /* forward by a day: as the clock says */
    put(b, 12000);
    expect_taken(b, READINGS(DATED("1764086412000")));
    batch_free(b);
}

static void a_boot_has_a_name_and_a_clock(void **state)
{
    char boot[CLOCK_BOOT_SIZE];
    struct clock_look a, b;
    (void)state;
    clock_boot_id(boot);
    assert_int_equal(strspn(boot, "0123456789abcdef"), 32);
    clock_look(&a);
    clock_look(&b);
    assert_true(b.boot_ms >= a.boot_ms && a.boot_ms > 0);
    assert_true(a.error_ms > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_for_the_service_that_keeps_the_clock),
        cmocka_unit_test(where_nobody_keeps_it_it_is_believed_but_not_in_1970),
        cmocka_unit_test(a_step_is_told_and_a_drift_followed),
        cmocka_unit_test(no_frame_has_both_kinds_of_time),
        cmocka_unit_test(a_ts_rises_and_a_clock_set_back_makes_suspect),
        cmocka_unit_test(a_boot_has_a_name_and_a_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
