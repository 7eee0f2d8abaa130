/* Noise windows through the whole fold.  Expected levels were computed with python3 (10*log10 of the weighted mean of
 * 10**(L/10)), ids with hashlib; none with the code under test. */
#include "tests/unit/collector/fold_kit.h"

#include <time.h>

static struct kit *club(const char *rules, const char *metrics, int64_t interval, const char *more)
{
    struct kit *k = kit_new(rules, SITES_HEAD CLUB);
    kit_hello(k, "gw-01", "club", "noise-1", interval, metrics, more);
    return k;
}

static const struct window_row *only_window(const struct kit *k)
{
    assert_int_equal(k->window_count, 1);
    return &k->windows[0].row;
}

/* ---- the example of the law -------------------------------------------------------------------------------------- */

/* Ten minutes at night, half at 60, half at 70: 67.4036 dB, judged 67, limit 50. */
static void test_half_and_half(void **state)
{
    struct kit *k = club("[rules]\n", "laeq lafmax", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    char point[300];
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, from, from + 5 * MINUTE, SECOND);
    kit_series(k, "noise-1", "laeq", 70, from + 5 * MINUTE, from + 10 * MINUTE, SECOND);
    assert_int_equal(k->window_count, 0); /* its own stream has not passed the end */
    kit_tick(k, from + HOUR);
    assert_int_equal(k->window_count, 0);
    kit_reading(k, "noise-1", from + 10 * MINUTE, "\"values\":{\"laeq\":40}");
    const struct window_row *w = only_window(k);
    assert_int_equal(w->from, from);
    assert_int_equal(w->to, from + 10 * MINUTE);
    near(w->coverage, 1);
    near(w->measured, 67.4);
    near(w->judged, 67);
    near(w->limit, 50);
    near(w->l10, 70);
    near(w->l90, 60);
    assert_true(isnan(w->lafmax));
    assert_int_equal(w->outcome, OUTCOME_EXCEEDS);
    assert_true(w->statutory);
    assert_int_equal(k->flag_count, 1);
    const struct kit_flag *f = &k->flags[0];
    assert_string_equal(f->flag, "noise-limit");
    assert_string_equal(f->state, "raised");
    assert_int_equal(f->rev, 1);
    assert_int_equal(f->since, from);
    assert_int_equal(f->at, from + 10 * MINUTE);
    assert_string_equal(f->id, "2088179bbeb45dca"); /* sha256("noise-limit|club|noise-1|1772463600000") */
    assert_string_equal(
        f->body,
        "{\"id\":\"2088179bbeb45dca\",\"rev\":1,\"flag\":\"noise-limit\",\"state\":\"raised\",\"site\":\"club\","
        "\"name\":\"尚座俱乐部\",\"district\":\"yudu\",\"grid\":\"hongjun-1\",\"officer\":\"李建国\","
        "\"device\":\"noise-1\",\"since\":1772463600000,\"until\":null,"
        "\"window\":{\"from\":1772463600000,\"to\":1772464200000,\"coverage\":1},\"measured\":67.4,\"background\":null,"
        "\"correction\":0,\"judged\":67,\"limit\":50,\"excess\":17,\"unit\":\"dB(A)\","
        "\"basis\":{\"document\":\"GB 22337-2008\",\"clause\":\"4.1.1 表1\",\"class\":\"2\",\"band\":\"night\"},"
        "\"statutory\":true,\"grade\":\"lead\",\"case\":\"825dbfc027e7e05b\",\"step\":\"notice\"}");
    assert_int_equal(k->alert_count, 1);
    assert_string_equal(k->alerts[0].topic, "yudu/alert/hongjun-1/club/noise-limit/noise-1");
    assert_string_equal(k->alerts[0].payload, f->body);
    assert_int_equal(k->line_count, 2);
    assert_string_equal(k->lines[0], "noise_window,device=noise-1,district=yudu,grid=hongjun-1,site=club "
                                     "coverage=1,judged=67,l10=70,l50=65,l90=60,limit=50,measured=67.4,"
                                     "l5=70,l95=60,sd=5 1772463600000"); /* sd: 5 * sqrt(600 / 599) */
    snprintf(point, sizeof point,
             "flag,device=noise-1,district=yudu,flag=noise-limit,grid=hongjun-1,site=club "
             "state=1i,measured=67.4,limit=50 %lld",
             (long long)from);
    assert_string_equal(k->lines[1], point);
    kit_free(k);
}

