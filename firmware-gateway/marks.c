#include "firmware-gateway/marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct watched {
    const char *metric;
    int64_t stuck; /* 0: not asked for */
    double jump;   /* infinite: not asked for */
    double value;  /* before */
    int64_t ts;    /* of it */
    int64_t same;  /* values in a row that are alike; 0: none yet */
};

struct marks {
    size_t count;
    struct watched list[];
};

static bool is_watched(const struct profile_metric *m)
{
    return m->stuck || isfinite(m->jump);
}

struct marks *marks_new(const struct profile_metric *metrics, size_t count)
{
    size_t watched = 0;
    for (size_t i = 0; i < count; i++)
        watched += is_watched(&metrics[i]);
    if (!watched)
        return NULL;
    struct marks *m = xcalloc(1, sizeof *m + watched * sizeof *m->list);
    for (size_t i = 0; i < count; i++)
        if (is_watched(&metrics[i]))
            m->list[m->count++] =
                (struct watched){.metric = metrics[i].name, .stuck = metrics[i].stuck, .jump = metrics[i].jump};
    return m;
}

void marks_free(struct marks *m)
{
    free(m);
}

static unsigned judge(struct watched *w, double value, int64_t ts)
{
    unsigned quality = 0;
    bool first = w->same == 0, alike = !first && value == w->value;
    w->same = alike ? w->same + 1 : 1;
    if (w->stuck && w->same >= w->stuck)
        quality |= QUALITY_STUCK;
    if (!first && fabs(value - w->value) * 1000 > w->jump * (double)(ts - w->ts))
        quality |= QUALITY_JUMP;
    w->value = value;
    w->ts = ts;
    return quality;
}

unsigned marks_judge(struct marks *m, const struct datum *values, size_t count, int64_t ts)
{
    unsigned quality = 0;
    for (size_t i = 0; m && i < m->count; i++)
        for (size_t k = 0; k < count; k++)
            if (values[k].value.kind == VALUE_NUMBER && strcmp(values[k].metric, m->list[i].metric) == 0)
                quality |= judge(&m->list[i], values[k].value.number, ts);
    return quality;
}
