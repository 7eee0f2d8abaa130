/* A Modbus master among devices that say anything at any time.  Each byte of the input is a step: ask, hear some of
 * what follows, or let time pass. */
#include "firmware-gateway/master.h"
#include "tests/fuzz/fuzz.h"

enum { MS = 1000000, QUESTIONS = 8, STEPS = 4000 };

struct scene {
    struct master m;
    struct owed owed[MASTER_OWED];
    struct asked questions[QUESTIONS];
    int64_t now;
    struct feed feed;
};

static struct asked make_question(unsigned i)
{
    struct asked a = {.q = {.unit = (uint8_t)(1 + i % 2),
                            .function = (uint8_t)(1 + i % 4),
                            .address = (uint16_t)(16 * i),
                            .count = 2},
                      .rivalled = i >= 4,
                      .timeout_ns = 20 * MS,
                      .worst_ns = 40 * MS};
    return a;
}

static void judge(const struct scene *s, const struct asked *asked, const struct verdict *v)
{
    must((unsigned)v->kind < ANSWER_KINDS && !s->m.asking);
    unsigned sum = 0;
    for (size_t i = 0; v->kind == ANSWER_VALUES && i < question_bytes(&asked->q); i++)
        sum += v->data[i];
    must(sum <= 255 * question_bytes(&asked->q));
    must(v->kind != ANSWER_EXCEPTION || (v->exception > 0 && v->exception < 256));
}

static void ask(struct scene *s, unsigned i)
{
    uint8_t out[ADU_MAX];
    const struct asked *a = &s->questions[i];
    if (s->m.asking)
        return;
    master_settle(&s->m);
    int64_t ready = master_ready_ns(&s->m, a);
    if (master_free_ns(&s->m, a, s->now))
        return;
    s->now = ready > s->now ? ready : s->now;
    size_t length = master_ask(&s->m, a, s->now, out);
    must(length && length <= sizeof out && master_deadline_ns(&s->m) >= s->now);
}

/* What comes may be what follows in the input, with a good CRC behind it if `whole`, as a device would have it. */
static void hear(struct scene *s, size_t length, bool whole)
{
    uint8_t bytes[80];
    struct verdict v;
    struct asked asked = s->m.now;
    length = length < s->feed.left ? length : s->feed.left;
    memcpy(bytes, s->feed.at, length);
    s->feed.at += length;
    s->feed.left -= length;
    if (whole && s->m.rules.framing == FRAMING_RTU) {
        uint16_t crc = adu_crc(bytes, length);
        bytes[length++] = (uint8_t)crc;
        bytes[length++] = (uint8_t)(crc >> 8);
    } else if (whole && length >= 2) {
        bytes[0] = (uint8_t)(s->m.transaction >> 8);
        bytes[1] = (uint8_t)s->m.transaction;
    }
    if (master_hear(&s->m, bytes, length, s->now, &v))
        judge(s, &asked, &v);
    must(s->m.heard_length <= MASTER_HEARD && s->m.owed_count <= MASTER_OWED);
}

static void pass(struct scene *s, int64_t ns, bool broken)
{
    struct verdict v;
    struct asked asked = s->m.now;
    s->now += ns;
    if (s->m.asking && (broken || s->now >= master_deadline_ns(&s->m))) {
        master_end(&s->m, broken, s->now, &v);
        judge(s, &asked, &v);
    }
    if (broken)
        master_opened(&s->m, s->now);
}

static void step(struct scene *s)
{
    unsigned what = feed_byte(&s->feed), low = what & 63;
    if (what < 64)
        ask(s, low % QUESTIONS);
    else if (what < 192)
        hear(s, low, what >= 128);
    else
        pass(s, low == 63 ? MS : (int64_t)low * MS, low == 63);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.feed = {data, size}};
    struct master_rules rules = {.framing = feed_byte(&s.feed) % 2 ? FRAMING_TCP : FRAMING_RTU};
    if (rules.framing == FRAMING_RTU)
        rules.char_ns = MS, rules.silence_ns = 4 * MS;
    master_init(&s.m, &rules, rules.framing == FRAMING_RTU ? s.owed : NULL);
    for (unsigned i = 0; i < QUESTIONS; i++)
        s.questions[i] = make_question(i);
    master_opened(&s.m, s.now);
    for (unsigned i = 0; s.feed.left && i < STEPS; i++)
        step(&s);
    return 0;
}
