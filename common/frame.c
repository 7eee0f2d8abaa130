#include "common/frame.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- an arena: what a frame needs besides its JSON tree, freed at once ----------------------------------------------
 */
struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

struct opened { /* what frame_open hands out; `frame` comes first */
    struct frame frame;
    struct json *root;
    struct chunk *chunks;
};

static void *take(struct opened *o, size_t count, size_t size)
{
    size_t wanted = (count * size + 15) & ~(size_t)15;
    struct chunk *c = o->chunks;
    if (!c || c->size - c->used < wanted) {
        size_t room = wanted > 4096 ? wanted : 4096;
        c = xcalloc(1, sizeof *c + room);
        *c = (struct chunk){.next = o->chunks, .size = room};
        o->chunks = c;
    }
    void *at = c->bytes + c->used;
    c->used += wanted;
    return at;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */
static const char *text_or(const struct json *object, const char *key, const char *otherwise)
{
    const char *text = otherwise;
    json_text(json_member(object, key), &text);
    return text;
}

static bool hex_only(const char *s, size_t length)
{
    return strlen(s) == length && strspn(s, "0123456789abcdef") == length;
}

bool epoch_valid(const char *epoch)
{
    return hex_only(epoch, EPOCH_SIZE - 1);
}

static bool boot_valid(const char *boot)
{
    size_t length = strspn(boot, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return length && length < BOOT_SIZE && !boot[length];
}

static const char *given_boot(const struct json *object) /* NULL: none that can be read */
{
    const char *boot = text_or(object, "boot", "");
    return boot_valid(boot) ? boot : NULL;
}

static size_t members(const struct json *object)
{
    size_t n = 0;
    void *at = NULL;
    const struct json *value;
    while (json_next(object, &at, &value))
        n++;
    return n;
}

static bool read_value(const struct json *node, struct value *v)
{
    int64_t integer;
    if (json_int64(node, &integer)) {
        if (integer > FRAME_EXACT || integer < -FRAME_EXACT)
            *v = (struct value){.kind = VALUE_HUGE, .integer = integer};
        else
            *v = (struct value){.kind = VALUE_NUMBER, .number = (double)integer};
        return true;
    }
    if (json_double(node, &v->number)) {
        v->kind = VALUE_NUMBER;
        return true;
    }
    v->kind = VALUE_TEXT;
    return json_text(node, &v->text);
}

/* NULL, or why this reading is none. */
static const char *read_values(struct opened *o, const struct json *object, struct reading *r)
{
    struct datum *data = take(o, members(object), sizeof *data);
    void *at = NULL;
    const struct json *value;
    r->values = data;
    for (const char *metric; (metric = json_next(object, &at, &value)); r->value_count++) {
        struct datum *d = &data[r->value_count];
        if (!id_valid(metric))
            return "metric";
        d->metric = metric;
        if (!read_value(value, &d->value))
            return "value";
    }
    return NULL;
}

static const char *read_errors(struct opened *o, const struct json *object, struct reading *r)
{
    struct metric_error *errors = take(o, members(object), sizeof *errors);
    void *at = NULL;
    const struct json *value;
    r->errors = errors;
    for (const char *metric; (metric = json_next(object, &at, &value)); r->error_count++) {
        errors[r->error_count].metric = metric;
        if (!id_valid(metric))
            return "metric";
        if (!json_text(value, &errors[r->error_count].error))
            return "error";
    }
    return NULL;
}

/* A mark that cannot be read must not pass for a good reading. */
static bool quality_readable(const struct json *reading)
{
    const struct json *quality = json_member(reading, "quality"), *why = json_member(reading, "why");
    const char *text;
    if ((quality && !json_text(quality, &text)) || (why && !json_is_list(why)))
        return false;
    for (size_t i = 0; i < json_count(why); i++)
        if (!json_text(json_at(why, i), &text))
            return false;
    return true;
}

static unsigned read_quality(const struct json *reading)
{
    static const struct {
        const char *why;
        unsigned bit;
    } known[] = {{"range", QUALITY_RANGE},
                 {"stuck", QUALITY_STUCK},
                 {"jump", QUALITY_JUMP},
                 {"clock", QUALITY_CLOCK},
                 {"calibration", QUALITY_CALIBRATION}};
    unsigned quality = 0;
    const struct json *why = json_member(reading, "why");
    for (size_t i = 0; i < json_count(why); i++) {
        const char *text;
        for (size_t k = 0; json_text(json_at(why, i), &text) && k < sizeof known / sizeof *known; k++)
            if (strcmp(text, known[k].why) == 0)
                quality |= known[k].bit;
    }
    if (!quality && strcmp(text_or(reading, "quality", "good"), "good") != 0)
        quality = QUALITY_RANGE; /* suspect without a reason that we know */
    return quality;
}

/* On a boot's clock; bounded, so that an offset can be added. */
static bool read_mono(const struct json *node, int64_t *out)
{
    int64_t ms;
    if (!json_int64(node, &ms) || ms < 0 || ms > FRAME_EXACT)
        return false;
    *out = ms;
    return true;
}

/* False: it has no time, neither of the wall clock nor of a boot. */
static bool read_time(struct opened *o, const struct json *node, struct reading *r)
{
    struct frame *f = &o->frame;
    const char *boot = text_or(node, "boot", f->boot);
    if (json_member(node, "ts"))
        return json_int64(json_member(node, "ts"), &r->ts) && r->ts > 0 && r->ts <= FRAME_EXACT;
    if (!boot || !boot_valid(boot) || !read_mono(json_member(node, "mono"), &r->mono) ||
        (f->boot && strcmp(boot, f->boot) != 0)) /* one boot a frame */
        return false;
    r->boot = f->boot = boot;
    return true;
}

/* The interval of a reading that says `suspended`: as a whole, or not at all. */
static void read_suspended(const struct json *node, struct reading *r)
{
    int64_t from, until, slots;
    if (!json_int64(json_member(node, "from"), &from) || !json_int64(json_member(node, "until"), &until) ||
        !json_int64(json_member(node, "slots"), &slots) || from <= 0 || from > until ||
        until > (r->boot ? r->mono : r->ts) || slots < 1)
        return;
    r->from = from;
    r->until = until;
    r->slots = slots;
}

static const char *read_reading(struct opened *o, const struct json *node, struct reading *r)
{
    const char *refused = NULL;
    if (!json_is_object(node))
        return "reading";
    if (!json_text(json_member(node, "device"), &r->device) || !id_valid(r->device)) {
        r->device = NULL;
        return "device";
    }
    if (!read_time(o, node, r))
        return "ts";
    const struct json *values = json_member(node, "values"), *errors = json_member(node, "errors");
    const struct json *error = json_member(node, "error");
    if ((values && !json_is_object(values)) || (errors && !json_is_object(errors)) || (!values && !errors && !error))
        return "values";
    if (error && !json_text(error, &r->error))
        return "error";
    if (error && strcmp(r->error, "suspended") == 0)
        read_suspended(node, r);
    if (values)
        refused = read_values(o, values, r);
    if (!refused && errors)
        refused = read_errors(o, errors, r);
    r->quality = read_quality(node);
    if (!refused && error && (values || errors)) /* it failed as a whole, or it did not */
        refused = "error";
    if (!refused && !quality_readable(node))
        refused = "quality";
    return refused;
}

static void read_readings(struct opened *o, const struct json *list)
{
    struct frame *f = &o->frame;
    size_t count = json_count(list);
    struct reading *readings = take(o, count, sizeof *readings);
    f->unread += !json_is_list(list);
    f->boot = given_boot(o->root);
    f->refused = take(o, count, sizeof *f->refused);
    f->readings = readings;
    for (size_t i = 0; i < count; i++)
        f->refused[i] = read_reading(o, json_at(list, i), &readings[i]);
    f->reading_count = count;
    bool waits = false;
    for (size_t i = 0; i < count; i++)
        waits |= !f->refused[i] && readings[i].boot;
    f->boot = waits ? f->boot : NULL;
}

static bool gap_readable(const struct json *root, const struct frame *f)
{
    int64_t ms;
    const char *reason;
    bool since = f->since_mono || (json_int64(json_member(root, "since"), &ms) && f->since >= 0);
    bool until = f->until_mono || (json_int64(json_member(root, "until"), &ms) && f->until > 0);
    return since && until && f->until <= FRAME_EXACT && json_text(json_member(root, "reason"), &reason);
}

static void read_gap(const struct json *root, struct frame *f)
{
    json_int64(json_member(root, "since"), &f->since);
    json_int64(json_member(root, "until"), &f->until);
    f->boot = given_boot(root);
    f->since_mono = f->boot && read_mono(json_member(root, "since_mono"), &f->since);
    f->until_mono = f->boot && read_mono(json_member(root, "until_mono"), &f->until);
    f->boot = f->since_mono || f->until_mono ? f->boot : NULL;
    f->unread += !gap_readable(root, f);
}

static bool read_clock_repair(const struct json *root, struct clock_repair *t)
{
    int64_t first, last;
    t->boot = given_boot(root);
    json_int64(json_member(root, "error"), &t->error);
    if (!t->boot || !json_int64(json_member(root, "offset"), &t->offset) ||
        !json_int64(json_member(root, "from"), &first) || !json_int64(json_member(root, "to"), &last) || first < 1 ||
        last < first || t->offset > FRAME_EXACT || t->offset < -FRAME_EXACT)
        return false;
    t->first = (uint64_t)first;
    t->last = (uint64_t)last;
    return true;
}

/* A key that may be missing is missing, or as it should be. */
static bool text_readable(const struct json *object, const char *key)
{
    const char *text;
    return !json_member(object, key) || json_text(json_member(object, key), &text);
}

static bool texts_readable(const struct json *object, const char *const *keys)
{
    while (*keys && text_readable(object, *keys))
        keys++;
    return !*keys;
}

/* False: it says something else than how many ms, at most a day; then none is known. */
static bool read_interval(const struct json *object, int64_t *out)
{
    int64_t ms;
    const struct json *interval = json_member(object, "interval");
    bool known = json_int64(interval, &ms) && ms > 0 && ms <= INTERVAL_MOST_MS;
    *out = known ? ms : 0;
    return known || !interval;
}

static bool read_hello_metric(const struct json *node, struct hello_metric *m, struct frame *f)
{
    static const char *const texts[] = {"unit", "type", NULL};
    *m =
        (struct hello_metric){text_or(node, "name", ""), text_or(node, "unit", ""), text_or(node, "type", "number"), 0};
    bool valid = id_valid(m->name), paced = read_interval(node, &m->interval_ms);
    f->unread += !valid || !paced || !texts_readable(node, texts);
    return valid;
}

static bool read_hello_device(struct opened *o, const struct json *node, struct hello_device *d)
{
    static const char *const texts[] = {"profile", "integration", "serial", "calibrated", NULL};
    *d = (struct hello_device){0}; /* the slot may have been that of one refused */
    d->device = text_or(node, "device", "");
    d->site = text_or(node, "site", "");
    d->profile = text_or(node, "profile", "");
    d->measurement = text_or(node, "measurement", "");
    d->integration = text_or(node, "integration", "instant");
    d->serial = text_or(node, "serial", "");
    d->calibrated = text_or(node, "calibrated", "");
    const struct json *list = json_member(node, "metrics");
    struct hello_metric *metrics = take(o, json_count(list), sizeof *metrics);
    for (size_t i = 0; i < json_count(list); i++)
        d->metric_count += read_hello_metric(json_at(list, i), &metrics[d->metric_count], &o->frame);
    d->metrics = metrics;
    bool valid = id_valid(d->device) && id_valid(d->site) && id_valid(d->measurement);
    bool paced = read_interval(node, &d->interval_ms);
    o->frame.unread += !valid || !paced || !texts_readable(node, texts) || !json_is_list(list);
    return valid;
}

static void read_hello(struct opened *o)
{
    struct frame *f = &o->frame;
    const struct json *list = json_member(o->root, "devices");
    struct hello_device *devices = take(o, json_count(list), sizeof *devices);
    f->district = text_or(o->root, "district", "");
    f->version = text_or(o->root, "version", "");
    json_bool(json_member(o->root, "reset"), &f->reset);
    f->unread += !json_is_list(list);
    for (size_t i = 0; i < json_count(list); i++)
        f->device_count += read_hello_device(o, json_at(list, i), &devices[f->device_count]);
    f->devices = devices;
}

static bool read_lost(const struct json *root, struct frame *f)
{
    int64_t from, to;
    const char *head;
    if (!json_int64(json_member(root, "from"), &from) || from < 1 || (uint64_t)from > f->seq ||
        !json_int64(json_member(root, "to"), &to) || to < 0 || (uint64_t)to != f->seq)
        return false;
    f->from = (uint64_t)from;
    return json_text(json_member(root, "head"), &head) && hash_parse(&f->head, head);
}

static enum frame_kind kind_of(const char *text)
{
    static const char *const known[] = {"hello", "readings", "lost", "gap", "time"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i]) == 0)
            return (enum frame_kind)i;
    return FRAME_OTHER;
}

