/* Issuing audits: when, which revision, and what the fold keeps of it.  Instants from python's zoneinfo. */
#include "collector/audit/issue.h"
#include "tests/unit/collector/fold_kit.h"

#define MONDAY 1795363200000 /* 2026-11-23 00:00 Asia/Shanghai */

static void the_week_that_has_ended(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t now, after;
        int back;
        const char *week;
        int64_t from, hours;
    } cases[] = {
        {"Asia/Shanghai", MONDAY + 2 * HOUR - 1, 2 * HOUR, 0, "2026-W46", 1794153600000, 168},
        {"Asia/Shanghai", MONDAY + 2 * HOUR, 2 * HOUR, 0, "2026-W47", 1794758400000, 168},
        {"Asia/Shanghai", MONDAY, 0, 0, "2026-W47", 1794758400000, 168},
        {"Asia/Shanghai", MONDAY + 6 * (int64_t)DAY, 2 * HOUR, 1, "2026-W46", 1794153600000, 168},
        /* 2026 has 53 weeks: Monday 2027-01-04 02:00, and one week later */
        {"Asia/Shanghai", 1798999200000, 2 * HOUR, 0, "2026-W53", 1798387200000, 168},
        {"Asia/Shanghai", 1799604000000, 2 * HOUR, 0, "2027-W01", 1798992000000, 168},
        {"Asia/Shanghai", 1799604000000, 2 * HOUR, 1, "2026-W53", 1798387200000, 168},
        /* summer time ends on 2026-10-25 and begins on 2027-03-28: Mondays 10-26 and 03-29, 02:00 */
        {"Europe/Berlin", 1792976400000, 2 * HOUR, 0, "2026-W43", 1792360800000, 169},
        {"Europe/Berlin", 1806278400000, 2 * HOUR, 0, "2027-W12", 1805670000000, 167},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weekly_settings s = {0};
        assert_int_equal(civil_zone(cases[i].zone, NULL), 0);
        issue_week(cases[i].now, cases[i].after, cases[i].back, &s);
        assert_string_equal(s.week, cases[i].week);
        assert_int_equal(s.from, cases[i].from);
        assert_int_equal(s.until - s.from, cases[i].hours * HOUR);
    }
    civil_zone("Asia/Shanghai", NULL);
}

