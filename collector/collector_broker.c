/* What the broker brings: frames, presence, live values, and how the link does. */
#include "collector/collector_private.h"
#include "collector/presence.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

/* ---- live -------------------------------------------------------------------------------------------------------- */
static void say_live(void *ctx, const char *topic, const char *payload, size_t length)
{
    struct collector *c = ctx;
    char whole[TOPIC];
    snprintf(whole, sizeof whole, "%s/%s", c->set->mqtt.root, topic);
    mqtt_publish(c->mqtt, whole, payload, length, 0, true, NULL);
}

static void on_now(struct collector *c, const char *gateway, const void *payload, size_t length)
{
    struct live_sink out = {c, say_live};
    struct live_told told = live_put(c->intake, gateway, payload, length, clock_wall_ms(), &out);
    c->refused[REFUSED_NOW] += told.unread;
    if (live_refused_set(&c->live_refused, gateway, told.refused))
        log_warn("live", "gateway %s: %zu of the devices that it tells of may not report, one is %s: %s", gateway,
                 told.refused, told.device, told.why);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */
static void on_stream(struct collector *c, const char *topic, const void *payload, size_t length)
{
    struct intake_result r;
    buf_clear(&c->record);
    intake_judge(c->intake, topic, payload, length, clock_wall_ms(), journal_last(c->journal) + 1, &c->record, &r);
    c->verdicts[r.verdict]++;
    if (r.verdict == INTAKE_TAKEN) {
        append(c, c->record.data, c->record.length);
        refusal_count(c->refused, r.frame, &r.judged);
        acks_owe(c->acks, r.district, r.gateway, r.epoch, false);
        if (r.frame->kind == FRAME_TIME) /* few frames are done before the next one comes */
            repairs_pay(c);
    } else if (r.verdict == INTAKE_ENVELOPE || r.verdict == INTAKE_SIZE) {
        acks_refuse(c->acks, c->mqtt, &r, payload, length);
    } else if (r.verdict != INTAKE_TOPIC) {
        acks_owe(c->acks, r.district, r.gateway, r.epoch, true);
    }
    if (r.verdict == INTAKE_FORK && c->verdicts[INTAKE_FORK] == 1)
        log_warn("intake", "gateway %s: a fork of epoch %.8s… (restored card or second box)", r.gateway, r.epoch);
    frame_close(r.frame);
    judged_free(&r.judged);
}

static void on_status(struct collector *c, const char *district, const char *gateway, const void *payload,
                      size_t length)
{
    struct presence p;
    char text[320];
    if (!presence_read(&p, payload, length)) {
        c->refused[REFUSED_STATUS]++;
        return;
    }
    snprintf(text, sizeof text,
             "{\"district\":\"%s\",\"gateway\":\"%s\",\"state\":\"%s\",\"epoch\":\"%s\",\"last\":%llu}", district,
             gateway, p.online ? "online" : "offline", p.epoch, (unsigned long long)p.last);
    append_words(c, RECORD_PRESENCE, text);
    if (p.online)
        acks_owe(c->acks, district, gateway, p.epoch, false);
    else
        live_refused_set(&c->live_refused, gateway, 0); /* it tells of nothing any more */
}

void on_message(void *ctx, const char *topic, const void *payload, size_t length, bool retained)
{
    struct collector *c = ctx;
    char district[ID_SIZE], gateway[ID_SIZE], leaf[16];
    if (!intake_topic(c->set->mqtt.root, topic, district, gateway, leaf))
        c->verdicts[INTAKE_TOPIC]++;
    else if (strcmp(leaf, "status") == 0)
        on_status(c, district, gateway, payload, length);
    else if (retained)
        c->refused[REFUSED_RETAINED]++;
    else if (strcmp(leaf, "stream") == 0)
        on_stream(c, topic, payload, length);
    else if (strcmp(leaf, "now") == 0)
        on_now(c, gateway, payload, length);
}

void on_connected(void *ctx)
{
    static const char *const leaves[] = {"stream", "now", "status"}; /* status last: the acks it brings find us ready */
    struct collector *c = ctx;
    char topic[TOPIC];
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        for (size_t k = 0; k < c->set->districts.count; k++) {
            snprintf(topic, sizeof topic, "%s/%s/gateway/+/%s", c->set->mqtt.root, c->set->districts.items[k],
                     leaves[i]);
            mqtt_subscribe(c->mqtt, topic, i != 1);
        }
        if (!c->set->districts.count) {
            snprintf(topic, sizeof topic, "%s/+/gateway/+/%s", c->set->mqtt.root, leaves[i]);
            mqtt_subscribe(c->mqtt, topic, i != 1);
        }
    }
    log_info("collector", "connected to %s (%s)", c->set->mqtt.url, mqtt_version(c->mqtt));
    c->link_up = true;
    said_clear(&c->said);
    append_words(c, RECORD_LINK, "{\"state\":\"up\"}");
    alerts_connected(c->alerts);
    c->status_at = 0;
}

void on_disconnected(void *ctx, const char *why)
{
    struct collector *c = ctx;
    if (c->link_up)
        append_words(c, RECORD_LINK, "{\"state\":\"down\"}");
    if (said_first(&c->said, why))
        log_warn("collector", "no link to the broker: %s", why);
    c->link_up = false;
}

void on_acked(void *ctx, int mid, int reason)
{
    struct collector *c = ctx;
    bool refused = reason >= 128; /* 16, nobody listens now, is fine: it is retained */
    alerts_acked(c->alerts, mid, refused);
    if (refused && said_first(&c->said, mqtt_words(reason)))
        log_warn("alerts", "the broker refuses a message of ours: %s (reason %d); see its access rules",
                 mqtt_words(reason), reason);
}

void on_denied(void *ctx, const char *why)
{
    struct collector *c = ctx;
    if (said_first(&c->said, "subscription"))
        log_warn("collector", "the broker refuses a subscription of ours: %s; see its access rules", why);
}
