/* quietair complaint add | list | show | close | erase */
#include "collector/cli/args.h"
#include "collector/cli/cli.h"
#include "collector/cli/pick.h"
#include "collector/cli/show.h"
#include "collector/identity.h"
#include "common/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the meters told then ----------------------------------------------------------------------------------- */

enum { BESIDE_MS = 3600 * 1000 }; /* before and after */

struct beside { /* one complaint and the hours around it */
    struct ledger *ledger;
    const char *site;
    int64_t from, until;
    struct buf *out;
    size_t count; /* of the list under way */
    int error;
};

static void put_number(struct buf *out, const char *key, double x)
{
    buf_print(out, ",\"%s\":", key);
    buf_number(out, x); /* NAN: null */
}

static void put_window(void *ctx, const struct window_row *w)
{
    static const char *const outcomes[] = {"compliant", "exceeds", "not judged"};
    struct beside *b = ctx;
    buf_print(b->out, "%s{\"device\":\"%s\",\"rule\":\"%s\",\"from\":%lld,\"to\":%lld,\"outcome\":\"%s\"",
              b->count++ ? "," : "", w->device, w->rule, (long long)w->from, (long long)w->to, outcomes[w->outcome]);
    put_number(b->out, "judged", w->judged);
    put_number(b->out, "limit", w->limit);
    put_number(b->out, "coverage", w->coverage);
    buf_char(b->out, '}');
}

static void put_device_windows(void *ctx, const struct device_row *d)
{
    static const char *const rules[] = {"noise", "fume"};
    struct beside *b = ctx;
    for (size_t i = 0; i < 2 && !b->error; i++)
        b->error = ledger_windows(b->ledger, d->site, d->device, rules[i], b->from, b->until,
                                  &(struct sink){.ctx = b, .window = put_window});
}

static void put_flag(void *ctx, const struct flag_row *r)
{
    struct beside *b = ctx;
    if (strcmp(r->site, b->site) != 0)
        return;
    buf_print(b->out, "%s{\"id\":\"%s\",\"flag\":\"%s\",\"state\":\"%s\",\"device\":\"%s\",\"since\":%lld,\"until\":",
              b->count++ ? "," : "", r->id, flag_names[r->flag], r->state, r->device, (long long)r->since);
    if (r->until)
        buf_int(b->out, r->until);
    else
        buf_text(b->out, "null");
    buf_char(b->out, '}');
}

/* The complaint's object, with `windows` and `flags` of its site an hour before and after.  0, or ERR_* of the ledger:
 * what cannot be read must not look as if there was nothing. */
static int put_beside(struct ledger *ledger, const struct entry_row *row, struct buf *out)
{
    struct beside b = {ledger, row->site, row->at - BESIDE_MS, row->at + BESIDE_MS, out, 0, 0};
    buf_bytes(out, row->body, strlen(row->body) - 1);
    buf_text(out, ",\"windows\":[");
    int code = ledger_devices(ledger, row->site, &(struct sink){.ctx = &b, .device = put_device_windows});
    code = b.error ? b.error : code;
    b.count = 0;
    buf_text(out, "],\"flags\":[");
    if (!code)
        code = ledger_flags(ledger, b.from, b.until, &(struct sink){.ctx = &b, .flag = put_flag});
    buf_text(out, "]}");
    return code;
}

/* ---- add --------------------------------------------------------------------------------------------------------- */

