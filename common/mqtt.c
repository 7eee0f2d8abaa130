#include "common/mqtt.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/errand.h"
#include "common/file.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    KEEPALIVE_S = 15,
    CONNECT_WITHIN_MS = 10000,
    DIAL_MOST_MS = 15000, /* the system itself gives a silent address up after two minutes */
    BACKOFF_FIRST_MS = 200,
    BACKOFF_MOST_MS = 5000,
    REFUSED_MOST_MS = 30000,
    TAKEN_FIRST_MS = 30000,
    TAKEN_MOST_MS = 600000,
    BRIEF_MS = 60000, /* a connection that did not hold so long was brief */
    BRIEF_MOST = 5,
    ALIASES = 4
};

enum ending {                /* how a connection, or the attempt at one, ended */
              ENDED,         /* the link broke, or could not be had */
    ENDED_CLOSED,  /* the broker closed it without a word, after having taken us */
              ENDED_UNHEARD, /* closed before the broker said anything: it may know 3.1.1 only */
              ENDED_VERSION, /* the broker does not speak MQTT 5 */
              ENDED_REFUSED, /* the broker said no */
              ENDED_TAKEN    /* another client uses our id */
};

/* What libmosquitto does in one piece and without asking whether we would rather stop: the name is looked up, each of its
 * addresses is tried.  So it is an errand, with a client that nobody else knows yet. */
struct dial {
    struct mosquitto *client;
    char host[256];
    int port;
    int result, error; /* MOSQ_ERR_…, and errno */
    char detail[200];  /* what the library itself had to say */
};

struct mqtt {
    const struct mqtt_settings *set;
    struct mqtt_events on;
    char client_id[64];
    char *will_topic, *will_payload;
    struct errand *dialling;  /* NULL: none is under way */
    struct dial *dial;        /* of dialling */
    struct mosquitto *client; /* NULL between connections */
    bool connected, down;     /* down: to be dropped at the end of this turn */
    enum ending ending;
    char why[700], detail[200]; /* detail: what the library itself had to say */
    bool old_protocol;          /* this connection speaks 3.1.1 */
    int pending;                /* QoS 1 messages without PUBACK */
    int64_t next_try_ms, started_ms, connected_ms, nudge_ms;
    struct backoff backoff, taken_backoff;
    uint64_t taken_over;
    int brief; /* brief connections in a row that the broker closed */
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
    return m->set->cert_file ? "; it may not take our certificate" : "; it may want a certificate of its clients (cert_file)";
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
        backoff_reset(&m->backoff);
        m->on.connected(m->on.ctx);
        return;
    }
    bool version = !m->old_protocol &&
                   (reason == CONNACK_REFUSED_PROTOCOL_VERSION || reason == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION);
    snprintf(text, sizeof text, "the broker refuses: %s",
             m->old_protocol ? mosquitto_connack_string(reason) : mqtt_words(reason));
    end(m, version ? ENDED_VERSION : ENDED_REFUSED, text);
}

