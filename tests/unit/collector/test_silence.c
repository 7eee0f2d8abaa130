/* Meters that are silent, faulty, stuck, or one shown as two: streams made by hand, moments computed by hand. */
#include "fold_kit.h"

#include "collector/rules/pattern.h"

#define BAR       "bar,尚座酒吧,bar,yudu,g1,李建国,2,boundary,,,,,,mo-su 17:00-02:00,gw-01,\n"
#define TIMEOUT   "\"error\":\"timeout\""
#define EXCEPTION "\"error\":\"exception-2\""

static int64_t t0(void)
{
    return kit_time(4, 18, 0, 0);
}

/* Two noise meters at the bar, both every 10 s; a reading holds 15 s. */
static struct kit *bar(const char *rules)
{
    struct kit *k = kit_new(rules, SITES_HEAD BAR HOUSE);
    kit_hello(k, "gw-01", "bar", "noise-1", 10 * SECOND, "laeq", "");
    kit_hello(k, "gw-01", "bar", "noise-2", 10 * SECOND, "laeq", "");
    return k;
}

static double wave(int64_t ts) /* never the same twice in a row, no order that another has */
{
    struct hash h = hash_of(&ts, sizeof ts);
    return 50 + (h.b[0] * 256 + h.b[1]) % 200 / 10.0;
}

static void give(struct kit *k, const char *device, int64_t ts, double level)
{
    char content[64];
    snprintf(content, sizeof content, "\"values\":{\"laeq\":%.10g}", level);
    kit_reading(k, device, ts, content);
}

/* noise-1 every 10 s, noise-2 with `content`, NULL: left out. */
static void both(struct kit *k, int64_t from, int64_t to, const char *content)
{
    for (int64_t ts = from; ts < to; ts += 10 * SECOND) {
        give(k, "noise-1", ts, wave(ts));
        if (content)
            kit_reading(k, "noise-2", ts + 1, content);
    }
}

static size_t count_flags(const struct kit *k, const char *flag)
{
    size_t n = 0;
    for (size_t i = 0; i < k->flag_count; i++)
        n += strcmp(k->flags[i].flag, flag) == 0;
    return n;
}

static const struct kit_flag *newest(const struct kit *k, const char *flag)
{
    for (size_t i = k->flag_count; i-- > 0;) {
        if (strcmp(k->flags[i].flag, flag) == 0)
            return &k->flags[i];
    }
    fail_msg("no %s", flag);
    return NULL;
}

static void expect_says(const struct kit_flag *f, const char *words)
{
    if (!strstr(f->body, words))
        fail_msg("%s is not in %s", words, f->body);
}

/* noise-2 answers at 18:00:00 and then nothing: silent since 18:00:15, told with the first ts of the stream that is ten
 * minutes later: 18:10:20.  Back at 18:30. */
static void test_left_out(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    give(k, "noise-2", t0(), 60);
    both(k, t0(), t0() + 10 * MINUTE + 11 * SECOND, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 0);
    both(k, t0() + 10 * MINUTE + 20 * SECOND, t0() + 30 * MINUTE, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 1);
    const struct kit_flag *f = newest(k, "device-silent");
    assert_string_equal(f->device, "noise-2");
    assert_int_equal(f->since, t0() + 15 * SECOND);
    assert_int_equal(f->at, t0() + 10 * MINUTE + 20 * SECOND);
    expect_says(
        f, "\"basis\":null,\"statutory\":false,\"grade\":\"lead\",\"hours\":\"open\",\"reason\":null,\"pattern\":null");
    give(k, "noise-2", t0() + 30 * MINUTE, 60);
    f = newest(k, "device-silent");
    assert_string_equal(f->state, "cleared");
    assert_int_equal(f->until, t0() + 30 * MINUTE);
    kit_free(k);
}

/* One frame holds 25 minutes: noise-1 every 10 s, noise-2 at 18:00 and 18:20.  Silent since 18:00:15, told as of ten
 * minutes later, ended by its answer. */