/* ---- limits at the edges of the bands ---------------------------------------------------------------------------- */

static void test_limits_at_edges(void **state)
{
    static const double limits[5][2] = {{50, 40}, {55, 45}, {60, 50}, {65, 55}, {70, 55}}; /* GB 22337-2008, table 1 */
    static const int edges[][4] = {{5, 59, 59, 1}, {6, 0, 0, 0}, {21, 59, 59, 0}, {22, 0, 0, 1}};
    (void)state;
    for (int class = 0; class < 5; class ++) {
        char sites[400];
        snprintf(sites, sizeof sites, SITES_HEAD "club,n,club,yudu,g,,%d,boundary,,,,,,,gw-01,\n", class);
        for (size_t i = 0; i < 4; i++) {
            struct kit *k = kit_new("[rules]\nnoise_window = 1s\n", sites);
            int64_t at = kit_time(3, edges[i][0], edges[i][1], edges[i][2]);
            kit_hello(k, "gw-01", "club", "noise-1", 100, "laeq", "");
            kit_series(k, "noise-1", "laeq", 60, at, at + SECOND + 1, 100);
            const struct window_row *w = only_window(k);
            assert_int_equal(w->from, at);
            near(w->limit, limits[class][edges[i][3]]);
            assert_int_equal(w->outcome, 60 > limits[class][edges[i][3]] ? OUTCOME_EXCEEDS : OUTCOME_COMPLIANT);
            kit_free(k);
        }
    }
}

static void test_window_is_cut_at_the_edge(void **state)
{
    struct kit *k = club("[rules]\nnoise_window = 1h\nnight_start = 22:30\n", "laeq", 10000, "");
    int64_t from = kit_time(2, 22, 0, 0);
    (void)state;
    kit_series(k, "noise-1", "laeq", 55, from, from + HOUR + 1, 10000);
    assert_int_equal(k->window_count, 2);
    assert_int_equal(k->windows[0].row.to, kit_time(2, 22, 30, 0));
    near(k->windows[0].row.limit, 60);
    assert_int_equal(k->windows[1].row.from, kit_time(2, 22, 30, 0));
    near(k->windows[1].row.limit, 50);
    kit_free(k);
}

/* ---- rounding ---------------------------------------------------------------------------------------------------- */

