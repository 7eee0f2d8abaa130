#include "collector/rules/fume_run.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/memory.h"
#include "collector/rules/verdict.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_MS = 10 * 60 * 1000 }; /* GB 18483-2001, 6.3: each sample takes 10 min */

struct mean {
    int kept;
    double measured, judged; /* NAN: too few were kept */
};

static double largest(const struct fume_run *r)
{
    double most = r->measured[0];
    for (size_t i = 1; i < r->count; i++)
        most = r->measured[i] > most ? r->measured[i] : most;
    return most;
}

static struct mean mean_of(const struct fume_run *r)
{
    struct mean m = {0};
    double most = largest(r);
    for (size_t i = 0; i < r->count; i++) {
        if (4 * r->measured[i] < most) /* 6.5 */
            continue;
        m.kept++;
        m.measured += r->measured[i];
        m.judged += r->judged[i];
    }
    m.measured = m.kept < RUN_LEAST ? NAN : rounded(m.measured / m.kept, 3);
    m.judged = m.kept < RUN_LEAST ? NAN : rounded(m.judged / m.kept, 3);
    return m;
}

static bool of_samples(const struct fume_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if ((i + 1 < r->count ? r->from[i + 1] : r->to) - r->from[i] != SAMPLE_MS)
            return false;
    }
    return true;
}

static double coverage_of(const struct fume_run *r)
{
    double covered = 0;
    for (size_t i = 0; i < r->count; i++)
        covered += r->coverage[i] * (double)((i + 1 < r->count ? r->from[i + 1] : r->to) - r->from[i]);
    return covered / (double)(r->to - r->from[0]);
}

static void tell(struct fold *f, const struct fume_run *r, const struct window_row *last)
{
    struct mean m = mean_of(r);
    struct window_row row = *last;
    row.rule = "fume_run";
    row.from = r->from[0];
    row.coverage = coverage_of(r);
    row.measured = m.measured;
    row.judged = m.judged;
    row.reason = m.kept < RUN_LEAST ? "too-few" : "";
    row.outcome = m.kept < RUN_LEAST ? OUTCOME_NOT_JUDGED : m.judged > row.limit ? OUTCOME_EXCEEDS : OUTCOME_COMPLIANT;
    row.statutory = row.outcome != OUTCOME_NOT_JUDGED && r->statutory && of_samples(r);
    const struct sink *out = fold_out(f);
    out->window(out->ctx, &row);
}

static bool follows(const struct fume_run *r, const struct window_row *row, enum air air)
{
    return r->to == row->from && r->limit == row->limit && r->air == (int)air && r->statutory == (int)row->statutory;
}

static void drop_oldest(struct fume_run *r)
{
    r->count--;
    memmove(r->from, r->from + 1, r->count * sizeof *r->from);
    memmove(r->measured, r->measured + 1, r->count * sizeof *r->measured);
    memmove(r->judged, r->judged + 1, r->count * sizeof *r->judged);
    memmove(r->coverage, r->coverage + 1, r->count * sizeof *r->coverage);
}

static void forget(struct fume_run *r)
{
    memset(r, 0, sizeof *r);
}

void fume_run_window(struct fold *f, struct fume_run *r, const struct verdict *v, enum air air)
{
    const struct window_row *row = &v->row;
    bool judged = row->outcome != OUTCOME_NOT_JUDGED && !*row->reason;
    if (!judged || !follows(r, row, air))
        forget(r);
    if (!judged)
        return;
    if (r->count == RUN_WINDOWS)
        drop_oldest(r);
    r->from[r->count] = row->from;
    r->measured[r->count] = row->measured;
    r->judged[r->count] = row->judged;
    r->coverage[r->count] = row->coverage;
    r->count++;
    r->to = row->to;
    r->limit = row->limit;
    r->air = (int)air;
    r->statutory = row->statutory;
    if (r->count == RUN_WINDOWS)
        tell(f, r, row);
}

void fume_run_put(struct buf *out, const struct fume_run *r)
{
    if (r->count < RUN_WINDOWS)
        return;
    struct mean m = mean_of(r);
    buf_text(out, ",\"fume_run\":{\"values\":");
    for (size_t i = 0; i < r->count; i++) {
        buf_char(out, i ? ',' : '[');
        buf_number(out, r->measured[i]);
    }
    buf_print(out, "],\"kept\":%d,\"mean\":", m.kept);
    buf_number(out, m.measured);
    buf_text(out, ",\"judged\":");
    buf_number(out, m.judged);
    buf_char(out, '}');
}

void fume_run_pack(struct pack *p, struct fume_run *r)
{
    pack_count(p, &r->count, RUN_WINDOWS);
    if (!r->count)
        return;
    for (size_t i = 0; i < r->count; i++) {
        pack_int(p, &r->from[i]);
        pack_double(p, &r->measured[i]);
        pack_double(p, &r->judged[i]);
        pack_double(p, &r->coverage[i]);
    }
    pack_int(p, &r->to);
    pack_double(p, &r->limit);
    pack_small(p, &r->air);
    pack_small(p, &r->statutory);
}
