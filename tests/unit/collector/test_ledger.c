/* The ledger: what goes in comes back, a transaction is whole or not there, whatever is killed or full. */
#include "collector/ledger/ledger.h"
#include "collector/ledger/sql.h"
#include "tests/unit/collector/rows_kit.h"

#include <grp.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static const struct hash head = {{0xab, 0xcd}};

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-ledger-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static struct ledger *open_or_fail(enum ledger_mode mode)
{
    struct ledger *l;
    struct fault f = {0};
    if (ledger_open(&l, dir, mode, &f) != 0)
        fail_msg("%s", f.text);
    return l;
}

/* ---- rows as text: what a reading sink saw ---------------------------------------------------------------------- */

static struct buf seen;

static void saw(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void saw(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_text(&seen, line);
}

static void see_site(void *ctx, const struct site *s)
{
    (void)ctx;
    site_write(&seen, s);
    buf_text(&seen, "\n");
}

static void see_device(void *ctx, const struct device_row *r)
{
    (void)ctx;
    saw("device %s %s %s %s %s %s %s %ld\n", r->site, r->device, r->gateway, r->profile, r->measurement, r->serial,
        r->calibrated, (long)r->interval_ms);
}

static void see_gateway(void *ctx, const struct gateway_row *r)
{
    (void)ctx;
    saw("gateway %s %s %s %lu %ld %ld\n", r->gateway, r->district, r->epoch, (unsigned long)r->seq, (long)r->newest_ts,
        (long)r->heard_ms);
}

static void see_window(void *ctx, const struct window_row *r)
{
    (void)ctx;
    saw("window %s %s %s %s %s %ld-%ld %d '%s' %g %g %g %g %g %g %g %g %g %g %g %g %d\n", r->site, r->district, r->grid,
        r->device, r->rule, (long)r->from, (long)r->to, r->outcome, r->reason, r->coverage, r->measured, r->judged,
        r->limit, r->l5, r->l10, r->l50, r->l90, r->l95, r->lafmax, r->lafmin, r->sd, r->statutory);
}

static void see_usage(void *ctx, const struct usage_row *r)
{
    (void)ctx;
    saw("usage %s %ld %ld %ld %ld\n", r->site, (long)r->day, (long)r->covered_ms, (long)r->fan_ms, (long)r->both_ms);
}

static void see_missing(void *ctx, const struct missing_row *r)
{
    (void)ctx;
    saw("missing %s %s %ld-%ld %s\n", r->site, r->device, (long)r->from, (long)r->to, r->reason);
}

static void see_flag(void *ctx, const struct flag_row *r)
{
    (void)ctx;
    saw("flag %s %d %s %s '%s' '%s' '%s' '%s' '%s' %ld-%ld %ld %s\n", r->id, r->rev, flag_names[r->flag], r->state,
        r->site, r->district, r->grid, r->device, r->gateway, (long)r->since, (long)r->until, (long)r->at, r->body);
}

static void see_cleaning(void *ctx, const struct cleaning_row *r)
{
    (void)ctx;
    saw("cleaning %s %s %s %s %s %s %s %s %ld %ld %s %s %s\n", r->id, r->site, r->kind, r->by, r->provider, r->note,
        r->actor, r->state, (long)r->cleaned_at, (long)r->entered_at, r->verdict, r->evidence, r->photos);
}

static void see_case(void *ctx, const struct case_row *r)
{
    (void)ctx;
    saw("case %s %d %s %s %s %s %s %s %s '%s' %d %ld %ld %s\n", r->id, r->rev, r->family, r->site, r->district, r->grid,
        r->state, r->event, r->step, r->proposed, r->incidents, (long)r->since, (long)r->at, r->body);
}

static void see_entry(void *ctx, const struct entry_row *r)
{
    (void)ctx;
    saw("entry %s %s %d '%s' '%s' %s %ld %ld %s\n", r->kind, r->id, r->rev, r->site, r->state, r->actor, (long)r->at,
        (long)r->entered_at, r->body);
}

static const struct sink eye = {
    .flag = see_flag,
    .window = see_window,
    .usage = see_usage,
    .missing = see_missing,
    .device = see_device,
    .gateway = see_gateway,
    .site = see_site,
    .cleaning = see_cleaning,
    .case_ = see_case,
    .entry = see_entry,
};

static void expect_seen(const char *expected)
{
    assert_string_equal(seen.data, expected);
    buf_clear(&seen);
}

static char *dump_of(struct ledger *l)
{
    char *text;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    assert_int_equal(ledger_dump(l, f), 0);
    fclose(f);
    return text;
}

/* ---- rows to write ---------------------------------------------------------------------------------------------- */

static struct site a_site(const char *id, int64_t valid_from, const char *name)
{
    struct site s = row_site(id, SITE_KTV, "g1", valid_from);
    s.lat = 25.5;
    strcpy(s.name, name);
    return s;
}

static const struct window_row a_window = {.site = "club",
                                           .district = "yudu",
                                           .grid = "g1",
                                           .device = "noise-1",
                                           .rule = "noise",
                                           .from = 600000,
                                           .to = 1200000,
                                           .outcome = OUTCOME_EXCEEDS,
                                           .reason = "",
                                           .coverage = 0.98,
                                           .measured = 67.3,
                                           .judged = 67,
                                           .limit = 50,
                                           .l5 = 72,
                                           .l10 = 70,
                                           .l50 = 66,
                                           .l90 = 60,
                                           .l95 = 58,
                                           .lafmax = 80.5,
                                           .lafmin = 51.5,
                                           .sd = 4.5,
                                           .statutory = true};

static const struct flag_row a_flag = {.id = "0123456789abcdef",
                                       .rev = 1,
                                       .flag = FLAG_NOISE_LIMIT,
                                       .state = "raised",
                                       .site = "club",
                                       .district = "yudu",
                                       .grid = "g1",
                                       .device = "noise-1",
                                       .gateway = "",
                                       .since = 600000,
                                       .until = 0,
                                       .at = 1200000,
                                       .body = "{\"a\":1}"};

static const struct cleaning_row a_cleaning = {.id = "00000000000000c1",
                                               .site = "club",
                                               .kind = "clean",
                                               .by = "李四",
                                               .provider = "洁净公司",
                                               .note = "",
                                               .actor = "clerk",
                                               .state = "ok",
                                               .verdict = "confirmed",
                                               .evidence = "{\"within\":1}",
                                               .photos = "[\"a.jpg\"]",
                                               .cleaned_at = 5000,
                                               .entered_at = 6000};

static const struct case_row a_case = {.id = "00000000000000ca",
                                       .rev = 1,
                                       .family = "noise",
                                       .site = "club",
                                       .district = "yudu",
                                       .grid = "g1",
                                       .state = "open",
                                       .event = "incident",
                                       .step = "none",
                                       .proposed = "notice",
                                       .incidents = 1,
                                       .since = 5000,
                                       .at = 7000,
                                       .body = "{}"};

static const struct entry_row an_entry = {.kind = "complaint",
                                          .id = "00000000000000e1",
                                          .rev = 1,
                                          .site = "club",
                                          .state = "open",
                                          .actor = "clerk",
                                          .at = 5000,
                                          .entered_at = 6000,
                                          .body = "{\"about\":\"noise\"}"};

/* One of everything; the rows are told apart by `n`. */
static void write_all(const struct sink *to, int n)
{
    char id[33], text[64];
    snprintf(id, sizeof id, "site-%03d", n);
    snprintf(text, sizeof text, "{\"n\":%d}", n);
    struct site s = a_site(id, 1000, "夜色");
    struct window_row w = a_window;
    struct flag_row f = a_flag;
    struct cleaning_row c = a_cleaning;
    struct case_row k = a_case;
    struct entry_row e = an_entry;
    w.site = f.site = c.site = k.site = e.site = id;
    snprintf(k.id, sizeof k.id, "%016x", n);
    snprintf(e.id, sizeof e.id, "%016x", n);
    snprintf(f.id, sizeof f.id, "%016x", n);
    snprintf(c.id, sizeof c.id, "%016x", n);
    to->site(to->ctx, &s);
    to->device(to->ctx, &(struct device_row){id, "noise-1", "gw", "p", "noise", "", "", 1000});
    to->gateway(to->ctx, &(struct gateway_row){id, "yudu", "e", 7, 8, 9});
    to->window(to->ctx, &w);
    to->noise_day(to->ctx, &(struct noise_day_row){id, "noise-1", 86400000, 74.8, 72.6, NAN, 0.5, 1});
    to->usage(to->ctx, &(struct usage_row){id, 0, 30, 20, 10});
    to->missing(to->ctx, &(struct missing_row){id, "noise-1", 10, 20, "power"});
    to->flag(to->ctx, &f);
    to->cleaning(to->ctx, &c);
    to->case_(to->ctx, &k);
    to->entry(to->ctx, &e);
    to->alert(to->ctx, id, text, n);
    to->line(to->ctx, text);
    to->answer(to->ctx, id, text);
    to->state(to->ctx, id, text, strlen(text));
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

/* Two of most things, so that what replaces what shows: versions of a site, a device, a day, a flag. */
static void write_history(const struct sink *to)
{
    struct site old = a_site("club", 1000, "旧名"), new = a_site("club", 5000, "新名"), bar = a_site("bar", 2000, "吧");
    to->site(to->ctx, &new);
    to->site(to->ctx, &bar);
    to->site(to->ctx, &old);
    to->device(to->ctx, &(struct device_row){"club", "noise-1", "gw-01", "renke", "noise", "S1", "2026-01-31", 1000});
    to->device(to->ctx, &(struct device_row){"club", "noise-1", "gw-02", "renke", "noise", "S2", "", 500});
    to->gateway(to->ctx, &(struct gateway_row){"gw-02", "yudu", "9f3c", UINT64_MAX >> 1, 12, 13});
    to->window(to->ctx, &a_window);
    struct window_row unjudged = row_window("club", "noise-1", "noise", 0, 600000, OUTCOME_NOT_JUDGED, NAN, NAN);
    unjudged.reason = "coverage";
    unjudged.coverage = 0.25;
    unjudged.statutory = false;
    to->window(to->ctx, &unjudged);
    to->usage(to->ctx, &(struct usage_row){"club", 86400000, 3, 2, 1});
    to->usage(to->ctx, &(struct usage_row){"club", 86400000, 33, 22, 11});
    to->missing(to->ctx, &(struct missing_row){"club", "noise-1", 100, 200, "power"});
    struct flag_row cleared = a_flag;
    cleared.rev = 2;
    cleared.state = "cleared";
    cleared.until = 1800000;
    to->flag(to->ctx, &a_flag);
    to->flag(to->ctx, &cleared);
    to->cleaning(to->ctx, &a_cleaning);
}

static void sites_come_back(struct ledger *l)
{
    assert_int_equal(ledger_sites(l, 4999, &eye), 0);
    expect_seen(
        "{\"id\":\"bar\",\"name\":\"吧\",\"kind\":\"ktv\",\"district\":\"yudu\",\"grid\":\"g1\",\"lat\":25.5,"
        "\"noise_class\":2,\"noise_position\":\"boundary\",\"valid_from\":2000,\"imported\":2000}\n"
        "{\"id\":\"club\",\"name\":\"旧名\",\"kind\":\"ktv\",\"district\":\"yudu\",\"grid\":\"g1\",\"lat\":25.5,"
        "\"noise_class\":2,\"noise_position\":\"boundary\",\"valid_from\":1000,\"imported\":1000}\n");
    assert_int_equal(ledger_sites(l, 1500, &eye), 0); /* bar: before its first version, the first */
    assert_non_null(strstr(seen.data, "吧"));
    buf_clear(&seen);
    assert_int_equal(ledger_sites(l, 5000, &eye), 0);
    assert_non_null(strstr(seen.data, "新名"));
    assert_null(strstr(seen.data, "旧名"));
    buf_clear(&seen);
    assert_int_equal(ledger_site_versions(l, "club", &eye), 0);
    assert_true(strstr(seen.data, "旧名") < strstr(seen.data, "新名"));
    assert_null(strstr(seen.data, "吧"));
    buf_clear(&seen);
}

static void devices_come_back(struct ledger *l)
{
    assert_int_equal(ledger_devices(l, NULL, &eye), 0);
    expect_seen("device club noise-1 gw-02 renke noise S2  500\n");
    assert_int_equal(ledger_devices(l, "bar", &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_gateways(l, &eye), 0);
    expect_seen("gateway gw-02 yudu 9f3c 9223372036854775807 12 13\n");
}

static void windows_come_back(struct ledger *l)
{
    assert_int_equal(ledger_windows(l, "club", "noise-1", "noise", 0, 86400000, &eye), 0);
    expect_seen(
        "window club yudu g1 noise-1 noise 0-600000 2 'coverage' 0.25 nan nan nan nan nan nan nan nan nan nan nan 0\n"
        "window club yudu g1 noise-1 noise 600000-1200000 1 '' 0.98 67.3 67 50 72 70 66 60 58 80.5 51.5 4.5 1\n");
    assert_int_equal(ledger_windows(l, "club", "noise-1", "noise", 600000, 600001, &eye), 0);
    assert_non_null(strstr(seen.data, "600000-1200000"));
    assert_null(strstr(seen.data, "0-600000"));
    buf_clear(&seen);
    assert_int_equal(ledger_windows(l, "club", "noise-1", "fume", 0, 86400000, &eye), 0);
    assert_int_equal(ledger_windows(l, "club", "noise-1", "noise", 1200000, 86400000, &eye), 0);
    expect_seen("");
    int64_t first = -1;
    assert_int_equal(ledger_first_window(l, "club", "noise-1", "noise", &first), 1);
    assert_int_equal(first, 0);
    assert_int_equal(ledger_first_window(l, "club", "noise-1", "fume", &first), 0);
}

static void usage_comes_back(struct ledger *l)
{
    assert_int_equal(ledger_usage(l, NULL, 86400000, 86400001, &eye), 0);
    expect_seen("usage club 86400000 33 22 11\n");
    assert_int_equal(ledger_usage(l, "club", 0, 86400000, &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_missing(l, "club", 199, 300, &eye), 0);
    expect_seen("missing club noise-1 100-200 power\n");
    assert_int_equal(ledger_missing(l, NULL, 200, 300, &eye), 0);
    assert_int_equal(ledger_missing(l, NULL, 0, 100, &eye), 0);
    expect_seen("");
}

static void flags_and_cleanings_come_back(struct ledger *l)
{
    assert_int_equal(ledger_flags(l, 0, 700000, &eye), 0);
    expect_seen("flag 0123456789abcdef 2 noise-limit cleared 'club' 'yudu' 'g1' 'noise-1' '' 600000-1800000 1200000 "
                "{\"a\":1}\n");
    assert_int_equal(ledger_flags(l, 1800000, 1900000, &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_cleanings(l, "club", &eye), 0);
    expect_seen("cleaning 00000000000000c1 club clean 李四 洁净公司  clerk ok 5000 6000 confirmed {\"within\":1} "
                "[\"a.jpg\"]\n");
}

static void rows_come_back(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    write_history(ledger_sink(l));
    assert_int_equal(ledger_commit(l, 42, &head, 3), 0);
    sites_come_back(l);
    devices_come_back(l);
    windows_come_back(l);
    usage_comes_back(l);
    flags_and_cleanings_come_back(l);
    ledger_close(l);
}

static void cases_and_entries_come_back_by_revision(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    const struct sink *to = ledger_sink(l);
    struct case_row confirmed = a_case;
    struct entry_row closed = an_entry, draw = an_entry;
    confirmed.rev = 2;
    confirmed.event = "confirmed";
    confirmed.step = "notice";
    confirmed.proposed = "";
    confirmed.at = 8000;
    closed.rev = 2;
    closed.state = "closed";
    draw.kind = "draw";
    draw.site = "";
    to->case_(to->ctx, &a_case);
    to->case_(to->ctx, &confirmed);
    to->entry(to->ctx, &an_entry);
    to->entry(to->ctx, &closed);
    to->entry(to->ctx, &draw);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);

    static const char first[] =
        "case 00000000000000ca 1 noise club yudu g1 open incident none 'notice' 1 5000 7000 {}\n";
    static const char second[] = "case 00000000000000ca 2 noise club yudu g1 open confirmed notice '' 1 5000 8000 {}\n";
    assert_int_equal(ledger_cases(l, NULL, &eye), 0);
    expect_seen(second);
    assert_int_equal(ledger_cases(l, "club", &eye), 0);
    expect_seen(second);
    assert_int_equal(ledger_cases(l, "bar", &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_case_events(l, 7000, 8000, &eye), 0);
    expect_seen(first);
    assert_int_equal(ledger_case_events(l, 8000, 9000, &eye), 0);
    expect_seen(second);
    assert_int_equal(ledger_entries(l, "complaint", NULL, 5000, 5001, &eye), 0);
    expect_seen("entry complaint 00000000000000e1 2 'club' 'closed' clerk 5000 6000 {\"about\":\"noise\"}\n");
    assert_int_equal(ledger_entries(l, "complaint", "bar", 0, 9000, &eye), 0);
    assert_int_equal(ledger_entries(l, "complaint", "club", 0, 5000, &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_entries(l, "draw", NULL, 0, 9000, &eye), 0);
    expect_seen("entry draw 00000000000000e1 1 '' 'open' clerk 5000 6000 {\"about\":\"noise\"}\n");
    ledger_close(l);
}

static void nothing_shows_before_the_commit(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    struct outbox_row row;
    struct buf json = buf_growing();
    uint64_t seq;
    struct hash h;
    int version;
    assert_false(ledger_position(l, &seq, &h, &version));
    write_all(ledger_sink(l), 1);
    assert_int_equal(ledger_sites(l, 0, &eye), 0);
    expect_seen("");
    assert_int_equal(ledger_outbox_next(l, OUTBOX_ALERT, 0, &row), 0);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_LINE, 0, &row), 0);
    assert_int_equal(ledger_retained_next(l, "", &row), 0);
    assert_false(ledger_answer(l, "site-001", &json));
    assert_int_equal(ledger_outbox_last(l, OUTBOX_ALERT), 0);

    ledger_rollback(l);
    write_all(ledger_sink(l), 2);
    assert_int_equal(ledger_commit(l, 5, &head, 1), 0);
    assert_true(ledger_position(l, &seq, &h, &version));
    assert_int_equal(seq, 5);
    assert_true(hash_equal(&h, &head));
    assert_int_equal(version, 1);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_ALERT, 0, &row), 1);
    assert_int_equal(row.id, 1); /* the rolled back one took no id */
    assert_string_equal(row.topic, "site-002");
    assert_string_equal(row.payload, "{\"n\":2}");
    assert_int_equal(row.at_ms, 2);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_LINE, 0, &row), 1);
    assert_string_equal(row.line, "{\"n\":2}");
    assert_false(ledger_answer(l, "site-001", &json));
    assert_true(ledger_answer(l, "site-002", &json));
    assert_string_equal(json.data, "{\"n\":2}");
    buf_free(&json);
    ledger_close(l);
}

