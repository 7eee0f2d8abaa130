#include "collector/rules/answer.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <string.h>

static const struct measure {
    enum metric metric;
    const char *name;
} measures[] = {{METRIC_LAEQ, "laeq"}, {METRIC_LA, "la"}, {METRIC_FUME, "fume"}};

static const struct measure *measure_of(const struct device *d)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        if (device_has(d, measures[i].metric))
            return &measures[i];
    }
    return NULL;
}

int answer_metric(const struct device *d)
{
    const struct measure *m = measure_of(d);
    return m ? (int)m->metric : METRICS;
}

static bool is_faulty(const char *word)
{
    return strncmp(word, "exception-", 10) == 0 || strcmp(word, "garbage") == 0 || strcmp(word, "crc") == 0;
}

static struct answer failed(const char *word)
{
    return (struct answer){is_faulty(word) ? ANSWER_FAULTY : ANSWER_NONE, word, NAN};
}

static struct answer other(void)
{
    return (struct answer){ANSWER_OTHER, "", NAN};
}

/* Of the metrics of a failed block, when others came; NULL: not this one. */
static const char *error_of(const struct reading *r, const char *metric)
{
    for (size_t i = 0; i < r->error_count; i++) {
        if (strcmp(r->errors[i].metric, metric) == 0)
            return r->errors[i].error;
    }
    return NULL;
}

static struct answer judge_value(const struct measure *m, double value)
{
    if (m && m->metric != METRIC_FUME && !level_plausible(value))
        return (struct answer){ANSWER_FAULTY, "range", NAN};
    return (struct answer){ANSWER_GOOD, "", m ? value : NAN};
}

static struct answer read_values(const struct measure *m, const struct reading *r)
{
    for (size_t i = 0; i < r->value_count; i++) {
        const struct datum *datum = &r->values[i];
        if (datum->value.kind == VALUE_NUMBER && (!m || strcmp(datum->metric, m->name) == 0))
            return judge_value(m, datum->value.number);
    }
    return other();
}

struct answer answer_of(const struct device *d, const struct reading *r)
{
    const struct measure *m = measure_of(d);
    const char *word = m ? error_of(r, m->name) : NULL;
    if (r->error)
        return failed(r->error);
    if (!r->value_count && r->error_count)
        return failed(r->errors[0].error);
    if (word)
        return is_faulty(word) ? failed(word) : other();
    if (r->quality & QUALITY_RANGE)
        return (struct answer){ANSWER_FAULTY, "range", NAN};
    return r->quality ? other() : read_values(m, r);
}
