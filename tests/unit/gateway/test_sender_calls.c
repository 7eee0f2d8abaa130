/* What a gateway makes of acks and refusals, well-formed or not, and of a disk that fails while it answers. */
#include "tests/unit/calls.h"

#include "tests/unit/gateway/spool_kit.h"

static struct sender sender;
static char *memory;
static struct buf out;

static int begin(void **state)
{
    (void)state;
    make_dir();
    assert_int_equal(try_start(0), 0);
    for (uint64_t n = 1; n <= 4; n++) /* 1 hello, 2 gap, 3 to 6 */
        assert_int_equal(put_reading(n), 0);
    sender_init(&sender, spool, "gw-1", "main", 5000);
    memory = xmalloc(FRAME_MAX + 1);
    out = buf_fixed(memory, FRAME_MAX + 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    calls_succeed();
    free(memory);
    end_life(false);
    return file_remove_tree(dir);
}

static unsigned send_all(int64_t now)
{
    unsigned count = 0;
    while (sender_next(&sender, now, &out) == 1)
        count++;
    return count;
}

static enum sender_heard hear(const char *text)
{
    return sender_hear(&sender, text, strlen(text), 1000);
}

static enum sender_heard hear_ack(uint64_t seq, const struct hash *head)
{
    char text[320], hex[HASH_HEX];
    hash_hex(head, hex);
    snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
             spool_epoch(spool), (unsigned long long)seq, hex);
    return hear(text);
}

static struct hash head_of(uint64_t seq)
{
    struct hash h;
    assert_true(spool_hash(spool, seq, &h));
    return h;
}

static enum sender_heard hear_refusal(uint64_t seq)
{
    struct journal_record rec;
    char text[200], hex[HASH_HEX];
    assert_int_equal(spool_read(spool, seq, &rec), 1);
    struct hash h = hash_of(rec.bytes, rec.length);
    hash_hex(&h, hex);
    snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"sha256\":\"%s\",\"reason\":\"envelope\"}", hex);
    return hear(text);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void what_is_no_ack_is_ignored(void **state)
{
    static const char *const parts[] = {"",
                                        "?",
                                        "[]",
                                        "{}",
                                        "{\"v\":2,\"by\":\"main\"}",
                                        "{\"v\":1}",
                                        "{\"v\":1,\"by\":7}",
                                        "{\"v\":1,\"by\":\"other\",\"epoch\":\"%s\",\"seq\":0,\"head\":\"" ZEROS "\"}",
                                        "{\"v\":1,\"by\":\"main\",\"seq\":0,\"head\":\"" ZEROS "\"}",
                                        "{\"v\":1,\"by\":\"main\",\"epoch\":\"" ZEROS "\",\"seq\":0,\"head\":\"" ZEROS
                                        "\"}",
                                        "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"head\":\"" ZEROS "\"}",
                                        "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":-1,\"head\":\"" ZEROS "\"}",
                                        "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":0}",
                                        "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":0,\"head\":\"00\"}",
                                        "{\"v\":1,\"by\":\"main\",\"sha256\":\"00\"}",
                                        "{\"v\":1,\"by\":\"main\",\"sha256\":\"" ZEROS "\"}"};
    (void)state;
    send_all(0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char text[400];
        const char *epoch = strstr(parts[i], "%s");
        int before = epoch ? (int)(epoch - parts[i]) : (int)strlen(parts[i]);
        snprintf(text, sizeof text, "%.*s%s%s", before, parts[i], epoch ? spool_epoch(spool) : "",
                 epoch ? epoch + 2 : "");
        assert_int_equal(hear(text), SENDER_IGNORED);
        assert_true(sender.acked == 0 && sender.sent == 6);
    }
}

static void the_position_goes_up_and_down(void **state)
{
    struct hash wrong = {{1}}, h = head_of(4);
    (void)state;
    assert_int_equal(hear_ack(4, &h), SENDER_HEEDED); /* before anything was sent: from an earlier life */
    assert_true(sender.acked == 4 && sender.sent == 4);
    assert_int_equal(send_all(0), 2);
    assert_true(!sender_done(&sender));
    h = head_of(6);
    assert_int_equal(hear_ack(6, &h), SENDER_HEEDED);
    assert_true(sender_done(&sender));
    assert_int_equal(hear_ack(0, &(struct hash){0}), SENDER_HEEDED); /* wiped */
    assert_int_equal(send_all(0), 6);
    assert_int_equal(hear_ack(7, &wrong), SENDER_ANEW);
    assert_int_equal(hear_ack(3, &wrong), SENDER_ANEW);
    assert_int_equal(sender.acked, 0);
}

