/* Aligned text; widths from python's unicodedata.east_asian_width. */
#include "common/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void widths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"夜色KTV", 7},
        {"长征路，8 号。", 14}, /* the comma and the full stop are wide too */
        {"ＡＢ", 4},
        {"한글", 4},
        {"かな", 4},
        {"𠮷野家", 6},
        {"é", 1},
        {"e\xcc\x81", 1}, /* one letter, and a letter with a combining accent */
        {"mg/m³", 5},
        {"—", 1},
        {"a\xff"
         "b",
         3},
        {"\xe5\xa4", 2}, /* a byte that is not UTF-8; a character cut short: a mark for each byte */
        {"\x1b[31m", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (table_width(cases[i].text) != cases[i].width)
            fail_msg("%s: %zu, expected %zu", cases[i].text, table_width(cases[i].text), cases[i].width);
    }
}

static const char *const headings[] = {"名", ">N", "LAST", NULL};

static void columns_line_up(void **state)
{
    (void)state;
    struct table *t = table_new(headings);
    struct buf out = buf_growing();
    table_text(t, "夜色");
    table_number(t, 3.14159, 1);
    table_text(t, "x");
    table_text(t, "a");
    table_number(t, (double)NAN, 1);
    table_alarm(t);
    table_print(t, "%d", 12345);
    assert_int_equal(table_rows(t), 2);
    table_write(t, &out, false);
    assert_string_equal(out.data, "名      N  LAST\n"
                                  "夜色  3.1  x\n"
                                  "a       —  12345\n");
    buf_clear(&out);
    table_write(t, &out, true);
    assert_string_equal(out.data, "\x1b[1m名\x1b[0m      \x1b[1mN\x1b[0m  \x1b[1mLAST\x1b[0m\n"
                                  "夜色  3.1  x\n"
                                  "a       \x1b[31m—\x1b[0m  12345\n");
    buf_free(&out);
    table_free(t);
}

static void what_would_steer_a_terminal(void **state)
{
    (void)state;
    static const char *const bare[] = {"", "", NULL};
    struct table *t = table_new(bare);
    struct buf out = buf_growing();
    table_text(t, "a\x1b]0;x\x07\n\tb");
    table_text(t, "\xc2\x9b"
                  "31m\xe2\x80\xae"); /* CSI as one C1 character; right-to-left override */
    table_text(t, "");
    table_text(t, "");
    table_write(t, &out, false);
    assert_string_equal(out.data, "a?]0;x???b  ?31m?\n\n"); /* no headings, no spaces at the end of a line */
    buf_free(&out);
    table_free(t);
    table_free(NULL);
}

/* An empty list has no keys, so no columns: nothing is written, and writing it ends. */
static void no_columns(void **state)
{
    static const char *const none[] = {NULL};
    struct table *t = table_new(none);
    struct buf out = buf_growing();
    (void)state;
    table_write(t, &out, false);
    assert_string_equal(out.data, "");
    assert_int_equal(table_rows(t), 0);
    buf_free(&out);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(what_would_steer_a_terminal),
        cmocka_unit_test(no_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
