/* The words of the Chinese audit: docs/message-format.md lists the reasons, docs/cases.md the steps. */
#include "collector/audit/words.h"
#include "collector/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_chinese(const char *word)
{
    const char *zh = word_zh(word);
    if (strcmp(word, "ktv") != 0 && (unsigned char)*zh < 0x80)
        fail_msg("%s is told as %s", word, zh);
}

static void all_that_can_stand_there_has_a_word(void **state)
{
    static const char *const words[] = {
        "killed", "power",   "stopped",   "lost",      "clock",   "epoch",   "gateway-offline", "timeout",
        "crc",    "garbage", "unplugged", "suspended", "notice",  "warning", "penalty",         "confirmed",
        "served", "closed",  "ok",        "due",       "overdue", "none",    "contradicted"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_chinese(words[i]);
    for (size_t i = 0; site_kinds[i]; i++)
        expect_chinese(site_kinds[i]);
}

static void what_has_none_stays(void **state)
{
    (void)state;
    assert_string_equal(word_zh("exception-2"), "exception-2");
    assert_string_equal(word_zh(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_that_can_stand_there_has_a_word),
                                       cmocka_unit_test(what_has_none_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
