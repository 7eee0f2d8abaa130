/* Late weather: noise windows that closed before their station had spoken, and the flags and cases that rest on them.
 *
 * A club in class 2 at night (limit 50, GB 22337-2008, table 1), windows of one minute from 23:00, a station that says
 * something every half minute.  70 exceeds, 40 does not.  The fold is restored before each record. */
#include "collector/audit/audit.h"
#include "collector/rules/memory.h"
#include "tests/unit/collector/restore_kit.h"

#define HEAD  "id,name,kind,district,grid,noise_class,noise_position,weather,gateways,valid_from\n"
#define SITES HEAD "club,n,club,yudu,g,2,boundary,roof/sky-1,gw-01,\nroof,n,other,yudu,g,,,,gw-02,\n"
#define RULES "[rules]\nnoise_window = 1min\n"
#define TWO   RULES "raise_after = 2\n"
#define PEAK                                                                                                           \
    RULES "standards = gb22337-2008 gb12348-2008 gb18483-2001\npeak_margin = gb12348-2008:frequent\nclear_after = 1\n"

static int64_t minute(int n)
{
    return kit_time(2, 23, n, 0);
}

static void meet(struct kit *k, const char *metrics)
{
    kit_hello(k, "gw-01", "club", "noise-1", 10 * SECOND, metrics, "");
    kit_hello(k, "gw-02", "roof", "sky-1", 30 * SECOND, "wind rain", "");
}

static struct kit *club(const char *rules)
{
    struct kit *k = restored_kit(rules, SITES);
    meet(k, "laeq");
    return k;
}

/* Windows n to end - 1; the last of them closes. */
static void level(struct kit *k, double value, int n, int end)
{
    kit_series(k, "noise-1", "laeq", value, minute(n), minute(end), 10 * SECOND);
    kit_series(k, "noise-1", "laeq", value, minute(end), minute(end) + 1, SECOND);
}

/* What the station says of minutes n to end - 1, which it then has passed. */
static void sky(struct kit *k, const char *values, int n, int end)
{
    char content[80];
    snprintf(content, sizeof content, "\"values\":{%s}", values);
    for (int64_t at = minute(n); at < minute(end); at += 30 * SECOND)
        kit_reading_from(k, "gw-02", "sky-1", at, content);
    kit_reading_from(k, "gw-02", "sky-1", minute(end), "\"error\":\"timeout\"");
}

#define FAIR "\"wind\":1,\"rain\":0"
#define RAIN "\"wind\":1,\"rain\":0.2"
#define WIND "\"wind\":5,\"rain\":0"

static void expect_said(const char *body, const char *words)
{
    if (!strstr(body, words))
        fail_msg("%s: not in %s", words, body);
}

/* The newest row of window n. */
static const struct kit_window *window(const struct kit *k, int n)
{
    for (size_t i = k->window_count; i-- > 0;) {
        if (k->windows[i].row.from == minute(n))
            return &k->windows[i];
    }
    fail_msg("no window %d", n);
    return NULL;
}

static void expect_struck(const struct kit *k, int n)
{
    assert_int_equal(window(k, n)->row.outcome, OUTCOME_NOT_JUDGED);
    assert_string_equal(window(k, n)->reason, "weather");
    assert_true(isnan(window(k, n)->row.judged));
}

static void expect_sound(const struct kit *k, int n, enum outcome outcome)
{
    assert_int_equal(window(k, n)->row.outcome, outcome);
    assert_string_equal(window(k, n)->reason, "");
}

static const struct kit_flag *flag(const struct kit *k, size_t i, const char *state, int rev, int64_t since,
                                   int64_t until)
{
    assert_true(i < k->flag_count);
    const struct kit_flag *f = &k->flags[i];
    assert_string_equal(f->state, state);
    assert_int_equal(f->rev, rev);
    assert_int_equal(f->since, since);
    assert_int_equal(f->until, until);
    return f;
}

