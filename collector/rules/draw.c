#include "collector/rules/draw.h"
#include "collector/rules/command.h"
#include "collector/rules/draw_list.h"
#include "collector/rules/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFICER_BYTES = 64, OFFICERS_MOST = 10000 };

static const char *id_of(const struct draw *d)
{
    return d->item.key + strlen("draw/");
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

struct question {
    int64_t sites, officers;
    const struct json *kinds, *grids, *officer_list; /* lists of texts; NULL: not given */
    const char *district;
    bool weighted;
};

static bool listed(const struct json *list, const char *word)
{
    const char *text;
    for (size_t i = 0; i < json_count(list); i++) {
        if (json_text(json_at(list, i), &text) && strcmp(text, word) == 0)
            return true;
    }
    return !json_count(list);
}

/* Or not given.  What is no list would name nobody, and so count as no restriction. */
static bool is_list_of_texts(const struct json *list)
{
    const char *text;
    bool good = !list || json_is_list(list);
    for (size_t i = 0; good && i < json_count(list); i++)
        good = json_text(json_at(list, i), &text);
    return good;
}

static bool check_kinds(const struct question *q, struct buf *answer)
{
    const char *kind = "";
    for (size_t i = 0; i < json_count(q->kinds); i++) {
        size_t k = 0;
        json_text(json_at(q->kinds, i), &kind);
        while (site_kinds[k] && strcmp(site_kinds[k], kind) != 0)
            k++;
        if (!site_kinds[k])
            return command_refuse(answer,
                                  "kind %s: allowed are restaurant, breakfast, barbecue, canteen, ktv, club, "
                                  "bar, other",
                                  kind);
    }
    return true;
}

static bool read_question(const struct command *c, struct question *q, struct buf *answer)
{
    *q = (struct question){.kinds = json_member(c->args, "kinds"),
                           .grids = json_member(c->args, "grids"),
                           .officer_list = json_member(c->args, "officer_list"),
                           .district = command_text(c, "district", "")};
    json_bool(json_member(c->args, "weighted"), &q->weighted);
    if (!json_int64(json_member(c->args, "sites"), &q->sites) || q->sites < 1)
        return command_refuse(answer, "sites: how many to draw, 1 or more");
    if (!json_int64(json_member(c->args, "officers"), &q->officers) || q->officers < 0)
        return command_refuse(answer, "officers: how many to draw, 0 or more");
    if (*q->district && !id_valid(q->district))
        return command_refuse(answer, "district %s: not an id", q->district);
    if (!is_list_of_texts(q->kinds) || !is_list_of_texts(q->grids))
        return command_refuse(answer, "kinds, grids: lists of texts are expected");
    if (q->officer_list && !json_is_list(q->officer_list))
        return command_refuse(answer, "officer_list: a list of names is expected");
    return check_kinds(q, answer);
}

/* ---- the lists ----------------------------------------------------------------------------------------------------
 */

static size_t put_flags(const struct fold *f, const char *site, struct buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < f->flags.count; i++) {
        const struct flag *flag = (const struct flag *)f->flags.items[i];
        if (!flag->forget_ms && strcmp(flag->site, site) == 0)
            buf_print(out, "%s\"%s\"", count++ ? "," : "", flag_names[flag->kind]);
    }
    return count;
}

static void put_candidate(const struct fold *f, const struct site *s, bool weighted, struct buf *out)
{
    struct buf flags = buf_growing();
    size_t raised = weighted ? put_flags(f, s->id, &flags) : 0;
    buf_print(out, "{\"site\":\"%s\",\"name\":", s->id);
    buf_json(out, s->name);
    buf_print(out, ",\"grid\":\"%s\",\"weight\":%zu", s->grid, 1 + raised);
    if (weighted)
        buf_print(out, ",\"flags\":[%s]", raised ? flags.data : "");
    buf_char(out, '}');
    buf_free(&flags);
}

static size_t put_candidates(const struct fold *f, const struct question *q, struct buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < f->places.count; i++) { /* by id */
        const struct place *p = (const struct place *)f->places.items[i];
        const struct site *s = place_at(p, f->time);
        if (!p->count || place_closed(p, f->time) || (*q->district && strcmp(s->district, q->district) != 0) ||
            !listed(q->kinds, site_kinds[s->kind]) || !listed(q->grids, s->grid))
            continue;
        buf_text(out, count++ ? "," : "");
        put_candidate(f, s, q->weighted, out);
    }
    return count;
}

struct names {
    const char **items;
    size_t count;
};

