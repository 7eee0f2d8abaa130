/* Order: where the stream of each epoch stands, and whether a frame is next in it. */
#include "collector/intake_private.h"

#include <stdlib.h>
#include <string.h>

struct stream *intake_stream(const struct gateway *g, const char *epoch)
{
    for (size_t i = 0; g && i < g->stream_count; i++)
        if (strcmp(g->streams[i]->epoch, epoch) == 0)
            return g->streams[i];
    return NULL;
}

static const struct hash *head_of(const struct stream *s, uint64_t seq)
{
    static const struct hash zero;
    if (seq == 0)
        return &zero;
    return s && s->heads[seq % INTAKE_HEADS].seq == seq ? &s->heads[seq % INTAKE_HEADS].hash : NULL;
}

static bool after_fits(const struct stream *s, const struct frame *f)
{
    char after[AFTER_HEX];
    const struct hash *before = head_of(s, f->from - 1);
    if (!before || !*f->after)
        return true; /* nothing known to the contrary */
    hash_after(before, after);
    return strcmp(after, f->after) == 0;
}

static struct hash hash_after_frame(const struct stream *s, const struct frame *f, const char *payload, size_t length)
{
    const struct hash *before = head_of(s, f->seq - 1);
    return f->kind == FRAME_LOST ? f->head : before ? chain_next(before, payload, length) : (struct hash){0};
}

enum intake_verdict intake_judge_order(const struct stream *s, const struct frame *f, const char *payload,
                                       size_t length)
{
    uint64_t last = s ? s->last : 0;
    if (f->seq <= last) {
        const struct hash *held = head_of(s, f->seq), *before = head_of(s, f->seq - 1);
        if (held && (before || f->kind == FRAME_LOST)) {
            struct hash theirs = hash_after_frame(s, f, payload, length);
            if (!hash_equal(held, &theirs))
                return INTAKE_FORK;
        }
        return INTAKE_REPEAT;
    }
    if (f->from > last + 1)
        return INTAKE_AHEAD;
    return after_fits(s, f) ? INTAKE_TAKEN : INTAKE_FORK;
}

void intake_apply_order(struct gateway *g, const struct frame *f, const char *payload, size_t length)
{
    struct stream *s = intake_stream(g, f->epoch);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        memcpy(s->epoch, f->epoch, EPOCH_SIZE);
        g->streams = xrealloc(g->streams, (g->stream_count + 1) * sizeof *g->streams);
        g->streams[g->stream_count++] = s;
    }
    for (size_t i = 0; i < g->stream_count; i++)
        if (g->streams[i] == s)
            g->newest = i;
    struct hash h = hash_after_frame(s, f, payload, length);
    s->last = f->seq;
    s->heads[f->seq % INTAKE_HEADS].seq = f->seq;
    s->heads[f->seq % INTAKE_HEADS].hash = h;
}

uint64_t intake_position(const struct intake *in, const char *gateway, const char *epoch, struct hash *head)
{
    const struct stream *s = intake_stream(intake_gateway(in, gateway), epoch);
    const struct hash *held = s ? head_of(s, s->last) : NULL;
    *head = held ? *held : (struct hash){0};
    return held ? s->last : 0;
}
