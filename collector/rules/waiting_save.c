#include "collector/rules/flag_past.h"
#include "collector/rules/memory.h"
#include "collector/rules/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item *waiting_make(struct fold *f, const char *key)
{
    const char *site = strchr(key, '/'), *device = site ? strchr(site + 1, '/') : NULL;
    if (!device || !id_valid_n(site + 1, (size_t)(device - site - 1)) || !id_valid(device + 1))
        return NULL;
    struct waiting *w = store_find(&f->waits, key);
    if (w)
        return &w->item;
    w = xcalloc(1, sizeof *w);
    snprintf(w->item.key, sizeof w->item.key, "%s", key);
    snprintf(w->site, sizeof w->site, "%.*s", (int)(device - site - 1), site + 1);
    snprintf(w->device, sizeof w->device, "%s", device + 1);
    store_add(&f->waits, &w->item);
    return &w->item;
}

static void pack_course(struct pack *p, struct course *c)
{
    streak_pack(p, &c->told);
    streak_pack(p, &c->sound);
    pack_int(p, &c->start);
    pack_bool(p, &c->supported);
}

static void pack_outcome(struct pack *p, enum outcome *outcome)
{
    int value = *outcome;
    pack_small(p, &value);
    p->bad = p->bad || value < OUTCOME_COMPLIANT || value > OUTCOME_NOT_JUDGED;
    *outcome = (enum outcome)value;
}

static void pack_row(struct pack *p, struct awaited *a)
{
    struct window_row *r = &a->row;
    double *const numbers[] = {&r->coverage, &r->measured, &r->judged, &r->limit,  &r->l5,     &r->l10,
                               &r->l50,      &r->l90,      &r->l95,    &r->lafmax, &r->lafmin, &r->sd};
    pack_outcome(p, &r->outcome);
    pack_bool(p, &r->statutory);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        pack_double(p, numbers[i]);
    pack_text(p, a->district, sizeof a->district);
    pack_text(p, a->grid, sizeof a->grid);
    pack_text(p, a->reason, sizeof a->reason);
}

static void pack_window(struct pack *p, struct awaited *a)
{
    pack_int(p, &a->row.from);
    pack_int(p, &a->row.to);
    for (int k = 0; k < WAITING_FLAGS; k++)
        pack_outcome(p, &a->counted[k]);
    pack_bool(p, &a->struck);
    pack_bool(p, &a->open);
    if (a->open)
        pack_row(p, a);
}

/* Windows and past flags are made anew when they are read. */
static void pack_counts(struct pack *p, struct waiting *w)
{
    pack_count(p, &w->count, WAITING_MOST);
    pack_count(p, &w->past_count, WAITING_PAST);
    p->bad = p->bad || !w->count;
    if (p->out)
        return;
    w->capacity = w->count;
    w->windows = xcalloc(w->count + 1, sizeof *w->windows);
    w->past = xcalloc(w->past_count + 1, sizeof *w->past);
    for (size_t i = 0; i < w->past_count; i++)
        w->past[i].detail = xstrdup("");
}

void waiting_pack(struct fold *f, struct pack *p, struct item *item)
{
    struct waiting *w = (struct waiting *)item;
    pack_text(p, w->station, sizeof w->station);
    for (int k = 0; k < WAITING_FLAGS; k++)
        pack_course(p, &w->courses[k]);
    pack_counts(p, w);
    for (size_t i = 0; i < w->count; i++)
        pack_window(p, &w->windows[i]);
    for (size_t i = 0; i < w->past_count; i++)
        flag_past_pack(p, &w->past[i]);
    if (!p->out && !p->bad)
        waiting_join(f, w);
}

void waiting_free(struct item *item)
{
    struct waiting *w = (struct waiting *)item;
    for (size_t i = 0; i < w->past_count; i++)
        free(w->past[i].detail);
    free(w->past);
    free(w->windows);
    free(w);
}