static void add_name(struct names *n, const char *name)
{
    n->items = xrealloc(n->items, (n->count + 1) * sizeof *n->items);
    n->items[n->count++] = name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct names *n)
{
    size_t kept = 0;
    if (n->count)
        qsort(n->items, n->count, sizeof *n->items, by_name);
    for (size_t i = 0; i < n->count; i++) {
        if (!kept || strcmp(n->items[kept - 1], n->items[i]) != 0)
            n->items[kept++] = n->items[i];
    }
    n->count = kept;
}

static void name_officers_of_register(const struct fold *f, const struct question *q, struct names *n)
{
    for (size_t i = 0; i < f->places.count; i++) {
        const struct place *p = (const struct place *)f->places.items[i];
        const struct site *s = place_at(p, f->time);
        if (p->count && *s->officer && (!*q->district || strcmp(s->district, q->district) == 0))
            add_name(n, s->officer);
    }
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    }
    return length && length < OFFICER_BYTES;
}

static bool name_officers(const struct fold *f, const struct question *q, struct names *n, struct buf *answer)
{
    if (!json_count(q->officer_list))
        name_officers_of_register(f, q, n);
    if (json_count(q->officer_list) > OFFICERS_MOST)
        return command_refuse(answer, "officer_list: at most %d names", OFFICERS_MOST);
    for (size_t i = 0; i < json_count(q->officer_list); i++) {
        const char *name = "";
        if (!json_text(json_at(q->officer_list, i), &name) || !is_name(name))
            return command_refuse(answer, "officer_list, number %zu: a name of 1 to %d bytes on one line is expected",
                                  i + 1, OFFICER_BYTES - 1);
        add_name(n, name);
    }
    sort_names(n);
    return true;
}

/* ---- announcing -------------------------------------------------------------------------------------------------- */

static void put_texts(struct buf *out, const struct json *list)
{
    const char *text = "";
    buf_char(out, '[');
    for (size_t i = 0; i < json_count(list); i++) {
        buf_text(out, i ? "," : "");
        json_text(json_at(list, i), &text);
        buf_json(out, text);
    }
    buf_char(out, ']');
}

static void put_question(struct buf *out, const struct question *q)
{
    buf_print(out, "\"wanted\":{\"sites\":%lld,\"officers\":%lld},\"filter\":{\"district\":", (long long)q->sites,
              (long long)q->officers);
    if (*q->district)
        buf_json(out, q->district);
    else
        buf_text(out, "null");
    buf_text(out, ",\"kinds\":");
    put_texts(out, q->kinds);
    buf_text(out, ",\"grids\":");
    put_texts(out, q->grids);
    buf_print(out, "},\"weighted\":%s", q->weighted ? "true" : "false");
}

/* The members of the announcement but for the hash; false: refused. */
static bool put_lists(const struct fold *f, const struct question *q, struct buf *body, struct buf *answer)
{
    struct names officers = {0};
    put_question(body, q);
    buf_text(body, ",\"candidates\":[");
    size_t sites = put_candidates(f, q, body);
    bool good = name_officers(f, q, &officers, answer);
    buf_text(body, "],\"officer_list\":[");
    for (size_t i = 0; i < officers.count; i++) {
        buf_text(body, i ? "," : "");
        buf_json(body, officers.items[i]);
    }
    buf_char(body, ']');
    if (good && (uint64_t)q->sites > sites)
        good = command_refuse(answer, "sites %lld: only %zu in the register fit", (long long)q->sites, sites);
    if (good && (uint64_t)q->officers > officers.count)
        good = command_refuse(answer, "officers %lld: only %zu are known", (long long)q->officers, officers.count);
    free(officers.items);
    return good;
}

/* The body as an object. */
static struct json *open_body(const char *members)
{
    struct buf text = buf_growing();
    buf_print(&text, "{%s}", members);
    struct json *root = json_open(text.data, text.length, NULL);
    buf_free(&text);
    return root;
}

static void put_hash(struct buf *body)
{
    struct draw_list l;
    char hex[HASH_HEX] = "";
    struct json *root = open_body(body->data);
    if (draw_list_read(&l, root)) {
        struct hash h = draw_list_hash(&l);
        hash_hex(&h, hex);
    }
    buf_print(body, ",\"list_sha256\":\"%s\"", hex);
    draw_list_free(&l);
    json_close(root);
}

/* The entry's next revision, and its topic. */
static void tell(struct fold *f, const struct draw *d, int rev, const char *state, const char *members, int64_t at)
{
    struct buf body = buf_growing();
    struct entry_row row = {
        .kind = "draw", .rev = rev, .site = "", .state = state, .actor = d->actor, .at = d->at, .entered_at = at};
    snprintf(row.id, sizeof row.id, "%s", id_of(d));
    buf_print(&body, "{\"id\":\"%s\",\"rev\":%d,\"state\":\"%s\",\"announced\":%lld,\"actor\":", row.id, rev, state,
              (long long)d->at);
    buf_json(&body, d->actor);
    buf_print(&body, ",%s}", members);
    row.body = body.data;
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    out->alert(out->ctx, d->topic, body.data, at);
    buf_free(&body);
}

