#include "collector/rules/usage.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_KEPT = 40 }; /* per site: more than a gateway's journal holds by default */

struct usage *usage_get(struct fold *f, const char *site, int64_t day)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "usage/%s/%013lld", site, (long long)day);
    struct usage *u = store_find(&f->usage, key);
    if (u)
        return u;
    u = xcalloc(1, sizeof *u);
    snprintf(u->item.key, sizeof u->item.key, "%s", key);
    snprintf(u->site, sizeof u->site, "%s", site);
    u->day = day;
    u->end = civil_midnight(day, 1);
    store_add(&f->usage, &u->item);
    return u;
}

void usage_each(const struct fold *f, const char *site, void (*each)(void *ctx, const struct usage *), void *ctx)
{
    char prefix[ITEM_KEY];
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "usage/%s/", site), first = 0, end = f->usage.count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(f->usage.items[middle]->key, prefix) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (; first < f->usage.count && strncmp(f->usage.items[first]->key, prefix, length) == 0; first++)
        each(ctx, (const struct usage *)f->usage.items[first]);
}

void usage_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    struct kitchen k = kitchen_at(&f->config.settings, d, from);
    enum known fan = k.fan_metered ? k.fan : k.fume;
    if (fan == UNKNOWN || k.purifier == UNKNOWN)
        return;
    if (from < d->place->usage_from)
        from = d->place->usage_from;
    while (from < to) {
        int64_t midnight = civil_midnight(from, 1);
        int64_t ms = (to < midnight ? to : midnight) - from;
        struct usage *u = usage_get(f, d->site, civil_midnight(from, 0));
        u->covered_ms += ms;
        u->fan_ms += fan == YES ? ms : 0;
        d->place->fan_left_ms -= fan == YES ? ms : 0;
        u->both_ms += fan == YES && k.purifier == YES ? ms : 0;
        u->untold = true;
        touch(f, &u->item);
        from += ms;
    }
}

static void tell(struct fold *f, struct usage *u)
{
    struct usage_row row = {
        .site = u->site, .day = u->day, .covered_ms = u->covered_ms, .fan_ms = u->fan_ms, .both_ms = u->both_ms};
    const struct sink *out = fold_out(f);
    out->usage(out->ctx, &row);
    u->untold = false;
    touch(f, &u->item);
}

/* Have all devices that count here passed this moment? */
static bool all_passed(const struct place *p, int64_t at)
{
    for (size_t i = 0; i < p->device_count; i++) {
        if (purifier_concerns(p->devices[i]) && p->devices[i]->now < at)
            return false;
    }
    return true;
}

static void forget(struct fold *f, struct usage *u, struct place *p)
{
    cleaning_day(f, p, u->day, u->fan_ms);
    if (u->end > p->usage_from)
        p->usage_from = u->end;
    touch(f, &p->item);
    store_remove(&f->usage, &f->changes, &u->item);
}

void usage_tick(struct fold *f)
{
    size_t newer = 0; /* days of the same site seen so far, newest first */
    for (size_t i = f->usage.count; i-- > 0;) {
        struct usage *u = (struct usage *)f->usage.items[i];
        bool same_site = i + 1 < f->usage.count && strcmp(((struct usage *)f->usage.items[i + 1])->site, u->site) == 0;
        struct place *p = place_find(f, u->site);
        newer = same_site ? newer + 1 : 0;
        if (u->untold)
            tell(f, u);
        if (all_passed(p, u->end) || newer >= DAYS_KEPT)
            forget(f, u, p);
    }
}
