#include "collector/rules/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sink *fold_out(struct fold *f)
{
    f->left = true;
    return f->sink;
}

void touch(struct fold *f, struct item *item)
{
    store_touch(&f->changes, item);
}

static void copy_id(char out[static ID_SIZE], const char *id)
{
    snprintf(out, ID_SIZE, "%s", id);
}

/* KIND/ID or KIND/ID/MORE: asked for with every reading, so without a format. */
static void write_key(char key[static ITEM_KEY], const char *kind, const char *id, const char *more)
{
    const char *const parts[] = {kind, "/", id, more ? "/" : "", more ? more : ""};
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t length = strnlen(parts[i], ITEM_KEY - 1 - used);
        memcpy(key + used, parts[i], length);
        used += length;
    }
    key[used] = 0;
}

/* ---- sites ------------------------------------------------------------------------------------------------------- */

struct place *place_find(const struct fold *f, const char *site)
{
    char key[ITEM_KEY];
    write_key(key, "site", site, NULL);
    return store_find(&f->places, key);
}

struct place *place_get(struct fold *f, const char *site)
{
    struct place *p = place_find(f, site);
    if (p)
        return p;
    p = xcalloc(1, sizeof *p);
    snprintf(p->item.key, sizeof p->item.key, "site/%s", site);
    copy_id(p->id, site);
    store_add(&f->places, &p->item);
    return p;
}

const struct site *place_at(const struct place *p, int64_t at)
{
    const struct site *valid = p->versions;
    for (size_t i = 1; i < p->count && p->versions[i].valid_from_ms <= at; i++)
        valid = &p->versions[i];
    return valid;
}

int place_night(const struct fold *f, const struct place *p, int64_t at)
{
    int own = p && p->count ? place_at(p, at)->night_start : NOT_GIVEN;
    return own == NOT_GIVEN ? f->config.settings.night_start : own;
}

bool place_closed(const struct place *p, int64_t at)
{
    return p->count && site_closed_at(place_at(p, at), at);
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

struct device *device_find(const struct fold *f, const char *site, const char *device)
{
    char key[ITEM_KEY];
    write_key(key, "device", site, device);
    return store_find(&f->devices, key);
}

static void place_add_device(struct place *p, struct device *d)
{
    p->devices = xrealloc(p->devices, (p->device_count + 1) * sizeof(struct device *));
    size_t at = p->device_count++;
    for (; at && strcmp(p->devices[at - 1]->id, d->id) > 0; at--)
        p->devices[at] = p->devices[at - 1];
    p->devices[at] = d;
}

struct device *device_get(struct fold *f, struct place *place, const char *device)
{
    struct device *d = device_find(f, place->id, device);
    if (d)
        return d;
    d = xcalloc(1, sizeof *d);
    snprintf(d->item.key, sizeof d->item.key, "device/%s/%s", place->id, device);
    copy_id(d->site, place->id);
    copy_id(d->id, device);
    d->noise = noise_empty();
    d->place = place;
    place_add_device(place, d);
    store_add(&f->devices, &d->item);
    return d;
}

bool device_has(const struct device *d, enum metric metric)
{
    return d->metrics >> metric & 1;
}

int64_t device_interval(const struct device *d, enum metric metric)
{
    int64_t own = d->signals[metric].interval_ms;
    return own ? own : d->interval_ms;
}

int64_t device_reach(const struct device *d, enum metric metric)
{
    int64_t interval = device_interval(d, metric);
    return interval + interval / 2;
}

bool signal_holds(const struct signal *s, int64_t at)
{
    return at >= s->from && at < s->until;
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

struct gateway *gateway_find(const struct fold *f, const char *gateway)
{
    char key[ITEM_KEY];
    write_key(key, "gateway", gateway, NULL);
    return store_find(&f->gateways, key);
}

struct gateway *gateway_get(struct fold *f, const char *gateway)
{
    struct gateway *g = gateway_find(f, gateway);
    if (g)
        return g;
    g = xcalloc(1, sizeof *g);
    snprintf(g->item.key, sizeof g->item.key, "gateway/%s", gateway);
    copy_id(g->id, gateway);
    store_add(&f->gateways, &g->item);
    return g;
}

static void gateway_drop_device(struct gateway *g, const struct device *d)
{
    for (size_t i = 0; i < g->device_count; i++) {
        if (g->devices[i] != d)
            continue;
        g->device_count--;
        memmove(g->devices + i, g->devices + i + 1, (g->device_count - i) * sizeof(struct device *));
        return;
    }
}

/* By key, so that what leaves the fold leaves in the same order after a restore. */
static void gateway_add_device(struct gateway *g, struct device *d)
{
    if (g->device_count == g->device_capacity) {
        g->device_capacity = g->device_capacity ? 2 * g->device_capacity : 8;
        g->devices = xrealloc(g->devices, g->device_capacity * sizeof(struct device *));
    }
    size_t at = g->device_count++;
    for (; at && strcmp(g->devices[at - 1]->item.key, d->item.key) > 0; at--)
        g->devices[at] = g->devices[at - 1];
    g->devices[at] = d;
}

void device_join(struct fold *f, struct device *d, struct gateway *g)
{
    struct gateway *former = *d->gateway ? gateway_find(f, d->gateway) : NULL;
    if (former)
        gateway_drop_device(former, d);
    copy_id(d->gateway, g->id);
    gateway_add_device(g, d);
}
