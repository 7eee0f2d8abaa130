/* quietair report quarterly */
#include "collector/audit/audit.h"
#include "collector/audit/quarterly_read.h"
#include "collector/audit/weekly_read.h"
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "common/clock.h"

#include <string.h>

enum { QUARTER, LANGUAGE, FORMAT };

static const struct cli_option options[] = {
    [QUARTER] = {"quarter", "QUARTER", false, "2026-Q3 (default: the last complete one)"},
    [LANGUAGE] = {"lang", "LANGUAGE", false, "zh (default), en"},
    [FORMAT] = {"format", "FORMAT", false, "text (default), json"},
    {NULL, NULL, false, NULL},
};

/* The quarter as the span of an audit, as far as it has passed.  CLI_DONE, or an exit status after having said why. */
static int read_settings(const struct cli *cli, struct weekly_settings *s)
{
    int64_t now = clock_wall_ms();
    if (cli->values[QUARTER] && !quarter_parse(cli->values[QUARTER], &s->from, &s->until))
        return cli_usage("--quarter %s: no such quarter (as 2026-Q3)", cli->values[QUARTER]);
    if (cli->values[QUARTER]) {
        snprintf(s->week, sizeof s->week, "%s", cli->values[QUARTER]);
    } else {
        quarter_before(now, s->week);
        quarter_parse(s->week, &s->from, &s->until);
    }
    if (s->from >= now)
        return cli_usage("--quarter %s: has not begun", s->week);
    s->until = s->until < now ? s->until : now;
    struct faults faults = {0};
    bool good = audit_rules(&cli->settings, s, &faults);
    cli_print_faults(&faults);
    faults_free(&faults);
    return good ? CLI_DONE : CLI_FAULTS;
}

static int print_report(const struct cli *cli, const struct weekly_settings *settings, bool json,
                        enum report_language language)
{
    ask_commit(cli);
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    struct weekly_draft *audit = weekly_draft_new(settings);
    struct quarterly_draft *draft = NULL;
    struct buf out = buf_growing();
    if (weekly_read(audit, ledger, NULL) == 0)
        draft = quarterly_read(settings->week, weekly_draft_finish(audit), ledger);
    if (draft && json)
        quarterly_json(&out, quarterly_draft_finish(draft));
    else if (draft)
        quarterly_text(&out, quarterly_draft_finish(draft), language);
    bool done = draft != NULL;
    quarterly_draft_free(draft);
    weekly_draft_free(audit);
    if (!done) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    ledger_close(ledger);
    return cli_print(&out);
}

static int quarterly(const struct cli *cli, const char *argument)
{
    struct weekly_settings settings = {0};
    const char *language = cli->values[LANGUAGE], *format = cli->values[FORMAT];
    (void)argument;
    if (language && strcmp(language, "zh") != 0 && strcmp(language, "en") != 0)
        return cli_usage("--lang %s: zh or en", language);
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return cli_usage("--format %s: text or json", format);
    bool json = format ? strcmp(format, "json") == 0 : cli->json;
    int code = read_settings(cli, &settings);
    if (!code)
        code = print_report(cli, &settings, json, language && *language == 'e' ? REPORT_EN : REPORT_ZH);
    audit_rules_free(&settings);
    return code;
}

const struct cli_verb verb_report_quarterly = {
    .name = "report quarterly",
    .help = "the noise and fume paragraphs of the quarterly report",
    .options = options,
    .run = quarterly,
};