static void expect_case(const struct kit *k, const char *state, const char *event, const char *step, int incidents)
{
    assert_true(k->case_count > 0);
    const struct kit_case *c = &k->cases[k->case_count - 1];
    assert_string_equal(c->state, state);
    assert_string_equal(c->event, event);
    assert_string_equal(c->step, step);
    assert_int_equal(c->incidents, incidents);
}

/* ---- a flag that is raised --------------------------------------------------------------------------------------- */

/* 23:00, 23:01, 23:02 exceed; raised when the second closes, at 23:02.  It rains all the time.  With 23:00 struck two
 * are left; when 23:01 is, one is, and the station's stream stands at 23:02. */
static void test_all_windows(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 3);
    flag(k, 0, "raised", 1, minute(0), 0);
    expect_case(k, "open", "proposed", "none", 1);
    sky(k, RAIN, 0, 3);
    for (int n = 0; n < 3; n++)
        expect_struck(k, n);
    assert_int_equal(k->window_count, 6);
    assert_int_equal(k->flag_count, 2);
    const struct kit_flag *f = flag(k, 1, "withdrawn", 2, minute(0), minute(0));
    assert_int_equal(f->at, minute(2));
    assert_string_equal(f->id, k->flags[0].id);
    expect_said(f->body, "\"withdrawn\":{\"reason\":\"weather\",\"station\":\"roof/sky-1\"}");
    assert_string_equal(k->alerts[k->alert_count - 1].payload, f->body);
    expect_case(k, "closed", "withdrawn", "none", 0);
    restored_kit_free(k);
}

static void expect_line(const struct kit *k, const char *line)
{
    for (size_t i = 0; i < k->line_count; i++) {
        if (strcmp(k->lines[i], line) == 0)
            return;
    }
    fail_msg("no line %s", line);
}

/* The row and the point again, and an entry that keeps what stood there. */
static void test_amendment(void **state)
{
    struct kit *k = club(RULES);
    char expected[400];
    (void)state;
    level(k, 70, 0, 1);
    sky(k, WIND, 0, 1);
    assert_int_equal(k->entry_count, 1);
    const struct kit_entry *e = &k->entries[0];
    assert_string_equal(e->kind, "amendment");
    assert_string_equal(e->state, "weather");
    assert_string_equal(e->site, "club");
    assert_int_equal(e->at, minute(0));
    snprintf(expected, sizeof expected,
             "{\"site\":\"club\",\"device\":\"noise-1\",\"rule\":\"noise\",\"from\":%lld,\"to\":%lld,"
             "\"before\":{\"outcome\":\"exceeds\",\"reason\":\"\",\"judged\":70},"
             "\"after\":{\"outcome\":\"not-judged\",\"reason\":\"weather\"},\"station\":\"roof/sky-1\"}",
             (long long)minute(0), (long long)minute(1));
    assert_string_equal(e->body, expected);
    snprintf(expected, sizeof expected,
             "noise_window,device=noise-1,district=yudu,grid=g,site=club coverage=1,l10=70,l50=70,l90=70,limit=50,"
             "measured=70,l5=70,l95=70,sd=0,struck=1i %lld",
             (long long)minute(0));
    expect_line(k, expected);
    near(window(k, 0)->row.measured, 70);
    near(window(k, 0)->row.limit, 50);
    restored_kit_free(k);
}

/* The register learns late of another grid: the point keeps the tags that it had, for under others it would be another
 * point. */
static void test_tags_as_told(void **state)
{
    struct kit *k = club(RULES);
    char expected[400];
    (void)state;
    level(k, 70, 0, 1);
    kit_import(k, HEAD "club,n,club,yudu,h,2,boundary,roof/sky-1,gw-01,2026-03-02T22:00\n");
    sky(k, RAIN, 0, 1);
    snprintf(expected, sizeof expected,
             "noise_window,device=noise-1,district=yudu,grid=g,site=club coverage=1,l10=70,l50=70,l90=70,limit=50,"
             "measured=70,l5=70,l95=70,sd=0,struck=1i %lld",
             (long long)minute(0));
    expect_line(k, expected);
    restored_kit_free(k);
}

