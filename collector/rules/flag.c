#include "collector/rules/flag.h"
#include "collector/rules/closing.h"
#include "collector/rules/flag_private.h"
#include "collector/rules/memory.h"
#include "collector/rules/points.h"
#include "common/chain.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_dash(const char *id)
{
    return *id ? id : "-";
}

/* The device stands for itself; where there is none, its gateway does. */
static const char *who(const char *device, const char *gateway)
{
    return or_dash(*device ? device : gateway);
}

struct flag *flag_find(const struct fold *f, const struct subject *s)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "flag/%s/%s/%s", flag_names[s->kind], or_dash(s->site), who(s->device, s->gateway));
    return store_find(&f->flags, key);
}

static struct flag *make(struct fold *f, const struct subject *s)
{
    struct flag *flag = xcalloc(1, sizeof *flag);
    snprintf(flag->item.key, sizeof flag->item.key, "flag/%s/%s/%s", flag_names[s->kind], or_dash(s->site),
             who(s->device, s->gateway));
    flag->kind = s->kind;
    snprintf(flag->site, sizeof flag->site, "%s", s->site);
    snprintf(flag->device, sizeof flag->device, "%s", s->device);
    snprintf(flag->gateway, sizeof flag->gateway, "%s", s->gateway);
    flag->topic = xstrdup("");
    store_add(&f->flags, &flag->item);
    return flag;
}

