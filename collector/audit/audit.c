#include "collector/audit/audit.h"
#include "collector/audit/weekly_read.h"
#include "collector/rules/settings.h"
#include "collector/settings.h"
#include "common/json.h"

#include <string.h>

struct issued_of {
    const char *week;
    struct issued *out;
};

static void take_entry(void *ctx, const struct entry_row *row)
{
    struct issued_of *of = ctx;
    const char *week = "", *sha256 = "";
    struct json *body = json_open(row->body, strlen(row->body), NULL);
    json_text(json_member(body, "week"), &week);
    json_text(json_member(body, "sha256"), &sha256);
    if (strcmp(week, of->week) == 0) {
        *of->out =
            (struct issued){.revision = row->rev, .behind = !strcmp(row->state, "behind"), .at = row->entered_at};
        snprintf(of->out->sha256, sizeof of->out->sha256, "%s", sha256);
    }
    json_close(body);
}

int audit_issued(struct ledger *l, const struct weekly_settings *set, struct issued *out)
{
    struct issued_of of = {set->week, out};
    const struct sink to = {.ctx = &of, .entry = take_entry};
    *out = (struct issued){0};
    return ledger_entries(l, "audit", NULL, set->from, set->until, &to);
}

bool audit_rules(const struct collector_settings *from, struct weekly_settings *set, struct faults *faults)
{
    struct rules_settings rules;
    size_t before = faults->count;
    bool good = rules_settings_read(from->conf, conf_find(from->conf, "rules", ""), &rules, faults);
    set->due_before = rules.cleaning_due_before;
    set->grace = rules.cleaning_grace;
    set->warning_wording = rules.warning_wording; /* belongs to the conf */
    set->policy = good ? collector_settings_policy(from, &rules.standards, faults) : NULL;
    return faults->count == before;
}

void audit_rules_free(struct weekly_settings *set)
{
    standard_close(set->policy);
    set->policy = NULL;
}

int audit_read(struct audit *a, struct ledger *l, const struct weekly_settings *set, const atomic_bool *stop)
{
    *a = (struct audit){.draft = weekly_draft_new(set)};
    int code = weekly_read(a->draft, l, stop);
    if (!code)
        code = audit_issued(l, set, &a->issued);
    if (code)
        return code;
    a->week = weekly_draft_finish(a->draft);
    issue_digest(a->week, a->sha256);
    weekly_draft_revise(a->draft, issue_revision(&a->issued, a->sha256));
    return 0;
}

void audit_free(struct audit *a)
{
    weekly_draft_free(a->draft);
    *a = (struct audit){0};
}
