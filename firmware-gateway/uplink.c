#include "firmware-gateway/uplink.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mqtt.h"
#include "common/said.h"
#include "common/service.h"
#include "firmware-gateway/sender.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_MS = 3000, OFFLINE_MS = 500, SAVE_MS = 2000, TOPIC = 256 };

struct uplink {
    const struct gateway_settings *set;
    struct spool *spool;
    struct batch *batch;
    pthread_t thread;
    int bell;
    atomic_bool stopping;
    struct mqtt *mqtt;
    struct sender sender;
    char stream[TOPIC], ack[TOPIC], status[TOPIC], now[TOPIC], health_topic[TOPIC];
    int status_mid; /* its PUBACK says nothing about the stream */
    bool link_up;
    struct said said;             /* what went wrong since all went well */
    uint64_t saved, taken_before; /* taken over: with clients before the present one */
    int64_t now_at, save_at;
    char *work;

    pthread_mutex_t lock;                /* of what follows, and of set: other threads put and ask */
    const struct gateway_settings *next; /* NULL: set stays */
    bool reconnect;
    struct buf health;
    bool health_fresh;
    struct uplink_numbers numbers;
};

static void topic(const struct uplink *u, const char *leaf, char out[static TOPIC])
{
    snprintf(out, TOPIC, "%s/%s/gateway/%s/%s", u->set->mqtt.root, u->set->district, u->set->id, leaf);
}

static void say_online(struct uplink *u)
{
    char text[256];
    int n = snprintf(text, sizeof text,
                     "{\"state\":\"online\",\"ts\":%lld,\"version\":\"" QUIETAIR_VERSION
                     "\",\"epoch\":\"%s\",\"last\":%llu}",
                     (long long)clock_wall_ms(), spool_epoch(u->spool), (unsigned long long)spool_last(u->spool));
    mqtt_publish(u->mqtt, u->status, text, (size_t)n, 1, true, &u->status_mid);
}

static void on_connected(void *ctx)
{
    struct uplink *u = ctx;
    log_info("uplink", "connected to %s (%s)", u->set->mqtt.url, mqtt_version(u->mqtt));
    u->link_up = true;
    said_clear(&u->said);
    mqtt_subscribe(u->mqtt, u->ack, 1);
    sender_connected(&u->sender, clock_mono_ms());
    batch_now_again(u->batch);
    say_online(u);
    pthread_mutex_lock(&u->lock);
    u->numbers.connects++;
    u->numbers.connected = true;
    u->health_fresh = u->health.length > 0;
    pthread_mutex_unlock(&u->lock);
}

static void on_disconnected(void *ctx, const char *why)
{
    struct uplink *u = ctx;
    if (said_first(&u->said, why))
        log_warn("uplink", "no link to the broker: %s; readings are kept", why);
    u->link_up = false;
}

static void on_denied(void *ctx, const char *why)
{
    struct uplink *u = ctx;
    if (said_first(&u->said, "ack"))
        log_warn("uplink", "the broker refuses our subscription to %s: %s; nothing that is sent can be acknowledged",
                 u->ack, why);
}

static void on_message(void *ctx, const char *from, const void *payload, size_t length, bool retained)
{
    struct uplink *u = ctx;
    if (strcmp(from, u->ack) != 0)
        return;
    if (retained)
        sender_unheeded(&u->sender, UNHEEDED_RETAINED);
    else if (sender_hear(&u->sender, payload, length, clock_mono_ms()) == SENDER_ANEW) {
        char old[EPOCH_SIZE];
        memcpy(old, spool_epoch(u->spool), sizeof old);
        if (sender_anew(&u->sender, batch_moment(u->batch, clock_boot_ms())) == 0) {
            u->saved = 0;
            log_warn("uplink", "the collector holds another chain of epoch %.8s…: epoch %.8s… begins", old,
                     spool_epoch(u->spool));
            say_online(u);
        } else {
            log_error("uplink", "cannot begin a new epoch in %s", u->set->state_dir);
        }
    }
}

/* What the broker made of a frame: reasons other than 0 are said once, in words, until a frame is acknowledged. */
static void heed(struct uplink *u, int reason)
{
    sender_puback(&u->sender, reason);
    if (reason != 0 && said_first(&u->said, mqtt_words(reason)))
        log_warn("uplink", "the broker %s our stream: %s (reason %d); readings are kept",
                 reason == 16 ? "has nobody for" : "refuses", mqtt_words(reason), reason);
}