static void test_within_a_frame(void **state)
{
    struct kit *k = bar("[rules]\n");
    struct buf frame = buf_growing(), marks = buf_growing();
    (void)state;
    buf_text(&frame, "\"kind\":\"readings\",\"readings\":[");
    for (int64_t ts = t0(); ts < t0() + 25 * MINUTE; ts += 10 * SECOND) {
        bool two = ts == t0() || ts == t0() + 20 * MINUTE;
        buf_print(&frame, "%s{\"device\":\"noise-1\",\"ts\":%lld,\"values\":{\"laeq\":50}}", ts > t0() ? "," : "",
                  (long long)ts);
        if (two)
            buf_print(&frame, ",{\"device\":\"noise-2\",\"ts\":%lld,\"values\":{\"laeq\":60}}", (long long)ts);
        buf_text(&marks, two ? ".." : ".");
    }
    buf_char(&frame, ']');
    k->receipt_ms = t0() + 25 * MINUTE;
    kit_frame_from(k, "gw-01", frame.data, marks.data);
    assert_int_equal(count_flags(k, "device-silent"), 2);
    assert_int_equal(k->flags[0].since, t0() + 15 * SECOND);
    assert_int_equal(k->flags[0].at, t0() + 10 * MINUTE + 15 * SECOND);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, t0() + 20 * MINUTE);
    buf_free(&frame);
    buf_free(&marks);
    kit_free(k);
}

static void test_errors_and_ticks(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    give(k, "noise-2", t0(), 60);
    both(k, t0() + 10 * SECOND, t0() + 10 * MINUTE, TIMEOUT); /* the first failure at 18:00:10.001 */
    kit_tick(k, t0() + DAY);
    assert_int_equal(count_flags(k, "device-silent"), 0);
    both(k, t0() + 10 * MINUTE, t0() + 20 * MINUTE, TIMEOUT);
    const struct kit_flag *f = newest(k, "device-silent");
    assert_int_equal(f->since, t0() + 10 * SECOND + 1);
    expect_says(f, "\"reason\":\"timeout\"");
    assert_int_equal(count_flags(k, "device-silent") + count_flags(k, "device-fault"), 1);
    kit_free(k);
}

/* A device that never gave anything is silent since the stream went on without it. */
static void test_never_heard(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + 10 * MINUTE, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 0);
    both(k, t0() + 10 * MINUTE, t0() + 11 * MINUTE, NULL);
    assert_int_equal(newest(k, "device-silent")->since, t0());
    kit_free(k);
}

/* The only meter is left out: empty frames, one a minute, pass the time; a backlog of them at once passes none. */
static void test_empty_frames(void **state)
{
    struct kit *k = kit_new("[rules]\n", SITES_HEAD BAR);
    (void)state;
    kit_hello(k, "gw-01", "bar", "noise-1", 10 * SECOND, "laeq", "");
    give(k, "noise-1", t0(), 60);
    for (int i = 0; i < 100; i++)
        kit_frame_from(k, "gw-01", "\"kind\":\"readings\",\"readings\":[]", "");
    assert_int_equal(count_flags(k, "device-silent"), 0);
    for (int i = 1; i <= 11; i++) {
        k->receipt_ms += MINUTE;
        kit_frame_from(k, "gw-01", "\"kind\":\"readings\",\"readings\":[]", "");
        assert_int_equal(count_flags(k, "device-silent"), i > 10); /* since 18:00:15: at 18:11 */
    }
    kit_free(k);
}

/* What nobody knows is nobody's silence: a gap, lost frames, a new epoch, and no stream at all. */
static void test_gateway_gaps(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + MINUTE, "\"values\":{\"laeq\":60}");
    kit_gap(k, "gw-01", t0() + 51 * SECOND, t0() + 5 * HOUR, "power");
    both(k, t0() + 5 * HOUR, t0() + 5 * HOUR + 9 * MINUTE, NULL);
    kit_tick(k, t0() + 6 * HOUR); /* offline */
    assert_int_equal(count_flags(k, "device-silent"), 0);
    char lost[160];
    snprintf(lost, sizeof lost, "\"kind\":\"lost\",\"from\":1,\"to\":%llu,\"reason\":\"quota\",\"head\":\"%064d\"",
             (unsigned long long)k->seq + 1, 0);
    kit_frame_from(k, "gw-01", lost, "");
    both(k, t0() + 7 * HOUR, t0() + 7 * HOUR + 50 * SECOND, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 0); /* 8:50 and 0:40 seen */
    both(k, t0() + 7 * HOUR + 50 * SECOND, t0() + 7 * HOUR + 90 * SECOND, NULL);
    assert_int_equal(newest(k, "device-silent")->since, t0() + 5 * HOUR);
    kit_free(k);
}

