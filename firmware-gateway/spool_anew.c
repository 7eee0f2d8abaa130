/* A new epoch: what the collector has not acked is framed anew in it. */
#include "common/file.h"
#include "firmware-gateway/spool_private.h"

#include <stdlib.h>
#include <string.h>

static int append_gap(struct spool *s, struct journal *j, const char *epoch, struct moment since, struct moment until,
                      const char *reason, int64_t now_ms)
{
    char memory[320];
    struct buf b = buf_fixed(memory, sizeof memory);
    spool_gap_body(&b, since, until, reason);
    return spool_append_raw(s, j, epoch, b.data, b.length, now_ms);
}

struct copy { /* what is not acked, into the journal of a new epoch; a hole becomes a gap in its place */
    struct spool *s;
    struct journal *to;
    const char *epoch;
    bool hole;
    struct tail before; /* the hole */
    char *memory;
    int64_t now_ms;
};

static void begin_hole(struct copy *c, uint64_t n)
{
    if (!c->hole)
        tail_read(&c->before, c->s->journal, n - 1);
    c->hole = true;
}

static int end_hole(struct copy *c, struct moment until)
{
    if (!c->hole)
        return 0;
    c->hole = false;
    return append_gap(c->s, c->to, c->epoch, tail_newest(&c->before), until, "lost", c->now_ms);
}

/* Its frames have other numbers now.  Those of the former epoch that are not here were acked: the collector knows the
 * boot. */
static int copy_time(struct copy *c, const struct clock_repair *t)
{
    char memory[320];
    struct buf b = buf_fixed(memory, sizeof memory);
    spool_put_time(&b, t->boot, t->offset, t->error, 1, journal_last(c->to));
    return spool_append_raw(c->s, c->to, c->epoch, b.data, b.length, c->now_ms);
}

static int copy_frame(struct copy *c, uint64_t n, const struct journal_record *rec)
{
    struct span span;
    struct frame *f = frame_open(rec->bytes, rec->length, NULL);
    bool timed = f && span_read(&span, rec->bytes, rec->length);
    bool skip = f && f->kind == FRAME_HELLO; /* the new epoch has its own */
    int r = 0;
    if (timed)
        r = end_hole(c, (struct moment){span.oldest, *span.boot ? span.boot : NULL});
    struct buf b = buf_fixed(c->memory, FRAME_MAX + 1);
    struct hash head = journal_head(c->to);
    if (!r && f && f->kind == FRAME_TIME)
        r = copy_time(c, &f->time);
    else if (!r && !skip &&
             frame_anew(&b, rec->bytes, rec->length, c->s->set.gateway, c->epoch, journal_last(c->to) + 1, &head))
        r = journal_append(c->to, b.data, b.length, c->now_ms, NULL);
    else if (!r && !skip)
        begin_hole(c, n);
    frame_close(f);
    return r;
}

static int copy_anew(struct spool *s, struct journal *to, const char *epoch, uint64_t acked, struct moment now)
{
    struct copy c = {
        .s = s, .to = to, .epoch = epoch, .memory = xmalloc(FRAME_MAX + 1), .now_ms = now.boot ? 0 : now.ms};
    uint64_t last = journal_last(s->journal);
    int r = spool_append_hello(s, to, epoch, true, c.now_ms);
    for (uint64_t n = acked + 1; !r && n <= last; n++) {
        struct journal_record rec;
        int read = spool_read(s, n, &rec);
        if (read == 1)
            r = copy_frame(&c, n, &rec);
        else if (read == ERR_IO)
            r = read;
        else
            begin_hole(&c, n);
    }
    if (!r)
        r = end_hole(&c, now);
    free(c.memory);
    return r ? r : journal_sync(to);
}

/* Where it is not known whether the name is on the disk, the old one is written over it; if not even that can be done,
 * ERR_AGAIN: then either may be found at the next start, and both are kept. */
static int name_it(struct spool *s, const char *epoch)
{
    int r = spool_name_epoch(s, epoch, NULL);
    if (!r)
        return 0;
    return spool_name_epoch(s, s->epoch, NULL) == 0 ? r : ERR_AGAIN;
}

int spool_anew(struct spool *s, uint64_t acked, struct moment now)
{
    char epoch[EPOCH_SIZE], old[PATH_MAX], dir[PATH_MAX];
    struct journal *to = NULL;
    pthread_mutex_lock(&s->lock);
    spool_random_epoch(epoch);
    spool_journal_dir(s, epoch, dir);
    spool_journal_dir(s, s->epoch, old);
    int r = spool_sync_held(s);
    if (!r)
        r = spool_open_journal(s, epoch, &to, NULL);
    if (!r)
        r = copy_anew(s, to, epoch, acked, now);
    if (!r)
        r = name_it(s, epoch); /* the one step that counts */
    if (r) {
        journal_close(to);
        if (r != ERR_AGAIN)
            file_remove_tree(dir);
    } else {
        journal_reader_free(s->reader);
        journal_close(s->journal);
        s->journal = to;
        s->reader = journal_reader_new(to);
        memcpy(s->epoch, epoch, sizeof epoch);
        spool_load_quarantine(s);
        file_remove_tree(old);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}
