/* Payloads of gateways: JSON, then as a frame; what is a reading can be written and read again. */
#include "common/frame.h"
#include "common/json.h"
#include "tests/fuzz/fuzz.h"

static const char epoch[] = "00000000000000000000000000000001";
static const struct hash none;

static void tree(const char *text, size_t length)
{
    struct fault f = {0};
    struct json *again, *root = json_open(text, length, &f);
    must(root || *f.text);
    struct buf b = buf_growing();
    if (root) {
        json_print(root, &b);
        again = json_open(b.data, b.length, &f);
        must(again);
        json_close(again);
    }
    buf_free(&b);
    json_close(root);
}

static void reading(const struct reading *r)
{
    struct buf b = buf_growing();
    frame_begin(&b, "gw", epoch, 1, &none);
    buf_text(&b, ",\"kind\":\"readings\",\"readings\":[");
    frame_put_reading(&b, r);
    buf_char(&b, ']');
    frame_end(&b);
    struct frame *f = frame_open(b.data, b.length, NULL);
    must(f && f->reading_count == 1 && !f->refused[0]);
    const struct reading *again = &f->readings[0];
    must(again->ts == r->ts && again->value_count == r->value_count && again->quality == r->quality);
    for (size_t i = 0; i < r->value_count; i++)
        must(strcmp(again->values[i].metric, r->values[i].metric) == 0 &&
             again->values[i].value.kind == r->values[i].value.kind);
    frame_close(f);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = {0};
    struct buf b = buf_growing();
    tree((const char *)data, size);
    struct frame *f = frame_open((const char *)data, size, &fault);
    must(f || *fault.text);
    for (size_t i = 0; f && f->kind == FRAME_READINGS && i < f->reading_count; i++)
        if (!f->refused[i])
            reading(&f->readings[i]);
    frame_close(f);
    frame_anew(&b, (const char *)data, size, "gw", epoch, 2, &none);
    buf_free(&b);
    return 0;
}
