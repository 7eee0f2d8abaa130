/* Frames told by the clock of a boot, from the wire through intake to rules and lines.  The measure of it is a twin:
 * the same street with a gateway whose clock was right from the beginning.  Intake is begun anew from its journal
 * before each payload and each repair, and the fold restored before each record: a death at any moment. */
#include "collector/intake.h"
#include "collector/output/lines.h"
#include "tests/unit/collector/restore_kit.h"

enum { RECORDS = 600, STEP = 5 * SECOND };
#define BOOT_A "0af1c2d3e4f5a6b7c8d9e0f1a2b3c4d5"
#define BOOT_B "11111111222222223333333344444444"
#define RULES  "[rules]\nstandards = gb22337-2008\nnoise_window = 1min\n"

struct street {
    struct kit *k;
    struct intake *intake;
    char *records[RECORDS]; /* the collector's journal; record n at n - 1 */
    size_t lengths[RECORDS], count;
    struct hash head;
    uint64_t seq; /* of the gateway's journal */
    struct buf lines;
};

static void keep(struct street *s, const char *bytes, size_t length)
{
    struct record r;
    assert_true(s->count < RECORDS);
    s->records[s->count] = xmalloc(length);
    memcpy(s->records[s->count], bytes, length);
    s->lengths[s->count++] = length;
    assert_int_equal(record_read(&r, bytes, length), 0);
    kit_record(s->k, r.kind, r.head, r.head_length, r.body, r.body_length);
    lines_put(&s->lines, &r);
}

static void begin_intake(struct street *s)
{
    intake_free(s->intake);
    s->intake = intake_new("quietair/v1");
    for (size_t i = 0; i < s->count; i++) {
        struct record r;
        assert_int_equal(record_read(&r, s->records[i], s->lengths[i]), 0);
        r.seq = i + 1;
        intake_apply(s->intake, &r);
    }
}

static bool repair_one(struct street *s)
{
    struct record held;
    begin_intake(s);
    uint64_t at = intake_owed(s->intake);
    if (!at)
        return false;
    struct buf record = buf_growing();
    assert_int_equal(record_read(&held, s->records[at - 1], s->lengths[at - 1]), 0);
    intake_repair(s->intake, &held, s->k->receipt_ms, &record);
    keep(s, record.data, record.length);
    buf_free(&record);
    return true;
}

/* What intake says of the gateway's next frame; `rest` is `"kind":…`. */
static enum intake_verdict offer(struct street *s, const char *rest)
{
    struct buf payload = buf_growing(), record = buf_growing();
    struct intake_result r;
    frame_begin(&payload, "gw-01", s->k->epoch, s->seq + 1, &s->head);
    buf_print(&payload, ",%s", rest);
    frame_end(&payload);
    begin_intake(s);
    intake_judge(s->intake, "quietair/v1/yudu/gateway/gw-01/stream", payload.data, payload.length, s->k->receipt_ms,
                 s->count + 1, &record, &r);
    if (r.verdict == INTAKE_TAKEN) {
        s->seq++;
        s->head = chain_next(&s->head, payload.data, payload.length);
        keep(s, record.data, record.length);
    }
    frame_close(r.frame);
    judged_free(&r.judged);
    buf_free(&payload);
    buf_free(&record);
    return r.verdict;
}

static void say(struct street *s, const char *rest)
{
    assert_int_equal(offer(s, rest), INTAKE_TAKEN);
    while (repair_one(s))
        ;
}

static struct street *street_new(void)
{
    static const char import[] =
        "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":\"id,name,kind,district,"
        "grid,noise_class,noise_position,gateways\\nclub,C,club,yudu,g,2,boundary,gw-01\\n\"}}";
    struct street *s = xcalloc(1, sizeof *s);
    struct buf record = buf_growing();
    s->k = restored_kit(RULES, NULL);
    s->lines = buf_growing();
    record_write(&record, RECORD_COMMAND, s->k->receipt_ms, "", 0, import, sizeof import - 1);
    keep(s, record.data, record.length);
    buf_free(&record);
    s->k->receipt_ms = kit_time(5, 23, 40, 0);
    say(s,
        "\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\",\"reset\":true,\"devices\":[{\"device\":\"n\",\"site\":"
        "\"club\",\"profile\":"
        "\"p\",\"measurement\":\"noise\",\"interval\":5000,\"metrics\":[{\"name\":\"laeq\",\"unit\":\"dB(A)\",\"type\":"
        "\"number\"}]}]");
    return s;
}