/* Rain in 23:01 only: 23:00 and 23:02 are the two that it takes.  The flag stays as it was told. */
static void test_some_windows(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 3);
    sky(k, FAIR, 0, 1);
    sky(k, RAIN, 1, 2);
    sky(k, FAIR, 2, 3);
    expect_sound(k, 0, OUTCOME_EXCEEDS);
    expect_struck(k, 1);
    expect_sound(k, 2, OUTCOME_EXCEEDS);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->entry_count, 1);
    expect_case(k, "open", "proposed", "none", 1);
    level(k, 40, 3, 5);
    const struct kit_flag *f = flag(k, 1, "cleared", 2, minute(0), minute(3));
    expect_said(k->flags[0].body, "\"band\":\"night\",\"note\":\"weather not known\"}");
    expect_said(f->body, "\"band\":\"night\",\"note\":\"rain or wind, known later\"}"); /* of 23:01, which raised it */
    restored_kit_free(k);
}

static void test_no_window(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 3);
    size_t length = k->log.length;
    assert_int_equal(k->fold->waits.count, 1);
    sky(k, FAIR, 0, 3);
    assert_int_equal(k->log.length, length);
    assert_int_equal(k->fold->waits.count, 0);
    level(k, 40, 3, 5);
    expect_said(kit_last_flag(k)->body, "\"band\":\"night\"},\"statutory\""); /* without the note */
    restored_kit_free(k);
}

/* What waits only until the station is heard again: nothing is known of its silence. */
static void test_station_stays_silent(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 3);
    kit_reading_from(k, "gw-02", "sky-1", minute(0), "\"values\":{" FAIR "}");
    kit_gap(k, "gw-02", minute(0), minute(10), "power");
    assert_int_equal(k->window_count, 3);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->fold->waits.count, 0);
    restored_kit_free(k);
}

/* One exceeds in rain, which is known before the next: with that one alone nothing is raised, only with a third. */
static void test_streak_goes_on_without(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 1);
    sky(k, RAIN, 0, 1);
    level(k, 70, 1, 2);
    assert_int_equal(k->flag_count, 0);
    level(k, 70, 2, 3);
    flag(k, 0, "raised", 1, minute(1), 0);
    restored_kit_free(k);
}

/* After a withdrawal the same meter may raise another, of the windows since. */
static void test_raised_again(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 2);
    sky(k, RAIN, 0, 2);
    flag(k, 1, "withdrawn", 2, minute(0), minute(0));
    level(k, 70, 2, 4);
    const struct kit_flag *f = flag(k, 2, "raised", 1, minute(2), 0);
    assert_string_not_equal(f->id, k->flags[0].id);
    sky(k, FAIR, 2, 4);
    assert_int_equal(k->flag_count, 3);
    restored_kit_free(k);
}

/* 23:00 exceeds in known weather, 23:01 in rain, 23:02 in fair weather: raised by 23:01, withdrawn, and raised by
 * 23:02. Both begin with 23:00: the same flag, revisions 1 to 3, and in the case the same night. */
static void test_comes_back(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    sky(k, FAIR, -1, 1);
    level(k, 70, 0, 2);
    flag(k, 0, "raised", 1, minute(0), 0);
    sky(k, RAIN, 1, 2);
    flag(k, 1, "withdrawn", 2, minute(0), minute(0));
    expect_case(k, "closed", "withdrawn", "none", 0);
    level(k, 70, 2, 3);
    const struct kit_flag *f = flag(k, 2, "raised", 3, minute(0), 0);
    assert_string_equal(f->id, k->flags[0].id);
    expect_case(k, "open", "proposed", "none", 1);
    restored_kit_free(k);
}

