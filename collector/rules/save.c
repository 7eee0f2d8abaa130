/* Saving and restoring: each kind of item with its key, its making and its walk (pack.h). */
#include "collector/rules/cleaning_book.h"
#include "collector/rules/entry.h"
#include "collector/rules/fold.h"
#include "collector/rules/memory.h"
#include "collector/rules/usage.h"
#include "collector/site_pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- walks ------------------------------------------------------------------------------------------------------- */

enum { VERSIONS_MOST = 1 << 20 };

static void pack_place(struct fold *f, struct pack *p, struct item *item)
{
    struct place *place = (struct place *)item;
    (void)f;
    size_t count = place->count;
    pack_count(p, &count, p->out ? VERSIONS_MOST : (size_t)(p->end - p->at)); /* each has a byte at least */
    if (!p->out)
        place->versions = xrealloc(place->versions, count * sizeof *place->versions);
    for (place->count = 0; place->count < count && !p->bad; place->count++)
        site_pack(p, &place->versions[place->count]);
    p->bad = p->bad || !count;
    pack_int(p, &place->imported_ms);
    pack_int(p, &place->cleaned_ms);
    pack_int(p, &place->usage_from);
}

static void pack_signals(struct pack *p, struct device *d)
{
    for (enum metric m = 0; m < METRICS; m++) {
        if (!device_has(d, m))
            continue;
        pack_double(p, &d->signals[m].value);
        pack_int(p, &d->signals[m].from);
        pack_int(p, &d->signals[m].until);
        pack_int(p, &d->signals[m].interval_ms);
    }
}

static void pack_device(struct fold *f, struct pack *p, struct item *item)
{
    struct device *d = (struct device *)item;
    char gateway[ID_SIZE];
    int metrics = (int)d->metrics;
    memcpy(gateway, d->gateway, sizeof gateway);
    pack_text(p, gateway, sizeof gateway);
    pack_small(p, &metrics);
    d->metrics = (unsigned)metrics;
    pack_int(p, &d->interval_ms);
    pack_bool(p, &d->backward);
    pack_int(p, &d->calibrated_ms);
    pack_int(p, &d->now);
    pack_signals(p, d);
    pack_int(p, &d->missing.from);
    pack_int(p, &d->missing.told);
    pack_text(p, d->missing.reason, sizeof d->missing.reason);
    noise_pack(p, &d->noise); /* all of them: a device may have ceased to give a metric, and give it again later */
    fume_pack(p, &d->fume);
    purifier_pack(p, &d->purifier);
    silence_pack(p, &d->silence);
    defect_pack(p, &d->defect);
    stuck_pack(p, &d->stuck);
    twin_pack(p, &d->twin);
    detect_pack(p, &d->detect);
    duct_pack(p, &d->duct);
    if (!p->out && *gateway && !p->bad)
        device_join(f, d, gateway_get(f, gateway));
}

static void pack_gateway(struct fold *f, struct pack *p, struct item *item)
{
    struct gateway *g = (struct gateway *)item;
    int64_t seq = (int64_t)g->seq;
    (void)f;
    pack_text(p, g->district, sizeof g->district);
    pack_int(p, &g->newest_ts);
    pack_int(p, &g->heard_ms);
    pack_int(p, &seq);
    g->seq = (uint64_t)seq;
    pack_bool(p, &g->opening);
    pack_bool(p, &g->offline);
    passage_pack(p, &g->passage);
    dating_pack(p, &g->dating);
    pack_count(p, &g->epoch_count, EPOCHS_KNOWN);
    for (size_t i = 0; i < g->epoch_count; i++)
        pack_text(p, g->epochs[i], sizeof g->epochs[i]);
}

static void pack_flag(struct fold *f, struct pack *p, struct item *item)
{
    struct flag *flag = (struct flag *)item;
    int kind = flag->kind;
    (void)f;
    pack_small(p, &kind);
    p->bad = p->bad || kind < 0 || kind >= FLAG_KINDS;
    flag->kind = (enum flag_kind)kind;
    pack_text(p, flag->id, sizeof flag->id);
    pack_small(p, &flag->rev);
    pack_text(p, flag->site, sizeof flag->site);
    pack_text(p, flag->device, sizeof flag->device);
    pack_text(p, flag->gateway, sizeof flag->gateway);
    pack_int(p, &flag->start);
    pack_int(p, &flag->since);
    pack_double(p, &flag->measured);
    pack_double(p, &flag->limit);
    pack_string(p, &flag->detail);
    pack_string(p, &flag->topic);
    pack_int(p, &flag->forget_ms);
    for (size_t i = 0; i < PAST_FLAGS; i++) {
        pack_int(p, &flag->past[i].start);
        pack_int(p, &flag->past[i].rev);
    }
}

