#include "firmware-gateway/adu.h"

enum {
    FUNCTION_LAST = 4, /* 1 to 4: read coils, discrete inputs, holding and input registers */
    FUNCTION_BITS = 2, /* 1 and 2 answer with bits */
    EXCEPTION_LAST = 11,
    EXCEPTION_BIT = 0x80,
    RTU_EXCEPTION = 5, /* unit, function, code, CRC */
    RTU_MAX = 256,
    TCP_HEADER = 6, /* transaction, protocol, length */
    TCP_LENGTH_LEAST = 3,
    TCP_LENGTH_MOST = 254,
    PDU_AT = 1 /* behind the unit */
};

size_t question_bytes(const struct question *q)
{
    return q->function <= FUNCTION_BITS ? (q->count + 7u) / 8u : q->count * 2u;
}

uint16_t adu_crc(const uint8_t *bytes, size_t length)
{
    unsigned crc = 0xffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    }
    return (uint16_t)crc;
}

static void put_u16(uint8_t *at, unsigned n)
{
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
}

static unsigned get_u16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

/* Unit, function, address, count: the same in both framings. */
static size_t put_question(uint8_t *at, const struct question *q)
{
    at[0] = q->unit;
    at[1] = q->function;
    put_u16(at + 2, q->address);
    put_u16(at + 4, q->count);
    return 6;
}

size_t adu_write(enum framing framing, const struct question *q, uint16_t transaction, uint8_t out[ADU_MAX])
{
    if (framing == FRAMING_RTU) {
        size_t n = put_question(out, q);
        uint16_t crc = adu_crc(out, n);
        out[n] = (uint8_t)crc; /* low byte first */
        out[n + 1] = (uint8_t)(crc >> 8);
        return n + 2;
    }
    size_t n = put_question(out + TCP_HEADER, q);
    put_u16(out, transaction);
    put_u16(out + 2, 0);
    put_u16(out + 4, (unsigned)n);
    return TCP_HEADER + n;
}

static bool is_read(unsigned function)
{
    return function >= 1 && function <= FUNCTION_LAST;
}

static bool is_code(int exception)
{
    return exception >= 1 && exception <= EXCEPTION_LAST;
}

bool adu_rtu(const uint8_t *bytes, size_t length, struct adu *a)
{
    if (length < RTU_EXCEPTION)
        return false;
    unsigned function = bytes[1] & ~EXCEPTION_BIT & 0xff;
    bool exception = bytes[1] & EXCEPTION_BIT;
    size_t whole = exception ? RTU_EXCEPTION : (size_t)ADU_RTU_AROUND + bytes[2];
    if (!is_read(function) || whole > RTU_MAX || length < whole)
        return false;
    if (adu_crc(bytes, whole - 2) != (bytes[whole - 2] | bytes[whole - 1] << 8))
        return false;
    *a = (struct adu){.length = whole,
                      .unit = bytes[0],
                      .function = (uint8_t)function,
                      .exception = exception ? bytes[2] : 0,
                      .data = bytes + 3,
                      .bytes = exception ? 0 : bytes[2]};
    return !exception || is_code(a->exception);
}

int adu_tcp(const uint8_t *bytes, size_t length, struct adu *a)
{
    if (length >= 4 && get_u16(bytes + 2) != 0)
        return -1;
    if (length < TCP_HEADER)
        return 0;
    unsigned rest = get_u16(bytes + 4);
    if (rest < TCP_LENGTH_LEAST || rest > TCP_LENGTH_MOST)
        return -1;
    if (length < TCP_HEADER + rest)
        return 0;
    const uint8_t *body = bytes + TCP_HEADER;
    unsigned function = body[PDU_AT] & ~EXCEPTION_BIT & 0xff;
    bool exception = body[PDU_AT] & EXCEPTION_BIT;
    bool sound = is_read(function) && (exception ? rest == 3 && is_code(body[2]) : rest == 3u + body[2]);
    *a = (struct adu){.length = TCP_HEADER + rest, .transaction = (uint16_t)get_u16(bytes), .unit = body[0]};
    if (sound) {
        a->function = (uint8_t)function;
        a->exception = exception ? body[2] : 0;
        a->data = body + 3;
        a->bytes = exception ? 0 : body[2];
    }
    return 1;
}

bool adu_fits(const struct adu *a, const struct question *q)
{
    return a->unit == q->unit && a->function == q->function && (a->exception || a->bytes == question_bytes(q));
}