/* Raised by 23:00 in known weather; what is struck afterwards does not carry it. */
static void test_raised_before_the_lag(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    sky(k, FAIR, -1, 1);
    level(k, 70, 0, 3);
    sky(k, RAIN, 1, 3);
    expect_sound(k, 0, OUTCOME_EXCEEDS);
    expect_struck(k, 1);
    expect_struck(k, 2);
    assert_int_equal(k->flag_count, 1);
    level(k, 40, 3, 5);
    flag(k, 1, "cleared", 2, minute(0), minute(3));
    restored_kit_free(k);
}

/* ---- a flag that has ended --------------------------------------------------------------------------------------- */

/* 23:00 and 23:01 exceed, 23:02 and 23:03 do not: cleared at 23:04 as of 23:02.  Rain over all four: also what complied
 * is not judged. */
static void test_after_clearing(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 2);
    level(k, 40, 2, 4);
    flag(k, 1, "cleared", 2, minute(0), minute(2));
    sky(k, RAIN, 0, 4);
    for (int n = 0; n < 4; n++)
        expect_struck(k, n);
    assert_int_equal(k->flag_count, 3);
    const struct kit_flag *f = flag(k, 2, "withdrawn", 3, minute(0), minute(0));
    assert_int_equal(f->at, minute(1)); /* with 23:00 struck one is left */
    expect_case(k, "closed", "withdrawn", "none", 0);
    restored_kit_free(k);
}

/* Rain while it was quiet: the flag and its end stay. */
static void test_rain_after_the_noise(void **state)
{
    struct kit *k = club(TWO);
    (void)state;
    level(k, 70, 0, 2);
    level(k, 40, 2, 4);
    sky(k, FAIR, 0, 2);
    sky(k, RAIN, 2, 4);
    expect_struck(k, 2);
    expect_struck(k, 3);
    assert_int_equal(k->flag_count, 2);
    restored_kit_free(k);
}

/* Two flags, and rain over the first only, which has given its place: its row is told, the alert stays the second's.
 * Both were one incident of one night, which the second still carries. */
static void test_former_flag(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    level(k, 70, 0, 1);
    level(k, 40, 1, 3);
    level(k, 70, 3, 4);
    flag(k, 2, "raised", 1, minute(3), 0);
    size_t alerts = k->alert_count;
    sky(k, RAIN, 0, 1);
    sky(k, FAIR, 1, 4);
    const struct kit_flag *f = flag(k, 3, "withdrawn", 3, minute(0), minute(0));
    assert_string_equal(f->id, k->flags[0].id);
    expect_said(f->body, "\"withdrawn\":{\"reason\":\"weather\"");
    assert_int_equal(k->flag_count, 4);
    assert_int_equal(k->alert_count, alerts);
    expect_case(k, "open", "proposed", "none", 1);
    level(k, 40, 4, 6);
    flag(k, 4, "cleared", 2, minute(3), minute(4));
    restored_kit_free(k);
}

/* ---- cases, peaks ------------------------------------------------------------------------------------------------ */

/* A step that an officer has confirmed is not undone, though nothing is left that it counts. */
static void test_confirmed_step_stays(void **state)
{
    struct kit *k = club(RULES);
    char args[80];
    (void)state;
    level(k, 70, 0, 1);
    snprintf(args, sizeof args, "{\"case\":\"%s\"}", k->cases[0].id);
    kit_command(k, "case confirm", args);
    expect_case(k, "open", "confirmed", "notice", 1);
    sky(k, RAIN, 0, 1);
    flag(k, 1, "withdrawn", 2, minute(0), minute(0));
    expect_case(k, "open", "withdrawn", "notice", 0);
    restored_kit_free(k);
}

