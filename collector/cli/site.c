/* quietair site import | list | show | close */
#include "collector/cli/args.h"
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "collector/cli/rows.h"
#include "collector/cli/show.h"
#include "common/civil.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/table.h"

#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 8 * 1024 * 1024 }; /* what a request may hold, also after GB18030 has grown by half */

/* ---- import ------------------------------------------------------------------------------------------------------ */

/* The text of the file in UTF-8, all its rows valid (free it); NULL: said what is wrong with which. */
static char *read_register(const char *path, size_t *count)
{
    struct fault f;
    struct faults faults = {0};
    struct site *rows = NULL;
    size_t length, utf8_length;
    char *text = file_read(path, FILE_LIMIT, &length, &f), *utf8 = NULL;
    if (!text) {
        cli_fail("%s", f.text);
        return NULL;
    }
    if (site_csv_read(text, length, &rows, count, &faults) == 0)
        utf8 = site_csv_utf8(text, length, &utf8_length, &faults);
    for (size_t i = 0; i < faults.count; i++)
        cli_fail("%s: %s", path, faults.text[i]);
    if (!utf8)
        cli_fail("%s: nothing was imported", path);
    faults_free(&faults);
    free(rows);
    free(text);
    return utf8;
}

/* Versions that begin before what was judged already. */
static void say_late(const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *late = json_at(list, i);
        const char *site = "";
        int64_t from = 0, until = 0;
        char begin[20], end[20];
        json_text(json_member(late, "site"), &site);
        json_int64(json_member(late, "valid_from"), &from);
        json_int64(json_member(late, "judged_until"), &until);
        civil_stamp(from, begin);
        civil_stamp(until, end);
        cli_fail(
            "%s: valid from %.16s, but its readings up to %.16s were judged before this was known and stay so; the "
            "new version holds for what comes.  quietair replay --register now --from %.10s shows what differs",
            site, begin, end, begin);
    }
}

static int import(const struct cli *cli, const char *path)
{
    struct buf args = buf_growing();
    struct answer answer;
    size_t count = 0;
    int code = CLI_FAILED;
    char *csv = read_register(path, &count), *name = xstrdup(path);
    if (csv) {
        buf_text(&args, "{\"file\":");
        buf_json(&args, basename(name));
        buf_text(&args, ",\"csv\":");
        buf_json(&args, csv);
        buf_char(&args, '}');
        code = ask_or_say(cli, "site import", args.data, &answer);
        if (!code && !cli->json)
            printf("%zu row%s of %s in the register\n", count, count == 1 ? "" : "s", path);
        if (!code)
            say_late(json_member(answer.result, "late"));
        if (!code)
            code = ask_print_result(cli, &answer);
    }
    buf_free(&args);
    free(csv);
    free(name);
    return code;
}

const struct cli_verb verb_site_import = {
    .name = "site import",
    .argument = "FILE",
    .help = "enter the sites of a CSV file (UTF-8 or GB18030), all or none",
    .run = import,
};

/* ---- list -------------------------------------------------------------------------------------------------------- */

struct listing {
    struct table *table; /* NULL: JSON */
    struct buf *out;
    size_t count;
};

static void put_json_site(void *ctx, const struct site *s)
{
    struct listing *l = ctx;
    buf_char(l->out, l->count++ ? ',' : '[');
    site_write(l->out, s);
}

static void put_date(struct table *t, int64_t ms)
{
    char date[11] = "";
    if (ms)
        civil_date(ms, date);
    table_text(t, ms ? date : "—");
}

static void put_gateways(struct table *t, const struct site *s)
{
    struct buf ids = buf_growing();
    for (size_t i = 0; i < s->gateway_count; i++)
        buf_print(&ids, "%s%s", i ? " " : "", s->gateways[i]);
    table_text(t, s->gateway_count ? ids.data : "—");
    buf_free(&ids);
}

static void put_purifier(struct table *t, const struct site *s)
{
    if (s->purifier_installed_ms)
        put_date(t, s->purifier_installed_ms);
    else
        table_text(t, s->purifier == NOT_GIVEN ? "—" : s->purifier ? "yes" : "no");
}

