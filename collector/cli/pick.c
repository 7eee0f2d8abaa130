#include "collector/cli/pick.h"
#include "collector/cli/show.h"

#include <string.h>

static void put_members(struct buf *out, const struct json *body, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++) {
        const struct json *value = json_member(body, keys[i]);
        buf_print(out, "%c\"%s\":", i ? ',' : '{', keys[i]);
        if (value)
            json_print(value, out);
        else
            buf_text(out, "null");
    }
    buf_char(out, '}');
}

void pick_body(struct picked *p, const char *body)
{
    if (p->count++)
        buf_char(p->out, ',');
    if (!p->keys) {
        buf_text(p->out, body);
        return;
    }
    struct json *root = json_open(body, strlen(body), NULL);
    put_members(p->out, root, p->keys);
    json_close(root);
}

void pick_entry(void *ctx, const struct entry_row *row)
{
    pick_body(ctx, row->body);
}

int pick_entries(const struct cli *cli, const char *kind, const char *site, const char *const *keys)
{
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct picked picked = {.out = &out, .keys = cli->json ? NULL : keys};
    buf_char(&out, '[');
    if (ledger_entries(ledger, kind, site, 0, INT64_MAX, &(struct sink){.ctx = &picked, .entry = pick_entry}) != 0) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    buf_char(&out, ']');
    ledger_close(ledger);
    return show_print(cli, &out);
}

const struct cli_option pick_of_site[] = {
    {"site", "ID", false, "of this site only"},
    {NULL, NULL, false, NULL},
};