/* LAFmax 61 is above 50 + 10; 45 in the mean complies.  The burst was in the wind. */
static void test_peak(void **state)
{
    struct kit *k = restored_kit(PEAK, SITES);
    (void)state;
    meet(k, "laeq lafmax");
    for (int64_t at = minute(0); at <= minute(1); at += 10 * SECOND)
        kit_reading(k, "noise-1", at, "\"values\":{\"laeq\":45,\"lafmax\":61}");
    assert_string_equal(k->flags[0].flag, "noise-peak");
    expect_said(k->flags[0].body, "of GB 22337-2008, 4.1.1 表1; weather not known\"");
    sky(k, WIND, 0, 1);
    expect_struck(k, 0);
    flag(k, 1, "withdrawn", 2, minute(0), minute(0));
    assert_string_equal(k->flags[1].flag, "noise-peak");
    expect_said(k->flags[1].body, "of GB 22337-2008, 4.1.1 表1; rain or wind, known later\"");
    assert_int_equal(k->flag_count, 2);
    restored_kit_free(k);
}

/* ---- the ledger, and its audit ----------------------------------------------------------------------------------- */

struct second { /* the same records, folded into a ledger */
    struct fold *fold;
    struct ledger *ledger;
    uint64_t seq;
};

static void fold_too(struct kit *k, const struct record *r)
{
    struct second *s = k->before_ctx;
    static const struct hash head;
    fold_record(s->fold, r, ledger_sink(s->ledger));
    assert_int_equal(ledger_commit(s->ledger, ++s->seq, &head, FOLD_VERSION), 0);
}

/* Issues the week's audit, if it has changed; which revision stands then, and for how long it was too loud. */
static int issue(struct kit *k, int64_t *noise_ms)
{
    struct weekly_settings week = {.week = "2026-W10", .from = kit_time(2, 0, 0, 0), .until = kit_time(9, 0, 0, 0)};
    struct second *s = k->before_ctx;
    struct audit audit;
    struct buf args = buf_growing();
    assert_int_equal(audit_read(&audit, s->ledger, &week, NULL), 0);
    int revision = audit.week->settings.revision;
    *noise_ms = audit.week->totals.noise_ms;
    if (revision != audit.issued.revision) {
        issue_request(&args, audit.week, audit.sha256);
        kit_command(k, "audit issue", args.data);
    }
    audit_free(&audit);
    buf_free(&args);
    return revision;
}

static void count_row(void *ctx, const struct window_row *row)
{
    ++*(int *)ctx;
    assert_int_equal(row->outcome, row->from == minute(1) ? OUTCOME_EXCEEDS : OUTCOME_NOT_JUDGED);
}

/* Three windows exceed, then two of them prove wet: 3 minutes in revision 1, 1 minute in revision 2, which stays.  The
 * ledger has three rows before and after. */
