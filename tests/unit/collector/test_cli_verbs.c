/* The verbs of quietair one by one: what each asks of the collector, what it shows of a ledger, and what it says when
 * words, ledger or collector are at fault. */
#include "collector/ledger/ledger.h"
#include "tests/unit/collector/cli_kit.h"
#include "tests/unit/collector/rows_kit.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* ---- words ------------------------------------------------------------------------------------------------------- */

static void wrong_words(void **state)
{
    static const struct {
        const char *words, *said;
    } cases[] = {
        {"case list --state shut", "--state shut: open, closed or lapsed"},
        {"case list --family smell", "--family smell: noise, fume, purifier, cleaning or install"},
        {"case show", "case show: ID is missing"},
        {"case dismiss c1", "case dismiss: --reason is missing"},
        {"case serve c1 --at 2026-03-01", "case serve: --by is missing"},
        {"report quarterly --quarter 2026-Q5", "--quarter 2026-Q5: no such quarter"},
        {"report quarterly --quarter 2026-3", "--quarter 2026-3: no such quarter"},
        {"report quarterly --quarter 2099-Q1", "--quarter 2099-Q1: has not begun"},
        {"report quarterly --lang de", "--lang de: zh or en"},
        {"report quarterly --format csv", "--format csv: text or json"},
        {"draw", "--sites and --officers say how many"},
        {"draw --sites 1", "--sites and --officers say how many"},
        {"draw --sites 0 --officers 1", "--sites 0: a number from 1"},
        {"draw --sites '' --officers 1", "--sites : a number from 1"},
        {"draw --sites 2x --officers 1", "--sites 2x: a number from 1"},
        {"draw --sites 1000001 --officers 1", "--sites 1000001: a number from 1"},
        {"draw --sites 99999999999999999999 --officers 1", "a number from 1"},
        {"draw --sites 1 --officers -1", "--officers -1: a number from 0"},
        {"replay --from tomorrow", "--from tomorrow: expected YYYY-MM-DD"},
        {"replay --until 2026-13-01", "--until 2026-13-01: expected YYYY-MM-DD"},
        {"replay --from 2026-03-02 --until 2026-03-02", "the period ends before it begins"},
        {"replay --register then", "--register then: now, or leave it out"},
        {"complaint show", "complaint show: ID is missing"},
        {"complaint add --site a --at 2026-03-01 --about noise", "complaint add: --text is missing"},
        {"site close a", "site close: --date is missing"},
        {"tick", "tick: TS is missing"},
        {"status now", "status: one word too many: now"},
        {"dump --json=yes", "dump: wrong options"},
        {"case list --state", "case list: wrong options"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(cases[i].words, 2, cases[i].said);
        assert_non_null(strstr(output, "`quietair --help` lists the verbs"));
    }
    expect("--fast status", 2, "wrong options");
    expect("draw --sites 1 --officers 1 --officer-list none/officers", 1, "--officer-list none/officers: No such file");
    expect("draw --sites 1 --officers 1 --officer-list .", 1, "is a folder, not a regular file");
}

/* cli.h: 64 values of options that may be given again. */
static void too_many_values(void **state)
{
    struct buf words = buf_growing();
    (void)state;
    buf_text(&words, "draw --sites 1 --officers 1");
    for (int i = 0; i < 64; i++)
        buf_print(&words, " --grid g%d", i);
    expect(words.data, 1, "the collector does not run");
    buf_text(&words, " --kind ktv");
    expect(words.data, 2, "--kind: given more than 64 times");
    buf_free(&words);
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

/* docs/cases.md, docs/draw.md: the options become the members of args, as texts; `-` becomes `_`. */
static void every_verb_asks(void **state)
{
    static const struct {
        const char *words, *verb, *args;
    } cases[] = {
        {"case confirm c1 --note 第一次", "case confirm", "{\"case\":\"c1\",\"note\":\"第一次\"}"},
        {"case confirm c1", "case confirm", "{\"case\":\"c1\"}"},
        {"case dismiss --reason 'a \"b\"' c1", "case dismiss", "{\"case\":\"c1\",\"reason\":\"a \\\"b\\\"\"}"},
        {"case close c1 --reason moved", "case close", "{\"case\":\"c1\",\"reason\":\"moved\"}"},
        {"case serve c1 --at 2026-03-09T10:00 --by 李建国 --method 当面", "case serve",
         "{\"case\":\"c1\",\"at\":\"2026-03-09T10:00\",\"by\":\"李建国\",\"method\":\"当面\"}"},
        {"measurement add --site a --at 2026-03-09 --value 67.3 --calibration-before 93.8 --officers '甲;乙'",
         "measurement add",
         "{\"site\":\"a\",\"at\":\"2026-03-09\",\"value\":\"67.3\",\"calibration_before\":\"93.8\",\"officers\":\"甲;"
         "乙\"}"},
        {"measurement review m1 --by 乙", "measurement review", "{\"id\":\"m1\",\"by\":\"乙\"}"},
        {"inspection add --site a --at 2026-03-09 --officers '甲;乙' --result fault --in-use no", "inspection add",
         "{\"site\":\"a\",\"at\":\"2026-03-09\",\"officers\":\"甲;乙\",\"result\":\"fault\",\"in_use\":\"no\"}"},
        {"inspection review i1 --by 乙", "inspection review", "{\"id\":\"i1\",\"by\":\"乙\"}"},
        {"complaint add --site a --at 2026-03-09 --about noise --text loud --name 张 --phone 1", "complaint add",
         "{\"site\":\"a\",\"at\":\"2026-03-09\",\"about\":\"noise\",\"text\":\"loud\",\"name\":\"张\",\"phone\":"
         "\"1\"}"},
        {"complaint close p1 --result quiet", "complaint close", "{\"id\":\"p1\",\"result\":\"quiet\"}"},
        {"complaint erase p1", "complaint erase", "{\"id\":\"p1\"}"},
        {"site close a --date 2026-03-09 --by 陈", "site close",
         "{\"site\":\"a\",\"date\":\"2026-03-09\",\"by\":\"陈\"}"},
        {"draw --sites 5 --officers 0", "draw",
         "{\"sites\":5,\"officers\":0,\"weighted\":false,\"kinds\":[],\"grids\":[]}"},
        {"draw --sites 2 --officers 1 --kind ktv --kind 'bar; club' --grid g1 --district yudu --weighted "
         "--officer-list '王芳; 李建国 ;'",
         "draw",
         "{\"sites\":2,\"officers\":1,\"weighted\":true,\"kinds\":[\"ktv\",\"bar\",\"club\"],\"grids\":[\"g1\"],"
         "\"district\":\"yudu\",\"officer_list\":[\"王芳\",\"李建国\"]}"},
        {"draw --sites 1 --officers 1 --officer-list names.txt", "draw",
         "{\"sites\":1,\"officers\":1,\"weighted\":false,\"kinds\":[],\"grids\":[],"
         "\"officer_list\":[\"王芳\",\"Li Jianguo\"]}"},
    };
    (void)state;
    write_file("names.txt", "\xef\xbb\xbf王芳\r\n\r\n \t Li Jianguo \r\n"); /* as Notepad saves it */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t collector = answer_with("{\"id\":\"x\",\"ok\":true,\"result\":{\"id\":\"r1\"}}\n");
        expect(cases[i].words, 0, "id  r1\n");
        join(collector);
        expect_request(cases[i].verb, cases[i].args);
    }
}

static void what_a_collector_may_answer(void **state)
{
    (void)state;
    pid_t collector = answer_with("{\"ok\":false,\"errors\":[7,\"the one\"]}\n");
    expect("case confirm c1", 1, "quietair: the one\nquietair: refused: no reason given\n");
    join(collector);
    collector = answer_with("{\"ok\":true}\n"); /* done, and nothing to tell */
    expect("case confirm c1 --json", 0, "{}\n");
    join(collector);
    collector = answer_with("{\"ok\":\"yes\"}\n");
    expect("case confirm c1", 1, "the collector's answer cannot be read");
    join(collector);
    collector = answer_with("{\"ok\":true,\"result\":{}}"); /* and then it ends, without the newline */
    expect("case confirm c1", 1, "gave no answer: whether it was done is not known");
    join(collector);
    collector = answer_with("{\"ok\":true,\"result\":{\"late\":[{\"site\":\"a\",\"valid_from\":1795449600000,"
                            "\"judged_until\":1795453200000}]}}\n");
    write_file("a.csv", "id,name,kind,district,grid\na,A,ktv,d,g\nb,B,bar,d,g\n");
    expect("site import a.csv", 0, "2 rows of a.csv in the register\n");
    join(collector);
    assert_non_null(
        strstr(output, "a: valid from 2026-11-24 00:00, but its readings up to 2026-11-24 01:00 were judged"));
    assert_non_null(strstr(output, "quietair replay --register now --from 2026-11-24 shows"));
    write_file("long.ini", "[collector]\nstate_dir = .\n"
                           "socket = /tmp/a-socket-with-a-name-that-is-longer-than-the-hundred-and-seven-bytes-that-an-"
                           "address-of-a-unix-socket-has\n");
    expect("-c long.ini status", 1, "longer than the 107 bytes that a Unix socket may have");
    write_file("folder.ini", "[collector]\nstate_dir = .\nsocket = collector.ini/sock\n");
    expect("-c folder.ini status", 1, "the collector cannot be reached at collector.ini/sock: Not a directory");
}

/* ---- a ledger ---------------------------------------------------------------------------------------------------- */

#define NIGHT 1772897400000LL /* 2026-03-07 23:30 in Shanghai (date -d) */

static void put_case(const struct sink *to, const char *id, const char *family, const char *state, int rev,
                     const char *event)
{
    struct buf body = buf_growing();
    buf_print(&body,
              "{\"id\":\"%s\",\"family\":\"%s\",\"site\":\"club\",\"state\":\"%s\",\"phase\":\"proposed\","
              "\"step\":\"none\",\"count\":%d,\"rev\":%d,\"event\":\"%s\",\"missing\":[\"two officers\",\"a review\"]}",
              id, family, state, rev + 1, rev, event);
    struct case_row row = {.rev = rev,
                           .family = family,
                           .site = "club",
                           .district = "yudu",
                           .grid = "g1",
                           .state = state,
                           .event = event,
                           .step = "none",
                           .proposed = "notice",
                           .incidents = rev + 1,
                           .since = NIGHT,
                           .at = NIGHT + rev,
                           .body = body.data};
    strcpy(row.id, id);
    to->case_(to->ctx, &row);
    buf_free(&body);
}

static void put_entry(const struct sink *to, const char *kind, const char *id, const char *state, const char *body)
{
    struct entry_row row = {.kind = kind,
                            .rev = 1,
                            .site = "club",
                            .state = state,
                            .actor = "clerk",
                            .at = NIGHT,
                            .entered_at = NIGHT + DAY,
                            .body = body};
    strcpy(row.id, id);
    to->entry(to->ctx, &row);
}

/* Of the Python in docs/draw.md: 2 of three sites, 1 of two officers. */
#define DRAWN(officer)                                                                                                 \
    "{\"id\":\"d1\",\"state\":\"drawn\",\"announced\":1772897400000,\"wanted\":{\"sites\":2,\"officers\":1},"          \
    "\"candidates\":[{\"site\":\"bar-a\",\"weight\":1},{\"site\":\"bar-b\",\"weight\":3},{\"site\":\"bar-c\","         \
    "\"weight\":1}],\"officer_list\":[\"王芳\",\"陈静\"],"                                                         \
    "\"list_sha256\":\"e70c1d69525a4aa63c5fba26ce1c1b5e87b3ab7d8b57cd84e6fda2dd72e8fdee\","                            \
    "\"seed\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","                                   \
    "\"sites\":[\"bar-a\",\"bar-c\"],\"officers\":[\"" officer "\"]}"

static void put_flag(const struct sink *to, const char *id, const char *site, int64_t since, int64_t until)
{
    struct flag_row row = {.rev = 1,
                           .flag = FLAG_NOISE_LIMIT,
                           .state = until ? "cleared" : "raised",
                           .site = site,
                           .district = "yudu",
                           .grid = "g1",
                           .device = "noise-1",
                           .gateway = "gw-1",
                           .since = since,
                           .until = until,
                           .at = since,
                           .body = "{}"};
    strcpy(row.id, id);
    to->flag(to->ctx, &row);
}

static void make_ledger(void)
{
    struct ledger *l;
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, NULL), 0);
    const struct sink *to = ledger_sink(l);
    struct site club = row_site("club", SITE_KTV, "g1", NIGHT - 30 * DAY), later = club;
    to->site(to->ctx, &club);
    later.valid_from_ms = NIGHT + 30000 * DAY; /* not valid yet */
    strcpy(later.name, "renamed");
    to->site(to->ctx, &later);
    to->device(to->ctx, &(struct device_row){"club", "noise-1", "gw-1", "renke", "noise", "", "", 1000});
    struct window_row w = row_window("club", "noise-1", "noise", NIGHT, NIGHT + 10 * MIN, OUTCOME_EXCEEDS, 67, 50);
    to->window(to->ctx, &w);
    w = row_window("club", "noise-1", "noise", NIGHT + 2 * 60 * MIN, NIGHT + 130 * MIN, OUTCOME_EXCEEDS, 71, 50);
    to->window(to->ctx, &w); /* later than an hour */
    put_flag(to, "f1", "club", NIGHT, 0);
    put_flag(to, "f2", "club", NIGHT - 90 * MIN, NIGHT - 30 * MIN);
    put_flag(to, "f3", "elsewhere", NIGHT, 0);
    put_case(to, "c1", "noise", "open", 1, "incident");
    put_case(to, "c1", "noise", "open", 2, "proposed");
    put_case(to, "c2", "fume", "closed", 1, "closed");
    put_entry(to, "measurement", "m1", "valid", "{\"id\":\"m1\",\"site\":\"club\",\"value\":67.3}");
    put_entry(to, "inspection", "i1", "valid", "{\"id\":\"i1\",\"site\":\"club\",\"officers\":[\"甲\",\"乙\"]}");
    put_entry(to, "complaint", "p1", "open", "{\"id\":\"p1\",\"site\":\"club\",\"about\":\"noise\",\"text\":\"loud\"}");
    put_entry(to, "complaint", "p2", "open", "{\"id\":\"p2\",\"site\":\"club\",\"about\":\"fume\",\"text\":\"smell\"}");
    put_entry(to, "draw", "d1", "drawn", DRAWN("王芳"));
    put_entry(to, "draw", "d2", "drawn", DRAWN("陈静"));
    put_entry(to, "draw", "d3", "announced", "{\"id\":\"d3\",\"state\":\"announced\"}");
    assert_int_equal(ledger_commit(l, 1, &(struct hash){{0}}, 1), 0);
    ledger_close(l);
}

