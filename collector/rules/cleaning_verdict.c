#include "collector/rules/cleaning_verdict.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/cleaning_book.h"
#include "collector/rules/flag.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <math.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, AROUND_MS = HOUR_MS };
#define WAIT_MS (3LL * 24 * HOUR_MS)

enum cleaning_verdict { PENDING, CONFIRMED, UNCONFIRMED, CONTRADICTED };
static const char *const verdict_names[] = {"", "confirmed", "unconfirmed", "contradicted"};

struct trial { /* of one claim */
    const struct fold *fold;
    const struct place *place;
    const struct book *book;
    const struct claimed *claim;
    int64_t from, to;                 /* the window */
    int64_t claimed_from, claimed_to; /* the claimed time */
    int64_t now;
    struct buf evidence;
};

static struct trial trial_of(const struct fold *f, const struct place *p, const struct book *b, const struct claimed *c,
                             int64_t now)
{
    struct trial t = {.fold = f, .place = p, .book = b, .claim = c, .now = now, .evidence = buf_growing()};
    int64_t within = f->config.settings.cleaning_evidence_within;
    int64_t end = c->whole_day ? civil_midnight(c->cleaned_at, 1) : c->cleaned_at;
    t.from = c->cleaned_at - within;
    t.to = end + within;
    t.claimed_from = c->cleaned_at - (c->whole_day ? 0 : AROUND_MS);
    t.claimed_to = end + (c->whole_day ? 0 : AROUND_MS);
    buf_print(&t.evidence, "{\"within\":%lld", (long long)within);
    return t;
}

/* ---- for it ------------------------------------------------------------------------------------------------------ */

static void put_number(struct buf *out, const char *key, double x)
{
    buf_print(out, ",\"%s\":", key);
    buf_number(out, rounded(x, 6));
}

static bool is_confirmed(struct trial *t)
{
    size_t found = 0;
    for (size_t i = 0; i < t->book->detection_count; i++) {
        const struct detection *d = &t->book->detections[i];
        if (d->from > t->to || d->to < t->from)
            continue;
        buf_print(&t->evidence, "%s{\"id\":\"%s\",\"device\":\"%s\",\"evidence\":\"%s\",\"from\":%lld,\"to\":%lld",
                  found++ ? "," : ",\"detections\":[", d->id, d->device, evidence_names[d->evidence],
                  (long long)d->from, (long long)d->to);
        put_number(&t->evidence, "before", d->before);
        put_number(&t->evidence, "after", d->after);
        buf_char(&t->evidence, '}');
    }
    buf_text(&t->evidence, found ? "]" : "");
    return found;
}

/* ---- against it -------------------------------------------------------------------------------------------------- */

static bool stayed_high(const struct trial *t, const struct device *d, struct buf *out)
{
    const struct rest *first, *last;
    if (!detect_stayed_high(d, t->from, t->to, &first, &last))
        return false;
    buf_print(out, "{\"device\":\"%s\",\"reason\":\"pressure-high\"", d->id);
    put_number(out, "before", first->before);
    put_number(out, "after", last->after);
    put_number(out, "clean", last->clean);
    buf_char(out, '}');
    return true;
}

static bool has_hood(const struct trial *t, const struct device *d)
{
    return purifier_concerns(d) && kitchen_at(&t->fold->config.settings, d, d->now).fan_metered;
}

static bool was_at_work(const struct trial *t, const struct device *d, struct buf *out)
{
    if (!has_hood(t, d) || !detect_worked_through(d, t->claimed_from, t->claimed_to))
        return false;
    buf_print(out, "{\"device\":\"%s\",\"reason\":\"at-work\",\"from\":%lld,\"to\":%lld}", d->id,
              (long long)t->claimed_from, (long long)t->claimed_to);
    return true;
}

/* Do all of the site's meters of back pressure, or all with a purifier, show the contrary?  None: no. */
static bool all_deny(const struct trial *t, bool pressure, struct buf *out)
{
    size_t denied = 0;
    for (size_t i = 0; i < t->place->device_count; i++) {
        const struct device *d = t->place->devices[i];
        if (!(pressure ? device_has(d, METRIC_DP) : has_hood(t, d)))
            continue;
        buf_text(out, denied++ ? "," : "");
        if (!(pressure && stayed_high(t, d, out)) && !was_at_work(t, d, out))
            return false;
    }
    return denied;
}