static void test_epoch_gap(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + MINUTE, "\"values\":{\"laeq\":60}");
    snprintf(k->epoch, sizeof k->epoch, "%032d", 2);
    both(k, t0() + HOUR, t0() + HOUR + 10 * MINUTE, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 0);
    both(k, t0() + HOUR + 10 * MINUTE, t0() + HOUR + 11 * MINUTE, NULL);
    assert_int_equal(count_flags(k, "device-silent"), 1);
    kit_free(k);
}

/* A hello with reset that lists it no more ends its flags; one that lists it again waits anew. */
static void test_removed(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + 20 * MINUTE, NULL);
    assert_string_equal(newest(k, "device-silent")->state, "raised");
    kit_frame_from(
        k, "gw-01",
        "\"kind\":\"hello\",\"ts\":1,\"version\":\"t\",\"district\":\"yudu\",\"reset\":true,\"devices\":[{\"device\":"
        "\"noise-1\",\"site\":\"bar\",\"profile\":\"p\",\"measurement\":\"m\",\"interval\":10000,\"metrics\":[{"
        "\"name\":"
        "\"laeq\",\"unit\":\"\",\"type\":\"number\"}]}]",
        "");
    both(k, t0() + 20 * MINUTE, t0() + HOUR, NULL);
    assert_string_equal(newest(k, "device-silent")->state, "cleared");
    assert_int_equal(count_flags(k, "device-silent"), 2);
    kit_hello(k, "gw-01", "bar", "noise-2", 10 * SECOND, "laeq", "");
    both(k, t0() + HOUR, t0() + HOUR + 11 * MINUTE, NULL);
    assert_int_equal(newest(k, "device-silent")->since, t0() + HOUR);
    kit_free(k);
}

/* The others ran ahead in the stream, the reading came after all. */
static void test_withdrawn(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + 10 * SECOND, "\"values\":{\"laeq\":60}");
    both(k, t0() + 10 * SECOND, t0() + 20 * MINUTE, NULL);
    give(k, "noise-2", t0() + 10 * SECOND, 60);
    assert_string_equal(newest(k, "device-silent")->state, "withdrawn");
    kit_free(k);
}

/* Unplugged from 19:00 to 21:00 on each evening: from the third on, a pattern.  Silent all day: none. */
static void week(struct kit *k, int off, int on)
{
    for (int day = 2; day < 9; day++) {
        for (int hour = 0; hour < 24; hour++)
            for (int minute = 0; minute < 60; minute += 5) {
                int64_t ts = kit_time(day, hour, minute, 0);
                give(k, "noise-1", ts, wave(ts));
                if (hour < off || hour >= on)
                    give(k, "noise-2", ts + 1, wave(ts + 1));
            }
    }
}

static void test_pattern(void **state)
{
    struct kit *k = bar("[rules]\n");
    int days = 0;
    (void)state;
    week(k, 19, 21);
    for (size_t i = 0; i < k->flag_count; i++) {
        char words[64];
        if (strcmp(k->flags[i].flag, "device-silent") != 0 || strcmp(k->flags[i].state, "raised") != 0)
            continue;
        days++;
        snprintf(words, sizeof words, "\"pattern\":{\"days\":%d,\"of\":7,\"hours\":\"open\"}", days);
        expect_says(&k->flags[i], days < 3 ? "\"pattern\":null" : words);
    }
    assert_int_equal(days, 7);
    kit_free(k);
    k = bar("[rules]\n");
    week(k, 9, 21);
    assert_int_equal(count_flags(k, "device-silent"), 14);
    expect_says(newest(k, "device-silent"), "\"pattern\":null");
    kit_free(k);
}

