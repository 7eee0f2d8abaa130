#include "collector/intake.h"
#include "collector/held.h"
#include "collector/site.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const intake_words[] = {"taken",     "repeat",   "ahead", "fork",  "unknown-gateway",
                                    "repairing", "envelope", "size",  "topic", NULL};

struct device {
    char name[ID_SIZE], site[ID_SIZE], measurement[ID_SIZE];
    bool present; /* named by the newest hello */
    int64_t newest_ts;
    char *units; /* JSON object */
    char bits[sizeof(((struct permit *)0)->bits)];
};

struct stream { /* one epoch of one gateway */
    char epoch[EPOCH_SIZE];
    uint64_t last;
    struct {
        uint64_t seq;
        struct hash hash;
    } heads[INTAKE_HEADS]; /* by seq modulo; seq 0: empty */
};

struct gateway {
    char district[ID_SIZE], name[ID_SIZE];
    struct stream **streams;
    size_t stream_count, newest; /* index of the stream that spoke last */
    struct device *devices;
    size_t device_count;
    int64_t heard_ms;
    struct held held;
};

struct intake {
    char root[128];
    struct gateway **gateways; /* sorted by name */
    size_t gateway_count;
    struct site *sites; /* newest versions, sorted by id */
    size_t site_count;
    char (*listed)[ID_SIZE]; /* gateways that some site lists, sorted */
    size_t listed_count;
    size_t owing; /* gateways of which frames are owed */
};

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

/* ---- finding
 * --------------------------------------------------------------------------------------------------------- */
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

static struct gateway *gateway_find(const struct intake *in, const char *name)
{
    size_t i = gateway_place(in, name);
    return i < in->gateway_count && strcmp(in->gateways[i]->name, name) == 0 ? in->gateways[i] : NULL;
}

