#include "collector/rules/peak.h"
#include "collector/rules/memory.h"
#include "collector/rules/noise_judge.h"

#include <math.h>
#include <string.h>

/* The first of those named that applies; none: a NULL provision. */
static struct margin margin_of(const struct fold *f, const struct device *d)
{
    const struct conf_list *names = &f->config.settings.peak_margins;
    const struct window *w = &d->noise.window;
    const struct site *site = place_at(d->place, w->from);
    for (size_t i = 0; i < names->count; i++) {
        struct margin m = rules_config_margin(&f->config, names->items[i], NULL);
        if (m.provision && margin_applies(m.provision, site->position, w->night ? BAND_NIGHT : BAND_DAY, w->from))
            return m;
    }
    return (struct margin){0};
}

static bool could_be_judged(const struct verdict *window)
{
    return !*window->row.reason || strcmp(window->row.reason, "background") == 0;
}

static void explain(struct buf *note, const struct verdict *window, const struct margin *m)
{
    buf_text(note, "margin of ");
    buf_number(note, m->provision->value);
    buf_text(note, " dB(A) on ");
    buf_number(note, window->limit->value);
    buf_print(note, " dB(A) of %s, %s", window->standard->document, window->limit->clause);
    if (!m->provision->confirmed)
        buf_text(note, "; margin not confirmed");
    if (window->note)
        buf_print(note, "; %s", window->note);
}

static void judge_peak(const struct fold *f, const struct verdict *window, const struct margin *m, struct verdict *v)
{
    double level = window->row.lafmax;
    v->row.measured = rounded(level, 1);
    v->row.judged = noise_rounded(f, level);
    v->row.limit = window->limit->value + m->provision->value;
    v->row.outcome = isnan(level)                   ? OUTCOME_NOT_JUDGED
                     : v->row.judged > v->row.limit ? OUTCOME_EXCEEDS
                                                    : OUTCOME_COMPLIANT;
    v->row.statutory = window->row.statutory && m->standard == window->standard && m->provision->confirmed;
    v->standard = m->standard;
    v->limit = m->provision;
}

enum outcome peak_conclude(struct fold *f, struct device *d, const struct verdict *window)
{
    char text[400];
    struct buf note = buf_fixed(text, sizeof text);
    struct margin m = margin_of(f, d);
    struct verdict v = *window;
    v.correction = (struct correction){0};
    if (!m.provision) {
        v.row.outcome = OUTCOME_COMPLIANT;
    } else if (!could_be_judged(window)) {
        v.row.outcome = OUTCOME_NOT_JUDGED;
    } else {
        judge_peak(f, window, &m, &v);
        explain(&note, window, &m);
        v.note = text;
    }
    verdict_flag(f, FLAG_NOISE_PEAK, &d->noise.bursts, &v);
    return v.row.outcome;
}
