#include "collector/rules/audit.h"
#include "collector/rules/command.h"
#include "collector/rules/memory.h"
#include "common/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct issue {
    const char *week, *sha256, *summary;
    int64_t from, until, revision, behind;
    const struct json *districts;
};

static bool is_object(const char *text)
{
    struct json *root = json_open(text, strlen(text), NULL);
    bool object = json_is_object(root);
    json_close(root);
    return object && *text == '{';
}

static bool read_districts(const struct issue *i, struct buf *answer)
{
    void *at = NULL;
    const struct json *node;
    for (const char *district; (district = json_next(i->districts, &at, &node));) {
        const char *summary = "";
        json_text(node, &summary);
        if (!id_valid(district) || !is_object(summary))
            return command_refuse(answer, "districts: expected an id and a JSON object as text, for each");
    }
    return true;
}

static bool read_issue(struct fold *f, const struct command *c, struct issue *i, struct buf *answer)
{
    *i = (struct issue){.week = command_text(c, "week", ""),
                        .sha256 = command_text(c, "sha256", ""),
                        .summary = command_text(c, "summary", ""),
                        .districts = json_member(c->args, "districts")};
    struct hash digest;
    json_int64(json_member(c->args, "revision"), &i->revision);
    json_int64(json_member(c->args, "behind"), &i->behind);
    if (!civil_week_parse(i->week, &i->from, &i->until))
        return command_refuse(answer, "week %s: expected an ISO week such as 2026-W47", i->week);
    if (i->until > f->time)
        return command_refuse(answer, "week %s: has not ended", i->week);
    if (!hash_parse(&digest, i->sha256))
        return command_refuse(answer, "sha256: expected 64 hex digits");
    if (!is_object(i->summary))
        return command_refuse(answer, "summary: expected a JSON object as text");
    return read_districts(i, answer);
}

/* The summary with what identifies the audit in front. */
static void put_body(struct buf *out, const struct issue *i, const char *state, const char *district,
                     const char *summary)
{
    buf_print(out, "{\"week\":\"%s\",\"from\":%lld,\"until\":%lld,\"revision\":%lld,\"state\":\"%s\",\"sha256\":\"%s\"",
              i->week, (long long)i->from, (long long)i->until, (long long)i->revision, state, i->sha256);
    if (*district)
        buf_print(out, ",\"district\":\"%s\"", district);
    if (summary[1] != '}')
        buf_char(out, ',');
    buf_text(out, summary + 1);
}

static void tell_entry(struct fold *f, const struct command *c, const struct issue *i, const char *state)
{
    struct entry_row row = {.kind = "audit",
                            .rev = (int)i->revision,
                            .site = "",
                            .state = state,
                            .actor = c->actor,
                            .at = i->from,
                            .entered_at = f->time};
    char text[32], hex[HASH_HEX];
    struct buf body = buf_growing();
    struct hash h = hash_of(text, (size_t)snprintf(text, sizeof text, "audit|%s", i->week));
    hash_hex(&h, hex);
    snprintf(row.id, sizeof row.id, "%.16s", hex);
    put_body(&body, i, state, "", i->summary);
    row.body = body.data;
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    buf_free(&body);
}

static void tell_districts(struct fold *f, const struct issue *i, const char *state)
{
    void *at = NULL;
    const struct json *node;
    struct buf body = buf_growing();
    const struct sink *out = fold_out(f);
    for (const char *district; (district = json_next(i->districts, &at, &node));) {
        const char *summary = "";
        char topic[80];
        json_text(node, &summary);
        buf_clear(&body);
        put_body(&body, i, state, district, summary);
        snprintf(topic, sizeof topic, "%s/audit/%s", district, i->week);
        out->alert(out->ctx, topic, body.data, f->time);
    }
    buf_free(&body);
}

struct item *audit_make(struct fold *f, const char *key)
{
    struct audit_issued *a = store_find(&f->audits, key);
    if (!a) {
        a = xcalloc(1, sizeof *a);
        snprintf(a->item.key, sizeof a->item.key, "%s", key);
        store_add(&f->audits, &a->item);
    }
    return &a->item;
}

void audit_pack(struct fold *f, struct pack *p, struct item *item)
{
    struct audit_issued *a = (struct audit_issued *)item;
    (void)f;
    pack_small(p, &a->revision);
    pack_text(p, a->sha256, sizeof a->sha256);
}

void audit_free_item(struct item *item)
{
    free(item);
}

static bool put_answer(struct buf *answer, const char *week, const struct audit_issued *a, bool issued)
{
    buf_print(answer, "{\"week\":\"%s\",\"revision\":%d,\"sha256\":\"%s\",\"issued\":%s}", week, a->revision, a->sha256,
              issued ? "true" : "false");
    return true;
}

bool audit_issue(struct fold *f, const struct command *c, struct buf *answer)
{
    struct issue i;
    char key[ITEM_KEY];
    if (!read_issue(f, c, &i, answer))
        return false;
    snprintf(key, sizeof key, "audit/%s", i.week);
    struct audit_issued *known = store_find(&f->audits, key);
    if (known && strcmp(known->sha256, i.sha256) == 0)
        return put_answer(answer, i.week, known, false);
    if (i.revision != (known ? known->revision : 0) + 1)
        return command_refuse(answer, "week %s: revision %lld is not the next, %d stands", i.week,
                              (long long)i.revision, known ? known->revision : 0);
    known = (struct audit_issued *)audit_make(f, key);
    known->revision = (int)i.revision;
    snprintf(known->sha256, sizeof known->sha256, "%s", i.sha256);
    touch(f, &known->item);
    const char *state = i.behind > 0 ? "behind" : "issued";
    tell_entry(f, c, &i, state);
    tell_districts(f, &i, state);
    return put_answer(answer, i.week, known, true);
}