static struct gateway *gateway_get(struct intake *in, const char *name)
{
    struct gateway *g = gateway_find(in, name);
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

static struct stream *stream_find(const struct gateway *g, const char *epoch)
{
    for (size_t i = 0; g && i < g->stream_count; i++)
        if (strcmp(g->streams[i]->epoch, epoch) == 0)
            return g->streams[i];
    return NULL;
}

static struct device *device_find(const struct gateway *g, const char *name)
{
    for (size_t i = 0; g && i < g->device_count; i++)
        if (strcmp(g->devices[i].name, name) == 0)
            return &g->devices[i];
    return NULL;
}

static size_t site_place(const struct intake *in, const char *id)
{
    size_t low = 0, high = in->site_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(in->sites[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct site *site_find(const struct intake *in, const char *id)
{
    size_t at = site_place(in, id);
    return at < in->site_count && strcmp(in->sites[at].id, id) == 0 ? &in->sites[at] : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Does some site list it? */
static bool knows(const struct intake *in, const char *gateway)
{
    return in->listed_count && bsearch(gateway, in->listed, in->listed_count, sizeof *in->listed, by_text);
}

static void list_gateways(struct intake *in)
{
    size_t room = 0;
    for (size_t i = 0; i < in->site_count; i++)
        room += in->sites[i].gateway_count;
    in->listed = xrealloc(in->listed, room * sizeof *in->listed);
    in->listed_count = 0;
    for (size_t i = 0; i < in->site_count; i++)
        for (size_t k = 0; k < in->sites[i].gateway_count; k++)
            strcpy(in->listed[in->listed_count++], in->sites[i].gateways[k]);
    qsort(in->listed, in->listed_count, sizeof *in->listed, by_text);
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

/* ---- order
 * ----------------------------------------------------------------------------------------------------------- */
static const struct hash *head_of(const struct stream *s, uint64_t seq)
{
    static const struct hash zero;
    if (seq == 0)
        return &zero;
    return s && s->heads[seq % INTAKE_HEADS].seq == seq ? &s->heads[seq % INTAKE_HEADS].hash : NULL;
}

static bool after_fits(const struct stream *s, const struct frame *f)
{
    char after[AFTER_HEX];
    const struct hash *before = head_of(s, f->from - 1);
    if (!before || !*f->after)
        return true; /* nothing known to the contrary */
    hash_after(before, after);
    return strcmp(after, f->after) == 0;
}

static struct hash hash_after_frame(const struct stream *s, const struct frame *f, const char *payload, size_t length)
{
    const struct hash *before = head_of(s, f->seq - 1);
    return f->kind == FRAME_LOST ? f->head : before ? chain_next(before, payload, length) : (struct hash){0};
}

static enum intake_verdict judge_order(const struct stream *s, const struct frame *f, const char *payload,
                                       size_t length)
{
    uint64_t last = s ? s->last : 0;
    if (f->seq <= last) {
        const struct hash *held = head_of(s, f->seq), *before = head_of(s, f->seq - 1);
        if (held && (before || f->kind == FRAME_LOST)) {
            struct hash theirs = hash_after_frame(s, f, payload, length);
            if (!hash_equal(held, &theirs))
                return INTAKE_FORK;
        }
        return INTAKE_REPEAT;
    }
    if (f->from > last + 1)
        return INTAKE_AHEAD;
    return after_fits(s, f) ? INTAKE_TAKEN : INTAKE_FORK;
}

/* ---- content
 * --------------------------------------------------------------------------------------------------------- */
static const char *why_not(const struct intake *in, const struct gateway *g, const struct device *d,
                           const char **district)
{
    const struct site *site = d ? site_find(in, d->site) : NULL;
    *district = site ? site->district : "";
    return !d || !d->present             ? "unknown-device"
           : !site                       ? "unknown-site"
           : site_permits(site, g->name) ? ""
                                         : "not-permitted";
}

static const struct permit *permit_for(const struct intake *in, const struct gateway *g, struct judged *j,
                                       const char *name)
{
    const struct permit *known = judged_permit(j, name);
    const struct device *d = device_find(g, name);
    const char *district;
    if (known)
        return known;
    const char *refused = why_not(in, g, d, &district);
    j->permits = xrealloc(j->permits, (j->permit_count + 1) * sizeof *j->permits);
    struct permit *p = &j->permits[j->permit_count++];
    *p = (struct permit){0};
    snprintf(p->device, sizeof p->device, "%s", name);
    snprintf(p->site, sizeof p->site, "%s", d ? d->site : "");
    snprintf(p->measurement, sizeof p->measurement, "%s", d ? d->measurement : "");
    snprintf(p->district, sizeof p->district, "%s", district);
    snprintf(p->refused, sizeof p->refused, "%s", refused);
    strcpy(p->bits, d ? d->bits : "");
    return p;
}

static char mark_for(const struct device *d, const struct frame *f, const struct reading *r, int64_t receipt_ms)
{
    if (d && r->ts <= d->newest_ts)
        return f->anew ? MARK_REPEAT : MARK_CLOCK;
    return r->ts > receipt_ms + INTAKE_AHEAD_MS ? MARK_CLOCK : MARK_GOOD;
}

static void judge_content(const struct intake *in, struct gateway *g, const struct frame *f, int64_t receipt_ms,
                          struct judged *j)
{
    j->marks = xcalloc(f->reading_count + 1, 1);
    for (size_t i = 0; i < f->reading_count; i++) {
        const struct reading *r = &f->readings[i];
        j->marks[i] = MARK_REFUSED;
        if (f->refused[i] || *permit_for(in, g, j, r->device)->refused)
            continue;
        struct device *d = device_find(g, r->device);
        j->marks[i] = r->boot ? MARK_WAITS : mark_for(d, f, r, receipt_ms);
        if (d && j->marks[i] == MARK_GOOD)
            d->newest_ts = r->ts;
    }
    for (size_t i = 0; i < f->device_count; i++)
        permit_for(in, g, j, f->devices[i].device);
}

/* ---- applying
 * -------------------------------------------------------------------------------------------------------- */
static void apply_hello(struct gateway *g, const struct frame *f)
{
    for (size_t i = 0; f->reset && i < g->device_count; i++)
        g->devices[i].present = false;
    for (size_t i = 0; i < f->device_count; i++) {
        const struct hello_device *h = &f->devices[i];
        struct device *d = device_find(g, h->device);
        if (!d) {
            g->devices = xrealloc(g->devices, (g->device_count + 1) * sizeof *d);
            d = &g->devices[g->device_count++];
            *d = (struct device){0};
            strcpy(d->name, h->device);
        }
        if (strcmp(d->site, h->site) != 0)
            d->newest_ts = 0; /* another series */
        strcpy(d->site, h->site);
        strcpy(d->measurement, h->measurement);
        d->present = true;
        struct buf units = buf_growing(), bits = buf_fixed(d->bits, sizeof d->bits);
        for (size_t k = 0; k < h->metric_count; k++) {
            buf_print(&units, "%c\"%s\":", k ? ',' : '{', h->metrics[k].name);
            buf_json(&units, h->metrics[k].unit);
            if (strcmp(h->metrics[k].type, "bit") == 0)
                buf_print(&bits, "%s%s,", bits.length ? "" : ",", h->metrics[k].name);
        }
        buf_text(&units, h->metric_count ? "}" : "{}");
        free(d->units);
        d->units = units.data;
    }
}

static void apply_order(struct gateway *g, const struct frame *f, const char *payload, size_t length)
{
    struct stream *s = stream_find(g, f->epoch);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        memcpy(s->epoch, f->epoch, EPOCH_SIZE);
        g->streams = xrealloc(g->streams, (g->stream_count + 1) * sizeof *g->streams);
        g->streams[g->stream_count++] = s;
    }
    for (size_t i = 0; i < g->stream_count; i++)
        if (g->streams[i] == s)
            g->newest = i;
    struct hash h = hash_after_frame(s, f, payload, length);
    s->last = f->seq;
    s->heads[f->seq % INTAKE_HEADS].seq = f->seq;
    s->heads[f->seq % INTAKE_HEADS].hash = h;
}

static void put_site(struct intake *in, const struct site *row)
{
    size_t at = site_place(in, row->id);
    if (at == in->site_count || strcmp(in->sites[at].id, row->id) != 0) {
        in->sites = xrealloc(in->sites, (in->site_count + 1) * sizeof *in->sites);
        memmove(in->sites + at + 1, in->sites + at, (in->site_count++ - at) * sizeof *in->sites);
    }
    in->sites[at] = *row;
}

static void apply_sites(struct intake *in, const struct record *r)
{
    struct json *root = json_open(r->body, r->body_length, NULL);
    const char *verb = "", *csv = NULL;
    struct site *rows = NULL;
    size_t count = 0;
    struct faults faults = {0};
    json_text(json_member(root, "verb"), &verb);
    json_text(json_member(json_member(root, "args"), "csv"), &csv);
    if (strcmp(verb, "site import") == 0 && csv && site_csv_read(csv, strlen(csv), &rows, &count, &faults) == 0)
        for (size_t i = 0; i < count; i++)
            put_site(in, &rows[i]);
    list_gateways(in);
    free(rows);
    faults_free(&faults);
    json_close(root);
}

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

static void apply_readings(struct gateway *g, const struct frame *f, const struct judged *j)
{
    for (size_t i = 0; i < f->reading_count && j->marks[i]; i++) {
        struct device *d = j->marks[i] == MARK_GOOD ? device_find(g, f->readings[i].device) : NULL;
        if (d && f->readings[i].ts > d->newest_ts)
            d->newest_ts = f->readings[i].ts;
    }
}

void intake_apply(struct intake *in, const struct record *r)
{
    struct judged j;
    if (r->kind == RECORD_COMMAND)
        apply_sites(in, r);
    struct frame *f = judged_open(&j, r);
    if (!f)
        return;
    struct gateway *g = gateway_get(in, f->gateway);
    strcpy(g->district, j.district);
    if (j.repairs) {
        apply_repaired(in, g, j.repairs);
    } else {
        g->heard_ms = r->receipt_ms;
        apply_order(g, f, r->body, r->body_length);
        if (f->kind == FRAME_HELLO)
            apply_hello(g, f);
        apply_time(in, g, f, r->seq);
    }
    apply_readings(g, f, &j);
    frame_close(f);
    judged_free(&j);
}

/* ---- judging
 * --------------------------------------------------------------------------------------------------------- */
static enum intake_verdict judge(struct intake *in, const char *topic, const char *payload, size_t length,
                                 struct intake_result *out)
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
    if (!knows(in, out->gateway))
        return INTAKE_UNKNOWN_GATEWAY;
    struct gateway *g = gateway_find(in, out->gateway);
    if (g && g->held.owed)
        return INTAKE_REPAIRING;
    return judge_order(stream_find(g, out->epoch), out->frame, payload, length);
}

void intake_judge(struct intake *in, const char *topic, const char *payload, size_t length, int64_t receipt_ms,
                  uint64_t at, struct buf *record, struct intake_result *out)
{
    *out = (struct intake_result){0};
    out->verdict = judge(in, topic, payload, length, out);
    if (out->verdict != INTAKE_TAKEN) {
        frame_close(out->frame);
        out->frame = NULL;
        return;
    }
    struct gateway *g = gateway_get(in, out->gateway);
    struct buf head = buf_growing();
    strcpy(g->district, out->district);
    g->heard_ms = receipt_ms;
    apply_order(g, out->frame, payload, length);
    if (out->frame->kind == FRAME_HELLO)
        apply_hello(g, out->frame);
    apply_time(in, g, out->frame, at);
    snprintf(out->judged.topic, sizeof out->judged.topic, "%s", topic);
    strcpy(out->judged.district, out->district);
    strcpy(out->judged.gateway, out->gateway);
    judge_content(in, g, out->frame, receipt_ms, &out->judged);
    judged_write(&head, &out->judged);
    record_write(record, RECORD_FRAME, receipt_ms, head.data, head.length, payload, length);
    buf_free(&head);
}

/* ---- frames whose time has become known
 * ------------------------------------------------------------------------------ */
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
    for (size_t i = 0; i < f->reading_count && j->marks[i]; i++) {
        struct device *d = device_find(g, f->readings[i].device);
        bool waited = j->marks[i] == MARK_WAITS;
        j->marks[i] = waited ? mark_for(d, f, &f->readings[i], frame->receipt_ms) : MARK_REFUSED;
        if (d && j->marks[i] == MARK_GOOD)
            d->newest_ts = f->readings[i].ts;
    }
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

uint64_t intake_position(const struct intake *in, const char *gateway, const char *epoch, struct hash *head)
{
    const struct stream *s = stream_find(gateway_find(in, gateway), epoch);
    const struct hash *held = s ? head_of(s, s->last) : NULL;
    *head = held ? *held : (struct hash){0};
    return held ? s->last : 0;
}

const char *intake_device(const struct intake *in, const char *gateway, const char *device, const char **district,
                          const char **units)
{
    const struct gateway *g = gateway_find(in, gateway);
    const struct device *d = device_find(g, device);
    if (!g || *why_not(in, g, d, district))
        return NULL;
    *units = d->units;
    return d->site;
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
