#include "collector/rules/register_note.h"
#include "collector/rules/memory.h"
#include "common/chain.h"

#include <stdio.h>

/* One request may change many sites. */
static void make_id(char out[static 17], const struct command *c, const char *site, int64_t at)
{
    char hex[HASH_HEX];
    struct buf text = buf_growing();
    buf_print(&text, "register|%s|%s|%lld", c->id, site, (long long)at);
    struct hash h = hash_of(text.data, text.length);
    hash_hex(&h, hex);
    snprintf(out, 17, "%.16s", hex);
    buf_free(&text);
}

void register_note(struct fold *f, const struct command *c, const char *site, const char *state, int64_t at,
                   const char *facts)
{
    struct buf body = buf_growing();
    struct entry_row row = {
        .kind = "register", .rev = 1, .site = site, .state = state, .actor = c->actor, .at = at, .entered_at = f->time};
    make_id(row.id, c, site, at);
    buf_print(&body, "{\"site\":\"%s\",\"state\":\"%s\",\"at\":%lld%s}", site, state, (long long)at, facts);
    row.body = body.data;
    const struct sink *out = fold_out(f);
    out->entry(out->ctx, &row);
    buf_free(&body);
}
