/* What a gateway hears on its `ack` topic, one message a line.  `=3` stands for the true position 3, `!3` for a true
 * refusal of the frame 3.  However it is answered, the gateway can go on. */
#include "firmware-gateway/sender.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b, ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[]", reset ? ",\"reset\":true" : "");
    return 0;
}

/* What it says again is looked at once only. */
static void say_all(struct sender *s, struct buf *out)
{
    static struct hash seen[64];
    for (unsigned i = 0; sender_next(s, 1000, out) == 1; i++) {
        struct hash h = hash_of(out->data, out->length), *before = &seen[s->sent % 64];
        must(i < 100);
        if (hash_equal(&h, before))
            continue;
        struct frame *f = frame_open(out->data, out->length, NULL);
        must(f && f->seq == s->sent);
        frame_close(f);
        *before = h;
    }
}

static void answer(struct sender *s, const char *line, size_t length, struct buf *text)
{
    char hex[HASH_HEX];
    struct journal_record rec;
    uint64_t seq = length > 1 ? (uint64_t)(line[1] - '0') : 0;
    struct hash h = {0};
    if (length != 2 || (*line != '=' && *line != '!') || seq > 9) {
        buf_bytes(text, line, length);
        return;
    }
    if (*line == '=' && spool_hash(s->spool, seq, &h)) {
        hash_hex(&h, hex);
        buf_print(text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                  spool_epoch(s->spool), (unsigned long long)seq, hex);
    } else if (*line == '!' && spool_read(s->spool, seq, &rec) == 1) {
        h = hash_of(rec.bytes, rec.length);
        hash_hex(&h, hex);
        buf_print(text, "{\"v\":1,\"by\":\"main\",\"sha256\":\"%s\",\"reason\":\"envelope\"}", hex);
    }
}

/* True: one of them was heeded. */
static bool hear_all(struct sender *s, struct feed *f)
{
    struct buf out = buf_growing(), text = buf_growing();
    size_t length;
    const char *line;
    bool heeded = false;
    for (unsigned i = 0; i < 32 && (line = feed_line(f, &length)); i++) {
        say_all(s, &out);
        buf_clear(&text);
        answer(s, line, length, &text);
        enum sender_heard heard = sender_hear(s, text.data ? text.data : "", text.length, 1000 + i);
        if (heard == SENDER_ANEW)
            must(sender_anew(s, (struct moment){.ms = 1000 + i}) == 0);
        heeded |= heard != SENDER_IGNORED;
        must(s->acked <= spool_last(s->spool) && s->sent >= s->acked);
    }
    say_all(s, &out);
    buf_free(&out);
    buf_free(&text);
    return heeded;
}

static struct spool *fill(void)
{
    static const char body[] =
        ",\"kind\":\"readings\",\"readings\":[{\"device\":\"n\",\"ts\":1000,\"values\":{\"laeq\":50}}]";
    struct spool_settings set = {.state_dir = folder(),
                                 .gateway = "gw-1",
                                 .hello = hello,
                                 .boot = "00000000-0000-4000-8000-000000000001",
                                 .first_epoch = "00000000000000000000000000000001"};
    struct spool *spool;
    struct fault fault;
    must(spool_open(&spool, &set, (struct moment){.ms = 1000}, &fault) == 0);
    for (unsigned i = 0; i < 4; i++)
        must(spool_append(spool, body, sizeof body - 1, 1000) == 0);
    must(spool_sync(spool) == 0);
    return spool;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct spool *spool; /* the next input finds it as it was, or anew */
    struct feed f = {data, size};
    struct sender s;
    if (!spool)
        spool = fill();
    uint64_t last = spool_last(spool);
    sender_init(&s, spool, "gw-1", "main", 100);
    must(s.acked == 0);
    sender_connected(&s, 1000);
    if (hear_all(&s, &f)) {
        spool_close(spool, true);
        spool = NULL;
    } else {
        must(s.acked == 0 && spool_last(spool) == last);
    }
    return 0;
}
