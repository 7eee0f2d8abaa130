/* One section of a profile: a metric, or a string that says what the device is. */
#include "common/frame.h"
#include "common/id.h"
#include "firmware-gateway/profile_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const profile_text_names[] = {"serial", "model", "firmware", NULL};

/* clang-format off */
static const char *const type_names[] = {"u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "bcd16", "bcd32",
                                         "u8", "s8", "bit", "bits", "string", NULL};
static const uint16_t type_words[] = {1, 1, 2, 2, 4, 4, 2, 4, 1, 2, 1, 1, 1, 1, 0};
static const char *const byte_names[] = {"low", "high", NULL};

struct metric_text { /* a section as it is written; -1 and NULL: not said */
    const char *place, *unit, *scale, *offset, *bits;
    int type, order, byte;
    int64_t decimals, bit, length, interval_ms;
    int64_t stuck;
    double min, max, jump;
    struct conf_list nan, map;
};

#define AT(member) offsetof(struct metric_text, member)
static const struct conf_option metric_options[] = {
    {.key = "register", .type = CONF_TEXT, .offset = AT(place), .mandatory = true,
     .help = "holding:N, input:N, coil:N or discrete:N, zero-based"},
    {.key = "type", .type = CONF_ENUM, .offset = AT(type), .choices = type_names, .help = "how the registers are read"},
    {.key = "order", .type = CONF_ENUM, .offset = AT(order), .choices = profile_orders,
     .help = "of the bytes on the wire, a the most significant; else the profile's"},
    {.key = "byte", .type = CONF_ENUM, .offset = AT(byte), .choices = byte_names,
     .help = "of a register with type = u8 or s8: high or low"},
    {.key = "bit", .type = CONF_INT, .offset = AT(bit), .min = 0, .max = 15,
     .help = "of a register with type = bit; 0 is the least significant"},
    {.key = "bits", .type = CONF_TEXT, .offset = AT(bits),
     .help = "of a register with type = bits: FIRST-LAST, 0 is the least significant"},
    {.key = "length", .type = CONF_INT, .offset = AT(length), .min = 1, .max = REGISTERS_MAX,
     .help = "of a string, in registers of two characters"},
    {.key = "scale", .type = CONF_TEXT, .offset = AT(scale), .fallback = "1", .help = "multiplies the raw value"},
    {.key = "offset", .type = CONF_TEXT, .offset = AT(offset), .fallback = "0", .help = "added after scale"},
    {.key = "unit", .type = CONF_TEXT, .offset = AT(unit), .fallback = "", .help = "of the value"},
    {.key = "interval", .type = CONF_DURATION, .offset = AT(interval_ms), .fallback = "0", .min = 0, .max = INTERVAL_MOST_MS,
     .help = "between polls of it, where longer than the device's"},
    {.key = "decimals", .type = CONF_INT, .offset = AT(decimals), .min = 0, .max = 9,
     .help = "rounds the value, half to even"},
    {.key = "min", .type = CONF_NUMBER, .offset = AT(min), .help = "below it the value is suspect"},
    {.key = "max", .type = CONF_NUMBER, .offset = AT(max), .help = "above it the value is suspect"},
    {.key = "stuck", .type = CONF_INT, .offset = AT(stuck), .fallback = "0", .min = 0, .max = 1000000,
     .help = "so many equal values in a row are suspect; 0: never"},
    {.key = "jump", .type = CONF_NUMBER, .offset = AT(jump), .help = "a change of more than this a second is suspect"},
    {.key = "nan", .type = CONF_WORDS, .offset = AT(nan), .fallback = "", .help = "raw values that mean no value"},
    {.key = "map", .type = CONF_WORDS, .offset = AT(map), .fallback = "", .help = "RAW:VALUE …, instead of scale"},
    {.key = NULL},
};
#undef AT
/* clang-format on */

/* A section on its way from text to struct. */
struct reader {
    const struct profile *profile;
    int section;
    struct faults *faults;
    const struct metric_text *text;
    struct profile_metric *metric;
};

