#include "collector/rules/case_verb.h"
#include "collector/rules/entry.h"
#include "collector/rules/evidence.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <string.h>

static struct casefile *find(const struct fold *f, const struct command *c, struct buf *answer)
{
    const char *id = command_text(c, "case", "");
    struct casefile *of = case_by_id(f, id);
    if (!of)
        command_refuse(answer, "case %s: not known, or ended long ago", id);
    return of;
}

static bool refuse(const struct casefile *of, const char *what, struct buf *answer)
{
    return command_refuse(answer, "case %s: cannot be %s: %s", of->id, what, case_facts[of->state].awaits);
}

static bool done(const struct casefile *of, struct buf *answer)
{
    const struct case_facts *facts = &case_facts[of->state];
    buf_print(answer,
              "{\"case\":\"%s\",\"rev\":%d,\"state\":\"%s\",\"phase\":\"%s\",\"step\":\"%s\",\"awaits\":\"%s\"}",
              of->id, of->rev, facts->state, facts->phase, step_names[of->step], facts->awaits);
    return true;
}

/* The actor's name, short enough to be kept with the step. */
static bool name_fits(const char *key, const char *name, struct buf *answer)
{
    return strlen(name) < NAME_BYTES || command_refuse(answer, "%s: has at most %d bytes", key, NAME_BYTES - 1);
}

static bool refuse_missing(const struct casefile *of, const struct faults *missing, struct buf *answer)
{
    refuse(of, "confirmed", answer);
    answer->data[--answer->length] = 0; /* its closing brace */
    buf_text(answer, ",\"errors\":[");
    for (size_t i = 0; i < missing->count; i++) {
        buf_text(answer, i ? "," : "");
        buf_json(answer, missing->text[i]);
    }
    buf_text(answer, "]}");
    return false;
}

/* The step that an officer would confirm next. */
static enum step next_step(const struct casefile *of)
{
    const struct case_facts *facts = &case_facts[of->state];
    if (facts->step == STEP_PENALTY || strcmp(facts->phase, "proposed") == 0 || strcmp(facts->phase, "dismissed") == 0)
        return facts->step;
    return facts->step + 1;
}

bool case_confirm(struct fold *f, const struct command *c, struct buf *answer)
{
    const char *note;
    struct faults missing = {0};
    struct casefile *of = find(f, c, answer);
    if (!of || !entry_text(c, "note", ENTRY_TEXT, &note, answer) || !name_fits("actor", c->actor, answer))
        return false;
    if (!of->ended)
        evidence_missing(f, of, next_step(of), &missing);
    bool good = !missing.count && case_next(of->state, EVENT_CONFIRM) != CASE_REFUSED;
    if (good) {
        strcpy(of->stages[case_facts[of->state].step].confirmed_by, c->actor);
        case_act(f, of, EVENT_CONFIRM, c->actor, note);
        done(of, answer);
    } else {
        refuse_missing(of, &missing, answer);
    }
    faults_free(&missing);
    return good;
}

static bool end_with_reason(struct fold *f, const struct command *c, enum case_event event, const char *what,
                            struct buf *answer)
{
    const char *reason;
    struct casefile *of = find(f, c, answer);
    if (!of || !entry_text(c, "reason", ENTRY_TEXT, &reason, answer))
        return false;
    if (!*reason)
        return command_refuse(answer, "reason is missing");
    return case_act(f, of, event, c->actor, reason) ? done(of, answer) : refuse(of, what, answer);
}

bool case_dismiss(struct fold *f, const struct command *c, struct buf *answer)
{
    return end_with_reason(f, c, EVENT_DISMISS, "dismissed", answer);
}

bool case_close(struct fold *f, const struct command *c, struct buf *answer)
{
    return end_with_reason(f, c, EVENT_CLOSE, "closed", answer);
}

/* Not before the day of what is served, and not in the future. */
static bool read_service(const struct fold *f, const struct casefile *of, const struct command *c, int64_t *at,
                         struct buf *answer)
{
    const char *when = command_text(c, "at", ""), *by = command_text(c, "by", "");
    const struct stage *s = &of->stages[case_facts[of->state].step];
    int64_t made = s->confirmed ? s->confirmed : s->proposed;
    char day[11];
    if (!civil_parse(when, at))
        return command_refuse(answer, "at %s: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM, a date that exists", when);
    if (*at > f->time)
        return command_refuse(answer, "at %s: lies in the future", when);
    civil_date(made, day);
    if (*at < civil_midnight(made, 0))
        return command_refuse(answer, "at %s: lies before %s, when it was made", when, day);
    if (!*by)
        return command_refuse(answer, "by is missing: who served it");
    return name_fits("by", by, answer) && name_fits("method", command_text(c, "method", ""), answer);
}

bool case_serve(struct fold *f, const struct command *c, struct buf *answer)
{
    struct casefile *of = find(f, c, answer);
    int64_t at;
    if (!of)
        return false;
    if (case_next(of->state, EVENT_SERVE) == CASE_REFUSED)
        return refuse(of, "served", answer);
    if (!read_service(f, of, c, &at, answer))
        return false;
    struct stage *s = &of->stages[case_facts[of->state].step];
    if (!s->confirmed && s->told)
        return command_refuse(answer, "case %s: that was notified already", of->id);
    case_served(f, of, at, command_text(c, "by", ""), command_text(c, "method", ""), c->actor);
    return done(of, answer);
}
