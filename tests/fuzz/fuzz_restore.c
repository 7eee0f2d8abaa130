/* Pieces of the rules' memory as the ledger gives them back, some time after they were written: the key, a byte 0, the
 * piece.  It is refused, or what it says can be saved and restored again as the same. */
#include "common/civil.h"
#include "tests/fuzz/world.h"

enum { KEY_MOST = 200 };

struct pieces {
    unsigned count;
    char key[KEY_MOST];
    struct buf bytes;
};

static void on_state(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct pieces *p = ctx;
    p->count++;
    snprintf(p->key, sizeof p->key, "%s", key);
    buf_clear(&p->bytes);
    buf_bytes(&p->bytes, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    if (!end || end - data >= KEY_MOST)
        return 0;
    must(civil_zone("Asia/Shanghai", NULL) == 0);
    struct fold *f = fold_new(), *again = fold_new();
    struct pieces saved = {.bytes = buf_growing()};
    struct sink sink = {.ctx = &saved, .state = on_state};
    size_t length = size - (size_t)(end + 1 - data);
    if (fold_restore(f, (const char *)data, end + 1, length) == 0) {
        fold_save(f, &sink);
        if (saved.count == 1 && saved.bytes.length)
            must(fold_restore(again, saved.key, saved.bytes.data, saved.bytes.length) == 0);
    }
    buf_free(&saved.bytes);
    fold_free(f);
    fold_free(again);
    return 0;
}
