#include "collector/rules/evidence.h"
#include "collector/rules/deadline.h"
#include "collector/rules/entry.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the items of a case ----------------------------------------------------------------------------------------- */

static int64_t oldest(const struct fold *f, const struct casefile *c)
{
    if (c->penalised)
        return c->penalised;
    bool bands = c->family == FAMILY_NOISE;
    return window_period(c->since, bands ? place_night(f, place_find(f, c->site), c->since) : NO_BANDS).from;
}

/* The next entry at *i or behind that speaks of the case; NULL: no more. */
static const struct entry *next_item(const struct fold *f, const struct casefile *c, size_t *i)
{
    for (; *i < f->entries.count; ++*i) {
        const struct entry *e = (const struct entry *)f->entries.items[*i];
        if (strcmp(e->site, c->site) != 0)
            return NULL;
        if (e->about >> c->family & 1 && e->at >= oldest(f, c)) {
            ++*i;
            return e;
        }
    }
    return NULL;
}

static size_t first_item(const struct fold *f, const struct casefile *c)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "entry/%s/", c->site);
    return store_from(&f->entries, key);
}

static bool is_evidence(const struct entry *e, const struct casefile *c)
{
    return e->proves >> c->family & 1 && strcmp(e->state, "reviewed") == 0;
}

bool evidence_put(struct buf *out, const struct fold *f, const struct casefile *c)
{
    const char *comma = "";
    size_t i = first_item(f, c);
    buf_char(out, '[');
    for (const struct entry *e; (e = next_item(f, c, &i));) {
        if (!is_evidence(e, c))
            continue;
        buf_print(out, "%s\"%s\"", comma, e->id);
        comma = ",";
    }
    buf_char(out, ']');
    return *comma;
}

/* ---- what is missing --------------------------------------------------------------------------------------------- */

static bool has_evidence(const struct fold *f, const struct casefile *c)
{
    size_t i = first_item(f, c);
    for (const struct entry *e; (e = next_item(f, c, &i));) {
        if (is_evidence(e, c))
            return true;
    }
    return false;
}

static void miss_evidence(const struct fold *f, const struct casefile *c, struct faults *missing)
{
    bool measured = c->family == FAMILY_NOISE || c->family == FAMILY_FUME;
    size_t i = first_item(f, c);
    if (has_evidence(f, c))
        return;
    faults_add(missing, "there is no reviewed %s by two officers that shows it",
               measured ? "on-site measurement or sample" : "on-site inspection");
    for (const struct entry *e; (e = next_item(f, c, &i));) {
        char day[11];
        civil_date(e->at, day);
        if (strcmp(e->state, "invalid") == 0)
            faults_add(missing, "%s %s of %s is invalid: %s", e->kind, e->id, day, e->why);
        else if (!(e->proves >> c->family & 1))
            faults_add(missing, "%s %s of %s shows nothing that is forbidden", e->kind, e->id, day);
        else
            faults_add(missing, "%s %s of %s is not reviewed", e->kind, e->id, day);
    }
}

/* What an earlier step lacks: confirmed, served, its deadline passed. */
static void miss_step(const struct fold *f, const struct casefile *c, enum step step, struct faults *missing)
{
    const struct stage *s = &c->stages[step];
    char day[20];
    if (!s->confirmed)
        faults_add(missing, "the %s is not confirmed", step_names[step]);
    if (!s->served)
        faults_add(missing, "the %s is not served", step_names[step]);
    if (!s->served) {
        faults_add(missing, "the deadline of the %s has not passed", step_names[step]);
    } else if (f->time <= s->due) {
        civil_stamp(s->due, day);
        faults_add(missing, "the deadline of the %s passes on %s", step_names[step], day);
    }
}

static void miss_hearing(const struct fold *f, const struct casefile *c, struct faults *missing)
{
    struct deadline all[DEADLINES];
    char day[20];
    deadlines_of(f, c, all);
    if (!all[DEADLINE_HEARING].due || f->time > all[DEADLINE_HEARING].due)
        return;
    civil_stamp(all[DEADLINE_HEARING].due, day);
    faults_add(missing, "the party may ask for a hearing until %s", day);
}

void evidence_missing(const struct fold *f, const struct casefile *c, enum step step, struct faults *missing)
{
    const struct case_facts *facts = &case_facts[c->state];
    bool proposed = facts->step == step && strcmp(facts->phase, "proposed") == 0;
    if (facts->step == step && (strcmp(facts->phase, "confirmed") == 0 || strcmp(facts->phase, "served") == 0))
        return; /* it is confirmed */
    for (enum step former = STEP_NOTICE; !proposed && former < step; former++)
        miss_step(f, c, former, missing);
    if (!proposed)
        faults_add(missing, "no incident has begun since that would propose the %s", step_names[step]);
    if (step != STEP_PENALTY)
        return;
    miss_evidence(f, c, missing);
    miss_hearing(f, c, missing);
}

/* ---- entering ---------------------------------------------------------------------------------------------------- */

