/* A site whose night begins at an hour of its own.  GB 22337-2008, 4.1.1, class 2: 60 by day, 50 by night. */
#include "tests/unit/collector/restore_kit.h"

#define HEAD "id,name,kind,district,grid,noise_class,night_start,gateways,valid_from\n"

static struct kit *club(const char *rules, const char *night_start)
{
    char csv[256];
    snprintf(csv, sizeof csv, HEAD "club,n,club,yudu,g,2,%s,gw-01,2026-01-01\n", night_start);
    struct kit *k = restored_kit(rules, csv);
    kit_hello(k, "gw-01", "club", "noise-1", 60000, "laeq", "");
    return k;
}

/* 55 dB(A) in one window: over the limit by night only. */
static void which_band(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *own;
        int hour, minute;
        bool night;
    } cases[] = {
        {"[rules]\n", "", 22, 0, true},
        {"[rules]\n", "", 6, 0, false},
        {"[rules]\n", "23:00", 22, 50, false},
        {"[rules]\n", "23:00", 23, 0, true},
        {"[rules]\n", "23:00", 6, 50, true}, /* eight hours */
        {"[rules]\n", "23:00", 7, 0, false},
        {"[rules]\n", "0:30", 0, 20, false}, /* as a spreadsheet writes it */
        {"[rules]\n", "00:30:00", 0, 30, true},
        {"[rules]\nnight_start = 23:00\n", "21:00", 21, 0, true}, /* it stands before the rules */
        {"[rules]\nnight_start = 23:00\n", "21:00", 5, 0, false},
        {"[rules]\nnight_start = 23:00\n", "", 22, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit *k = club(cases[i].rules, cases[i].own);
        int64_t from = kit_time(2, cases[i].hour, cases[i].minute, 0);
        kit_series(k, "noise-1", "laeq", 55, from, from + 11 * 60000, 60000);
        assert_int_equal(k->window_count, 1);
        assert_int_equal(kit_last_window(k)->row.from, from);
        near(kit_last_window(k)->row.limit, cases[i].night ? 50 : 60);
        assert_int_equal(k->flag_count, cases[i].night);
        restored_kit_free(k);
    }
}

/* A window is cut where the site's night begins, and its hours are those of the version valid then. */
static void versions(void **state)
{
    (void)state;
    struct kit *k = club("[rules]\n", "22:05");
    kit_import(k, HEAD "club,n,club,yudu,g,2,22:15,gw-01,2026-03-03\n");
    kit_series(k, "noise-1", "laeq", 55, kit_time(2, 22, 0, 0), kit_time(2, 22, 11, 0), 60000);
    assert_int_equal(k->window_count, 2);
    near(k->windows[0].row.limit, 60);
    assert_int_equal(k->windows[1].row.from, kit_time(2, 22, 5, 0));
    near(k->windows[1].row.limit, 50);
    kit_series(k, "noise-1", "laeq", 55, kit_time(3, 22, 0, 0), kit_time(3, 22, 21, 0), 60000);
    near(k->windows[3].row.limit, 60);
    near(kit_last_window(k)->row.limit, 50);
    assert_int_equal(kit_last_window(k)->row.from, kit_time(3, 22, 15, 0));
    restored_kit_free(k);
}

/* Both belong to the one night that ends at 07:00, so they are one incident. */
static void one_incident_of_one_night(void **state)
{
    (void)state;
    struct kit *k = club("[rules]\n", "23:00");
    kit_series(k, "noise-1", "laeq", 55, kit_time(2, 23, 0, 0), kit_time(2, 23, 11, 0), 60000);
    kit_series(k, "noise-1", "laeq", 40, kit_time(2, 23, 11, 0), kit_time(2, 23, 51, 0), 60000);
    kit_series(k, "noise-1", "laeq", 55, kit_time(3, 6, 20, 0), kit_time(3, 6, 51, 0), 60000);
    kit_tick(k, kit_time(3, 12, 0, 0));
    assert_true(k->case_count > 0);
    assert_non_null(strstr(k->cases[k->case_count - 1].body, "\"count\":1,"));
    assert_non_null(strstr(k->cases[k->case_count - 1].body, "\"band\":\"night\""));
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_band),
        cmocka_unit_test(versions),
        cmocka_unit_test(one_incident_of_one_night),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
