/* The program quietair itself, against a ledger and a control socket of the test's own. */
#include "collector/ledger/ledger.h"
#include "common/json.h"
#include "tests/unit/collector/rows_kit.h"

#include <libgen.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], program[4096];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
    char ini[256], self[4000], standards[4096], link[128];
    (void)state;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return -1;
    self[n] = 0;
    snprintf(program, sizeof program, "%s/../../bin/quietair", dirname(self));
    if (access(program, X_OK) != 0) {
        print_error("%s is not built\n", program);
        return -1;
    }
    strcpy(dir, "/tmp/quietair-cli-XXXXXX");
    if (!mkdtemp(dir) || !realpath("config/standards", standards)) /* from the top of the tree */
        return -1;
    snprintf(link, sizeof link, "%s/standards", dir);
    if (symlink(standards, link) != 0)
        return -1;
    snprintf(ini, sizeof ini,
             "[collector]\nname = main\ndistricts = yudu\nstate_dir = %s\ntimezone = Asia/Shanghai\nclock = journal\n"
             "[mqtt]\nurl = mqtt://127.0.0.1:1\n",
             dir);
    write_file("collector.ini", ini);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static char output[65536];

/* Runs `quietair -c … WORDS`; its exit status; stdout (and stderr behind it) in output. */
static int run(const char *words)
{
    char command[8192];
    snprintf(command, sizeof command, "cd %s && { %s -c collector.ini --actor 王 %s; } 2>err; s=$?; cat err; exit $s",
             dir, program, words);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(output, 1, sizeof output - 1, f);
    output[n] = 0;
    return WEXITSTATUS(pclose(f));
}

static void expect(const char *words, int status, const char *part)
{
    int code = run(words);
    if (code != status || !strstr(output, part))
        fail_msg("quietair %s: status %d, expected %d, and in the output: %s\n%s", words, code, status, part, output);
}

/* ---- a collector of one answer ----------------------------------------------------------------------------------- */

/* Listens at control.sock, keeps the first request in the file `request`, answers, and ends.  The socket listens before
 * this returns.  NULL: ends without an answer. */
static pid_t answer_with(const char *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/control.sock", dir);
    unlink(address.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        int fd = accept(listener, NULL, NULL);
        FILE *stream = fdopen(fd, "r+");
        char *line = NULL;
        size_t room = 0;
        if (getline(&line, &room, stream) > 0) {
            write_file("request", line);
            if (answer && send(fd, answer, strlen(answer), 0) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(listener);
    return child;
}

static void join(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The request that was kept: of the right form, for this verb, with these args. */
static void expect_request(const char *verb, const char *args)
{
    char path[128], text[8192];
    snprintf(path, sizeof path, "%s/request", dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *id, *actor, *named;
    struct json *root = json_open(text, strlen(text), NULL);
    assert_true(json_text(json_member(root, "id"), &id) && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32);
    assert_true(json_text(json_member(root, "actor"), &actor));
    assert_string_equal(actor, "王");
    assert_true(json_text(json_member(root, "verb"), &named));
    assert_string_equal(named, verb);
    struct buf sent = buf_growing();
    json_print(json_member(root, "args"), &sent);
    assert_string_equal(sent.data, args);
    buf_free(&sent);
    json_close(root);
}

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