static void another_collector_and_another_pace(void **state)
{
    struct hash h = head_of(2);
    (void)state;
    send_all(0);
    sender_use(&sender, "gw-1", "second", 100);
    assert_int_equal(hear_ack(2, &h), SENDER_IGNORED);
    sender_timer(&sender, 99);
    assert_int_equal(sender.sent, 6);
    sender_timer(&sender, 100);
    assert_int_equal(sender.sent, 0);
    assert_int_equal(sender.resends, 1);
    send_all(100);
    sender_timer(&sender, 299); /* twice the pace */
    assert_int_equal(sender.resends, 1);
    sender_timer(&sender, 300);
    assert_int_equal(sender.resends, 2);
    for (int64_t now = 300; sender.wait_ms < 60000; now += 60000) {
        send_all(now);
        sender_timer(&sender, now + 60000);
    }
    send_all(10000000);
    sender_timer(&sender, 10060000); /* no longer than a minute */
    assert_int_equal(sender.wait_ms, 60000);
    assert_int_equal(sender.sent, 0);
}

static void a_pause_when_nobody_listens(void **state)
{
    static const struct {
        int reason;
        bool stops;
    } cases[] = {{0, false}, {15, false}, {16, true}, {17, false}, {127, false}, {128, true}, {135, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sender_connected(&sender, 0);
        assert_int_equal(sender_next(&sender, 0, &out), 1);
        sender_puback(&sender, cases[i].reason);
        assert_int_equal(send_all(0), cases[i].stops ? 0 : 5);
        sender_timer(&sender, 5000);
        assert_int_equal(send_all(5000), 6);
    }
    sender_connected(&sender, 0); /* it stopped with nothing under way */
    sender_puback(&sender, 16);
    sender_timer(&sender, 4999);
    assert_int_equal(send_all(4999), 0);
    sender_timer(&sender, 5000);
    assert_int_equal(send_all(5000), 6);
}

static void a_refused_frame_is_set_aside(void **state)
{
    char path[200];
    (void)state;
    assert_int_equal(hear_refusal(4), SENDER_IGNORED); /* it was not sent */
    send_all(0);
    fail_calls(CALL_MKDIR, 1, 1, ENOSPC);
    assert_int_equal(hear_refusal(4), SENDER_IGNORED); /* no room to set it aside: it stays, and is refused again */
    fail_calls(CALL_WRITE, 1, 1, ENOSPC);
    assert_int_equal(hear_refusal(4), SENDER_IGNORED);
    calls_succeed();
    assert_int_equal(hear_refusal(4), SENDER_HEEDED);
    assert_int_equal(sender.refused, 1);
    snprintf(path, sizeof path, "%s/journal/%s/quarantine/4.json", dir, spool_epoch(spool));
    assert_int_equal(access(path, R_OK), 0);
    assert_int_equal(spool_set_aside(spool, 4), ERR_MISSING); /* once */
    struct journal_record rec;
    assert_int_equal(spool_read(spool, 4, &rec), ERR_MISSING);
    bool lost = false;
    for (unsigned i = 0; sender_next(&sender, 0, &out) == 1; i++)
        lost |= memmem(out.data, out.length, "\"seq\":4,", 8) &&
                memmem(out.data, out.length, "\"from\":4,\"to\":4,\"reason\":\"refused\"", 34);
    assert_true(lost);
    assert_int_equal(hear_refusal(5), SENDER_HEEDED); /* beside it, the one before it being set aside */
    struct hash h = head_of(3);
    assert_int_equal(hear_ack(3, &h), SENDER_HEEDED);
    assert_int_equal(sender_next(&sender, 0, &out), 1);
    assert_non_null(memmem(out.data, out.length, "\"from\":4,\"to\":5,\"reason\":\"refused\"", 34));
}

/* Each call fails while a `lost` is put together, or an ack inside what is missing is looked at: it is not now, then it
 * is. */
static void a_lost_while_calls_fail(void **state)
{
    char path[200], *bytes;
    size_t length;
    struct hash inside = head_of(4);
    (void)state;
    snprintf(path, sizeof path, "%s/journal/%s/%020d.seg", dir, spool_epoch(spool), 1);
    bytes = file_read(path, 1 << 20, &length, NULL);
    static const char *const readings[] = {"\"seq\":4", "\"seq\":5"};
    for (size_t i = 0; i < 2; i++) {
        char *at = memmem(bytes, length, readings[i], 7);
        assert_non_null(at);
        *at ^= 1;
    }
    int fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
    free(bytes);
    for (unsigned nth = 1; nth < 12; nth++) {
        end_life(false);
        assert_int_equal(try_start(4), 0);
        sender_init(&sender, spool, "gw-1", "main", 5000);
        sender_connected(&sender, 0);
        fail_calls(CALL_OPEN, nth, nth, EMFILE);
        while (sender_next(&sender, 0, &out) == 1)
            assert_null(memmem(out.data, out.length, "\"seq\":4", 7));
        calls_succeed();
        bool lost = false;
        while (sender_next(&sender, 0, &out) == 1)
            lost |= memmem(out.data, out.length, "\"from\":4,\"to\":5,\"reason\":\"corrupt\"", 34) != NULL;
        assert_true(lost || sender.sent >= 5);
        spool_save_acked(spool, 0);
        end_life(false);
        assert_int_equal(try_start(4), 0);
        sender_init(&sender, spool, "gw-1", "main", 5000);
        fail_calls(CALL_OPEN, nth, nth + 20, EMFILE);
        enum sender_heard heard = hear_ack(4, &inside);
        assert_true(heard == SENDER_IGNORED || (heard == SENDER_HEEDED && sender.acked == 3));
        calls_succeed();
        assert_int_equal(hear_ack(4, &inside), SENDER_HEEDED);
        assert_int_equal(sender.acked, 3);
    }
}

static void a_new_epoch_that_cannot_be_begun(void **state)
{
    char before[EPOCH_SIZE];
    (void)state;
    strcpy(before, spool_epoch(spool));
    send_all(0);
    fail_calls(CALL_PWRITE, 1, 1, ENOSPC);
    assert_int_not_equal(sender_anew(&sender, (struct moment){.ms = T0 + 9000}), 0);
    calls_succeed();
    assert_string_equal(spool_epoch(spool), before);
    assert_int_equal(sender.sent, 6);
    assert_int_equal(sender_anew(&sender, (struct moment){.ms = T0 + 9000}), 0);
    assert_string_not_equal(spool_epoch(spool), before);
    assert_true(sender.acked == 0 && sender.sent == 0);
    assert_int_equal(send_all(0), spool_last(spool));
}

/* ---- the spool's own ends
 * ------------------------------------------------------------------------------------------------ */
/* Framed anew a frame is longer: one that fits no more is said to be lost, in its place. */
static void a_frame_too_long_to_be_framed_anew(void **state)
{
    (void)state;
    padding = FRAME_MAX;
    assert_int_equal(put_reading(5), ERR_RANGE);
    size_t length;
    char *text = reading_body(5, &length);
    free(text);
    padding = FRAME_MAX - (length - FRAME_MAX) - 170; /* an envelope has about 140 bytes */
    while (put_reading(5) == 0)
        padding += 1;
    padding -= 1;
    assert_int_equal(put_reading(6), 0);
    padding = 0;
    assert_int_equal(put_reading(7), 0);
    for (uint64_t last = spool_last(spool), seq = 3; seq < last; seq++)
        assert_true(spool_is_quarantined(spool, seq) == false);
    assert_int_equal(spool_anew(spool, 2, (struct moment){.ms = T0 + 20000}), 0);
    struct told t = all_told();
    for (uint64_t n = 1; n <= 4; n++)
        assert_int_equal(t.anew[n], 1);
    assert_true(t.anew[6] == 0 && t.gap[6]);
    assert_int_equal(t.anew[7], 1);
}

static void a_hello_when_asked(void **state)
{
    uint64_t last = spool_last(spool);
    struct journal_record rec;
    (void)state;
    assert_int_equal(spool_hello(spool, T0), 0);
    assert_int_equal(spool_sync(spool), 0);
    assert_int_equal(spool_read(spool, last + 1, &rec), 1);
    assert_non_null(memmem(rec.bytes, rec.length, "\"reset\":true", 12));
    unsigned failures = spool_failures(spool);
    fail_calls(CALL_PWRITEV, 1, 1, ENOSPC); /* and nothing older to make room */
    assert_int_equal(spool_hello(spool, T0), ERR_FULL);
    fail_calls(CALL_PWRITEV, 1, 1, EIO);
    assert_int_equal(spool_failures(spool), failures);
    assert_int_equal(spool_hello(spool, T0), ERR_IO);
    calls_succeed();
    assert_int_equal(spool_failures(spool), failures + 1);
    assert_int_equal(spool_hello(spool, T0), 0);
    assert_int_equal(spool_cut_bytes(spool), 0);
    assert_int_equal(spool_set_aside_files(spool), 0);
}

static void the_oldest_makes_room_at_the_disks_end(void **state)
{
    (void)state;
    end_life(false);
    max_bytes = 512 * 1024;
    padding = 20000;
    assert_int_equal(try_start(4), 0);
    for (uint64_t n = 5; n < 20; n++)
        assert_int_equal(put_reading(n), 0);
    uint64_t first = spool_first(spool);
    fail_calls(CALL_PWRITEV, 1, 2, ENOSPC);
    assert_int_equal(put_reading(20), 0);
    calls_succeed();
    assert_true(spool_first(spool) > first);
    sender_init(&sender, spool, "gw-1", "main", 5000);
    sender_connected(&sender, 0);
    assert_int_equal(sender_next(&sender, 0, &out), 1);
    assert_non_null(memmem(out.data, out.length, "\"from\":1,", 9));
    assert_non_null(memmem(out.data, out.length, "\"reason\":\"quota\"", 16));
}

/* Five segments of long frames: 1 hello, 2 gap, then readings, and a hello where each segment begins. */
static void fill_segments(void)
{
    end_life(false);
    assert_int_equal(file_remove_tree(dir), 0);
    max_bytes = 512 * 1024;
    padding = 20000;
    assert_int_equal(try_start(0), 0);
    for (uint64_t n = 1; n < 16; n++)
        assert_int_equal(put_reading(n), 0);
    sender_init(&sender, spool, "gw-1", "main", 5000);
    sender_connected(&sender, 0);
}

/* The begin of the segment that holds seq; *path is its file. */
static uint64_t segment_of(uint64_t seq, char path[static 200])
{
    struct stat st;
    for (; seq; seq--) {
        snprintf(path, 200, "%s/journal/%s/%020llu.seg", dir, spool_epoch(spool), (unsigned long long)seq);
        if (stat(path, &st) == 0)
            return seq;
    }
    return 0;
}

static void a_segment_is_missing_while_no_descriptor_is_to_be_had(void **state)
{
    char path[200], wanted[64];
    (void)state;
    fill_segments();
    uint64_t first = segment_of(8, path), next = first + 1;
    assert_int_equal(unlink(path), 0);
    char other[200];
    while (segment_of(next, other) != next)
        next++;
    for (unsigned nth = 1; nth < 8; nth++) {
        sender_connected(&sender, 0);
        while (sender.sent + 1 < first)
            assert_int_equal(sender_next(&sender, 0, &out), 1);
        fail_calls(CALL_OPEN, nth, nth + 100, EMFILE);
        while (sender_next(&sender, 0, &out) == 1 && nth < 3)
            assert_null(memmem(out.data, out.length, "\"lost\"", 6)); /* it cannot be known how far it reaches */
        calls_succeed();
        sender.sent = first - 1;
        assert_int_equal(sender_next(&sender, 0, &out), 1);
        snprintf(wanted, sizeof wanted, "\"from\":%d,\"to\":%d,\"reason\":\"corrupt\"", (int)first, (int)next - 1);
        assert_non_null(memmem(out.data, out.length, wanted, strlen(wanted)));
    }
}

/* What is trimmed and what is damaged behind it are one run. */
static void a_hole_behind_what_was_trimmed(void **state)
{
    char path[200], byte = 0;
    (void)state;
    fill_segments();
    spool_limit(spool, 200 * 1024, 0);
    spool_trim(spool, T0);
    uint64_t first = spool_first(spool);
    assert_true(first > 1 && segment_of(first, path) == first);
    struct hash at = head_of(first);
    end_life(false);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, &byte, 1, 64 + 66), 1); /* in its hello */
    close(fd);
    assert_int_equal(try_start(16), 0);
    sender_init(&sender, spool, "gw-1", "main", 5000);
    assert_int_equal(hear_ack(first, &at), SENDER_HEEDED); /* the next one tells its hash */
    assert_int_equal(sender.acked, first);
    sender_connected(&sender, 0);
    sender.acked = sender.sent = first - 1;
    assert_int_equal(sender_next(&sender, 0, &out), 1);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"from\":1,\"to\":%d,\"reason\":\"corrupt\"", (int)first);
    assert_non_null(memmem(out.data, out.length, wanted, strlen(wanted)));
}