static void outbox_ids_are_never_used_again(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    struct outbox_row row;
    for (int i = 0; i < 3; i++)
        ledger_sink(l)->line(l, "x");
    for (int i = 0; i < 3; i++)
        ledger_sink(l)->alert(ledger_sink(l)->ctx, "t", i == 1 ? NULL : "p", i);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_ALERT, 1, &row), 1);
    assert_int_equal(row.id, 2);
    assert_null(row.payload);
    assert_int_equal(ledger_outbox_forget(l, OUTBOX_LINE, 2), 0);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_LINE, 0, &row), 1);
    assert_int_equal(row.id, 3);
    assert_int_equal(ledger_outbox_forget(l, OUTBOX_LINE, 3), 0);
    ledger_close(l);

    l = open_or_fail(LEDGER_WRITE);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_LINE, 0, &row), 0);
    assert_int_equal(ledger_outbox_last(l, OUTBOX_LINE), 3);
    ledger_sink(l)->line(ledger_sink(l)->ctx, "y");
    assert_int_equal(ledger_commit(l, 2, &head, 1), 0);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_LINE, 0, &row), 1);
    assert_int_equal(row.id, 4);
    assert_int_equal(ledger_outbox_next(l, OUTBOX_ALERT, 0, &row), 1); /* the other outbox kept its own */
    assert_int_equal(row.id, 1);
    ledger_close(l);
}