static bool is_contradicted(struct trial *t)
{
    struct buf devices = buf_growing();
    bool denied = all_deny(t, true, &devices);
    if (!denied) {
        buf_clear(&devices);
        denied = all_deny(t, false, &devices);
    }
    if (denied)
        buf_print(&t->evidence, ",\"devices\":[%s]", devices.data);
    buf_free(&devices);
    return denied;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static bool streams_passed(const struct trial *t)
{
    for (size_t i = 0; i < t->place->device_count; i++) {
        const struct device *d = t->place->devices[i];
        if (detect_concerns(d) && d->now && d->now < t->to)
            return false;
    }
    return true;
}

static bool awaits(const struct trial *t)
{
    for (size_t i = 0; t->now < t->to + WAIT_MS && i < t->place->device_count; i++) {
        if (detect_concerns(t->place->devices[i]) && detect_awaits(t->place->devices[i], t->to))
            return true;
    }
    return false;
}

static bool could_show(const struct trial *t)
{
    for (size_t i = 0; i < t->place->device_count; i++) {
        const struct device *d = t->place->devices[i];
        if (detect_can_show(d) && d->detect.first_ms && d->detect.first_ms < t->to)
            return true;
    }
    return false;
}

static enum cleaning_verdict judge(struct trial *t)
{
    int64_t entered = t->claim->entered_at;
    bool expired = t->now > (t->to > entered ? t->to : entered) + CLEANING_KEPT_MS;
    if (t->now < t->to || (!expired && !streams_passed(t)))
        return PENDING;
    if (is_confirmed(t))
        return CONFIRMED;
    if (!expired && awaits(t))
        return PENDING;
    if (!expired && is_contradicted(t))
        return CONTRADICTED;
    buf_print(&t->evidence, ",\"reason\":\"%s\"", expired ? "expired" : could_show(t) ? "nothing-seen" : "no-sensor");
    return UNCONFIRMED;
}

/* ---- what follows ------------------------------------------------------------------------------------------------ */

static void tell_row(struct fold *f, const struct trial *t, enum cleaning_verdict verdict)
{
    const struct claimed *c = t->claim;
    struct cleaning_row row = {.site = t->place->id,
                               .kind = "clean",
                               .by = c->by,
                               .provider = c->provider,
                               .note = c->note,
                               .actor = c->actor,
                               .state = c->entered_at - c->cleaned_at > CLEANING_LATE_MS ? "late" : "ok",
                               .verdict = verdict_names[verdict],
                               .evidence = t->evidence.data,
                               .photos = c->photos,
                               .cleaned_at = c->cleaned_at,
                               .entered_at = c->entered_at};
    memcpy(row.id, c->id, sizeof row.id);
    const struct sink *out = fold_out(f);
    out->cleaning(out->ctx, &row);
}

static void raise_flag(struct fold *f, const struct trial *t, enum cleaning_verdict verdict)
{
    const struct claimed *c = t->claim;
    struct explanation e = {.coverage = NAN,
                            .measured = NAN,
                            .judged = NAN,
                            .limit = NAN,
                            .noise_class = NOT_GIVEN,
                            .note = "[rules] cleaning_evidence_within"};
    struct buf detail = buf_growing();
    flag_explain(&detail, &e);
    buf_print(&detail, ",\"cleaning\":\"%s\",\"cleaned_at\":%lld,\"entered_at\":%lld,\"by\":", c->id,
              (long long)c->cleaned_at, (long long)c->entered_at);
    buf_json(&detail, c->by);
    buf_print(&detail, ",\"verdict\":\"%s\",\"evidence\":%s", verdict_names[verdict], t->evidence.data);
    struct claim claim = {.about = {FLAG_CLEANING_UNVERIFIED, t->place->id, "", ""},
                          .start = c->entered_at,
                          .since = c->entered_at,
                          .at = t->now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

static void move_flag(struct fold *f, const struct trial *t, enum cleaning_verdict verdict)
{
    struct subject about = {FLAG_CLEANING_UNVERIFIED, t->place->id, "", ""};
    const struct claimed *c = t->claim;
    int64_t since = 0;
    bool raised = flag_raised(f, &about, &since);
    if (raised && verdict == CONFIRMED && c->entered_at >= since)
        flag_end(f, &about, "cleared", c->cleaned_at > since ? c->cleaned_at : since, t->now);
    else if (!raised && (verdict == CONTRADICTED || (verdict == UNCONFIRMED && could_show(t))))
        raise_flag(f, t, verdict);
}

static void settle(struct fold *f, struct place *p, const struct trial *t, enum cleaning_verdict verdict)
{
    tell_row(f, t, verdict);
    move_flag(f, t, verdict);
    if (verdict == CONTRADICTED || t->claim->cleaned_at <= p->cleaned_ms)
        return;
    p->cleaned_ms = t->claim->cleaned_at;
    touch(f, &p->item);
}

int64_t verdict_tick(struct fold *f, struct place *p, int64_t now)
{
    struct book *b = book_find(f, p->id);
    int64_t next = INT64_MAX;
    for (size_t i = 0; b && i < b->claim_count;) {
        struct trial t = trial_of(f, p, b, &b->claims[i], now);
        enum cleaning_verdict verdict = judge(&t);
        buf_char(&t.evidence, '}');
        if (verdict == PENDING) {
            int64_t again = t.to > now ? t.to : now;
            next = again < next ? again : next;
            i++;
        } else {
            settle(f, p, &t, verdict);
            book_drop_claim(b, i);
            touch(f, &b->item);
        }
        buf_free(&t.evidence);
    }
    return next;
}
