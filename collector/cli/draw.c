/* quietair draw | draw list | draw show ID | draw verify ID */
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/rules/draw_list.h"
#include "common/civil.h"
#include "common/file.h"
#include "common/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading entries --------------------------------------------------------------------------------------------- */

struct search {
    const char *id;    /* NULL: all */
    struct buf bodies; /* found, each after a comma but the first */
    size_t count;
};

static void put_body(void *ctx, const struct entry_row *row)
{
    struct search *s = ctx;
    if (s->id && strcmp(s->id, row->id) != 0)
        return;
    buf_print(&s->bodies, "%s%s", s->count++ ? "," : "", row->body);
}

/* CLI_DONE, or an exit status after having said why. */
static int find(const struct cli *cli, struct search *s)
{
    s->bodies = buf_growing();
    ask_commit(cli);
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct sink to = {.ctx = s, .entry = put_body};
    if (ledger_entries(ledger, "draw", NULL, 0, INT64_MAX, &to) != 0)
        return cli_ledger_failed(ledger);
    ledger_close(ledger);
    return s->id && !s->count ? cli_fail("draw %s: there is none of this id", s->id) : CLI_DONE;
}

/* ---- list, show ---------------------------------------------------------------------------------------------------
 */

static void put_texts(struct table *t, const struct json *list)
{
    struct buf cell = buf_growing();
    const char *text = "";
    for (size_t i = 0; i < json_count(list); i++) {
        json_text(json_at(list, i), &text);
        buf_print(&cell, "%s%s", i ? ", " : "", text);
    }
    table_text(t, cell.length ? cell.data : "—");
    buf_free(&cell);
}

static void put_row(struct table *t, const struct json *body)
{
    const char *id = "", *state = "";
    char stamp[20] = "";
    int64_t at = 0;
    json_text(json_member(body, "id"), &id);
    json_text(json_member(body, "state"), &state);
    if (json_int64(json_member(body, "announced"), &at))
        civil_stamp(at, stamp);
    table_text(t, id);
    table_text(t, state);
    table_text(t, stamp);
    table_print(t, "%zu", json_count(json_member(body, "candidates")));
    put_texts(t, json_member(body, "sites"));
    put_texts(t, json_member(body, "officers"));
}

static int print_table(const struct cli *cli, struct buf *list)
{
    static const char *const headings[] = {"draw", "state", "announced", ">candidates", "sites", "officers", NULL};
    struct buf out = buf_growing();
    struct json *root = json_open(list->data, list->length, NULL);
    struct table *t = table_new(headings);
    for (size_t i = 0; i < json_count(root); i++)
        put_row(t, json_at(root, i));
    table_write(t, &out, cli->colour);
    table_free(t);
    json_close(root);
    buf_free(list);
    return cli_print(&out);
}

static int list(const struct cli *cli, const char *argument)
{
    struct search s = {0};
    struct buf out = buf_growing();
    (void)argument;
    int code = find(cli, &s);
    buf_print(&out, "[%s]", s.bodies.data ? s.bodies.data : "");
    buf_free(&s.bodies);
    if (code) {
        buf_free(&out);
        return code;
    }
    return cli->json ? show_print(cli, &out) : print_table(cli, &out);
}

static int show(const struct cli *cli, const char *id)
{
    struct search s = {.id = id};
    int code = find(cli, &s);
    if (!code)
        return show_print(cli, &s.bodies);
    buf_free(&s.bodies);
    return code;
}

/* ---- verify -------------------------------------------------------------------------------------------------------
 */

static int print_verdict(const struct cli *cli, const char *id, const struct buf *differs)
{
    struct buf out = buf_growing();
    bool match = !differs->length;
    if (cli->json) {
        buf_print(&out, "{\"id\":\"%s\",\"match\":%s,\"differs\":", id, match ? "true" : "false");
        buf_json_n(&out, differs->length ? differs->data : "", differs->length ? differs->length - 1 : 0);
        buf_text(&out, "}\n");
    } else {
        buf_print(&out, "draw %s: %s\n%s", id, match ? "match" : "differs", match ? "" : differs->data);
    }
    int code = cli_print(&out);
    return code ? code : match ? CLI_DONE : CLI_FAILED;
}

static int verify(const struct cli *cli, const char *id)
{
    struct search s = {.id = id};
    struct buf differs = buf_growing();
    const char *state = "";
    int code = find(cli, &s);
    struct json *body = code ? NULL : json_open(s.bodies.data, s.bodies.length, NULL);
    json_text(json_member(body, "state"), &state);
    if (!code && strcmp(state, "drawn") != 0) {
        code = cli_fail("draw %s: announced, not drawn yet: the next tick draws", id);
    } else if (!code) {
        draw_list_verify(body, &differs);
        code = print_verdict(cli, id, &differs);
    }
    json_close(body);
    buf_free(&differs);
    buf_free(&s.bodies);
    return code;
}

/* ---- draw ---------------------------------------------------------------------------------------------------------
 */

enum { SITES, OFFICERS, KIND, GRID, DISTRICT, WEIGHTED, OFFICER_LIST, VERIFY };

