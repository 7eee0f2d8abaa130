#include "firmware-gateway/decode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t exact_limit = 1LL << 53; /* beyond it a double no longer tells neighbours apart */

/* Why there is no value. */
static const char sentinel[] = "the meter says that it has no value";
static const char not_finite[] = "not a finite number";
static const char not_decimal[] = "a digit above 9";
static const char not_in_map[] = "not in the map";
static const char too_long[] = "more digits than can be kept exactly";

static uint16_t swap(uint16_t w, enum profile_order order)
{
    if (order == ORDER_BADC || order == ORDER_DCBA)
        return (uint16_t)(w << 8 | w >> 8);
    return w;
}

/* The bits that count, in their order, from bit 0 on. */
static uint64_t raw_bits(const struct profile_metric *m, const uint16_t *words)
{
    if (m->table == TABLE_COIL || m->table == TABLE_DISCRETE)
        return words[0] != 0;
    bool reversed = m->order == ORDER_CDAB || m->order == ORDER_DCBA;
    uint64_t bits = 0;
    for (size_t i = 0; i < m->count; i++)
        bits = bits << 16 | swap(words[reversed ? m->count - 1U - i : i], m->order);
    return m->width < 64 ? bits >> m->bit & ((1ULL << m->width) - 1) : bits;
}

static bool is_sentinel(const struct profile_metric *m, uint64_t bits)
{
    for (size_t i = 0; i < m->nan_count; i++)
        if (m->nan[i] == bits)
            return true;
    return false;
}

/* ---- raw numbers ---- */

static const char *raw_decimal(uint64_t bits, int64_t *out)
{
    int64_t n = 0;
    for (int shift = 28; shift >= 0; shift -= 4) {
        int digit = (int)(bits >> shift & 15);
        if (digit > 9)
            return not_decimal;
        n = 10 * n + digit;
    }
    *out = n;
    return NULL;
}

/* NULL, or why there is none. */
static const char *raw_integer(const struct profile_metric *m, uint64_t bits, int64_t *out)
{
    switch (m->type) {
    case TYPE_BCD16:
    case TYPE_BCD32:
        return raw_decimal(bits, out);
    case TYPE_S8:
        *out = (int8_t)bits;
        return NULL;
    case TYPE_S16:
        *out = (int16_t)bits;
        return NULL;
    case TYPE_S32:
        *out = (int32_t)bits;
        return NULL;
    case TYPE_S64:
        *out = (int64_t)bits;
        return NULL;
    default:
        *out = (int64_t)bits;
        return *out < 0 ? too_long : NULL;
    }
}

static bool is_float(const struct profile_metric *m)
{
    return m->type == TYPE_F32 || m->type == TYPE_F64;
}

/* The float as its shortest decimal, which is the same double. */
static const char *raw_real(const struct profile_metric *m, uint64_t bits, double *number)
{
    if (m->type == TYPE_F32) {
        uint32_t half = (uint32_t)bits;
        float x;
        memcpy(&x, &half, sizeof x);
        *number = number_of_float(x);
    } else {
        memcpy(number, &bits, sizeof *number);
    }
    return isfinite(*number) ? NULL : not_finite;
}

/* ---- values ---- */

static void set_number(struct value *v, double x)
{
    *v = (struct value){.kind = VALUE_NUMBER, .number = x == 0 ? 0 : x}; /* no -0 */
}

static struct decimal shortest(double x)
{
    char text[40];
    struct decimal d = {0};
    struct buf b = buf_fixed(text, sizeof text);
    buf_number(&b, x);
    decimal_parse(text, &d); /* at most 17 digits: always */
    return d;
}

/* Whole numbers beyond 2^53 as such, all others as the nearest double. */
static void set_decimal(struct decimal d, struct value *v)
{
    int64_t n;
    if (decimal_int(d, &n) && (n > exact_limit || n < -exact_limit))
        *v = (struct value){.kind = VALUE_HUGE, .integer = n};
    else
        set_number(v, decimal_double(d));
}