/* NULL, or the name of the key of the envelope that cannot be read. */
static const char *read_envelope(const struct json *root, struct frame *f)
{
    int64_t v = 0, seq = 0;
    const char *after = "";
    if (!json_is_object(root) || !json_int64(json_member(root, "v"), &v) || v != 1)
        return "v";
    if (!json_text(json_member(root, "gateway"), &f->gateway) || !id_valid(f->gateway))
        return "gateway";
    if (!json_text(json_member(root, "epoch"), &f->epoch) || !epoch_valid(f->epoch))
        return "epoch";
    if (!json_int64(json_member(root, "seq"), &seq) || seq < 1 || seq > FRAME_EXACT)
        return "seq";
    if (!json_text(json_member(root, "kind"), &f->kind_text))
        return "kind";
    f->kind = kind_of(f->kind_text);
    f->seq = f->from = (uint64_t)seq;
    bool given = json_text(json_member(root, "after"), &after) && hex_only(after, AFTER_HEX - 1);
    if (!given && f->kind != FRAME_LOST)
        return "after";
    memcpy(f->after, given ? after : "", given ? AFTER_HEX : 1);
    if (f->kind == FRAME_LOST && !read_lost(root, f))
        return "from, to, head";
    return NULL;
}

struct frame *frame_open(const char *payload, size_t length, struct fault *f)
{
    struct json *root = json_open(payload, length, f);
    if (!root)
        return NULL;
    struct opened *o = xcalloc(1, sizeof *o);
    struct frame *frame = &o->frame;
    o->root = root;
    const char *unreadable = read_envelope(root, frame);
    if (unreadable) {
        fault(f, ERR_SYNTAX, "envelope: %s", unreadable);
        frame_close(frame);
        return NULL;
    }
    json_bool(json_member(root, "anew"), &frame->anew);
    frame->reason = text_or(root, "reason", "");
    if (frame->kind == FRAME_READINGS)
        read_readings(o, json_member(root, "readings"));
    else if (frame->kind == FRAME_HELLO)
        read_hello(o);
    else if (frame->kind == FRAME_GAP)
        read_gap(root, frame);
    else if (frame->kind == FRAME_TIME && !read_clock_repair(root, &frame->time)) {
        frame->kind = FRAME_OTHER;
        frame->unread++;
    }
    return frame;
}

void frame_repair(struct frame *f, int64_t offset)
{
    struct reading *readings = (struct reading *)(uintptr_t)f->readings; /* frame_open made them */
    for (size_t i = 0; i < f->reading_count; i++)
        if (!f->refused[i] && readings[i].boot) {
            readings[i].ts = readings[i].mono + offset;
            readings[i].from += readings[i].slots ? offset : 0;
            readings[i].until += readings[i].slots ? offset : 0;
            readings[i].boot = NULL;
        }
    f->since += f->since_mono ? offset : 0;
    f->until += f->until_mono ? offset : 0;
    f->since_mono = f->until_mono = false;
    f->boot = NULL;
}

void frame_close(struct frame *frame)
{
    struct opened *o = (struct opened *)frame;
    if (!o)
        return;
    while (o->chunks) {
        struct chunk *next = o->chunks->next;
        free(o->chunks);
        o->chunks = next;
    }
    json_close(o->root);
    free(o);
}
