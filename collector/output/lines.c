#include "collector/output/lines.h"
#include "common/frame.h"

#include <math.h>
#include <string.h>

/* Is it of 0/1 kind: one of the four named so, or said to be a bit by its gateway's hello? */
static bool is_state(const struct permit *p, const char *metric)
{
    static const char *const states[] = {"fan", "purifier", "door", "clean"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(metric, states[i]) == 0)
            return true;
    const char *at = strstr(p->bits, metric);
    size_t n = strlen(metric);
    while (at && (at == p->bits || at[-1] != ',' || at[n] != ','))
        at = strstr(at + 1, metric);
    return at != NULL;
}

/* `q` is ours, and InfluxDB passes over a field `time`; a line with q of two types it refuses as a whole. */
static bool is_charted(const struct datum *d)
{
    return d->value.kind == VALUE_NUMBER && strcmp(d->metric, "q") != 0 && strcmp(d->metric, "time") != 0;
}

static bool put_reading(struct buf *out, const struct permit *p, const struct reading *r, unsigned quality)
{
    bool any = false;
    for (size_t i = 0; i < r->value_count; i++) {
        const struct datum *d = &r->values[i];
        if (!is_charted(d))
            continue;
        if (!any)
            buf_print(out, "%s,device=%s,district=%s,site=%s ", p->measurement, p->device, p->district, p->site);
        else
            buf_char(out, ',');
        any = true;
        buf_text(out, d->metric);
        buf_char(out, '=');
        if (is_state(p, d->metric) && fabs(d->value.number) < 1e15 && d->value.number == trunc(d->value.number))
            buf_print(out, "%lldi", (long long)d->value.number);
        else
            buf_number(out, d->value.number);
    }
    if (any)
        buf_print(out, ",q=%ui %lld\n", quality, (long long)r->ts);
    return any;
}

size_t lines_put(struct buf *out, const struct record *rec)
{
    struct judged j;
    size_t lines = 0;
    struct frame *f = judged_open(&j, rec);
    if (!f)
        return 0;
    for (size_t i = 0; i < f->reading_count && j.marks[i]; i++) {
        const struct permit *p = judged_permit(&j, f->readings[i].device);
        if (p && (j.marks[i] == MARK_GOOD || j.marks[i] == MARK_CLOCK))
            lines += put_reading(out, p, &f->readings[i],
                                 f->readings[i].quality | (j.marks[i] == MARK_CLOCK ? QUALITY_CLOCK : 0));
    }
    frame_close(f);
    judged_free(&j);
    return lines;
}
