#include "common/clock.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "common/service.h"
#include "firmware-gateway/gateway_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EMPTY_FRAME_MS = 60000, TURN_NS = 100000000, LONG_SYNC_MS = 120000 };

static void on_reading(void *ctx, size_t device, const struct reading *r)
{
    const struct generation *of = ctx;
    batch_put(of->gateway->batch, r, of->set.devices[device].calibration_due_ms);
}

/* The device may stand at another place, or not at all, in the settings that are in force by now. */
static void on_text(void *ctx, size_t device, const char *name, const char *text)
{
    const struct generation *of = ctx;
    struct gateway *g = of->gateway;
    const struct device_section *d = &of->set.devices[device];
    pthread_mutex_lock(&g->lock);
    size_t at = generation_find(g->newest, d->name);
    if (at != SIZE_MAX)
        nameplates_put(g->newest->plates, at, name, text);
    pthread_mutex_unlock(&g->lock);
    if (!strcmp(name, profile_text_names[PROFILE_TEXT_SERIAL]) && *d->serial && strcmp(text, d->serial))
        log_warn("bus", "%s: says that its serial number is %s; the configuration has %s", d->name, text, d->serial);
}

/* ---- buses ------------------------------------------------------------------------------------------------------- */
int gateway_start_bus(struct gateway *g, size_t index, struct fault *f)
{
    const struct bus_events on = {g->newest, on_reading, on_text};
    struct bus *bus = NULL;
    int r = bus_start(&bus, &g->newest->set, index, &on, f);
    pthread_mutex_lock(&g->lock);
    g->buses[index] = (struct running){bus, g->newest, index};
    pthread_mutex_unlock(&g->lock);
    return r;
}

static void stop_buses(struct gateway *g)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->bus_count; i++) {
        bus_stop(g->buses[i].bus); /* NULL is fine */
        g->buses[i].bus = NULL;
    }
    pthread_mutex_unlock(&g->lock);
}

/* How long a worker may ask without coming back, beside systemd's own patience: until its slowest device's answer, and
 * until no late one can come any more. */
static int64_t patience_ms(const struct running *r)
{
    const struct gateway_settings *set = &r->of->set;
    int64_t most = 0;
    for (size_t i = 0; i < set->device_count; i++)
        if (set->devices[i].bus == r->index && set->devices[i].timeout_ms > most)
            most = set->devices[i].timeout_ms;
    return 2 * most + set->buses[r->index].worst_answer_ms + sdnotify_watchdog_ms();
}

/* The watchdog is fed by progress: this loop comes round, and every worker comes back from its waits. */
static void feed_watchdog(struct gateway *g, int64_t mono_ms)
{
    const char *stuck = NULL;
    if (!sdnotify_watchdog_ms())
        return;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->bus_count && !stuck; i++)
        if (g->buses[i].bus && mono_ms - bus_back_by_ns(g->buses[i].bus) / 1000000 > patience_ms(&g->buses[i]))
            stuck = g->buses[i].of->set.buses[g->buses[i].index].name;
    pthread_mutex_unlock(&g->lock);
    if (!stuck)
        sdnotify_alive(mono_ms);
    else if (!g->stuck)
        log_error("gateway", "the worker of bus %s hangs; the watchdog is not fed any more", stuck);
    g->stuck = stuck != NULL;
}

/* ---- the journal ------------------------------------------------------------------------------------------------- */
static int put_overflow(struct gateway *g, struct buf *body, int64_t wall_ms, int64_t mono_ms)
{
    struct moment since, until;
    if (!batch_overflow(g->batch, &since, &until))
        return 0;
    buf_clear(body);
    spool_gap_body(body, since, until, "lost");
    log_warn("journal", "too slow for the readings: some between %" PRId64 " and %" PRId64 " are lost", since.ms,
             until.ms);
    return keeper_put(&g->keeper, body->data, body->length, wall_ms, mono_ms);
}