/* Does the value, printed, show the very digits?  Up to 15 always; a double is sure of no more. */
static bool is_exact(struct decimal d, const struct value *v)
{
    const int64_t limit = 1000000000000000;
    return v->kind == VALUE_HUGE || (d.mantissa < limit && d.mantissa > -limit) ||
           decimal_equal(shortest(v->number), d);
}

static bool scale(const struct profile_metric *m, struct decimal raw, struct decimal *out)
{
    return decimal_multiply(raw, m->scale, out) && decimal_add(*out, m->offset, out);
}

static struct decimal rounded(const struct profile_metric *m, struct decimal d)
{
    return m->decimals < 0 ? d : decimal_round(d, m->decimals);
}

static const char *set_scaled_integer(const struct profile_metric *m, int64_t raw, struct value *v)
{
    struct decimal d;
    if (!scale(m, (struct decimal){.mantissa = raw}, &d))
        return too_long;
    d = rounded(m, d);
    set_decimal(d, v);
    return is_exact(d, v) ? NULL : too_long;
}

static const char *set_scaled_real(const struct profile_metric *m, double x, struct value *v)
{
    char text[40];
    struct decimal d;
    if (!scale(m, shortest(x), &d)) {
        x = x * decimal_double(m->scale) + decimal_double(m->offset);
        snprintf(text, sizeof text, "%.15g", x);
        if (!decimal_parse(text, &d)) /* "inf" */
            return not_finite;
    }
    set_decimal(rounded(m, d), v);
    return v->kind == VALUE_HUGE || isfinite(v->number) ? NULL : not_finite;
}

static const char *set_mapped(const struct profile_metric *m, int64_t raw, struct value *v)
{
    for (size_t i = 0; i < m->map_count; i++)
        if (m->map[i].raw == raw) {
            set_number(v, m->map[i].value);
            return NULL;
        }
    return not_in_map;
}

static const char *set_value(const struct profile_metric *m, uint64_t bits, struct value *v)
{
    if (is_sentinel(m, bits))
        return sentinel;
    double x;
    int64_t raw;
    const char *wrong = is_float(m) ? raw_real(m, bits, &x) : raw_integer(m, bits, &raw);
    if (wrong)
        return wrong;
    if (is_float(m))
        return set_scaled_real(m, x, v);
    return m->map_count ? set_mapped(m, raw, v) : set_scaled_integer(m, raw, v);
}

bool decode_metric(const struct profile_metric *m, const uint16_t *words, struct value *v, unsigned *quality,
                   const char **why)
{
    const char *wrong = set_value(m, raw_bits(m, words), v);
    if (why)
        *why = wrong;
    if (wrong)
        return false;
    double x = v->kind == VALUE_HUGE ? (double)v->integer : v->number;
    if (x < m->min || x > m->max)
        *quality |= QUALITY_RANGE;
    return true;
}

bool decode_string(const struct profile_metric *m, const uint16_t *words, char text[static DECODE_STRING_SIZE])
{
    size_t length = 0;
    for (size_t i = 0; i < m->count; i++) {
        uint16_t w = swap(words[i], m->order);
        text[length++] = (char)(w >> 8);
        text[length++] = (char)w;
    }
    length = strnlen(text, length);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\xff'))
        length--;
    text[length] = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return length > 0;
}

void decode_block(const struct profile_metric *metrics, const struct plan_block *block, const uint16_t *words,
                  struct decoded *out)
{
    out->value_count = out->error_count = 0;
    out->quality = 0;
    for (size_t i = 0; i < block->metric_count; i++) {
        const struct profile_metric *m = &metrics[block->metrics[i]];
        struct datum *datum = &out->values[out->value_count];
        datum->metric = m->name;
        const char *why;
        if (decode_metric(m, words + (m->address - block->address), &datum->value, &out->quality, &why))
            out->value_count++;
        else
            out->errors[out->error_count++] =
                (struct metric_error){.metric = m->name, .error = "garbage", .detail = why};
    }
}