static void retained_topics(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    const struct sink *to = ledger_sink(l);
    struct outbox_row row;
    to->alert(to->ctx, "b/2", "one", 1);
    to->alert(to->ctx, "a/1", "two", 2);
    to->alert(to->ctx, "b/2", "three", 3);
    to->alert(to->ctx, "c/3", "four", 4);
    to->alert(to->ctx, "c/3", NULL, 5);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    assert_int_equal(ledger_outbox_forget(l, OUTBOX_ALERT, 5), 0); /* sent is not gone: it stays retained */
    assert_int_equal(ledger_retained_next(l, "", &row), 1);
    assert_string_equal(row.topic, "a/1");
    assert_string_equal(row.payload, "two");
    assert_int_equal(ledger_retained_next(l, row.topic, &row), 1);
    assert_string_equal(row.topic, "b/2");
    assert_string_equal(row.payload, "three");
    assert_int_equal(row.at_ms, 3);
    assert_int_equal(ledger_retained_next(l, row.topic, &row), 0);
    ledger_close(l);
}

static int see_piece(void *ctx, const char *key, const void *bytes, size_t length)
{
    int *left = ctx;
    saw("%s=%.*s;", key, (int)length, (const char *)bytes);
    return --*left ? 0 : ERR_CORRUPT;
}

