/* quietair-bus read: registers of one unit, in every plausible decoding side by side. */
#include "common/service.h"
#include "firmware-gateway/tool/decodings.h"
#include "firmware-gateway/tool/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct read {
    const struct tool *tool;
    enum profile_table table;
    struct question question;
    uint16_t words[BITS_MAX];
};

struct decoding {
    const char *name;
    enum profile_type type;
};

static const char *const orders[] = {"abcd", "cdab", "badc", "dcba"};

static void put_cell(struct table *table, enum profile_type type, int order, const uint16_t *words)
{
    struct buf b = buf_growing();
    decoding_put(&b, type, (enum profile_order)order, words);
    table_text(table, b.data);
    buf_free(&b);
}

static void print_words(const struct read *r)
{
    static const char *const headings[] = {">register", ">hex", ">u16", ">s16", ">bcd16", "bits", "text", NULL};
    struct table *table = table_new(headings);
    for (unsigned i = 0; i < r->question.count; i++) {
        struct buf b = buf_growing();
        table_print(table, "%u", r->question.address + i);
        table_print(table, "0x%04X", r->words[i]);
        put_cell(table, TYPE_U16, ORDER_ABCD, r->words + i);
        put_cell(table, TYPE_S16, ORDER_ABCD, r->words + i);
        put_cell(table, TYPE_BCD16, ORDER_ABCD, r->words + i);
        decoding_bits(&b, r->words[i]);
        table_text(table, b.data);
        buf_clear(&b);
        decoding_characters(&b, r->words[i]);
        table_text(table, b.data);
        buf_free(&b);
    }
    tool_print(r->tool, table);
    table_free(table);
}

/* Each run of `length` registers, a line for each order; orders that only turn bytes are rare, and shown all the same.
 */
static void print_runs(const struct read *r, unsigned length, const char *const *headings,
                       const enum profile_type *types)
{
    if (r->question.count < length)
        return;
    struct table *table = table_new(headings);
    for (unsigned i = 0; i + length <= r->question.count; i++)
        for (int order = 0; order < 4; order++) {
            table_print(table, "%u-%u", r->question.address + i, r->question.address + i + length - 1);
            table_text(table, orders[order]);
            for (size_t k = 0; headings[k + 2]; k++)
                put_cell(table, types[k], order, r->words + i);
        }
    putchar('\n');
    tool_print(r->tool, table);
    table_free(table);
}

static void print_people(const struct read *r)
{
    static const char *const two[] = {">registers", "order", ">u32", ">s32", ">f32", ">bcd32", NULL};
    static const enum profile_type of_two[] = {TYPE_U32, TYPE_S32, TYPE_F32, TYPE_BCD32};
    static const char *const four[] = {">registers", "order", ">u64", ">s64", ">f64", NULL};
    static const enum profile_type of_four[] = {TYPE_U64, TYPE_S64, TYPE_F64};
    static const char *const bits[] = {">bit", ">value", NULL};
    if (r->table == TABLE_HOLDING || r->table == TABLE_INPUT) {
        print_words(r);
        print_runs(r, 2, two, of_two);
        print_runs(r, 4, four, of_four);
        return;
    }
    struct table *table = table_new(bits);
    for (unsigned i = 0; i < r->question.count; i++) {
        table_print(table, "%u", r->question.address + i);
        table_print(table, "%u", r->words[i]);
    }
    tool_print(r->tool, table);
    table_free(table);
}

static void put_run(struct buf *b, const uint16_t *words, const struct decoding *types, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        buf_print(b, "%s\"%s\":{", k ? "," : "", types[k].name);
        for (int order = 0; order < 4; order++) {
            buf_print(b, "%s\"%s\":\"", order ? "," : "", orders[order]);
            decoding_put(b, types[k].type, (enum profile_order)order, words);
            buf_char(b, '"');
        }
        buf_char(b, '}');
    }
}