static void expect_judged(const char *rounding, double level, double judged, enum outcome outcome)
{
    char rules[80];
    snprintf(rules, sizeof rules, "[rules]\nnoise_window = 10s\nrounding = %s\n", rounding);
    struct kit *k = club(rules, "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    kit_series(k, "noise-1", "laeq", level, from, from + 11 * SECOND, SECOND);
    near(only_window(k)->judged, judged);
    assert_int_equal(only_window(k)->outcome, outcome);
    kit_free(k);
}

static void test_rounded_once(void **state)
{
    (void)state;
    expect_judged("integer", 50.4, 50, OUTCOME_COMPLIANT);
    expect_judged("integer", 50.5, 50, OUTCOME_COMPLIANT); /* half to even */
    expect_judged("integer", 51.5, 52, OUTCOME_EXCEEDS);
    expect_judged("integer", 50.6, 51, OUTCOME_EXCEEDS);
    expect_judged("none", 50, 50, OUTCOME_COMPLIANT); /* dust does not make it exceed */
    expect_judged("none", 50.1, 50.1, OUTCOME_EXCEEDS);
}

/* ---- validity and coverage --------------------------------------------------------------------------------------- */

static void expect_window(const struct kit *k, double coverage, double measured, const char *reason)
{
    const struct kit_window *w = kit_last_window(k);
    near(w->row.coverage, coverage);
    near(w->row.measured, measured);
    assert_string_equal(w->reason, reason);
    assert_int_equal(w->row.outcome == OUTCOME_NOT_JUDGED, *reason != 0);
    assert_int_equal(isnan(w->row.judged), *reason != 0);
}

#define TEN "[rules]\nnoise_window = 10s\n"

/* Seven samples of 1 s, the last held 1.5 s: 7.5 of 10 s. */
static void test_coverage_at_its_least(void **state)
{
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    for (int samples = 6; samples <= 7; samples++) {
        struct kit *k = club(TEN, "laeq", 1000, "");
        kit_series(k, "noise-1", "laeq", 60, from, from + samples * SECOND, SECOND);
        kit_reading(k, "noise-1", from + 10 * SECOND, "\"error\":\"timeout\"");
        assert_int_equal(k->window_count, 1);
        expect_window(k, (samples + 0.5) / 10, 60, samples == 7 ? "" : "coverage");
        kit_free(k);
    }
}

/* A late sample: the one before holds 1.5 intervals, then nothing is known.  10 lg((1.5e6 + 8e8)/9.5) = 79.2622 */
static void test_hole(void **state)
{
    struct kit *k = club(TEN, "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_reading(k, "noise-1", from, "\"values\":{\"laeq\":60}");
    kit_series(k, "noise-1", "laeq", 80, from + 2 * SECOND, from + 11 * SECOND, SECOND);
    expect_window(k, 0.95, 79.3, "");
    kit_free(k);
}

/* An error reading ends what held: 0.4 s at 90, then 8 s at 60 from 2 s on.  10 lg((0.4e9 + 8e6)/8.4) = 76.8641 */
static void test_error_ends_validity(void **state)
{
    struct kit *k = club(TEN, "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_reading(k, "noise-1", from, "\"values\":{\"laeq\":90}");
    kit_reading(k, "noise-1", from + 400, "\"error\":\"timeout\"");
    kit_series(k, "noise-1", "laeq", 60, from + 2 * SECOND, from + 11 * SECOND, SECOND);
    expect_window(k, 0.84, 76.9, "");
    assert_int_equal(k->missing_count, 1);
    assert_int_equal(k->missing[0].from, from + 400);
    assert_int_equal(k->missing[0].to, from + 2 * SECOND);
    assert_string_equal(k->missing[0].reason, "timeout");
    kit_free(k);
}

/* A failed block, a suspect reading, a text, a level beyond what can be: as if there were none; other metrics do
 * nothing. */
static void test_what_is_no_sample(void **state)
{
    static const char *const contents[] = {
        "\"values\":{\"battery\":3},\"errors\":{\"laeq\":\"exception-2\"}",
        "\"values\":{\"laeq\":120},\"quality\":\"suspect\",\"why\":[\"jump\"]",
        "\"values\":{\"laeq\":\"loud\"}",
        "\"values\":{\"laeq\":6553.5}",
        "\"values\":{\"laeq\":9007199254740993}",
    };
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    for (size_t i = 0; i <= sizeof contents / sizeof *contents; i++) {
        bool other = i == sizeof contents / sizeof *contents;
        struct kit *k = club(TEN, "laeq battery", 1000, "");
        kit_reading(k, "noise-1", from, "\"values\":{\"laeq\":60}");
        kit_reading(k, "noise-1", from + 500, other ? "\"values\":{\"battery\":3}" : contents[i]);
        kit_series(k, "noise-1", "laeq", 60, from + SECOND, from + 11 * SECOND, SECOND);
        expect_window(k, other ? 1 : 0.95, 60, "");
        kit_free(k);
    }
}

/* What is held beyond the window's end counts in the next: from 9.5 s, 0.5 s here and 1 s there. */
static void test_held_over_the_end(void **state)
{
    struct kit *k = club("[rules]\nnoise_window = 10s\nnoise_min_coverage = 0\n", "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_reading(k, "noise-1", from + 9500, "\"values\":{\"laeq\":60}");
    kit_reading(k, "noise-1", from + 20 * SECOND, "\"values\":{\"laeq\":40}");
    assert_int_equal(k->window_count, 2);
    near(k->windows[0].row.coverage, 0.05);
    near(k->windows[1].row.coverage, 0.1);
    assert_int_equal(k->windows[1].row.from, from + 10 * SECOND);
    kit_free(k);
}

/* integration = interval: a level is that of the second before, and the sample at 10 s closes the window it belongs to.
 * The first one tells of nothing: before it lies the opening of the epoch. */
static void test_backward(void **state)
{
    struct kit *k = club(TEN, "laeq lafmax", 1000, ",\"integration\":\"interval\"");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_reading(k, "noise-1", from, "\"values\":{\"laeq\":80,\"lafmax\":99}");
    for (int i = 1; i < 10; i++)
        kit_reading(k, "noise-1", from + i * SECOND, "\"values\":{\"laeq\":60,\"lafmax\":71}");
    assert_int_equal(k->window_count, 0);
    kit_reading(k, "noise-1", from + 10 * SECOND, "\"values\":{\"laeq\":70,\"lafmax\":75}");
    assert_int_equal(k->window_count, 1); /* 9 s at 60, 1 s at 70: 10 lg 1.9e6 = 62.7875 */
    expect_window(k, 1, 62.8, "");
    near(kit_last_window(k)->row.lafmax, 75);
    kit_reading(k, "noise-1", from + 11 * SECOND, "\"error\":\"timeout\"");
    kit_reading(k, "noise-1", from + 11 * SECOND + 500, "\"values\":{\"laeq\":60}"); /* tells of half a second */
    for (int64_t at = 12500; at < 20000; at += SECOND)
        kit_reading(k, "noise-1", from + at, "\"values\":{\"laeq\":60}");
    assert_int_equal(k->window_count, 1);
    kit_reading(k, "noise-1", from + 20500, "\"values\":{\"laeq\":60}");
    expect_window(k, 0.9, 60, ""); /* 10.0 to 11.0 s is lost to the timeout */
    kit_reading(k, "noise-1", from + 24 * SECOND, "\"values\":{\"laeq\":60}"); /* late: of one and a half seconds */
    for (int64_t at = 25000; at <= 30000; at += SECOND)
        kit_reading(k, "noise-1", from + at, "\"values\":{\"laeq\":60}");
    expect_window(k, 0.8, 60, ""); /* 20.0 to 20.5 s, 22.5 to 30.0 s */
    kit_free(k);
}

/* The same device is set up anew, now as a meter that integrates: what it told forward is not told backward again. */
static void test_forward_becomes_backward(void **state)
{
    struct kit *k = club(TEN, "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, from, from + 10 * SECOND, SECOND);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", ",\"integration\":\"interval\"");
    kit_reading(k, "noise-1", from + 9500, "\"values\":{\"laeq\":60}");
    kit_reading(k, "noise-1", from + 10500, "\"values\":{\"laeq\":60}");
    expect_window(k, 1, 60, "");
    kit_free(k);
}

/* The maximum of the readings in the window; the one at its end belongs to the next. */
static void test_lafmax(void **state)
{
    struct kit *k = club(TEN, "laeq lafmax", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    for (int i = 0; i <= 20; i++) {
        char content[80];
        snprintf(content, sizeof content, "\"values\":{\"lafmax\":%d,\"laeq\":60}", i == 4 ? 83 : i == 10 ? 99 : 70);
        kit_reading(k, "noise-1", from + i * SECOND, content);
    }
    assert_int_equal(k->window_count, 2);
    near(k->windows[0].row.lafmax, 83);
    near(k->windows[1].row.lafmax, 99);
    kit_free(k);
}

/* ---- what can be judged ------------------------------------------------------------------------------------------ */

static void test_sampling(void **state)
{
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    for (int64_t interval = SECOND; interval <= SECOND + 1; interval++) {
        struct kit *k = club(TEN, "la", interval, "");
        kit_series(k, "noise-1", "la", 60, from, from + 11 * SECOND, SECOND);
        expect_window(k, 1, 60, interval == SECOND ? "" : "sampling");
        kit_free(k);
    }
    /* laeq where the device gives it: la beside it is not judged */
    struct kit *k = club(TEN, "laeq la", SECOND, "");
    for (int i = 0; i <= 10; i++)
        kit_reading(k, "noise-1", from + i * SECOND, "\"values\":{\"la\":90,\"laeq\":60}");
    expect_window(k, 1, 60, "");
    kit_free(k);
}

/* A level that is read less often than its device has an interval of its own: it says how rarely `la` is sampled, how
 * long a level holds, backward too, and until when a suspect one is why a window is not covered. */
static void test_interval_of_its_own(void **state)
{
    static const struct {
        const char *metrics, *more, *content, *reason;
        double coverage;
    } cases[] = {
        {"la:10000 temperature", "", "\"values\":{\"la\":60}", "sampling", 1},
        {"laeq:10000 temperature", "", "\"values\":{\"laeq\":60}", "", 1},
        {"laeq:10000 temperature", ",\"integration\":\"interval\"", "\"values\":{\"laeq\":60}", "", 1},
        {"laeq:10000 temperature", "", "\"values\":{\"laeq\":60},\"quality\":\"suspect\",\"why\":[\"jump\"]", "quality",
         0},
    };
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit *k = club("[rules]\nnoise_window = 1min\n", cases[i].metrics, SECOND, cases[i].more);
        for (int64_t at = from; at <= from + MINUTE; at += SECOND)
            kit_reading(k, "noise-1", at,
                        (at - from) % (10 * SECOND) ? "\"values\":{\"temperature\":20}" : cases[i].content);
        const struct window_row *w = only_window(k);
        near(w->coverage, cases[i].coverage);
        assert_string_equal(w->reason, cases[i].reason);
        kit_free(k);
    }
}

static void test_no_limit(void **state)
{
    struct kit *k = kit_new(TEN, SITES_HEAD "club,n,club,yudu,g,,,,,,,,,,gw-01,\n");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_series(k, "noise-1", "laeq", 90, from, from + 11 * SECOND, SECOND);
    expect_window(k, 1, 90, "no-limit");
    assert_true(isnan(kit_last_window(k)->row.limit));
    assert_int_equal(k->flag_count, 0);
    kit_free(k);
}

/* A reading is judged by the version of the site valid at its ts; a flag speaks to the grid of now. */
static void test_versions(void **state)
{
    struct kit *k = kit_new(TEN, SITES_HEAD CLUB);
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    k->receipt_ms = kit_time(4, 0, 0, 0);
    kit_import(k, SITES_HEAD "club,n,club,yudu,hongjun-9,,3,boundary,,,,,,,gw-01,2026-03-02T23:01\n");
    kit_series(k, "noise-1", "laeq", 53, from + 50 * SECOND, from + 71 * SECOND, SECOND);
    assert_int_equal(k->window_count, 2);
    near(k->windows[0].row.limit, 50);
    near(k->windows[1].row.limit, 55);
    assert_string_equal(kit_last_flag(k)->grid, "hongjun-9");
    assert_int_equal(k->windows[0].row.outcome, OUTCOME_EXCEEDS);
    assert_int_equal(k->windows[1].row.outcome, OUTCOME_COMPLIANT);
    kit_free(k);
}

/* ---- raising and clearing ---------------------------------------------------------------------------------------- */

static void play(struct kit *k, int64_t from, const double *levels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kit_series(k, "noise-1", "laeq", levels[i], from + (int64_t)i * 10 * SECOND,
                   from + (int64_t)(i + 1) * 10 * SECOND, SECOND);
    kit_reading(k, "noise-1", from + (int64_t)count * 10 * SECOND, "\"error\":\"timeout\"");
}

static void test_raise_and_clear(void **state)
{
    static const double levels[] = {60, 40, 60, 60, 40, 60, 40, 40, 60};
    struct kit *k = club("[rules]\nnoise_window = 10s\nraise_after = 2\nclear_after = 2\n", "laeq", 1000, "");
    int64_t from = kit_time(2, 23, 0, 0);
    (void)state;
    play(k, from, levels, sizeof levels / sizeof *levels);
    assert_int_equal(k->window_count, 9);
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[0].state, "raised");
    assert_int_equal(k->flags[0].since, from + 20 * SECOND); /* the first of the two in a row */
    assert_int_equal(k->flags[0].at, from + 40 * SECOND);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_string_equal(k->flags[1].id, k->flags[0].id);
    assert_int_equal(k->flags[1].rev, 2);
    assert_int_equal(k->flags[1].until, from + 60 * SECOND); /* where the first of the two compliant ones begins */
    assert_int_equal(k->flags[1].at, from + 80 * SECOND);
    assert_non_null(strstr(k->flags[1].body, "\"until\":1772463660000"));
    assert_non_null(strstr(k->flags[1].body, "\"judged\":60")); /* still explains what was exceeded */
    assert_non_null(strstr(k->lines[k->line_count - 2], "site=club state=0i 1772463660000"));
    kit_free(k);
}

