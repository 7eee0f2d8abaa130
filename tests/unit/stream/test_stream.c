/* The gateway's spool and sender against the collector's intake, over a pipe that loses: random faults, printed seed.
 * After them everything must come to rest with all acked, and every reading made must be held by the present collector
 * once, or lie in what a `gap` or `lost` it holds declares. */
#include "common/file.h"
#include "firmware-gateway/sender.h"
#include "tests/unit/stream/intake_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { MADE_MOST = 4096, DEPTH = 64 };
static const char topic[] = "quietair/v1/yudu/gateway/gw-1/stream";

struct world {
    char dir[64];
    struct spool *spool;
    struct sender sender;
    int64_t now;
    bool made[MADE_MOST]; /* by ts - 1000000 */
    int64_t next_ts;
    char boot[CLOCK_BOOT_SIZE]; /* of the gateway; its clock began at `booted` */
    int64_t booted;
    bool dated; /* its wall clock is known */
    struct intake *intake;
    char *records[16384]; /* the collector's journal */
    size_t lengths[16384], count, backup;
    char *up[DEPTH];
    size_t up_length[DEPTH], up_count;
};

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b,
              ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[{\"device\":\"n\",\"site\":\"s\","
              "\"profile\":"
              "\"p\",\"measurement\":\"noise\",\"interval\":1000,\"metrics\":[]}]",
              reset ? ",\"reset\":true" : "");
    return 0;
}

static void keep_record(struct world *w, const char *bytes, size_t length)
{
    w->records[w->count] = xmalloc(length);
    memcpy(w->records[w->count], bytes, length);
    w->lengths[w->count++] = length;
}

static void start_intake(struct world *w, size_t upto)
{
    while (w->count > upto)
        free(w->records[--w->count]);
    intake_free(w->intake);
    w->intake = intake_started(w->records, w->lengths, w->count);
}

static struct moment moment(struct world *w)
{
    int64_t ts = ++w->next_ts;
    return w->dated ? (struct moment){.ms = ts} : (struct moment){.ms = ts - w->booted, .boot = w->boot};
}

/* boots: after a power cut.  Else in the same boot, in which a clock once known is known again. */
static void start_gateway(struct world *w, bool boots)
{
    if (boots) {
        snprintf(w->boot, sizeof w->boot, "%032x", (unsigned)rand());
        w->booted = w->next_ts;
        w->dated = false;
    }
    w->dated |= rand() % 3 > 0;
    struct spool_settings set = {
        .state_dir = w->dir, .gateway = "gw-1", .hello = hello, .boot = w->boot, .offset_ms = w->booted};
    struct fault f = {0};
    assert_int_equal(spool_open(&w->spool, &set, moment(w), &f), 0);
    sender_init(&w->sender, w->spool, "gw-1", "main", 100);
    sender_connected(&w->sender, w->now);
}

static void make_reading(struct world *w)
{
    char memory[240];
    struct buf body = buf_fixed(memory, sizeof memory);
    struct moment m = moment(w);
    struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = 50}};
    struct reading r = {.device = "n", .ts = m.ms, .boot = m.boot, .mono = m.ms, .values = &level, .value_count = 1};
    buf_text(&body, ",\"kind\":\"readings\",\"readings\":[");
    frame_put_reading(&body, &r);
    buf_char(&body, ']');
    w->made[w->next_ts - 1000000] = true;
    assert_int_equal(spool_append(w->spool, body.data, body.length, w->next_ts), 0);
    assert_int_equal(spool_sync(w->spool), 0);
}

static void know_clock(struct world *w)
{
    char memory[240];
    struct buf body = buf_fixed(memory, sizeof memory);
    if (w->dated)
        return;
    spool_time_body(w->spool, &body, w->boot, w->booted, 0);
    assert_int_equal(spool_append(w->spool, body.data, body.length, w->next_ts), 0);
    assert_int_equal(spool_sync(w->spool), 0);
    w->dated = true;
}

static void hear_position(struct world *w)
{
    char text[320], hex[HASH_HEX];
    struct hash head;
    uint64_t seq = intake_position(w->intake, "gw-1", spool_epoch(w->spool), &head);
    hash_hex(&head, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                     spool_epoch(w->spool), (unsigned long long)seq, hex);
    if (sender_hear(&w->sender, text, (size_t)n, w->now) == SENDER_ANEW)
        assert_int_equal(sender_anew(&w->sender, moment(w)), 0);
}

static void send_all(struct world *w)
{
    char *memory = xmalloc(FRAME_MAX + 1);
    struct buf b = buf_fixed(memory, FRAME_MAX + 1);
    while (w->up_count < DEPTH && sender_next(&w->sender, w->now, &b) == 1) {
        w->up[w->up_count] = xmalloc(b.length);
        memcpy(w->up[w->up_count], b.data, b.length);
        w->up_length[w->up_count++] = b.length;
    }
    free(memory);
}