static void state_pieces(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    const struct sink *to = ledger_sink(l);
    int left = 10;
    to->state(to->ctx, "b", "two", 3);
    to->state(to->ctx, "a", "one", 3);
    to->state(to->ctx, "c", "gone", 4);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    to->state(to->ctx, "c", "", 0);
    to->state(to->ctx, "a", "ONE!", 4);
    assert_int_equal(ledger_commit(l, 2, &head, 1), 0);
    assert_int_equal(ledger_restore(l, see_piece, &left), 0);
    expect_seen("a=ONE!;b=two;");
    left = 1;
    assert_int_equal(ledger_restore(l, see_piece, &left), ERR_CORRUPT);
    expect_seen("a=ONE!;");
    ledger_close(l);
}

/* The rows of write_all as a child leaves them when it kills itself after its nth row. */
static struct sink counted;
static int rows_until_death;

static void count_or_die(void)
{
    if (rows_until_death-- == 0)
        kill(getpid(), SIGKILL);
}

#define COUNTED(name, type)                                                                                            \
    static void counted_##name(void *ctx, const type *row)                                                             \
    {                                                                                                                  \
        count_or_die();                                                                                                \
        ledger_sink(ctx)->name(ctx, row);                                                                              \
    }
COUNTED(site, struct site)
COUNTED(device, struct device_row)
COUNTED(gateway, struct gateway_row)
COUNTED(window, struct window_row)
COUNTED(noise_day, struct noise_day_row)
COUNTED(usage, struct usage_row)
COUNTED(missing, struct missing_row)
COUNTED(flag, struct flag_row)
COUNTED(cleaning, struct cleaning_row)
COUNTED(case_, struct case_row)
COUNTED(entry, struct entry_row)