static const struct cli_option add_options[] = {
    {"site", "ID", true, "the site"},
    {"at", "DATE", true, "when: YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    {"about", "KIND", true, "noise, fume or other"},
    {"text", "TEXT", true, "what was said; no names: it is kept for good"},
    {"name", "NAME", false, "who complained; kept apart, can be erased"},
    {"phone", "NUMBER", false, "likewise"},
    {NULL, NULL, false, NULL},
};

static int add(const struct cli *cli, const char *argument)
{
    (void)argument;
    return args_ask(cli, "complaint add", add_options, NULL, NULL);
}

const struct cli_verb verb_complaint_add = {
    .name = "complaint add",
    .help = "enter a complaint",
    .options = add_options,
    .run = add,
};

/* ---- list and show ----------------------------------------------------------------------------------------------- */

static const struct cli_option list_options[] = {
    {"site", "ID", false, "about this site only"},
    {NULL, NULL, false, NULL},
};

struct complaints {
    struct ledger *ledger;
    const char *id; /* only this one; NULL: all */
    struct buf *out;
    size_t count;
    int error;
};

static void put_complaint(void *ctx, const struct entry_row *row)
{
    struct complaints *l = ctx;
    if (l->error || (l->id && strcmp(l->id, row->id) != 0))
        return;
    if (l->count++)
        buf_char(l->out, ',');
    l->error = put_beside(l->ledger, row, l->out);
}

/* Those of one site (NULL: all) through put_complaint. */
static int read_complaints(struct complaints *l, const char *site)
{
    int code =
        ledger_entries(l->ledger, "complaint", site, 0, INT64_MAX, &(struct sink){.ctx = l, .entry = put_complaint});
    return l->error ? l->error : code;
}

static int list_whole(const struct cli *cli, const char *site)
{
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct complaints l = {.ledger = ledger, .out = &out};
    buf_char(&out, '[');
    if (read_complaints(&l, site) != 0) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    buf_char(&out, ']');
    ledger_close(ledger);
    return show_print(cli, &out);
}

static int list(const struct cli *cli, const char *argument)
{
    static const char *const keys[] = {"id", "site", "at", "about", "state", "text", "result", NULL};
    (void)argument;
    if (cli->json)
        return list_whole(cli, cli->values[0]);
    return pick_entries(cli, "complaint", cli->values[0], keys);
}

const struct cli_verb verb_complaint_list = {
    .name = "complaint list",
    .help = "the complaints, by time; with --json beside what the meters told then",
    .options = list_options,
    .run = list,
};

static void put_identity(const struct cli *cli, const char *id, struct buf *out)
{
    char *identity = identity_read(cli->settings.state_dir, id);
    if (!identity)
        return;
    identity[strcspn(identity, "\n")] = 0;
    out->data[--out->length] = 0; /* the closing brace */
    buf_print(out, ",\"complainant\":%s}", identity);
    free(identity);
}

static int show(const struct cli *cli, const char *id)
{
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct complaints l = {.ledger = ledger, .id = id, .out = &out};
    if (read_complaints(&l, NULL) != 0) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    ledger_close(ledger);
    if (!l.count) {
        buf_free(&out);
        return cli_fail("%s: no such complaint", id);
    }
    put_identity(cli, id, &out);
    return show_print(cli, &out);
}

const struct cli_verb verb_complaint_show = {
    .name = "complaint show",
    .argument = "ID",
    .help = "one complaint, beside what the meters told an hour before and after",
    .run = show,
};

/* ---- close and erase --------------------------------------------------------------------------------------------- */

static const struct cli_option close_options[] = {
    {"result", "TEXT", true, "what came of it"},
    {NULL, NULL, false, NULL},
};

static int close_complaint(const struct cli *cli, const char *id)
{
    return args_ask(cli, "complaint close", close_options, "id", id);
}

const struct cli_verb verb_complaint_close = {
    .name = "complaint close",
    .argument = "ID",
    .help = "close a complaint",
    .options = close_options,
    .run = close_complaint,
};

static int erase(const struct cli *cli, const char *id)
{
    static const struct cli_option none[] = {{NULL, NULL, false, NULL}};
    return args_ask(cli, "complaint erase", none, "id", id);
}

const struct cli_verb verb_complaint_erase = {
    .name = "complaint erase",
    .argument = "ID",
    .help = "erase who complained, for good",
    .run = erase,
};
