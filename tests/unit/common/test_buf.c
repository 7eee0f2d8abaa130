/* The text writer: what fits stands, what does not leaves what stood before, at every length. */
#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 24 };

/* A print of every length into every rest of a fixed buf. */
static void a_print_fits_or_changes_nothing(void **state)
{
    (void)state;
    static const char digits[] = "0123456789012345678901234567890123456789";
    for (int before = 0; before < SIZE; before++)
        for (int length = 0; length < 2 * SIZE - 8; length++) {
            char memory[SIZE + 1], expected[3 * SIZE];
            memory[SIZE] = '!';
            struct buf b = buf_fixed(memory, SIZE);
            buf_bytes(&b, digits, (size_t)before);
            buf_print(&b, "%.*s", length, digits);
            bool fits = before + length < SIZE;
            snprintf(expected, sizeof expected, "%.*s%.*s", before, digits, fits ? length : 0, digits);
            assert_int_equal(b.overflow, !fits);
            assert_int_equal(b.length, strlen(expected));
            assert_string_equal(memory, expected);
            assert_int_equal(memory[SIZE], '!');
        }
}

static void overflow_sticks(void **state)
{
    (void)state;
    char memory[8];
    struct buf b = buf_fixed(memory, sizeof memory);
    buf_text(&b, "abcd");
    buf_print(&b, "%s", "efgh");
    buf_print(&b, "%d", 1); /* would fit */
    buf_char(&b, 'x');
    assert_true(b.overflow);
    assert_string_equal(memory, "abcd");
    buf_clear(&b);
    buf_print(&b, "%d", 1);
    assert_string_equal(memory, "1");
}

static void a_growing_one_takes_all(void **state)
{
    (void)state;
    struct buf b = buf_growing();
    for (int i = 0; i < 10000; i++)
        buf_print(&b, "%04d", i);
    assert_false(b.overflow);
    assert_int_equal(b.length, 40000);
    assert_int_equal(strlen(b.data), 40000);
    for (int i = 0; i < 10000; i++) {
        char own[5];
        snprintf(own, sizeof own, "%04d", i);
        assert_memory_equal(b.data + (size_t)4 * (size_t)i, own, 4);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_print_fits_or_changes_nothing),
        cmocka_unit_test(overflow_sticks),
        cmocka_unit_test(a_growing_one_takes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
