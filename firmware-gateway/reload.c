/* Another configuration, brought in while the gateway runs (SIGHUP).
 *
 * A thread of its own loads and checks the file and ends the buses that are gone or changed, which may take as long as
 * a meter's answer; meanwhile the journal goes on.  Then the main thread, in one turn, journals what those buses still
 * gave, puts the new settings in force, says `hello` with reset, and starts the buses that are new or changed.  A bus
 * of which nothing changed (its section, its devices, their profiles, as written) is not touched and misses no slot.
 */
#include "common/clock.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "firmware-gateway/gateway_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct reload {
    pthread_t thread;
    struct gateway *g;
    struct generation *fresh;
    struct running *buses; /* of the fresh settings: those that go on; NULL at the others */
    bool good;
    atomic_bool done; /* the thread is through */
};

/* ---- what changed ------------------------------------------------------------------------------------------------ */
static void put_section(struct buf *b, const struct conf *c, const char *kind, const char *label)
{
    int section = conf_find(c, kind, label);
    const char *value;
    buf_print(b, "[%s %s]\n", kind, label);
    for (size_t i = 0; section >= 0 && i < conf_keys(c, (size_t)section); i++) {
        const char *key = conf_key(c, (size_t)section, i, &value);
        buf_print(b, "%s = %s\n", key, value ? value : "");
    }
}

/* All that is written about a bus. */
static void put_bus(struct buf *b, const struct gateway_settings *set, size_t bus)
{
    put_section(b, set->conf, "bus", set->buses[bus].name);
    for (size_t i = 0; i < set->device_count; i++) {
        const struct device_section *d = &set->devices[i];
        size_t length;
        if (d->bus != bus)
            continue;
        put_section(b, set->conf, "device", d->name);
        const char *profile = conf_source(d->profile->conf, &length);
        buf_bytes(b, profile, length);
    }
}

static bool buf_equal(const struct buf *a, const struct buf *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

static bool same_bus(const struct gateway_settings *a, size_t i, const struct gateway_settings *b, size_t k)
{
    struct buf one = buf_growing(), other = buf_growing();
    put_bus(&one, a, i);
    put_bus(&other, b, k);
    bool same = buf_equal(&one, &other);
    buf_free(&one);
    buf_free(&other);
    return same;
}

static bool same_link(const struct gateway_settings *a, const struct gateway_settings *b)
{
    struct buf one = buf_growing(), other = buf_growing();
    put_section(&one, a->conf, "mqtt", "");
    put_section(&other, b->conf, "mqtt", "");
    bool same = buf_equal(&one, &other) && strcmp(a->district, b->district) == 0;
    buf_free(&one);
    buf_free(&other);
    return same;
}

/* ---- in a thread of its own -------------------------------------------------------------------------------------- */
static bool load(struct reload *l)
{
    const struct gateway_settings *was = &l->g->newest->set;
    struct gateway_settings *set = &l->fresh->set;
    struct faults faults = {0};
    if (gateway_settings_load(set, conf_name(was->conf), &faults) == 0) {
        if (strcmp(set->id, was->id) != 0)
            faults_add(&faults, "%s: [gateway] id: %s cannot become %s while it runs: stop and start it",
                       conf_name(was->conf), was->id, set->id);
        if (strcmp(set->state_dir, was->state_dir) != 0)
            faults_add(&faults, "%s: [gateway] state_dir: the journal cannot move while it is written: stop and start",
                       conf_name(was->conf));
    }
    for (size_t i = 0; i < faults.count; i++)
        log_error("reload", "%s", faults.text[i]);
    bool good = faults.count == 0;
    if (!good)
        log_error("reload", "%zu %s in the new configuration: the one before stays in force", faults.count,
                  faults.count == 1 ? "fault" : "faults");
    faults_free(&faults);
    return good;
}

/* The place of a running bus among the fresh ones, if nothing of it has changed; SIZE_MAX: it must end. */
static size_t goes_on(const struct running *r, const struct gateway_settings *fresh)
{
    for (size_t k = 0; k < fresh->bus_count; k++)
        if (strcmp(fresh->buses[k].name, r->of->set.buses[r->index].name) == 0)
            return r->bus && same_bus(&r->of->set, r->index, fresh, k) ? k : SIZE_MAX;
    return SIZE_MAX;
}

static void end_changed(struct reload *l)
{
    struct gateway *g = l->g;
    for (size_t i = 0; i < g->bus_count; i++) {
        size_t k = goes_on(&g->buses[i], &l->fresh->set);
        if (k != SIZE_MAX) {
            l->buses[k] = g->buses[i];
            continue;
        }
        pthread_mutex_lock(&g->lock);
        struct bus *bus = g->buses[i].bus;
        g->buses[i].bus = NULL;
        pthread_mutex_unlock(&g->lock);
        bus_stop(bus);
    }
}

static void *work(void *of)
{
    struct reload *l = of;
    l->good = load(l);
    if (l->good) {
        l->buses = xcalloc(l->fresh->set.bus_count, sizeof *l->buses);
        l->fresh->plates = nameplates_new(l->fresh->set.device_count);
        end_changed(l);
    }
    l->done = true;
    return NULL;
}

/* ---- in the main thread ------------------------------------------------------------------------------------------ */
static void generation_free(struct generation *gen)
{
    gateway_settings_free(&gen->set);
    nameplates_free(gen->plates); /* NULL is fine */
    free(gen);
}

void reload_begin(struct gateway *g)
{
    if (g->reload)
        return;
    struct reload *l = xcalloc(1, sizeof *l);
    l->g = g;
    l->fresh = xcalloc(1, sizeof *l->fresh);
    l->fresh->gateway = g;
    sdnotify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_mono_ns() / 1000));
    log_info("reload", "%s is read again", conf_name(g->newest->set.conf));
    if (pthread_create(&l->thread, NULL, work, l) != 0) {
        log_error("reload", "no thread for it");
        free(l->fresh);
        free(l);
        sdnotify("READY=1");
        return;
    }
    g->reload = l;
}

