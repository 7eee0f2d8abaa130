#include "firmware-gateway/tool/decodings.h"
#include "firmware-gateway/decode.h"

#include <math.h>

static unsigned width_of(enum profile_type type)
{
    switch (type) {
    case TYPE_U32:
    case TYPE_S32:
    case TYPE_F32:
    case TYPE_BCD32:
        return 32;
    case TYPE_U64:
    case TYPE_S64:
    case TYPE_F64:
        return 64;
    default:
        return 16;
    }
}

static bool is_meant(enum profile_type type, double x)
{
    bool is_float = type == TYPE_F32 || type == TYPE_F64;
    return !is_float || x == 0 || (fabs(x) >= 1e-6 && fabs(x) <= 1e12);
}

void decoding_put(struct buf *b, enum profile_type type, enum profile_order order, const uint16_t *words)
{
    struct profile_metric m = {.name = "",
                               .unit = "",
                               .count = (uint16_t)(width_of(type) / 16),
                               .type = type,
                               .order = order,
                               .width = width_of(type),
                               .scale = {1, 0},
                               .decimals = -1,
                               .min = -INFINITY,
                               .max = INFINITY};
    struct value v;
    unsigned quality = 0;
    if (!decode_metric(&m, words, &v, &quality, NULL))
        buf_char(b, '-');
    else if (v.kind == VALUE_HUGE)
        buf_int(b, v.integer);
    else if (is_meant(type, v.number))
        buf_number(b, v.number);
    else
        buf_char(b, '-');
}

void decoding_bits(struct buf *b, uint16_t word)
{
    for (int bit = 15; bit >= 0; bit--) {
        buf_char(b, word >> bit & 1 ? '1' : '0');
        if (bit && bit % 4 == 0)
            buf_char(b, ' ');
    }
}

void decoding_characters(struct buf *b, uint16_t word)
{
    for (int shift = 8; shift >= 0; shift -= 8) {
        char c = (char)(word >> shift & 0xFF);
        buf_char(b, c >= 0x20 && c < 0x7F ? c : '.');
    }
}
