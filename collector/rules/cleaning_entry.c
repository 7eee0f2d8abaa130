/* The verb `cleaning add`. */
#include "collector/photo_name.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/cleaning_book.h"
#include "collector/rules/command.h"
#include "collector/rules/memory.h"
#include "common/chain.h"
#include "common/civil.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200, NOTE_MAX_BYTES = 1000, PHOTOS = 16 };

struct entry {
    const char *site, *cleaned_at_text, *by, *provider, *kind, *note;
    int64_t cleaned_at;
};

static bool is_kind(const char *kind)
{
    return strcmp(kind, "clean") == 0 || strcmp(kind, "maintain") == 0 || strcmp(kind, "filter") == 0;
}

static bool read_entry(const struct fold *f, const struct command *c, struct entry *e, struct buf *answer)
{
    *e = (struct entry){.site = command_text(c, "site", ""),
                        .cleaned_at_text = command_text(c, "cleaned_at", command_text(c, "date", "")),
                        .by = command_text(c, "by", ""),
                        .provider = command_text(c, "provider", ""),
                        .kind = command_text(c, "kind", "clean"),
                        .note = command_text(c, "note", "")};
    if (!place_find(f, e->site))
        return command_refuse(answer, "site %s: not in the register", e->site);
    if (!civil_parse(e->cleaned_at_text, &e->cleaned_at))
        return command_refuse(answer, "cleaned_at %s: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM, a date that exists",
                              e->cleaned_at_text);
    if (e->cleaned_at > f->time)
        return command_refuse(answer, "cleaned_at %s: lies in the future", e->cleaned_at_text);
    if (!*e->by)
        return command_refuse(answer, "by is missing: who says so");
    if (!is_kind(e->kind))
        return command_refuse(answer, "kind %s: allowed are clean, maintain, filter", e->kind);
    if (strlen(e->by) > NAME_MAX_BYTES || strlen(e->provider) > NAME_MAX_BYTES || strlen(e->note) > NOTE_MAX_BYTES)
        return command_refuse(answer, "too long: by and provider have at most %d bytes, note %d", NAME_MAX_BYTES,
                              NOTE_MAX_BYTES);
    return true;
}

/* The names go into the row as a JSON list. */
static bool read_photos(const struct command *c, struct buf *out, struct buf *answer)
{
    const struct json *list = json_member(c->args, "photos");
    size_t count = json_count(list);
    if (count > PHOTOS)
        return command_refuse(answer, "photos: at most %d, not %zu", PHOTOS, count);
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        const char *name = "";
        json_text(json_at(list, i), &name);
        if (!photo_name_valid(name))
            return command_refuse(answer, "photos: expected names of files, SHA-256 with .jpg or .png");
        buf_print(out, "%s\"%s\"", i ? "," : "", name);
    }
    buf_char(out, ']');
    return true;
}

static void make_id(char out[static 17], const struct entry *e, const char *request)
{
    struct buf text = buf_growing();
    char hex[HASH_HEX];
    buf_print(&text, "cleaning|%s|%lld|%s|%s|%s|%s|%s", e->site, (long long)e->cleaned_at, e->kind, e->by, e->provider,
              e->note, request);
    struct hash h = hash_of(text.data, text.length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
    buf_free(&text);
}

/* A claim waits for its verdict; other kinds have none. */
static void keep_claim(struct fold *f, struct place *p, const struct cleaning_row *row, bool whole_day)
{
    struct book *b = book_get(f, p->id);
    struct claimed claim = {.by = xstrdup(row->by),
                            .provider = xstrdup(row->provider),
                            .note = xstrdup(row->note),
                            .actor = xstrdup(row->actor),
                            .photos = xstrdup(row->photos),
                            .cleaned_at = row->cleaned_at,
                            .entered_at = row->entered_at,
                            .whole_day = whole_day};
    memcpy(claim.id, row->id, sizeof claim.id);
    book_add_claim(b, &claim);
    touch(f, &b->item);
    cleaning_changed(f, p);
}

bool cleaning_add(struct fold *f, const struct command *c, struct buf *answer)
{
    struct entry e;
    struct buf photos = buf_growing();
    bool good = read_entry(f, c, &e, answer) && read_photos(c, &photos, answer);
    if (good) {
        struct cleaning_row row = {.site = e.site,
                                   .kind = e.kind,
                                   .by = e.by,
                                   .provider = e.provider,
                                   .note = e.note,
                                   .actor = c->actor,
                                   .state = f->time - e.cleaned_at > CLEANING_LATE_MS ? "late" : "ok",
                                   .verdict = "",
                                   .evidence = "{}",
                                   .photos = photos.data,
                                   .cleaned_at = e.cleaned_at,
                                   .entered_at = f->time};
        make_id(row.id, &e, c->id);
        const struct sink *out = fold_out(f);
        out->cleaning(out->ctx, &row);
        if (strcmp(e.kind, "clean") == 0)
            keep_claim(f, place_find(f, e.site), &row, strlen(e.cleaned_at_text) == strlen("2026-11-24"));
        buf_print(answer, "{\"id\":\"%s\",\"site\":\"%s\",\"cleaned_at\":%lld,\"state\":\"%s\"}", row.id, e.site,
                  (long long)e.cleaned_at, row.state);
    }
    buf_free(&photos);
    return good;
}
