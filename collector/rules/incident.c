#include "collector/rules/incident.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct incident incident_at(const struct fold *f, const struct place *place, enum case_family family, int64_t at)
{
    struct window w = window_period(at, family == FAMILY_NOISE ? place_night(f, place, at) : NO_BANDS);
    return (struct incident){.period = w.from,
                             .period_end = w.to,
                             .from = at,
                             .until = at,
                             .band = family != FAMILY_NOISE ? NOT_GIVEN
                                     : w.night              ? BAND_NIGHT
                                                            : BAND_DAY,
                             .judged = NAN,
                             .limit = NAN};
}

static struct incident *find(const struct casefile *c, int64_t period)
{
    for (size_t i = c->kept; i-- > 0;) {
        if (c->incidents[i].period == period)
            return &c->incidents[i];
    }
    return NULL;
}

static bool carries(const struct incident *i, const char *id)
{
    for (size_t k = 0; k < i->carriers; k++) {
        if (strcmp(i->carrier[k], id) == 0)
            return true;
    }
    return false;
}

static void carry(struct incident *i, const char *id)
{
    if (!*id || carries(i, id))
        return;
    if (i->carriers == INCIDENT_CARRIERS)
        i->more = true;
    else
        snprintf(i->carrier[i->carriers++], sizeof i->carrier[0], "%s", id);
}

/* What is known of one exceedance. */
struct sighting {
    enum flag_kind kind;
    const char *site, *flag; /* flag: its id, "" while it is not raised */
    int64_t from, until;
    double judged, limit;
};

/* True: more is to be told of it. */
static bool grow(struct incident *i, const struct sighting *s)
{
    int64_t from = i->from, until = i->until;
    int kinds = i->kinds;
    bool worse = !isnan(s->judged) && (isnan(i->judged) || fabs(s->judged - s->limit) > fabs(i->judged - i->limit));
    i->from = s->from < i->from ? s->from : i->from;
    i->until = s->until > i->until ? s->until : i->until;
    i->kinds |= 1 << s->kind;
    carry(i, s->flag);
    if (worse) {
        i->judged = s->judged;
        i->limit = s->limit;
    }
    return worse || i->from != from || i->until != until || i->kinds != kinds;
}

/* More of an incident that is counted already. */
static void see_more(struct fold *f, struct casefile *c, struct incident *i, const struct sighting *s)
{
    if (grow(i, s) && !c->ended)
        c->untold = true;
    c->last = s->until > c->last ? s->until : c->last;
    if (c->untold && c->check_ms > i->period_end)
        c->check_ms = i->period_end;
    touch(f, &c->item);
}

static void see(struct fold *f, const struct sighting *s)
{
    int family = case_family_of(s->kind);
    const struct place *place = place_find(f, s->site);
    if (family == NO_FAMILY || !place || !place->count)
        return;
    struct incident new = incident_at(f, place, (enum case_family)family, s->from);
    struct casefile *c = case_find(f, (enum case_family)family, s->site);
    struct incident *known = c ? find(c, new.period) : NULL;
    if (known) { /* also of a case that has ended since: the same night opens no other */
        see_more(f, c, known, s);
        return;
    }
    grow(&new, s);
    if (c && !c->ended)
        case_pass(f, c, s->from);
    if (!c || c->ended)
        c = case_begin(f, (enum case_family)family, s->site, s->from);
    case_counted(f, c, &new);
}

/* ---- hooks ------------------------------------------------------------------------------------------------------- */

/* What is owed is seen at ticks, day by day, however long it has been owed. */
static bool is_debt(const struct flag *flag)
{
    return flag->kind == FLAG_CLEANING_OVERDUE || flag->kind == FLAG_INSTALL_OVERDUE;
}

void incident_flag_raised(struct fold *f, const struct flag *flag)
{
    int64_t today = civil_midnight(f->time, 0), from = is_debt(flag) && flag->since < today ? today : flag->since;
    see(f, &(struct sighting){flag->kind, flag->site, flag->id, from, from, NAN, NAN});
}

void incident_window(struct fold *f, const struct subject *about, int64_t from, const struct window_row *w)
{
    const char *id = flag_raised_id(f, about);
    see(f, &(struct sighting){about->kind, about->site, id ? id : "", from, w->to, w->judged, w->limit});
}

/* Nothing else carries it: then it never was. */
static bool let_go(struct incident *i, const char *id)
{
    size_t kept = 0;
    for (size_t k = 0; k < i->carriers; k++) {
        if (strcmp(i->carrier[k], id) != 0)
            memmove(i->carrier[kept++], i->carrier[k], sizeof i->carrier[0]);
    }
    memset(i->carrier[kept], 0, (i->carriers - kept) * sizeof i->carrier[0]);
    i->carriers = kept;
    return !kept && !i->more;
}

void incident_flag_ended(struct fold *f, const struct flag *flag, int64_t until)
{
    int family = case_family_of(flag->kind);
    struct casefile *c = family == NO_FAMILY ? NULL : case_find(f, (enum case_family)family, flag->site);
    size_t kept = 0, before = c ? c->kept : 0;
    for (size_t i = 0; i < before; i++) {
        struct incident *of = &c->incidents[i];
        if (of->from > until && carries(of, flag->id) && let_go(of, flag->id))
            c->incident_count--;
        else
            c->incidents[kept++] = *of;
    }
    if (!c)
        return;
    c->kept = kept;
    touch(f, &c->item);
    if (kept < before && !c->ended)
        case_uncounted(f, c);
}

/* ---- what stays raised ------------------------------------------------------------------------------------------- */

static bool is_counted(const struct fold *f, const struct flag *flag, int64_t today)
{
    const struct casefile *c = case_find(f, (enum case_family)case_family_of(flag->kind), flag->site);
    const struct incident *i = c ? find(c, today) : NULL;
    return i && (i->more || carries(i, flag->id));
}

/* Of purifier-off: a day of which its device tells nothing is not counted. */
static bool is_told(const struct fold *f, const struct flag *flag, int64_t today)
{
    const struct device *d = device_find(f, flag->site, flag->device);
    return d && d->now > today && d->now < civil_midnight(today, 1);
}

void incident_tick(struct fold *f, int64_t now)
{
    int64_t today = civil_midnight(now, 0);
    for (size_t i = 0; i < f->flags.count; i++) {
        const struct flag *flag = (const struct flag *)f->flags.items[i];
        if (flag->forget_ms || !(is_debt(flag) || flag->kind == FLAG_PURIFIER_OFF) || is_counted(f, flag, today))
            continue;
        if (is_debt(flag) || is_told(f, flag, today))
            see(f, &(struct sighting){flag->kind, flag->site, flag->id, today, today, NAN, NAN});
    }
}

void incident_pack(struct pack *p, struct incident *i)
{
    pack_int(p, &i->period);
    pack_int(p, &i->period_end);
    pack_int(p, &i->from);
    pack_int(p, &i->until);
    pack_small(p, &i->band);
    pack_small(p, &i->kinds);
    pack_double(p, &i->judged);
    pack_double(p, &i->limit);
    pack_count(p, &i->carriers, INCIDENT_CARRIERS);
    for (size_t k = 0; k < i->carriers; k++)
        pack_text(p, i->carrier[k], sizeof i->carrier[0]);
    pack_bool(p, &i->more);
    p->bad = p->bad || i->band < NOT_GIVEN || i->band > BAND_NIGHT;
}