static void pack_usage(struct fold *f, struct pack *p, struct item *item)
{
    struct usage *u = (struct usage *)item;
    (void)f;
    pack_int(p, &u->end);
    pack_int(p, &u->covered_ms);
    pack_int(p, &u->fan_ms);
    pack_int(p, &u->both_ms);
    pack_bool(p, &u->untold);
}

static void pack_weather(struct fold *f, struct pack *p, struct item *item)
{
    (void)f;
    weather_pack(p, (struct weather *)item);
}

static void pack_watch(struct fold *f, struct pack *p, struct item *item)
{
    struct watch *w = (struct watch *)item;
    (void)f;
    pack_int(p, &w->now);
    pack_bool(p, &w->link_up);
    pack_int(p, &w->link_ms);
}

static void pack_case(struct fold *f, struct pack *p, struct item *item)
{
    (void)f;
    case_pack(p, (struct casefile *)item);
}

static void pack_entry(struct fold *f, struct pack *p, struct item *item)
{
    (void)f;
    entry_pack(p, (struct entry *)item);
}

/* The record as it came; read again, it gives the same settings and standards. */
static void pack_config(struct fold *f, struct pack *p, struct item *item)
{
    (void)item;
    if (p->out) {
        buf_bytes(p->out, f->config.body, f->config.length);
        return;
    }
    struct faults faults = {0};
    p->bad = !rules_config_read(&f->config, (const char *)p->at, (size_t)(p->end - p->at), &faults);
    p->at = p->end;
    faults_free(&faults);
}

/* ---- making an item from its key --------------------------------------------------------------------------------- */

/* The part of a key between its n-th slash and the next; false if it is no id. */
static bool key_part(const char *key, int n, char out[static ID_SIZE])
{
    for (; n && key; n--) {
        key = strchr(key, '/');
        key = key ? key + 1 : NULL;
    }
    size_t length = key ? strcspn(key, "/") : 0;
    if (!key || !id_valid_n(key, length))
        return false;
    memcpy(out, key, length);
    out[length] = 0;
    return true;
}

static struct item *make_place(struct fold *f, const char *key)
{
    char site[ID_SIZE];
    return key_part(key, 1, site) ? &place_get(f, site)->item : NULL;
}

static struct item *make_device(struct fold *f, const char *key)
{
    char site[ID_SIZE], device[ID_SIZE];
    if (!key_part(key, 1, site) || !key_part(key, 2, device))
        return NULL;
    return &device_get(f, place_get(f, site), device)->item;
}

static struct item *make_gateway(struct fold *f, const char *key)
{
    char gateway[ID_SIZE];
    return key_part(key, 1, gateway) ? &gateway_get(f, gateway)->item : NULL;
}

static struct item *make_flag(struct fold *f, const char *key)
{
    struct flag *flag = store_find(&f->flags, key);
    if (flag)
        return &flag->item;
    flag = xcalloc(1, sizeof *flag);
    snprintf(flag->item.key, sizeof flag->item.key, "%s", key);
    store_add(&f->flags, &flag->item);
    return &flag->item;
}

static struct item *make_usage(struct fold *f, const char *key)
{
    char site[ID_SIZE], day[ID_SIZE];
    if (!key_part(key, 1, site) || !key_part(key, 2, day) || strlen(day) != 13 || day[strspn(day, "0123456789")])
        return NULL;
    return &usage_get(f, site, strtoll(day, NULL, 10))->item;
}

static struct item *make_weather(struct fold *f, const char *key)
{
    char site[ID_SIZE], device[ID_SIZE];
    if (!key_part(key, 1, site) || !key_part(key, 2, device))
        return NULL;
    return &weather_get(f, key + strlen("weather/"))->item;
}

static struct item *make_watch(struct fold *f, const char *key)
{
    (void)key;
    return &f->watch.item;
}

static struct item *make_config(struct fold *f, const char *key)
{
    (void)key;
    return &f->config_item;
}

/* ---- letting go -------------------------------------------------------------------------------------------------- */

static void free_place(struct item *item)
{
    struct place *p = (struct place *)item;
    free(p->versions);
    free(p->devices);
    free(p);
}

static void free_device(struct item *item)
{
    struct device *d = (struct device *)item;
    noise_free(&d->noise);
    free(d);
}

static void free_gateway(struct item *item)
{
    free(((struct gateway *)item)->devices);
    free(item);
}

static void free_flag(struct item *item)
{
    struct flag *flag = (struct flag *)item;
    free(flag->detail);
    free(flag->topic);
    free(flag);
}