static void put_row(void *ctx, const struct site *s)
{
    struct table *t = ((struct listing *)ctx)->table;
    table_text(t, s->id);
    table_text(t, s->name);
    table_text(t, site_kinds[s->kind]);
    table_text(t, s->district);
    table_text(t, s->grid);
    table_text(t, *s->officer ? s->officer : "—");
    table_text(t, s->noise_class == NOT_GIVEN ? "—" : noise_classes[s->noise_class]);
    put_purifier(t, s);
    table_number(t, s->cleaning_days, 0);
    put_gateways(t, s);
    put_date(t, s->valid_from_ms);
    put_date(t, s->closed_ms);
}

static int list(const struct cli *cli, const char *argument)
{
    static const char *const headings[] = {"SITE",       "NAME",   "KIND",     "DISTRICT",       "GRID",
                                           "OFFICER",    ">CLASS", "PURIFIER", ">CLEANING DAYS", "GATEWAYS",
                                           "VALID FROM", "CLOSED", NULL};
    (void)argument;
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct listing l = {.out = &out, .table = cli->json ? NULL : table_new(headings)};
    struct sink to = {.ctx = &l, .site = cli->json ? put_json_site : put_row};
    if (ledger_sites(ledger, clock_wall_ms(), &to) != 0) {
        table_free(l.table);
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    if (l.table)
        table_write(l.table, &out, cli->colour);
    else
        buf_text(&out, l.count ? "]\n" : "[]\n");
    table_free(l.table);
    ledger_close(ledger);
    return cli_print(&out);
}

const struct cli_verb verb_site_list = {
    .name = "site list",
    .help = "the register as it is today",
    .run = list,
};

/* ---- show -------------------------------------------------------------------------------------------------------- */

struct history { /* of one site */
    int64_t now;
    struct site present; /* the version valid now, or the first */
    struct buf *versions;
    size_t count;
};

static void put_version(void *ctx, const struct site *s)
{
    struct history *h = ctx;
    if (!h->count || s->valid_from_ms <= h->now)
        h->present = *s;
    if (h->count++)
        buf_char(h->versions, ',');
    buf_int(h->versions, s->valid_from_ms);
}

/* The site as one JSON object: the columns of the register, then what else is known of it.  ERR_MISSING: no such site.
 */
static int put_site(struct ledger *ledger, const char *id, struct buf *out)
{
    struct buf versions = buf_growing();
    struct history h = {.now = clock_wall_ms(), .versions = &versions};
    struct rows rows = {.out = out};
    int code = ledger_site_versions(ledger, id, &(struct sink){.ctx = &h, .site = put_version});
    if (!code && !h.count)
        code = ERR_MISSING;
    if (!code) {
        site_write(out, &h.present);
        out->data[--out->length] = 0; /* its closing brace */
        buf_print(out, ",\"versions\":[%s],\"devices\":[", versions.data);
        code = ledger_devices(ledger, id, &(struct sink){.ctx = &rows, .device = rows_put_device});
    }
    if (!code) {
        rows.count = 0;
        buf_text(out, "],\"cleanings\":[");
        code = ledger_cleanings(ledger, id, &(struct sink){.ctx = &rows, .cleaning = rows_put_cleaning});
    }
    buf_text(out, "]}");
    buf_free(&versions);
    return code;
}

static int show(const struct cli *cli, const char *id)
{
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct buf json = buf_growing();
    int code = put_site(ledger, id, &json);
    if (!code) {
        ledger_close(ledger);
        return show_print(cli, &json);
    }
    buf_free(&json);
    if (code != ERR_MISSING)
        return cli_ledger_failed(ledger);
    ledger_close(ledger);
    return cli_fail("%s: no such site in the register", id);
}

const struct cli_verb verb_site_show = {
    .name = "site show",
    .argument = "ID",
    .help = "one site: the register, its versions, devices and cleanings",
    .run = show,
};

/* ---- close ------------------------------------------------------------------------------------------------------- */

static const struct cli_option close_options[] = {
    {"date", "YYYY-MM-DD", true, "from 00:00 of this day on"},
    {"by", "NAME", true, "who closes it"},
    {"note", "TEXT", false, "anything else"},
    {NULL, NULL, false, NULL},
};

static int close_site(const struct cli *cli, const char *id)
{
    return args_ask(cli, "site close", close_options, "site", id);
}

const struct cli_verb verb_site_close = {
    .name = "site close",
    .argument = "ID",
    .help = "a site that is no more: no flags, no audits from a day on",
    .options = close_options,
    .run = close_site,
};