static const struct cli_option options[] = {
    [SITES] = {"sites", "N", false, "so many sites"},
    [OFFICERS] = {"officers", "M", false, "so many officers; 0: none"},
    [KIND] = {"kind", "KIND", false, "of this kind only", .many = true},
    [GRID] = {"grid", "GRID", false, "of this grid only", .many = true},
    [DISTRICT] = {"district", "D", false, "of this district only"},
    [WEIGHTED] = {"weighted", NULL, false, "a site counts once more for each flag raised for it"},
    [OFFICER_LIST] = {"officer-list", "NAMES", false, "a file of names, or names; one a line or ; between"},
    [VERIFY] = {"verify", "ID", false, "repeat this draw from the ledger"},
    {NULL, NULL, false, NULL},
};

static bool read_count(const char *text, int64_t least, int64_t *n)
{
    char *end;
    errno = 0;
    *n = strtoll(text, &end, 10);
    return *text && !*end && !errno && *n >= least && *n <= 1000000;
}

/* `,"key":["a","b"]` of a text in which these characters part words; blanks around a word do not belong to it. */
static void put_words(struct buf *args, const char *key, const char *text, const char *between)
{
    size_t count = 0;
    buf_print(args, ",\"%s\":[", key);
    while (*text) {
        size_t length = strcspn(text, between), skipped = strspn(text, " \t\r");
        const char *word = text + skipped;
        size_t kept = length > skipped ? length - skipped : 0;
        while (kept && strchr(" \t\r", word[kept - 1]))
            kept--;
        if (kept) {
            buf_text(args, count++ ? "," : "");
            buf_json_n(args, word, kept);
        }
        text += length + (text[length] != 0);
    }
    buf_char(args, ']');
}

/* Of an option that may be given again, and may have several words each time. */
static void put_given(const struct cli *cli, struct buf *args, const char *key, int option)
{
    struct buf all = buf_growing();
    const char *value;
    for (size_t at = 0; (value = cli_next(cli, option, &at));)
        buf_print(&all, "%s;", value);
    put_words(args, key, all.length ? all.data : "", ";, ");
    buf_free(&all);
}

/* The names of a file of this name, if there is one; else the names themselves. */
static int put_officers(struct buf *args, const char *text)
{
    struct fault f;
    size_t length;
    if (access(text, F_OK) != 0 && strchr(text, '/'))
        return cli_fail("--officer-list %s: %s", text, strerror(errno));
    char *names = access(text, F_OK) == 0 ? file_read(text, 1 << 20, &length, &f) : xstrdup(text);
    if (!names)
        return cli_fail("--officer-list: %s", f.text);
    put_words(args, "officer_list", strncmp(names, "\xef\xbb\xbf", 3) == 0 ? names + 3 : names, ";\n");
    free(names);
    return CLI_DONE;
}

static int put_args(const struct cli *cli, struct buf *args)
{
    int64_t sites, officers;
    const char *const *given = cli->values;
    if (!given[SITES] || !given[OFFICERS])
        return cli_usage("draw: --sites and --officers say how many; or --verify ID");
    if (!read_count(given[SITES], 1, &sites))
        return cli_usage("--sites %s: a number from 1", given[SITES]);
    if (!read_count(given[OFFICERS], 0, &officers))
        return cli_usage("--officers %s: a number from 0", given[OFFICERS]);
    buf_print(args, "{\"sites\":%lld,\"officers\":%lld,\"weighted\":%s", (long long)sites, (long long)officers,
              given[WEIGHTED] ? "true" : "false");
    put_given(cli, args, "kinds", KIND);
    put_given(cli, args, "grids", GRID);
    if (given[DISTRICT]) {
        buf_text(args, ",\"district\":");
        buf_json(args, given[DISTRICT]);
    }
    int code = given[OFFICER_LIST] ? put_officers(args, given[OFFICER_LIST]) : CLI_DONE;
    buf_char(args, '}');
    return code;
}

static int draw(const struct cli *cli, const char *argument)
{
    struct answer answer;
    struct buf args = buf_growing();
    (void)argument;
    if (cli->values[VERIFY]) {
        buf_free(&args);
        return verify(cli, cli->values[VERIFY]);
    }
    int code = put_args(cli, &args);
    if (!code)
        code = ask_or_say(cli, "draw", args.data, &answer);
    buf_free(&args);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_verb verb_draw = {
    .name = "draw",
    .help = "announce a random draw of sites and officers; the next tick draws",
    .options = options,
    .run = draw,
};

const struct cli_verb verb_draw_list = {
    .name = "draw list",
    .help = "the draws",
    .run = list,
};

const struct cli_verb verb_draw_show = {
    .name = "draw show",
    .argument = "ID",
    .help = "one draw with all that is needed to repeat it",
    .run = show,
};

const struct cli_verb verb_draw_verify = {
    .name = "draw verify",
    .argument = "ID",
    .help = "repeat a draw from the ledger: match, or where it differs (exit status 1)",
    .run = verify,
};
