#include "collector/held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t short_epoch(const struct frame *f)
{
    char digits[17];
    snprintf(digits, sizeof digits, "%.16s", f->epoch);
    return strtoull(digits, NULL, 16);
}

void held_free(struct held *h)
{
    free(h->frames);
    *h = (struct held){0};
}

static void begin_boot(struct held *h, const char *boot)
{
    h->untold += h->count;
    h->count = h->next = h->owed = 0;
    snprintf(h->boot, sizeof h->boot, "%s", boot);
}

void held_add(struct held *h, const struct frame *f, uint64_t at)
{
    if (strcmp(h->boot, f->boot) != 0)
        begin_boot(h, f->boot);
    if (!at || h->count == HELD_MOST) {
        h->untold++;
        return;
    }
    if (h->count == h->capacity) {
        h->capacity = h->capacity ? 2 * h->capacity : 64;
        h->frames = xrealloc(h->frames, h->capacity * sizeof *h->frames);
    }
    h->frames[h->count++] = (struct held_frame){.at = at, .seq = f->seq, .epoch = short_epoch(f)};
}

void held_time(struct held *h, const struct frame *f)
{
    uint64_t epoch = short_epoch(f);
    if (strcmp(h->boot, f->time.boot) != 0)
        return;
    for (size_t i = 0; i < h->count; i++) {
        struct held_frame *one = &h->frames[i];
        bool named = one->epoch != epoch || (one->seq >= f->time.first && one->seq <= f->time.last);
        h->owed += named && !one->owed;
        one->owed |= named;
    }
    h->offset = f->time.offset;
    h->next = 0;
}

uint64_t held_owed(struct held *h)
{
    while (h->owed && !h->frames[h->next].owed)
        h->next++;
    return h->owed ? h->frames[h->next].at : 0;
}

/* The owed are gone; those that no `time` has named yet remain. */
static void close_up(struct held *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->frames[i].at)
            h->frames[kept++] = h->frames[i];
    h->count = kept;
    h->next = 0;
    if (kept)
        return;
    free(h->frames);
    h->frames = NULL;
    h->capacity = 0;
}

void held_done(struct held *h, uint64_t at)
{
    if (!at || held_owed(h) != at)
        return;
    h->frames[h->next] = (struct held_frame){0};
    if (--h->owed == 0)
        close_up(h);
}