size_t generation_find(const struct generation *gen, const char *device)
{
    for (size_t i = 0; i < gen->set.device_count; i++)
        if (strcmp(gen->set.devices[i].name, device) == 0)
            return i;
    return SIZE_MAX;
}

/* What the devices of untouched buses said they are goes on to hold; others are asked again. */
static void keep_plates(const struct running *buses, const struct generation *from, struct generation *to)
{
    for (size_t k = 0; k < to->set.device_count; k++) {
        size_t i = generation_find(from, to->set.devices[k].name);
        if (buses[to->set.devices[k].bus].bus && i != SIZE_MAX)
            nameplates_copy(to->plates, k, from->plates, i);
    }
}

static void forget_devices(struct gateway *g, const struct gateway_settings *was)
{
    for (size_t i = 0; i < was->device_count; i++) {
        if (generation_find(g->newest, was->devices[i].name) == SIZE_MAX)
            batch_forget(g->batch, was->devices[i].name);
    }
}

static size_t start_missing(struct gateway *g)
{
    size_t started = 0;
    for (size_t k = 0; k < g->bus_count; k++) {
        struct fault f = {0};
        if (g->buses[k].bus)
            continue;
        if (gateway_start_bus(g, k, &f) != 0)
            log_error("reload", "%s", f.text);
        else
            started++;
    }
    return started;
}

static int say_hello(struct gateway *g)
{
    int r = ERR_IO;
    for (int tries = 0; r == ERR_IO && tries < 2; tries++) { /* a segment that fails is given up and another begun */
        r = spool_hello(g->spool, gateway_clock_ms(g));
        r = r ? r : spool_sync(g->spool);
    }
    uplink_wake(g->uplink);
    return r;
}

/* The new settings are in force from here on. */
static int enforce(struct gateway *g, struct reload *l)
{
    const struct gateway_settings *was = &g->newest->set, *set = &l->fresh->set;
    bool reconnect = !same_link(was, set);
    if (strcmp(was->metrics_file, set->metrics_file) != 0)
        health_end(g);
    pthread_mutex_lock(&g->lock);
    keep_plates(l->buses, g->newest, l->fresh);
    free(g->buses);
    g->buses = l->buses;
    g->bus_count = set->bus_count;
    for (size_t k = 0; k < g->bus_count; k++)
        if (!g->buses[k].bus)
            g->buses[k] = (struct running){.of = l->fresh, .index = k};
    l->fresh->older = g->newest;
    g->newest = l->fresh;
    pthread_mutex_unlock(&g->lock);
    l->buses = NULL;
    l->fresh = NULL;

    spool_limit(g->spool, set->journal.max_bytes, set->journal.max_age_ms);
    g->keeper.sync_ms = set->journal.sync_ms;
    forget_devices(g, was);
    int r = say_hello(g);
    if (r)
        return r;
    size_t started = start_missing(g);
    uplink_change(g->uplink, set, reconnect);
    g->health_at_ms = 0;
    said_clear(&g->complaints);
    log_info("reload", "%zu devices on %zu buses; %zu %s started, %zu untouched%s", set->device_count, g->bus_count,
             started, started == 1 ? "bus" : "buses", g->bus_count - started,
             reconnect ? "; the broker is connected to anew" : "");
    return 0;
}

static void reload_free(struct reload *l)
{
    if (l->fresh)
        generation_free(l->fresh);
    free(l->buses);
    free(l);
}

int reload_turn(struct gateway *g)
{
    struct reload *l = g->reload;
    int r = 0;
    if (!l || !l->done)
        return 0;
    pthread_join(l->thread, NULL);
    g->reload = NULL;
    if (l->good) {
        r = gateway_flush(g, true);
        r = r < 0 ? r : enforce(g, l);
    }
    reload_free(l);
    sdnotify("READY=1");
    return r;
}

void reload_end(struct gateway *g)
{
    if (!g->reload)
        return;
    pthread_join(g->reload->thread, NULL);
    reload_free(g->reload);
    g->reload = NULL;
}

static bool in_use(struct gateway *g, const struct generation *gen)
{
    bool used = g->uplink && uplink_settings(g->uplink) != &g->newest->set; /* not there yet: spare all */
    for (size_t i = 0; i < g->bus_count && !used; i++)
        used = g->buses[i].bus && g->buses[i].of == gen;
    return used;
}

void reload_sweep(struct gateway *g, bool all)
{
    for (struct generation **at = &g->newest->older; *at;) {
        struct generation *gen = *at;
        if (!all && in_use(g, gen)) {
            at = &gen->older;
        } else {
            *at = gen->older;
            generation_free(gen);
        }
    }
    if (all) {
        generation_free(g->newest);
        g->newest = NULL;
    }
}