static void because(struct buf *why, const char *text)
{
    buf_print(why, "%s%s", why->length ? "; " : "", text);
}

/* The next name in the list, without the spaces around it: its length; 0: none. */
static size_t next_name(const char **list, const char **name)
{
    *list += strspn(*list, "; ");
    *name = *list;
    size_t length = strcspn(*list, ";");
    *list += length;
    while (length && (*name)[length - 1] == ' ')
        length--;
    return length;
}

static bool review_allowed(const struct entry *e, const char *by, struct buf *answer)
{
    if (strlen(by) >= ENTRY_NAME)
        return command_refuse(answer, "reviewed_by: has at most %d bytes", ENTRY_NAME - 1);
    if (strcmp(e->first, by) == 0)
        return command_refuse(answer, "reviewed_by %s: is the first officer; a second or third person reviews", by);
    return true;
}

bool evidence_officers(struct entry *e, const struct command *c, struct buf *facts, struct buf *why, struct buf *answer)
{
    const char *list = command_text(c, "officers", ""), *by = command_text(c, "reviewed_by", "");
    const char *found;
    char name[ENTRY_NAME], second[ENTRY_NAME] = "";
    size_t count = 0, length;
    if (strlen(list) > ENTRY_TEXT)
        return command_refuse(answer, "officers: has at most %d bytes", ENTRY_TEXT);
    buf_text(facts, ",\"officers\":[");
    for (; (length = next_name(&list, &found)) > 0; count++) {
        if (length >= sizeof name)
            return command_refuse(answer, "officers: a name has at most %d bytes", ENTRY_NAME - 1);
        snprintf(name, sizeof name, "%.*s", (int)length, found);
        buf_text(facts, count ? "," : "");
        buf_json(facts, name);
        if (!count)
            strcpy(e->first, name);
        else if (strcmp(name, e->first) != 0)
            strcpy(second, name);
    }
    buf_char(facts, ']');
    if (!count)
        return command_refuse(answer, "officers is missing: two names with a semicolon between them");
    if (!*second)
        because(why, "one officer only, two are needed (Administrative Penalty Law, art. 42)");
    return !*by || review_allowed(e, by, answer);
}

static void tell_cases(struct fold *f, const struct entry *e, const char *actor)
{
    for (int family = 0; family < FAMILIES; family++) {
        if (e->about >> family & 1)
            case_evidence(f, (enum case_family)family, e->site, actor);
    }
}

static void note_review(struct fold *f, struct buf *facts, const char *by)
{
    entry_put_text(facts, "reviewed_by", by);
    buf_print(facts, ",\"reviewed_at\":%lld", (long long)f->time);
}

void evidence_tell(struct fold *f, struct entry *e, const struct command *c, struct buf *facts, struct buf *why,
                   struct buf *answer)
{
    const char *by = command_text(c, "reviewed_by", "");
    bool valid = !why->length;
    entry_put_text(facts, "invalid", why->data);
    if (*by)
        note_review(f, facts, by);
    free(e->why);
    free(e->facts);
    e->why = xstrdup(why->data);
    e->facts = xstrdup(facts->data);
    e->proves = valid ? e->proves : 0;
    snprintf(e->state, sizeof e->state, "%s", !valid ? "invalid" : *by ? "reviewed" : "valid");
    entry_tell(f, e, c->actor);
    tell_cases(f, e, c->actor);
    buf_print(answer, "{\"id\":\"%s\",\"site\":\"%s\",\"state\":\"%s\"", e->id, e->site, e->state);
    entry_put_text(answer, "invalid", e->why);
    buf_char(answer, '}');
}

static bool review(struct fold *f, const char *kind, const struct command *c, struct buf *answer)
{
    const char *id = command_text(c, "id", ""), *by = command_text(c, "by", "");
    struct entry *e = entry_find(f, kind, id);
    if (!e)
        return command_refuse(answer, "%s %s: not known", kind, id);
    if (strcmp(e->state, "valid") != 0)
        return command_refuse(answer, "%s %s: is %s%s%s", kind, id, e->state, *e->why ? ": " : "", e->why);
    if (!*by)
        return command_refuse(answer, "by is missing: who reviewed it");
    if (!review_allowed(e, by, answer))
        return false;
    struct buf facts = buf_growing();
    buf_text(&facts, e->facts);
    note_review(f, &facts, by);
    free(e->facts);
    e->facts = facts.data; /* on the heap: the entry's now */
    snprintf(e->state, sizeof e->state, "reviewed");
    entry_tell(f, e, c->actor);
    tell_cases(f, e, c->actor);
    buf_print(answer, "{\"id\":\"%s\",\"site\":\"%s\",\"state\":\"reviewed\"}", e->id, e->site);
    return true;
}

bool measurement_review(struct fold *f, const struct command *c, struct buf *answer)
{
    return review(f, "measurement", c, answer);
}

bool inspection_review(struct fold *f, const struct command *c, struct buf *answer)
{
    return review(f, "inspection", c, answer);
}
