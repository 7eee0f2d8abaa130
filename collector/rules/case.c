#include "collector/rules/case.h"
#include "collector/rules/case_tell.h"
#include "collector/rules/deadline.h"
#include "collector/rules/memory.h"
#include "common/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const family_names[] = {"noise", "fume", "purifier", "cleaning", "install", NULL};

int case_family_of(enum flag_kind kind)
{
    switch (kind) {
    case FLAG_NOISE_LIMIT:
    case FLAG_NOISE_PEAK:
        return FAMILY_NOISE;
    case FLAG_FUME_LIMIT:
    case FLAG_FUME_EFFICIENCY:
        return FAMILY_FUME;
    case FLAG_PURIFIER_OFF:
        return FAMILY_PURIFIER;
    case FLAG_CLEANING_OVERDUE:
        return FAMILY_CLEANING;
    case FLAG_INSTALL_OVERDUE:
        return FAMILY_INSTALL;
    default:
        return NO_FAMILY;
    }
}

/* ---- finding and making ------------------------------------------------------------------------------------------ */

struct casefile *case_find(const struct fold *f, enum case_family family, const char *site)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "case/%s/%s", family_names[family], site);
    return store_find(&f->cases, key);
}

struct casefile *case_by_id(const struct fold *f, const char *id)
{
    for (size_t i = 0; i < f->cases.count; i++) {
        struct casefile *c = (struct casefile *)f->cases.items[i];
        if (strcmp(c->id, id) == 0)
            return c;
    }
    return NULL;
}

struct item *case_make(struct fold *f, const char *key)
{
    const char *name = strchr(key, '/'), *site = name ? strchr(name + 1, '/') : NULL;
    int family = 0;
    if (!site || !id_valid(site + 1))
        return NULL;
    size_t length = (size_t)(site - ++name);
    while (family < FAMILIES && (strlen(family_names[family]) != length || memcmp(family_names[family], name, length)))
        family++;
    if (family == FAMILIES)
        return NULL;
    struct casefile *c = case_find(f, (enum case_family)family, site + 1);
    if (c)
        return &c->item;
    c = xcalloc(1, sizeof *c);
    snprintf(c->item.key, sizeof c->item.key, "%s", key);
    snprintf(c->site, sizeof c->site, "%s", site + 1);
    c->family = (enum case_family)family;
    c->topic = xstrdup("");
    store_add(&f->cases, &c->item);
    return &c->item;
}