static void a_hello_of_several_frames(void **state)
{
    uint64_t last = spool_last(spool);
    (void)state;
    hello_parts = 3;
    assert_int_equal(spool_hello(spool, T0), 0);
    assert_int_equal(spool_sync(spool), 0);
    assert_int_equal(spool_last(spool), last + 3);
    fail_calls(CALL_PWRITEV, 2, 2, EIO);
    assert_int_equal(spool_hello(spool, T0), ERR_IO);
    calls_succeed();
    fill_segments();
    uint64_t first = spool_first(spool);
    fail_calls(CALL_PWRITEV, 1, 1, ENOSPC);
    assert_int_equal(spool_hello(spool, T0), 0); /* the oldest goes */
    calls_succeed();
    assert_true(spool_first(spool) > first);
}

/* A record that is no frame at all, and one that begins like a frame of ours. */
static void records_that_are_no_frames(void **state)
{
    char path[200], text[300], after[AFTER_HEX];
    struct journal *j;
    struct journal_record rec;
    uint64_t last = spool_last(spool);
    struct hash h = head_of(last);
    (void)state;
    snprintf(path, sizeof path, "%s/journal/%s", dir, spool_epoch(spool));
    struct journal_settings set = {.dir = path, .mode = 0700};
    char epoch[EPOCH_SIZE];
    strcpy(epoch, spool_epoch(spool));
    end_life(false);
    assert_int_equal(journal_open(&j, &set, NULL), 0);
    assert_int_equal(journal_append(j, "nothing", 7, T0, NULL), 0);
    h = chain_next(&h, "nothing", 7);
    hash_after(&h, after);
    int n = snprintf(text, sizeof text,
                     "{\"v\":1,\"gateway\":\"gw-1\",\"epoch\":\"%s\",\"seq\":%d,\"after\":\"%s\",\"kind\":", epoch,
                     (int)last + 2, after);
    assert_int_equal(journal_append(j, text, (size_t)n, T0, NULL), 0);
    assert_int_equal(journal_sync(j), 0);
    journal_close(j);
    assert_int_equal(try_start(5), 0);
    assert_int_equal(spool_read(spool, last + 1, &rec), ERR_MISSING);
    assert_int_equal(spool_read(spool, last + 2, &rec), 1);
    uint64_t frames = spool_last(spool);
    assert_int_equal(spool_anew(spool, 0, (struct moment){.ms = 700, .boot = BOOT}),
                     0); /* its clock is not known now */
    assert_in_range(spool_last(spool), frames - 1, frames + 1);
    assert_int_equal(put_reading(6), 0);
}

