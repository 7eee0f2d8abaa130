#include "firmware-gateway/nameplate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_printed(struct nameplates *n, size_t device, const char *serial, const char *wanted)
{
    char text[200];
    struct buf b = buf_fixed(text, sizeof text);
    nameplates_print(n, device, serial, &b);
    assert_string_equal(text, wanted);
}

static void what_a_meter_says_goes_before_what_is_written(void **state)
{
    (void)state;
    struct nameplates *n = nameplates_new(2);
    assert_printed(n, 0, "", "");
    assert_printed(n, 0, "paper", ",\"serial\":\"paper\"");
    nameplates_put(n, 0, "serial", "SN-7");
    nameplates_put(n, 0, "firmware", "1\"2");
    assert_printed(n, 0, "paper", ",\"serial\":\"SN-7\",\"firmware\":\"1\\\"2\"");
    assert_printed(n, 1, "", "");
    nameplates_free(n);
}

static void a_change_is_told_once(void **state)
{
    (void)state;
    struct nameplates *n = nameplates_new(3);
    size_t device = 9;
    assert_false(nameplates_take_changed(n, &device));
    nameplates_put(n, 2, "serial", "A");
    nameplates_put(n, 2, "model", "B");
    nameplates_put(n, 1, "model", "B");
    assert_true(nameplates_take_changed(n, &device));
    assert_int_equal(device, 1);
    assert_true(nameplates_take_changed(n, &device));
    assert_int_equal(device, 2);
    nameplates_put(n, 1, "model", "B"); /* the same again */
    assert_false(nameplates_take_changed(n, &device));
    nameplates_put(n, 1, "model", "C");
    assert_true(nameplates_take_changed(n, &device));
    nameplates_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_meter_says_goes_before_what_is_written),
        cmocka_unit_test(a_change_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
