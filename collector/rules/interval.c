#include "collector/rules/interval.h"
#include "common/civil.h"

#include <math.h>

enum { DAY_MS = 24 * 3600 * 1000 };

struct interval interval_of(const struct standard *policy, const struct site *site, int64_t at)
{
    struct interval own = {site->cleaning_days, site->cleaning_hours, NULL};
    if (interval_given(&own) || !policy)
        return own;
    const struct provision *rule = standard_interval(policy, (int)site->kind, kitchen_size_of(site->stoves), at);
    return rule ? (struct interval){rule->days, rule->hours, rule} : own;
}

bool interval_given(const struct interval *i)
{
    return !isnan(i->days) || !isnan(i->hours);
}

int64_t interval_due_by_days(const struct interval *i, int64_t begin)
{
    return isnan(i->days) ? 0 : civil_midnight(begin, (int)i->days);
}

int64_t interval_overdue(int64_t due, int64_t grace_ms)
{
    return due ? civil_midnight(due, (int)(grace_ms / DAY_MS) + 1) : 0;
}

struct fan_hours fan_hours_begin(const struct interval *i, int64_t begin)
{
    return (struct fan_hours){.begin = begin, .wanted_ms = isnan(i->hours) ? INT64_MAX : (int64_t)(i->hours * 3600e3)};
}

void fan_hours_add(struct fan_hours *h, int64_t day, int64_t fan_ms)
{
    if (day <= h->begin || h->due)
        return;
    h->sum_ms += fan_ms;
    if (h->sum_ms >= h->wanted_ms)
        h->due = day;
}

int64_t interval_earlier(int64_t due, int64_t other)
{
    return !due || (other && other < due) ? other : due;
}
