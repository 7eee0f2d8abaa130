#include "common/mqtt.h"
#include "common/clock.h"
#include "common/mqtt_dial.h"
#include "common/mqtt_retry.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { CONNECT_WITHIN_MS = 10000, NO_DIAL_MS = 5000, ALIASES = 4 };

struct mqtt {
    const struct mqtt_settings *set;
    struct mqtt_events on;
    char client_id[64];
    struct mqtt_will will;    /* its texts are ours; no topic: there is none */
    struct dial *dial;        /* NULL: none is under way */
    struct mosquitto *client; /* NULL between connections */
    bool connected, down;     /* down: to be dropped at the end of this turn */
    enum ending ending;
    char why[700], detail[200]; /* detail: what the library itself had to say */
    struct retry retry;         /* its old_protocol is this connection's, too */
    int pending;                /* QoS 1 messages without PUBACK */
    int64_t next_try_ms, started_ms, connected_ms;
    uint16_t alias_most; /* what the broker allows on this connection */
    struct {
        const char *topic;
        bool told;
    } aliases[ALIASES];
    uint16_t alias_count;
};

const char *mqtt_words(int reason)
{
    return mosquitto_reason_string(reason);
}

/* In TLS 1.3 a broker says no to a certificate only after the handshake, and what it says is lost when the connection is
 * reset before it was read: then this is all that can be told. */
static const char *certificate_hint(const struct mqtt *m)
{
    return m->set->cert_file ? "; it may not take our certificate"
                             : "; it may want a certificate of its clients (cert_file)";
}

static void end(struct mqtt *m, enum ending ending, const char *text)
{
    if (m->down)
        return;
    bool unheard = !m->connected && m->set->tls && !*m->detail && (ending == ENDED_UNHEARD || errno == EPROTO);
    m->down = true;
    m->ending = ending;
    snprintf(m->why, sizeof m->why, "%.360s%s%s%s", text, *m->detail ? ": " : "", m->detail,
             unheard ? certificate_hint(m) : "");
}

/* ---- what libmosquitto calls, in our thread, from within mqtt_step ----------------------------------------------- */
static void on_connect(struct mosquitto *client, void *ctx, int reason, int flags, const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    char text[200];
    (void)client, (void)flags;
    if (reason == 0) {
        m->connected = true;
        m->connected_ms = clock_mono_ms();
        m->alias_most = 0;
        mosquitto_property_read_int16(p, MQTT_PROP_TOPIC_ALIAS_MAXIMUM, &m->alias_most, false);
        for (size_t i = 0; i < m->alias_count; i++)
            m->aliases[i].told = false;
        retry_connected(&m->retry);
        m->on.connected(m->on.ctx);
        return;
    }
    bool version = !m->retry.old_protocol &&
                   (reason == CONNACK_REFUSED_PROTOCOL_VERSION || reason == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION);
    snprintf(text, sizeof text, "the broker refuses: %s",
             m->retry.old_protocol ? mosquitto_connack_string(reason) : mqtt_words(reason));
    end(m, version ? ENDED_VERSION : ENDED_REFUSED, text);
}

static void on_disconnect(struct mosquitto *client, void *ctx, int reason, const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    char text[200];
    (void)client, (void)p;
    if (reason == MQTT_RC_SESSION_TAKEN_OVER) {
        snprintf(text, sizeof text,
                 "another client connected as %s and took our place; ids must be unique, "
                 "so the broker is left alone for a while",
                 m->client_id);
        end(m, ENDED_TAKEN, text);
    } else if (reason >= 128) {
        snprintf(text, sizeof text, "the broker ended the connection: %s", mqtt_words(reason));
        end(m, ENDED, text);
    } else {
        enum ending how = !m->connected ? ENDED_UNHEARD : reason == MOSQ_ERR_CONN_LOST ? ENDED_CLOSED : ENDED;
        end(m, how, reason ? mosquitto_strerror(reason) : "the broker ended the connection");
    }
}

