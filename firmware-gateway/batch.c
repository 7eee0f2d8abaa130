#include "firmware-gateway/batch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 512 * 1024, KEPT = 64 * 1024, BODY_MOST = FRAME_MAX - 512, METRICS = 48 };

struct newest { /* of one device; times by the wall clock, or as long as it is not known the boot's */
    char device[ID_SIZE];
    int64_t ts;            /* of what follows */
    int64_t last, highest; /* ts given, the newest and the greatest; 0: none by the wall clock */
    size_t count;
    struct {
        char metric[ID_SIZE];
        double value;
        bool suspect; /* the reading it is of */
    } * values;
};

struct batch {
    pthread_mutex_t lock;
    char *text;     /* readings one behind the other, each NUL-terminated */
    size_t length;  /* what is used of ROOM */
    size_t peak;    /* what was, since it was empty */
    size_t most;    /* what was, since it was given back */
    size_t undated; /* of it, at the front: what names the boot, once the wall clock is known */
    char boot[CLOCK_BOOT_SIZE];
    bool dated;                     /* the wall clock is known */
    int64_t offset;                 /* then: to be added to the boot's clock */
    int64_t lost_since, lost_until; /* by the boot's clock */
    uint64_t dropped;
    struct newest *newest; /* of the devices heard of, by name */
    size_t device_count;
    bool fresh; /* `now` would say something new */
};

struct batch *batch_new(const char *boot)
{
    struct batch *b = xcalloc(1, sizeof *b);
    snprintf(b->boot, sizeof b->boot, "%s", boot);
    pthread_mutex_init(&b->lock, NULL);
    b->text = xmalloc(ROOM);
    return b;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->device_count; i++)
        free(b->newest[i].values);
    free(b->newest);
    free(b->text);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* Where it is, or would stand. */
static size_t place_of(const struct batch *b, const char *device)
{
    size_t low = 0, high = b->device_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(b->newest[middle].device, device) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct batch *b, size_t at, const char *device)
{
    return at < b->device_count && strcmp(b->newest[at].device, device) == 0;
}

static struct newest *find_or_add(struct batch *b, const char *device)
{
    size_t at = place_of(b, device);
    if (stands_at(b, at, device))
        return &b->newest[at];
    b->newest = xrealloc(b->newest, (b->device_count + 1) * sizeof *b->newest);
    struct newest *n = &b->newest[at];
    memmove(n + 1, n, (b->device_count++ - at) * sizeof *n);
    *n = (struct newest){0};
    strcpy(n->device, device);
    return n;
}

static void remember(struct newest *n, const struct reading *r)
{
    n->ts = r->boot ? r->mono : r->ts;
    for (size_t i = 0; i < r->value_count; i++) {
        const char *metric = r->values[i].metric;
        if (r->values[i].value.kind != VALUE_NUMBER)
            continue;
        size_t k = i < n->count && strcmp(n->values[i].metric, metric) == 0 ? i : 0; /* they come in one order mostly */
        while (k < n->count && strcmp(n->values[k].metric, metric) != 0)
            k++;
        if (k == METRICS)
            continue;
        if (k == n->count) {
            n->values = xrealloc(n->values, ++n->count * sizeof *n->values);
            strcpy(n->values[k].metric, metric);
        }
        n->values[k].value = r->values[i].value.number;
        n->values[k].suspect = r->quality != 0;
    }
}

/* By the wall clock, or naming the boot. */
static struct reading date(const struct batch *b, struct newest *n, const struct reading *r, int64_t due)
{
    struct reading dated = *r;
    if (!b->dated) {
        dated.boot = b->boot;
        dated.mono = r->ts;
        return dated;
    }
    dated.ts = r->ts + b->offset;
    dated.from += r->slots ? b->offset : 0;
    dated.until += r->slots ? b->offset : 0;
    if (dated.ts <= n->last && n->last - dated.ts <= WALLTIME_STEP_MS)
        dated.ts = n->last + 1;
    if (dated.ts <= n->highest)
        dated.quality |= QUALITY_CLOCK;
    else
        n->highest = dated.ts;
    n->last = dated.ts;
    if (due && dated.ts >= due && dated.value_count)
        dated.quality |= QUALITY_CALIBRATION;
    return dated;
}

void batch_put(struct batch *b, const struct reading *r, int64_t due)
{
    pthread_mutex_lock(&b->lock);
    struct buf out = buf_fixed(b->text + b->length, ROOM - b->length);
    struct newest *n = find_or_add(b, r->device);
    struct reading dated = date(b, n, r, due);
    frame_put_reading(&out, &dated);
    if (out.overflow || b->length + out.length + 2 > ROOM || out.length > BODY_MOST) {
        if (!b->lost_since)
            b->lost_since = r->ts - 1;
        b->lost_until = r->ts + 1;
        b->dropped++;
    } else {
        b->length += out.length + 1;
        b->peak = b->length > b->peak ? b->length : b->peak;
    }
    if (!r->error) {
        remember(n, &dated);
        b->fresh = true;
    }
    pthread_mutex_unlock(&b->lock);
}