static void free_weather(struct item *item)
{
    free(((struct weather *)item)->waiters);
    free(item);
}

static void free_usage(struct item *item)
{
    free(item);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

enum { IN_FOLD = 0 }; /* a member of struct fold itself, in no store */

static const struct kind {
    const char *prefix;
    size_t store;                                         /* offset in struct fold, or IN_FOLD */
    struct item *(*make)(struct fold *, const char *key); /* NULL: no such key */
    void (*pack)(struct fold *, struct pack *, struct item *);
    void (*free)(struct item *);
} kinds[] = {
    {"config", IN_FOLD, make_config, pack_config, NULL},
    {"watch", IN_FOLD, make_watch, pack_watch, NULL},
    {"site/", offsetof(struct fold, places), make_place, pack_place, free_place},
    {"device/", offsetof(struct fold, devices), make_device, pack_device, free_device},
    {"gateway/", offsetof(struct fold, gateways), make_gateway, pack_gateway, free_gateway},
    {"flag/", offsetof(struct fold, flags), make_flag, pack_flag, free_flag},
    {"weather/", offsetof(struct fold, weathers), make_weather, pack_weather, free_weather},
    {"waiting/", offsetof(struct fold, waits), waiting_make, waiting_pack, waiting_free},
    {"usage/", offsetof(struct fold, usage), make_usage, pack_usage, free_usage},
    {"draw/", offsetof(struct fold, draws), draw_make, draw_pack, draw_free},
    {"cleaning/", offsetof(struct fold, books), book_make, book_pack, book_free},
    {"rests/", offsetof(struct fold, rests), rests_make, rests_pack, rests_free},
    {"case/", offsetof(struct fold, cases), case_make, pack_case, case_free},
    {"entry/", offsetof(struct fold, entries), entry_make, pack_entry, entry_free},
    {"audit/", offsetof(struct fold, audits), audit_make, audit_pack, audit_free_item},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *kind_of(const char *key)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strncmp(kinds[i].prefix, key, strlen(kinds[i].prefix)) == 0)
            return &kinds[i];
    }
    return NULL;
}

struct fold *fold_new(void)
{
    struct fold *f = xcalloc(1, sizeof *f);
    snprintf(f->config_item.key, sizeof f->config_item.key, "config");
    snprintf(f->watch.item.key, sizeof f->watch.item.key, "watch");
    rules_config_default(&f->config);
    return f;
}

void fold_free(struct fold *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->changes.count; i++) {
        struct item *item = f->changes.items[i];
        if (item->gone)
            kind_of(item->key)->free(item);
    }
    for (size_t k = 0; k < KINDS; k++) {
        struct store *s = (struct store *)((char *)f + kinds[k].store);
        for (size_t i = 0; kinds[k].store != IN_FOLD && i < s->count; i++)
            kinds[k].free(s->items[i]);
        if (kinds[k].store != IN_FOLD)
            free(s->items);
    }
    free(f->changes.items);
    rules_config_free(&f->config);
    free(f);
}

static void save_gateway(const struct gateway *g, const struct sink *to)
{
    struct gateway_row row = {.gateway = g->id,
                              .district = g->district,
                              .epoch = g->epoch_count ? g->epochs[0] : "",
                              .seq = g->seq,
                              .newest_ts = g->newest_ts,
                              .heard_ms = g->heard_ms};
    to->gateway(to->ctx, &row);
}

static void save_item(struct fold *f, struct item *item, const struct sink *to, struct buf *bytes)
{
    const struct kind *kind = kind_of(item->key);
    if (item->gone) {
        to->state(to->ctx, item->key, NULL, 0);
        kind->free(item);
        return;
    }
    struct pack p = pack_writer(bytes);
    buf_clear(bytes);
    kind->pack(f, &p, item);
    to->state(to->ctx, item->key, bytes->data, bytes->length);
    item->dirty = false;
    if (kind->make == make_gateway)
        save_gateway((const struct gateway *)item, to);
}

void fold_save(struct fold *f, const struct sink *to)
{
    struct buf bytes = buf_growing();
    for (size_t i = 0; i < f->changes.count; i++)
        save_item(f, f->changes.items[i], to, &bytes);
    f->changes.count = 0;
    buf_free(&bytes);
}

int fold_restore(struct fold *f, const char *key, const void *bytes, size_t length)
{
    const struct kind *kind = strlen(key) < ITEM_KEY ? kind_of(key) : NULL;
    struct item *item = kind ? kind->make(f, key) : NULL;
    struct pack p = pack_reader(bytes, length);
    if (!item)
        return ERR_CORRUPT;
    kind->pack(f, &p, item);
    return pack_done(&p) ? 0 : ERR_CORRUPT;
}
