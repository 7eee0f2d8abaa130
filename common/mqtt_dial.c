#include "common/mqtt_dial.h"
#include "common/clock.h"
#include "common/errand.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEPALIVE_S = 15, ADDRESS_MOST_MS = 15000 };

struct dial {
    struct errand *errand;
    int64_t nudge_ms;
    /* the errand's until it is done: */
    struct mosquitto *client;
    char host[256];
    int port;
    int result, error; /* MOSQ_ERR_…, and errno */
    char detail[200];
};

static atomic_int left; /* dials that have not come back yet */

void dial_keep_detail(char detail[static 200], int level, const char *text)
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
    struct dial *d = ctx;
    (void)client;
    dial_keep_detail(d->detail, level, text);
}

static int credentials(struct mosquitto *client, const struct mqtt_settings *s, const char *password)
{
    int r = s->username ? mosquitto_username_pw_set(client, s->username, password) : 0;
    if (!r && s->tls)
        r = mosquitto_tls_set(client, s->ca_file, NULL, s->cert_file, s->key_file, NULL);
    return r;
}

static int prepare(struct mosquitto *client, const struct mqtt_settings *s, const char *password,
                   const struct mqtt_will *will, bool old_protocol)
{
    mosquitto_log_callback_set(client, on_log);
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, old_protocol ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(client, 1000); /* the window is the caller's */
    int r = credentials(client, s, password);
    if (!r && will)
        r = mosquitto_will_set(client, will->topic, (int)strlen(will->payload), will->payload, 1, true);
    return r;
}

static void dispose(struct dial *d)
{
    mosquitto_destroy(d->client);
    free(d);
}

static void work(void *arg)
{
    struct dial *d = arg;
    if (!d->result)
        d->result = mosquitto_connect_bind_v5(d->client, d->host, d->port, KEEPALIVE_S, NULL, NULL);
    d->error = errno;
}

static void come_back(void *arg)
{
    dispose(arg);
    left--;
}

int dial_begin(struct dial **out, const struct mqtt_settings *s, const char *client_id, const struct mqtt_will *will,
               bool old_protocol, struct fault *f)
{
    char *password = NULL;
    if (left)
        return ERR_AGAIN;
    if (s->password_file && !(password = mqtt_password(s, f)))
        return f->code;
    struct dial *d = xcalloc(1, sizeof *d);
    snprintf(d->host, sizeof d->host, "%s", s->host);
    d->port = s->port;
    d->nudge_ms = clock_mono_ms() + ADDRESS_MOST_MS;
    d->client = or_end(mosquitto_new(client_id, true, d));
    d->result = prepare(d->client, s, password, will, old_protocol);
    free(password);
    d->errand = errand_begin(work, come_back, d);
    if (!d->errand) {
        dispose(d);
        return fault(f, ERR_AGAIN, "there is no thread to connect by");
    }
    *out = d;
    return 0;
}

bool dial_step(struct dial *d)
{
    if (errand_is_done(d->errand))
        return true;
    int64_t now = clock_mono_ms();
    if (now >= d->nudge_ms) { /* a silent address: on to the next one, or to an end */
        errand_nudge(d->errand);
        d->nudge_ms = now + ADDRESS_MOST_MS;
    }
    return false;
}

void dial_end(struct dial *d, struct dial_result *out)
{
    errand_end(d->errand);
    bool nudged = d->result == MOSQ_ERR_ERRNO && d->error == EINTR;
    *out = (struct dial_result){.client = d->client, .failed = d->result != 0, .error = d->error};
    memcpy(out->detail, d->detail, sizeof out->detail);
    errno = d->error; /* mosquitto_strerror asks for it */
    if (d->result)
        snprintf(out->why, sizeof out->why, "%s:%d: %s", d->host, d->port,
                 nudged ? strerror(ETIMEDOUT) : mosquitto_strerror(d->result));
    free(d);
}

void dial_leave(struct dial *d)
{
    if (!d)
        return;
    left++;
    errand_nudge(d->errand);
    errand_leave(d->errand);
}

bool dial_any_left(void)
{
    return left > 0;
}