int gateway_flush(struct gateway *g, bool now)
{
    struct buf *body = &g->body;
    int64_t wall_ms = gateway_clock_ms(g), mono_ms = clock_mono_ms();
    int r = put_overflow(g, body, wall_ms, mono_ms);
    r = r ? r : hello_plates(g, wall_ms, mono_ms);
    for (buf_clear(body); !r && batch_take(g->batch, body) > 0; buf_clear(body)) {
        r = keeper_put(&g->keeper, body->data, body->length, wall_ms, mono_ms);
        g->put_ms = mono_ms;
    }
    if (!r && mono_ms - g->put_ms >= EMPTY_FRAME_MS) {
        static const char empty[] = ",\"kind\":\"readings\",\"readings\":[]";
        r = keeper_put(&g->keeper, empty, sizeof empty - 1, wall_ms, mono_ms);
        g->put_ms = mono_ms;
    }
    if (!r)
        r = keeper_turn(&g->keeper, now, wall_ms, mono_ms);
    if (r > 0)
        uplink_wake(g->uplink);
    return r < 0 ? r : 0;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */
static void begin_stop(struct gateway *g)
{
    sdnotify("STOPPING=1");
    reload_end(g);
    stop_buses(g);
}

static int attend(struct gateway *g)
{
    int64_t mono_ms = clock_mono_ms();
    feed_watchdog(g, mono_ms);
    int r = gateway_clock_turn(g);
    if (r)
        return r;
    health_turn(g, mono_ms);
    if (!g->reload && service_reload_asked())
        reload_begin(g);
    r = reload_turn(g);
    if (!g->reload) /* its thread ends buses that still work by older settings */
        reload_sweep(g, false);
    return r;
}

static int loop(struct gateway *g, struct fault *f)
{
    int64_t due = clock_mono_ns();
    int r = 0;
    bool last = false;
    while (r >= 0 && !last) {
        int64_t now = clock_mono_ns(), next = now + TURN_NS;
        last = service_stopping();
        if (last)
            begin_stop(g);
        if (last || now >= due) {
            r = gateway_flush(g, last);
            due += g->newest->set.flush_ms * 1000000;
            due = due > now ? due : now;
        }
        if (!last && r >= 0) {
            r = attend(g);
            clock_sleep_until_ns(due < next ? due : next);
        }
    }
    return r < 0 ? fault(f, r, "%s: the journal cannot be written", g->newest->set.state_dir) : 0;
}

/* ---- life -------------------------------------------------------------------------------------------------------- */
static int open_spool(struct gateway *g, struct fault *f)
{
    const struct gateway_settings *set = &g->newest->set;
    struct spool_settings spool = {.state_dir = set->state_dir,
                                   .gateway = set->id,
                                   .max_bytes = set->journal.max_bytes,
                                   .max_age_ms = set->journal.max_age_ms,
                                   .hello = hello_put,
                                   .ctx = g,
                                   .boot = g->boot,
                                   .offset_ms = g->wall.offset_ms,
                                   .error_ms = g->wall.error_ms};
    int r = spool_open(&g->spool, &spool, batch_moment(g->batch, clock_boot_ms()), f);
    if (!r && spool_cut_bytes(g->spool))
        log_warn("journal", "a torn tail of %" PRId64 " bytes was cut", spool_cut_bytes(g->spool));
    if (!r && spool_set_aside_files(g->spool))
        log_warn("journal", "%u files of the journal were unreadable and are set aside as *.bad",
                 spool_set_aside_files(g->spool));
    if (set->journal.sync_ms > LONG_SYNC_MS)
        log_warn("journal",
                 "[journal] sync: frames leave at most so often; a collector whose gateway_offline_after is shorter "
                 "takes this gateway for offline");
    return r;
}

static int start(struct gateway *g, struct fault *f)
{
    const struct gateway_settings *set = &g->newest->set;
    int r = 0;
    keeper_init(&g->keeper, g->spool, set->journal.sync_ms);
    g->body = buf_growing();
    g->started_ms = g->put_ms = clock_mono_ms();
    g->bus_count = set->bus_count;
    g->buses = xcalloc(g->bus_count, sizeof *g->buses);
    for (size_t i = 0; !r && i < g->bus_count; i++)
        r = gateway_start_bus(g, i, f);
    return r;
}

int gateway_run(struct gateway_settings *set, struct fault *f)
{
    struct gateway g = {.lock = PTHREAD_MUTEX_INITIALIZER};
    g.newest = xcalloc(1, sizeof *g.newest);
    g.newest->gateway = &g;
    g.newest->set = *set;
    g.newest->plates = nameplates_new(set->device_count);
    *set = (struct gateway_settings){0};
    gateway_clock_begin(&g);
    int r = open_spool(&g, f);
    if (r)
        goto out;
    r = start(&g, f);
    if (!r) {
        g.uplink = uplink_start(&g.newest->set, g.spool, g.batch);
        log_info("gateway", "%s: %zu devices on %zu buses, epoch %.8s…", g.newest->set.id, g.newest->set.device_count,
                 g.bus_count, spool_epoch(g.spool));
        sdnotify("READY=1");
        r = loop(&g, f);
        reload_end(&g);
        uplink_stop(g.uplink);
        health_end(&g);
    }
    stop_buses(&g);
    keeper_free(&g.keeper);
    spool_close(g.spool, r == 0);
    buf_free(&g.body);
    free(g.buses);
out:
    batch_free(g.batch);
    reload_sweep(&g, true);
    return r;
}
