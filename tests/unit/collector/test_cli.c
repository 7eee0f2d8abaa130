/* The program quietair itself, against a ledger and a control socket of the test's own. */
#include "collector/ledger/ledger.h"
#include "tests/unit/collector/cli_kit.h"
#include "tests/unit/collector/rows_kit.h"

#include <math.h>
#include <string.h>

/* ---- a ledger ---------------------------------------------------------------------------------------------------- */

static void make_ledger(void)
{
    struct ledger *l;
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, NULL), 0);
    const struct sink *to = ledger_sink(l);
    struct site s = row_site("nice-club", SITE_KTV, "g1", 1777858200000);
    strcpy(s.name, "夜色KTV");
    strcpy(s.officer, "王警官");
    strcpy(s.gateways[s.gateway_count++], "gw-01");
    to->site(to->ctx, &s);
    to->device(to->ctx, &(struct device_row){"nice-club", "noise-1", "gw-01", "renke", "noise", "S\x1b[1", "", 1000});
    to->window(to->ctx, &(struct window_row){.site = "nice-club",
                                             .district = "yudu",
                                             .grid = "g1",
                                             .device = "noise-1",
                                             .rule = "noise",
                                             .from = 1794758400000,
                                             .to = 1794759000000,
                                             .outcome = OUTCOME_EXCEEDS,
                                             .reason = "",
                                             .coverage = 1,
                                             .measured = 67.3,
                                             .judged = 67,
                                             .limit = 50,
                                             .l10 = NAN,
                                             .l50 = NAN,
                                             .l90 = NAN,
                                             .lafmax = NAN,
                                             .statutory = true});
    to->cleaning(to->ctx, &(struct cleaning_row){.id = "c1",
                                                 .site = "nice-club",
                                                 .kind = "clean",
                                                 .by = "李四",
                                                 .provider = "",
                                                 .note = "",
                                                 .actor = "clerk",
                                                 .state = "ok",
                                                 .verdict = "contradicted",
                                                 .evidence = "{\"within\":86400000}",
                                                 .photos = "[]",
                                                 .cleaned_at = 1795449600000,
                                                 .entered_at = 1795449600000});
    assert_int_equal(ledger_commit(l, 1, &(struct hash){{0}}, 1), 0);
    ledger_close(l);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void usage(void **state)
{
    (void)state;
    expect("--help", 0, "cleaning add");
    expect("cleaning add --help", 0, "--provider");
    expect("--version", 0, "quietair " QUIETAIR_VERSION);
    expect("", 2, "a verb is missing");
    expect("fly", 2, "fly: no such verb");
    expect("site", 2, "no such verb");
    expect("site import", 2, "FILE is missing");
    expect("site show a b", 2, "one word too many: b");
    expect("dump --fast", 2, "--fast");
    expect("cleaning add --site a --by b", 2, "--date is missing");
    expect("cleaning add --site A --by b --date 2026-01-01", 2, "--site A: not an id");
    expect("cleaning add --site a --by b --date 2026-02-30", 2, "not a date");
    expect("cleaning add --site a --by b --date 2026-01-01 --kind wash", 2, "clean, maintain or filter");
    expect("audit weekly --week 2025-W53", 2, "no such ISO week");
    expect("audit weekly --week 2026-W47x", 2, "no such ISO week");
    expect("audit weekly --format xml", 2, "text, csv, xlsx, html or json");
    expect("tick soon", 2, "neither milliseconds");
}

static void nothing_runs(void **state)
{
    (void)state;
    expect("status", 1, "the collector does not run");
    expect("tick 1", 1, "the collector does not run");
    expect("site list", 1, "the collector has not run yet");
    expect("dump", 1, "ledger.db");
    write_file("bad.ini", "[collector]\nname = main\ntimezone = Mars/Base\n");
    expect("-c bad.ini site list", 3, "Mars/Base");
    expect("-c none.ini site list", 3, "none.ini");
}

