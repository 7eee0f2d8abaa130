#include "collector/rules/verdict.h"
#include "collector/rules/flag.h"
#include "collector/rules/incident.h"
#include "collector/rules/memory.h"
#include "collector/rules/points.h"

static void tell_window(struct fold *f, const struct window_row *row)
{
    struct buf line = buf_growing();
    const struct sink *out = fold_out(f);
    point_window(&line, row);
    out->window(out->ctx, row);
    out->line(out->ctx, line.data);
    buf_free(&line);
}

static void raise_flag(struct fold *f, const struct subject *about, int64_t since, const struct verdict *v)
{
    const struct window_row *row = &v->row;
    struct buf detail = buf_growing();
    struct explanation e = {.from = row->from,
                            .to = row->to,
                            .coverage = row->coverage,
                            .measured = row->measured,
                            .judged = row->judged,
                            .limit = row->limit,
                            .unit = v->limit ? v->limit->unit : NULL,
                            .standard = v->standard,
                            .provision = v->basis ? v->basis : v->limit,
                            .noise_class = v->noise_class,
                            .band = v->band,
                            .note = v->note,
                            .correction = v->correction,
                            .statutory = row->statutory};
    flag_explain(&detail, &e);
    buf_text(&detail, v->more ? v->more : "");
    struct claim claim = {.about = *about,
                          .start = since,
                          .since = since,
                          .at = row->to,
                          .measured = row->measured,
                          .limit = row->limit,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

void verdict_flag(struct fold *f, enum flag_kind kind, struct streak *streak, const struct verdict *v)
{
    const struct rules_settings *s = &f->config.settings;
    struct subject about = {kind, v->row.site, v->row.device, ""};
    switch (streak_window(streak, v->row.outcome, v->row.from, s->raise_after, s->clear_after)) {
    case STREAK_RAISED:
        incident_window(f, &about, streak->first_exceeding, &v->row);
        raise_flag(f, &about, streak->first_exceeding, v);
        break;
    case STREAK_CLEARED:
        flag_end(f, &about, "cleared", streak->first_compliant, v->row.to);
        break;
    case STREAK_SAME:
        if (streak->raised && v->row.outcome == OUTCOME_EXCEEDS)
            incident_window(f, &about, v->row.from, &v->row);
        break;
    }
}

void verdict_conclude(struct fold *f, enum flag_kind kind, struct streak *streak, const struct verdict *v)
{
    tell_window(f, &v->row);
    verdict_flag(f, kind, streak, v);
}
