#include "tests/sim/encode.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const raw_types[] = {"bit", "u16", "s16", "u32", "s32", "f32", NULL};
const char *const raw_orders[] = {"abcd", "cdab", "badc", "dcba", NULL};

enum { SCALE_DIGITS = 5, SCALE_PLACES = 5, FLOAT_EXACT = 1 << 24 /* whole numbers that a single can count up to */ };

static const struct {
    double lowest, highest;
    size_t words;
} limits[] = {
    [RAW_BIT] = {0, 1, 1},          [RAW_U16] = {0, UINT16_MAX, 1},        [RAW_S16] = {INT16_MIN, INT16_MAX, 1},
    [RAW_U32] = {0, UINT32_MAX, 2}, [RAW_S32] = {INT32_MIN, INT32_MAX, 2}, [RAW_F32] = {-1e30, 1e30, 2},
};

static double power_of_ten(int places)
{
    double x = 1;
    while (places-- > 0)
        x *= 10;
    return x;
}

bool encode_scale(struct encoding *e, const char *text)
{
    int32_t scale = 0;
    int digits = 0, places = 0;
    bool point = false;
    for (const char *c = text; *c; c++) {
        if (*c == '.' && !point && c != text && c[1]) {
            point = true;
            continue;
        }
        if (*c < '0' || *c > '9' || (scale && ++digits >= SCALE_DIGITS))
            return false;
        scale = scale * 10 + (*c - '0');
        places += point;
    }
    if (scale == 0 || places > SCALE_PLACES)
        return false;
    e->scale = scale;
    e->places = places;
    return true;
}

size_t encode_words(const struct encoding *e)
{
    return limits[e->type].words;
}

static double scaled(const struct encoding *e, double raw)
{
    return raw * e->scale / power_of_ten(e->places);
}

double encode_lowest(const struct encoding *e)
{
    return scaled(e, limits[e->type].lowest);
}

double encode_highest(const struct encoding *e)
{
    return scaled(e, limits[e->type].highest);
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

uint32_t encode_value(const struct encoding *e, double value)
{
    double raw = value * power_of_ten(e->places) / e->scale;
    if (e->type == RAW_F32)
        return bits_of((float)raw);
    raw = nearbyint(raw);
    assert(raw >= limits[e->type].lowest && raw <= limits[e->type].highest);
    return (uint32_t)(int64_t)raw;
}

uint32_t encode_count(const struct encoding *e, uint64_t n)
{
    switch (e->type) {
    case RAW_BIT:
        return n & 1;
    case RAW_U16:
        return (uint16_t)n;
    case RAW_S16:
        return (uint32_t)(int16_t)(uint16_t)n;
    case RAW_F32:
        return bits_of((float)(n % FLOAT_EXACT));
    case RAW_U32:
    case RAW_S32:
        break;
    }
    return (uint32_t)n;
}

static uint16_t swapped(uint16_t word)
{
    return (uint16_t)(word << 8 | word >> 8);
}

void encode_registers(const struct encoding *e, uint32_t raw, uint16_t words[static 2])
{
    uint16_t high = (uint16_t)(raw >> 16), low = (uint16_t)raw;
    if (limits[e->type].words == 1) {
        words[0] = low;
        words[1] = 0;
        return;
    }
    bool low_first = e->order == ORDER_CDAB || e->order == ORDER_DCBA;
    bool bytes_swapped = e->order == ORDER_BADC || e->order == ORDER_DCBA;
    words[0] = low_first ? low : high;
    words[1] = low_first ? high : low;
    if (bytes_swapped) {
        words[0] = swapped(words[0]);
        words[1] = swapped(words[1]);
    }
}

static double number_of_raw(const struct encoding *e, uint32_t raw)
{
    float single;
    switch (e->type) {
    case RAW_S16:
        return (int16_t)raw;
    case RAW_S32:
        return (int32_t)raw;
    case RAW_F32:
        memcpy(&single, &raw, sizeof single);
        return number_of_float(single);
    case RAW_BIT:
    case RAW_U16:
    case RAW_U32:
        break;
    }
    return raw;
}

void encode_text(const struct encoding *e, uint32_t raw, struct buf *out)
{
    /* Ten digits of raw times five of scale are at most fifteen, which a double carries: printing fifteen and reading
     * them back removes what the division left behind it. */
    char digits[40];
    snprintf(digits, sizeof digits, "%.15g", scaled(e, number_of_raw(e, raw)));
    buf_number(out, strtod(digits, NULL));
}
