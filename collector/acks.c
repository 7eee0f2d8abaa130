#include "collector/acks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 100, DROPPED_EVERY_MS = 1000, TOPIC = 320 };

struct owed {
    char district[ID_SIZE], gateway[ID_SIZE], epoch[EPOCH_SIZE];
    bool due, dropped; /* dropped: only something dropped is answered */
    int64_t said_ms;
};

struct acks {
    char root[128], collector[ID_SIZE];
    const struct intake *intake;
    struct owed *owed;
    size_t count;
};

struct acks *acks_new(const char *root, const char *collector, const struct intake *intake)
{
    struct acks *a = xcalloc(1, sizeof *a);
    snprintf(a->root, sizeof a->root, "%s", root);
    snprintf(a->collector, sizeof a->collector, "%s", collector);
    a->intake = intake;
    return a;
}

void acks_free(struct acks *a)
{
    if (!a)
        return;
    free(a->owed);
    free(a);
}

void acks_owe(struct acks *a, const char *district, const char *gateway, const char *epoch, bool dropped)
{
    size_t i = 0;
    while (i < a->count && (strcmp(a->owed[i].gateway, gateway) != 0 || strcmp(a->owed[i].epoch, epoch) != 0))
        i++;
    if (i == ACKS_MOST)
        return;
    if (i == a->count) {
        a->owed = xrealloc(a->owed, (a->count + 1) * sizeof *a->owed);
        a->owed[a->count++] = (struct owed){.dropped = dropped, .said_ms = INT64_MIN / 2};
        strcpy(a->owed[i].gateway, gateway);
        strcpy(a->owed[i].epoch, epoch);
    }
    strcpy(a->owed[i].district, district);
    a->owed[i].dropped = a->owed[i].due ? a->owed[i].dropped && dropped : dropped;
    a->owed[i].due = true;
}

static void topic_of(const struct acks *a, const char *district, const char *gateway, char out[static TOPIC])
{
    snprintf(out, TOPIC, "%s/%s/gateway/%s/ack", a->root, district, gateway);
}

static bool say(const struct acks *a, const struct owed *o, struct mqtt *mqtt)
{
    char topic[TOPIC], text[320], hex[HASH_HEX];
    struct hash head;
    uint64_t seq = intake_position(a->intake, o->gateway, o->epoch, &head);
    hash_hex(&head, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                     a->collector, o->epoch, (unsigned long long)seq, hex);
    topic_of(a, o->district, o->gateway, topic);
    return mqtt_publish(mqtt, topic, text, (size_t)n, 1, false, NULL) == 0;
}

void acks_pay(struct acks *a, struct mqtt *mqtt, int64_t now)
{
    for (size_t i = 0; i < a->count && mqtt_is_connected(mqtt);) {
        struct owed *o = &a->owed[i];
        if (o->due && now - o->said_ms >= (o->dropped ? DROPPED_EVERY_MS : EVERY_MS) && say(a, o, mqtt)) {
            o->due = false;
            o->said_ms = now;
        }
        if (!o->due && now - o->said_ms >= DROPPED_EVERY_MS)
            *o = a->owed[--a->count]; /* nothing to remember of it any more */
        else
            i++;
    }
}

void acks_refuse(const struct acks *a, struct mqtt *mqtt, const struct intake_result *r, const void *payload,
                 size_t length)
{
    char topic[TOPIC], text[256], hex[HASH_HEX];
    struct hash h = hash_of(payload, length);
    hash_hex(&h, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"%s\",\"sha256\":\"%s\",\"reason\":\"%s\"}", a->collector,
                     hex, intake_words[r->verdict]);
    topic_of(a, r->district, r->gateway, topic);
    mqtt_publish(mqtt, topic, text, (size_t)n, 1, false, NULL);
}
