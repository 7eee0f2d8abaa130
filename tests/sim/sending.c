#include "tests/sim/sending.h"
#include "common/clock.h"
#include "common/file.h"
#include "firmware-gateway/sender.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESEND_MS = 5000, BODY_MOST = FRAME_MAX - 512, TOPIC = 256, GOODBYE_MS = 2000 };
enum { SPOOL_MOST = 64 * 1024 * 1024 }; /* far more than what is not acked yet */

struct sending {
    struct sending_settings set;
    char dir[64], client_id[64];
    char stream[TOPIC], ack[TOPIC], status[TOPIC];
    struct spool *spool;
    struct sender sender;
    struct mqtt *mqtt;
    int status_mid;
    struct buf body; /* of the frame under way; "" none */
    struct buf work; /* FRAME_MAX + 1 bytes */
    int64_t newest_ms;
    bool denied;
};

/* ---- hello ------------------------------------------------------------------------------------------------------- */

static void put_meter(struct buf *b, const struct past_meter *m)
{
    buf_print(b, "{\"device\":\"%s\",\"site\":\"%s\",\"profile\":\"%s\",\"measurement\":\"%s\",\"interval\":%lld",
              m->device, m->site, m->profile, m->measurement, (long long)m->interval_ms);
    buf_print(b, ",\"integration\":\"%s\"", m->integration);
    if (*m->serial) {
        buf_text(b, ",\"serial\":");
        buf_json(b, m->serial);
    }
    if (*m->calibrated) {
        buf_text(b, ",\"calibrated\":");
        buf_json(b, m->calibrated);
    }
    buf_text(b, ",\"metrics\":[");
    for (size_t i = 0; i < m->course_count; i++) {
        const struct metric *metric = m->courses[i].metric;
        buf_print(b, "%s{\"name\":\"%s\",\"unit\":\"%s\",\"type\":\"%s\"}", i ? "," : "", metric->name, metric->unit,
                  metric->bit ? "bit" : "number");
    }
    buf_text(b, "]}");
}

static size_t put_hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    const struct sending *s = ctx;
    const struct past *past = s->set.past;
    size_t i = first;
    int64_t ts = s->newest_ms ? s->newest_ms : past->calendar.from_ms;
    buf_print(
        b, ",\"kind\":\"hello\",\"ts\":%lld,\"version\":\"" QUIETAIR_VERSION "\",\"district\":\"%s\"%s,\"devices\":[",
        (long long)ts, s->set.district, reset ? ",\"reset\":true" : "");
    for (; i < past->meter_count; i++) {
        struct buf one = buf_growing();
        put_meter(&one, &past->meters[i]);
        bool fits = b->capacity - b->length >= one.length + 8;
        if (fits) {
            buf_text(b, i > first ? "," : "");
            buf_bytes(b, one.data, one.length);
        }
        buf_free(&one);
        if (!fits)
            break;
    }
    buf_char(b, ']');
    return i < past->meter_count ? i : 0;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static int close_frame(struct sending *s)
{
    if (!s->body.length)
        return 0;
    buf_char(&s->body, ']');
    int r = spool_append(s->spool, s->body.data, s->body.length, s->newest_ms);
    buf_clear(&s->body);
    return r;
}

int sending_reading(struct sending *s, const struct reading *reading)
{
    int r = 0;
    buf_clear(&s->work);
    frame_put_reading(&s->work, reading);
    if (s->body.length + s->work.length + 2 > BODY_MOST)
        r = close_frame(s);
    buf_text(&s->body, s->body.length ? "," : ",\"kind\":\"readings\",\"readings\":[");
    buf_bytes(&s->body, s->work.data, s->work.length);
    s->newest_ms = reading->ts;
    return r;
}

int sending_gap(struct sending *s, int64_t since, int64_t until)
{
    char text[160];
    int r = close_frame(s);
    s->newest_ms = until;
    int n = snprintf(text, sizeof text, ",\"kind\":\"gap\",\"since\":%lld,\"until\":%lld,\"reason\":\"power\"",
                     (long long)since, (long long)until);
    return r ? r : spool_append(s->spool, text, (size_t)n, until);
}