static void cases(void **state)
{
    (void)state;
    make_ledger();
    expect("case list", 0, "c1  noise   club");
    assert_non_null(strstr(output, "c2  fume"));
    expect("case list --state closed", 0, "c2  fume");
    assert_null(strstr(output, "c1"));
    expect("case list --family noise --json", 0, "[{\"id\":\"c1\",\"family\":\"noise\"");
    assert_null(strstr(output, "c2"));
    expect("case list --site elsewhere --json", 0, "[]\n");
    expect("case list --state lapsed --json", 0, "[]\n");
    expect("case show c1", 0, "penalty held back: two officers\npenalty held back: a review\n");
    assert_non_null(strstr(output, "count      3\n")); /* the newest revision */
    assert_non_null(strstr(output, "\nhistory\nrev  event     phase     step  actor  note  at\n"
                                   "1    incident  proposed  none  —      —     2026-03-07 23:30:00\n"
                                   "2    proposed  proposed  none  —      —     2026-03-07 23:30:00\n"));
    expect("case show c1 --json", 0, ",\"history\":[{\"rev\":1,\"event\":\"incident\"");
    expect("case show c9", 1, "c9: no such case");
    expect("measurement list", 0, "m1  club  —   —         67.3");
    expect("inspection list", 0, "甲, 乙");
    expect("inspection list --site elsewhere --json", 0, "[]\n");
}