static void test_audit(void **state)
{
    char dir[] = "/tmp/quietair-waiting-XXXXXX", command[64];
    struct second second = {.fold = fold_new()};
    struct kit *k = kit_new(RULES, NULL);
    int64_t noise_ms;
    int rows = 0;
    const struct sink to = {.ctx = &rows, .window = count_row};
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(ledger_open(&second.ledger, dir, LEDGER_SCRATCH, NULL), 0);
    k->before = fold_too;
    k->before_ctx = &second;
    kit_configure(k, RULES);
    kit_import(k, SITES);
    meet(k, "laeq");
    level(k, 70, 0, 3);
    k->receipt_ms = kit_time(9, 12, 0, 0);
    assert_int_equal(issue(k, &noise_ms), 1);
    assert_int_equal(noise_ms, 3 * MINUTE);
    assert_int_equal(issue(k, &noise_ms), 1);
    sky(k, RAIN, 0, 1);
    sky(k, FAIR, 1, 2);
    sky(k, RAIN, 2, 3);
    assert_int_equal(issue(k, &noise_ms), 2);
    assert_int_equal(noise_ms, MINUTE);
    assert_int_equal(issue(k, &noise_ms), 2);
    assert_int_equal(ledger_windows(second.ledger, "club", "noise-1", "noise", minute(0), minute(3), &to), 0);
    assert_int_equal(rows, 3);
    kit_free(k);
    ledger_close(second.ledger);
    fold_free(second.fold);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

/* 30 windows of an hour, 2 March 00:00 to 3 March 06:00.  The newest ends at 06:00; those that begin before 06:00 of
 * the 2nd, six, wait no more when the station says at last that it rained for all that time. */
static void test_a_day(void **state)
{
    struct kit *k = restored_kit("[rules]\nnoise_window = 1h\n", SITES);
    int64_t from = kit_time(2, 0, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 10 * MINUTE, "laeq", "");
    kit_hello(k, "gw-02", "roof", "sky-1", 10 * MINUTE, "wind rain", "");
    kit_series(k, "noise-1", "laeq", 70, from, from + 30LL * HOUR + 1, 10 * MINUTE);
    assert_int_equal(k->window_count, 30);
    for (int64_t at = from; at <= from + 30LL * HOUR; at += 10 * MINUTE)
        kit_reading_from(k, "gw-02", "sky-1", at, "\"values\":{" RAIN "}");
    assert_int_equal(k->window_count, 30 + 24);
    assert_int_equal(k->entry_count, 24);
    assert_int_equal(k->windows[30].row.from, from + 6LL * HOUR);
    for (size_t i = 0; i < k->flag_count; i++) /* the first six carry it */
        assert_string_equal(k->flags[i].state, "raised");
    restored_kit_free(k);
}

/* 300 windows of a minute, of which 288 wait. */
static void test_the_most_windows(void **state)
{
    struct kit *k = kit_new(RULES, SITES);
    (void)state;
    meet(k, "laeq");
    level(k, 70, 0, 300);
    sky(k, RAIN, 0, 300);
    expect_sound(k, 11, OUTCOME_EXCEEDS);
    expect_struck(k, 12);
    assert_int_equal(k->entry_count, 288);
    kit_free(k);
}

/* The site is given another station: what waited for the former stays judged. */
static void test_another_station(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    level(k, 70, 0, 1);
    kit_import(k, HEAD "club,n,club,yudu,g,2,boundary,roof/sky-2,gw-01,2026-03-02T23:01\n");
    level(k, 70, 1, 2);
    sky(k, RAIN, 0, 2);
    assert_int_equal(k->window_count, 2);
    assert_int_equal(k->flag_count, 1);
    restored_kit_free(k);
}

/* ---- a station that lags leaves what one in time does ------------------------------------------------------------ */

/* The last word on each flag is that it never was. */
static void expect_all_withdrawn(const struct kit *k)
{
    for (size_t i = 0; i < k->flag_count; i++) {
        const struct kit_flag *last = NULL;
        for (size_t j = 0; j < k->flag_count; j++)
            last = strcmp(k->flags[j].id, k->flags[i].id) == 0 ? &k->flags[j] : last;
        assert_string_equal(last->state, "withdrawn");
    }
}

static void said(struct kit *k, unsigned weather, int n)
{
    sky(k, weather >> n & 1 ? RAIN : FAIR, n, n + 1);
}

/* Which of twelve minutes are loud and which are wet, in all orders of saying; a flag that never is for one that was in
 * time is withdrawn for the other. */
static void test_same_windows(void **state)
{
    static const unsigned loud[] = {0xfff, 0x0f0, 0x3c7, 0xa5a}, wet[] = {0, 0xfff, 0x070, 0x8c3, 0x5a5};
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        struct kit *late = kit_new(TWO, SITES), *early = kit_new(TWO, SITES);
        unsigned noise = loud[i / 5], weather = wet[i % 5];
        meet(late, "laeq");
        meet(early, "laeq");
        for (int n = 0; n < 12; n++) {
            said(early, weather, n);
            level(early, noise >> n & 1 ? 70 : 40, n, n + 1);
            level(late, noise >> n & 1 ? 70 : 40, n, n + 1);
        }
        for (int n = 0; n < 12; n++)
            said(late, weather, n);
        for (int n = 0; n < 12; n++) {
            assert_int_equal(window(late, n)->row.outcome, window(early, n)->row.outcome);
            assert_string_equal(window(late, n)->reason, window(early, n)->reason);
        }
        if (!early->flag_count)
            expect_all_withdrawn(late);
        kit_free(late);
        kit_free(early);
    }
}

