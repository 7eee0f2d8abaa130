/* The master against devices whose answers come late, in any order, damaged or not at all, under simulated time. */
#include "firmware-gateway/master.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000000, TIMEOUT_MS = 20 };

/* ---- chance ---- */

static uint64_t seed = 1;

static double draw(void) /* 0 to 1: splitmix64 */
{
    uint64_t z = seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static bool chance(double p)
{
    return draw() < p;
}

/* ---- a line with devices ---- */

enum { PIECES = 400, KINDS = 6 };

struct piece { /* bytes on their way to the master */
    int64_t at_ns;
    uint8_t bytes[300];
    size_t length;
};

struct line {
    enum framing framing;
    bool in_order; /* a device answers one request after the other, as most do; else each answer has its own delay */
    double late;   /* share of requests that are answered late */
    double lost;   /* … of answers that get lost, and of those that are damaged */
    int64_t busy_ns[4];
    struct piece pieces[PIECES];
    size_t count;
};

/* What stands in a register says which one it is; no two are alike in their low bytes. */
static uint16_t content(unsigned unit, unsigned address)
{
    return (uint16_t)(unit << 12 ^ address * 37 % 4093);
}

static void put(struct line *l, int64_t at_ns, const uint8_t *bytes, size_t length)
{
    size_t i = l->count;
    assert_true(l->count < PIECES);
    l->count++;
    for (; i && l->pieces[i - 1].at_ns > at_ns; i--)
        l->pieces[i] = l->pieces[i - 1];
    l->pieces[i] = (struct piece){.at_ns = at_ns, .length = length};
    memcpy(l->pieces[i].bytes, bytes, length);
}

static size_t answer(const struct line *l, const uint8_t *request, uint8_t *out)
{
    const uint8_t *q = request + (l->framing == FRAMING_TCP ? 6 : 0);
    unsigned address = (unsigned)(q[2] << 8 | q[3]), count = (unsigned)(q[4] << 8 | q[5]);
    uint8_t *body = out + (l->framing == FRAMING_TCP ? 6 : 0);
    size_t length = 3;
    body[0] = q[0];
    body[1] = q[1];
    if (address >= 0x3000) { /* there are no such registers */
        body[1] |= 0x80;
        body[2] = 2;
    } else {
        body[2] = (uint8_t)(2 * count);
        for (unsigned i = 0; i < count; i++) {
            body[length++] = (uint8_t)(content(q[0], address + i) >> 8);
            body[length++] = (uint8_t)content(q[0], address + i);
        }
    }
    if (l->framing == FRAMING_TCP) {
        memcpy(out, request, 4);
        out[4] = 0;
        out[5] = (uint8_t)length;
        return length + 6;
    }
    uint16_t crc = adu_crc(out, length);
    out[length] = (uint8_t)crc;
    out[length + 1] = (uint8_t)(crc >> 8);
    return length + 2;
}

/* Logarithmically even from a tenth to ten times the timeout. */
static int64_t delay_ns(const struct line *l)
{
    double ms = chance(l->late) ? TIMEOUT_MS * 0.1 * pow(100, draw()) : 0.5;
    return (int64_t)(ms * MS);
}

static void put_in_pieces(struct line *l, int64_t at_ns, const uint8_t *bytes, size_t length)
{
    if (l->framing == FRAMING_TCP || !chance(0.05)) { /* a connection does not mix messages */
        put(l, at_ns, bytes, length);
        return;
    }
    size_t first = 1 + (size_t)(draw() * (double)(length - 1));
    put(l, at_ns, bytes, first);
    put(l, at_ns + MS, bytes + first, length - first);
}

static void request(struct line *l, int64_t now_ns, const uint8_t *bytes, size_t length)
{
    uint8_t out[300], noise[] = {0, 0xff, 0x55};
    unsigned unit = bytes[l->framing == FRAMING_TCP ? 6 : 0];
    bool rtu = l->framing == FRAMING_RTU;
    if (rtu && chance(l->lost))
        put(l, now_ns + MS / 10, bytes, length); /* an echo */
    if (rtu && chance(l->lost))
        put(l, now_ns + MS / 5, noise, sizeof noise);
    if (chance(l->lost))
        return;
    size_t n = answer(l, bytes, out);
    if (rtu && chance(l->lost)) /* TCP has a checksum of its own */
        out[(size_t)(draw() * (double)n)] ^= (uint8_t)(1 << (int)(draw() * 8));
    if (rtu && chance(l->lost)) { /* another unit speaks */
        out[0] = (uint8_t)(unit + 4);
        uint16_t crc = adu_crc(out, n - 2);
        out[n - 2] = (uint8_t)crc;
        out[n - 1] = (uint8_t)(crc >> 8);
    }
    int64_t from = l->in_order && l->busy_ns[unit] > now_ns ? l->busy_ns[unit] : now_ns;
    int64_t at = from + delay_ns(l);
    l->busy_ns[unit] = at;
    put_in_pieces(l, at, out, n);
}

/* Hands over what comes by then.  True: the question is at its end. */
static bool pass(struct line *l, struct master *m, int64_t until_ns, int64_t *now_ns, struct verdict *v)
{
    while (l->count && l->pieces[0].at_ns <= until_ns) {
        struct piece p = l->pieces[0];
        l->count--;
        memmove(&l->pieces[0], &l->pieces[1], l->count * sizeof p);
        *now_ns = p.at_ns > *now_ns ? p.at_ns : *now_ns;
        if (master_hear(m, p.bytes, p.length, *now_ns, v))
            return true;
    }
    *now_ns = until_ns > *now_ns ? until_ns : *now_ns;
    return false;
}

/* ---- the trial ---- */

struct tally {
    long asked, good, wrong, exceptions, unsure, failed, blocked;
    uint64_t refused[REFUSALS];
};

/* Of unit 1 the first three have one form and so have the next two; unit 2 has no two of one form; and there are
 * registers that do not exist. */
static const struct {
    struct question q;
    bool rivalled;
} questions[] = {
    {{1, 3, 0x10, 1}, true},  {{1, 3, 0x20, 1}, true},    {{1, 3, 0x30, 1}, true},  {{1, 3, 0x100, 4}, true},
    {{1, 3, 0x200, 4}, true}, {{1, 4, 0x40, 2}, false},   {{2, 3, 0x10, 1}, false}, {{2, 3, 0x20, 2}, false},
    {{2, 3, 0x40, 8}, false}, {{2, 3, 0x3000, 3}, false},
};

static bool is_right(const struct question *q, const uint8_t *data)
{
    for (unsigned i = 0; i < q->count; i++)
        if ((data[2 * i] << 8 | data[2 * i + 1]) != content(q->unit, q->address + i))
            return false;
    return true;
}

static void judge(struct tally *t, const struct question *q, const struct verdict *v)
{
    if (v->kind == ANSWER_VALUES) {
        t->good++;
        t->wrong += !is_right(q, v->data);
    } else if (v->kind == ANSWER_EXCEPTION) {
        t->exceptions++;
        t->unsure += !v->sure;
        t->wrong += v->sure && q->address < 0x3000; /* said for certain of registers that exist */
    } else {
        t->failed++;
    }
}

/* One question after the other, drawn at random.  `trusting`: the rule of the owed answers is left out. */
static void play(struct line *l, long requests, int64_t worst_ns, bool trusting, struct tally *t)
{
    const struct master_rules rules = {.framing = l->framing,
                                       .char_ns = l->framing == FRAMING_RTU ? MS / 100 : 0,
                                       .silence_ns = l->framing == FRAMING_RTU ? MS * 7 / 200 : 0};
    struct owed owed[MASTER_OWED];
    struct master m;
    struct verdict v;
    uint8_t bytes[ADU_MAX];
    int64_t now = MS;
    master_init(&m, &rules, l->framing == FRAMING_RTU ? owed : NULL);
    master_opened(&m, now);
    while (t->asked < requests) {
        size_t k = (size_t)(draw() * (double)(sizeof questions / sizeof questions[0]));
        struct asked a = {.q = questions[k].q,
                          .rivalled = questions[k].rivalled,
                          .timeout_ns = TIMEOUT_MS * MS,
                          .worst_ns = worst_ns};
        for (int64_t ready; (ready = master_ready_ns(&m, &a)) > now;)
            pass(l, &m, ready, &now, &v);
        master_settle(&m);
        if (trusting)
            m.owed_count = 0;
        if (master_free_ns(&m, &a, now) > now) {
            t->blocked++;
            pass(l, &m, now + MS, &now, &v);
            continue;
        }
        t->asked++;
        request(l, now, bytes, master_ask(&m, &a, now, bytes));
        if (!pass(l, &m, master_deadline_ns(&m), &now, &v))
            master_end(&m, false, now, &v);
        judge(t, &a.q, &v);
        if (l->framing == FRAMING_TCP && v.kind == ANSWER_GARBAGE) { /* a new connection */
            l->count = 0;
            master_opened(&m, now);
        }
    }
    for (int i = 0; i < REFUSALS; i++)
        t->refused[i] += m.refused[i];
}

static void show(const char *what, const struct tally *t)
{
    print_message("%s: %ld asked, %ld good, %ld exceptions (%ld unsure), %ld failed, %ld wrong;", what, t->asked,
                  t->good, t->exceptions, t->unsure, t->failed, t->wrong);
    for (int i = 0; i < REFUSALS; i++)
        if (t->refused[i])
            print_message(" %s %lu", refusal_words[i], (unsigned long)t->refused[i]);
    print_message("\n");
}

static void trial(enum framing framing, bool in_order, int64_t worst_ms, bool trusting, long requests, struct tally *t)
{
    static const double shares[] = {0.01, 0.05, 0.1, 0.2, 0.35, 0.5};
    static struct line l;
    char what[100];
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        l = (struct line){.framing = framing, .in_order = in_order, .late = shares[i], .lost = i % 2 ? 0.005 : 0};
        struct tally one = {0};
        play(&l, requests, worst_ms * MS, trusting, &one);
        t->asked += one.asked;
        t->good += one.good;
        t->exceptions += one.exceptions;
        t->unsure += one.unsure;
        t->failed += one.failed;
        t->wrong += one.wrong;
        for (int r = 0; r < REFUSALS; r++)
            t->refused[r] += one.refused[r];
    }
    snprintf(what, sizeof what, "%s, worst answer %ld ms, %s", in_order ? "in order" : "in any order", (long)worst_ms,
             framing == FRAMING_TCP ? "TCP"
             : trusting             ? "RTU without the rule"
                                    : "RTU");
    show(what, t);
}

static void a_million_requests_give_no_wrong_register(void **state)
{
    (void)state;
    long asked = 0;
    for (int in_order = 0; in_order < 2; in_order++)
        for (int64_t worst = TIMEOUT_MS; worst <= 2 * TIMEOUT_MS; worst += TIMEOUT_MS) {
            struct tally t = {0};
            trial(FRAMING_RTU, in_order, worst, false, 40000, &t);
            assert_int_equal(t.wrong, 0);
            assert_true(t.good > t.asked * 6 / 10);
            assert_true(t.refused[REFUSED_LATE] > 1000);
            asked += t.asked;
        }
    struct tally t = {0};
    trial(FRAMING_TCP, false, 2 * TIMEOUT_MS, false, 10000, &t);
    assert_int_equal(t.wrong, 0);
    asked += t.asked;
    assert_true(asked >= 1000000);
}

/* The trial would see it. */
static void without_the_rule_there_are_wrong_registers(void **state)
{
    (void)state;
    struct tally t = {0};
    trial(FRAMING_RTU, true, TIMEOUT_MS, true, 5000, &t);
    assert_true(t.wrong > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_requests_give_no_wrong_register),
        cmocka_unit_test(without_the_rule_there_are_wrong_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
