#include "firmware-gateway/sender.h"
#include "common/json.h"

#include <string.h>

enum { WAIT_MOST_MS = 60000 };

const char *const unheeded_words[UNHEEDED_KINDS] = {"unreadable", "by", "epoch", "bytes", "retained"};

void sender_init(struct sender *s, struct spool *spool, const char *gateway, const char *collector, int64_t resend_ms)
{
    *s = (struct sender){.spool = spool, .gateway = gateway, .collector = collector, .resend_ms = resend_ms};
    s->acked = s->sent = s->acked_most = spool_acked(spool);
    s->wait_ms = resend_ms;
}

void sender_use(struct sender *s, const char *gateway, const char *collector, int64_t resend_ms)
{
    s->gateway = gateway;
    s->collector = collector;
    s->wait_ms = s->resend_ms = resend_ms;
}

static void back(struct sender *s)
{
    s->sent = s->acked;
    s->stopped = false;
}

void sender_connected(struct sender *s, int64_t now_ms)
{
    back(s);
    s->progress_ms = now_ms;
    s->wait_ms = s->resend_ms;
}

void sender_timer(struct sender *s, int64_t now_ms)
{
    if (s->sent == s->acked && !s->stopped)
        s->progress_ms = now_ms; /* nothing is under way */
    else if (now_ms - s->progress_ms >= s->wait_ms) {
        back(s);
        s->resends++;
        s->progress_ms = now_ms;
        s->wait_ms = s->wait_ms * 2 > WAIT_MOST_MS ? WAIT_MOST_MS : s->wait_ms * 2;
    }
}

bool sender_done(const struct sender *s)
{
    return s->acked >= spool_last(s->spool);
}

/* ---- saying ---------------------------------------------------------------------------------------------------------- */
static void keep(struct sender *s, uint64_t seq, struct hash h)
{
    s->kept[seq % SENDER_KEPT].seq = seq;
    s->kept[seq % SENDER_KEPT].hash = h;
}

static bool own_hash(struct sender *s, uint64_t seq, struct hash *out)
{
    if (seq && s->kept[seq % SENDER_KEPT].seq == seq) {
        *out = s->kept[seq % SENDER_KEPT].hash;
        return true;
    }
    return spool_hash(s->spool, seq, out);
}

/* h(to), as the frame behind it names it; there is none: as the journal does. */
static bool hash_behind(struct sender *s, uint64_t to, struct hash *out)
{
    struct journal_record rec;
    int r = spool_read(s->spool, to + 1, &rec);
    if (r == 1)
        *out = rec.before;
    return r == 1 || spool_hash(s->spool, to, out);
}

/* The unbroken run of missing seqs around `seq`, acked ones included, is declared lost. */
static int say_lost(struct sender *s, uint64_t seq, struct buf *out)
{
    struct journal_record rec;
    struct hash before, head;
    char hex[HASH_HEX];
    int r = 0;
    uint64_t first = spool_first(s->spool), from = seq, next = spool_next_held(s->spool, seq), to = next - 1;
    if (!next)
        return 0; /* cannot be told now */
    bool trimmed = seq < first, refused = spool_is_quarantined(s->spool, seq);
    if (trimmed)
        from = 1;
    else
        while (from > 1 && (r = spool_read(s->spool, from - 1, &rec)) == ERR_MISSING)
            from = from - 1 < first ? 1 : from - 1;
    if (r == ERR_IO || !hash_behind(s, to, &head))
        return 0; /* cannot be told now */
    bool known = spool_hash(s->spool, from - 1, &before);
    frame_begin(out, s->gateway, spool_epoch(s->spool), to, known ? &before : &(struct hash){0});
    buf_print(out, ",\"kind\":\"lost\",\"from\":%llu,\"to\":%llu,\"reason\":\"%s\",\"head\":\"",
              (unsigned long long)from, (unsigned long long)to,
              refused               ? "refused"
              : !trimmed            ? "corrupt"
              : to <= s->acked_most ? "acked-then-forgotten"
                                    : "quota");
    hash_hex(&head, hex);
    buf_text(out, hex);
    buf_text(out, "\"}");
    keep(s, to, head);
    s->sent = to;
    s->lost_said++;
    return 1;
}

int sender_next(struct sender *s, int64_t now_ms, struct buf *out)
{
    struct journal_record rec;
    struct hash before;
    if (s->stopped || s->sent >= spool_last(s->spool) || s->sent >= s->acked + SENDER_WINDOW)
        return 0;
    if (s->sent == s->acked)
        s->progress_ms = now_ms; /* the timer runs from here */
    buf_clear(out);
    bool known = own_hash(s, s->sent, &before);
    int r = spool_read(s->spool, s->sent + 1, &rec);
    if (r == 0 || r == ERR_IO)
        return 0;
    if (r == 1 && known && !hash_equal(&before, &rec.before))
        r = ERR_MISSING; /* whole, but of another life: no collector would take it here */
    if (r < 0)
        return say_lost(s, s->sent + 1, out);
    buf_bytes(out, rec.bytes, rec.length);
    s->sent = rec.seq;
    keep(s, rec.seq, chain_next(&rec.before, rec.bytes, rec.length));
    return 1;
}