#define WRONG(r, key, ...) conf_fault((r)->profile->conf, (r)->section, key, (r)->faults, __VA_ARGS__)

/* ---- where it stands ---- */

bool profile_parse_raw(const char *text, size_t length, int64_t *out)
{
    char word[32], *end;
    if (length < 1 || length >= sizeof word)
        return false;
    memcpy(word, text, length);
    word[length] = 0;
    bool hex = !strncmp(word, "0x", 2);
    const char *digits = hex ? word + 2 : word + (word[0] == '-');
    if (!*digits || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
        return false;
    if (!hex && digits[0] == '0' && digits[1])
        return false;
    if (hex) { /* up to 64 bits, as they stand in the registers */
        if (strlen(digits) > 16)
            return false;
        *out = (int64_t)strtoull(digits, &end, 16);
        return true;
    }
    if (strlen(digits) > 18)
        return false;
    *out = strtoll(word, &end, 10);
    return true;
}

static bool read_place(struct reader *r)
{
    const char *colon = strchr(r->text->place, ':');
    int64_t address;
    if (!colon || !profile_parse_table(r->text->place, (size_t)(colon - r->text->place), &r->metric->table) ||
        !profile_parse_raw(colon + 1, strlen(colon + 1), &address) || address < 0 || address > 65535) {
        WRONG(r, "register", "expected holding:N, input:N, coil:N or discrete:N, N from 0 to 65535 or 0xffff");
        return false;
    }
    r->metric->address = (uint16_t)address;
    return true;
}

/* ---- what of it counts ---- */

/* Written, be it at fault or not: what is at fault is not missing, too. */
static bool is_said(const struct reader *r, const char *key)
{
    return conf_has(r->profile->conf, r->section, key);
}

static bool is_table_of_bits(const struct reader *r)
{
    return r->metric->table == TABLE_COIL || r->metric->table == TABLE_DISCRETE;
}

/* A key that belongs to some types must be there with them, and only there. */
static void check_belongs(struct reader *r, const char *key, bool said, bool belongs, const char *missing,
                          const char *only)
{
    if (belongs && !said)
        WRONG(r, key, "is missing: %s", missing);
    if (said && !belongs)
        WRONG(r, key, "belongs to a register with type = %s only", only);
}

static void read_bit_range(struct reader *r)
{
    const char *text = r->text->bits, *dash = text ? strchr(text, '-') : NULL;
    int64_t first, last;
    if (!text)
        return;
    if (!dash || !profile_parse_raw(text, (size_t)(dash - text), &first) ||
        !profile_parse_raw(dash + 1, strlen(dash + 1), &last) || first < 0 || first > last || last > 15) {
        WRONG(r, "bits", "expected FIRST-LAST, from 0 (least significant) to 15");
        return;
    }
    r->metric->bit = (unsigned)first;
    r->metric->width = (unsigned)(last - first + 1);
}

static void read_part(struct reader *r)
{
    const struct metric_text *t = r->text;
    struct profile_metric *m = r->metric;
    bool bits = is_table_of_bits(r);
    check_belongs(r, "bit", is_said(r, "bit"), m->type == TYPE_BIT && !bits,
                  "which bit of the register, 0 (least significant) to 15", "bit");
    check_belongs(r, "bits", is_said(r, "bits"), m->type == TYPE_BITS,
                  "which bits of the register, FIRST-LAST, 0 (least significant) to 15", "bits");
    check_belongs(r, "byte", is_said(r, "byte"), m->type == TYPE_U8 || m->type == TYPE_S8,
                  "which half of the register, high or low", "u8 or s8");
    check_belongs(r, "length", is_said(r, "length"), m->type == TYPE_STRING, "how many registers, 1 to 125", "string");
    m->width = m->count * 16U;
    if (m->type == TYPE_BIT) {
        m->bit = t->bit > 0 ? (unsigned)t->bit : 0;
        m->width = bits || t->bit >= 0 ? 1 : 0;
    } else if (m->type == TYPE_U8 || m->type == TYPE_S8) {
        m->bit = t->byte == 1 ? 8 : 0;
        m->width = t->byte >= 0 ? 8 : 0;
    } else if (m->type == TYPE_BITS) {
        m->width = 0;
        read_bit_range(r);
    }
}

static void read_type(struct reader *r)
{
    struct profile_metric *m = r->metric;
    int type = r->text->type;
    if (type < 0 && is_table_of_bits(r) && !is_said(r, "type"))
        type = TYPE_BIT;
    if (type < 0) {
        if (!is_said(r, "type"))
            WRONG(r, "type",
                  "is missing: one of u16, s16, u32, s32, u64, s64, f32, f64, bcd16, bcd32, u8, s8, bit, bits, "
                  "string");
        return;
    }
    m->type = (enum profile_type)type;
    m->count = m->type == TYPE_STRING && r->text->length > 0 ? (uint16_t)r->text->length : type_words[type];
    m->order = (enum profile_order)(r->text->order < 0 ? r->profile->order : r->text->order);
    if (is_table_of_bits(r) && m->type != TYPE_BIT)
        WRONG(r, "type", "a coil or discrete input is a bit");
    read_part(r);
    bool one = m->count == 1 || m->type == TYPE_STRING;
    if (one && (r->text->order == ORDER_CDAB || r->text->order == ORDER_DCBA))
        WRONG(r, "order", "one register has no word order, nor has a string: abcd, or badc for swapped bytes");
    if (is_table_of_bits(r) && r->text->order >= 0)
        WRONG(r, "order", "a coil or discrete input has none");
    if (m->address + m->count > 65536)
        WRONG(r, "register", "the value would end behind register 65535");
}

/* ---- what it means ---- */

/* Does it fit into the metric's bits, with a sign or without? */
static bool fits(const struct profile_metric *m, int64_t raw)
{
    return m->width >= 64 || (raw >= -(int64_t)(1ULL << (m->width - 1)) && raw < (int64_t)(1ULL << m->width));
}

/* The number that the decoder makes of these bits: 0xFFFF is -1 to s16.  Of bcd it is the number that the digits make. */
static bool number_of_raw(const struct profile_metric *m, int64_t *raw)
{
    if (m->type == TYPE_BCD16 || m->type == TYPE_BCD32)
        return *raw >= 0 && *raw < (m->type == TYPE_BCD16 ? 10000 : 100000000);
    if (!fits(m, *raw))
        return false;
    if (m->width == 64)
        return true;
    bool has_sign = m->type == TYPE_S8 || m->type == TYPE_S16 || m->type == TYPE_S32;
    int64_t range = 1LL << m->width;
    if (has_sign && *raw >= range / 2)
        *raw -= range;
    if (!has_sign && *raw < 0)
        *raw += range;
    return true;
}

static void read_nan(struct reader *r)
{
    struct profile_metric *m = r->metric;
    uint64_t mask = m->width < 64 ? (1ULL << m->width) - 1 : UINT64_MAX;
    uint64_t *words = xcalloc(r->text->nan.count, sizeof *words);
    m->nan = words;
    for (size_t i = 0; i < r->text->nan.count; i++) {
        const char *word = r->text->nan.items[i];
        int64_t raw;
        if (profile_parse_raw(word, strlen(word), &raw) && fits(m, raw))
            words[m->nan_count++] = (uint64_t)raw & mask;
        else
            WRONG(r, "nan", "%s is no raw value of %u bits, decimal or 0x…", word, m->width);
    }
}

static void read_pair(struct reader *r, const char *word, struct profile_map *map)
{
    const char *colon = strchr(word, ':');
    struct profile_map *pair = &map[r->metric->map_count];
    struct decimal d;
    if (!colon || !profile_parse_raw(word, (size_t)(colon - word), &pair->raw) || !decimal_parse(colon + 1, &d)) {
        WRONG(r, "map", "%s is not RAW:VALUE, a whole number and a decimal one", word);
        return;
    }
    if (!number_of_raw(r->metric, &pair->raw)) {
        WRONG(r, "map", "%.*s is no raw value of %s", (int)(colon - word), word, type_names[r->metric->type]);
        return;
    }
    for (size_t i = 0; i < r->metric->map_count; i++)
        if (map[i].raw == pair->raw) {
            WRONG(r, "map", "%s: the raw value %" PRId64 " has a value already", word, pair->raw);
            return;
        }
    pair->value = decimal_double(d);
    r->metric->map_count++;
}

static void read_map(struct reader *r)
{
    const struct metric_text *t = r->text;
    struct profile_metric *m = r->metric;
    struct profile_map *map = xcalloc(t->map.count, sizeof *map);
    m->map = map;
    for (size_t i = 0; i < t->map.count; i++)
        read_pair(r, t->map.items[i], map);
    if (t->map.count && (m->type == TYPE_F32 || m->type == TYPE_F64))
        WRONG(r, "map", "a float has no map");
    if (t->map.count && (strcmp(t->scale, "1") || strcmp(t->offset, "0") || t->decimals >= 0))
        WRONG(r, "map", "gives the value itself: no scale, offset or decimals beside it");
}

static void read_numbers(struct reader *r)
{
    const struct metric_text *t = r->text;
    struct profile_metric *m = r->metric;
    m->unit = t->unit;
    m->decimals = (int)t->decimals;
    m->interval_ms = t->interval_ms;
    m->min = t->min;
    m->max = t->max;
    m->stuck = t->stuck;
    m->jump = t->jump;
    if (m->stuck == 1)
        WRONG(r, "stuck", "one value alone is not stuck: expected 2 or more, or 0");
    if (!(m->jump > 0))
        WRONG(r, "jump", "expected more than 0");
    if (!(m->min < m->max))
        WRONG(r, "min", "is not below max");
    if (!decimal_parse(t->scale, &m->scale) || m->scale.mantissa == 0)
        WRONG(r, "scale", "expected a decimal number other than 0, of at most 18 digits");
    if (!decimal_parse(t->offset, &m->offset))
        WRONG(r, "offset", "expected a decimal number of at most 18 digits");
}

/* ---- strings ---- */

static void read_string(struct reader *r)
{
    const struct metric_text *t = r->text;
    bool known = false;
    for (size_t i = 0; profile_text_names[i]; i++)
        known |= !strcmp(r->metric->name, profile_text_names[i]);
    if (!known)
        WRONG(r, NULL, "a string says what the device is: its section is [serial], [model] or [firmware]");
    if (strcmp(t->scale, "1") || strcmp(t->offset, "0") || *t->unit || t->decimals >= 0 || isfinite(t->min) ||
        isfinite(t->max) || isfinite(t->jump) || t->stuck || t->interval_ms || t->nan.count || t->map.count)
        WRONG(r, "type", "beside it stand register, length and order only");
}

/* ---- the whole ---- */

void profile_read_metric(const struct profile *p, int section, struct profile_metric *m, struct faults *faults)
{
    struct metric_text text = {.type = -1,
                               .order = -1,
                               .byte = -1,
                               .decimals = -1,
                               .bit = -1,
                               .length = -1,
                               .min = -INFINITY,
                               .max = INFINITY,
                               .jump = INFINITY};
    struct reader r = {.profile = p, .section = section, .faults = faults, .text = &text, .metric = m};
    m->name = conf_kind(p->conf, (size_t)section);
    if (!id_valid(m->name) || *conf_label(p->conf, (size_t)section))
        WRONG(&r, NULL, "a metric's section is its id alone: up to %d of a-z 0-9 _ -", ID_MAX);
    conf_fill(p->conf, section, metric_options, &text, faults);
    read_numbers(&r);
    if (!text.place || !read_place(&r))
        return;
    read_type(&r);
    if (m->type == TYPE_STRING)
        read_string(&r);
    else if (m->width) {
        read_nan(&r);
        read_map(&r);
    }
}

void profile_free_metric(const struct profile_metric *m)
{
    free((void *)(uintptr_t)m->nan);
    free((void *)(uintptr_t)m->map);
}