static void counted_line(void *ctx, const char *line)
{
    count_or_die();
    ledger_sink(ctx)->line(ctx, line);
}

static void write_and_die(int rows)
{
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    counted = *ledger_sink(l);
    counted.site = counted_site;
    counted.device = counted_device;
    counted.gateway = counted_gateway;
    counted.window = counted_window;
    counted.noise_day = counted_noise_day;
    counted.usage = counted_usage;
    counted.missing = counted_missing;
    counted.flag = counted_flag;
    counted.cleaning = counted_cleaning;
    counted.case_ = counted_case_;
    counted.entry = counted_entry;
    counted.line = counted_line;
    rows_until_death = rows;
    for (int n = 1; n <= 3; n++) {
        write_all(&counted, n);
        if (ledger_commit(l, (uint64_t)n, &head, 1) != 0)
            _exit(1);
    }
    kill(getpid(), SIGKILL);
}

static void killed_between_any_two_rows(void **state)
{
    (void)state;
    enum { ROWS = 12 };
    for (int rows = 0; rows <= 3 * ROWS; rows++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            write_and_die(rows);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        struct ledger *l = open_or_fail(LEDGER_WRITE);
        uint64_t seq = 0;
        struct hash h;
        int version, whole = rows / ROWS;
        assert_int_equal(ledger_position(l, &seq, &h, &version), whole > 0);
        assert_int_equal(seq, whole);
        assert_int_equal(ledger_outbox_last(l, OUTBOX_LINE), whole);
        char *left = dump_of(l);
        size_t lines = 0;
        for (const char *c = left; *c; c++)
            lines += *c == '\n';
        assert_int_equal(lines, 11 * whole); /* of the twelve, the line is not part of a dump */
        free(left);
        ledger_close(l);
        struct fault f;
        assert_int_equal(ledger_set_aside(dir, rows, &f), 0);
    }
}

