#include "collector/rules/cleaning.h"
#include "collector/rules/cleaning_book.h"
#include "collector/rules/cleaning_verdict.h"
#include "collector/rules/flag.h"
#include "collector/rules/interval.h"
#include "collector/rules/memory.h"
#include "collector/rules/usage.h"
#include "common/civil.h"

#include <math.h>

/* ---- when it is due ---------------------------------------------------------------------------------------------- */

struct schedule {
    const struct standard *policy; /* NULL: none */
    struct interval interval;
    bool required;   /* a purifier, and an interval */
    int64_t last;    /* cleaned; 0 never */
    int64_t due;     /* 00:00 local of the due day; 0: not due, or not known when */
    int64_t since;   /* cleaning-due is raised from here on */
    int64_t overdue; /* cleaning-overdue from here on */
    int64_t fan_left_ms;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The newest cleaning that counts. */
static int64_t last_of(const struct place *p, const struct site *site, const struct book *b)
{
    int64_t last = later(p->cleaned_ms, site->last_cleaned_ms);
    return b && b->claim_count ? later(last, b->claims[b->claim_count - 1].cleaned_at) : last;
}

static void add_day(void *ctx, const struct usage *u)
{
    fan_hours_add(ctx, u->day, u->fan_ms);
}

static struct fan_hours fan_hours_of(const struct fold *f, const struct place *p, const struct book *b,
                                     const struct interval *interval, int64_t begin)
{
    struct fan_hours h = fan_hours_begin(interval, begin);
    for (size_t i = 0; b && i < b->day_count; i++)
        fan_hours_add(&h, b->days[i].day, b->days[i].fan_ms);
    usage_each(f, p->id, add_day, &h);
    return h;
}

static struct schedule schedule_of(const struct fold *f, const struct place *p, const struct site *site, int64_t at)
{
    const struct rules_settings *set = &f->config.settings;
    const struct book *b = book_find(f, p->id);
    struct schedule s = {.policy = rules_config_standard(&f->config, "", STANDARD_CLEANING),
                         .last = last_of(p, site, b),
                         .fan_left_ms = INT64_MAX};
    int64_t begin = s.last ? s.last : site->purifier_installed_ms ? site->purifier_installed_ms : p->imported_ms;
    s.interval = interval_of(s.policy, site, at);
    s.required = site->purifier == 1 && interval_given(&s.interval);
    if (!s.required)
        return s;
    int64_t by_days = interval_due_by_days(&s.interval, begin), by_hours = 0;
    if (!isnan(s.interval.hours)) {
        struct fan_hours h = fan_hours_of(f, p, b, &s.interval, begin);
        by_hours = h.due;
        s.fan_left_ms = h.due ? INT64_MAX : h.wanted_ms - h.sum_ms;
    }
    s.due = interval_earlier(by_days, by_hours);
    s.overdue = interval_overdue(s.due, set->cleaning_grace);
    s.since = s.due == by_days ? later(s.due - set->cleaning_due_before, begin) : s.due;
    return s;
}

/* ---- the flags --------------------------------------------------------------------------------------------------- */

static struct subject subject_of(const struct place *p, enum flag_kind kind)
{
    return (struct subject){kind, p->id, "", ""};
}

static int64_t *counted_from(struct book *b, enum flag_kind kind)
{
    return kind == FLAG_CLEANING_DUE ? &b->due_last : &b->overdue_last;
}

static void put_number(struct buf *out, const char *key, double x)
{
    buf_print(out, ",\"%s\":", key);
    buf_number(out, x);
}

static void put_detail(struct buf *out, const struct fold *f, const struct site *site, const struct schedule *s,
                       enum flag_kind kind)
{
    struct explanation e = flag_duty(f, site, kind, s->due, "interval of the site register");
    if (s->interval.rule) {
        e.standard = s->policy;
        e.provision = s->interval.rule;
        e.note = NULL;
        e.statutory = kind == FLAG_CLEANING_OVERDUE && s->interval.rule->confirmed;
    }
    flag_explain(out, &e);
    buf_print(out, ",\"due\":%lld", (long long)s->due);
    put_number(out, "days", s->interval.days);
    if (!isnan(s->interval.hours))
        put_number(out, "hours", s->interval.hours);
    put_number(out, "last", s->last ? (double)s->last : NAN);
}

static void raise_flag(struct fold *f, const struct place *p, const struct site *site, const struct schedule *s,
                       enum flag_kind kind, int64_t now)
{
    struct book *b = book_get(f, p->id);
    struct buf detail = buf_growing();
    put_detail(&detail, f, site, s, kind);
    struct claim claim = {.about = subject_of(p, kind),
                          .start = s->due,
                          .since = kind == FLAG_CLEANING_DUE ? s->since : s->overdue,
                          .at = now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    flag_raise(f, &claim);
    *counted_from(b, kind) = s->last;
    touch(f, &b->item);
    buf_free(&detail);
}

static bool holds(const struct schedule *s, enum flag_kind kind, int64_t now)
{
    bool overdue = s->due && now >= s->overdue;
    return kind == FLAG_CLEANING_OVERDUE ? overdue : s->due && now >= s->since && !overdue;
}

static void end_flag(struct fold *f, const struct place *p, const struct schedule *s, enum flag_kind kind, int64_t now)
{
    struct subject about = subject_of(p, kind);
    int64_t since = 0, start = flag_raised(f, &about, &since);
    if (!start || (start == s->due && holds(s, kind, now)))
        return;
    bool cleaned = s->required && s->last > *counted_from(book_get(f, p->id), kind);
    if (start == s->due && now >= s->overdue)
        flag_end(f, &about, "cleared", s->overdue, now); /* due became overdue */
    else if (cleaned && now - s->last > CLEANING_LATE_MS)
        flag_end(f, &about, "cleared", now, now);
    else if (cleaned && s->last >= since)
        flag_end(f, &about, "cleared", s->last, now);
    else
        flag_end(f, &about, "withdrawn", since, now);
}

static void end_flags(struct fold *f, const struct place *p, const struct schedule *s, int64_t now)
{
    end_flag(f, p, s, FLAG_CLEANING_DUE, now);
    end_flag(f, p, s, FLAG_CLEANING_OVERDUE, now);
}

static void raise_flags(struct fold *f, const struct place *p, const struct site *site, const struct schedule *s,
                        int64_t now)
{
    for (enum flag_kind kind = FLAG_CLEANING_DUE; kind <= FLAG_CLEANING_OVERDUE; kind++) {
        struct subject about = subject_of(p, kind);
        int64_t since;
        if (holds(s, kind, now) && !flag_raised(f, &about, &since))
            raise_flag(f, p, site, s, kind, now);
    }
}

/* ---- time passes ------------------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t next, int64_t moment, int64_t now)
{
    return moment > now && moment < next ? moment : next;
}

/* The next moment at which something may change by itself: it becomes due or overdue, another version takes over, or
 * another interval of the policy does (they change with the day). */
static int64_t next_check(const struct place *p, const struct schedule *s, int64_t now)
{
    int64_t next = sooner(sooner(INT64_MAX, s->since, now), s->overdue, now);
    for (size_t i = 0; i < p->count; i++)
        next = sooner(next, p->versions[i].valid_from_ms, now);
    return s->policy ? sooner(next, civil_midnight(now, 1), now) : next;
}

void cleaning_changed(struct fold *f, struct place *p)
{
    p->cleaning_check_ms = 0;
    if (place_closed(p, f->time))
        return;
    struct schedule s = schedule_of(f, p, place_at(p, f->time), f->time);
    end_flags(f, p, &s, f->time);
}

void cleaning_day(struct fold *f, struct place *p, int64_t day, int64_t fan_ms)
{
    if (!fan_ms)
        return;
    struct book *b = book_get(f, p->id);
    if (p->cleaned_ms)
        book_drop_days(b, civil_midnight(p->cleaned_ms, 0));
    book_add_day(b, day, fan_ms);
    touch(f, &b->item);
}

static void look_at(struct fold *f, struct place *p, int64_t now)
{
    int64_t next = verdict_tick(f, p, now);
    const struct site *site = place_at(p, now);
    struct schedule s = schedule_of(f, p, site, now);
    end_flags(f, p, &s, now);
    raise_flags(f, p, site, &s, now);
    p->fan_left_ms = s.fan_left_ms;
    p->cleaning_check_ms = next_check(p, &s, now);
    if (next < p->cleaning_check_ms)
        p->cleaning_check_ms = next;
}

void cleaning_tick(struct fold *f, int64_t now)
{
    for (size_t i = 0; i < f->places.count; i++) {
        struct place *p = (struct place *)f->places.items[i];
        if (p->count && !place_closed(p, now) && (now >= p->cleaning_check_ms || p->fan_left_ms <= 0))
            look_at(f, p, now);
    }
}