static void make_id(char out[static 17], const struct flag *flag)
{
    char text[160], hex[HASH_HEX];
    int length = snprintf(text, sizeof text, "%s|%s|%s|%lld", flag_names[flag->kind], or_dash(flag->site),
                          who(flag->device, flag->gateway), (long long)flag->start);
    struct hash h = hash_of(text, (size_t)length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
}

/* ---- what leaves the fold ---------------------------------------------------------------------------------------- */

struct address {             /* of a flag, now */
    const struct site *site; /* NULL: of a gateway */
    const char *district, *grid;
};

static struct address address_of(const struct fold *f, const struct flag *flag)
{
    struct address a = {NULL, "", ""};
    const struct place *place = *flag->site ? place_find(f, flag->site) : NULL;
    const struct gateway *gateway = *flag->gateway ? gateway_find(f, flag->gateway) : NULL;
    if (place && place->count) {
        a.site = place_at(place, f->time);
        a.district = a.site->district;
        a.grid = a.site->grid;
    } else if (gateway) {
        a.district = gateway->district;
    }
    return a;
}

static char *topic_of(const struct flag *flag, const struct address *a)
{
    char topic[256];
    snprintf(topic, sizeof topic, "%s/alert/%s/%s/%s/%s", or_dash(a->district), or_dash(a->grid), or_dash(flag->site),
             flag_names[flag->kind], who(flag->device, flag->gateway));
    return xstrdup(topic);
}

static void put_member(struct buf *out, const char *key, const char *text)
{
    buf_print(out, ",\"%s\":", key);
    if (*text)
        buf_json(out, text);
    else
        buf_text(out, "null");
}

static void put_body(struct buf *out, const struct fold *f, const struct flag *flag, const struct flag_row *row,
                     const struct site *site)
{
    buf_print(out, "{\"id\":\"%s\",\"rev\":%d,\"flag\":\"%s\",\"state\":\"%s\"", row->id, row->rev,
              flag_names[row->flag], row->state);
    put_member(out, "site", row->site);
    put_member(out, "name", site ? site->name : "");
    put_member(out, "district", row->district);
    put_member(out, "grid", row->grid);
    put_member(out, "officer", site ? site->officer : "");
    put_member(out, "device", row->device);
    if (*row->gateway)
        put_member(out, "gateway", row->gateway);
    buf_text(out, ",\"since\":");
    buf_int(out, row->since);
    buf_text(out, ",\"until\":");
    if (row->until)
        buf_int(out, row->until);
    else
        buf_text(out, "null");
    buf_print(out, ",%s", flag->detail);
    case_put_reference(out, f, flag->kind, flag->site);
    buf_char(out, '}');
}

static void empty_topic(struct fold *f, const char *topic, int64_t at)
{
    const struct sink *out = fold_out(f);
    out->alert(out->ctx, topic, NULL, at);
}

static void publish(struct fold *f, struct flag *flag, const char *topic, const char *payload, int64_t at)
{
    const struct sink *out = fold_out(f);
    if (*flag->topic && strcmp(flag->topic, topic) != 0)
        empty_topic(f, flag->topic, at);
    out->alert(out->ctx, topic, payload, at);
    free(flag->topic);
    flag->topic = xstrdup(topic);
}

void flag_tell(struct fold *f, struct flag *flag, const char *state, int64_t until, int64_t at, bool point)
{
    struct address a = address_of(f, flag);
    struct buf text = buf_growing();
    char *topic = topic_of(flag, &a);
    flag->rev++;
    struct flag_row row = {.rev = flag->rev,
                           .flag = flag->kind,
                           .state = state,
                           .site = flag->site,
                           .district = a.district,
                           .grid = a.grid,
                           .device = flag->device,
                           .gateway = flag->gateway,
                           .since = flag->since,
                           .until = until,
                           .at = at};
    memcpy(row.id, flag->id, sizeof row.id);
    put_body(&text, f, flag, &row, a.site);
    row.body = text.data;
    const struct sink *out = fold_out(f);
    out->flag(out->ctx, &row);
    if (flag->topic)
        publish(f, flag, topic, text.data, at);
    free(topic);
    buf_clear(&text);
    point_flag(&text, &row, until ? NAN : flag->measured, until ? NAN : flag->limit);
    if (point)
        out->line(out->ctx, text.data);
    buf_free(&text);
    if (flag->topic)
        touch(f, &flag->item);
}

/* ---- what comes back --------------------------------------------------------------------------------------------- */

static bool is_of_due_instant(enum flag_kind kind)
{
    return kind == FLAG_CLEANING_DUE || kind == FLAG_CLEANING_OVERDUE || kind == FLAG_INSTALL_OVERDUE ||
           kind == FLAG_CALIBRATION_DUE;
}

static void remember(struct flag *flag)
{
    if (!is_of_due_instant(flag->kind) || !flag->rev)
        return;
    memmove(flag->past + 1, flag->past, (PAST_FLAGS - 1) * sizeof *flag->past);
    flag->past[0].start = flag->start;
    flag->past[0].rev = flag->rev;
}

/* The newest revision of this start that has left; 0: none. */
static int remembered(const struct flag *flag, int64_t start)
{
    for (size_t i = 0; i < PAST_FLAGS; i++) {
        if (flag->past[i].start == start && flag->past[i].rev)
            return (int)flag->past[i].rev;
    }
    return 0;
}

/* ---- the verbs --------------------------------------------------------------------------------------------------- */

/* Of a site that was closed by then nothing is said. */
static bool is_closed(const struct fold *f, const struct claim *claim)
{
    const struct place *place = *claim->about.site ? place_find(f, claim->about.site) : NULL;
    return place && place_closed(place, claim->since);
}

void flag_raise(struct fold *f, const struct claim *claim)
{
    struct flag *flag = flag_find(f, &claim->about);
    if (is_closed(f, claim))
        return;
    if (!flag)
        flag = make(f, &claim->about);
    assert(!flag->id[0] || flag->forget_ms);
    if (flag->start != claim->start) {
        remember(flag);
        flag->rev = remembered(flag, claim->start);
    }
    flag->start = claim->start;
    flag->since = claim->since;
    flag->measured = claim->measured;
    flag->limit = claim->limit;
    make_id(flag->id, flag); /* of the same start: it comes back as it was, with the next revision */
    free(flag->detail);
    flag->detail = xstrdup(claim->detail);
    flag->forget_ms = 0;
    incident_flag_raised(f, flag);
    flag_tell(f, flag, "raised", 0, claim->at, true);
}

void flag_end(struct fold *f, const struct subject *about, const char *state, int64_t until, int64_t at)
{
    struct flag *flag = flag_find(f, about);
    if (!flag || flag->forget_ms)
        return;
    flag->forget_ms = f->time + FLAG_RETAINED_MS;
    incident_flag_ended(f, flag, strcmp(state, "withdrawn") == 0 ? 0 : until);
    flag_tell(f, flag, state, until, at, true);
}

int64_t flag_raised(const struct fold *f, const struct subject *about, int64_t *since)
{
    const struct flag *flag = flag_find(f, about);
    if (!flag || flag->forget_ms)
        return 0;
    *since = flag->since;
    return flag->start;
}

const char *flag_raised_id(const struct fold *f, const struct subject *about)
{
    const struct flag *flag = flag_find(f, about);
    return flag && !flag->forget_ms ? flag->id : NULL;
}

static void move_flag(struct fold *f, struct flag *flag, int64_t now)
{
    struct address a = address_of(f, flag);
    char *topic = topic_of(flag, &a);
    if (strcmp(topic, flag->topic) != 0)
        flag_tell(f, flag, "raised", 0, now, false);
    free(topic);
}

static void forget(struct fold *f, struct flag *flag)
{
    if (!is_of_due_instant(flag->kind)) {
        store_remove(&f->flags, &f->changes, &flag->item);
        return;
    }
    free(flag->topic);
    free(flag->detail);
    flag->topic = xstrdup("");
    flag->detail = xstrdup("");
    flag->forget_ms = FLAG_FORGOTTEN;
    touch(f, &flag->item);
}

void flag_tick(struct fold *f, int64_t now)
{
    for (size_t i = f->flags.count; i-- > 0;) { /* from the end: removing moves only what was seen */
        struct flag *flag = (struct flag *)f->flags.items[i];
        if (!flag->forget_ms) {
            if (!closing_end(f, flag, now))
                move_flag(f, flag, now);
        } else if (now >= flag->forget_ms && flag->forget_ms != FLAG_FORGOTTEN) {
            empty_topic(f, flag->topic, now);
            forget(f, flag);
        }
    }
}

/* ---- explaining -------------------------------------------------------------------------------------------------- */

static void put_number(struct buf *out, const char *key, double x, int decimals)
{
    buf_print(out, ",\"%s\":", key);
    buf_number(out, rounded(x, decimals));
}

static void put_basis(struct buf *out, const struct explanation *e)
{
    char separator = '{';
    buf_text(out, ",\"basis\":");
    if (e->standard && e->provision) {
        buf_text(out, "{\"document\":");
        buf_json(out, e->standard->document);
        buf_text(out, ",\"clause\":");
        buf_json(out, e->provision->clause);
        separator = ',';
    }
    if (e->noise_class != NOT_GIVEN) {
        buf_print(out, "%c\"class\":\"%s\"", separator, noise_classes[e->noise_class]);
        separator = ',';
    }
    if (e->band) {
        buf_print(out, "%c\"band\":\"%s\"", separator, e->band);
        separator = ',';
    }
    if (e->note) {
        buf_print(out, "%c\"note\":", separator);
        buf_json(out, e->note);
        separator = ',';
    }
    buf_text(out, separator == '{' ? "null" : "}");
}

struct explanation flag_duty(const struct fold *f, const struct site *site, enum flag_kind kind, int64_t at,
                             const char *note)
{
    const struct standard *standard = rules_config_standard(&f->config, site->fume_standard, STANDARD_FUME);
    const struct provision *duty = standard ? standard_duty(standard, flag_names[kind], at) : NULL;
    return (struct explanation){.coverage = NAN,
                                .measured = NAN,
                                .judged = NAN,
                                .limit = NAN,
                                .standard = standard,
                                .provision = duty,
                                .noise_class = NOT_GIVEN,
                                .note = duty ? NULL : note,
                                .statutory = duty && duty->confirmed};
}

void flag_explain(struct buf *out, const struct explanation *e)
{
    buf_text(out, "\"window\":");
    if (e->to) {
        buf_print(out, "{\"from\":%lld,\"to\":%lld", (long long)e->from, (long long)e->to);
        put_number(out, "coverage", e->coverage, 4);
        buf_char(out, '}');
    } else {
        buf_text(out, "null");
    }
    put_number(out, "measured", e->measured, 6);
    put_number(out, "background", e->correction.known ? e->correction.background : NAN, 6);
    put_number(out, "correction", e->correction.value, 6);
    put_number(out, "judged", e->judged, 6);
    put_number(out, "limit", e->limit, 6);
    put_number(out, "excess", e->judged - e->limit, 6);
    buf_text(out, ",\"unit\":");
    if (e->unit)
        buf_json(out, e->unit);
    else
        buf_text(out, "null");
    put_basis(out, e);
    buf_print(out, ",\"statutory\":%s,\"grade\":\"lead\"", e->statutory ? "true" : "false");
}