int sending_flush(struct sending *s, int64_t now_ms)
{
    s->newest_ms = now_ms;
    int r = close_frame(s);
    spool_trim(s->spool, now_ms);
    return r ? r : spool_sync(s->spool);
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static void say_status(struct sending *s, const char *state)
{
    char text[256];
    int n =
        snprintf(text, sizeof text,
                 "{\"state\":\"%s\",\"ts\":%lld,\"version\":\"" QUIETAIR_VERSION "\",\"epoch\":\"%s\",\"last\":%llu}",
                 state, (long long)clock_wall_ms(), spool_epoch(s->spool), (unsigned long long)spool_last(s->spool));
    mqtt_publish(s->mqtt, s->status, text, (size_t)n, 1, true, &s->status_mid);
}

static void on_connected(void *ctx)
{
    struct sending *s = ctx;
    mqtt_subscribe(s->mqtt, s->ack, 1);
    sender_connected(&s->sender, clock_mono_ms());
    say_status(s, "online");
}

static void on_disconnected(void *ctx, const char *why)
{
    (void)ctx, (void)why;
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t length, bool retained)
{
    struct sending *s = ctx;
    if (!retained && strcmp(topic, s->ack) == 0 &&
        sender_hear(&s->sender, payload, length, clock_mono_ms()) == SENDER_ANEW)
        s->denied = true;
}

static void on_acked(void *ctx, int mid, int reason)
{
    struct sending *s = ctx;
    if (mid != s->status_mid)
        sender_puback(&s->sender, reason);
}

static void send_frames(struct sending *s)
{
    while (mqtt_is_connected(s->mqtt) && sender_next(&s->sender, clock_mono_ms(), &s->work) == 1)
        if (mqtt_publish(s->mqtt, s->stream, s->work.data, s->work.length, 1, false, NULL) != 0)
            break; /* the link is gone: sender_connected goes back */
}

int sending_turn(struct sending *s, int wait_ms, struct fault *f)
{
    struct pollfd fd = {.fd = mqtt_fd(s->mqtt), .events = POLLIN};
    send_frames(s);
    if (mqtt_wants_write(s->mqtt))
        fd.events |= POLLOUT;
    poll(&fd, 1, wait_ms);
    mqtt_step(s->mqtt, fd.revents & (POLLIN | POLLHUP | POLLERR), fd.revents & POLLOUT);
    sender_timer(&s->sender, clock_mono_ms());
    send_frames(s);
    if (mqtt_wants_write(s->mqtt))
        mqtt_step(s->mqtt, false, true);
    if (s->denied)
        return fault(f, ERR_DENIED, "the collector holds another stream of gateway %s: take another --gateway or seed",
                     s->set.gateway);
    if (s->sender.refused)
        return fault(f, ERR_DENIED, "the collector refuses a frame of gateway %s", s->set.gateway);
    return 0;
}

const char *sending_epoch(const struct sending *s)
{
    return spool_epoch(s->spool);
}

uint64_t sending_last(const struct sending *s)
{
    return spool_last(s->spool);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void name_epoch(const struct sending_settings *set, char out[static EPOCH_SIZE])
{
    char text[128], hex[HASH_HEX];
    int n = snprintf(text, sizeof text, "history|%s|%lld|%lld", set->gateway, (long long)set->past->seed,
                     (long long)set->past->calendar.from_ms);
    struct hash h = hash_of(text, (size_t)n);
    hash_hex(&h, hex);
    snprintf(out, EPOCH_SIZE, "%.32s", hex);
}

static int open_spool(struct sending *s, struct fault *f)
{
    char epoch[EPOCH_SIZE];
    const char *tmp = getenv("TMPDIR");
    snprintf(s->dir, sizeof s->dir, "%.40s/quietair-sim-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir))
        return fault(f, ERR_IO, "%s: %s", s->dir, strerror(errno));
    name_epoch(&s->set, epoch);
    struct spool_settings spool = {.state_dir = s->dir,
                                   .gateway = s->set.gateway,
                                   .max_bytes = SPOOL_MOST,
                                   .hello = put_hello,
                                   .ctx = s,
                                   .first_epoch = epoch};
    return spool_open(&s->spool, &spool, (struct moment){.ms = s->set.past->calendar.from_ms}, f);
}

int sending_open(struct sending **out, const struct sending_settings *set, struct fault *f)
{
    struct sending *s = xcalloc(1, sizeof *s);
    s->set = *set;
    s->body = buf_growing();
    s->work = buf_fixed(xmalloc(FRAME_MAX + 1), FRAME_MAX + 1);
    int r = open_spool(s, f);
    if (r) {
        sending_close(s);
        return r;
    }
    const char *root = set->mqtt->root;
    snprintf(s->stream, TOPIC, "%s/%s/gateway/%s/stream", root, set->district, set->gateway);
    snprintf(s->ack, TOPIC, "%s/%s/gateway/%s/ack", root, set->district, set->gateway);
    snprintf(s->status, TOPIC, "%s/%s/gateway/%s/status", root, set->district, set->gateway);
    snprintf(s->client_id, sizeof s->client_id, "quietair-%s", set->gateway);
    sender_init(&s->sender, s->spool, set->gateway, set->collector, RESEND_MS);
    struct mqtt_will will = {s->status, "{\"state\":\"offline\"}"};
    struct mqtt_events on = {s, on_connected, on_disconnected, on_message, on_acked};
    s->mqtt = mqtt_new(set->mqtt, s->client_id, &will, &on);
    *out = s;
    return 0;
}

static void say_goodbye(struct sending *s)
{
    int64_t deadline = clock_mono_ms() + GOODBYE_MS;
    if (!mqtt_is_connected(s->mqtt))
        return;
    say_status(s, "offline");
    while (!mqtt_idle(s->mqtt) && clock_mono_ms() < deadline)
        sending_turn(s, 20, NULL);
}

void sending_close(struct sending *s)
{
    if (!s)
        return;
    if (s->mqtt) {
        say_goodbye(s);
        mqtt_free(s->mqtt);
    }
    spool_close(s->spool, true);
    if (*s->dir)
        file_remove_tree(s->dir);
    buf_free(&s->body);
    free(s->work.data);
    free(s);
}
