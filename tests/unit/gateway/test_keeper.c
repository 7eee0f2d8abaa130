/* The keeper over a real journal in a folder of its own; the disk's answer to fdatasync is the test's. */
#include "common/file.h"
#include "firmware-gateway/keeper.h"
#include "firmware-gateway/sender.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int syncs, fail_at; /* fail_at: the how manieth from now on fails; 0: none */

int fdatasync(int fd)
{
    syncs++;
    if (fail_at && --fail_at == 0) {
        errno = EIO;
        return -1;
    }
    return fsync(fd);
}

struct kept {
    char dir[64];
    struct spool *spool;
    struct keeper keeper;
};

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b, ",\"kind\":\"hello\",\"devices\":[]%s", reset ? ",\"reset\":true" : "");
    return 0;
}

static int begin(void **state)
{
    struct kept *k = xcalloc(1, sizeof *k);
    strcpy(k->dir, "/tmp/quietair-keeper-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    struct spool_settings set = {.state_dir = k->dir, .gateway = "gw-1", .hello = hello};
    assert_int_equal(spool_open(&k->spool, &set, (struct moment){.ms = 1000}, NULL), 0);
    keeper_init(&k->keeper, k->spool, 2000);
    syncs = fail_at = 0;
    *state = k;
    return 0;
}

static int end(void **state)
{
    struct kept *k = *state;
    keeper_free(&k->keeper);
    spool_close(k->spool, true);
    file_remove_tree(k->dir);
    free(k);
    return 0;
}

static void put(struct kept *k, int n, int64_t mono_ms)
{
    char body[96];
    int length = snprintf(body, sizeof body, ",\"kind\":\"readings\",\"readings\":[{\"device\":\"n\",\"ts\":%d}]", n);
    assert_int_equal(keeper_put(&k->keeper, body, (size_t)length, 1000 + n, mono_ms), 0);
}

/* How often the reading n stands in what is durable. */
static int held(struct kept *k, int n)
{
    char wanted[32];
    struct journal_record rec;
    int count = 0, length = snprintf(wanted, sizeof wanted, "\"ts\":%d}", n);
    for (uint64_t seq = 1; seq <= spool_last(k->spool); seq++)
        if (spool_read(k->spool, seq, &rec) == 1 && memmem(rec.bytes, rec.length, wanted, (size_t)length))
            count++;
    return count;
}

static void frames_wait_for_one_sync(void **state)
{
    struct kept *k = *state;
    uint64_t before = spool_last(k->spool);
    put(k, 1, 10000);
    put(k, 2, 11000);
    assert_int_equal(keeper_turn(&k->keeper, false, 0, 11999), 0);
    assert_int_equal(spool_last(k->spool), before); /* nothing may be sent yet */
    put(k, 3, 11999);
    assert_int_equal(keeper_turn(&k->keeper, false, 0, 12000), 1);
    assert_int_equal(spool_last(k->spool), before + 3);
    assert_int_equal(syncs, 1);
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 12001), 0); /* nothing waits */
    assert_int_equal(syncs, 1);
    put(k, 4, 13000); /* the time runs anew from here */
    assert_int_equal(keeper_turn(&k->keeper, false, 0, 14999), 0);
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 14999), 1); /* a stop does not wait */
    assert_int_equal(k->keeper.syncs, 2);
}

static void with_each_flush(void **state)
{
    struct kept *k = *state;
    k->keeper.sync_ms = 0;
    put(k, 1, 10000);
    put(k, 2, 10000);
    assert_int_equal(keeper_turn(&k->keeper, false, 0, 10000), 1);
    assert_int_equal(syncs, 1);
}

static void what_fills_its_room_is_synced_early(void **state)
{
    struct kept *k = *state;
    size_t most = 0;
    for (int n = 1; keeper_turn(&k->keeper, false, 0, 10000) == 0; n++) {
        put(k, n, 10000);
        most = k->keeper.waiting.capacity;
    }
    assert_in_range(most, KEEPER_MOST, 4 * KEEPER_MOST);
    assert_int_equal(k->keeper.waiting.length, 0);
    put(k, 1000000, 20000);
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 20000), 1);
    assert_in_range(k->keeper.waiting.capacity, 1,
                    KEEPER_MOST / 8); /* what a stall took is given back when it is over */
}