static void why_the_life_before_ended(void **state)
{
    static const struct {
        const char *life, *reason;
    } cases[] = {{"stopped", "\"reason\":\"stopped\""},
                 {"another boot", "\"reason\":\"power\""},
                 {NULL, "\"reason\":\"killed\""}};
    struct journal_record rec;
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "%s/life", dir);
    for (size_t i = 0; i < 3; i++) {
        end_life(false);
        if (cases[i].life)
            assert_int_equal(file_replace(path, cases[i].life, strlen(cases[i].life), 0600, NULL), 0);
        assert_int_equal(try_start(5 + i), 0);
        assert_int_equal(spool_read(spool, spool_last(spool), &rec), 1);
        assert_non_null(memmem(rec.bytes, rec.length, cases[i].reason, strlen(cases[i].reason)));
    }
}

static void the_time_of_a_boot_that_is_not_at_the_end(void **state)
{
    char text[320];
    struct buf b = buf_fixed(text, sizeof text);
    (void)state;
    spool_time_body(spool, &b, "another", 5, 6);
    assert_string_equal(b.data, ",\"kind\":\"time\",\"boot\":\"another\",\"offset\":5,\"error\":6,\"from\":1,\"to\":6");
}

/* Of two epochs that no name tells apart it is the one longer untouched; and it must be possible to name it again. */
static void two_epochs_and_no_name(void **state)
{
    char name[700], other[200], own[200], epoch[EPOCH_SIZE];
    (void)state;
    for (int newer = 0; newer < 2; newer++) {
        strcpy(epoch, spool_epoch(spool));
        end_life(false);
        snprintf(own, sizeof own, "%s/journal/%s", dir, epoch);
        snprintf(other, sizeof other, "%s/journal/%s", dir, "0123456789abcdef0123456789abcdef");
        snprintf(name, sizeof name, "rm -rf %s && cp -r %s %s", other, own, other);
        assert_int_equal(system(name), 0);
        struct timespec times[2] = {{T0 / 1000 + newer, 5}, {T0 / 1000 + newer, 5}},
                        others[2] = {{T0 / 1000 + 1 - newer, 0}, {T0 / 1000 + 1 - newer, 0}};
        assert_true(utimensat(AT_FDCWD, own, times, 0) == 0 && utimensat(AT_FDCWD, other, others, 0) == 0);
        snprintf(name, sizeof name, "%s/epoch", dir);
        assert_int_equal(unlink(name), 0);
        fail_calls(CALL_RENAME, 1, 1, EIO);
        assert_int_equal(try_start(6), ERR_IO);
        calls_succeed();
        assert_true(utimensat(AT_FDCWD, own, times, 0) == 0 && utimensat(AT_FDCWD, other, others, 0) == 0);
        assert_int_equal(try_start(6), 0);
        assert_string_equal(spool_epoch(spool), newer ? "0123456789abcdef0123456789abcdef" : epoch);
        if (!newer) {
            end_life(false);
            assert_int_equal(try_start(7), 0);
            assert_int_equal(epochs_lying(), 1);
        }
    }
}