static void test_pattern_days(void **state)
{
    struct pattern p = {0};
    struct site site = {.opening_hours = "mo-su 17:00-02:00"}, unknown = {.opening_hours = ""};
    (void)state;
    pattern_mark(&p, &site, kit_time(2, 23, 0, 0), kit_time(3, 1, 0, 0), 10 * MINUTE);   /* of the 2nd */
    pattern_mark(&p, &site, kit_time(3, 16, 0, 0), kit_time(3, 21, 0, 0), 10 * MINUTE);  /* a fifth outside */
    pattern_mark(&p, &site, kit_time(4, 15, 59, 0), kit_time(4, 21, 0, 0), 10 * MINUTE); /* more */
    pattern_mark(&p, &unknown, kit_time(5, 18, 0, 0), kit_time(5, 21, 0, 0), 10 * MINUTE);
    assert_int_equal(pattern_days(&p, kit_time(5, 22, 0, 0)), 2);
    assert_int_equal(pattern_days(&p, kit_time(8, 22, 0, 0)), 2);
    assert_int_equal(pattern_days(&p, kit_time(9, 22, 0, 0)), 1); /* the 3rd to the 9th */
    assert_int_equal(pattern_days(&p, kit_time(10, 22, 0, 0)), 0);
    pattern_mark(&p, &site, kit_time(2, 10, 0, 0), kit_time(2, 12, 0, 0), 10 * MINUTE); /* late: no longer one */
    assert_int_equal(pattern_days(&p, kit_time(5, 22, 0, 0)), 1);
}

static void test_fault(void **state)
{
    static const char *const faulty[] = {EXCEPTION, "\"error\":\"garbage\"", "\"error\":\"crc\"",
                                         "\"values\":{\"laeq\":60},\"quality\":\"suspect\",\"why\":[\"range\"]",
                                         "\"values\":{\"laeq\":6553.5}"};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct kit *k = bar("[rules]\n");
        give(k, "noise-2", t0(), 60);
        both(k, t0() + 10 * SECOND, t0() + 10 * MINUTE + 10 * SECOND, faulty[i]);
        assert_int_equal(count_flags(k, "device-fault"), 0);
        both(k, t0() + 10 * MINUTE + 10 * SECOND, t0() + 20 * MINUTE, faulty[i]);
        assert_int_equal(count_flags(k, "device-fault"), 1);
        assert_int_equal(newest(k, "device-fault")->since, t0() + 10 * SECOND + 1);
        give(k, "noise-2", t0() + 20 * MINUTE, 61);
        assert_string_equal(newest(k, "device-fault")->state, "cleared");
        assert_int_equal(newest(k, "device-fault")->until, t0() + 20 * MINUTE);
        assert_int_equal(count_flags(k, "device-silent"), 0);
        kit_free(k);
    }
}

/* The same 30 minutes from the first reading on: at 18:30:00, not at 18:29:50; and not with a hole in between. */
static void test_stuck(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    both(k, t0(), t0() + 30 * MINUTE, "\"values\":{\"laeq\":55.5}");
    assert_int_equal(count_flags(k, "device-stuck"), 0);
    both(k, t0() + 30 * MINUTE, t0() + 31 * MINUTE, "\"values\":{\"laeq\":55.5}");
    const struct kit_flag *f = newest(k, "device-stuck");
    assert_int_equal(f->since, t0() + 1);
    assert_int_equal(f->at, t0() + 30 * MINUTE + 1);
    expect_says(f, "\"why\":\"stuck\",\"value\":55.5,\"with\":null");
    give(k, "noise-2", t0() + 32 * MINUTE, 55.6);
    assert_string_equal(newest(k, "device-stuck")->state, "cleared");
    kit_free(k);
    k = bar("[rules]\n");
    both(k, t0(), t0() + 29 * MINUTE, "\"values\":{\"laeq\":55.5}");
    both(k, t0() + 31 * MINUTE, t0() + 32 * MINUTE, "\"values\":{\"laeq\":55.5}");
    assert_int_equal(count_flags(k, "device-stuck"), 0);
    kit_free(k);
    /* a level that is read every minute, on a device that is read every 10 s */
    k = bar("[rules]\n");
    kit_hello(k, "gw-01", "bar", "noise-2", 10 * SECOND, "laeq:60000", "");
    for (int64_t ts = t0(); ts <= t0() + 30 * MINUTE; ts += MINUTE)
        give(k, "noise-2", ts, 55.5);
    assert_int_equal(count_flags(k, "device-stuck"), 1);
    kit_free(k);
}

/* Within 1 dB for six opening hours: 17:00 to 23:00; what it does while the bar is closed does not matter. */
static void test_floor(void **state)
{
    struct kit *k = bar("[rules]\n");
    int64_t from = kit_time(4, 14, 0, 0), open = kit_time(4, 17, 0, 0);
    (void)state;
    for (int64_t ts = from; ts <= open + 6 * HOUR; ts += 10 * SECOND) {
        assert_int_equal(count_flags(k, "device-stuck"), 0);
        give(k, "noise-1", ts, ts < open ? wave(ts) : 30 + (double)(ts / 10000 % 11) / 10);
    }
    expect_says(newest(k, "device-stuck"), "\"why\":\"floor\"");
    assert_int_equal(newest(k, "device-stuck")->since, open);
    give(k, "noise-1", open + 6 * HOUR + 10 * SECOND, 31.1);
    assert_string_equal(newest(k, "device-stuck")->state, "cleared");
    kit_free(k);
}

