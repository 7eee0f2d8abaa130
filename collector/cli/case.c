/* quietair case list | show | confirm | dismiss | serve | close */
#include "collector/cli/args.h"
#include "collector/cli/cli.h"
#include "collector/cli/pick.h"
#include "collector/cli/show.h"

#include <string.h>

/* ---- list -------------------------------------------------------------------------------------------------------- */

enum { LIST_STATE, LIST_SITE, LIST_FAMILY };

static const struct cli_option list_options[] = {
    [LIST_STATE] = {"state", "STATE", false, "open, closed or lapsed"},
    [LIST_SITE] = {"site", "ID", false, "of this site only"},
    [LIST_FAMILY] = {"family", "FAMILY", false, "noise, fume, purifier, cleaning or install"},
    {NULL, NULL, false, NULL},
};

struct listing {
    struct picked picked;
    const char *state, *family; /* NULL: any */
};

static void put_case(void *ctx, const struct case_row *row)
{
    struct listing *l = ctx;
    if ((!l->state || strcmp(l->state, row->state) == 0) && (!l->family || strcmp(l->family, row->family) == 0))
        pick_body(&l->picked, row->body);
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (value && *words && strcmp(*words, value) != 0)
        words++;
    return !value || *words;
}

static int list(const struct cli *cli, const char *argument)
{
    static const char *const keys[] = {"id",    "family", "site",     "name",  "grid",  "officer", "state",
                                       "phase", "step",   "proposed", "count", "since", "grade",   NULL};
    static const char *const states[] = {"open", "closed", "lapsed", NULL};
    static const char *const families[] = {"noise", "fume", "purifier", "cleaning", "install", NULL};
    const char *state = cli->values[LIST_STATE], *family = cli->values[LIST_FAMILY];
    (void)argument;
    if (!is_one_of(state, states))
        return cli_usage("--state %s: open, closed or lapsed", state);
    if (!is_one_of(family, families))
        return cli_usage("--family %s: noise, fume, purifier, cleaning or install", family);
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct listing l = {{.out = &out, .keys = cli->json ? NULL : keys}, state, family};
    buf_char(&out, '[');
    if (ledger_cases(ledger, cli->values[LIST_SITE], &(struct sink){.ctx = &l, .case_ = put_case}) != 0) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    buf_char(&out, ']');
    ledger_close(ledger);
    return show_print(cli, &out);
}

const struct cli_verb verb_case_list = {
    .name = "case list",
    .help = "the cases as they stand, by site and date",
    .options = list_options,
    .run = list,
};

/* ---- show -------------------------------------------------------------------------------------------------------- */

struct dossier { /* one case */
    const char *id;
    int rev;                  /* the newest so far */
    struct buf body, history; /* the newest revision; all of them, as the objects of a list */
    struct picked picked;
};

/* When each was made stands in its row, not in its body. */
static void put_event(void *ctx, const struct case_row *row)
{
    struct dossier *d = ctx;
    if (strcmp(row->id, d->id) != 0)
        return;
    pick_body(&d->picked, row->body);
    d->history.data[--d->history.length] = 0; /* the object's closing brace */
    buf_print(&d->history, ",\"at\":%lld}", (long long)row->at);
    if (row->rev < d->rev)
        return;
    d->rev = row->rev;
    buf_clear(&d->body);
    buf_text(&d->body, row->body);
}

static void put_held_back(struct buf *out, const struct json *body)
{
    const struct json *missing = json_member(body, "missing");
    const char *text;
    for (size_t i = 0; i < json_count(missing); i++) {
        if (json_text(json_at(missing, i), &text))
            buf_print(out, "%spenalty held back: %s\n", i ? "" : "\n", text);
    }
}

