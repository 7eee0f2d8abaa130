#include "firmware-gateway/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct profile_metric at(enum profile_table table, unsigned address, unsigned count)
{
    return (struct profile_metric){.table = table, .address = (uint16_t)address, .count = (uint16_t)count};
}

/* What a profile says by default, but for the length of a request. */
static const struct profile_limits *limits_of(int64_t max_registers)
{
    static struct profile_limits limits;
    limits = (struct profile_limits){.max_registers = max_registers, .max_gap = 8};
    return &limits;
}

static void assert_block(const struct plan *plan, size_t i, enum profile_table table, unsigned address, unsigned count)
{
    assert_true(i < plan->count);
    assert_int_equal(plan->blocks[i].table, table);
    assert_int_equal(plan->blocks[i].address, address);
    assert_int_equal(plan->blocks[i].count, count);
}

static void neighbours_share_a_request(void **state)
{
    (void)state;
    struct profile_metric m[20];
    struct plan plan;
    for (unsigned i = 0; i < 20; i++)
        m[i] = at(TABLE_HOLDING, 100 + (i * 7) % 20, 1); /* in any order */
    plan_make(&plan, m, 20, limits_of(125));
    assert_int_equal(plan.count, 1);
    assert_block(&plan, 0, TABLE_HOLDING, 100, 20);
    assert_int_equal(plan.blocks[0].metric_count, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(m[plan.blocks[0].metrics[i]].address, 100 + i);
    plan_free(&plan);
}

static void limits_and_tables_part_requests(void **state)
{
    (void)state;
    struct profile_metric m[300];
    struct plan plan;
    for (unsigned i = 0; i < 126; i++)
        m[i] = at(TABLE_INPUT, i, 1);
    plan_make(&plan, m, 125, limits_of(125));
    assert_int_equal(plan.count, 1);
    plan_free(&plan);
    plan_make(&plan, m, 126, limits_of(125));
    assert_int_equal(plan.count, 2);
    plan_free(&plan);

    /* floats are not cut in two */
    for (unsigned i = 0; i < 4; i++)
        m[i] = at(TABLE_INPUT, 2 * i, 2);
    plan_make(&plan, m, 4, limits_of(5));
    assert_int_equal(plan.count, 2);
    assert_block(&plan, 0, TABLE_INPUT, 0, 4);
    assert_block(&plan, 1, TABLE_INPUT, 4, 4);
    plan_free(&plan);

    m[0] = at(TABLE_DISCRETE, 2, 1);
    m[1] = at(TABLE_COIL, 0, 1);
    m[2] = at(TABLE_COIL, 1, 1);
    m[3] = at(TABLE_INPUT, 1, 1);
    m[4] = at(TABLE_HOLDING, 0, 1);
    plan_make(&plan, m, 5, limits_of(125));
    assert_int_equal(plan.count, 4);
    assert_block(&plan, 0, TABLE_HOLDING, 0, 1);
    assert_block(&plan, 1, TABLE_INPUT, 1, 1);
    assert_block(&plan, 2, TABLE_COIL, 0, 2);
    assert_block(&plan, 3, TABLE_DISCRETE, 2, 1);
    plan_free(&plan);

    /* bits have a limit of their own: 2000 */
    for (unsigned i = 0; i < 21; i++)
        m[i] = at(TABLE_COIL, 100 * i, 1);
    plan_make(&plan, m, 20, limits_of(10));
    assert_block(&plan, 0, TABLE_COIL, 0, 1901);
    plan_free(&plan);
    plan_make(&plan, m, 21, limits_of(10));
    assert_int_equal(plan.count, 2);
    plan_free(&plan);
}

static void small_gaps_are_bridged(void **state)
{
    (void)state;
    struct plan plan;
    struct profile_metric near[] = {at(TABLE_HOLDING, 0, 1), at(TABLE_HOLDING, 9, 1)};
    struct profile_metric far[] = {at(TABLE_HOLDING, 0, 1), at(TABLE_HOLDING, 10, 1)};
    struct profile_metric same[] = {at(TABLE_HOLDING, 5, 1), at(TABLE_HOLDING, 5, 1), at(TABLE_HOLDING, 4, 4)};
    plan_make(&plan, near, 2, limits_of(125));
    assert_int_equal(plan.count, 1);
    assert_block(&plan, 0, TABLE_HOLDING, 0, 10);
    plan_free(&plan);
    plan_make(&plan, far, 2, limits_of(125));
    assert_int_equal(plan.count, 2);
    plan_free(&plan);
    plan_make(&plan, same, 3, limits_of(125));
    assert_int_equal(plan.count, 1);
    assert_block(&plan, 0, TABLE_HOLDING, 4, 4);
    plan_free(&plan);
}

static void the_profile_limits_gaps(void **state)
{
    (void)state;
    struct plan plan;
    struct profile_metric m[] = {at(TABLE_HOLDING, 0, 1), at(TABLE_HOLDING, 4, 1), at(TABLE_COIL, 0, 1),
                                 at(TABLE_COIL, 49, 1)};
    struct profile_limits limits = {.max_registers = 125, .max_gap = 3};
    plan_make(&plan, m, 4, &limits);
    assert_int_equal(plan.count, 2);
    assert_block(&plan, 0, TABLE_HOLDING, 0, 5);
    assert_block(&plan, 1, TABLE_COIL, 0, 50); /* 48 bits are three registers' worth */
    plan_free(&plan);
    limits.max_gap = 2;
    plan_make(&plan, m, 4, &limits);
    assert_int_equal(plan.count, 4);
    plan_free(&plan);
    limits.max_gap = 0;
    m[1].address = 1; /* neighbours have no gap */
    plan_make(&plan, m, 2, &limits);
    assert_int_equal(plan.count, 1);
    plan_free(&plan);
}

static void what_is_forbidden_is_not_read_along(void **state)
{
    (void)state;
    struct plan plan;
    struct profile_metric m[] = {at(TABLE_HOLDING, 0, 1), at(TABLE_HOLDING, 3, 2), at(TABLE_INPUT, 0, 1),
                                 at(TABLE_INPUT, 3, 2)};
    struct profile_range ranges[] = {{.tables = 1U << TABLE_HOLDING, .first = 2, .last = 2}, {.tables = 0}};
    struct profile_limits limits = {.max_registers = 125, .max_gap = 8, .forbidden = ranges, .forbidden_count = 1};
    plan_make(&plan, m, 4, &limits);
    assert_int_equal(plan.count, 3);
    assert_block(&plan, 0, TABLE_HOLDING, 0, 1);
    assert_block(&plan, 1, TABLE_HOLDING, 3, 2);
    assert_block(&plan, 2, TABLE_INPUT, 0, 5);
    plan_free(&plan);
    ranges[0] = (struct profile_range){.tables = ~0U, .first = 5, .last = 9}; /* right behind */
    plan_make(&plan, m, 4, &limits);
    assert_int_equal(plan.count, 2);
    plan_free(&plan);
}

/* ---- no plan is better ---- */

enum { METRICS_MOST = 8 }; /* 4140 ways to part them */

struct random_map {
    struct profile_metric m[METRICS_MOST];
    size_t count;
    struct profile_range forbidden[2];
    struct profile_limits limits;
};

static bool is_wanted(const struct random_map *r, unsigned group, unsigned address)
{
    for (size_t i = 0; i < r->count; i++)
        if (group >> i & 1 && address >= r->m[i].address && address < r->m[i].address + r->m[i].count)
            return true;
    return false;
}

/* How many registers one request for these metrics reads, walking over each; 0: there may be no such request. */
static unsigned request_length(const struct random_map *r, unsigned group)
{
    unsigned first = UINT16_MAX, end = 0;
    int64_t gap = 0;
    for (size_t i = 0; i < r->count; i++)
        if (group >> i & 1) {
            first = r->m[i].address < first ? r->m[i].address : first;
            end = r->m[i].address + r->m[i].count > end ? r->m[i].address + r->m[i].count : end;
        }
    if (end - first > r->limits.max_registers)
        return 0;
    for (unsigned address = first; address < end; address++) {
        gap = is_wanted(r, group, address) ? 0 : gap + 1;
        if (gap > r->limits.max_gap)
            return 0;
        for (size_t f = 0; f < r->limits.forbidden_count; f++)
            if (address >= r->forbidden[f].first && address <= r->forbidden[f].last)
                return 0;
    }
    return end - first;
}

/* Tries all ways to part the metrics into groups, next to place being `i`; neighbours or not. */
static void try_all(const struct random_map *r, size_t i, unsigned *groups, size_t group_count, size_t *requests,
                    unsigned *registers)
{
    if (i == r->count) {
        unsigned sum = 0;
        for (size_t g = 0; g < group_count; g++) {
            unsigned length = request_length(r, groups[g]);
            if (!length)
                return;
            sum += length;
        }
        if (group_count < *requests || (group_count == *requests && sum < *registers)) {
            *requests = group_count;
            *registers = sum;
        }
        return;
    }
    for (size_t g = 0; g <= group_count && g < *requests; g++) {
        groups[g] = (g < group_count ? groups[g] : 0) | 1U << i;
        try_all(r, i + 1, groups, group_count + (g == group_count), requests, registers);
        groups[g] &= ~(1U << i);
    }
}

static void draw(struct random_map *r)
{
    unsigned address = (unsigned)random() % 60000, start = address;
    *r = (struct random_map){.count = 1 + (size_t)random() % METRICS_MOST};
    r->limits = (struct profile_limits){
        .max_registers = 4 + random() % 20, .max_gap = random() % 10, .forbidden = r->forbidden};
    for (size_t i = 0; i < r->count; i++) {
        r->m[i] = at(TABLE_HOLDING, address, 1U << random() % 3);
        address += (unsigned)random() % 10; /* now and then they overlap */
    }
    for (int f = 0; f < 2; f++) {
        struct profile_range range = {.tables = ~0U, .first = (uint16_t)(start + random() % 60)};
        range.last = (uint16_t)(range.first + random() % 3);
        r->forbidden[r->limits.forbidden_count++] = range;
        for (size_t i = 0; i < r->count; i++)
            if (range.first < r->m[i].address + r->m[i].count && r->m[i].address <= range.last) {
                r->limits.forbidden_count--; /* such a map is refused */
                break;
            }
    }
}

static void no_plan_is_better(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    print_message("SEED=%u\n", seed);
    srandom(seed);
    for (int round = 0; round < 3000; round++) {
        struct random_map r;
        struct plan plan;
        unsigned groups[METRICS_MOST] = {0}, least_registers = UINT32_MAX, registers = 0, seen = 0;
        size_t least = SIZE_MAX;
        draw(&r);
        try_all(&r, 0, groups, 0, &least, &least_registers);
        plan_make(&plan, r.m, r.count, &r.limits);
        for (size_t b = 0; b < plan.count; b++) {
            const struct plan_block *block = &plan.blocks[b];
            unsigned group = 0;
            for (size_t i = 0; i < block->metric_count; i++)
                group |= 1U << block->metrics[i];
            assert_int_equal(seen & group, 0);
            assert_int_equal(block->count, request_length(&r, group)); /* and so it may be */
            assert_true(block->count > 0);
            registers += block->count;
            seen |= group;
        }
        assert_int_equal(seen, (1U << r.count) - 1);
        assert_int_equal(plan.count, least);
        assert_int_equal(registers, least_registers);
        plan_free(&plan);
    }
}

/* Milliseconds by hand: (8 + 5 + 2N) characters and twice 3.5 characters of silence; 1.75 ms above 19200 baud. */
static void requests_take_their_time(void **state)
{
    (void)state;
    static const struct {
        struct line line;
        double ms[5]; /* N = 1 2 10 40 125 */
    } cases[] = {
        {{4800, PARITY_NONE, 1}, {45.8, 50.0, 83.3, 208.3, 562.5}},
        {{4800, PARITY_EVEN, 1}, {50.4, 55.0, 91.7, 229.2, 618.7}},
        {{9600, PARITY_NONE, 1}, {22.9, 25.0, 41.7, 104.2, 281.3}},
        {{19200, PARITY_ODD, 1}, {12.6, 13.7, 22.9, 57.3, 154.7}},
        {{19200, PARITY_NONE, 2}, {12.6, 13.7, 22.9, 57.3, 154.7}},
        {{38400, PARITY_NONE, 1}, {7.4, 7.9, 12.1, 27.7, 72.0}},
    };
    static const uint16_t counts[] = {1, 2, 10, 40, 125};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t n = 0; n < 5; n++) {
            struct plan_block block = {.table = TABLE_INPUT, .count = counts[n]};
            double ms = (double)line_request_ns(&cases[i].line, &block, 0) / 1e6;
            assert_true(ms > cases[i].ms[n] - 0.06 && ms < cases[i].ms[n] + 0.06);
        }
    struct plan_block bits = {.table = TABLE_COIL, .count = 17};
    struct line line = {9600, PARITY_NONE, 1};
    assert_int_equal(line_answer_ns(&line, &bits) / 1000, 8333); /* 5 + 3 characters of 10 bits */
    assert_int_equal(line_request_ns(&line, &bits, 50) / 1000000, 50 + 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_share_a_request),
        cmocka_unit_test(limits_and_tables_part_requests),
        cmocka_unit_test(small_gaps_are_bridged),
        cmocka_unit_test(the_profile_limits_gaps),
        cmocka_unit_test(what_is_forbidden_is_not_read_along),
        cmocka_unit_test(no_plan_is_better),
        cmocka_unit_test(requests_take_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
