/* restore_kit: before each record the fold of a kit is saved, thrown away and restored, so that every expectation of a
 * test holds for a collector that was started again at any moment.  After fold_kit.h. */
#ifndef QUIETAIR_RESTORE_KIT_H
#define QUIETAIR_RESTORE_KIT_H

#include "tests/unit/collector/fold_kit.h"

enum { RESTORE_PIECES = 200 };

struct restore_piece {
    char *key, *bytes;
    size_t length;
};

struct restore_memory {
    struct restore_piece pieces[RESTORE_PIECES];
    size_t count;
};

static void restore_keep(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct restore_memory *m = ctx;
    size_t i = 0;
    while (i < m->count && strcmp(m->pieces[i].key, key) != 0)
        i++;
    if (i == m->count) {
        assert_true(m->count < RESTORE_PIECES);
        m->pieces[m->count++] = (struct restore_piece){.key = xstrdup(key)};
    }
    struct restore_piece *p = &m->pieces[i];
    free(p->bytes);
    p->bytes = xmalloc(length + 1);
    memcpy(p->bytes, bytes ? bytes : "", length);
    p->length = length;
    if (length)
        return;
    free(p->key);
    free(p->bytes);
    m->pieces[i] = m->pieces[--m->count];
}

static void restore_no_row(void *ctx, const struct gateway_row *row)
{
    (void)ctx, (void)row;
}

static void restore_before_record(struct kit *k, const struct record *r)
{
    struct restore_memory *m = k->before_ctx;
    struct sink sink = {.ctx = m, .state = restore_keep, .gateway = restore_no_row};
    (void)r;
    fold_save(k->fold, &sink);
    fold_free(k->fold);
    k->fold = fold_new();
    for (size_t i = m->count; i-- > 0;) /* not in the order in which they were made */
        assert_int_equal(fold_restore(k->fold, m->pieces[i].key, m->pieces[i].bytes, m->pieces[i].length), 0);
}

/* kit_new, and from then on restored before each record. */
static inline struct kit *restored_kit(const char *rules, const char *sites)
{
    struct kit *k = kit_new(rules, sites);
    k->before = restore_before_record;
    k->before_ctx = xcalloc(1, sizeof(struct restore_memory));
    return k;
}

static inline void restored_kit_free(struct kit *k)
{
    struct restore_memory *m = k->before_ctx;
    for (size_t i = 0; i < m->count; i++) {
        free(m->pieces[i].key);
        free(m->pieces[i].bytes);
    }
    free(m);
    kit_free(k);
}

#endif