/* For people: what is missing stands below, a line each. */
static void put_readable(struct buf *out, const char *body, const char *history)
{
    static const char *const keys[] = {"id",     "rev",       "family", "site",     "name",      "district",
                                       "grid",   "officer",   "state",  "phase",    "step",      "proposed",
                                       "awaits", "wording",   "since",  "count",    "incidents", "confirmed",
                                       "served", "deadlines", "grade",  "evidence", "officers",  NULL};
    struct picked picked = {.out = out, .keys = keys};
    pick_body(&picked, body);
    out->data[--out->length] = 0;
    buf_print(out, ",\"history\":[%s]}", history);
}

static int print_case(const struct cli *cli, struct dossier *d)
{
    struct buf shown = buf_growing();
    if (cli->json) {
        buf_bytes(&shown, d->body.data, d->body.length - 1);
        buf_print(&shown, ",\"history\":[%s]}\n", d->history.data);
        return cli_print(&shown);
    }
    struct buf text = buf_growing();
    put_readable(&text, d->body.data, d->history.data);
    struct json *root = json_open(text.data, text.length, NULL), *body = json_open(d->body.data, d->body.length, NULL);
    show_json(root, &shown, cli->colour);
    put_held_back(&shown, body);
    json_close(root);
    json_close(body);
    buf_free(&text);
    return cli_print(&shown);
}

static int show(const struct cli *cli, const char *id)
{
    static const char *const keys[] = {"rev", "event", "phase", "step", "actor", "note", NULL};
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct dossier d = {.id = id, .body = buf_growing(), .history = buf_growing()};
    d.picked = (struct picked){.out = &d.history, .keys = keys};
    int code = ledger_case_events(ledger, 0, INT64_MAX, &(struct sink){.ctx = &d, .case_ = put_event});
    if (code) {
        code = cli_ledger_failed(ledger);
    } else {
        ledger_close(ledger);
        code = d.picked.count ? print_case(cli, &d) : cli_fail("%s: no such case", id);
    }
    buf_free(&d.body);
    buf_free(&d.history);
    return code;
}

const struct cli_verb verb_case_show = {
    .name = "case show",
    .argument = "ID",
    .help = "one case: incidents, deadlines, what is missing, and all its revisions",
    .run = show,
};

/* ---- what officers do -------------------------------------------------------------------------------------------- */

static const struct cli_option confirm_options[] = {
    {"note", "TEXT", false, "anything else"},
    {NULL, NULL, false, NULL},
};

static int confirm(const struct cli *cli, const char *id)
{
    return args_ask(cli, "case confirm", confirm_options, "case", id);
}

const struct cli_verb verb_case_confirm = {
    .name = "case confirm",
    .argument = "ID",
    .help = "confirm the step that is proposed",
    .options = confirm_options,
    .run = confirm,
};

static const struct cli_option reason_options[] = {
    {"reason", "TEXT", true, "why"},
    {NULL, NULL, false, NULL},
};

static int dismiss(const struct cli *cli, const char *id)
{
    return args_ask(cli, "case dismiss", reason_options, "case", id);
}

const struct cli_verb verb_case_dismiss = {
    .name = "case dismiss",
    .argument = "ID",
    .help = "dismiss the step that is proposed; the next incident proposes it again",
    .options = reason_options,
    .run = dismiss,
};

static int close_case(const struct cli *cli, const char *id)
{
    return args_ask(cli, "case close", reason_options, "case", id);
}

const struct cli_verb verb_case_close = {
    .name = "case close",
    .argument = "ID",
    .help = "close a case; the next incident opens a new one",
    .options = reason_options,
    .run = close_case,
};

static const struct cli_option serve_options[] = {
    {"at", "DATE", true, "when: YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    {"by", "NAME", true, "who served it"},
    {"method", "TEXT", false, "how: in person, by post …"},
    {NULL, NULL, false, NULL},
};

static int serve(const struct cli *cli, const char *id)
{
    return args_ask(cli, "case serve", serve_options, "case", id);
}

const struct cli_verb verb_case_serve = {
    .name = "case serve",
    .argument = "ID",
    .help = "enter that the confirmed step was served (a proposed penalty: that its facts were notified)",
    .options = serve_options,
    .run = serve,
};