static void when_to_look_again(void **state)
{
    (void)state;
    static const struct issued none = {0}, issued = {1, "", false, MONDAY}, behind = {1, "", true, MONDAY};
    const struct {
        struct issued issued;
        struct issue_check last;
        bool behind;
        uint64_t seq;
        int64_t now;
        bool due;
    } cases[] = {
        {none, {0}, true, 5, MONDAY, true},                         /* never issued: also while streams are behind */
        {none, {5, MONDAY, 100}, false, 5, MONDAY + HOUR, false},   /* nothing has come since */
        {none, {5, MONDAY, 100}, false, 6, MONDAY + 5999, false},   /* it took 100 ms: not within 6 s */
        {none, {5, MONDAY, 100}, false, 6, MONDAY + 6000, true},    /**/
        {issued, {0}, false, 5, MONDAY + HOUR - 1, false},          /* at most hourly */
        {issued, {0}, false, 5, MONDAY + HOUR, true},               /**/
        {behind, {0}, true, 5, MONDAY + MINUTE, false},             /* still behind */
        {behind, {0}, true, 5, MONDAY + HOUR, true},                /* some may have come */
        {behind, {3, MONDAY, 0}, false, 5, MONDAY + MINUTE, true},  /* all has come */
        {behind, {5, MONDAY, 0}, false, 5, MONDAY + MINUTE, false}, /* but the ledger stands still */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(issue_is_due(&cases[i].issued, &cases[i].last, cases[i].behind, cases[i].seq, cases[i].now),
                         cases[i].due);
}

static void revisions(void **state)
{
    (void)state;
    assert_int_equal(issue_revision(&(struct issued){0}, "a"), 1);
    assert_int_equal(issue_revision(&(struct issued){1, "a", false, 0}, "a"), 1);
    assert_int_equal(issue_revision(&(struct issued){1, "a", false, 0}, "b"), 2);
}

/* The digest leaves the revision out, and nothing else. */
static void digests(void **state)
{
    (void)state;
    char one[HASH_HEX], two[HASH_HEX], three[HASH_HEX], id[ISSUE_ID];
    struct weekly w = {.settings = {"2026-W47", MONDAY - 7 * (int64_t)DAY, MONDAY, 1, 0, 0}};
    issue_digest(&w, one);
    w.settings.revision = 2;
    issue_digest(&w, two);
    w.totals.sites = 1;
    issue_digest(&w, three);
    assert_string_equal(one, two);
    assert_string_not_equal(one, three);
    issue_request_id(&w, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", id);
    assert_string_equal(id, "audit-2026-W47-2-00112233445566778899aabbccddeeff");
}

/* ---- the fold ---------------------------------------------------------------------------------------------------- */

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void issue(struct kit *k, const char *week, int revision, const char *digest, int behind)
{
    struct buf args = buf_growing();
    buf_print(
        &args,
        "{\"week\":\"%s\",\"revision\":%d,\"sha256\":\"%s\",\"behind\":%d,\"summary\":\"{\\\"totals\\\":{}}\","
        "\"districts\":{\"yudu\":\"{\\\"totals\\\":{\\\"cleaning_rate\\\":0.6666666666666666}}\",\"ruijin\":\"{}\"}}",
        week, revision, digest, behind);
    kit_command(k, "audit issue", args.data);
    buf_free(&args);
}

static void what_is_issued(void **state)
{
    (void)state;
    struct kit *k = kit_new("", NULL);
    k->receipt_ms = MONDAY + 2 * HOUR;
    issue(k, "2026-W47", 1, DIGEST_A, 1);
    assert_int_equal(k->entry_count, 1);
    struct kit_entry *e = &k->entries[0];
    assert_string_equal(e->kind, "audit");
    assert_string_equal(e->id, "4fb98d5323ba9ae7"); /* python: sha256(b"audit|2026-W47").hexdigest()[:16] */
    assert_string_equal(e->state, "behind");
    assert_int_equal(e->rev, 1);
    assert_int_equal(e->at, MONDAY - 7 * (int64_t)DAY);
    assert_int_equal(e->entered_at, MONDAY + 2 * HOUR);
    assert_string_equal(e->body, "{\"week\":\"2026-W47\",\"from\":1794758400000,\"until\":1795363200000,\"revision\":1,"
                                 "\"state\":\"behind\",\"sha256\":\"" DIGEST_A "\",\"totals\":{}}");
    assert_int_equal(k->alert_count, 2);
    assert_string_equal(k->alerts[0].topic, "yudu/audit/2026-W47");
    assert_non_null(
        strstr(k->alerts[0].payload, "\"district\":\"yudu\",\"totals\":{\"cleaning_rate\":0.6666666666666666}}"));
    assert_string_equal(k->alerts[1].topic, "ruijin/audit/2026-W47");

    issue(k, "2026-W47", 1, DIGEST_A, 1); /* the same again, under whatever number */
    assert_non_null(strstr(k->answer, "\"revision\":1"));
    assert_non_null(strstr(k->answer, "\"issued\":false"));
    issue(k, "2026-W47", 3, DIGEST_B, 0);
    assert_non_null(strstr(k->answer, "revision 3 is not the next, 1 stands"));
    assert_int_equal(k->entry_count, 1);
    issue(k, "2026-W47", 2, DIGEST_B, 0);
    assert_int_equal(k->entry_count, 2);
    assert_string_equal(k->entries[1].id, k->entries[0].id);
    assert_string_equal(k->entries[1].state, "issued");
    assert_int_equal(k->entries[1].rev, 2);
    issue(k, "2026-W47", 3, DIGEST_A, 0); /* back again is a change too */
    assert_int_equal(k->entry_count, 3);
    kit_free(k);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct kit *k = kit_new("", NULL);
    k->receipt_ms = MONDAY - 1;
    issue(k, "2026-W47", 1, DIGEST_A, 0);
    assert_non_null(strstr(k->answer, "has not ended"));
    issue(k, "2026-W60", 1, DIGEST_A, 0);
    assert_non_null(strstr(k->answer, "expected an ISO week"));
    issue(k, "2026-W46", 1, "aa", 0);
    assert_non_null(strstr(k->answer, "64 hex digits"));
    kit_command(k, "audit issue",
                "{\"week\":\"2026-W46\",\"revision\":1,\"sha256\":\"" DIGEST_A "\",\"summary\":\"[]\"}");
    assert_non_null(strstr(k->answer, "summary: expected a JSON object"));
    kit_command(k, "audit issue",
                "{\"week\":\"2026-W46\",\"revision\":1,\"sha256\":\"" DIGEST_A
                "\",\"summary\":\"{}\",\"districts\":{\"a/b\":\"{}\"}}");
    assert_non_null(strstr(k->answer, "districts: expected an id"));
    assert_int_equal(k->entry_count + k->alert_count, 0);
    kit_free(k);
}

/* What is remembered of issued audits outlives a save. */
struct saved {
    struct fold *fold;
};

static void restore_piece(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct saved *s = ctx;
    if (strncmp(key, "audit/", 6) == 0)
        assert_int_equal(fold_restore(s->fold, key, bytes, length), 0);
}

static void no_gateway(void *ctx, const struct gateway_row *row)
{
    (void)ctx, (void)row;
}

static void it_is_remembered(void **state)
{
    (void)state;
    struct kit *k = kit_new("", NULL), *again = kit_new("", NULL);
    k->receipt_ms = again->receipt_ms = MONDAY;
    issue(k, "2026-W47", 1, DIGEST_A, 0);
    struct saved s = {again->fold};
    const struct sink to = {.ctx = &s, .state = restore_piece, .gateway = no_gateway};
    fold_save(k->fold, &to);
    issue(again, "2026-W47", 1, DIGEST_A, 0);
    assert_non_null(strstr(again->answer, "\"issued\":false"));
    assert_int_equal(again->entry_count, 0);
    issue(again, "2026-W47", 2, DIGEST_B, 0);
    assert_int_equal(again->entry_count, 1);
    kit_free(k);
    kit_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_week_that_has_ended),
        cmocka_unit_test(when_to_look_again),
        cmocka_unit_test(revisions),
        cmocka_unit_test(digests),
        cmocka_unit_test(what_is_issued),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(it_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
