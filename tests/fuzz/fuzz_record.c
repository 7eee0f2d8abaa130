/* Records of the collector's journal: what is read is written again as the same. */
#include "collector/record.h"
#include "tests/fuzz/fuzz.h"

static void head(const struct record *r)
{
    struct judged a, b;
    if (judged_read(&a, r->head, r->head_length) != 0)
        return;
    struct buf text = buf_growing();
    judged_write(&text, &a);
    if (judged_read(&b, text.data, text.length) == 0) { /* not where a word was `-` that may not be */
        must(a.permit_count == b.permit_count && strcmp(a.marks, b.marks) == 0 && strcmp(a.topic, b.topic) == 0);
        judged_free(&b);
    }
    judged_free(&a);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record r, again;
    struct buf b = buf_growing();
    if (record_read(&r, data, size) == 0) {
        must(r.kind < RECORD_KINDS);
        record_write(&b, r.kind, r.receipt_ms, r.head, r.head_length, r.body, r.body_length);
        must(record_read(&again, b.data, b.length) == 0 && again.receipt_ms == r.receipt_ms);
        must(again.kind == r.kind && again.body_length == r.body_length);
        must(memcmp(again.body, r.body, r.body_length) == 0);
        head(&r);
    }
    buf_free(&b);
    return 0;
}