static void make_id(char out[static 17], const struct command *c)
{
    struct buf text = buf_growing();
    char hex[HASH_HEX];
    buf_print(&text, "draw|%s|%s", c->actor, c->id);
    struct hash h = hash_of(text.data, text.length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
    buf_free(&text);
}

static char *answer_of_draw(const struct draw *d)
{
    const char *hash = "";
    struct buf text = buf_growing();
    struct json *root = open_body(d->body);
    json_text(json_member(root, "list_sha256"), &hash);
    buf_print(
        &text, "{\"id\":\"%s\",\"state\":\"announced\",\"candidates\":%zu,\"officers\":%zu,\"list_sha256\":\"%s\"}",
        id_of(d), json_count(json_member(root, "candidates")), json_count(json_member(root, "officer_list")), hash);
    json_close(root);
    return text.data;
}

static void announce(struct fold *f, const char *key, const struct command *c, const struct question *q,
                     const struct buf *body)
{
    char topic[80];
    struct draw *d = (struct draw *)draw_make(f, key);
    snprintf(topic, sizeof topic, "%s/draw/%s", *q->district ? q->district : "-", id_of(d));
    free(d->body);
    free(d->actor);
    free(d->topic);
    free(d->answer);
    d->body = xstrdup(body->data);
    d->actor = xstrdup(c->actor);
    d->topic = xstrdup(topic);
    d->answer = answer_of_draw(d);
    d->at = f->time;
    touch(f, &d->item);
    tell(f, d, 1, "announced", d->body, f->time);
}

bool draw_command(struct fold *f, const struct command *c, struct buf *answer)
{
    struct question q;
    char id[17], key[ITEM_KEY];
    make_id(id, c);
    snprintf(key, sizeof key, "draw/%s", id);
    const struct draw *known = store_find(&f->draws, key);
    if (!known) {
        struct buf body = buf_growing();
        if (!read_question(c, &q, answer) || !put_lists(f, &q, &body, answer)) {
            buf_free(&body);
            return false;
        }
        put_hash(&body);
        announce(f, key, c, &q, &body);
        buf_free(&body);
        known = store_find(&f->draws, key);
    }
    buf_text(answer, known->answer);
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static void make_draw(struct fold *f, struct draw *d, int64_t now, const struct hash *seed)
{
    struct draw_list l;
    char hex[HASH_HEX];
    struct json *root = open_body(d->body);
    if (draw_list_read(&l, root)) {
        struct buf body = buf_growing();
        hash_hex(seed, hex);
        buf_print(&body, "%s,\"seed\":\"%s\",\"tick\":%lld,", d->body, hex, (long long)now);
        draw_list_draw(&l, seed, &body);
        tell(f, d, 2, "drawn", body.data, now);
        buf_free(&body);
    }
    draw_list_free(&l);
    json_close(root);
    free(d->body);
    d->body = xstrdup("");
    d->forget_ms = now + f->config.settings.lookback;
    touch(f, &d->item);
}

void draw_tick(struct fold *f, int64_t now, const struct hash *chain)
{
    for (size_t i = f->draws.count; i-- > 0;) { /* from the end: removing moves only what was seen */
        struct draw *d = (struct draw *)f->draws.items[i];
        if (!d->forget_ms && chain) {
            make_draw(f, d, now, chain);
        } else if (d->forget_ms && now >= d->forget_ms) {
            const struct sink *out = fold_out(f);
            out->alert(out->ctx, d->topic, NULL, now);
            store_remove(&f->draws, &f->changes, &d->item);
        }
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

struct item *draw_make(struct fold *f, const char *key)
{
    struct draw *d = store_find(&f->draws, key);
    if (d)
        return &d->item;
    d = xcalloc(1, sizeof *d);
    snprintf(d->item.key, sizeof d->item.key, "%s", key);
    d->body = xstrdup("");
    d->actor = xstrdup("");
    d->topic = xstrdup("");
    d->answer = xstrdup("");
    store_add(&f->draws, &d->item);
    return &d->item;
}

void draw_pack(struct fold *f, struct pack *p, struct item *item)
{
    struct draw *d = (struct draw *)item;
    (void)f;
    pack_string(p, &d->body);
    pack_string(p, &d->actor);
    pack_string(p, &d->topic);
    pack_string(p, &d->answer);
    pack_int(p, &d->at);
    pack_int(p, &d->forget_ms);
}

void draw_free(struct item *item)
{
    struct draw *d = (struct draw *)item;
    free(d->body);
    free(d->actor);
    free(d->topic);
    free(d->answer);
    free(d);
}
