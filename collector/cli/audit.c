/* quietair audit weekly, audit issue */
#include "collector/audit/audit.h"
#include "collector/audit/formats.h"
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "common/civil.h"
#include "common/clock.h"

#include <string.h>

static const char week_help[] = "2026-W47 (default: the last complete one)";

enum { WEEK, FORMAT, OUTPUT };

static const struct cli_option weekly_options[] = {
    [WEEK] = {"week", "WEEK", false, week_help},
    [FORMAT] = {"format", "FORMAT", false, "text (default), csv, xlsx, html, json"},
    [OUTPUT] = {"output", "FILE", false, "write there instead of to standard output"},
    {NULL, NULL, false, NULL},
};

static const struct cli_option issue_options[] = {
    [WEEK] = {"week", "WEEK", false, week_help},
    {NULL, NULL, false, NULL},
};

enum format { FORMAT_TEXT, FORMAT_CSV, FORMAT_XLSX, FORMAT_HTML, FORMAT_JSON, FORMATS };

/* FORMATS: none of them. */
static enum format format_named(const char *name)
{
    static const char *const names[FORMATS] = {"text", "csv", "xlsx", "html", "json"};
    enum format f = 0;
    while (f < FORMATS && strcmp(names[f], name) != 0)
        f++;
    return f;
}

/* False: what goes through a temporary file could not be written. */
static bool put(struct buf *out, const struct weekly *w, enum format format, bool colour)
{
    switch (format) {
    case FORMAT_JSON:
        weekly_json(out, w);
        return true;
    case FORMAT_CSV:
        weekly_csv(out, w);
        return true;
    case FORMAT_HTML:
        weekly_html(out, w);
        return true;
    case FORMAT_XLSX:
        return weekly_xlsx(out, w);
    default:
        weekly_text(out, w, colour);
        return true;
    }
}

/* The week and the rules that it is judged by.  CLI_DONE, or an exit status after having said why. */
static int read_settings(const struct cli *cli, struct weekly_settings *settings)
{
    const char *week = cli->values[WEEK];
    if (week)
        snprintf(settings->week, sizeof settings->week, "%s", week);
    else
        civil_week_of(civil_midnight(clock_wall_ms(), -7), settings->week);
    if ((week && strlen(week) != 8) || !civil_week_parse(settings->week, &settings->from, &settings->until))
        return cli_usage("--week %s: no such ISO week (as 2026-W47)", week);
    struct faults faults = {0};
    bool good = audit_rules(&cli->settings, settings, &faults);
    cli_print_faults(&faults);
    faults_free(&faults);
    return good ? CLI_DONE : CLI_FAULTS;
}

/* The audit as the ledger has it now.  CLI_DONE, or CLI_FAILED after having said why. */
static int read_audit(const struct cli *cli, const struct weekly_settings *settings, struct audit *audit)
{
    ask_commit(cli);
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    if (audit_read(audit, ledger, settings, NULL) != 0) {
        audit_free(audit);
        return cli_ledger_failed(ledger);
    }
    ledger_close(ledger);
    return CLI_DONE;
}

/* The audit that the options ask for. */
static int make_audit(const struct cli *cli, struct audit *audit)
{
    struct weekly_settings settings = {0};
    int code = read_settings(cli, &settings);
    if (!code)
        code = read_audit(cli, &settings, audit);
    audit_rules_free(&settings);
    return code;
}

static int weekly(const struct cli *cli, const char *argument)
{
    struct audit audit;
    enum format format = cli->json ? FORMAT_JSON : FORMAT_TEXT;
    (void)argument;
    if (cli->values[FORMAT])
        format = format_named(cli->values[FORMAT]);
    if (format == FORMATS)
        return cli_usage("--format %s: text, csv, xlsx, html or json", cli->values[FORMAT]);
    int code = make_audit(cli, &audit);
    if (code)
        return code;
    struct buf out = buf_growing();
    bool written = put(&out, audit.week, format, cli->colour && !cli->values[OUTPUT]);
    audit_free(&audit);
    if (!written) {
        buf_free(&out);
        return cli_fail("the workbook could not be written to the folder for temporary files");
    }
    return cli_print_to(cli->values[OUTPUT], &out);
}

const struct cli_verb verb_audit_weekly = {
    .name = "audit weekly",
    .help = "the weekly audit",
    .options = weekly_options,
    .run = weekly,
};

static int issue(const struct cli *cli, const char *argument)
{
    struct audit audit;
    struct answer answer;
    struct buf args = buf_growing();
    (void)argument;
    int code = make_audit(cli, &audit);
    if (!code) {
        issue_request(&args, audit.week, audit.sha256);
        audit_free(&audit);
        code = ask_or_say(cli, "audit issue", args.data, &answer);
    }
    buf_free(&args);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_verb verb_audit_issue = {
    .name = "audit issue",
    .help = "issue a week's audit, if it has changed",
    .options = issue_options,
    .run = issue,
};
