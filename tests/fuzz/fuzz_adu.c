/* Modbus messages, as they stand on a line or a connection: bytes to what they are. */
#include "firmware-gateway/adu.h"
#include "tests/fuzz/fuzz.h"

static void within(const struct adu *a, const uint8_t *bytes, size_t length)
{
    must(a->length && a->length <= length && a->length <= ADU_MAX);
    if (a->function && !a->exception)
        must(a->data >= bytes && a->bytes <= length && a->data + a->bytes <= bytes + a->length);
}

/* What a device would answer to a question is taken for that. */
static void question(struct feed *f)
{
    struct question q = {.unit = (uint8_t)feed_byte(f), .function = (uint8_t)(1 + feed_byte(f) % 4)};
    uint8_t out[ADU_MAX];
    struct adu a;
    q.address = (uint16_t)feed_word(f);
    q.count = (uint16_t)(1 + feed_word(f) % (q.function < 3 ? 2000 : 125));
    must(question_bytes(&q) <= 250);
    must(adu_write(FRAMING_RTU, &q, 0, out) == ADU_RTU_QUESTION);
    must(adu_write(FRAMING_TCP, &q, 1, out) == 12);
    if (adu_rtu(f->at, f->left, &a) && adu_fits(&a, &q))
        must(a.exception || a.bytes == question_bytes(&q));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct adu a;
    if (adu_rtu(data, size, &a))
        within(&a, data, size);
    for (size_t at = 0; at < size; at += a.length) {
        if (adu_tcp(data + at, size - at, &a) != 1)
            break;
        within(&a, data + at, size - at);
    }
    struct feed f = {data, size};
    question(&f);
    return 0;
}