/* Windows and flags of the site an hour before and after, no others. */
static void complaints(void **state)
{
    static const char around[] =
        "\"windows\":[{\"device\":\"noise-1\",\"rule\":\"noise\",\"from\":1772897400000,\"to\":1772898000000,"
        "\"outcome\":\"exceeds\",\"judged\":67,\"limit\":50,\"coverage\":1}],"
        "\"flags\":[{\"id\":\"f2\",\"flag\":\"noise-limit\",\"state\":\"cleared\",\"device\":\"noise-1\","
        "\"since\":1772892000000,\"until\":1772895600000},"
        "{\"id\":\"f1\",\"flag\":\"noise-limit\",\"state\":\"raised\",\"device\":\"noise-1\","
        "\"since\":1772897400000,\"until\":null}]";
    char identities[128];
    (void)state;
    make_ledger();
    expect("complaint list", 0, "p1  club  —   noise  —      loud   —\n");
    expect("complaint list --json", 0, around);
    assert_non_null(strstr(output, "]},{\"id\":\"p2\""));
    expect("complaint list --json --site elsewhere", 0, "[]\n");
    expect("complaint show p1 --json", 0, around);
    assert_null(strstr(output, "complainant")); /* none was kept */
    assert_null(strstr(output, "p2"));
    snprintf(identities, sizeof identities, "%s/identities", dir);
    assert_int_equal(mkdir(identities, 0750), 0);
    write_file("identities/p1.json", "{\"name\":\"张三\",\"phone\":\"138\"}\n");
    expect("complaint show p1 --json", 0, "\"complainant\":{\"name\":\"张三\",\"phone\":\"138\"}}\n");
    expect("complaint show p1", 0, "complainant  name 张三, phone 138\n");
    expect("complaint show p9", 1, "p9: no such complaint");
}