static void each_call_of_the_first_start_fails(void **state)
{
    struct fault f;
    struct spool_settings set = {.state_dir = dir, .gateway = "gw-1", .hello = hello, .boot = BOOT};
    (void)state;
    for (enum call kind = 0; kind < CALLS; kind++)
        for (unsigned nth = 1;; nth++) {
            end_life(false);
            assert_int_equal(file_remove_tree(dir), 0);
            fail_calls(kind, nth, nth, ENOSPC);
            int r = spool_open(&spool, &set, (struct moment){.ms = T0}, nth % 2 ? &f : NULL);
            bool reached = calls_made[kind] >= nth;
            calls_succeed();
            if (r)
                spool = NULL;
            if (!spool)
                assert_int_equal(try_start(0), 0);
            assert_int_equal(put_reading(1), 0);
            assert_int_equal(all_told().held[1], 1);
            if (!reached)
                break;
        }
    padding = 0;
}

/* Another thread's write fails, and then what waits cannot be written again either. */
static void what_waits_cannot_be_written_again(void **state)
{
    struct keeper k;
    size_t length;
    char *text = reading_body(7, &length);
    (void)state;
    keeper_init(&k, spool, 0);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(keeper_put(&k, text, length, T0, 0), 0);
        fail_calls(CALL_PWRITEV, 1, 1, EIO);
        assert_int_equal(spool_hello(spool, T0), ERR_IO);
        fail_calls(CALL_PWRITEV, 1, 1000, ENOSPC);
        assert_int_equal(turn ? keeper_turn(&k, true, T0, 0) : keeper_put(&k, text, length, T0, 0), ERR_FULL);
        calls_succeed();
        keeper_free(&k);
        end_life(false);
        assert_int_equal(try_start(8), 0);
        keeper_init(&k, spool, 0);
    }
    keeper_free(&k);
    free(text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {CASE(what_is_no_ack_is_ignored),
                                       CASE(the_position_goes_up_and_down),
                                       CASE(another_collector_and_another_pace),
                                       CASE(a_pause_when_nobody_listens),
                                       CASE(a_refused_frame_is_set_aside),
                                       CASE(a_lost_while_calls_fail),
                                       CASE(a_new_epoch_that_cannot_be_begun),
                                       CASE(a_frame_too_long_to_be_framed_anew),
                                       CASE(a_hello_when_asked),
                                       CASE(the_oldest_makes_room_at_the_disks_end),
                                       CASE(a_segment_is_missing_while_no_descriptor_is_to_be_had),
                                       CASE(a_hole_behind_what_was_trimmed),
                                       CASE(a_hello_of_several_frames),
                                       CASE(records_that_are_no_frames),
                                       CASE(why_the_life_before_ended),
                                       CASE(the_time_of_a_boot_that_is_not_at_the_end),
                                       CASE(two_epochs_and_no_name),
                                       CASE(each_call_of_the_first_start_fails),
                                       CASE(what_waits_cannot_be_written_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