static void a_failed_sync_loses_none_and_doubles_none(void **state)
{
    struct kept *k = *state;
    for (int n = 1; n <= 5; n++)
        put(k, n, 10000);
    fail_at = 1;
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 10000), 1);
    for (int n = 1; n <= 5; n++)
        assert_int_equal(held(k, n), 1);
    put(k, 6, 10000);
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 10000), 1);
    assert_int_equal(held(k, 6), 1);
}

static void the_failed_sync_of_another_loses_none(void **state)
{
    struct kept *k = *state;
    put(k, 1, 10000);
    put(k, 2, 10000);
    fail_at = 1;
    assert_int_equal(spool_sync(k->spool), ERR_IO); /* as where an epoch is begun */
    put(k, 3, 10000);
    assert_int_equal(keeper_turn(&k->keeper, true, 0, 10000), 1);
    for (int n = 1; n <= 2; n++)
        assert_int_equal(held(k, n), 1);
    assert_in_range(held(k, 3), 1, 2); /* synced already, and with the others again: repeats are harmless */
}

static void without_anybody_to_ack_the_quota_is_kept_all_the_same(void **state)
{
    enum { QUOTA = 512 * 1024, SEGMENT = 64 * 1024, FRAMES = 20000 };
    struct kept *k = *state;
    spool_close(k->spool, true);
    struct spool_settings set = {.state_dir = k->dir, .gateway = "gw-1", .hello = hello, .max_bytes = QUOTA};
    assert_int_equal(spool_open(&k->spool, &set, (struct moment){.ms = 2000}, NULL), 0);
    k->keeper.spool = k->spool;
    int64_t most = 0;
    for (int n = 1; n <= FRAMES; n++) {
        put(k, n, 10000);
        if (n % 50 == 0)
            assert_int_equal(keeper_turn(&k->keeper, true, 0, 10000), 1);
        most = spool_bytes(k->spool) > most ? spool_bytes(k->spool) : most;
    }
    assert_in_range(most, QUOTA - 2 * SEGMENT, QUOTA + 2 * SEGMENT);
    assert_true(spool_first(k->spool) > 1);
    assert_int_equal(held(k, FRAMES), 1); /* the oldest have gone */
    assert_int_equal(held(k, 1), 0);
}

/* ---- the sender's pause after "nobody listens"
 * -------------------------------------------------------------------------- */
static void any_ack_ends_the_pause(void **state)
{
    struct kept *k = *state;
    struct sender s;
    struct hash head;
    char text[320], hex[HASH_HEX], *memory = xmalloc(FRAME_MAX + 1);
    struct buf out = buf_fixed(memory, FRAME_MAX + 1);
    sender_init(&s, k->spool, "gw-1", "main", 5000);
    sender_connected(&s, 0);
    assert_int_equal(sender_next(&s, 0, &out), 1);
    sender_puback(&s, 16);
    assert_int_equal(sender_next(&s, 10, &out), 0);
    memset(&head, 0, sizeof head); /* h(0): the collector has nothing yet, as the gateway knew */
    hash_hex(&head, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":0,\"head\":\"%s\"}",
                     spool_epoch(k->spool), hex);
    assert_int_equal(sender_hear(&s, text, (size_t)n, 20), SENDER_HEEDED);
    assert_int_equal(sender_next(&s, 20, &out), 1);
    assert_non_null(memmem(out.data, out.length, "\"seq\":1,", 8));
    free(memory);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {TEST(frames_wait_for_one_sync),
                                       TEST(with_each_flush),
                                       TEST(what_fills_its_room_is_synced_early),
                                       TEST(a_failed_sync_loses_none_and_doubles_none),
                                       TEST(the_failed_sync_of_another_loses_none),
                                       TEST(without_anybody_to_ack_the_quota_is_kept_all_the_same),
                                       TEST(any_ack_ends_the_pause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