static void draws(void **state)
{
    (void)state;
    make_ledger();
    expect("draw list", 0,
           "draw  state      announced            candidates  sites         officers\n"
           "d1    drawn      2026-03-07 23:30:00           3  bar-a, bar-c  王芳\n");
    assert_non_null(strstr(output, "d3    announced                                0  —             —\n"));
    expect("draw list --json", 0, "[{\"id\":\"d1\"");
    expect("draw show d1", 0, "candidates\nsite   weight\nbar-a  1\nbar-b  3\n");
    expect("draw show d9", 1, "draw d9: there is none of this id");
    expect("draw verify d1", 0, "draw d1: match\n");
    expect("draw --verify d1 --json", 0, "{\"id\":\"d1\",\"match\":true,\"differs\":\"\"}\n");
    expect("draw verify d2", 1, "draw d2: differs\nofficers, number 1: said to be 陈静, drawn is 王芳\n");
    expect("draw verify d2 --json", 1,
           "\"match\":false,\"differs\":\"officers, number 1: said to be 陈静, drawn is 王芳\"}\n");
    expect("draw verify d3", 1, "draw d3: announced, not drawn yet");
    expect("draw verify d9", 1, "there is none of this id");
}

static void site_versions(void **state)
{
    (void)state;
    make_ledger();
    expect("site show club", 0, "name"); /* the version valid now */
    assert_null(strstr(output, "renamed"));
    expect("site show club --json", 0, "\"versions\":[1770305400000,4364897400000]");
}

