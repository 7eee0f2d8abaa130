#include "collector/output/live.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* False: it says something that is no word.  Whatever is not called good is suspect. */
static bool quality_readable(const struct json *node, bool *good)
{
    const char *word = "good";
    const struct json *quality = json_member(node, "quality");
    bool readable = !quality || json_text(quality, &word);
    *good = strcmp(word, "good") == 0;
    return readable;
}

static void say(const char *district, const char *site, const char *units, const char *device, int64_t ts, bool good,
                const struct json *values, const struct live_sink *out)
{
    char topic[3 * ID_SIZE + 8];
    struct buf b = buf_growing();
    buf_print(&b, "{\"site\":\"%s\",\"device\":\"%s\",\"ts\":%lld,\"values\":", site, device, (long long)ts);
    json_print(values, &b);
    buf_print(&b, ",\"units\":%s,\"quality\":\"%s\"}", units, good ? "good" : "suspect");
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

struct live_told live_put(const struct intake *in, const char *gateway, const char *payload, size_t length,
                          int64_t receipt_ms, const struct live_sink *out)
{
    struct json *root = json_open(payload, length, NULL);
    const struct json *devices = json_member(root, "devices"), *node;
    struct live_told told = {.unread = !json_is_object(devices)};
    void *at = NULL;
    for (const char *device; (device = json_next(devices, &at, &node));) {
        const struct json *values = json_member(node, "values");
        const char *district, *units, *site, *why;
        int64_t ts = 0;
        bool good, timed = time_readable(node, &ts);
        if (!id_valid(device) || !values_readable(values) || !quality_readable(node, &good) ||
            (!timed && !waits(node))) {
            told.unread++;
        } else if (!(site = intake_device(in, gateway, device, receipt_ms, &district, &units, &why))) {
            told.refused++;
            strcpy(told.device, device);
            told.why = why;
        } else if (timed) {
            say(district, site, units, device, ts, good && ts <= receipt_ms + INTAKE_AHEAD_MS, values, out);
        }
    }
    json_close(root);
    return told;
}

bool live_refused_set(struct live_refused *r, const char *gateway, size_t devices)
{
    size_t i = 0;
    while (i < r->count && strcmp(r->list[i].gateway, gateway) != 0)
        i++;
    bool more = false;
    if (!devices && i < r->count) {
        r->list[i] = r->list[--r->count];
    } else if (devices && i < LIVE_GATEWAYS_MOST) {
        if (i == r->count) {
            r->list = xrealloc(r->list, ++r->count * sizeof *r->list);
            r->list[i].devices = r->list[i].said = 0;
            snprintf(r->list[i].gateway, sizeof r->list[i].gateway, "%s", gateway);
        }
        more = devices <= r->list[i].devices && devices > r->list[i].said;
        r->list[i].said = more || devices < r->list[i].said ? devices : r->list[i].said;
        r->list[i].devices = devices;
    }
    return more;
}

size_t live_refused_sum(const struct live_refused *r)
{
    size_t sum = 0;
    for (size_t i = 0; i < r->count; i++)
        sum += r->list[i].devices;
    return sum;
}

void live_refused_free(struct live_refused *r)
{
    free(r->list);
    *r = (struct live_refused){0};
}
