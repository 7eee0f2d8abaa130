#include "collector/rules/case_tell.h"
#include "collector/rules/deadline.h"
#include "collector/rules/evidence.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct site *site_of(const struct fold *f, const struct casefile *c)
{
    return place_at(place_find(f, c->site), f->time); /* a case has a site that was in the register */
}

char *case_topic(const struct fold *f, const struct casefile *c)
{
    char topic[256];
    const struct site *site = site_of(f, c);
    snprintf(topic, sizeof topic, "%s/case/%s/%s/%s", site->district, site->grid, c->site, c->id);
    return xstrdup(topic);
}

static void put_text(struct buf *out, const char *key, const char *text)
{
    buf_print(out, ",\"%s\":", key);
    buf_json(out, text);
}

static void put_incident(struct buf *out, const struct incident *i)
{
    const char *comma = "";
    buf_print(out, "{\"from\":%lld,\"until\":%lld,\"band\":", (long long)i->from, (long long)i->until);
    if (i->band == NOT_GIVEN)
        buf_text(out, "null");
    else
        buf_json(out, band_names[i->band]);
    buf_text(out, ",\"flags\":[");
    for (int kind = 0; kind < FLAG_KINDS; kind++) {
        if (!(i->kinds >> kind & 1))
            continue;
        buf_print(out, "%s\"%s\"", comma, flag_names[kind]);
        comma = ",";
    }
    buf_char(out, ']');
    if (!isnan(i->judged)) {
        buf_text(out, ",\"worst\":{\"judged\":");
        buf_number(out, i->judged);
        buf_text(out, ",\"limit\":");
        buf_number(out, i->limit);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void put_incidents(struct buf *out, const struct casefile *c)
{
    buf_print(out, ",\"since\":%lld,\"count\":%d,\"incidents\":[", (long long)c->since, c->incident_count);
    for (size_t i = 0; i < c->kept; i++) {
        buf_text(out, i ? "," : "");
        put_incident(out, &c->incidents[i]);
    }
    buf_char(out, ']');
}

/* {"notice":ms,…} of one moment of the steps. */
static void put_moments(struct buf *out, const char *key, const struct casefile *c, size_t member)
{
    const char *comma = "";
    buf_print(out, ",\"%s\":{", key);
    for (int step = STEP_NOTICE; step < STEPS; step++) {
        int64_t at;
        memcpy(&at, (const char *)&c->stages[step] + member, sizeof at);
        if (!at)
            continue;
        buf_print(out, "%s\"%s\":%lld", comma, step_names[step], (long long)at);
        comma = ",";
    }
    buf_char(out, '}');
}

static void put_wording(struct buf *out, const struct fold *f)
{
    const struct rules_settings *s = &f->config.settings;
    buf_text(out, ",\"wording\":{\"notice\":");
    buf_json(out, s->notice_wording);
    put_text(out, "warning", s->warning_wording);
    put_text(out, "penalty", s->penalty_wording);
    buf_char(out, '}');
}

static const char *state_of(const struct deadline *d, int64_t now)
{
    if (d->done)
        return d->done <= d->due ? "kept" : "late";
    if (now <= d->due)
        return "running";
    return d->ours ? "overdue" : "passed";
}

static void put_deadlines(struct buf *out, const struct fold *f, const struct casefile *c)
{
    struct deadline all[DEADLINES];
    const char *comma = "";
    deadlines_of(f, c, all);
    buf_text(out, ",\"deadlines\":[");
    for (int k = 0; k < DEADLINES; k++) {
        if (!all[k].due)
            continue;
        buf_print(out, "%s{\"what\":\"%s\",\"due\":%lld,\"basis\":\"%s\",\"state\":\"%s\"}", comma, all[k].what,
                  (long long)all[k].due, all[k].basis, state_of(&all[k], f->time));
        comma = ",";
    }
    buf_char(out, ']');
}

static void put_officer(struct buf *out, const char **comma, enum step step, const char *did, const char *name,
                        int64_t at)
{
    if (!at)
        return;
    buf_print(out, "%s{\"step\":\"%s\",\"did\":\"%s\",\"name\":", *comma, step_names[step], did);
    buf_json(out, name);
    buf_print(out, ",\"at\":%lld}", (long long)at);
    *comma = ",";
}

static void put_officers(struct buf *out, const struct casefile *c)
{
    const char *comma = "";
    buf_text(out, ",\"officers\":[");
    for (enum step step = STEP_NOTICE; step < STEPS; step++) {
        put_officer(out, &comma, step, "confirmed", c->stages[step].confirmed_by, c->stages[step].confirmed);
        put_officer(out, &comma, step, "served", c->stages[step].served_by, c->stages[step].served);
    }
    buf_char(out, ']');
}

static void put_missing(struct buf *out, const struct fold *f, const struct casefile *c)
{
    struct faults missing = {0};
    if (!c->ended)
        evidence_missing(f, c, STEP_PENALTY, &missing);
    buf_text(out, ",\"missing\":[");
    for (size_t i = 0; i < missing.count; i++) {
        buf_text(out, i ? "," : "");
        buf_json(out, missing.text[i]);
    }
    buf_char(out, ']');
    faults_free(&missing);
}

static void put_evidence(struct buf *out, const struct fold *f, const struct casefile *c)
{
    struct buf ids = buf_growing();
    bool some = evidence_put(&ids, f, c);
    buf_print(out, ",\"grade\":\"%s\",\"evidence\":%s", some ? "evidence" : "lead", ids.data);
    buf_free(&ids);
}

static void put_body(struct buf *out, const struct fold *f, const struct casefile *c, const struct case_row *row)
{
    const struct site *site = site_of(f, c);
    const struct case_facts *facts = &case_facts[c->state];
    buf_print(out, "{\"id\":\"%s\",\"rev\":%d,\"family\":\"%s\",\"site\":\"%s\"", c->id, c->rev, row->family, c->site);
    put_text(out, "name", site->name);
    put_text(out, "district", row->district);
    put_text(out, "grid", row->grid);
    put_text(out, "officer", site->officer);
    buf_print(out, ",\"state\":\"%s\",\"phase\":\"%s\",\"step\":\"%s\",\"proposed\":\"%s\",\"awaits\":\"%s\"",
              facts->state, facts->phase, row->step, row->proposed, facts->awaits);
    put_wording(out, f);
}

void case_tell(struct fold *f, struct casefile *c, const char *event, const char *actor, const char *note)
{
    const struct site *site = site_of(f, c);
    const struct case_facts *facts = &case_facts[c->state];
    const struct sink *out = fold_out(f);
    struct buf body = buf_growing();
    char *topic = case_topic(f, c);
    c->rev++;
    struct case_row row = {.rev = c->rev,
                           .family = family_names[c->family],
                           .site = c->site,
                           .district = site->district,
                           .grid = site->grid,
                           .state = facts->state,
                           .event = event,
                           .step = step_names[c->step],
                           .proposed = strcmp(facts->phase, "proposed") == 0 ? step_names[facts->step] : "",
                           .incidents = c->incident_count,
                           .since = c->since,
                           .at = f->time};
    memcpy(row.id, c->id, sizeof row.id);
    put_body(&body, f, c, &row);
    put_text(&body, "event", event);
    put_text(&body, "actor", actor);
    put_text(&body, "note", note);
    put_incidents(&body, c);
    put_moments(&body, "confirmed", c, offsetof(struct stage, confirmed));
    put_moments(&body, "served", c, offsetof(struct stage, served));
    put_deadlines(&body, f, c);
    put_evidence(&body, f, c);
    put_missing(&body, f, c);
    put_officers(&body, c);
    buf_char(&body, '}');
    row.body = body.data;
    out->case_(out->ctx, &row);
    if (*c->topic && strcmp(c->topic, topic) != 0)
        out->alert(out->ctx, c->topic, NULL, f->time);
    out->alert(out->ctx, topic, body.data, f->time);
    free(c->topic);
    c->topic = topic;
    c->untold = false;
    buf_free(&body);
    touch(f, &c->item);
}

void case_untell(struct fold *f, const struct casefile *c)
{
    const struct sink *out = fold_out(f);
    if (*c->topic)
        out->alert(out->ctx, c->topic, NULL, f->time);
}