static void on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *msg,
                       const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    (void)client, (void)p;
    m->on.message(m->on.ctx, msg->topic, msg->payload ? msg->payload : "", (size_t)msg->payloadlen, msg->retain);
}

static void on_publish(struct mosquitto *client, void *ctx, int mid, int reason, const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    (void)client, (void)p;
    if (m->pending > 0)
        m->pending--;
    if (m->on.acked)
        m->on.acked(m->on.ctx, mid, reason);
}

static void on_subscribe(struct mosquitto *client, void *ctx, int mid, int count, const int *granted,
                         const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    (void)client, (void)mid, (void)p;
    for (int i = 0; i < count && m->on.denied; i++)
        if (granted[i] >= 128)
            m->on.denied(m->on.ctx, mqtt_words(granted[i]));
}

static void on_log(struct mosquitto *client, void *ctx, int level, const char *text)
{
    struct mqtt *m = ctx;
    (void)client;
    dial_keep_detail(m->detail, level, text);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */
static uint32_t dice(void)
{
    uint32_t n = 0;
    return getrandom(&n, sizeof n, 0) == sizeof n ? n : 0;
}

static void drop(struct mqtt *m)
{
    int64_t now = clock_mono_ms();
    enum ending ending = m->ending;
    mosquitto_destroy(m->client);
    m->client = NULL;
    int64_t wait = retry_wait_ms(&m->retry, &ending, m->connected ? now - m->connected_ms : -1, dice());
    m->next_try_ms = now + wait;
    m->connected = m->down = false;
    m->pending = 0;
    if (ending == ENDED_TAKEN && m->ending != ENDED_TAKEN)
        snprintf(
            m->why, sizeof m->why,
            "the broker closes each connection soon after it was made: another client seems to connect as %s too; ids "
            "must be unique, so the broker is left alone for a while",
            m->client_id);
    if (wait > 0)
        m->on.disconnected(m->on.ctx, m->why);
}

static void listen_to(struct mqtt *m)
{
    mosquitto_user_data_set(m->client, m);
    mosquitto_connect_v5_callback_set(m->client, on_connect);
    mosquitto_disconnect_v5_callback_set(m->client, on_disconnect);
    mosquitto_message_v5_callback_set(m->client, on_message);
    mosquitto_publish_v5_callback_set(m->client, on_publish);
    mosquitto_subscribe_v5_callback_set(m->client, on_subscribe);
    mosquitto_log_callback_set(m->client, on_log);
}

/* The dial is done: its client is ours. */
static void take(struct mqtt *m)
{
    struct dial_result done;
    dial_end(m->dial, &done);
    m->dial = NULL;
    m->client = done.client;
    m->started_ms = clock_mono_ms();
    m->down = false;
    memcpy(m->detail, done.detail, sizeof m->detail);
    listen_to(m);
    if (done.failed) {
        errno = done.error;
        end(m, ENDED, done.why);
        drop(m);
    }
}

static void begin_dial(struct mqtt *m)
{
    struct fault f = {0};
    int r = dial_begin(&m->dial, m->set, m->client_id, m->will.topic ? &m->will : NULL, m->retry.old_protocol, &f);
    if (r && *f.text) {
        m->next_try_ms = clock_mono_ms() + NO_DIAL_MS;
        m->on.disconnected(m->on.ctx, f.text);
    }
}

static void dial(struct mqtt *m)
{
    if (!m->dial && clock_mono_ms() >= m->next_try_ms)
        begin_dial(m);
    if (m->dial && dial_step(m->dial))
        take(m);
}

struct mqtt *mqtt_new(const struct mqtt_settings *set, const char *client_id, const struct mqtt_will *will,
                      const struct mqtt_events *on)
{
    struct mqtt *m = xcalloc(1, sizeof *m);
    mosquitto_lib_init();
    m->set = set;
    m->on = *on;
    m->retry = retry_new();
    snprintf(m->client_id, sizeof m->client_id, "%s", client_id);
    if (will)
        m->will = (struct mqtt_will){xstrdup(will->topic), xstrdup(will->payload)};
    return m;
}

void mqtt_free(struct mqtt *m)
{
    if (!m)
        return;
    dial_leave(m->dial);
    if (m->client) {
        mosquitto_disconnect(m->client);
        mosquitto_loop_write(m->client, 1);
        mosquitto_destroy(m->client);
    }
    free((char *)m->will.topic);
    free((char *)m->will.payload);
    free(m);
    if (!dial_any_left())
        mosquitto_lib_cleanup();
}

void mqtt_step(struct mqtt *m, bool readable, bool writable)
{
    if (!m->client)
        dial(m);
    if (!m->client)
        return;
    int r = readable ? mosquitto_loop_read(m->client, 64) : 0;
    if (!r && !m->down && (writable || mosquitto_want_write(m->client)))
        r = mosquitto_loop_write(m->client, 64);
    if (!r && !m->down)
        r = mosquitto_loop_misc(m->client);
    if (!m->connected && clock_mono_ms() - m->started_ms > CONNECT_WITHIN_MS)
        end(m, ENDED_UNHEARD, "no answer to our CONNECT");
    if (r)
        end(m, m->connected ? ENDED : ENDED_UNHEARD, mosquitto_strerror(r));
    if (m->down)
        drop(m);
}

int mqtt_fd(const struct mqtt *m)
{
    return m->client ? mosquitto_socket(m->client) : -1;
}

bool mqtt_wants_write(struct mqtt *m)
{
    return m->client && mosquitto_want_write(m->client);
}

bool mqtt_is_connected(const struct mqtt *m)
{
    return m->client && m->connected && !m->down;
}

void mqtt_use(struct mqtt *m, const struct mqtt_settings *set)
{
    m->set = set;
}

const char *mqtt_version(const struct mqtt *m)
{
    return m->retry.old_protocol ? "MQTT 3.1.1" : "MQTT 5";
}

uint64_t mqtt_taken_over(const struct mqtt *m)
{
    return m->retry.taken_over;
}

bool mqtt_idle(const struct mqtt *m)
{
    return !m->client || (m->pending == 0 && !mosquitto_want_write(m->client));
}

int mqtt_subscribe(struct mqtt *m, const char *topic, int qos)
{
    return mqtt_is_connected(m) && mosquitto_subscribe(m->client, NULL, topic, qos) == 0 ? 0 : ERR_LINK;
}

/* The alias of a topic on this connection, from 1; 0: it has none. */
static uint16_t alias_of(const struct mqtt *m, const char *topic)
{
    for (uint16_t i = 0; !m->retry.old_protocol && i < m->alias_count && i < m->alias_most; i++)
        if (strcmp(m->aliases[i].topic, topic) == 0)
            return (uint16_t)(i + 1);
    return 0;
}

int mqtt_publish(struct mqtt *m, const char *topic, const void *payload, size_t length, int qos, bool retain, int *mid)
{
    mosquitto_property *with = NULL;
    if (!mqtt_is_connected(m))
        return ERR_LINK;
    uint16_t alias = alias_of(m, topic);
    if (alias && mosquitto_property_add_int16(&with, MQTT_PROP_TOPIC_ALIAS, alias) != 0)
        alias = 0;
    bool known = alias && m->aliases[alias - 1].told;
    int r = mosquitto_publish_v5(m->client, mid, known ? NULL : topic, (int)length, payload, qos, retain, with);
    mosquitto_property_free_all(&with);
    if (r)
        return r == MOSQ_ERR_OVERSIZE_PACKET ? ERR_RANGE : ERR_LINK;
    if (alias)
        m->aliases[alias - 1].told = true;
    m->pending += qos > 0;
    return 0;
}

void mqtt_alias(struct mqtt *m, const char *topic)
{
    if (m->alias_count < ALIASES)
        m->aliases[m->alias_count++].topic = topic;
}
