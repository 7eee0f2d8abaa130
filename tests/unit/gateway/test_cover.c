/* Refused requests are cut until only the bad register is left out: against a device with any set of bad registers. */
#include "firmware-gateway/cover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { METRICS = 24 };

static struct profile_metric metrics[METRICS];
static uint16_t order[METRICS];
static struct plan_block block;
static struct plan plan = {.blocks = &block, .count = 1};

/* Two-register values side by side, the third of each four a bit in the register before it. */
static int make_plan(void **state)
{
    (void)state;
    uint16_t address = 100;
    for (uint16_t i = 0; i < METRICS; i++) {
        bool bit = i % 4 == 2;
        metrics[i] = (struct profile_metric){
            .table = TABLE_HOLDING, .address = bit ? (uint16_t)(address - 1) : address, .count = bit ? 1 : 2};
        address = (uint16_t)(address + (bit ? 0 : 2));
        order[i] = i;
    }
    block = (struct plan_block){.table = TABLE_HOLDING,
                                .address = 100,
                                .count = (uint16_t)(address - 100),
                                .metrics = order,
                                .metric_count = METRICS};
    return 0;
}

static bool touches(const struct plan_block *b, unsigned bad)
{
    return bad >= b->address && bad < b->address + b->count;
}

static bool has(const struct profile_metric *m, unsigned bad)
{
    return bad >= m->address && bad < m->address + m->count;
}

/* One poll of a device without register `bad`.  Returns how many requests it took; *read: what was read, a bit each. */
static int poll_without(struct cover *c, unsigned bad, int64_t now_ms, uint32_t *read)
{
    int requests = 0;
    *read = 0;
    cover_refresh(c, now_ms);
    for (size_t at = 0; at < c->count;) {
        const struct cover_block *b = &c->blocks[at];
        requests += !b->exception;
        if (b->exception) {
            at++;
        } else if (touches(&b->ask, bad)) {
            at += !cover_refused(c, at, 2, now_ms);
        } else {
            for (size_t i = 0; i < b->ask.metric_count; i++)
                *read |= 1u << b->ask.metrics[i];
            at++;
        }
    }
    return requests;
}

static void one_bad_register_costs_what_lies_on_it(void **state)
{
    (void)state;
    for (unsigned bad = 100; bad < 100u + block.count; bad++) {
        struct cover c;
        uint32_t read, wanted = 0, all = (1u << METRICS) - 1;
        cover_init(&c, &plan, metrics);
        for (size_t i = 0; i < METRICS; i++)
            wanted |= has(&metrics[i], bad) ? 0 : 1u << i;
        int first = poll_without(&c, bad, 1000, &read);
        assert_int_equal(read, wanted);
        int next = poll_without(&c, bad, 2000, &read);
        assert_int_equal(read, wanted);
        assert_true(next < first && next <= 12);

        /* the register is there after all: seen when all is tried again, a minute later, and all is one request again
         */
        poll_without(&c, 0, 60999, &read);
        assert_int_equal(read, wanted);
        assert_int_equal(poll_without(&c, 0, 61000, &read), 1);
        assert_int_equal(read, all);
        cover_free(&c);
    }
}

static void it_is_tried_again_less_and_less(void **state)
{
    (void)state;
    static const int64_t waits[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    struct cover c;
    uint32_t read;
    int64_t now = 0;
    cover_init(&c, &plan, metrics);
    int found = poll_without(&c, 100, now, &read);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_true(poll_without(&c, 100, now + waits[i] * 1000 - 1, &read) < found);
        now += waits[i] * 1000;
        assert_int_equal(poll_without(&c, 100, now, &read), found);
    }
    cover_free(&c);
}

/* What cannot be read along is not: a gap that the device refuses leaves two requests, and nothing out. */
static void a_bad_gap_costs_nothing(void **state)
{
    (void)state;
    static struct profile_metric two[] = {{.table = TABLE_INPUT, .address = 0, .count = 1},
                                          {.table = TABLE_INPUT, .address = 5, .count = 1}};
    static const uint16_t both[] = {0, 1};
    struct plan_block whole = {.table = TABLE_INPUT, .address = 0, .count = 6, .metrics = both, .metric_count = 2};
    struct plan gap = {.blocks = &whole, .count = 1};
    struct cover c;
    uint32_t read;
    cover_init(&c, &gap, two);
    assert_int_equal(poll_without(&c, 3, 0, &read), 3);
    assert_int_equal(read, 3);
    assert_int_equal(poll_without(&c, 3, 1000000000, &read), 2);
    assert_int_equal(read, 3);
    cover_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_register_costs_what_lies_on_it),
        cmocka_unit_test(it_is_tried_again_less_and_less),
        cmocka_unit_test(a_bad_gap_costs_nothing),
    };
    return cmocka_run_group_tests(tests, make_plan, NULL);
}