/* ---- any order --------------------------------------------------------------------------------------------------- */

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u; /* Knuth, TAOCP vol. 2, 3.3.4, table 1, line 16 */
    return (*seed >> 16) % below;
}

/* Twelve minutes of meter and station, each going on in turn by chance. */
static void in_any_order(struct kit *k, unsigned seed, unsigned noise, unsigned weather)
{
    int heard = 0, told = 0;
    meet(k, "laeq");
    while (heard < 12 || told < 12) {
        if (told == 12 || (heard < 12 && draw(&seed, 3))) {
            level(k, noise >> heard & 1 ? 70 : 40, heard, heard + 1);
            heard++;
        } else {
            said(k, weather, told++);
        }
    }
}

/* Revisions follow each other; only what begins with the same window again, another in place of the one struck, is
 * raised after a withdrawal; and the meter's streak knows what is raised. */
static void expect_consistent(const struct kit *k)
{
    bool raised = false;
    for (size_t i = 0; i < k->flag_count; i++) {
        const struct kit_flag *f = &k->flags[i], *former = NULL;
        bool last = true;
        for (size_t j = 0; j < k->flag_count; j++) {
            if (strcmp(k->flags[j].id, f->id) == 0 && j < i)
                former = &k->flags[j];
            last = last && (j <= i || strcmp(k->flags[j].id, f->id) != 0);
        }
        assert_int_equal(f->rev, former ? former->rev + 1 : 1);
        if (!former || strcmp(former->state, "withdrawn") == 0)
            assert_string_equal(f->state, "raised");
        raised = raised || (last && strcmp(f->state, "raised") == 0);
    }
    assert_int_equal(device_find(k->fold, "club", "noise-1")->noise.streak.raised, raised);
    assert_int_equal(k->fold->waits.count, 0);
}

static void test_any_order(void **state)
{
    unsigned seed = 20260302;
    (void)state;
    for (int i = 0; i < 40; i++) {
        const char *rules = draw(&seed, 2) ? TWO : RULES;
        unsigned noise = draw(&seed, 1 << 12), weather = draw(&seed, 1 << 12), order = draw(&seed, 1 << 15);
        struct kit *k = kit_new(rules, SITES), *early = kit_new(rules, SITES);
        in_any_order(k, order, noise, weather);
        meet(early, "laeq");
        for (int n = 0; n < 12; n++) {
            said(early, weather, n);
            level(early, noise >> n & 1 ? 70 : 40, n, n + 1);
            assert_string_equal(window(early, n)->reason, window(k, n)->reason);
            assert_int_equal(window(early, n)->row.outcome, window(k, n)->row.outcome);
        }
        expect_consistent(k);
        if (i % 10 == 0) { /* a restart at any record leaves the same behind */
            struct kit *restored = restored_kit(rules, SITES);
            in_any_order(restored, order, noise, weather);
            assert_string_equal(restored->log.data, k->log.data);
            restored_kit_free(restored);
        }
        kit_free(k);
        kit_free(early);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_windows),
        cmocka_unit_test(test_amendment),
        cmocka_unit_test(test_tags_as_told),
        cmocka_unit_test(test_some_windows),
        cmocka_unit_test(test_no_window),
        cmocka_unit_test(test_station_stays_silent),
        cmocka_unit_test(test_streak_goes_on_without),
        cmocka_unit_test(test_raised_again),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_raised_before_the_lag),
        cmocka_unit_test(test_after_clearing),
        cmocka_unit_test(test_rain_after_the_noise),
        cmocka_unit_test(test_former_flag),
        cmocka_unit_test(test_confirmed_step_stays),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_a_day),
        cmocka_unit_test(test_the_most_windows),
        cmocka_unit_test(test_another_station),
        cmocka_unit_test(test_same_windows),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
