#include "firmware-gateway/metrics.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>

/* Where in `health`, what it is called, and what that is.  In a path `*bus` is any member, whose name becomes the label
 * bus; a text becomes the label after `=`, with the value 1. */
struct row {
    const char *path, *name, *type, *help;
    double divisor; /* of the value in `health`, which has at most 15 digits then; 0: as it is */
};

#define GATEWAY "quietair_gateway_"
/* clang-format off */
static const struct row rows[] = {
    {"version=version", GATEWAY "info", "gauge", "Always 1; the program's version is its label."},
    {"ts", GATEWAY "health_timestamp_seconds", "gauge", "When these numbers were put together.", 1000},
    {"uptime", GATEWAY "uptime_seconds", "gauge", "Since the program started."},
    {"clock=state", GATEWAY "clock", "gauge", "Always 1; what is known of the wall clock is its label."},
    {"journal.first", GATEWAY "journal_first_seq", "gauge", "Oldest frame held."},
    {"journal.last", GATEWAY "journal_last_seq", "gauge", "Newest durable frame."},
    {"journal.acked", GATEWAY "journal_acked_seq", "gauge", "Newest frame that the collector has."},
    {"journal.bytes", GATEWAY "journal_bytes", "gauge", "Size of the journal."},
    {"journal.syncs", GATEWAY "journal_syncs_total", "counter", "Times that frames were made durable."},
    {"journal.dropped", GATEWAY "dropped_readings_total", "counter", "Readings for which there was no room before the journal."},
    {"stream.connected", GATEWAY "broker_connected", "gauge", "1 while there is a connection to the broker."},
    {"stream.connects", GATEWAY "broker_connects_total", "counter", "Connections made to the broker."},
    {"stream.taken_over", GATEWAY "sessions_taken_over_total", "counter", "Times that another client with our id took our place, as far as can be told."},
    {"stream.resends", GATEWAY "resends_total", "counter", "Times that frames were sent again for want of an ack."},
    {"stream.lost", GATEWAY "lost_said_total", "counter", "Runs of frames declared lost."},
    {"stream.refused", GATEWAY "refused_frames_total", "counter", "Frames that the collector could not read, set aside."},
    {"stream.unheeded.*reason", GATEWAY "unheeded_answers_total", "counter", "Answers on the ack topic that were not heeded, by reason."},
    {"buses.*bus.utilisation", GATEWAY "bus_utilisation_ratio", "gauge", "Share of the time in which the bus was in use."},
    {"buses.*bus.devices.*device.polls", GATEWAY "polls_total", "counter", "Polls of the device."},
    {"buses.*bus.devices.*device.utilisation", GATEWAY "device_utilisation_ratio", "gauge",
     "Share of the time in which the bus was in use for the device."},
    {"buses.*bus.devices.*device.errors.*error", GATEWAY "errors_total", "counter", "Requests that gave no values, by cause."},
    {"buses.*bus.devices.*device.refused.*reason", GATEWAY "refused_messages_total", "counter",
     "What came over the bus and was not believed, by reason."},
    {"buses.*bus.devices.*device.latency_ms.p50", GATEWAY "answer_median_seconds", "gauge",
     "Answer time that half of the last answers did not exceed.", 1000},
    {"buses.*bus.devices.*device.latency_ms.p99", GATEWAY "answer_p99_seconds", "gauge",
     "Answer time that 99 % of the last answers did not exceed.", 1000},
};
/* clang-format on */

struct printing {
    const struct row *row;
    struct buf *out;
    bool begun; /* HELP and TYPE stand there */
};

static void put_label(struct buf *labels, const char *name, size_t length, const char *value)
{
    buf_char(labels, labels->length ? ',' : '{');
    buf_bytes(labels, name, length);
    buf_char(labels, '=');
    buf_json(labels, value); /* the same escapes as far as names and words need any */
}

static void put_sample(struct printing *p, const struct buf *labels, double value)
{
    const struct row *r = p->row;
    if (!p->begun)
        buf_print(p->out, "# HELP %s %s\n# TYPE %s %s\n", r->name, r->help, r->name, r->type);
    p->begun = true;
    buf_text(p->out, r->name);
    if (labels->length) {
        buf_bytes(p->out, labels->data, labels->length);
        buf_char(p->out, '}');
    }
    buf_char(p->out, ' ');
    if (r->divisor > 0)
        buf_print(p->out, "%.15g", value / r->divisor); /* 0.18 / 1000 is 0.00018, whatever a double makes of it */
    else
        buf_number(p->out, value);
    buf_char(p->out, '\n');
}

static void walk(struct printing *p, const struct json *node, const char *path, struct buf *labels)
{
    size_t length = strcspn(path, ".="), had = labels->length;
    const char *rest = path[length] == '.' ? path + length + 1 : path + length, *text, *name;
    double number;
    bool flag;
    if (*path == '=' && json_text(node, &text)) {
        put_label(labels, path + 1, strlen(path + 1), text);
        put_sample(p, labels, 1);
    } else if (!*path && json_double(node, &number)) {
        put_sample(p, labels, number);
    } else if (!*path && json_bool(node, &flag)) {
        put_sample(p, labels, flag);
    } else if (*path == '*') {
        void *at = NULL;
        for (const struct json *member; (name = json_next(node, &at, &member)); labels->length = had) {
            put_label(labels, path + 1, length - 1, name);
            walk(p, member, rest, labels);
        }
    } else if (length) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        walk(p, json_member(node, key), rest, labels);
    }
    labels->length = had;
}

int metrics_print(struct buf *out, const char *health, size_t length)
{
    struct json *root = json_open(health, length, NULL);
    if (!root)
        return ERR_SYNTAX;
    struct buf labels = buf_growing();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct printing p = {&rows[i], out, false};
        walk(&p, root, rows[i].path, &labels);
    }
    buf_free(&labels);
    json_close(root);
    return 0;
}
