#include "collector/rules/stream.h"
#include "collector/rules/gateway.h"
#include "collector/rules/health.h"
#include "collector/rules/hello.h"
#include "collector/rules/memory.h"
#include "collector/rules/timeline.h"

#include <stdio.h>
#include <string.h>

/* ---- what is not there ------------------------------------------------------------------------------------------- */

static void take_gap_of_all(struct fold *f, struct gateway *g, int64_t from, int64_t until, const char *reason)
{
    for (size_t i = 0; i < g->device_count; i++)
        timeline_gap(f, g->devices[i], from, until, reason);
    health_blind(f, g, from, until);
}

/* A repair may be of a former epoch. */
static bool ends_opening(const struct gateway *g, const struct frame *frame)
{
    return g->opening && strcmp(frame->epoch, g->epochs[0]) == 0;
}

/* The first time told in a new epoch, or after frames that will never be told theirs: what lies between it and the
 * newest before is not known. */
static void end_unknown(struct fold *f, struct gateway *g, const struct frame *frame, int64_t at)
{
    bool opens = ends_opening(g, frame);
    bool untold = dating_told(&g->dating);
    if (!opens && !untold)
        return;
    g->opening = g->opening && !opens;
    take_gap_of_all(f, g, g->newest_ts, at, untold ? "clock" : "epoch");
}

enum { CLOCK_TOLERANCE_MS = 5 * 60 * 1000 }; /* as for the ts of a reading, enum mark */

static void take_gap_frame(struct fold *f, struct gateway *g, const struct frame *frame)
{
    int64_t until = frame->until;
    if (until > f->receipt_ms + CLOCK_TOLERANCE_MS) /* a clock set wrong must not move the streams into the future */
        until = f->receipt_ms;
    if (frame->since > 0)
        end_unknown(f, g, frame, frame->since < until ? frame->since : until);
    if (ends_opening(g, frame))
        g->opening = false;
    dating_told(&g->dating);
    health_told(f, g, until);
    take_gap_of_all(f, g, frame->since, until, frame->reason);
    if (until > g->newest_ts)
        g->newest_ts = until;
}

static void take_lost_frame(struct fold *f, struct gateway *g)
{
    for (size_t i = 0; i < g->device_count; i++)
        timeline_lost(f, g->devices[i]);
    health_lost(f, g);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static void take_readings_frame(struct fold *f, struct gateway *g, const struct frame *frame,
                                const struct judged *judged)
{
    size_t count = strlen(judged->marks);
    for (size_t i = 0; i < frame->reading_count && i < count; i++) {
        const struct reading *r = &frame->readings[i];
        enum mark mark = (enum mark)judged->marks[i];
        if (mark == MARK_GOOD || mark == MARK_REPEAT)
            end_unknown(f, g, frame, r->ts);
        const struct permit *permit = judged_permit(judged, r->device);
        struct device *d = permit ? device_find(f, permit->site, r->device) : NULL;
        bool closed = d && place_closed(d->place, r->ts), refused = !permit || *permit->refused || closed;
        if (closed)
            timeline_close(f, d, place_at(d->place, r->ts)->closed_ms);
        if (d && refused)
            health_refused(f, d);
        if (mark != MARK_GOOD)
            continue;
        health_told(f, g, r->ts);
        if (d && !refused && d->place->count) {
            timeline_reading(f, d, r);
            health_reading(f, g, d, r);
        }
        if (r->ts > g->newest_ts)
            g->newest_ts = r->ts;
    }
    health_judge(f, g);
}

/* The epoch comes first in the list; a new one opens.  One forgotten that comes back opens anew: a gap, nothing worse.
 */
static void take_epoch(struct gateway *g, const char *epoch)
{
    size_t at = 0;
    while (at < g->epoch_count && strcmp(g->epochs[at], epoch) != 0)
        at++;
    if (at == g->epoch_count) {
        g->opening = true;
        g->epoch_count += g->epoch_count < EPOCHS_KNOWN;
        at = g->epoch_count - 1;
    }
    memmove(g->epochs[1], g->epochs[0], at * sizeof g->epochs[0]);
    snprintf(g->epochs[0], sizeof g->epochs[0], "%s", epoch);
}

static void take_frame(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    struct gateway *g = gateway_get(f, judged->gateway);
    snprintf(g->district, sizeof g->district, "%s", judged->district);
    g->seq = frame->seq;
    take_epoch(g, frame->epoch);
    dating_frame(&g->dating, frame);
    health_frame(f, g, frame);
    touch(f, &g->item);
    switch (frame->kind) {
    case FRAME_HELLO:
        hello_frame(f, g, frame, judged);
        break;
    case FRAME_READINGS:
        take_readings_frame(f, g, frame, judged);
        break;
    case FRAME_GAP:
        if (!frame->boot)
            take_gap_frame(f, g, frame);
        break;
    case FRAME_LOST:
        take_lost_frame(f, g);
        break;
    case FRAME_TIME:
    case FRAME_OTHER:
        break;
    }
    gateway_heard(f, g);
}

/* What was passed over when it came, now with its time.  Of the gateway itself it says nothing new. */
static void take_repair(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    struct gateway *g = gateway_get(f, judged->gateway);
    if (frame->kind == FRAME_READINGS)
        take_readings_frame(f, g, frame, judged);
    if (frame->kind == FRAME_GAP)
        take_gap_frame(f, g, frame);
    touch(f, &g->item);
}

static void take(struct fold *f, const struct frame *frame, const struct judged *judged)
{
    if (judged->repairs)
        take_repair(f, frame, judged);
    else
        take_frame(f, frame, judged);
}

void stream_frame(struct fold *f, const struct record *record)
{
    struct judged judged;
    if (record->frame) {
        take(f, record->frame, record->judged);
        return;
    }
    struct frame *frame = judged_open(&judged, record);
    if (!frame)
        return;
    take(f, frame, &judged);
    frame_close(frame);
    judged_free(&judged);
}