/* ,"pairs":[{"address":500,"u32":{"abcd":"…",…},…},…] */
static void put_runs(struct buf *b, const struct read *r, const char *name, unsigned length,
                     const struct decoding *types, size_t count)
{
    buf_print(b, ",\"%s\":[", name);
    for (unsigned i = 0; i + length <= r->question.count && r->question.function > 2; i++) {
        buf_print(b, "%s{\"address\":%u,", i ? "," : "", r->question.address + i);
        put_run(b, r->words + i, types, count);
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

/* {"unit":1,"table":"holding","address":500,"words":[…],"pairs":[{"address":500,"u32":{"abcd":"…",…},"s32":…,"f32":…}],
 * "quads":[{"address":500,"u64":…,"s64":…,"f64":…}]}: the decodings as texts, since JSON's numbers are doubles to most
 * readers. */
static void print_json(const struct read *r)
{
    static const struct decoding pairs[] = {
        {"u32", TYPE_U32}, {"s32", TYPE_S32}, {"f32", TYPE_F32}, {"bcd32", TYPE_BCD32}};
    static const struct decoding quads[] = {{"u64", TYPE_U64}, {"s64", TYPE_S64}, {"f64", TYPE_F64}};
    struct buf b = buf_growing();
    buf_print(&b, "{\"unit\":%u,\"table\":\"%s\",\"address\":%u,\"words\":[", r->question.unit,
              profile_table_name(r->table), r->question.address);
    for (unsigned i = 0; i < r->question.count; i++)
        buf_print(&b, "%s%u", i ? "," : "", r->words[i]);
    buf_char(&b, ']');
    put_runs(&b, r, "pairs", 2, pairs, sizeof pairs / sizeof *pairs);
    put_runs(&b, r, "quads", 4, quads, sizeof quads / sizeof *quads);
    buf_char(&b, '}');
    puts(b.data);
    buf_free(&b);
}

static int ask(struct read *r, const struct bus_section *bus)
{
    struct fault f = {0};
    struct answer a;
    struct link *link = tool_line_is_free(bus) ? link_new(bus, service_fd(), &f) : NULL;
    bool good = link && tool_ask(link, bus, &r->question, &a, r->words);
    link_free(link);
    if (!good)
        return TOOL_FAILED;
    fprintf(stderr, "unit %u, %s:%u+%u: ", r->question.unit, profile_table_name(r->table), r->question.address,
            r->question.count);
    if (a.kind != ANSWER_VALUES) {
        fprintf(stderr, "%s\n", answer_error(&a));
        return TOOL_FAILED;
    }
    fprintf(stderr, "answered in %.1f ms\n", (double)(a.ended_ns - a.begun_ns) / 1e6);
    if (r->tool->json)
        print_json(r);
    else
        print_people(r);
    return TOOL_DONE;
}

/* Decimal, within the limits; false, and said so. */
static bool read_number(const char *name, const char *text, long least, long most, long *out)
{
    char *end = NULL;
    *out = strchr("0123456789", *text) ? strtol(text, &end, 10) : -1;
    if (end && end != text && !*end && *out >= least && *out <= most)
        return true;
    fprintf(stderr, "--%s = %s: expected a number from %ld to %ld\n", name, text, least, most);
    return false;
}

int tool_read(const struct tool *t)
{
    struct read r = {.tool = t};
    struct gateway_settings set;
    long unit, count;
    const char *first = t->values[TOOL_REGISTER] ? t->values[TOOL_REGISTER] : "holding:0";
    if (!tool_register(first, &r.table, &r.question.address)) {
        fputs("--register: expected TABLE:ADDRESS, as in holding:0 or input:0x10\n", stderr);
        return TOOL_USAGE;
    }
    r.question.function = tool_function(r.table);
    long most = r.question.function > 2 ? REGISTERS_MAX : BITS_MAX;
    if (most > 65536 - r.question.address)
        most = 65536 - r.question.address;
    if (!read_number("unit", t->values[TOOL_UNIT] ? t->values[TOOL_UNIT] : "1", 0, 255, &unit) ||
        !read_number("count", t->values[TOOL_COUNT] ? t->values[TOOL_COUNT] : "1", 1, most, &count))
        return TOOL_USAGE;
    r.question.unit = (uint8_t)unit;
    r.question.count = (uint16_t)count;
    struct tool_line line = {t->values[TOOL_BAUD], t->values[TOOL_PARITY]};
    int status = tool_settings(t, line, NULL, &set) ? ask(&r, &set.buses[0]) : TOOL_USAGE;
    gateway_settings_free(&set);
    return status;
}
