#include "collector/retention.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

const char *const retention_words[] = {"", "clock", "", "min_age", "rules", "case", "backup"};

static bool older(const struct retention_view *v, int64_t age_ms)
{
    return v->until_ms && v->now_ms - v->until_ms > age_ms;
}

static enum retention wait_a_day(int64_t mono_ms, int64_t *since_ms)
{
    if (!*since_ms)
        *since_ms = mono_ms ? mono_ms : 1;
    return mono_ms - *since_ms >= DAY_MS ? RETENTION_GOES : RETENTION_WAITS;
}

enum retention retention_judge(const struct retention_rule *rule, const struct retention_view *v, int64_t mono_ms,
                               int64_t *since_ms)
{
    bool big = rule->max_bytes && v->bytes > rule->max_bytes, old = older(v, rule->max_age_ms);
    enum retention held = !big && !old                                                  ? RETENTION_KEEPS
                          : rule->min_age_ms && !older(v, rule->min_age_ms)             ? RETENTION_LAW
                          : v->last > v->rules_at                                       ? RETENTION_RULES
                          : v->case_since_ms && v->until_ms > v->case_since_ms - DAY_MS ? RETENTION_CASE
                                                                                        : RETENTION_GOES;
    if (held == RETENTION_GOES && (rule->min_age_ms || !big))
        return wait_a_day(mono_ms, since_ms);
    if (held == RETENTION_KEEPS || held == RETENTION_LAW)
        *since_ms = 0;
    return held;
}