static void import(void **state)
{
    (void)state;
    write_file("bad.csv", "id,name,kind,district,grid\na,A,pub,d,g\nB,B,bar,d,g\n");
    expect("site import bad.csv", 1, "bad.csv: row 2, column kind: \"pub\" (allowed: restaurant");
    assert_non_null(strstr(output, "row 3, column id: \"B\""));
    assert_non_null(strstr(output, "nothing was imported"));
    expect("site import none.csv", 1, "none.csv");

    /* GB18030 on disk, UTF-8 on the socket */
    write_file("good.csv", "id,name,kind,district,grid\r\na,\xba\xc3\xd7\xcc\xce\xb6,restaurant,d,g\r\n");
    expect("site import good.csv", 1, "the collector does not run");
    pid_t collector = answer_with("{\"id\":\"x\",\"ok\":true,\"result\":{\"added\":1,\"changed\":0}}\n");
    expect("site import ./good.csv", 0, "1 row of ./good.csv in the register\nadded    1\nchanged  0\n");
    join(collector);
    expect_request("site import",
                   "{\"file\":\"good.csv\",\"csv\":\"id,name,kind,district,grid\\r\\na,好滋味,restaurant,d,g\\r\\n\"}");

    collector =
        answer_with("{\"id\":\"x\",\"ok\":false,\"error\":\"not today\",\"errors\":[\"row 2: a\",\"row 3: b\"]}\n");
    expect("site import good.csv", 1, "quietair: row 3: b\nquietair: refused: not today\n");
    join(collector);
}

static void requests(void **state)
{
    (void)state;
    pid_t collector = answer_with("{\"id\":\"x\",\"ok\":true,\"result\":{\"id\":\"c7\"}}\n");
    expect("cleaning add --site nice-club --date 2026-11-24T09:30 --by 李四 --note '\"风机\" ok'", 0, "id  c7");
    join(collector);
    expect_request("cleaning add",
                   "{\"site\":\"nice-club\",\"cleaned_at\":\"2026-11-24T09:30\",\"by\":\"李四\",\"provider\":\"\","
                   "\"kind\":\"clean\",\"note\":\"\\\"风机\\\" ok\"}");
    write_file("words.jpg", "no photo");
    expect("cleaning add --site nice-club --date 2026-11-24 --by b --photo words.jpg", 1, "neither JPEG nor PNG");
    expect("cleaning add --site nice-club --date 2026-11-24 --by b --photo none.jpg", 1, "none.jpg");
    write_file("a.jpg", "\xff\xd8\xff\xe0");
    collector = answer_with("{\"id\":\"x\",\"ok\":false,\"error\":\"not today\"}\n");
    expect("cleaning add --site nice-club --date 2026-11-24 --by b --photo a.jpg --photo b.jpg", 1, "not today");
    join(collector);
    expect_request("photo put", "{\"base64\":\"/9j/4A==\"}"); /* ff d8 ff e0 */
    collector = answer_with("{\"id\":\"x\",\"ok\":true,\"result\":{}}\n");
    expect("tick 2026-11-24 --json", 0, "{}\n");
    join(collector);
    expect_request("tick", "{\"ts\":1795449600000}");

    collector = answer_with(NULL);
    expect("tick 1", 1, "gave no answer: whether it was done is not known");
    join(collector);
    collector = answer_with("no JSON\n");
    expect("tick 1", 1, "cannot be read");
    join(collector);
}

