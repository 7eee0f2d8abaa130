/* What a bus says of itself in `health`. */
#include "common/clock.h"
#include "firmware-gateway/bus_private.h"

#include <inttypes.h>

static void put_count(struct buf *b, const char **comma, const char *word, uint64_t n)
{
    if (!n)
        return;
    buf_print(b, "%s\"%s\":%" PRIu64, *comma, word, n);
    *comma = ",";
}

static void put_errors(const struct counters *c, struct buf *b)
{
    const char *comma = "";
    buf_text(b, "\"errors\":{");
    for (int kind = ANSWER_TIMEOUT; kind < ANSWER_KINDS; kind++)
        put_count(b, &comma, answer_error(&(struct answer){.kind = (enum answer_kind)kind}), c->errors[kind]);
    for (int code = 0; code < EXCEPTIONS; code++)
        put_count(b, &comma, answer_error(&(struct answer){.kind = ANSWER_EXCEPTION, .exception = code}),
                  c->exceptions[code]);
    put_count(b, &comma, "suspended", c->suspended);
    buf_text(b, "},\"refused\":{");
    comma = "";
    for (int i = 0; i < REFUSALS; i++)
        put_count(b, &comma, refusal_words[i], c->refused[i]);
    buf_char(b, '}');
}

static void put_share(struct buf *b, int64_t busy_ns, int64_t elapsed_ns)
{
    buf_text(b, "\"utilisation\":");
    buf_number(b, elapsed_ns > 0 ? (double)((1000 * busy_ns + elapsed_ns / 2) / elapsed_ns) / 1000 : 0);
}

static void put_device(struct polled *d, int64_t elapsed_ns, struct buf *b)
{
    struct counters *c = &d->counters;
    buf_print(b, "\"%s\":{\"polls\":%" PRIu64 ",", d->section->name, c->polls);
    put_share(b, c->busy_ns - c->asked_busy_ns, elapsed_ns);
    c->asked_busy_ns = c->busy_ns;
    buf_char(b, ',');
    put_errors(c, b);
    buf_text(b, ",\"latency_ms\":{\"p50\":");
    buf_number(b, latency_ms(&c->latency, 50));
    buf_text(b, ",\"p99\":");
    buf_number(b, latency_ms(&c->latency, 99));
    buf_text(b, "}}");
}

void bus_health(struct bus *bus, struct buf *b)
{
    pthread_mutex_lock(&bus->lock);
    int64_t now = clock_mono_ns(), elapsed = now - bus->asked_ns;
    buf_char(b, '{');
    put_share(b, bus->busy_ns - bus->asked_busy_ns, elapsed);
    bus->asked_ns = now;
    bus->asked_busy_ns = bus->busy_ns;
    buf_text(b, ",\"devices\":{");
    for (size_t i = 0; i < bus->count; i++) {
        buf_text(b, i ? "," : "");
        put_device(&bus->devices[i], elapsed, b);
    }
    buf_text(b, "}}");
    pthread_mutex_unlock(&bus->lock);
}
