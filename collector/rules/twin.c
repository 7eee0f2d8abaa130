#include "collector/rules/twin.h"
#include "collector/rules/answer.h"
#include "collector/rules/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- the sequence in pieces -------------------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static void add_piece(struct twin *t)
{
    if (t->piece_count == TWIN_PIECES)
        memmove(t->pieces, t->pieces + 1, --t->piece_count * sizeof *t->pieces);
    struct twin_piece *p = &t->pieces[t->piece_count++];
    p->from = t->from;
    p->hash = (uint32_t)(t->hash >> 32);
    p->changes = t->changes;
}

static void begin_piece(struct twin *t, int64_t at)
{
    t->from = at;
    t->hash = 0;
    t->changes = 0;
}

/* True: the change completes a piece, which ends before it. */
static bool add_change(struct twin *t, double value, int64_t at, int64_t least)
{
    bool falls = t->told && value < t->last, complete = falls && t->rose && t->changes >= least;
    if (complete)
        add_piece(t);
    if (complete || !t->told)
        begin_piece(t, at);
    t->rose = t->told && !falls;
    t->told = true;
    t->last = value;
    t->hash = mixed(t->hash, value);
    t->changes++;
    return complete;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

struct match {
    int changes;
    int64_t from; /* in the first one's time */
};

static struct match match_ending(const struct twin *a, size_t i, const struct twin *b, size_t j)
{
    struct match m = {0, 0};
    for (; i && j; i--, j--) {
        const struct twin_piece *p = &a->pieces[i - 1], *q = &b->pieces[j - 1];
        if (p->hash != q->hash || p->changes != q->changes)
            break;
        m.changes += p->changes;
        m.from = p->from;
    }
    return m;
}

/* The longest row of pieces that both have and that ends with the newest of either. */
static struct match match_of(const struct twin *a, const struct twin *b)
{
    struct match best = {0, 0};
    for (size_t i = 1; i <= a->piece_count; i++) {
        struct match m = match_ending(a, i, b, b->piece_count);
        best = m.changes > best.changes ? m : best;
    }
    for (size_t j = 1; j < b->piece_count; j++) {
        struct match m = match_ending(a, a->piece_count, b, j);
        best = m.changes > best.changes ? m : best;
    }
    return best;
}

/* May the other's pieces tell that it gave something else?  It has passed that time, and still knows of it. */
static bool covers(const struct twin *other, const struct twin *t)
{
    return t->piece_count > 1 && other->piece_count && other->pieces[0].from <= t->pieces[t->piece_count - 1].from &&
           other->pieces[other->piece_count - 1].from >= t->pieces[t->piece_count - 2].from;
}

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

static void end_if_over(struct fold *f, struct device *d)
{
    const struct device *other = device_find(f, d->twin.with_site, d->twin.with);
    if (other && !other->silence.unlisted &&
        (match_of(&d->twin, &other->twin).changes || !covers(&other->twin, &d->twin)))
        return;
    stuck_end(f, d, STUCK_TWIN, d->now);
    memset(d->twin.with_site, 0, sizeof d->twin.with_site);
    memset(d->twin.with, 0, sizeof d->twin.with);
}

static bool raise_with(struct fold *f, struct device *d, const struct device *other)
{
    struct twin *t = &d->twin;
    if (other == d || other->silence.unlisted || answer_metric(other) != answer_metric(d))
        return false;
    struct match m = match_of(t, &other->twin);
    if (m.changes < f->config.settings.twin_readings)
        return false;
    snprintf(t->with_site, sizeof t->with_site, "%s", other->site);
    snprintf(t->with, sizeof t->with, "%s", other->id);
    stuck_raise(f, d, STUCK_TWIN, m.from, t->last, other);
    return true;
}

static void look_around(struct fold *f, struct device *d)
{
    const struct gateway *g = gateway_find(f, d->gateway);
    for (size_t i = 0; i < d->place->device_count; i++) {
        if (raise_with(f, d, d->place->devices[i]))
            return;
    }
    for (size_t i = 0; g && i < g->device_count; i++) {
        if (raise_with(f, d, g->devices[i]))
            return;
    }
}

void twin_value(struct fold *f, struct device *d, double value)
{
    struct twin *t = &d->twin;
    int64_t least = f->config.settings.twin_readings / TWIN_SHARE;
    if (t->told && value == t->last) {
        t->hash = mixed(t->hash, value);
        return;
    }
    if (!add_change(t, value, d->now, least))
        return;
    if (d->stuck.why == STUCK_TWIN)
        end_if_over(f, d);
    else if (!d->stuck.why)
        look_around(f, d);
}

void twin_forget(struct device *d)
{
    memset(&d->twin, 0, sizeof d->twin);
}

static void pack_piece(struct pack *p, struct twin_piece *piece)
{
    int64_t hash = piece->hash;
    pack_int(p, &piece->from);
    pack_int(p, &hash);
    pack_small(p, &piece->changes);
    p->bad = p->bad || hash < 0 || hash > UINT32_MAX;
    piece->hash = (uint32_t)hash;
}

void twin_pack(struct pack *p, struct twin *t)
{
    int64_t hash = (int64_t)t->hash;
    pack_double(p, &t->last);
    pack_bool(p, &t->told);
    pack_bool(p, &t->rose);
    pack_int(p, &t->from);
    pack_int(p, &hash);
    t->hash = (uint64_t)hash;
    pack_small(p, &t->changes);
    pack_count(p, &t->piece_count, TWIN_PIECES);
    for (size_t i = 0; i < t->piece_count; i++)
        pack_piece(p, &t->pieces[i]);
    pack_text(p, t->with_site, sizeof t->with_site);
    pack_text(p, t->with, sizeof t->with);
}