static void dump_is_canonical(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    for (int n = 1; n <= 5; n++)
        write_all(ledger_sink(l), n);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    char *forward = dump_of(l), *again = dump_of(l);
    ledger_close(l);
    assert_string_equal(forward, again);
    assert_int_equal(ledger_set_aside(dir, 1, NULL), 0);

    l = open_or_fail(LEDGER_WRITE);
    for (int n = 5; n >= 1; n--) {
        write_all(ledger_sink(l), n);
        assert_int_equal(ledger_commit(l, (uint64_t)(9 - n), &head, 2), 0);
    }
    char *backward = dump_of(l);
    assert_string_equal(forward, backward);
    ledger_close(l);

    static const char start[] =
        "{\"table\":\"cases\",\"id\":\"0000000000000001\",\"rev\":1,\"family\":\"noise\",\"site\":\"site-001\","
        "\"district\":\"yudu\",\"grid\":\"g1\",\"state\":\"open\",\"event\":\"incident\",\"step\":\"none\","
        "\"proposed\":\"notice\",\"incidents\":1,\"since_ms\":5000,\"at_ms\":7000,\"body\":{}}\n";
    assert_memory_equal(forward, start, sizeof start - 1);
    static const char cleaning[] =
        "{\"table\":\"cleanings\",\"id\":\"0000000000000001\",\"site\":\"site-001\",\"cleaned_at\":5000,"
        "\"kind\":\"clean\",\"cleaned_by\":\"李四\",\"provider\":\"洁净公司\",\"note\":\"\","
        "\"actor\":\"clerk\",\"state\":\"ok\",\"entered_at\":6000,\"verdict\":\"confirmed\","
        "\"evidence\":{\"within\":1},\"photos\":[\"a.jpg\"]}\n";
    assert_non_null(strstr(forward, cleaning));
    assert_non_null(strstr(forward,
                           "{\"table\":\"windows\",\"site\":\"site-001\",\"device\":\"noise-1\",\"rule\":\"noise\","
                           "\"from_ms\":600000,\"to_ms\":1200000,\"district\":\"yudu\",\"grid\":\"g1\","
                           "\"outcome\":\"exceeds\",\"reason\":\"\",\"coverage\":0.98,\"measured\":67.3,"
                           "\"judged\":67,\"limit_value\":50,\"l5\":72,\"l10\":70,\"l50\":66,\"l90\":60,"
                           "\"l95\":58,\"lafmax\":80.5,\"lafmin\":51.5,\"sd\":4.5,\"statutory\":1}\n"));
    assert_non_null(strstr(forward, "{\"table\":\"noise_days\",\"site\":\"site-001\",\"device\":\"noise-1\","
                                    "\"day_ms\":86400000,\"ld\":74.8,\"ln\":72.6,\"ldn\":null,"
                                    "\"day_coverage\":0.5,\"night_coverage\":1}\n"));
    assert_non_null(strstr(forward, "\"at_ms\":1200000,\"body\":{\"a\":1}}\n"));
    free(forward);
    free(again);
    free(backward);
}

