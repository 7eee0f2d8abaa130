/* mqtt: one client over libmosquitto, driven by the caller's own poll loop.  It and its mqtt_dial are the only
 * places that know mosquitto.h.
 *
 * MQTT 5; a broker that refuses it, or closes without a word, is asked in 3.1.1.  Clean start, no session, a fresh
 * client object for every connection, so that nothing is queued or sent again behind the caller's back: what was not
 * acknowledged when a link broke is the caller's to repeat.  TLS from 1.2 on, the broker's certificate and name always
 * verified.
 *
 * Reconnects for ever, with capped and jittered back-off: at most 5 s, 30 s where the broker refuses us.  A broker that
 * says "session taken over" (MQTT 5, 4.13 and reason code 142) has another client under our id: coming back would only
 * throw that one out, so the wait is then 30 s, doubling to 10 min, until a connection has held for 10 min.  Five brief
 * connections in a row, each closed by the broker without a word, are taken for the same.
 *
 * Everything runs in the thread that calls mqtt_step, but that a name is looked up and an address is called by a thread
 * of its own, and a silent address is given up after 15 s: however long a resolver or a network is silent, mqtt_step and
 * mqtt_free come back at once.
 */
#ifndef QUIETAIR_MQTT_H
#define QUIETAIR_MQTT_H

#include "common/conf.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_settings { /* section [mqtt] */
    const char *url;   /* mqtt://host[:1883] or mqtts://host[:8883] */
    const char *root;  /* topic prefix, default quietair/v1 */
    const char *username, *password_file;
    const char *ca_file, *cert_file, *key_file;
    /* from mqtt_check */
    char host[256];
    int port;
    bool tls;
};
extern const struct conf_option mqtt_options[];
/* Splits url, checks that files are readable and that what belongs together is given together. */
bool mqtt_check(const struct conf *, int section, struct mqtt_settings *, struct faults *);
/* The first line of password_file, to be freed; NULL with a fault. */
char *mqtt_password(const struct mqtt_settings *, struct fault *);

struct mqtt;

struct mqtt_events {
    void *ctx;
    void (*connected)(void *ctx);                     /* subscribe, publish the birth */
    void (*disconnected)(void *ctx, const char *why); /* also when a connection could not be made */
    void (*message)(void *ctx, const char *topic, const void *payload, size_t length, bool retained);
    void (*acked)(void *ctx, int mid, int reason); /* PUBACK: 0 fine, 16 nobody listens, >= 128 refused */
    void (*denied)(void *ctx, const char *why);    /* a subscription was refused; NULL is fine */
};

struct mqtt_will {
    const char *topic, *payload; /* QoS 1, retained */
};

struct mqtt *mqtt_new(const struct mqtt_settings *, const char *client_id, const struct mqtt_will *,
                      const struct mqtt_events *);
void mqtt_free(struct mqtt *); /* disconnects (the broker sends no will) */
/* The same settings stand at another place from now on. */
void mqtt_use(struct mqtt *, const struct mqtt_settings *);
/* A topic published often (at most 4 of them): where the broker takes topic aliases (MQTT 5, 3.3.2.3.4) its name goes
 * over the wire once a connection.  The text must live as long as the client. */
void mqtt_alias(struct mqtt *, const char *topic);

/* One turn: connects when it is time, reads, writes, keeps alive.  fd for poll, -1: none.  Call at least every 100 ms.
 */
void mqtt_step(struct mqtt *, bool readable, bool writable);
int mqtt_fd(const struct mqtt *);
bool mqtt_wants_write(struct mqtt *);
bool mqtt_is_connected(const struct mqtt *);
const char *mqtt_version(const struct mqtt *); /* of the present connection: "MQTT 5" or "MQTT 3.1.1" */
uint64_t mqtt_taken_over(const struct mqtt *); /* how often another client with our id threw us out */
const char *mqtt_words(int reason);            /* what a reason code of MQTT 5 means */
bool mqtt_idle(const struct mqtt *);           /* nothing handed over waits for the socket or for a PUBACK */

int mqtt_subscribe(struct mqtt *, const char *topic, int qos);
/* ERR_LINK: not connected; ERR_RANGE: longer than the broker takes.  *mid (NULL is fine) names the message in `acked`
 * when qos is 1. */
int mqtt_publish(struct mqtt *, const char *topic, const void *payload, size_t length, int qos, bool retain, int *mid);

#endif
