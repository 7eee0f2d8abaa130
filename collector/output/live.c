#include "collector/output/live.h"
#include "common/json.h"

#include <stdio.h>

static bool values_readable(const struct json *values)
{
    const struct json *value;
    void *at = NULL;
    for (const char *metric; (metric = json_next(values, &at, &value));) {
        const char *text;
        double number;
        if (!id_valid(metric) || (!json_double(value, &number) && !json_text(value, &text)))
            return false;
    }
    return json_is_object(values);
}

static bool time_readable(const struct json *node, int64_t *ts)
{
    return json_int64(json_member(node, "ts"), ts) && *ts > 0 && *ts <= FRAME_EXACT;
}

static void say(const struct intake *in, const char *gateway, const char *device, int64_t ts, const struct json *values,
                const struct live_sink *out)
{
    const char *district, *units, *site = intake_device(in, gateway, device, &district, &units);
    char topic[3 * ID_SIZE + 8];
    if (!site)
        return;
    struct buf b = buf_growing();
    buf_print(&b, "{\"site\":\"%s\",\"device\":\"%s\",\"ts\":%lld,\"values\":", site, device, (long long)ts);
    json_print(values, &b);
    buf_print(&b, ",\"units\":%s,\"quality\":\"good\"}", units);
    snprintf(topic, sizeof topic, "%s/live/%s/%s", district, site, device);
    out->say(out->ctx, topic, b.data, b.length);
    buf_free(&b);
}

/* A box that does not know the time yet tells it by the clock of its boot. */
static bool waits(const struct json *node)
{
    int64_t mono;
    return !json_member(node, "ts") && json_int64(json_member(node, "mono"), &mono) && mono >= 0;
}

size_t live_put(const struct intake *in, const char *gateway, const char *payload, size_t length,
                const struct live_sink *out)
{
    struct json *root = json_open(payload, length, NULL);
    const struct json *devices = json_member(root, "devices"), *node;
    size_t unread = !json_is_object(devices);
    void *at = NULL;
    for (const char *device; (device = json_next(devices, &at, &node));) {
        const struct json *values = json_member(node, "values");
        int64_t ts;
        bool values_good = id_valid(device) && values_readable(values);
        if (values_good && time_readable(node, &ts))
            say(in, gateway, device, ts, values, out);
        else
            unread += !values_good || !waits(node);
    }
    json_close(root);
    return unread;
}