static void reports(void **state)
{
    (void)state;
    make_ledger();
    expect("report quarterly --quarter 2026-Q1 --json", 0, "{\"quarter\":\"2026-Q1\"");
    expect("report quarterly --quarter 2026-Q1 --format json", 0, "{\"quarter\":\"2026-Q1\"");
    expect("report quarterly --quarter 2026-Q1 --format text --json --lang en", 0, "2026");
    assert_null(strchr(output, '{'));
    expect("report quarterly --quarter 2026-Q1 --lang zh", 0, "季度");
    expect("report quarterly", 0, "季度"); /* the last complete one */
    write_file("rules.ini", "[collector]\nstate_dir = .\n[rules]\ncleaning_grace = soon\n");
    expect("-c rules.ini report quarterly", 3, "cleaning_grace");
    expect("-c rules.ini replay --rules rules.ini", 3, "cleaning_grace");
}

static void audits_into_files(void **state)
{
    (void)state;
    make_ledger();
    expect("audit weekly --week 2026-W10 --output audit.txt", 0, "");
    assert_string_equal(output, "");
    expect("audit weekly --week 2026-W10 --output none/audit.txt", 1, "none/audit.txt: No such file or directory");
    expect("audit weekly --week 2026-W10 --format html --output /dev/full", 1, "/dev/full: No space left on device");
    expect("audit weekly --week 2026-W10 --format xlsx", 0, "PK"); /* a ZIP archive (ECMA-376-2) */
    assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
    expect("audit weekly --week 2026-W10 --format xlsx", 1, "could not be written to the folder for temporary files");
    expect("replay --from 2026-03-01", 1, "/nowhere/quietair-replay-");
    assert_int_equal(unsetenv("TMPDIR"), 0);
    pid_t collector = answer_with(NULL);
    expect("audit issue --week 2026-W10", 1, "gave no answer");
    join(collector);
    expect("audit issue --week 2026-W60", 2, "no such ISO week");
}

