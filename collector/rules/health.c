#include "collector/rules/health.h"
#include "collector/rules/answer.h"
#include "collector/rules/flag.h"
#include "collector/rules/memory.h"

#include <math.h>

enum { IDLE_MOST_MS = 90 * 1000 };

int64_t health_reach(const struct device *d)
{
    return d->interval_ms + d->interval_ms / 2;
}

void health_explain(struct buf *out, const struct device *d, int64_t since, const char *reason)
{
    struct explanation e = {.coverage = NAN, .measured = NAN, .judged = NAN, .limit = NAN, .noise_class = NOT_GIVEN};
    flag_explain(out, &e);
    buf_print(out, ",\"hours\":\"%s\",\"reason\":", site_open_at(place_at(d->place, since), since) ? "open" : "closed");
    if (*reason)
        buf_json(out, reason);
    else
        buf_text(out, "null");
}

/* ---- time of the stream ------------------------------------------------------------------------------------------ */

static int64_t time_of(const struct gateway *g)
{
    const struct passage *p = &g->passage;
    return g->newest_ts + (p->idle_after == g->newest_ts ? p->idle_ms : 0);
}

void health_frame(struct fold *f, struct gateway *g, const struct frame *frame)
{
    struct passage *p = &g->passage;
    int64_t passed = p->frame_ms ? f->time - p->frame_ms : 0;
    p->frame_ms = f->time;
    if (frame->kind != FRAME_READINGS || frame->reading_count || passed <= 0)
        return;
    if (p->idle_after != g->newest_ts)
        p->idle_ms = 0;
    p->idle_after = g->newest_ts;
    p->idle_ms += passed < IDLE_MOST_MS ? passed : IDLE_MOST_MS;
}

void health_blind(struct fold *f, struct gateway *g, int64_t from, int64_t until)
{
    g->passage.lost = false;
    if (from < g->newest_ts) /* up to there it is known */
        from = g->newest_ts;
    for (size_t i = 0; i < g->device_count && from < until; i++) {
        silence_blind(f, g->devices[i], from, until);
        defect_forget(g->devices[i]);
        touch(f, &g->devices[i]->item);
    }
}

void health_lost(struct fold *f, struct gateway *g)
{
    g->passage.lost = true;
    touch(f, &g->item);
}

void health_told(struct fold *f, struct gateway *g, int64_t ts)
{
    if (g->passage.lost)
        health_blind(f, g, g->newest_ts, ts);
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

/* A moment at which it may become silent has come nearer. */
static void check_again(const struct fold *f, const struct device *d)
{
    struct gateway *g = gateway_find(f, d->gateway);
    if (g)
        g->passage.check_ms = 0;
}

static void take_answer(struct fold *f, const struct gateway *g, struct device *d, const struct answer *a)
{
    if (a->kind == ANSWER_NONE)
        silence_failure(f, d, a->reason);
    else
        silence_answer(f, d, time_of(g));
    if (a->kind == ANSWER_FAULTY)
        defect_faulty(f, d, a->reason);
    if (a->kind != ANSWER_GOOD)
        return;
    defect_good(f, d);
    if (!isnan(a->value)) {
        stuck_value(f, d, a->value);
        twin_value(f, d, a->value);
    }
}

void health_reading(struct fold *f, struct gateway *g, struct device *d, const struct reading *r)
{
    struct silence *s = &d->silence;
    struct answer a = answer_of(d, r);
    int64_t before = s->since + s->blind_ms;
    bool waited_for = !s->raised && !s->unlisted;
    s->unlisted = false;
    if (waited_for && a.kind != ANSWER_NONE)
        silence_look_back(f, d, time_of(g));
    take_answer(f, g, d, &a);
    if (!s->raised && (!waited_for || s->since + s->blind_ms < before))
        check_again(f, d);
}

/* ---- who is waited for ------------------------------------------------------------------------------------------- */

static void drop(struct fold *f, struct device *d, int64_t at)
{
    silence_drop(f, d, at);
    defect_drop(f, d, at);
    stuck_drop(f, d, at);
    touch(f, &d->item);
}

void health_judge(struct fold *f, struct gateway *g)
{
    int64_t now = time_of(g), next = INT64_MAX;
    if (!g->newest_ts || now < g->passage.check_ms)
        return;
    for (size_t i = 0; i < g->device_count; i++) {
        struct device *d = g->devices[i];
        int64_t due = INT64_MAX;
        if (!d->silence.unlisted)
            due = silence_judge(f, d, now);
        else if (d->silence.since)
            drop(f, d, now);
        next = due < next ? due : next;
    }
    g->passage.check_ms = next;
}

/* What is listed is said in this and the following frames: who is not is judged with the next readings. */
void health_reset(struct fold *f, struct gateway *g)
{
    for (size_t i = 0; i < g->device_count; i++) {
        g->devices[i]->silence.unlisted = true;
        touch(f, &g->devices[i]->item);
    }
    g->passage.check_ms = 0;
}

void health_listed(struct fold *f, struct gateway *g, struct device *d)
{
    d->silence.unlisted = false;
    g->passage.check_ms = 0;
    touch(f, &d->item);
}

void health_refused(struct fold *f, struct device *d)
{
    if (d->silence.unlisted)
        return;
    d->silence.unlisted = true;
    check_again(f, d);
    touch(f, &d->item);
}

void health_settings(struct fold *f)
{
    for (size_t i = 0; i < f->gateways.count; i++)
        ((struct gateway *)f->gateways.items[i])->passage.check_ms = 0;
}

void passage_pack(struct pack *p, struct passage *passage)
{
    pack_bool(p, &passage->lost);
    pack_int(p, &passage->frame_ms);
    pack_int(p, &passage->idle_ms);
    pack_int(p, &passage->idle_after);
}