static void on_disconnect(struct mosquitto *client, void *ctx, int reason, const mosquitto_property *p)
{
    struct mqtt *m = ctx;
    char text[200];
    (void)client, (void)p;
    if (reason == MQTT_RC_SESSION_TAKEN_OVER) {
        m->taken_over += !m->down;
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

/* "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed": what stands last is for people. */
static void keep_detail(char detail[static 200], int level, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (level != MOSQ_LOG_ERR)
        return;
    if (strncmp(text, "OpenSSL", 7) == 0 && colon)
        text = colon + 1;
    snprintf(detail, 200, "%s", text);
    detail[strcspn(detail, "\n")] = 0;
}

static void on_log(struct mosquitto *client, void *ctx, int level, const char *text)
{
    struct mqtt *m = ctx;
    (void)client;
    keep_detail(m->detail, level, text);
}

static void on_log_of_dial(struct mosquitto *client, void *ctx, int level, const char *text)
{
    struct dial *d = ctx;
    (void)client;
    keep_detail(d->detail, level, text);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */
static int64_t wait_ms(struct mqtt *m)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        dice = 0;
    if (m->ending == ENDED_TAKEN)
        return backoff_wait_ms(&m->taken_backoff, dice);
    m->backoff.most_ms = m->ending == ENDED_REFUSED ? REFUSED_MOST_MS : BACKOFF_MOST_MS;
    return backoff_wait_ms(&m->backoff, dice);
}

/* A broker that does not say 142 (mosquitto 2.0.11 just closes) is known by what two clients of one id do to each other:
 * each connection is made without trouble, and closed soon. */
static void suspect_taking(struct mqtt *m, int64_t held_ms)
{
    if (m->ending == ENDED_VERSION)
        return;
    m->brief = m->ending == ENDED_CLOSED && held_ms < BRIEF_MS ? m->brief + 1 : 0;
    if (m->brief < (m->taken_backoff.next_ms ? 1 : BRIEF_MOST))
        return;
    m->brief = 0;
    m->ending = ENDED_TAKEN;
    m->taken_over++;
    snprintf(m->why, sizeof m->why,
             "the broker closes each connection soon after it was made: another client seems to connect as %s too; ids must be "
             "unique, so the broker is left alone for a while",
             m->client_id);
}

static void drop(struct mqtt *m)
{
    int64_t now = clock_mono_ms();
    mosquitto_destroy(m->client);
    m->client = NULL;
    suspect_taking(m, now - m->connected_ms);
    if (m->connected && now - m->connected_ms > TAKEN_MOST_MS)
        backoff_reset(&m->taken_backoff);
    m->old_protocol = m->ending == ENDED_VERSION || (m->ending == ENDED_UNHEARD && !m->old_protocol);
    m->connected = m->down = false;
    m->pending = 0;
    if (m->ending == ENDED_VERSION) { /* nothing to tell yet: 3.1.1 is tried at once */
        m->next_try_ms = now;
        return;
    }
    m->next_try_ms = now + wait_ms(m);
    m->on.disconnected(m->on.ctx, m->why);
}

static int credentials(const struct mqtt_settings *s, const char *password, struct mosquitto *client)
{
    int r = s->username ? mosquitto_username_pw_set(client, s->username, password) : 0;
    if (!r && s->tls)
        r = mosquitto_tls_set(client, s->ca_file, NULL, s->cert_file, s->key_file, NULL);
    return r;
}

static int prepare(const struct mqtt *m, const char *password, struct mosquitto *client)
{
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, m->old_protocol ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(client, 1000); /* the window is the caller's */
    int r = credentials(m->set, password, client);
    if (!r && m->will_topic)
        r = mosquitto_will_set(client, m->will_topic, (int)strlen(m->will_payload), m->will_payload, 1, true);
    return r;
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

/* ---- dialling ---------------------------------------------------------------------------------------------------- */
static atomic_int dials_left; /* that have not come back yet */

static void dial_work(void *arg)
{
    struct dial *d = arg;
    if (!d->result)
        d->result = mosquitto_connect_bind_v5(d->client, d->host, d->port, KEEPALIVE_S, NULL, NULL);
    d->error = errno;
}

static void dial_dispose(void *arg)
{
    struct dial *d = arg;
    mosquitto_destroy(d->client);
    free(d);
    dials_left--;
}

static void dial_leave(struct mqtt *m)
{
    if (!m->dialling)
        return;
    dials_left++;
    errand_nudge(m->dialling);
    errand_leave(m->dialling);
    m->dialling = NULL;
}

static void not_now(struct mqtt *m, const char *why)
{
    m->next_try_ms = clock_mono_ms() + BACKOFF_MOST_MS;
    m->on.disconnected(m->on.ctx, why);
}

static void dial_begin(struct mqtt *m)
{
    char *password = NULL;
    struct fault f = {0};
    if (m->set->password_file && !(password = mqtt_password(m->set, &f))) {
        not_now(m, f.text);
        return;
    }
    m->started_ms = clock_mono_ms();
    m->nudge_ms = m->started_ms + DIAL_MOST_MS;
    struct dial *d = xcalloc(1, sizeof *d);
    snprintf(d->host, sizeof d->host, "%s", m->set->host);
    d->port = m->set->port;
    d->client = mosquitto_new(m->client_id, true, d);
    if (d->client) {
        mosquitto_log_callback_set(d->client, on_log_of_dial);
        d->result = prepare(m, password, d->client);
        m->dialling = errand_begin(dial_work, dial_dispose, d);
        m->dial = d;
    }
    free(password);
    if (m->dialling)
        return;
    not_now(m, d->client ? "there is no thread to connect by" : "out of memory");
    mosquitto_destroy(d->client);
    free(d);
}

/* The dial is done: its client is ours. */
static void dial_take(struct mqtt *m)
{
    struct dial *d = m->dial;
    errand_end(m->dialling);
    m->dialling = NULL;
    m->client = d->client;
    m->started_ms = clock_mono_ms();
    m->down = false;
    memcpy(m->detail, d->detail, sizeof m->detail);
    listen_to(m);
    if (d->result) {
        char text[400];
        errno = d->error;
        bool nudged = d->result == MOSQ_ERR_ERRNO && d->error == EINTR;
        snprintf(text, sizeof text, "%s:%d: %s", d->host, d->port, nudged ? strerror(ETIMEDOUT) : mosquitto_strerror(d->result));
        end(m, ENDED, text);
        drop(m);
    }
    free(d);
}

static void dial_step(struct mqtt *m)
{
    int64_t now = clock_mono_ms();
    /* One that was left would, should it still get through, connect under our id and throw us out: it is waited for. */
    if (!m->dialling && now >= m->next_try_ms && !dials_left)
        dial_begin(m);
    if (m->dialling && errand_is_done(m->dialling)) {
        dial_take(m);
    } else if (m->dialling && now >= m->nudge_ms) { /* a silent address: on to the next one, or to an end */
        errand_nudge(m->dialling);
        m->nudge_ms = now + DIAL_MOST_MS;
    }
}

struct mqtt *mqtt_new(const struct mqtt_settings *set, const char *client_id, const struct mqtt_will *will,
                      const struct mqtt_events *on)
{
    struct mqtt *m = xcalloc(1, sizeof *m);
    mosquitto_lib_init();
    m->set = set;
    m->on = *on;
    m->backoff = (struct backoff){.first_ms = BACKOFF_FIRST_MS, .most_ms = BACKOFF_MOST_MS};
    m->taken_backoff = (struct backoff){.first_ms = TAKEN_FIRST_MS, .most_ms = TAKEN_MOST_MS};
    snprintf(m->client_id, sizeof m->client_id, "%s", client_id);
    if (will) {
        m->will_topic = xstrdup(will->topic);
        m->will_payload = xstrdup(will->payload);
    }
    return m;
}

void mqtt_free(struct mqtt *m)
{
    if (!m)
        return;
    dial_leave(m);
    if (m->client) {
        mosquitto_disconnect(m->client);
        mosquitto_loop_write(m->client, 1);
        mosquitto_destroy(m->client);
    }
    free(m->will_topic);
    free(m->will_payload);
    free(m);
    if (!dials_left) /* they use the library still */
        mosquitto_lib_cleanup();
}

void mqtt_step(struct mqtt *m, bool readable, bool writable)
{
    if (!m->client)
        dial_step(m);
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
    return m->old_protocol ? "MQTT 3.1.1" : "MQTT 5";
}

uint64_t mqtt_taken_over(const struct mqtt *m)
{
    return m->taken_over;
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
    for (uint16_t i = 0; !m->old_protocol && i < m->alias_count && i < m->alias_most; i++)
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