/* ---- hearing --------------------------------------------------------------------------------------------------------- */

/* In a run of missing frames its own hash cannot be told.  The position is then the last one before the run, 0 where
 * all of that is trimmed: what comes next is the `lost` that reaches over it.  False: cannot be told now. */
static bool before_hole(struct sender *s, uint64_t *seq)
{
    struct journal_record rec;
    struct hash own;
    uint64_t first = spool_first(s->spool);
    while (*seq && !own_hash(s, *seq, &own)) {
        if (spool_read(s->spool, *seq, &rec) == ERR_IO)
            return false;
        *seq = *seq < first ? 0 : *seq - 1;
    }
    return true;
}

static enum sender_heard hear_position(struct sender *s, uint64_t seq, const struct hash *head, int64_t now_ms)
{
    struct hash own;
    if (seq > spool_last(s->spool))
        return SENDER_ANEW;
    if (!own_hash(s, seq, &own)) {
        if (!before_hole(s, &seq))
            return SENDER_IGNORED;
    } else if (!hash_equal(&own, head))
        return SENDER_ANEW;
    if (seq > s->acked) {
        s->progress_ms = now_ms;
        s->wait_ms = s->resend_ms;
        s->stopped = false;
        if (s->sent < seq)
            s->sent = seq;
    } else if (seq < s->acked) {
        s->sent = seq;
        s->stopped = false;
        s->progress_ms = now_ms;
    } else if (s->stopped) { /* somebody listens again, and has nothing new of ours */
        back(s);
        s->progress_ms = now_ms;
    }
    s->acked = seq;
    s->acked_most = seq > s->acked_most ? seq : s->acked_most;
    return SENDER_HEEDED;
}

static enum sender_heard hear_refused(struct sender *s, const struct hash *wanted)
{
    struct journal_record rec;
    for (uint64_t n = s->acked + 1; n <= s->sent; n++) {
        if (spool_read(s->spool, n, &rec) != 1)
            continue;
        struct hash own = hash_of(rec.bytes, rec.length);
        if (hash_equal(&own, wanted) && spool_set_aside(s->spool, n) == 0) {
            s->refused++;
            back(s);
            return SENDER_HEEDED;
        }
    }
    return sender_unheeded(s, UNHEEDED_BYTES);
}

enum sender_heard sender_unheeded(struct sender *s, enum unheeded why)
{
    s->unheeded[why]++;
    return SENDER_IGNORED;
}

static bool read_hash(const struct json *node, struct hash *out)
{
    const char *hex;
    return json_text(node, &hex) && hash_parse(out, hex);
}

static enum sender_heard hear_ack(struct sender *s, const struct json *root, int64_t now_ms)
{
    const char *epoch;
    int64_t seq;
    struct hash head;
    if (!json_text(json_member(root, "epoch"), &epoch) || !epoch_valid(epoch) ||
        !json_int64(json_member(root, "seq"), &seq) || seq < 0 || seq > FRAME_EXACT ||
        !read_hash(json_member(root, "head"), &head))
        return sender_unheeded(s, UNHEEDED_UNREADABLE);
    if (strcmp(epoch, spool_epoch(s->spool)) != 0)
        return sender_unheeded(s, UNHEEDED_EPOCH);
    return hear_position(s, (uint64_t)seq, &head, now_ms);
}

/* `refused`: which bytes, and for one of the two reasons that there are. */
static bool read_refused(const struct json *root, struct hash *bytes)
{
    const char *reason;
    return read_hash(json_member(root, "sha256"), bytes) && json_text(json_member(root, "reason"), &reason) &&
           (strcmp(reason, "envelope") == 0 || strcmp(reason, "size") == 0);
}

enum sender_heard sender_hear(struct sender *s, const char *payload, size_t length, int64_t now_ms)
{
    struct json *root = json_open(payload, length, NULL);
    enum sender_heard heard;
    const char *by;
    int64_t v;
    struct hash bytes;
    if (!json_int64(json_member(root, "v"), &v) || v != 1 || !json_text(json_member(root, "by"), &by))
        heard = sender_unheeded(s, UNHEEDED_UNREADABLE);
    else if (strcmp(by, s->collector) != 0)
        heard = sender_unheeded(s, UNHEEDED_BY);
    else if (!json_member(root, "sha256"))
        heard = hear_ack(s, root, now_ms);
    else if (read_refused(root, &bytes))
        heard = hear_refused(s, &bytes);
    else
        heard = sender_unheeded(s, UNHEEDED_UNREADABLE);
    json_close(root);
    return heard;
}

int sender_anew(struct sender *s, struct moment now)
{
    int r = spool_anew(s->spool, s->acked, now);
    if (r)
        return r;
    s->acked = s->sent = s->acked_most = 0;
    memset(s->kept, 0, sizeof s->kept);
    s->stopped = false;
    return 0;
}

void sender_puback(struct sender *s, int reason)
{
    if (reason == 16 || reason >= 128)
        s->stopped = true;
}