void batch_forget(struct batch *b, const char *device)
{
    pthread_mutex_lock(&b->lock);
    size_t at = place_of(b, device);
    if (stands_at(b, at, device)) {
        struct newest *n = &b->newest[at];
        free(n->values);
        memmove(n, n + 1, (--b->device_count - at) * sizeof *n);
    }
    pthread_mutex_unlock(&b->lock);
}

/* It is empty.  When a stall is over, the memory that it filled is given back: it would stay resident for ever. */
static void emptied(struct batch *b)
{
    if (b->most > KEPT && b->peak <= KEPT) {
        free(b->text);
        b->text = xmalloc(ROOM);
        b->most = 0;
    }
    b->most = b->peak > b->most ? b->peak : b->most;
    b->peak = 0;
}

size_t batch_take(struct batch *b, struct buf *body)
{
    size_t count = 0, at = 0;
    buf_text(body, ",\"kind\":\"readings\",\"readings\":[");
    pthread_mutex_lock(&b->lock);
    size_t end = b->undated ? b->undated : b->length; /* no frame has both kinds of time */
    while (at < end) {
        size_t n = strlen(b->text + at);
        if (body->length + n + 2 > BODY_MOST)
            break;
        if (count++)
            buf_char(body, ',');
        buf_bytes(body, b->text + at, n);
        at += n + 1;
    }
    memmove(b->text, b->text + at, b->length - at);
    b->length -= at;
    b->undated -= b->undated ? at : 0;
    if (b->length == 0)
        emptied(b);
    pthread_mutex_unlock(&b->lock);
    buf_char(body, ']');
    return count;
}

static struct moment moment_of(const struct batch *b, int64_t boot_ms)
{
    return b->dated ? (struct moment){.ms = boot_ms + b->offset} : (struct moment){.ms = boot_ms, .boot = b->boot};
}

struct moment batch_moment(struct batch *b, int64_t boot_ms)
{
    pthread_mutex_lock(&b->lock);
    struct moment m = moment_of(b, boot_ms);
    pthread_mutex_unlock(&b->lock);
    return m;
}

void batch_clock(struct batch *b, int64_t offset)
{
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; !b->dated && i < b->device_count; i++)
        b->newest[i].ts += b->newest[i].ts ? offset : 0;
    if (!b->dated)
        b->undated = b->length;
    b->dated = true;
    b->offset = offset;
    pthread_mutex_unlock(&b->lock);
}

bool batch_undated(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    bool any = b->undated > 0;
    pthread_mutex_unlock(&b->lock);
    return any;
}

bool batch_overflow(struct batch *b, struct moment *since, struct moment *until)
{
    pthread_mutex_lock(&b->lock);
    bool any = b->lost_since != 0;
    *since = moment_of(b, b->lost_since);
    *until = moment_of(b, b->lost_until);
    b->lost_since = 0;
    pthread_mutex_unlock(&b->lock);
    return any;
}

uint64_t batch_dropped(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    uint64_t dropped = b->dropped;
    pthread_mutex_unlock(&b->lock);
    return dropped;
}

void batch_now_again(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    b->fresh = true;
    pthread_mutex_unlock(&b->lock);
}

static void put_now(const struct batch *b, struct buf *out, int64_t boot_ms)
{
    const char *comma = "", *key = b->dated ? "ts" : "mono";
    buf_char(out, '{');
    if (!b->dated)
        buf_print(out, "\"boot\":\"%s\",", b->boot);
    buf_print(out, "\"%s\":%lld,\"devices\":{", key, (long long)moment_of(b, boot_ms).ms);
    for (size_t i = 0; i < b->device_count; i++) {
        const struct newest *n = &b->newest[i];
        if (!n->ts) /* it has not answered yet */
            continue;
        buf_print(out, "%s\"%s\":{\"%s\":%lld,\"values\":{", comma, n->device, key, (long long)n->ts);
        bool suspect = false;
        for (size_t k = 0; k < n->count; k++) {
            buf_print(out, "%s\"%s\":", k ? "," : "", n->values[k].metric);
            buf_number(out, n->values[k].value);
            suspect |= n->values[k].suspect;
        }
        buf_text(out, suspect ? "},\"quality\":\"suspect\"}" : "}}");
        comma = ",";
    }
    buf_text(out, "}}");
}

bool batch_now(struct batch *b, struct buf *out, int64_t boot_ms)
{
    pthread_mutex_lock(&b->lock);
    bool fresh = b->fresh;
    if (fresh)
        put_now(b, out, boot_ms);
    b->fresh = false;
    pthread_mutex_unlock(&b->lock);
    return fresh;
}
