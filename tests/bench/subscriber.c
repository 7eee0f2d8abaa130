#include "tests/bench/subscriber.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/mqtt.h"
#include "tests/bench/peer.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE "quietair/v1/yudu/gateway/gw-1/"

enum { AGES = 20000, READY_MS = 10000 };

struct subscriber {
    pthread_t thread;
    struct mqtt_settings set;
    char ca[256];
    struct mqtt *mqtt;
    atomic_bool listens, over;
    bool owed; /* an acknowledgement */
    char epoch[EPOCH_SIZE];
    uint64_t seq;
    struct hash head;
    atomic_uint_fast64_t readings, peer_messages;
    atomic_int_fast64_t now_ts, now_age_ms; /* of the newest `now`; the most that one was old when the next one came */
    atomic_uint_fast64_t ages[AGES];        /* by ms; the last one: as old or older */
};

/* From `,"ts":` of a reading on. */
static void note(struct subscriber *s, const char *ts, int64_t now_ms)
{
    char *behind;
    int64_t age = now_ms + 1 - strtoll(ts + strlen(",\"ts\":"), &behind, 10);
    if (strncmp(behind, ",\"values\":", strlen(",\"values\":")) != 0)
        return;
    atomic_fetch_add(&s->ages[age < 0 ? 0 : age < AGES ? age : AGES - 1], 1);
    atomic_fetch_add(&s->readings, 1);
}

static const char *find(const char *at, const char *end, const char *word)
{
    return at ? memmem(at, (size_t)(end - at), word, strlen(word)) : NULL;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), least = strlen(end);
    return length >= least && strcmp(text + length - least, end) == 0;
}

/* Reads what our own gateway writes: its keys stand in one order, and no payload ends in the middle of one. */
static void take_frame(struct subscriber *s, const void *payload, size_t length)
{
    static const char epoch_key[] = "\"epoch\":\"", seq_key[] = "\"seq\":";
    const char *end = (const char *)payload + length, *epoch = find(payload, end, epoch_key);
    const char *at = find(epoch, end, seq_key);
    int64_t now_ms = clock_wall_ms();
    if (!at)
        return;
    epoch += sizeof epoch_key - 1;
    if (strncmp(s->epoch, epoch, EPOCH_SIZE - 1) != 0) {
        snprintf(s->epoch, sizeof s->epoch, "%.*s", EPOCH_SIZE - 1, epoch);
        s->head = (struct hash){0};
        s->seq = 0;
    }
    s->owed = true; /* also what came before is answered with the position */
    if (strtoull(at + sizeof seq_key - 1, NULL, 10) != s->seq + 1)
        return;
    s->seq++;
    s->head = chain_next(&s->head, payload, length);
    while ((at = find(at, end, "{\"device\":\"")) && (at = find(at, end, ",\"ts\":")))
        note(s, at++, now_ms);
}

static void take_now(struct subscriber *s, const char *payload, size_t length)
{
    static const char head[] = "{\"ts\":";
    int64_t last_ts = atomic_load(&s->now_ts), age_ms = last_ts ? clock_wall_ms() - last_ts : 0;
    if (length > sizeof head && memcmp(payload, head, sizeof head - 1) == 0)
        atomic_store(&s->now_ts, strtoll(payload + sizeof head - 1, NULL, 10));
    if (age_ms > atomic_load(&s->now_age_ms))
        atomic_store(&s->now_age_ms, age_ms);
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t length, bool retained)
{
    struct subscriber *s = ctx;
    if (strncmp(topic, PEER_TOPICS, strlen(PEER_TOPICS) - 1) == 0)
        atomic_fetch_add(&s->peer_messages, length > 0 && !ends_in(topic, "/availability"));
    else if (ends_in(topic, "/now"))
        take_now(s, payload, length);
    else if (!retained)
        take_frame(s, payload, length);
}

static void on_connected(void *ctx)
{
    struct subscriber *s = ctx;
    mqtt_subscribe(s->mqtt, PLACE "stream", 1);
    mqtt_subscribe(s->mqtt, PLACE "now", 0);
    mqtt_subscribe(s->mqtt, PEER_TOPICS, 0);
    atomic_store(&s->listens, true);
}

static void on_disconnected(void *ctx, const char *why)
{
    (void)ctx;
    fprintf(stderr, "subscriber: %s\n", why);
}

static void on_acked(void *ctx, int mid, int reason)
{
    (void)ctx, (void)mid, (void)reason;
}

static void acknowledge(struct subscriber *s)
{
    char text[320], hex[HASH_HEX];
    hash_hex(&s->head, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                     s->epoch, (unsigned long long)s->seq, hex);
    s->owed = mqtt_publish(s->mqtt, PLACE "ack", text, (size_t)n, 1, false, NULL) != 0;
}

static void *listen_on(void *of)
{
    struct subscriber *s = of;
    while (!atomic_load(&s->over)) {
        struct pollfd fd = {.fd = mqtt_fd(s->mqtt), .events = POLLIN};
        fd.events |= mqtt_wants_write(s->mqtt) ? POLLOUT : 0;
        poll(&fd, 1, 50);
        mqtt_step(s->mqtt, fd.revents & (POLLIN | POLLHUP | POLLERR), fd.revents & POLLOUT);
        if (s->owed)
            acknowledge(s);
    }
    return NULL;
}

struct subscriber *subscriber_start(int port, const char *tls)
{
    struct subscriber *s = xcalloc(1, sizeof *s);
    struct mqtt_events on = {s, on_connected, on_disconnected, on_message, on_acked, NULL};
    s->set =
        (struct mqtt_settings){.url = "mqtt://127.0.0.1", .root = "quietair/v1", .host = "127.0.0.1", .port = port};
    if (tls) {
        snprintf(s->ca, sizeof s->ca, "%s/ca.crt", tls);
        s->set.ca_file = s->ca;
        s->set.tls = true;
    }
    s->mqtt = mqtt_new(&s->set, "bench", NULL, &on);
    if (pthread_create(&s->thread, NULL, listen_on, s) != 0)
        abort();
    for (int64_t last_ms = clock_mono_ms() + READY_MS; !atomic_load(&s->listens);) {
        if (clock_mono_ms() > last_ms) {
            subscriber_stop(s);
            return NULL;
        }
        clock_sleep_until_ns(clock_mono_ns() + 1000000);
    }
    return s;
}

void subscriber_stop(struct subscriber *s)
{
    atomic_store(&s->over, true);
    pthread_join(s->thread, NULL);
    mqtt_free(s->mqtt);
    free(s);
}

uint64_t subscriber_readings(struct subscriber *s)
{
    return atomic_load(&s->readings);
}

int64_t subscriber_now_age_ms(struct subscriber *s)
{
    atomic_store(&s->now_ts, clock_wall_ms());
    return atomic_exchange(&s->now_age_ms, 0);
}

uint64_t subscriber_peer_messages(struct subscriber *s)
{
    return atomic_load(&s->peer_messages);
}

void subscriber_forget_ages(struct subscriber *s)
{
    for (int i = 0; i < AGES; i++)
        atomic_store(&s->ages[i], 0);
}

int subscriber_age_ms(struct subscriber *s, double percent)
{
    uint64_t all = 0, below = 0;
    for (int i = 0; i < AGES; i++)
        all += atomic_load(&s->ages[i]);
    for (int i = 0; i < AGES; i++)
        if ((double)(below += atomic_load(&s->ages[i])) >= (double)all * percent / 100)
            return i;
    return AGES;
}
