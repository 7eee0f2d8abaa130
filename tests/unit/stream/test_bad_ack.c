/* Answers that are none (tests/bad/ack.txt): not heeded, counted by why, and the true one after it is heeded. */
#include "firmware-gateway/sender.h"
#include "tests/unit/stream/bad_cases.h"

struct ear {
    char dir[64];
    struct spool *spool;
    struct sender sender;
    int64_t now;
};

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b, ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[]", reset ? ",\"reset\":true" : "");
    return 0;
}

static int begin(void **state)
{
    struct ear *e = xcalloc(1, sizeof *e);
    strcpy(e->dir, "/tmp/quietair-bad-ack-XXXXXX");
    assert_non_null(mkdtemp(e->dir));
    struct spool_settings set = {.state_dir = e->dir, .gateway = "gw-1", .hello = hello};
    assert_int_equal(spool_open(&e->spool, &set, (struct moment){.ms = 1000}, NULL), 0);
    sender_init(&e->sender, e->spool, "gw-1", "main", 5000);
    *state = e;
    return 0;
}

static int end(void **state)
{
    struct ear *e = *state;
    spool_close(e->spool, true);
    file_remove_tree(e->dir);
    free(e);
    return 0;
}

/* One more frame is under way. */
static void say(struct ear *e)
{
    static const char body[] = ",\"kind\":\"readings\",\"readings\":[]";
    struct buf out = buf_growing();
    assert_int_equal(spool_append(e->spool, body, sizeof body - 1, ++e->now), 0);
    assert_int_equal(spool_sync(e->spool), 0);
    while (sender_next(&e->sender, e->now, &out) == 1)
        ;
    assert_int_equal(e->sender.sent, spool_last(e->spool));
    buf_free(&out);
}

static bool word(void *ctx, const char *word, struct buf *out)
{
    struct ear *e = ctx;
    uint64_t n = spool_last(e->spool);
    struct hash h, bytes;
    struct journal_record rec;
    char hex[HASH_HEX], bytes_hex[HASH_HEX];
    assert_true(spool_hash(e->spool, n, &h) && spool_read(e->spool, n, &rec) == 1);
    bytes = hash_of(rec.bytes, rec.length);
    hash_hex(&h, hex);
    hash_hex(&bytes, bytes_hex);
    if (strcmp(word, "E") == 0)
        buf_text(out, spool_epoch(e->spool));
    else if (strcmp(word, "n") == 0)
        buf_int(out, (int64_t)n);
    else if (strcmp(word, "H") == 0)
        buf_text(out, hex);
    else if (strcmp(word, "S") == 0)
        buf_text(out, bytes_hex);
    else
        return false;
    return true;
}

static void hear_truth(struct ear *e, const char *name)
{
    char epoch[EPOCH_SIZE];
    struct bad_case ack = {.name = (char *)(uintptr_t)name, .payload = buf_growing()};
    strcpy(epoch, spool_epoch(e->spool));
    bad_expand("ack.txt", &ack, "{\"v\":1,\"by\":\"main\",\"epoch\":\"<E>\",\"seq\":<n>,\"head\":\"<H>\"}", word, e);
    if (sender_hear(&e->sender, ack.payload.data, ack.payload.length, e->now) != SENDER_HEEDED ||
        !sender_done(&e->sender))
        bad_fail("ack.txt", name, "the true ack after it is not heeded");
    assert_string_equal(spool_epoch(e->spool), epoch);
    buf_free(&ack.payload);
}

static void unheeded(void *ctx, const struct bad_case *c)
{
    struct ear *e = ctx;
    uint64_t before[UNHEEDED_KINDS];
    say(e);
    uint64_t acked = e->sender.acked, sent = e->sender.sent, refused = e->sender.refused;
    memcpy(before, e->sender.unheeded, sizeof before);
    char *exact = xmalloc(c->payload.length + !c->payload.length); /* reading on is an error */
    memcpy(exact, c->payload.length ? c->payload.data : "", c->payload.length);
    if (sender_hear(&e->sender, exact, c->payload.length, e->now) != SENDER_IGNORED)
        bad_fail("ack.txt", c->name, "it is heeded");
    free(exact);
    for (size_t i = 0; i < UNHEEDED_KINDS; i++)
        if (e->sender.unheeded[i] - before[i] != (strcmp(unheeded_words[i], c->expected) == 0))
            bad_fail("ack.txt", c->name, unheeded_words[i]);
    assert_true(e->sender.acked == acked && e->sender.sent == sent && e->sender.refused == refused);
    hear_truth(e, c->name);
}

static void answers_that_are_none_are_counted_and_the_next_one_heeded(void **state)
{
    struct ear *e = *state;
    uint64_t all = 0;
    say(e);
    hear_truth(e, "the first");
    size_t cases = bad_each("ack.txt", word, unheeded, e);
    assert_true(cases >= 70);
    for (size_t i = 0; i < UNHEEDED_KINDS; i++)
        all += e->sender.unheeded[i];
    assert_int_equal(all, cases);
    for (size_t i = 0; i < UNHEEDED_RETAINED; i++)
        assert_true(e->sender.unheeded[i] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_that_are_none_are_counted_and_the_next_one_heeded, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