static void street_free(struct street *s)
{
    while (s->count)
        free(s->records[--s->count]);
    intake_free(s->intake);
    buf_free(&s->lines);
    restored_kit_free(s->k);
    free(s);
}

/* One level; boot NULL: by the wall clock. */
static void level(struct street *s, const char *boot, int64_t ms, double value)
{
    char rest[240], when[96];
    if (boot)
        snprintf(when, sizeof when, "\"boot\":\"%s\",\"mono\":%lld", boot, (long long)ms);
    else
        snprintf(when, sizeof when, "\"ts\":%lld", (long long)ms);
    snprintf(rest, sizeof rest, "\"kind\":\"readings\",\"readings\":[{\"device\":\"n\",%s,\"values\":{\"laeq\":%g}}]",
             when, value);
    say(s, rest);
}

static void time_frame(struct street *s, const char *boot, int64_t offset, uint64_t from, uint64_t to)
{
    char rest[200];
    snprintf(rest, sizeof rest,
             "\"kind\":\"time\",\"boot\":\"%s\",\"offset\":%lld,\"error\":20,\"from\":%llu,\"to\":%llu", boot,
             (long long)offset, (unsigned long long)from, (unsigned long long)to);
    say(s, rest);
}

static uint64_t waiting(struct street *s, uint64_t *untold)
{
    uint64_t count;
    begin_intake(s);
    intake_waiting(s->intake, &count, untold);
    return count;
}

/* Some minutes by the clock; a start at 23:35:00, 40 s of mono, that knows its clock only after `unknown` readings. */
static void run_street(struct street *s, int unknown)
{
    const int64_t before = kit_time(5, 23, 30, 0), start = kit_time(5, 23, 35, 0), offset = start - 40000;
    char rest[240];
    for (int i = 0; i < 24; i++)
        level(s, NULL, before + i * STEP, 55);
    if (unknown)
        snprintf(rest, sizeof rest,
                 "\"kind\":\"gap\",\"boot\":\"%s\",\"since\":%lld,\"until_mono\":40000,\"reason\":\"power\"", BOOT_A,
                 (long long)(before + 23 * STEP));
    else
        snprintf(rest, sizeof rest, "\"kind\":\"gap\",\"since\":%lld,\"until\":%lld,\"reason\":\"power\"",
                 (long long)(before + 23 * STEP), (long long)start);
    say(s, rest);
    for (int i = 0; i < 48; i++) {
        if (unknown && i == unknown)
            time_frame(s, BOOT_A, offset, 1, s->seq);
        level(s, i < unknown ? BOOT_A : NULL, (i < unknown ? start - offset : start) + i * STEP, 60 + i % 3);
    }
    kit_tick(s->k, kit_time(6, 0, 0, 0));
}

static void frames_without_time_end_as_if_they_had_had_it(void **state)
{
    struct street *right = street_new(), *late = street_new();
    (void)state;
    run_street(right, 0);
    run_street(late, 36);
    assert_true(right->k->window_count == 5);
    assert_true(right->k->flag_count >= 1);
    assert_string_equal(late->k->log.data, right->k->log.data);
    assert_string_equal(late->lines.data, right->lines.data);
    uint64_t untold;
    assert_int_equal(waiting(late, &untold), 0);
    assert_int_equal(untold, 0);
    street_free(right);
    street_free(late);
}

static void nothing_is_judged_or_written_before_its_time_is_known(void **state)
{
    struct street *s = street_new();
    uint64_t untold;
    (void)state;
    for (int i = 0; i < 30; i++)
        level(s, BOOT_A, 1000 + i * STEP, 70);
    assert_int_equal(s->k->window_count, 0);
    assert_int_equal(s->lines.length, 0);
    assert_int_equal(waiting(s, &untold), 30);
    time_frame(s, BOOT_B, 1, 1, s->seq); /* of another boot: nothing */
    assert_int_equal(waiting(s, &untold), 30);
    time_frame(s, BOOT_A, kit_time(5, 23, 0, 0), 2, 11); /* the first ten */
    assert_int_equal(waiting(s, &untold), 20);
    time_frame(s, BOOT_A, kit_time(5, 23, 0, 0), 2, s->seq);
    assert_int_equal(waiting(s, &untold), 0);
    assert_int_equal(untold, 0);
    size_t lines = 0;
    for (const char *at = s->lines.data; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 30);
    street_free(s);
}