static void hood(struct kit *k, int64_t from, int64_t to, double fume, int fan)
{
    char content[80];
    snprintf(content, sizeof content, "\"values\":{\"fume\":%.10g,\"fan\":%d}", fume, fan);
    for (int64_t ts = from; ts < to; ts += 10 * SECOND)
        kit_reading(k, "hood-1", ts, content);
}

static void test_fume(void **state)
{
    struct kit *k = kit_new("[rules]\n", SITES_HEAD HOUSE);
    (void)state;
    kit_hello(k, "gw-01", "house", "hood-1", 10 * SECOND, "fume fan", "");
    hood(k, t0(), t0() + HOUR, 0, 0); /* nobody cooks */
    hood(k, t0() + HOUR, t0() + HOUR + 30 * MINUTE, 0.02, 1);
    assert_int_equal(count_flags(k, "device-stuck"), 0);
    hood(k, t0() + HOUR + 30 * MINUTE, t0() + 2 * HOUR, 0.02, 1);
    expect_says(newest(k, "device-stuck"), "\"why\":\"floor\",\"value\":0.02");
    hood(k, t0() + 2 * HOUR, t0() + 3 * HOUR, 0.5, 1);
    assert_int_equal(count_flags(k, "device-stuck"), 3);
    expect_says(newest(k, "device-stuck"), "\"why\":\"stuck\",\"value\":0.5");
    kit_free(k);
}

/* One meter's values shown as those of two, a second later; then they part. */
static void test_twin(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    for (int64_t i = 0; i < 130; i++) {
        give(k, "noise-1", t0() + i * 10 * SECOND, wave(i));
        if (i != 20) /* once it does not answer */
            give(k, "noise-2", t0() + i * 10 * SECOND + SECOND, wave(i));
    }
    assert_int_equal(count_flags(k, "device-stuck"), 2);
    const struct kit_flag *f = newest(k, "device-stuck");
    expect_says(f, "\"why\":\"twin\"");
    expect_says(f, strcmp(f->device, "noise-1") == 0 ? "\"with\":\"noise-2\"" : "\"with\":\"noise-1\"");
    for (int64_t i = 130; i < 230; i++) {
        give(k, "noise-1", t0() + i * 10 * SECOND, wave(i));
        give(k, "noise-2", t0() + i * 10 * SECOND + SECOND, wave(i + 1000));
    }
    assert_int_equal(count_flags(k, "device-stuck"), 4);
    assert_string_equal(newest(k, "device-stuck")->state, "cleared");
    kit_free(k);
}

/* Both show the same two values, by chance in another order: no twins, for a whole day. */
static void test_no_twins(void **state)
{
    struct kit *k = bar("[rules]\n");
    (void)state;
    for (int64_t i = 0; i < 1500; i++) {
        give(k, "noise-1", t0() + i * 10 * SECOND, 50 + (wave(i) > 60) * 10);
        give(k, "noise-2", t0() + i * 10 * SECOND + SECOND, 50 + (wave(i + 9000) > 60) * 10);
    }
    for (size_t i = 0; i < k->flag_count; i++)
        assert_null(strstr(k->flags[i].body, "twin"));
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_out),       cmocka_unit_test(test_errors_and_ticks),
        cmocka_unit_test(test_within_a_frame), cmocka_unit_test(test_never_heard),
        cmocka_unit_test(test_empty_frames),   cmocka_unit_test(test_gateway_gaps),
        cmocka_unit_test(test_epoch_gap),      cmocka_unit_test(test_removed),
        cmocka_unit_test(test_withdrawn),      cmocka_unit_test(test_pattern),
        cmocka_unit_test(test_pattern_days),   cmocka_unit_test(test_fault),
        cmocka_unit_test(test_stuck),          cmocka_unit_test(test_floor),
        cmocka_unit_test(test_fume),           cmocka_unit_test(test_twin),
        cmocka_unit_test(test_no_twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