static void a_frozen_reader_sees_one_moment(void **state)
{
    (void)state;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    write_all(ledger_sink(l), 1);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    struct ledger *frozen = open_or_fail(LEDGER_READ), *fresh = open_or_fail(LEDGER_READ);
    assert_int_equal(ledger_freeze(frozen), 0);
    write_all(ledger_sink(l), 2);
    assert_int_equal(ledger_commit(l, 2, &head, 1), 0);
    assert_int_equal(ledger_devices(frozen, NULL, &eye), 0);
    expect_seen("device site-001 noise-1 gw p noise   1000\n");
    assert_int_equal(ledger_devices(fresh, NULL, &eye), 0);
    expect_seen("device site-001 noise-1 gw p noise   1000\ndevice site-002 noise-1 gw p noise   1000\n");
    ledger_close(frozen);
    ledger_close(fresh);
    ledger_close(l);
}

static void files(void **state)
{
    (void)state;
    struct ledger *l, *other;
    struct fault f;
    struct stat st;
    char path[128];
    assert_int_equal(ledger_open(&l, dir, LEDGER_READ, &f), ERR_MISSING);
    assert_int_equal(ledger_open(&l, "/nonexistent", LEDGER_WRITE, &f), ERR_IO);
    assert_non_null(strstr(f.text, "/nonexistent/ledger.db"));
    l = open_or_fail(LEDGER_WRITE);
    assert_int_equal(ledger_open(&other, dir, LEDGER_WRITE, &f), ERR_AGAIN);
    assert_non_null(strstr(f.text, "another process writes"));
    write_all(ledger_sink(l), 1);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    ledger_close(l);
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) { /* the last close leaves them for readers without the right to write */
        snprintf(path, sizeof path, "%s/ledger.db%s", dir, parts[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0640);
    }
    assert_int_equal(ledger_set_aside(dir, 1764000000000, &f), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/ledger.db%s", dir, parts[i]);
        assert_int_equal(access(path, F_OK), -1);
        snprintf(path, sizeof path, "%s/ledger.db.aside-1764000000000%s", dir, parts[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    assert_int_equal(ledger_set_aside(dir, 2, &f), 0); /* nothing there */
    l = open_or_fail(LEDGER_WRITE);
    char *empty = dump_of(l);
    assert_string_equal(empty, "");
    free(empty);
    ledger_close(l);
}

/* The console and the clerk's command run as other users, with the group's right to read and no more. */
static int read_as_a_stranger(void)
{
    enum { NOBODY = 65534 };
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct ledger *l;
        struct fault f;
        if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(2);
        if (ledger_open(&l, dir, LEDGER_READ, &f) != 0) {
            fprintf(stderr, "%s\n", f.text);
            _exit(3);
        }
        _exit(ledger_freeze(l) == 0 && ledger_devices(l, NULL, &eye) == 0 && seen.length > 0 ? 0 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void read_by_the_group(void **state)
{
    (void)state;
    static const char *const parts[] = {"", "-wal", "-shm"};
    char path[128];
    if (geteuid() != 0)
        skip();
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    write_all(ledger_sink(l), 1);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    assert_int_equal(chmod(dir, 0750) | chown(dir, 0, 65534), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/ledger.db%s", dir, parts[i]);
        assert_int_equal(chown(path, 0, 65534), 0);
    }
    assert_int_equal(read_as_a_stranger(), 0); /* while it is written */
    ledger_close(l);
    assert_int_equal(read_as_a_stranger(), 0); /* and while the collector is down */
}

static void another_schema(void **state)
{
    (void)state;
    struct sql *db;
    struct fault f;
    char path[128];
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    ledger_close(l);
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    assert_int_equal(sql_open(&db, path, SQL_WRITE, &f), 0);
    assert_int_equal(sql_run(db, "UPDATE schema_version SET version = 99"), 0);
    sql_close(db);
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, &f), ERR_RANGE);
    assert_non_null(strstr(f.text, "schema 99"));
    assert_int_equal(ledger_open(&l, dir, LEDGER_READ, &f), ERR_RANGE);
}

static void damaged_file(void **state)
{
    (void)state;
    char path[128], wal[128];
    struct fault f;
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    for (int n = 0; n < 200; n++)
        write_all(ledger_sink(l), n);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    ledger_close(l);
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    snprintf(wal, sizeof wal, "%s/ledger.db-wal", dir);
    assert_int_equal(truncate(wal, 0), 0);
    FILE *file = fopen(path, "r+b");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long at = 4096; at < size; at++) { /* all but the first page */
        if (fseek(file, at, SEEK_SET) != 0 || fputc('x', file) == EOF)
            fail();
    }
    fclose(file);
    int code = ledger_open(&l, dir, LEDGER_WRITE, &f);
    if (!code) {
        code = ledger_devices(l, NULL, &eye);
        assert_true(*ledger_error(l));
        ledger_close(l);
    }
    assert_int_equal(code, ERR_CORRUPT);
    buf_clear(&seen);

    file = fopen(path, "wb");
    fputs("this is not a database, however long one looks at it ...................................................",
          file);
    fclose(file);
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, &f), ERR_CORRUPT);
    assert_int_equal(ledger_set_aside(dir, 3, &f), 0);
    ledger_close(open_or_fail(LEDGER_WRITE));
}