static const struct kit_missing *missing_by(const struct kit *k, const char *reason)
{
    for (size_t i = 0; i < k->missing_count; i++)
        if (strcmp(k->missing[i].reason, reason) == 0)
            return &k->missing[i];
    return NULL;
}

/* A power cut before the clock was set: those frames never get a time. */
static void a_time_that_never_comes_is_missing_by_reason_of_the_clock(void **state)
{
    const int64_t before = kit_time(5, 23, 0, 0), after = kit_time(5, 23, 20, 0);
    for (int way = 0; way < 2; way++) {
        struct street *s = street_new();
        uint64_t untold;
        level(s, NULL, before, 55);
        level(s, BOOT_A, 30000, 70);
        level(s, BOOT_A, 35000, 70);
        if (way == 0) { /* the next boot knows its clock at once */
            level(s, NULL, after, 55);
            assert_int_equal(waiting(s, &untold), 2);
            assert_int_equal(untold, 0);
        } else {
            level(s, BOOT_B, 20000, 55);
            assert_int_equal(waiting(s, &untold), 1);
            assert_int_equal(untold, 2);
            time_frame(s, BOOT_B, after - 20000, 1, s->seq);
        }
        const struct kit_missing *m = missing_by(s->k, "clock");
        assert_non_null(m);
        assert_int_equal(m->from, before);
        assert_int_equal(m->to, after);
        assert_null(strstr(s->lines.data, "laeq=70"));
        street_free(s);
    }
    (void)state;
}

/* ... unless it comes late: then the readings are in the time series as suspect (bit 8), and move no window. */
static void a_time_that_comes_late_repairs_suspect_readings(void **state)
{
    const int64_t before = kit_time(5, 23, 0, 0), after = kit_time(5, 23, 20, 0);
    struct street *s = street_new();
    char line[120];
    (void)state;
    level(s, BOOT_A, 30000, 70);
    level(s, NULL, after, 55);
    time_frame(s, BOOT_A, before - 30000, 1, s->seq);
    snprintf(line, sizeof line, "laeq=70,q=8i %lld\n", (long long)before);
    assert_non_null(strstr(s->lines.data, line));
    street_free(s);
}

static void later_frames_wait_until_all_is_repaired(void **state)
{
    struct street *s = street_new();
    static const char empty[] = "\"kind\":\"readings\",\"readings\":[]";
    (void)state;
    level(s, BOOT_A, 30000, 70);
    level(s, BOOT_A, 35000, 70);
    assert_int_equal(
        offer(s, "\"kind\":\"time\",\"boot\":\"" BOOT_A "\",\"offset\":1772000000000,\"error\":1,\"from\":1,\"to\":3"),
        INTAKE_TAKEN);
    assert_int_equal(offer(s, empty), INTAKE_REPAIRING);
    assert_true(repair_one(s));
    assert_int_equal(offer(s, empty), INTAKE_REPAIRING);
    assert_true(repair_one(s));
    assert_false(repair_one(s));
    assert_int_equal(offer(s, empty), INTAKE_TAKEN);
    street_free(s);
}

static void a_time_ahead_of_receipt_is_suspect(void **state)
{
    struct street *s = street_new();
    (void)state;
    level(s, BOOT_A, 1000, 70);
    time_frame(s, BOOT_A, s->k->receipt_ms + 6 * MINUTE, 1, s->seq);
    assert_non_null(strstr(s->lines.data, "laeq=70,q=8i "));
    street_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_without_time_end_as_if_they_had_had_it),
        cmocka_unit_test(nothing_is_judged_or_written_before_its_time_is_known),
        cmocka_unit_test(a_time_that_never_comes_is_missing_by_reason_of_the_clock),
        cmocka_unit_test(a_time_that_comes_late_repairs_suspect_readings),
        cmocka_unit_test(later_frames_wait_until_all_is_repaired),
        cmocka_unit_test(a_time_ahead_of_receipt_is_suspect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
