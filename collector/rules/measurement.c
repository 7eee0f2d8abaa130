#include "collector/rules/measurement.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/entry.h"
#include "collector/rules/evidence.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct taken { /* one measurement, as it is asked for */
    const char *site_id, *instrument, *note, *case_id;
    const struct site *site; /* the version valid then */
    int64_t at;
    int fume; /* 1: a sample of fume */
    double value, class_, before, after, wind, background;
    int rain, position, band; /* -1: not given */
    int correction;
    double judged, limit; /* NAN: none */
    const struct standard *standard;
    const struct provision *provision;
};

static void because(struct buf *why, const char *format, double x)
{
    buf_text(why, why->length ? "; " : "");
    struct buf number = buf_growing();
    buf_number(&number, x);
    for (; *format; format++) {
        if (*format == '#')
            buf_text(why, number.data);
        else
            buf_char(why, *format);
    }
    buf_free(&number);
}

/* ---- noise ------------------------------------------------------------------------------------------------------- */

/* GB 22337-2008, table 4, by the difference rounded to an integer.  False: within 3 dB, no correction. */
static bool correct(double measured, double background, int *correction)
{
    double difference = rounded(measured - background, 0);
    *correction = difference > 10 ? 0 : difference >= 6 ? -1 : difference >= 4 ? -2 : -3;
    return difference >= 3;
}

static bool is_night(const struct fold *f, const struct taken *t)
{
    return t->band < 0 ? window_period(t->at, place_night(f, place_find(f, t->site->id), t->at)).night
                       : t->band == BAND_NIGHT;
}

static void judge_noise(const struct fold *f, struct taken *t, struct buf *why)
{
    int position = t->position < 0 ? (int)t->site->position : t->position;
    t->standard = rules_config_standard(&f->config, "", STANDARD_NOISE);
    if (t->standard)
        t->provision = standard_noise_limit(t->standard, t->site->noise_class, position,
                                            is_night(f, t) ? BAND_NIGHT : BAND_DAY, t->at);
    if (!isnan(t->background) && !correct(t->value, t->background, &t->correction))
        because(why, "background # dB(A) is within 3 dB of the measured level (GB 22337-2008, table 4)", t->background);
    t->judged = rounded(t->value + t->correction, 0);
}

static void check_noise(const struct taken *t, struct buf *why)
{
    if (t->class_ != 1 && t->class_ != 2)
        because(why, "instrument of class #: class 2 or better is needed (GB 22337-2008, 5.1)", t->class_);
    else if (t->value < 35 && t->class_ != 1)
        because(why, "# dB(A): below 35 dB class 1 is needed (GB 22337-2008, 5.1)", t->value);
    if (isnan(t->before) || isnan(t->after))
        because(why, "not calibrated before and after (GB 22337-2008, 5.1)", NAN);
    else if (rounded(fabs(t->before - t->after), 6) > 0.5)
        because(why, "calibration differs by # dB: more than 0.5 dB (GB 22337-2008, 5.1)",
                rounded(fabs(t->before - t->after), 6));
    if (t->wind >= 5)
        because(why, "wind # m/s: must be below 5 m/s (GB 22337-2008, 5.2)", t->wind);
    if (t->rain == 1)
        because(why, "rain (GB 22337-2008, 5.2)", NAN);
}

static bool read_noise(const struct command *c, struct taken *t, struct buf *answer)
{
    static const char *const yes[] = {"no", "yes", NULL};
    if (!entry_number(c, "value", &t->value, answer) || !entry_number(c, "class", &t->class_, answer) ||
        !entry_number(c, "calibration_before", &t->before, answer) ||
        !entry_number(c, "calibration_after", &t->after, answer) || !entry_number(c, "wind", &t->wind, answer) ||
        !entry_number(c, "background", &t->background, answer) || !entry_choice(c, "rain", yes, &t->rain, answer) ||
        !entry_choice(c, "position", noise_positions, &t->position, answer) ||
        !entry_choice(c, "band", band_names, &t->band, answer))
        return false;
    if (isnan(t->value) || t->value < 0 || t->value > 200)
        return command_refuse(answer, "value: expected a level from 0 to 200 dB(A)");
    if (isnan(t->class_))
        return command_refuse(answer, "class is missing: of the instrument, 1 or 2");
    return *t->instrument || command_refuse(answer, "instrument is missing: model and number");
}

static void put_noise(struct buf *facts, const struct fold *f, const struct taken *t)
{
    static const char *const yes[] = {"no", "yes"};
    entry_put_number(facts, "class", t->class_);
    entry_put_number(facts, "calibration_before", t->before);
    entry_put_number(facts, "calibration_after", t->after);
    entry_put_number(facts, "wind", t->wind);
    entry_put_text(facts, "rain", t->rain < 0 ? "" : yes[t->rain]);
    entry_put_number(facts, "background", t->background);
    entry_put_text(facts, "position", t->position < 0 ? "" : noise_positions[t->position]);
    entry_put_text(facts, "band", band_names[is_night(f, t) ? BAND_NIGHT : BAND_DAY]);
    buf_print(facts, ",\"correction\":%d", t->correction);
}

/* ---- fume -------------------------------------------------------------------------------------------------------- */

enum { RUN_MOST = 20, SAMPLES_LEAST = 3 };