/* A second flag of the same device has an id of its own, and takes the topic over. */
static void test_again(void **state)
{
    static const double levels[] = {60, 40, 60};
    struct kit *k = club("[rules]\nnoise_window = 10s\nclear_after = 1\n", "laeq", 1000, "");
    (void)state;
    play(k, kit_time(2, 23, 0, 0), levels, 3);
    assert_int_equal(k->flag_count, 3);
    assert_string_not_equal(k->flags[2].id, k->flags[0].id);
    assert_int_equal(k->flags[2].rev, 1);
    assert_string_equal(k->alerts[2].topic, k->alerts[0].topic);
    kit_free(k);
}

/* ---- properties -------------------------------------------------------------------------------------------------- */

/* The same readings in frames of one or of many: the same windows, bit for bit. */
static void test_framing_changes_nothing(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < 5; round++) {
        struct kit *one = club(TEN, "laeq", 1000, ""), *many = club(TEN, "laeq", 1000, "");
        struct buf rest = buf_growing(), marks = buf_growing();
        int64_t ts = kit_time(2, 21, 58, 0);
        for (int i = 0; i < 400; i++) {
            char content[80];
            ts += 1 + random() % 2000;
            if (random() % 15)
                snprintf(content, sizeof content, "\"values\":{\"laeq\":%.1f}", 30 + (double)(random() % 600) / 10);
            else
                snprintf(content, sizeof content, "\"error\":\"crc\"");
            one->receipt_ms = many->receipt_ms = kit_time(3, 0, 0, 0);
            kit_reading(one, "noise-1", ts, content);
            buf_print(&rest, "%s{\"device\":\"noise-1\",\"ts\":%lld,%s}",
                      rest.length ? "," : "\"kind\":\"readings\",\"readings\":[", (long long)ts, content);
            buf_char(&marks, MARK_GOOD);
            if (random() % 9 == 0 || i == 399) {
                buf_char(&rest, ']');
                kit_frame_from(many, "gw-01", rest.data, marks.data);
                buf_clear(&rest);
                buf_clear(&marks);
            }
        }
        assert_true(one->window_count > 10);
        assert_string_equal(one->log.data, many->log.data);
        buf_free(&rest);
        buf_free(&marks);
        kit_free(one);
        kit_free(many);
    }
}

