#include "collector/rules/silence.h"
#include "collector/rules/flag.h"
#include "collector/rules/health.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <string.h>

static int64_t silent_after(const struct fold *f)
{
    return f->config.settings.device_silent_after;
}

static struct subject subject_of(const struct device *d)
{
    return (struct subject){FLAG_DEVICE_SILENT, d->site, d->id, ""};
}

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

/* The pattern as it stands, this spell included as far as it has been seen. */
static void put_pattern(const struct fold *f, const struct device *d, int64_t now, struct buf *out)
{
    const struct silence *s = &d->silence;
    struct pattern seen = s->pattern;
    pattern_mark(&seen, place_at(d->place, s->since), s->since, now, silent_after(f));
    int days = pattern_days(&seen, now);
    if (days >= PATTERN_LEAST)
        buf_print(out, ",\"pattern\":{\"days\":%d,\"of\":%d,\"hours\":\"open\"}", days, PATTERN_OF);
    else
        buf_text(out, ",\"pattern\":null");
}

static void raise_flag(struct fold *f, struct device *d, int64_t now)
{
    struct silence *s = &d->silence;
    struct buf detail = buf_growing();
    health_explain(&detail, d, s->since, s->reason);
    put_pattern(f, d, now, &detail);
    struct claim claim = {.about = subject_of(d),
                          .start = s->since,
                          .since = s->since,
                          .at = now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    s->raised = true;
    flag_raise(f, &claim);
    buf_free(&detail);
}

/* An answer has come, so old that the spell was none, or after a true spell. */
static void end_flag(struct fold *f, struct device *d, int64_t at)
{
    struct silence *s = &d->silence;
    struct subject about = subject_of(d);
    s->raised = false;
    if (at - s->since - s->blind_ms < silent_after(f)) {
        flag_end(f, &about, "withdrawn", s->since, at);
        return;
    }
    pattern_mark(&s->pattern, place_at(d->place, s->since), s->since, at, silent_after(f));
    flag_end(f, &about, "cleared", at, at);
}

/* ---- the spell --------------------------------------------------------------------------------------------------- */

void silence_answer(struct fold *f, struct device *d, int64_t stream)
{
    struct silence *s = &d->silence;
    if (s->raised)
        end_flag(f, d, d->now);
    s->since = d->now + health_reach(d);
    s->blind_ms = stream > s->since ? stream - s->since : 0;
    memset(s->reason, 0, sizeof s->reason);
}

void silence_failure(struct fold *f, struct device *d, const char *reason)
{
    struct silence *s = &d->silence;
    (void)f;
    if (!s->since || s->since > d->now)
        s->since = d->now;
    missing_reason(s->reason, reason);
}

void silence_blind(struct fold *f, struct device *d, int64_t from, int64_t until)
{
    struct silence *s = &d->silence;
    if (!s->since || s->since >= until)
        return;
    if (s->since >= from && !s->raised)
        s->since = until;
    else
        s->blind_ms += until - from;
    touch(f, &d->item);
}

int64_t silence_judge(struct fold *f, struct device *d, int64_t now)
{
    struct silence *s = &d->silence;
    if (s->raised)
        return INT64_MAX;
    if (!s->since) {
        s->since = now;
        touch(f, &d->item);
    }
    int64_t due = s->since + s->blind_ms + silent_after(f);
    if (now < due)
        return due;
    raise_flag(f, d, now);
    touch(f, &d->item);
    return INT64_MAX;
}

void silence_look_back(struct fold *f, struct device *d, int64_t stream)
{
    const struct silence *s = &d->silence;
    int64_t due = s->since + s->blind_ms + silent_after(f);
    if (s->since && due <= stream && due < d->now)
        silence_judge(f, d, due);
}

void silence_drop(struct fold *f, struct device *d, int64_t at)
{
    struct silence *s = &d->silence;
    struct subject about = subject_of(d);
    if (s->raised)
        flag_end(f, &about, "cleared", at, at);
    s->raised = false;
    s->since = 0;
    s->blind_ms = 0;
    memset(s->reason, 0, sizeof s->reason);
}

void silence_pack(struct pack *p, struct silence *s)
{
    pack_int(p, &s->since);
    pack_int(p, &s->blind_ms);
    pattern_pack(p, &s->pattern);
    pack_bool(p, &s->raised);
    pack_bool(p, &s->unlisted);
    pack_text(p, s->reason, sizeof s->reason);
}
