#include "collector/ahead.h"
#include "common/frame.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 4, BATCH_RECORDS = 64, BATCH_BYTES = 64 * 1024 };

struct item {
    struct ahead_record told;
    char *bytes; /* that told.record points into */
    struct hash chain;
    struct judged judged;
    struct frame *frame;
};

struct batch {
    struct item items[BATCH_RECORDS];
    size_t count, bytes;
};

struct ahead {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t filled, emptied; /* batches, ever; of these and the two below the lock takes care */
    bool done, unwanted;
    struct batch batches[BATCHES];

    struct journal_reader *reader; /* the thread's */
    uint64_t seq, last;

    struct batch *current; /* the caller's */
    size_t at;
};

/* ---- the thread: fills batches ----------------------------------------------------------------------------------- */

static void open_frame(struct item *i)
{
    struct record *r = &i->told.record;
    i->frame = judged_open(&i->judged, r);
    r->judged = i->frame ? &i->judged : NULL;
    r->frame = i->frame;
}

static void open_record(struct item *i, const struct journal_record *rec)
{
    struct record *r = &i->told.record;
    i->bytes = xmalloc(rec->length + 1);
    memcpy(i->bytes, rec->bytes, rec->length);
    i->told.held = record_read(r, i->bytes, rec->length) == 0;
    if (i->told.held)
        open_frame(i);
    if (i->told.held && r->kind == RECORD_TICK) {
        i->chain = chain_next(&rec->before, rec->bytes, rec->length);
        r->chain = &i->chain;
    }
}

static void fill(struct ahead *a, struct batch *b)
{
    struct journal_record rec;
    for (; a->seq <= a->last && b->count < BATCH_RECORDS && b->bytes < BATCH_BYTES; a->seq++) {
        struct item *i = &b->items[b->count++];
        *i = (struct item){.told.seq = a->seq};
        if (journal_read(a->reader, a->seq, &rec) == 1) {
            open_record(i, &rec);
            b->bytes += rec.length;
        }
    }
}

/* NULL: no more are wanted. */
static struct batch *wait_for_room(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->filled - a->emptied == BATCHES && !a->unwanted)
        pthread_cond_wait(&a->moved, &a->lock);
    struct batch *b = a->unwanted ? NULL : &a->batches[a->filled % BATCHES];
    pthread_mutex_unlock(&a->lock);
    return b;
}

static void *run(void *ctx)
{
    struct ahead *a = ctx;
    struct batch *b = NULL;
    while (a->seq <= a->last && (b = wait_for_room(a))) {
        fill(a, b);
        pthread_mutex_lock(&a->lock);
        a->filled++;
        pthread_cond_signal(&a->moved);
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_lock(&a->lock);
    a->done = true;
    pthread_cond_signal(&a->moved);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- the caller: empties them ------------------------------------------------------------------------------------ */

static void empty(struct batch *b)
{
    for (size_t n = 0; n < b->count; n++) {
        frame_close(b->items[n].frame);
        judged_free(&b->items[n].judged);
        free(b->items[n].bytes);
    }
    b->count = b->bytes = 0;
}

static void give_back(struct ahead *a)
{
    empty(a->current);
    pthread_mutex_lock(&a->lock);
    a->emptied++;
    pthread_cond_signal(&a->moved);
    pthread_mutex_unlock(&a->lock);
}

/* NULL: there are no more. */
static struct batch *wait_for_batch(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->filled == a->emptied && !a->done)
        pthread_cond_wait(&a->moved, &a->lock);
    struct batch *b = a->filled == a->emptied ? NULL : &a->batches[a->emptied % BATCHES];
    pthread_mutex_unlock(&a->lock);
    return b;
}

const struct ahead_record *ahead_next(struct ahead *a)
{
    if (!a->current || a->at == a->current->count) {
        if (a->current)
            give_back(a);
        a->current = wait_for_batch(a);
        a->at = 0;
    }
    return a->current ? &a->current->items[a->at++].told : NULL;
}

int ahead_new(struct ahead **out, struct journal *journal, uint64_t first, uint64_t last, struct fault *f)
{
    struct ahead *a = xcalloc(1, sizeof *a);
    a->seq = first;
    a->last = last;
    a->reader = journal_reader_new(journal);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->moved, NULL);
    int code = pthread_create(&a->thread, NULL, run, a);
    if (code == 0) {
        *out = a;
        return 0;
    }
    journal_reader_free(a->reader);
    free(a);
    return fault(f, ERR_IO, "no thread to read the journal: %s", strerror(code));
}

void ahead_free(struct ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->unwanted = true;
    pthread_cond_signal(&a->moved);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    for (size_t n = 0; n < BATCHES; n++)
        empty(&a->batches[n]);
    journal_reader_free(a->reader);
    pthread_cond_destroy(&a->moved);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