/* Two windows together are the window of twice the length: energies add up. */
static void test_length_changes_nothing(void **state)
{
    unsigned seed = (unsigned)time(NULL) + 1;
    struct kit *k[2] = {
        club("[rules]\nnoise_window = 30s\nrounding = none\nnoise_min_coverage = 0\n", "laeq", 1000, ""),
        club("[rules]\nnoise_window = 1min\nrounding = none\nnoise_min_coverage = 0\n", "laeq", 1000, "")};
    int64_t ts = kit_time(2, 23, 0, 0);
    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 1200; i++) {
        char content[80];
        snprintf(content, sizeof content, "\"values\":{\"laeq\":%.1f}", 30 + (double)(random() % 600) / 10);
        kit_reading(k[0], "noise-1", ts, content);
        kit_reading(k[1], "noise-1", ts, content);
        ts += 200 + random() % 2200;
    }
    assert_true(k[1]->window_count > 10);
    for (size_t i = 0; i < k[1]->window_count; i++) {
        const struct window_row *a = &k[0]->windows[2 * i].row, *b = &k[0]->windows[2 * i + 1].row;
        const struct window_row *both = &k[1]->windows[i].row;
        double energy = a->coverage * pow(10, a->judged / 10) + b->coverage * pow(10, b->judged / 10);
        near(a->coverage + b->coverage, 2 * both->coverage);
        assert_true(fabs(10 * log10(energy / (2 * both->coverage)) - both->judged) < 2e-6);
    }
    kit_free(k[0]);
    kit_free(k[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_and_half),
        cmocka_unit_test(test_limits_at_edges),
        cmocka_unit_test(test_window_is_cut_at_the_edge),
        cmocka_unit_test(test_rounded_once),
        cmocka_unit_test(test_coverage_at_its_least),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_error_ends_validity),
        cmocka_unit_test(test_what_is_no_sample),
        cmocka_unit_test(test_held_over_the_end),
        cmocka_unit_test(test_backward),
        cmocka_unit_test(test_forward_becomes_backward),
        cmocka_unit_test(test_lafmax),
        cmocka_unit_test(test_sampling),
        cmocka_unit_test(test_interval_of_its_own),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_raise_and_clear),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_framing_changes_nothing),
        cmocka_unit_test(test_length_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