static void replays_that_cannot_be(void **state)
{
    char kept[256];
    (void)state;
    expect("replay --keep collector.ini", 1, "collector.ini: File exists");
    expect("replay --keep none/kept", 1, "none/kept.part-");
    expect("replay", 1, "the collector has not run yet");
    make_ledger();
    expect("replay --keep kept/", 1, "journal");
    snprintf(kept, sizeof kept, "ls -d %s/kept* >/dev/null 2>&1", dir);
    assert_int_not_equal(system(kept), 0); /* nothing is left of one that failed */
}

/* ---- a ledger that is damaged ------------------------------------------------------------------------------------ */

enum { PAGE = 4096 };

/* Every page of the database behind the first that holds this text (NULL: all) becomes rubbish; how many. */
static int spoil(const char *holding)
{
    char path[128];
    char page[PAGE];
    int count = 0;
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    for (long at = PAGE; fseek(f, at, SEEK_SET) == 0 && fread(page, 1, PAGE, f) == PAGE; at += PAGE) {
        if (holding && !memmem(page, PAGE, holding, strlen(holding)))
            continue;
        memset(page, 0xff, PAGE);
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fwrite(page, 1, PAGE, f), PAGE);
        count++;
    }
    assert_int_equal(fclose(f), 0);
    return count;
}

static void damage_is_said(void **state)
{
    static const char *const verbs[] = {
        "site list",
        "site list --json",
        "site show club",
        "cleaning list",
        "case list",
        "case show c1",
        "measurement list",
        "inspection list",
        "complaint list",
        "complaint show p1",
        "draw list",
        "draw verify d1",
        "report quarterly",
        "dump",
        "audit weekly",
        "complaint list --json",
        "audit weekly --json",
        "draw show d1",
        "replay --from 2026-03-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        expect(verbs[i], 1, "the collector has not run yet");
    make_ledger();
    assert_true(spoil(NULL) > 10);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        expect(verbs[i], 1, "malformed"); /* SQLite's word for it */
    write_file("ledger.db", "no database at all, whatever its name may say\n");
    expect("site list", 1, "file is not a database");
    write_file("ledger.db", "");
    expect("site list", 1, "nothing in it yet: the collector has not run yet");
}

/* What cannot be read beside a complaint is not shown as if there was nothing. */
static void damage_beside_a_complaint(void **state)
{
    struct ledger *l;
    (void)state;
    make_ledger();
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, NULL), 0);
    for (int i = 1; i <= 100; i++) { /* so many that they fill pages of their own */
        struct window_row w = row_window("club", "noise-1", "noise", NIGHT - i * MIN, NIGHT - (i - 1) * MIN,
                                         OUTCOME_NOT_JUDGED, NAN, NAN);
        w.reason = "a-reason-that-stands-nowhere-else";
        ledger_sink(l)->window(ledger_sink(l)->ctx, &w);
    }
    assert_int_equal(ledger_commit(l, 2, &(struct hash){{0}}, 1), 0);
    ledger_close(l);
    expect("complaint show p1 --json", 0, "\"outcome\":\"not judged\"");
    assert_true(spoil("a-reason-that-stands-nowhere-else") > 0);
    expect("case list", 0, "c1"); /* the rest can be read */
    expect("complaint show p1 --json", 1, "malformed");
    expect("complaint list --json", 1, "malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_words, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_values, setup, teardown),
        cmocka_unit_test_setup_teardown(every_verb_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_collector_may_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(cases, setup, teardown),
        cmocka_unit_test_setup_teardown(complaints, setup, teardown),
        cmocka_unit_test_setup_teardown(draws, setup, teardown),
        cmocka_unit_test_setup_teardown(site_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(reports, setup, teardown),
        cmocka_unit_test_setup_teardown(audits_into_files, setup, teardown),
        cmocka_unit_test_setup_teardown(replays_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_beside_a_complaint, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
