#include "collector/rules/install.h"
#include "collector/rules/flag.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <math.h>

static bool is_installed(const struct site *s, int64_t at)
{
    return s->purifier == 1 && s->purifier_installed_ms <= at;
}

static struct subject subject_of(const struct place *p)
{
    return (struct subject){FLAG_INSTALL_OVERDUE, p->id, "", ""};
}

/* From when on it is overdue; 0: nothing has to be installed. */
static int64_t overdue_from(const struct site *s, int64_t now)
{
    bool wanted = site_is_catering(s) && s->install_deadline_ms && !is_installed(s, now);
    return wanted ? civil_midnight(s->install_deadline_ms, 1) : 0;
}

static void raise_flag(struct fold *f, const struct place *p, const struct site *site, int64_t from, int64_t now)
{
    struct explanation e = flag_duty(f, site, FLAG_INSTALL_OVERDUE, from, "deadline of the site register");
    struct buf detail = buf_growing();
    flag_explain(&detail, &e);
    buf_print(&detail, ",\"deadline\":%lld", (long long)site->install_deadline_ms);
    struct claim claim = {.about = subject_of(p),
                          .start = site->install_deadline_ms,
                          .since = from,
                          .at = now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

static void end_flag(struct fold *f, const struct place *p, const struct site *site, int64_t from, int64_t now)
{
    struct subject about = subject_of(p);
    int64_t since = 0, start = flag_raised(f, &about, &since);
    if (!start || (from && now >= from && start == site->install_deadline_ms))
        return;
    bool dated = is_installed(site, now) && site->purifier_installed_ms;
    int64_t end = dated ? site->purifier_installed_ms : site->valid_from_ms;
    if (end > since)
        flag_end(f, &about, "cleared", end, now);
    else
        flag_end(f, &about, "withdrawn", since, now);
}

/* The next moment at which something may change by itself. */
static int64_t next_check(const struct place *p, const struct site *site, int64_t from, int64_t now)
{
    int64_t next = from > now ? from : INT64_MAX;
    if (site->purifier_installed_ms > now && site->purifier_installed_ms < next)
        next = site->purifier_installed_ms;
    for (size_t i = 0; i < p->count; i++) {
        if (p->versions[i].valid_from_ms > now && p->versions[i].valid_from_ms < next)
            next = p->versions[i].valid_from_ms;
    }
    return next;
}

void install_changed(struct fold *f, struct place *p)
{
    const struct site *site = place_at(p, f->time);
    p->install_check_ms = 0;
    if (!place_closed(p, f->time))
        end_flag(f, p, site, overdue_from(site, f->time), f->time);
}

void install_tick(struct fold *f, int64_t now)
{
    for (size_t i = 0; i < f->places.count; i++) {
        struct place *p = (struct place *)f->places.items[i];
        if (!p->count || now < p->install_check_ms || place_closed(p, now))
            continue;
        const struct site *site = place_at(p, now);
        struct subject about = subject_of(p);
        int64_t from = overdue_from(site, now), since;
        end_flag(f, p, site, from, now);
        if (from && now >= from && !flag_raised(f, &about, &since))
            raise_flag(f, p, site, from, now);
        p->install_check_ms = next_check(p, site, from, now);
    }
}