static void make_id(char out[static 17], const struct casefile *c)
{
    char text[120], hex[HASH_HEX];
    int length = snprintf(text, sizeof text, "case|%s|%s|%lld", family_names[c->family], c->site, (long long)c->since);
    struct hash h = hash_of(text, (size_t)length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
}

static void forget_steps(struct casefile *c)
{
    c->state = CASE_OPEN;
    c->step = STEP_NONE;
    memset(c->stages, 0, sizeof c->stages);
    c->ripe = c->penalised = c->last = c->ended = c->check_ms = 0;
    c->overdue = c->incident_count = 0;
    c->kept = 0;
    c->untold = false;
}

struct casefile *case_begin(struct fold *f, enum case_family family, const char *site, int64_t since)
{
    char key[ITEM_KEY], id[17];
    snprintf(key, sizeof key, "case/%s/%s", family_names[family], site);
    struct casefile *c = (struct casefile *)case_make(f, key);
    forget_steps(c);
    c->since = since;
    make_id(id, c);
    if (strcmp(id, c->id) != 0) { /* else it comes back: the next revision of the same */
        case_untell(f, c);
        c->topic[0] = 0;
        c->rev = 0;
    }
    memcpy(c->id, id, sizeof id);
    return c;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static bool is_ripe(const struct casefile *c)
{
    for (size_t i = 0; i < c->kept; i++) {
        if (c->incidents[i].from > c->ripe)
            return true;
    }
    return false;
}

static const char *const done_words[CASE_EVENTS] = {
    [EVENT_INCIDENT] = "proposed", [EVENT_WITHDRAWN] = "withdrawn", [EVENT_EMPTY] = "withdrawn",
    [EVENT_CONFIRM] = "confirmed", [EVENT_DISMISS] = "dismissed",   [EVENT_SERVE] = "served",
    [EVENT_DEADLINE] = "over",     [EVENT_LOOKBACK] = "lapsed",     [EVENT_CLOSE] = "closed",
};

static int64_t term_of(const struct fold *f, enum step step, int64_t served)
{
    const struct rules_settings *s = &f->config.settings;
    if (step == STEP_PENALTY)
        return deadline_payment(served);
    return deadline_term(served, step == STEP_NOTICE ? s->notice_deadline : s->warning_deadline);
}

/* A penalty after a penalty is another one. */
static void enter_proposed(struct casefile *c, enum step step, int64_t now)
{
    if (c->stages[step].served)
        c->penalised = c->stages[step].served;
    c->stages[step] = (struct stage){.proposed = now};
    c->overdue = 0;
}

static void enter(struct fold *f, struct casefile *c, enum case_state former, enum case_event event)
{
    enum step was = case_facts[former].step, is = case_facts[c->state].step;
    if (event == EVENT_INCIDENT)
        enter_proposed(c, is, f->time);
    if (event == EVENT_CONFIRM) {
        c->stages[is].confirmed = f->time;
        c->step = is > c->step ? is : c->step;
    }
    if (event == EVENT_DISMISS || event == EVENT_WITHDRAWN || event == EVENT_EMPTY)
        c->stages[was] = (struct stage){0};
    if (event == EVENT_DISMISS)
        c->ripe = f->time;
    if (event == EVENT_DEADLINE)
        c->ripe = c->stages[is].due;
    if (!c->ended && strcmp(case_facts[c->state].phase, "ended") == 0)
        c->ended = f->time;
}

/* False: the event changes nothing, or does not fit. */
static bool apply(struct fold *f, struct casefile *c, enum case_event event, const char *actor, const char *note)
{
    enum case_state former = c->state, next = case_next(former, event);
    if (next == CASE_REFUSED || (next == former && event != EVENT_SERVE))
        return false;
    c->state = next;
    if (next != former)
        enter(f, c, former, event);
    c->check_ms = 0;
    case_tell(f, c, next == former ? "told" : done_words[event], actor, note);
    if (event == EVENT_DEADLINE && is_ripe(c)) /* it was served long ago, and entered today */
        apply(f, c, EVENT_INCIDENT, "", "");
    return true;
}

bool case_act(struct fold *f, struct casefile *c, enum case_event event, const char *by, const char *note)
{
    return apply(f, c, event, by, note);
}

void case_served(struct fold *f, struct casefile *c, int64_t at, const char *by, const char *method, const char *actor)
{
    enum step step = case_facts[c->state].step;
    struct stage *s = &c->stages[step];
    if (s->confirmed) {
        s->served = at;
        s->due = term_of(f, step, at);
        snprintf(s->served_by, sizeof s->served_by, "%s", by);
        snprintf(s->method, sizeof s->method, "%s", method);
    } else {
        s->told = at;
    }
    apply(f, c, EVENT_SERVE, actor, method);
}

void case_evidence(struct fold *f, enum case_family family, const char *site, const char *actor)
{
    struct casefile *c = case_find(f, family, site);
    if (c && !c->ended)
        case_tell(f, c, "evidence", actor, "");
}

/* ---- incidents --------------------------------------------------------------------------------------------------- */

static void keep(struct casefile *c, const struct incident *i)
{
    if (c->kept == INCIDENTS_KEPT)
        memmove(c->incidents, c->incidents + 1, --c->kept * sizeof *c->incidents);
    c->incidents = xrealloc(c->incidents, (c->kept + 1) * sizeof *c->incidents);
    size_t at = c->kept++;
    for (; at && c->incidents[at - 1].period > i->period; at--)
        c->incidents[at] = c->incidents[at - 1];
    c->incidents[at] = *i;
}

void case_counted(struct fold *f, struct casefile *c, const struct incident *i)
{
    keep(c, i);
    c->incident_count++;
    c->last = i->until > c->last ? i->until : c->last;
    if (i->from <= c->ripe || !apply(f, c, EVENT_INCIDENT, "", "")) {
        c->check_ms = 0;
        case_tell(f, c, "incident", "", "");
    }
}

void case_uncounted(struct fold *f, struct casefile *c)
{
    c->last = c->since;
    for (size_t i = 0; i < c->kept; i++)
        c->last = c->incidents[i].until > c->last ? c->incidents[i].until : c->last;
    enum case_event event = c->kept ? EVENT_WITHDRAWN : EVENT_EMPTY;
    if ((c->kept && is_ripe(c)) || !apply(f, c, event, "", "")) {
        c->check_ms = 0;
        case_tell(f, c, "withdrawn", "", "");
    }
}

/* ---- for flags --------------------------------------------------------------------------------------------------- */

void case_put_reference(struct buf *out, const struct fold *f, enum flag_kind kind, const char *site)
{
    int family = case_family_of(kind);
    const struct casefile *c = family == NO_FAMILY ? NULL : case_find(f, (enum case_family)family, site);
    if (!c)
        return;
    bool proposed = strcmp(case_facts[c->state].phase, "proposed") == 0;
    buf_print(out, ",\"case\":\"%s\",\"step\":\"%s\"", c->id,
              step_names[proposed ? case_facts[c->state].step : c->step]);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static void pack_stage(struct pack *p, struct stage *s)
{
    pack_int(p, &s->proposed);
    pack_int(p, &s->confirmed);
    pack_int(p, &s->served);
    pack_int(p, &s->told);
    pack_int(p, &s->due);
    pack_text(p, s->confirmed_by, sizeof s->confirmed_by);
    pack_text(p, s->served_by, sizeof s->served_by);
    pack_text(p, s->method, sizeof s->method);
}

static void pack_steps(struct pack *p, struct casefile *c)
{
    int state = c->state, step = c->step;
    pack_small(p, &state);
    pack_small(p, &step);
    p->bad = p->bad || state < 0 || state >= CASE_STATES || step < 0 || step >= STEPS;
    if (!p->bad) {
        c->state = (enum case_state)state;
        c->step = (enum step)step;
    }
    for (int i = STEP_NOTICE; i < STEPS; i++)
        pack_stage(p, &c->stages[i]);
}

void case_pack(struct pack *p, struct casefile *c)
{
    pack_text(p, c->id, sizeof c->id);
    pack_small(p, &c->rev);
    pack_steps(p, c);
    pack_int(p, &c->since);
    pack_int(p, &c->ripe);
    pack_int(p, &c->penalised);
    pack_int(p, &c->last);
    pack_int(p, &c->ended);
    pack_small(p, &c->overdue);
    pack_small(p, &c->incident_count);
    pack_bool(p, &c->untold);
    pack_string(p, &c->topic);
    pack_count(p, &c->kept, INCIDENTS_KEPT);
    if (!p->out) {
        free(c->incidents);
        c->incidents = xcalloc(c->kept + 1, sizeof *c->incidents);
    }
    for (size_t i = 0; i < c->kept; i++)
        incident_pack(p, &c->incidents[i]);
}

void case_free(struct item *item)
{
    struct casefile *c = (struct casefile *)item;
    free(c->incidents);
    free(c->topic);
    free(c);
}
