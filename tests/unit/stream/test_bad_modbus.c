/* What no honest meter answers (tests/bad/modbus.txt): never values, refused by a counted reason, and the next one
 * counts. */
#include "firmware-gateway/master.h"
#include "tests/unit/stream/bad_cases.h"

enum { MS = 1000000, TIMEOUT_MS = 100 };

static const struct asked asked = {.q = {.unit = 1, .function = 3, .address = 0, .count = 2},
                                   .timeout_ns = TIMEOUT_MS * MS,
                                   .worst_ns = 2 * TIMEOUT_MS * MS};

struct line {
    struct master master;
    struct owed owed[MASTER_OWED];
    int64_t now;
};

static void begin(struct line *l, enum framing framing)
{
    struct master_rules rules = {.framing = framing};
    if (framing == FRAMING_RTU) {
        rules.char_ns = 1041667; /* 9600 8N1 */
        rules.silence_ns = 3645833;
    }
    master_init(&l->master, &rules, l->owed);
    master_opened(&l->master, l->now);
}

static void ask(struct line *l)
{
    uint8_t request[ADU_MAX];
    int64_t ready = master_ready_ns(&l->master, &asked), free_ns = master_free_ns(&l->master, &asked, l->now);
    l->now = ready > l->now ? ready : l->now;
    l->now = free_ns > l->now ? free_ns : l->now;
    assert_int_equal(master_ask(&l->master, &asked, l->now, request),
                     l->master.rules.framing == FRAMING_RTU ? ADU_RTU_QUESTION : 12);
}

/* What comes of these bytes; the line is silent behind them. */
static struct verdict hear(struct line *l, const void *bytes, size_t length)
{
    struct verdict v;
    uint8_t *exact = xmalloc(length + !length); /* reading on is an error */
    memcpy(exact, length ? bytes : "", length);
    l->now += MS;
    if (!master_hear(&l->master, exact, length, l->now, &v)) {
        l->now = master_deadline_ns(&l->master);
        master_end(&l->master, false, l->now, &v);
    }
    free(exact);
    return v;
}

static bool word(void *ctx, const char *word, struct buf *out)
{
    struct line *l = ctx;
    unsigned crc = adu_crc((const uint8_t *)out->data, out->length), t = l->master.transaction + 1u;
    if (strcmp(word, "T") == 0) {
        buf_char(out, (char)(t >> 8));
        buf_char(out, (char)t);
        return true;
    }
    buf_char(out, (char)crc);
    buf_char(out, (char)(crc >> 8));
    return strcmp(word, "crc") == 0;
}

static void next_one_counts(struct line *l, const char *name)
{
    static const uint8_t rtu[] = {0x01, 0x03, 0x04, 0x00, 0x0a, 0x00, 0x14, 0xda, 0x3e};
    uint8_t tcp[] = {0, 0, 0, 0, 0, 7, 1, 3, 4, 0, 0x0a, 0, 0x14};
    ask(l);
    tcp[0] = (uint8_t)(l->master.transaction >> 8);
    tcp[1] = (uint8_t)l->master.transaction;
    bool line = l->master.rules.framing == FRAMING_RTU;
    struct verdict v = hear(l, line ? rtu : tcp, line ? sizeof rtu : sizeof tcp);
    if (v.kind != ANSWER_VALUES)
        bad_fail("modbus.txt", name, "the good answer after it is not believed");
    assert_memory_equal(v.data, "\0\x0a\0\x14", 4);
}

static void refused(void *ctx, const struct bad_case *c)
{
    struct line *l = ctx;
    static const char *const kinds[ANSWER_KINDS] = {"values", "exception", "timeout", "crc", "garbage", "unplugged"};
    struct buf said = buf_growing();
    uint64_t before[REFUSALS];
    bool rtu = strncmp(c->name, "rtu ", 4) == 0;
    if (rtu != (l->master.rules.framing == FRAMING_RTU)) {
        buf_free(&said);
        return;
    }
    memcpy(before, l->master.refused, sizeof before);
    ask(l);
    buf_text(&said, kinds[hear(l, c->payload.data, c->payload.length).kind]);
    for (size_t i = 0; i < REFUSALS; i++)
        for (uint64_t n = before[i]; n < l->master.refused[i]; n++)
            buf_print(&said, " %s", refusal_words[i]);
    const char *more = strstr(c->expected, " …");
    if (more ? strncmp(said.data, c->expected, (size_t)(more - c->expected)) != 0 : strcmp(said.data, c->expected) != 0)
        bad_fail("modbus.txt", c->name, said.data);
    buf_free(&said);
    if (!rtu) /* the link is closed after what was no answer, and opened again */
        master_opened(&l->master, l->now);
    next_one_counts(l, c->name);
}

static void answers_that_are_none(void **state)
{
    (void)state;
    struct line line = {.now = 0};
    begin(&line, FRAMING_RTU);
    next_one_counts(&line, "the first");
    assert_true(bad_each("modbus.txt", word, refused, &line) >= 60);
    begin(&line, FRAMING_TCP);
    next_one_counts(&line, "the first");
    bad_each("modbus.txt", word, refused, &line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
