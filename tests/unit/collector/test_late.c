/* Versions of the register that begin before what was judged, with the fold restored before every record. */
#include "tests/unit/collector/restore_kit.h"

#define HEAD "id,name,kind,district,grid,noise_class,gateways,valid_from\n"

/* A club of class 1 (night 45, GB 22337-2008, 4.1.1), 48 dB(A) from 23:00 to 23:30 and one reading more. */
static struct kit *judged_by_class_1(void)
{
    struct kit *k = restored_kit("[rules]\n", HEAD "club,n,club,yudu,g,1,gw-01,2026-01-01\n");
    kit_hello(k, "gw-01", "club", "noise-1", 60000, "laeq", "");
    kit_series(k, "noise-1", "laeq", 48, kit_time(2, 23, 0, 0), kit_time(2, 23, 31, 0), 60000);
    assert_int_equal(k->window_count, 3);
    assert_int_equal(kit_last_window(k)->row.outcome, OUTCOME_EXCEEDS);
    k->receipt_ms = kit_time(4, 9, 0, 0);
    return k;
}

static void it_is_said_and_noted(void **state)
{
    (void)state;
    struct kit *k = judged_by_class_1();
    kit_import(k, HEAD "club,n,club,yudu,g,2,gw-01,2026-03-01\n");
    /* python: 2026-03-01 00:00 and 2026-03-02 23:30, Asia/Shanghai */
    assert_non_null(strstr(k->answer, "\"changed\":1,\"unchanged\":0,\"rows\":1,\"late\":[{\"site\":\"club\","
                                      "\"valid_from\":1772294400000,\"judged_until\":1772465400000}]"));
    assert_int_equal(k->entry_count, 1);
    assert_string_equal(k->entries[0].kind, "register");
    assert_string_equal(k->entries[0].state, "late");
    assert_string_equal(k->entries[0].body, "{\"site\":\"club\",\"state\":\"late\",\"at\":1772294400000,"
                                            "\"judged_until\":1772465400000}");
    assert_int_equal(k->window_count, 3);
    kit_series(k, "noise-1", "laeq", 48, kit_time(2, 23, 31, 0), kit_time(2, 23, 41, 0), 60000); /* it holds from now */
    assert_int_equal(k->window_count, 4);
    assert_int_equal(kit_last_window(k)->row.outcome, OUTCOME_COMPLIANT);
    restored_kit_free(k);
}

static void what_is_not_late(void **state)
{
    (void)state;
    static const char *const rows[] = {
        HEAD "club,other,ktv,yudu,g,1,gw-01,\n",                       /* from now on */
        HEAD "club,other name,club,yudu,h,1,gw-01;gw-02,2026-03-01\n", /* no limit depends on it */
        HEAD "club,n,club,yudu,g,2,gw-01,2026-03-03\n",                /* nothing was measured since */
        HEAD "new,n,club,yudu,g,2,gw-01,2026-01-01\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = judged_by_class_1();
        kit_import(k, rows[i]);
        assert_non_null(strstr(k->answer, "\"ok\":true"));
        assert_null(strstr(k->answer, "late"));
        assert_int_equal(k->entry_count, 0);
        restored_kit_free(k);
    }
}

/* It was wrong for a time only: from the next version on that one had judged. */
static void until_the_next_version(void **state)
{
    (void)state;
    struct kit *k = judged_by_class_1();
    kit_import(k, HEAD "club,n,club,yudu,g,3,gw-01,2026-02-01\nclub,n,club,yudu,g,1,gw-01,2026-03-02\n");
    assert_non_null(strstr(k->answer, "\"valid_from\":1769875200000,\"judged_until\":1772465400000}"));
    kit_import(k, HEAD "club,n,club,yudu,g,2,gw-01,2026-02-10\n");
    assert_non_null(strstr(k->answer, "\"judged_until\":1772380800000}")); /* 2026-03-02 00:00 */
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_said_and_noted),
        cmocka_unit_test(what_is_not_late),
        cmocka_unit_test(until_the_next_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