static void status(void **state)
{
    static const char answer[] =
        "{\"id\":\"x\",\"ok\":true,\"result\":{\"state\":\"online\",\"ts\":1795449600000,\"readers\":{\"rules\":{\"lag_"
        "ms\":5},"
        "\"lines\":{\"lag_ms\":12}},\"refused\":{\"repeat\":3},\"forks\":0,"
        "\"gateways\":[{\"gateway\":\"gw-01\",\"epoch\":\"9f3c\",\"seq\":42,\"heard\":1795449600000}]}}\n";
    (void)state;
    pid_t collector = answer_with(answer);
    expect("status", 0,
           "state    online\n"
           "ts       2026-11-24 00:00:00\n"
           "refused  repeat 3\n"
           "forks    0\n"
           "\nreaders\n"
           "       lag_ms\n"
           "rules  5\n"
           "lines  12\n"
           "\ngateways\n"
           "gateway  epoch  seq  heard\n"
           "gw-01    9f3c   42   2026-11-24 00:00:00\n");
    join(collector);
    collector = answer_with(answer);
    expect("--json status", 0, "\"gateways\":[{\"gateway\":\"gw-01\",\"epoch\":\"9f3c\",\"seq\":42,");
    join(collector);
}

static void reading(void **state)
{
    (void)state;
    make_ledger();
    expect(
        "site list", 0,
        "SITE       NAME     KIND  DISTRICT  GRID  OFFICER  CLASS  PURIFIER  CLEANING DAYS  GATEWAYS  VALID FROM  "
        "CLOSED\n"
        "nice-club  夜色KTV  ktv   yudu      g1    王警官       2  —                     —  gw-01     2026-05-04  —\n");
    expect("site list --json", 0, "[{\"id\":\"nice-club\",\"name\":\"夜色KTV\",\"kind\":\"ktv\"");
    expect("site show nice-club", 0, "S?[1"); /* what a gateway sent does not reach the terminal as it is */
    assert_null(strchr(output, '\x1b'));
    assert_non_null(strstr(output, "name            夜色KTV\n"));
    assert_null(strstr(output, "opening_hours")); /* not given, not shown */
    expect("site show nice-club --json", 0, "\"versions\":[1777858200000],\"devices\":[{\"device\":\"noise-1\"");
    expect("site show nobody", 1, "nobody: no such site");
    expect("cleaning list", 0, "nice-club  2026-11-24 00:00:00  clean  李四");
    expect("cleaning list", 0, "ok     contradicted  clerk");
    assert_null(strstr(output, "86400000")); /* evidence is for --json */
    expect("cleaning list --json", 0,
           "\"verdict\":\"contradicted\",\"evidence\":{\"within\":86400000},\"photos\":[],\"actor\":\"clerk\"");
    expect("cleaning list --site other --json", 0, "[]\n");
    expect("audit weekly --week 2026-W47", 0, "67 > 50 dB(A), noise-1, 2026-11-16 00:00\n");
    expect("audit weekly --week 2026-W47 --json", 0, "\"noise_exceedance_minutes\":10,");
    expect("audit weekly --week 2026-W47 --format csv", 0, "\xef\xbb\xbfweek,site,");
    expect("audit weekly", 0, "Weekly audit 20");
    write_file("rules.ini", "[collector]\nstate_dir = .\n[rules]\nnoise_window = 10s\ncleaning_grace = soon\n");
    expect("-c rules.ini audit weekly", 3, "cleaning_grace");
    write_file("rules.ini", "[collector]\nstate_dir = .\n[rules]\nnoise_window = 10s\ncleaning_grace = 3d\n");
    expect("-c rules.ini audit weekly --week 2026-W47", 0, "67 > 50");
    expect("dump", 0, "{\"table\":\"cleanings\",\"id\":\"c1\"");

    /* a running collector is asked to commit first */
    pid_t collector = answer_with("{\"id\":\"x\",\"ok\":true,\"result\":{}}\n");
    expect("dump", 0, "{\"table\":\"windows\"");
    join(collector);
    expect_request("commit", "{}");
    expect("dump >/dev/full", 1, "standard output");
    expect("site list >/dev/full", 1, "standard output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usage, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(import, setup, teardown),
        cmocka_unit_test_setup_teardown(requests, setup, teardown),
        cmocka_unit_test_setup_teardown(status, setup, teardown),
        cmocka_unit_test_setup_teardown(reading, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