static void on_acked(void *ctx, int mid, int reason)
{
    struct uplink *u = ctx;
    if (mid != u->status_mid)
        heed(u, reason);
}

static void send_now(struct uplink *u)
{
    struct buf b = buf_fixed(u->work, FRAME_MAX + 1);
    if (batch_now(u->batch, &b, clock_boot_ms()) && !b.overflow)
        mqtt_publish(u->mqtt, u->now, b.data, b.length, 0, false, NULL);
}

static void send_health(struct uplink *u)
{
    char *copy = NULL;
    size_t length = 0;
    pthread_mutex_lock(&u->lock);
    if (u->health_fresh) {
        length = u->health.length;
        copy = xmalloc(length);
        memcpy(copy, u->health.data, length);
    }
    u->health_fresh = false;
    pthread_mutex_unlock(&u->lock);
    if (copy)
        mqtt_publish(u->mqtt, u->health_topic, copy, length, 0, true, NULL);
    free(copy);
}

static void send_stream(struct uplink *u)
{
    struct buf b = buf_fixed(u->work, FRAME_MAX + 1);
    while (mqtt_is_connected(u->mqtt) && sender_next(&u->sender, clock_mono_ms(), &b) == 1) {
        int r = mqtt_publish(u->mqtt, u->stream, b.data, b.length, 1, false, NULL);
        if (r == ERR_RANGE)
            heed(u, 149); /* "packet too large": the library asks the broker's limit before it sends */
        if (r)
            break; /* the link is gone: sender_connected goes back */
    }
}

static void take_numbers(struct uplink *u)
{
    const struct sender *s = &u->sender;
    pthread_mutex_lock(&u->lock);
    struct uplink_numbers *n = &u->numbers;
    n->connected = mqtt_is_connected(u->mqtt);
    n->taken_over = u->taken_before + mqtt_taken_over(u->mqtt);
    n->resends = s->resends, n->lost = s->lost_said, n->refused = s->refused;
    memcpy(n->unheeded, s->unheeded, sizeof n->unheeded);
    n->first = spool_first(u->spool), n->last = spool_last(u->spool), n->acked = s->acked;
    n->bytes = spool_bytes(u->spool);
    pthread_mutex_unlock(&u->lock);
}

static void turn(struct uplink *u, bool readable, bool writable)
{
    int64_t now = clock_mono_ms();
    uint64_t acked = u->sender.acked;
    mqtt_step(u->mqtt, readable, writable);
    if (u->link_up && u->sender.acked > acked)
        said_clear(&u->said);
    sender_timer(&u->sender, now);
    if (mqtt_is_connected(u->mqtt)) {
        if (u->set->now_ms && now >= u->now_at) {
            send_now(u);
            u->now_at = now + u->set->now_ms;
        }
        send_health(u);
        send_stream(u);
    }
    if (now >= u->save_at) {
        if (u->sender.acked != u->saved)
            spool_save_acked(u->spool, u->saved = u->sender.acked);
        spool_trim(u->spool, clock_wall_ms());
        u->save_at = now + SAVE_MS;
    }
    if (mqtt_wants_write(u->mqtt))
        mqtt_step(u->mqtt, false, true);
    take_numbers(u);
}

static void say_offline(struct uplink *u)
{
    static const char offline[] = "{\"state\":\"offline\"}";
    int64_t deadline = clock_mono_ms() + OFFLINE_MS;
    if (!mqtt_is_connected(u->mqtt))
        return;
    mqtt_publish(u->mqtt, u->status, offline, sizeof offline - 1, 1, true, &u->status_mid);
    while (!mqtt_idle(u->mqtt) && clock_mono_ms() < deadline) {
        struct pollfd fd = {.fd = mqtt_fd(u->mqtt), .events = POLLIN};
        poll(&fd, 1, 50);
        mqtt_step(u->mqtt, fd.revents != 0, true);
    }
}

