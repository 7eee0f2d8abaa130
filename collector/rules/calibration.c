#include "collector/rules/calibration.h"
#include "collector/rules/flag.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <math.h>

struct term {
    int64_t due, since; /* due 0: nothing is known */
};

static struct term term_of(const struct fold *f, const struct device *d)
{
    const struct rules_settings *set = &f->config.settings;
    if (!d->calibrated_ms)
        return (struct term){0, INT64_MAX};
    int64_t due = d->calibrated_ms + set->calibration_interval, since = due - set->calibration_due_before;
    return (struct term){due, since > d->calibrated_ms ? since : d->calibrated_ms};
}

static struct subject subject_of(const struct device *d)
{
    return (struct subject){FLAG_CALIBRATION_DUE, d->site, d->id, ""};
}

static void raise_flag(struct fold *f, const struct device *d, const struct term *t, int64_t now)
{
    struct explanation e = {.coverage = NAN,
                            .measured = NAN,
                            .judged = NAN,
                            .limit = NAN,
                            .noise_class = NOT_GIVEN,
                            .note = "[rules] calibration_interval"};
    struct buf detail = buf_growing();
    flag_explain(&detail, &e);
    buf_print(&detail, ",\"due\":%lld,\"calibrated\":%lld", (long long)t->due, (long long)d->calibrated_ms);
    struct claim claim = {.about = subject_of(d),
                          .start = t->due,
                          .since = t->since,
                          .at = now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

/* A flag for another due instant than the present one is over: calibrated since, or it never was due. */
static void end_flag(struct fold *f, const struct device *d, const struct term *t, int64_t now)
{
    struct subject about = subject_of(d);
    int64_t since = 0, start = flag_raised(f, &about, &since);
    if (!start || !t->due || (start == t->due && now >= t->since))
        return;
    if (d->calibrated_ms >= since)
        flag_end(f, &about, "cleared", d->calibrated_ms, now);
    else
        flag_end(f, &about, "withdrawn", since, now);
}

void calibration_told(struct fold *f, struct device *d, const char *date)
{
    int64_t at = 0;
    if (!civil_parse(date, &at))
        at = 0;
    if (at == d->calibrated_ms)
        return;
    d->calibrated_ms = at;
    d->calibration_check_ms = 0;
    touch(f, &d->item);
}

void calibration_changed(struct fold *f)
{
    for (size_t i = 0; i < f->devices.count; i++)
        ((struct device *)f->devices.items[i])->calibration_check_ms = 0;
}

void calibration_tick(struct fold *f, int64_t now)
{
    for (size_t i = 0; i < f->devices.count; i++) {
        struct device *d = (struct device *)f->devices.items[i];
        if (now < d->calibration_check_ms || !d->place->count || place_closed(d->place, now))
            continue;
        struct term t = term_of(f, d);
        struct subject about = subject_of(d);
        int64_t since;
        end_flag(f, d, &t, now);
        if (t.due && now >= t.since && !flag_raised(f, &about, &since))
            raise_flag(f, d, &t, now);
        d->calibration_check_ms = t.due && now < t.since ? t.since : INT64_MAX;
    }
}
