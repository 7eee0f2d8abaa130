/* How the collector does: readers behind, refusals, journal, gateways. */
#include "collector/collector_private.h"
#include "common/clock.h"

#include <stdio.h>

struct listing {
    struct buf *out;
    const char *comma;
};

static void list_gateway(void *ctx, const char *district, const char *gateway, const char *epoch, uint64_t seq,
                         int64_t heard_ms)
{
    struct listing *l = ctx;
    buf_print(l->out, "%s{\"gateway\":\"%s\",\"district\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"heard\":%lld}",
              l->comma, gateway, district, epoch, (unsigned long long)seq, (long long)heard_ms);
    l->comma = ",";
}

/* How far behind a reader stands: the age of the oldest record it has not passed, at least 1; 0 only when it has passed
 * all. */
static int64_t lag_ms(struct journal_reader *reader, uint64_t position)
{
    struct journal_record rec;
    int64_t lag = 0;
    int r = journal_read(reader, position + 1, &rec);
    if (r < 0) /* not held any more: the oldest that is */
        r = journal_read(reader, journal_next_held(reader, position + 1), &rec);
    if (r == 1) {
        lag = clock_wall_ms() - rec.time_ms;
        lag = lag > 0 ? lag : 1;
    }
    return lag;
}

void status_put(struct collector *c, struct buf *b, bool gateways)
{
    buf_print(b,
              "{\"state\":\"online\",\"ts\":%lld,\"version\":\"" QUIETAIR_VERSION
              "\",\"readers\":{\"rules\":{\"lag_ms\":%lld}",
              (long long)clock_wall_ms(), (long long)lag_ms(c->rules_lag, clerk_committed(c->clerk)));
    if (c->writer)
        buf_print(b, ",\"lines\":{\"lag_ms\":%lld,\"refused\":%llu,\"skipped\":%llu}",
                  (long long)lag_ms(c->lines_lag, writer_position(c->writer)),
                  (unsigned long long)writer_refused(c->writer), (unsigned long long)c->skipped);
    buf_print(b, ",\"live\":{\"lag_ms\":0,\"refused\":%zu}},\"refused\":{", live_refused_sum(&c->live_refused));
    const char *comma = "";
    for (int v = INTAKE_REPEAT; v < INTAKE_VERDICTS; v++) {
        buf_print(b, "%s\"%s\":%llu", comma, intake_words[v], (unsigned long long)c->verdicts[v]);
        comma = ",";
    }
    for (size_t k = 0; k < REFUSALS; k++)
        buf_print(b, ",\"%s\":%llu", refusal_reasons[k],
                  (unsigned long long)(c->refused[k] + (k == REFUSED_REQUEST ? control_refused(c->control) : 0)));
    uint64_t waiting, untold;
    intake_waiting(c->intake, &waiting, &untold);
    buf_print(b, "},\"clock\":{\"waiting\":%llu,\"untold\":%llu", (unsigned long long)waiting,
              (unsigned long long)untold);
    buf_print(b, "},\"broker\":{\"refused\":%llu", (unsigned long long)alerts_refused(c->alerts));
    buf_print(b, "},\"forks\":%llu,\"journal\":{\"first\":%llu,\"last\":%llu,\"bytes\":%lld,\"unreadable\":%llu",
              (unsigned long long)c->verdicts[INTAKE_FORK], (unsigned long long)journal_first(c->journal),
              (unsigned long long)journal_last(c->journal), (long long)journal_bytes(c->journal),
              (unsigned long long)c->unreadable);
    retention_put(c, b);
    buf_char(b, '}');
    if (gateways) {
        struct listing l = {b, ""};
        buf_text(b, ",\"gateways\":[");
        intake_each(c->intake, list_gateway, &l);
        buf_char(b, ']');
    }
    buf_char(b, '}');
}

void status_topic(const struct collector *c, char out[static TOPIC])
{
    snprintf(out, TOPIC, "%s/%s/collector/%s/status", c->set->mqtt.root,
             c->set->districts.count ? c->set->districts.items[0] : "-", c->set->name);
}

void status_say(struct collector *c)
{
    struct buf b = buf_growing();
    char topic[TOPIC];
    status_topic(c, topic);
    status_put(c, &b, false);
    mqtt_publish(c->mqtt, topic, b.data, b.length, 1, true, NULL);
    buf_free(&b);
}