static void open_client(struct uplink *u)
{
    char client_id[64];
    topic(u, "stream", u->stream);
    topic(u, "ack", u->ack);
    topic(u, "status", u->status);
    topic(u, "now", u->now);
    topic(u, "health", u->health_topic);
    snprintf(client_id, sizeof client_id, "quietair-%s", u->set->id);
    struct mqtt_will will = {u->status, "{\"state\":\"offline\"}"};
    struct mqtt_events on = {u, on_connected, on_disconnected, on_message, on_acked, on_denied};
    u->mqtt = mqtt_new(&u->set->mqtt, client_id, &will, &on);
    mqtt_alias(u->mqtt, u->stream);
    mqtt_alias(u->mqtt, u->now);
}

static void close_client(struct uplink *u)
{
    say_offline(u);
    u->taken_before += mqtt_taken_over(u->mqtt);
    u->link_up = false;
    mqtt_free(u->mqtt);
}

static void change(struct uplink *u)
{
    pthread_mutex_lock(&u->lock);
    const struct gateway_settings *next = u->next;
    bool reconnect = u->reconnect;
    u->next = NULL;
    u->reconnect = false;
    pthread_mutex_unlock(&u->lock);
    if (!next)
        return;
    if (reconnect)
        close_client(u);
    pthread_mutex_lock(&u->lock);
    u->set = next;
    pthread_mutex_unlock(&u->lock);
    sender_use(&u->sender, next->id, next->collector, next->resend_ms);
    if (reconnect)
        open_client(u);
    else
        mqtt_use(u->mqtt, &next->mqtt);
}

static void *run(void *arg)
{
    struct uplink *u = arg;
    int64_t deadline = 0;
    for (;;) {
        struct pollfd fds[2] = {{.fd = u->bell, .events = POLLIN}, {.fd = mqtt_fd(u->mqtt), .events = POLLIN}};
        if (mqtt_wants_write(u->mqtt))
            fds[1].events |= POLLOUT;
        poll(fds, 2, 100);
        bell_quiet(u->bell);
        turn(u, fds[1].revents & (POLLIN | POLLHUP | POLLERR), fds[1].revents & POLLOUT);
        if (!u->stopping) {
            change(u);
            continue;
        }
        deadline = deadline ? deadline : clock_mono_ms() + DRAIN_MS;
        if (!mqtt_is_connected(u->mqtt) || sender_done(&u->sender) || clock_mono_ms() >= deadline)
            break;
    }
    close_client(u);
    spool_save_acked(u->spool, u->sender.acked);
    return NULL;
}

struct uplink *uplink_start(const struct gateway_settings *set, struct spool *spool, struct batch *batch)
{
    struct uplink *u = xcalloc(1, sizeof *u);
    *u = (struct uplink){.set = set, .spool = spool, .batch = batch, .health = buf_growing()};
    pthread_mutex_init(&u->lock, NULL);
    u->bell = bell_new();
    u->work = xmalloc(FRAME_MAX + 1);
    sender_init(&u->sender, spool, set->id, set->collector, set->resend_ms);
    u->saved = u->sender.acked;
    open_client(u);
    take_numbers(u);
    service_thread(&u->thread, run, u);
    return u;
}

void uplink_wake(struct uplink *u)
{
    bell_ring(u->bell);
}

void uplink_stop(struct uplink *u)
{
    u->stopping = true;
    bell_ring(u->bell);
    pthread_join(u->thread, NULL);
    pthread_mutex_destroy(&u->lock);
    buf_free(&u->health);
    close(u->bell);
    free(u->work);
    free(u);
}

/* ---- from other threads ------------------------------------------------------------------------------------------ */
void uplink_numbers(struct uplink *u, struct uplink_numbers *out)
{
    pthread_mutex_lock(&u->lock);
    *out = u->numbers;
    pthread_mutex_unlock(&u->lock);
}

void uplink_health(struct uplink *u, const char *payload, size_t length)
{
    pthread_mutex_lock(&u->lock);
    buf_clear(&u->health);
    buf_bytes(&u->health, payload, length);
    u->health_fresh = true;
    pthread_mutex_unlock(&u->lock);
}

void uplink_change(struct uplink *u, const struct gateway_settings *set, bool reconnect)
{
    pthread_mutex_lock(&u->lock);
    u->next = set;
    u->reconnect |= reconnect;
    pthread_mutex_unlock(&u->lock);
    bell_ring(u->bell);
}

const struct gateway_settings *uplink_settings(struct uplink *u)
{
    pthread_mutex_lock(&u->lock);
    const struct gateway_settings *set = u->next ? NULL : u->set;
    pthread_mutex_unlock(&u->lock);
    return set;
}
