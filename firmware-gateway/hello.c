#include "common/clock.h"
#include "firmware-gateway/gateway_private.h"

#include <stdlib.h>

static void put_device(struct buf *b, const struct generation *gen, size_t device)
{
    const struct device_section *d = &gen->set.devices[device];
    buf_print(b, "{\"device\":\"%s\",\"site\":\"%s\",\"profile\":\"%s\",\"measurement\":\"%s\",\"interval\":%lld",
              d->name, d->site, d->profile_name, d->profile->measurement, (long long)d->interval_ms);
    buf_print(b, ",\"integration\":\"%s\"", profile_integrations[d->profile->integration]);
    nameplates_print(gen->plates, device, d->serial, b);
    if (*d->calibrated)
        buf_print(b, ",\"calibrated\":\"%s\"", d->calibrated);
    buf_text(b, ",\"metrics\":[");
    for (size_t i = 0; i < d->metric_count; i++) {
        buf_print(b, "%s{\"name\":\"%s\",\"unit\":", i ? "," : "", d->metrics[i].name);
        buf_json(b, d->metrics[i].unit);
        buf_print(b, ",\"type\":\"%s\"", profile_metric_type(&d->metrics[i]));
        if (d->metrics[i].interval_ms > d->interval_ms)
            buf_print(b, ",\"interval\":%lld", (long long)d->metrics[i].interval_ms);
        buf_char(b, '}');
    }
    buf_text(b, "]}");
}

static void put_head(struct buf *b, const struct generation *gen, bool reset)
{
    struct moment now = batch_moment(gen->gateway->batch, clock_boot_ms());
    buf_text(b, ",\"kind\":\"hello\"");
    if (now.boot)
        buf_print(b, ",\"boot\":\"%s\"", now.boot);
    buf_print(b, ",\"%s\":%lld,\"version\":\"" QUIETAIR_VERSION "\",\"district\":\"%s\"%s,\"devices\":[",
              now.boot ? "mono" : "ts", (long long)now.ms, gen->set.district, reset ? ",\"reset\":true" : "");
}

/* A device that alone does not fit cannot be (profiles bound their metrics). */
static size_t put_devices(const struct generation *gen, struct buf *b, size_t first, bool reset)
{
    const struct gateway_settings *set = &gen->set;
    char *memory = xmalloc(FRAME_MAX);
    size_t i = first;
    put_head(b, gen, reset);
    for (; i < set->device_count; i++) {
        struct buf one = buf_fixed(memory, FRAME_MAX);
        put_device(&one, gen, i);
        if (b->capacity - b->length < one.length + 8 && i > first)
            break;
        if (i > first)
            buf_char(b, ',');
        buf_bytes(b, one.data, one.length);
    }
    buf_char(b, ']');
    free(memory);
    return i < set->device_count ? i : 0;
}

size_t hello_put(void *gateway, struct buf *b, size_t first, bool reset)
{
    struct gateway *g = gateway;
    pthread_mutex_lock(&g->lock);
    size_t next = put_devices(g->newest, b, first, reset);
    pthread_mutex_unlock(&g->lock);
    return next;
}

int hello_plates(struct gateway *g, int64_t wall_ms, int64_t mono_ms)
{
    int r = 0;
    for (size_t device; !r && nameplates_take_changed(g->newest->plates, &device);) {
        buf_clear(&g->body);
        put_head(&g->body, g->newest, false);
        put_device(&g->body, g->newest, device);
        buf_char(&g->body, ']');
        r = keeper_put(&g->keeper, g->body.data, g->body.length, wall_ms, mono_ms);
    }
    return r;
}
