/* Base64.  Expected values: RFC 4648, section 10. */
#include "common/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xfb\xff\xfe", "+//+"}};

static void there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buf b = buf_growing();
        size_t length = 99;
        buf_text(&b, "\"");
        base64_put(&b, vectors[i].bytes, strlen(vectors[i].bytes));
        assert_string_equal(b.data + 1, vectors[i].text);
        buf_free(&b);
        uint8_t *bytes = base64_read(vectors[i].text, &length);
        assert_non_null(bytes);
        assert_int_equal(length, strlen(vectors[i].bytes));
        assert_memory_equal(bytes, vectors[i].bytes, length);
        free(bytes);
    }
}

/* Sections 3.2 to 3.5: no padding missing, no foreign characters or line breaks, the url alphabet is another one, and
 * the bits that are left over are zero. */
static void what_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"Z",     "Zg",    "Zg=",  "Zm9",  "Zg==Zg==", "Zm9v\n",
                                        " Zm9v", "Zm9v!", "-__-", "Zh==", "Zm9="};
    size_t length;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint8_t *bytes = base64_read(texts[i], &length);
        if (bytes)
            fail_msg("taken: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(what_is_none_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