/* A file that must not grow: the commit fails, nothing of it is there, and the same rows go in later. */
static void no_room(void **state)
{
    (void)state;
    struct rlimit normal, small = {65536, RLIM_INFINITY};
    struct ledger *l = open_or_fail(LEDGER_WRITE);
    write_all(ledger_sink(l), 1);
    assert_int_equal(ledger_commit(l, 1, &head, 1), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &normal), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int n = 2; n < 200; n++)
        write_all(ledger_sink(l), n);
    int code = ledger_commit(l, 2, &head, 1);
    small.rlim_cur = normal.rlim_cur;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_true(code == ERR_IO || code == ERR_FULL);
    assert_true(*ledger_error(l));

    uint64_t seq;
    struct hash h;
    int version;
    assert_true(ledger_position(l, &seq, &h, &version));
    assert_int_equal(seq, 1);
    for (int n = 2; n < 200; n++)
        write_all(ledger_sink(l), n);
    assert_int_equal(ledger_commit(l, 2, &head, 1), 0);
    assert_int_equal(ledger_outbox_last(l, OUTBOX_LINE), 199);
    ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(cases_and_entries_come_back_by_revision, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_shows_before_the_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(outbox_ids_are_never_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(retained_topics, setup, teardown),
        cmocka_unit_test_setup_teardown(state_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_between_any_two_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(dump_is_canonical, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frozen_reader_sees_one_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(files, setup, teardown),
        cmocka_unit_test_setup_teardown(read_by_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(another_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_file, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room, setup, teardown),
    };
    seen = buf_growing();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_free(&seen);
    return failed;
}
