#include "collector/rules/cleaning_book.h"
#include "collector/rules/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const evidence_names[] = {"pressure", "current", "button", "door", NULL};

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static const char prefix[] = "cleaning/";

struct book *book_find(const struct fold *f, const char *site)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "%s%s", prefix, site);
    return store_find(&f->books, key);
}

struct book *book_get(struct fold *f, const char *site)
{
    struct book *b = book_find(f, site);
    if (b)
        return b;
    b = xcalloc(1, sizeof *b);
    snprintf(b->item.key, sizeof b->item.key, "%s%s", prefix, site);
    snprintf(b->site, sizeof b->site, "%s", site);
    store_add(&f->books, &b->item);
    return b;
}

/* ---- claims ------------------------------------------------------------------------------------------------------ */

void book_add_claim(struct book *b, const struct claimed *c)
{
    size_t at = b->claim_count;
    b->claims = xrealloc(b->claims, (b->claim_count + 1) * sizeof *b->claims);
    for (; at && b->claims[at - 1].cleaned_at > c->cleaned_at; at--)
        b->claims[at] = b->claims[at - 1];
    b->claims[at] = *c;
    b->claim_count++;
}

static void free_claim(struct claimed *c)
{
    free(c->by);
    free(c->provider);
    free(c->note);
    free(c->actor);
    free(c->photos);
}

void book_drop_claim(struct book *b, size_t index)
{
    free_claim(&b->claims[index]);
    b->claim_count--;
    memmove(b->claims + index, b->claims + index + 1, (b->claim_count - index) * sizeof *b->claims);
}

/* ---- detections -------------------------------------------------------------------------------------------------- */

void book_add_detection(struct book *b, const struct detection *d, int64_t now)
{
    size_t kept = 0;
    bool full = b->detection_count == DETECTIONS;
    for (size_t i = full; i < b->detection_count; i++) {
        if (now - b->detections[i].to <= CLEANING_KEPT_MS)
            b->detections[kept++] = b->detections[i];
    }
    b->detections = xrealloc(b->detections, (kept + 1) * sizeof *b->detections);
    b->detections[kept] = *d;
    b->detection_count = kept + 1;
}

/* ---- days of the fan --------------------------------------------------------------------------------------------- */

static void drop_first_days(struct book *b, size_t count)
{
    b->day_count -= count;
    if (b->day_count) /* else there may be no list */
        memmove(b->days, b->days + count, b->day_count * sizeof *b->days);
}

void book_add_day(struct book *b, int64_t day, int64_t fan_ms)
{
    size_t at = b->day_count;
    if (b->day_count == FAN_DAYS) {
        drop_first_days(b, 1);
        at--;
    }
    b->days = xrealloc(b->days, (b->day_count + 1) * sizeof *b->days);
    for (; at && b->days[at - 1].day > day; at--)
        b->days[at] = b->days[at - 1];
    b->days[at] = (struct fan_day){day, fan_ms};
    b->day_count++;
}

void book_drop_days(struct book *b, int64_t until)
{
    size_t n = 0;
    while (n < b->day_count && b->days[n].day < until)
        n++;
    drop_first_days(b, n);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

struct item *book_make(struct fold *f, const char *key)
{
    const char *site = key + sizeof prefix - 1;
    return id_valid(site) ? &book_get(f, site)->item : NULL;
}

static void pack_claim(struct pack *p, struct claimed *c)
{
    pack_text(p, c->id, sizeof c->id);
    pack_string(p, &c->by);
    pack_string(p, &c->provider);
    pack_string(p, &c->note);
    pack_string(p, &c->actor);
    pack_string(p, &c->photos);
    pack_int(p, &c->cleaned_at);
    pack_int(p, &c->entered_at);
    pack_bool(p, &c->whole_day);
}

static void pack_detection(struct pack *p, struct detection *d)
{
    pack_text(p, d->id, sizeof d->id);
    pack_text(p, d->device, sizeof d->device);
    pack_small(p, &d->evidence);
    p->bad = p->bad || d->evidence < 0 || d->evidence >= EVIDENCES;
    pack_int(p, &d->from);
    pack_int(p, &d->to);
    pack_double(p, &d->before);
    pack_double(p, &d->after);
}

/* Room for `count` more empty ones where they are read back. */
static void *room(const struct pack *p, void *items, size_t count, size_t size)
{
    if (p->out)
        return items;
    free(items);
    return count ? xcalloc(count, size) : NULL;
}

void book_pack(struct fold *f, struct pack *p, struct item *item)
{
    struct book *b = (struct book *)item;
    (void)f;
    pack_count(p, &b->claim_count, 1 << 16);
    b->claims = room(p, b->claims, b->claim_count, sizeof *b->claims);
    for (size_t i = 0; i < b->claim_count; i++)
        pack_claim(p, &b->claims[i]);
    pack_count(p, &b->detection_count, DETECTIONS);
    b->detections = room(p, b->detections, b->detection_count, sizeof *b->detections);
    for (size_t i = 0; i < b->detection_count; i++)
        pack_detection(p, &b->detections[i]);
    pack_count(p, &b->day_count, FAN_DAYS);
    b->days = room(p, b->days, b->day_count, sizeof *b->days);
    for (size_t i = 0; i < b->day_count; i++) {
        pack_int(p, &b->days[i].day);
        pack_int(p, &b->days[i].fan_ms);
    }
    pack_int(p, &b->due_last);
    pack_int(p, &b->overdue_last);
}

void book_free(struct item *item)
{
    struct book *b = (struct book *)item;
    for (size_t i = 0; i < b->claim_count; i++)
        free_claim(&b->claims[i]);
    free(b->claims);
    free(b->detections);
    free(b->days);
    free(b);
}
