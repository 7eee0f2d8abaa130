#include "collector/intake.h"
#include "collector/intake_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const intake_words[] = {"taken",     "repeat",   "ahead", "fork",  "unknown-gateway",
                                    "repairing", "envelope", "size",  "topic", NULL};

struct intake *intake_new(const char *root)
{
    struct intake *in = xcalloc(1, sizeof *in);
    snprintf(in->root, sizeof in->root, "%s", root);
    return in;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->gateway_count; i++) {
        struct gateway *g = in->gateways[i];
        for (size_t k = 0; k < g->stream_count; k++)
            free(g->streams[k]);
        for (size_t k = 0; k < g->device_count; k++)
            free(g->devices[k].units);
        held_free(&g->held);
        free(g->streams);
        free(g->devices);
        free(g);
    }
    free(in->gateways);
    free(in->sites);
    free(in->listed);
    free(in);
}

static size_t gateway_place(const struct intake *in, const char *name)
{
    size_t low = 0, high = in->gateway_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(in->gateways[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct gateway *intake_gateway(const struct intake *in, const char *name)
{
    size_t i = gateway_place(in, name);
    return i < in->gateway_count && strcmp(in->gateways[i]->name, name) == 0 ? in->gateways[i] : NULL;
}

struct gateway *intake_gateway_get(struct intake *in, const char *name)
{
    struct gateway *g = intake_gateway(in, name);
    if (g)
        return g;
    size_t at = gateway_place(in, name);
    g = xcalloc(1, sizeof *g);
    strcpy(g->name, name);
    in->gateways = xrealloc(in->gateways, (in->gateway_count + 1) * sizeof g);
    memmove(in->gateways + at + 1, in->gateways + at, (in->gateway_count++ - at) * sizeof g);
    in->gateways[at] = g;
    return g;
}

bool intake_topic(const char *root, const char *topic, char district[static ID_SIZE], char gateway[static ID_SIZE],
                  char leaf[static 16])
{
    size_t n = strlen(root);
    char end;
    *district = *gateway = *leaf = 0;
    return strncmp(topic, root, n) == 0 && topic[n] == '/' &&
           sscanf(topic + n + 1, "%32[a-z0-9_-]/gateway/%32[a-z0-9_-]/%15[a-z]%c", district, gateway, leaf, &end) ==
               3 &&
           id_valid(district) && id_valid(gateway);
}

/* ---- applying ---------------------------------------------------------------------------------------------------- */
static void apply_time(struct intake *in, struct gateway *g, const struct frame *f, uint64_t at)
{
    bool owed = g->held.owed;
    if (f->boot)
        held_add(&g->held, f, at);
    if (f->kind == FRAME_TIME)
        held_time(&g->held, f);
    in->owing += !owed && g->held.owed;
}

static void apply_repaired(struct intake *in, struct gateway *g, uint64_t at)
{
    bool owed = g->held.owed;
    held_done(&g->held, at);
    in->owing -= owed && !g->held.owed;
}

void intake_apply(struct intake *in, const struct record *r)
{
    struct judged j;
    if (r->kind == RECORD_COMMAND)
        intake_apply_sites(in, r);
    struct frame *f = judged_open(&j, r);
    if (!f)
        return;
    struct gateway *g = intake_gateway_get(in, f->gateway);
    strcpy(g->district, j.district);
    if (j.repairs) {
        apply_repaired(in, g, j.repairs);
    } else {
        g->heard_ms = r->receipt_ms;
        intake_apply_order(g, f, r->body, r->body_length);
        if (f->kind == FRAME_HELLO)
            intake_apply_hello(g, f);
        apply_time(in, g, f, r->seq);
    }
    intake_apply_readings(g, f, &j);
    frame_close(f);
    judged_free(&j);
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */
static enum intake_verdict judge(struct intake *in, const char *topic, const char *payload, size_t length,
                                 int64_t receipt_ms, struct intake_result *out)
{
    char leaf[16];
    if (!intake_topic(in->root, topic, out->district, out->gateway, leaf) || strcmp(leaf, "stream") != 0)
        return INTAKE_TOPIC;
    if (length > FRAME_MAX)
        return INTAKE_SIZE;
    out->frame = frame_open(payload, length, NULL);
    if (!out->frame || strcmp(out->frame->gateway, out->gateway) != 0)
        return INTAKE_ENVELOPE;
    memcpy(out->epoch, out->frame->epoch, EPOCH_SIZE);
    if (!intake_knows(in, out->gateway, receipt_ms))
        return INTAKE_UNKNOWN_GATEWAY;
    struct gateway *g = intake_gateway(in, out->gateway);
    if (g && g->held.owed)
        return INTAKE_REPAIRING;
    return intake_judge_order(intake_stream(g, out->epoch), out->frame, payload, length);
}

void intake_judge(struct intake *in, const char *topic, const char *payload, size_t length, int64_t receipt_ms,
                  uint64_t at, struct buf *record, struct intake_result *out)
{
    *out = (struct intake_result){0};
    out->verdict = judge(in, topic, payload, length, receipt_ms, out);
    if (out->verdict != INTAKE_TAKEN) {
        frame_close(out->frame);
        out->frame = NULL;
        return;
    }
    struct gateway *g = intake_gateway_get(in, out->gateway);
    struct buf head = buf_growing();
    strcpy(g->district, out->district);
    g->heard_ms = receipt_ms;
    intake_apply_order(g, out->frame, payload, length);
    if (out->frame->kind == FRAME_HELLO)
        intake_apply_hello(g, out->frame);
    apply_time(in, g, out->frame, at);
    snprintf(out->judged.topic, sizeof out->judged.topic, "%s", topic);
    strcpy(out->judged.district, out->district);
    strcpy(out->judged.gateway, out->gateway);
    intake_judge_content(in, g, out->frame, receipt_ms, &out->judged);
    judged_write(&head, &out->judged);
    record_write(record, RECORD_FRAME, receipt_ms, head.data, head.length, payload, length);
    buf_free(&head);
}

/* ---- frames whose time has become known -------------------------------------------------------------------------- */
static struct gateway *first_owing(const struct intake *in)
{
    for (size_t i = 0; in->owing && i < in->gateway_count; i++)
        if (in->gateways[i]->held.owed)
            return in->gateways[i];
    return NULL;
}

uint64_t intake_owed(struct intake *in)
{
    struct gateway *g = first_owing(in);
    return g ? held_owed(&g->held) : 0;
}

static void write_repair(struct gateway *g, struct frame *f, struct judged *j, const struct record *frame,
                         int64_t receipt_ms, struct buf *record)
{
    struct buf head = buf_growing();
    j->repairs = held_owed(&g->held);
    j->offset = g->held.offset;
    frame_repair(f, j->offset);
    intake_judge_repaired(g, f, frame->receipt_ms, j);
    judged_write(&head, j);
    record_write(record, RECORD_REPAIR, receipt_ms, head.data, head.length, frame->body, frame->body_length);
    buf_free(&head);
}

void intake_repair(struct intake *in, const struct record *frame, int64_t receipt_ms, struct buf *record)
{
    struct judged j;
    struct gateway *g = first_owing(in);
    struct frame *f = g && frame ? judged_open(&j, frame) : NULL;
    if (f) {
        write_repair(g, f, &j, frame, receipt_ms, record);
        frame_close(f);
        judged_free(&j);
    } else if (g) {
        g->held.untold++;
    }
    if (g)
        apply_repaired(in, g, held_owed(&g->held));
}

void intake_waiting(const struct intake *in, uint64_t *waiting, uint64_t *untold)
{
    *waiting = *untold = 0;
    for (size_t i = 0; i < in->gateway_count; i++) {
        *waiting += in->gateways[i]->held.count;
        *untold += in->gateways[i]->held.untold;
    }
}

void intake_each(const struct intake *in,
                 void (*each)(void *ctx, const char *district, const char *gateway, const char *epoch, uint64_t seq,
                              int64_t heard_ms),
                 void *ctx)
{
    for (size_t i = 0; i < in->gateway_count; i++) {
        const struct gateway *g = in->gateways[i];
        const struct stream *s = g->stream_count ? g->streams[g->newest] : NULL;
        each(ctx, g->district, g->name, s ? s->epoch : "", s ? s->last : 0, g->heard_ms);
    }
}