/* What a `time` made readable is journalled again; the collector may die in between. */
static void repair_some(struct world *w, bool all)
{
    uint64_t at;
    while ((at = intake_owed(w->intake)) && (all || rand() % 4)) {
        struct buf record = buf_growing();
        struct record held;
        assert_int_equal(record_read(&held, w->records[at - 1], w->lengths[at - 1]), 0);
        intake_repair(w->intake, &held, w->next_ts, &record);
        keep_record(w, record.data, record.length);
        buf_free(&record);
    }
}

/* The collector gets what is in the pipe; every one in `lose` is lost (0: none). */
static void deliver(struct world *w, unsigned lose)
{
    for (size_t i = 0; i < w->up_count; i++) {
        struct buf record = buf_growing();
        struct intake_result r;
        if (!lose || (unsigned)rand() % lose) {
            intake_judge(w->intake, topic, w->up[i], w->up_length[i], w->next_ts, w->count + 1, &record, &r);
            if (r.verdict == INTAKE_TAKEN)
                keep_record(w, record.data, record.length);
            repair_some(w, !lose);
            frame_close(r.frame);
            judged_free(&r.judged);
        }
        buf_free(&record);
        free(w->up[i]);
    }
    w->up_count = 0;
}

static void step(struct world *w)
{
    w->now += 10;
    switch (rand() % 16) {
    case 0: /* killed, stopped or without power: what is under way may be lost or come later */
        spool_close(w->spool, rand() % 2);
        start_gateway(w, rand() % 2);
        break;
    case 14:
        know_clock(w);
        break;
    case 1:
        start_intake(w, rand() % 4 ? w->count : 0);
        break;
    case 2:
        w->backup = w->count;
        break;
    case 3:
        start_intake(w, w->backup < w->count && rand() % 3 == 0 ? w->backup : w->count);
        break;
    case 4:
        w->now += 200;
        sender_timer(&w->sender, w->now);
        break;
    case 5:
        sender_connected(&w->sender, w->now);
        break;
    case 6:
    case 7:
        hear_position(w);
        break;
    case 8:
    case 9:
        send_all(w);
        deliver(w, (unsigned)rand() % 5);
        break;
    default:
        make_reading(w);
    }
}

static void settle(struct world *w)
{
    know_clock(w);
    repair_some(w, true);
    for (int i = 0; i < 10000; i++) {
        hear_position(w);
        send_all(w);
        deliver(w, 0);
        hear_position(w);
        if (sender_done(&w->sender))
            return;
        w->now += 100000;
        sender_timer(&w->sender, w->now);
    }
    fail_msg("stalled: acked %llu of %llu", (unsigned long long)w->sender.acked,
             (unsigned long long)spool_last(w->spool));
}

static void check_all(struct world *w)
{
    static int held[MADE_MOST];
    static bool declared[MADE_MOST];
    memset(held, 0, sizeof held);
    memset(declared, 0, sizeof declared);
    int64_t newest = 1000000;
    char epoch[EPOCH_SIZE] = "";
    for (size_t i = 0; i < w->count; i++) {
        struct record r;
        struct judged j;
        assert_int_equal(record_read(&r, w->records[i], w->lengths[i]), 0);
        struct frame *f = judged_open(&j, &r);
        int64_t from = 0, to = 0;
        assert_non_null(f);
        if (f->kind == FRAME_GAP && !f->boot)
            from = f->since, to = f->until;
        bool opens = strcmp(epoch, f->epoch) != 0 && (f->kind == FRAME_READINGS || f->kind == FRAME_GAP) && !f->boot;
        if (opens)
            memcpy(epoch, f->epoch, EPOCH_SIZE);
        for (size_t k = 0; k < f->reading_count; k++) {
            if (opens)
                from = newest, to = f->readings[k].ts;
            if (j.marks[k] == MARK_WAITS)
                continue;
            if (j.marks[k] == MARK_GOOD) {
                held[f->readings[k].ts - 1000000]++;
                newest = f->readings[k].ts > newest ? f->readings[k].ts : newest;
            } else {
                assert_int_equal(j.marks[k], MARK_REPEAT);
            }
        }
        if (opens && f->kind == FRAME_GAP)
            from = newest < from ? newest : from;
        for (int64_t ts = from < 1000000 ? 1000000 : from; ts < to; ts++)
            declared[ts - 1000000] = true;
        frame_close(f);
        judged_free(&j);
    }
    for (int i = 0; i < MADE_MOST; i++) {
        if (held[i] > 1 || (w->made[i] && !held[i] && !declared[i]))
            fail_msg("reading %d: held %d times, declared %d", i, held[i], declared[i]);
    }
}

static void every_reading_is_held_once_or_declared(void **state)
{
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    (void)state;
    print_message("SEED=%u\n", seed);
    for (unsigned round = 0; round < 25; round++) {
        struct world *w = xcalloc(1, sizeof *w);
        srand(seed + round);
        strcpy(w->dir, "/tmp/quietair-stream-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        w->next_ts = 1000001;
        start_intake(w, 0);
        start_gateway(w, true);
        for (int i = 0; i < 300; i++)
            step(w);
        settle(w);
        check_all(w);
        spool_close(w->spool, true);
        while (w->count)
            free(w->records[--w->count]);
        intake_free(w->intake);
        file_remove_tree(w->dir);
        free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_reading_is_held_once_or_declared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