static bool read_run(const char *list, double run[static RUN_MOST], size_t *count)
{
    char *end;
    for (*count = 0; *list && *count < RUN_MOST; ++*count) {
        run[*count] = strtod(list, &end);
        if (end == list || (*end && *end != ';') || !(run[*count] >= 0 && run[*count] < 1e6))
            return false;
        list = *end ? end + 1 : end;
    }
    return *count && !*list;
}

static void judge_run(struct taken *t, const double *run, size_t count, struct buf *why)
{
    double most = 0, sum = 0;
    int kept = 0;
    for (size_t i = 0; i < count; i++)
        most = run[i] > most ? run[i] : most;
    for (size_t i = 0; i < count; i++) {
        if (run[i] < most / 4)
            continue;
        sum += run[i];
        kept++;
    }
    t->value = rounded(sum / kept, 3);
    if (kept < SAMPLES_LEAST)
        because(why, "# values remain, 3 are needed (GB 18483-2001, 6.3)", kept);
}

static bool read_fume(const struct command *c, struct taken *t, struct buf *why, struct buf *answer)
{
    const char *list = command_text(c, "values", "");
    double run[RUN_MOST];
    size_t count = 0;
    if (!entry_number(c, "value", &t->value, answer))
        return false;
    if (*list && !read_run(list, run, &count))
        return command_refuse(answer, "values %s: expected at most %d concentrations such as 2.1;1.9;2.4", list,
                              RUN_MOST);
    if (count)
        judge_run(t, run, count, why);
    return t->value >= 0 || command_refuse(answer, "value or values is missing: mg/m3 at reference air volume");
}

static void judge_fume(const struct fold *f, struct taken *t)
{
    t->standard = rules_config_standard(&f->config, t->site->fume_standard, STANDARD_FUME);
    if (t->standard)
        t->provision = standard_fume_limit(t->standard, QUANTITY_FUME, kitchen_size_of(t->site->stoves), t->at);
    t->judged = rounded(t->value, 3);
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static bool read_common(const struct fold *f, const struct command *c, struct taken *t, struct buf *answer)
{
    static const char *const kinds[] = {"noise", "fume", NULL};
    *t = (struct taken){.value = NAN, .wind = NAN, .background = NAN, .rain = -1, .position = -1, .band = -1};
    if (!entry_place(f, c, &t->site_id, &t->at, answer) || !entry_choice(c, "kind", kinds, &t->fume, answer) ||
        !entry_text(c, "instrument", ENTRY_TEXT, &t->instrument, answer) ||
        !entry_text(c, "note", ENTRY_TEXT, &t->note, answer))
        return false;
    t->fume = t->fume == 1;
    t->site = place_at(place_find(f, t->site_id), t->at);
    t->case_id = command_text(c, "case", "");
    const struct casefile *of = *t->case_id ? case_by_id(f, t->case_id) : NULL;
    if (!*t->case_id)
        return true;
    if (!of)
        return command_refuse(answer, "case %s: not known, or ended long ago", t->case_id);
    if (strcmp(of->site, t->site_id) != 0 || of->family != (t->fume ? FAMILY_FUME : FAMILY_NOISE))
        return command_refuse(answer, "case %s: is about %s at site %s", t->case_id, family_names[of->family],
                              of->site);
    return true;
}

static void put_facts(struct buf *facts, const struct fold *f, const struct command *c, const struct taken *t)
{
    double limit = t->provision ? t->provision->value : NAN;
    entry_put_text(facts, "quantity", t->fume ? "fume" : "laeq");
    entry_put_number(facts, "value", t->value);
    entry_put_text(facts, "values", t->fume ? command_text(c, "values", "") : "");
    entry_put_text(facts, "instrument", t->instrument);
    if (!t->fume)
        put_noise(facts, f, t);
    entry_put_number(facts, "judged", t->judged);
    entry_put_number(facts, "limit", limit);
    entry_put_text(facts, "outcome", isnan(limit) ? "not judged" : t->judged > limit ? "exceeds" : "compliant");
    entry_put_text(facts, "document", t->provision ? t->standard->document : "");
    entry_put_text(facts, "clause", t->provision ? t->provision->clause : "");
    entry_put_text(facts, "case", t->case_id);
    entry_put_text(facts, "note", t->note);
}

static void enter(struct fold *f, const struct command *c, const struct taken *t, const struct entry *draft,
                  struct buf *facts, struct buf *why, struct buf *answer)
{
    struct entry *e = entry_new(f, "measurement", c, t->site_id, t->at);
    memcpy(e->first, draft->first, sizeof e->first);
    e->about = 1 << (t->fume ? FAMILY_FUME : FAMILY_NOISE);
    e->proves = t->provision && t->judged > t->provision->value ? e->about : 0;
    evidence_tell(f, e, c, facts, why, answer);
}

bool measurement_add(struct fold *f, const struct command *c, struct buf *answer)
{
    struct taken t;
    struct entry draft = {0};
    struct buf facts = buf_growing(), why = buf_growing();
    bool good = read_common(f, c, &t, answer) && (t.fume ? read_fume(c, &t, &why, answer) : read_noise(c, &t, answer));
    if (good && t.fume) {
        judge_fume(f, &t);
    } else if (good) {
        check_noise(&t, &why);
        judge_noise(f, &t, &why);
    }
    if (good) {
        put_facts(&facts, f, c, &t);
        good = evidence_officers(&draft, c, &facts, &why, answer);
    }
    if (good)
        enter(f, c, &t, &draft, &facts, &why, answer);
    buf_free(&facts);
    buf_free(&why);
    return good;
}
