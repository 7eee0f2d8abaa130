#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "firmware-gateway/gateway_private.h"
#include "firmware-gateway/metrics.h"

#include <inttypes.h>
#include <unistd.h>

enum { FILE_MS = 10000 };

static void put_buses(struct gateway *g, struct buf *b)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->bus_count; i++) {
        const struct running *r = &g->buses[i];
        buf_print(b, "%s\"%s\":", i ? "," : "", r->of->set.buses[r->index].name);
        if (r->bus)
            bus_health(r->bus, b);
        else
            buf_text(b, "{}");
    }
    pthread_mutex_unlock(&g->lock);
}

static void put_health(struct gateway *g, const struct uplink_numbers *u, int64_t mono_ms, struct buf *b)
{
    buf_print(b, "{\"ts\":%" PRId64 ",\"version\":\"" QUIETAIR_VERSION "\",\"uptime\":%" PRId64 ",\"clock\":\"%s\"",
              clock_wall_ms(), (mono_ms - g->started_ms) / 1000, walltime_state(&g->wall));
    buf_print(b,
              ",\"journal\":{\"first\":%" PRIu64 ",\"last\":%" PRIu64 ",\"acked\":%" PRIu64 ",\"bytes\":%" PRId64
              ",\"syncs\":%" PRIu64 ",\"dropped\":%" PRIu64 "}",
              u->first, u->last, u->acked, u->bytes, g->keeper.syncs, batch_dropped(g->batch));
    buf_print(b,
              ",\"stream\":{\"connected\":%s,\"connects\":%" PRIu64 ",\"taken_over\":%" PRIu64 ",\"resends\":%" PRIu64
              ",\"lost\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"unheeded\":{",
              u->connected ? "true" : "false", u->connects, u->taken_over, u->resends, u->lost, u->refused);
    for (size_t i = 0; i < UNHEEDED_KINDS; i++)
        buf_print(b, "%s\"%s\":%" PRIu64, i ? "," : "", unheeded_words[i], u->unheeded[i]);
    buf_text(b, "}},\"buses\":{");
    put_buses(g, b);
    buf_text(b, "}}");
}

static void write_metrics(struct gateway *g, const struct buf *health)
{
    const char *path = g->newest->set.metrics_file;
    struct buf text = buf_growing();
    struct fault f = {0};
    if (metrics_print(&text, health->data, health->length) == 0 &&
        file_replace(path, text.data, text.length, 0644, &f) != 0 && said_first(&g->complaints, f.text))
        log_warn("gateway", "metrics_file: %s", f.text);
    buf_free(&text);
}

void health_turn(struct gateway *g, int64_t mono_ms)
{
    struct uplink_numbers u;
    uplink_numbers(g->uplink, &u);
    bool tell = mono_ms >= g->health_at_ms || u.connects != g->connects;
    if (!tell && mono_ms < g->file_at_ms)
        return;
    struct buf b = buf_growing();
    put_health(g, &u, mono_ms, &b);
    if (tell) {
        uplink_health(g->uplink, b.data, b.length);
        g->health_at_ms = mono_ms + g->newest->set.health_ms;
        g->connects = u.connects;
    }
    if (*g->newest->set.metrics_file)
        write_metrics(g, &b);
    g->file_at_ms = mono_ms + FILE_MS;
    sdnotify("STATUS=%zu devices on %zu buses; %s; %" PRIu64 " frames wait for the collector",
             g->newest->set.device_count, g->bus_count,
             u.connected ? "connected to the broker" : "no link to the broker",
             u.last - (u.acked < u.last ? u.acked : u.last));
    buf_free(&b);
}

void health_end(struct gateway *g)
{
    if (*g->newest->set.metrics_file)
        unlink(g->newest->set.metrics_file);
}
