#include "collector/rules/pattern.h"
#include "common/civil.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 3600 * 1000, DAYS = 14, DAYS_MASK = (1 << DAYS) - 1, SLACK = 5 };

/* Opening hours are given to the minute. */
static int64_t open_ms(const struct site *site, int64_t from, int64_t to)
{
    int64_t sum = 0;
    while (from < to) {
        int64_t next = from - from % MINUTE_MS + MINUTE_MS;
        int64_t end = next < to ? next : to;
        sum += site_open_at(site, from) ? end - from : 0;
        from = end;
    }
    return sum;
}

static bool lies_in_hours(const struct site *site, int64_t from, int64_t to, int64_t least)
{
    if (!*site->opening_hours || to - from > DAY_MS)
        return false;
    int64_t open = open_ms(site, from, to);
    return open >= least && (to - from - open) * SLACK <= to - from;
}

/* Days from one midnight to another; a day of a clock change has 23 or 25 hours. */
static int64_t days_between(int64_t from, int64_t to)
{
    return to >= from ? (to - from + DAY_MS / 2) / DAY_MS : -((from - to + DAY_MS / 2) / DAY_MS);
}

static void go_to(struct pattern *p, int64_t day)
{
    int64_t days = p->day ? days_between(p->day, day) : DAYS;
    p->inside = days < DAYS ? p->inside << days & DAYS_MASK : 0;
    p->outside = days < DAYS ? p->outside << days & DAYS_MASK : 0;
    p->day = day;
}

void pattern_mark(struct pattern *p, const struct site *site, int64_t from, int64_t to, int64_t least)
{
    int64_t day = civil_midnight(from, 0);
    if (day > p->day)
        go_to(p, day);
    int64_t ago = days_between(day, p->day);
    if (ago >= DAYS)
        return;
    if (lies_in_hours(site, from, to, least))
        p->inside |= 1 << ago;
    else
        p->outside |= 1 << ago;
}

int pattern_days(const struct pattern *p, int64_t at)
{
    int days = 0;
    int64_t first = p->day ? days_between(p->day, civil_midnight(at, 0)) : DAYS;
    for (int64_t bit = 0; bit + (first > 0 ? first : 0) < PATTERN_OF; bit++)
        days += p->inside >> bit & 1 && !(p->outside >> bit & 1);
    return days;
}

void pattern_pack(struct pack *p, struct pattern *pattern)
{
    pack_int(p, &pattern->day);
    pack_small(p, &pattern->inside);
    pack_small(p, &pattern->outside);
    p->bad = p->bad || (pattern->inside & ~DAYS_MASK) || (pattern->outside & ~DAYS_MASK);
}
