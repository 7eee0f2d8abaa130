/* The rows back, the way they went in. */
#include "collector/ledger/ledger_private.h"

#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* Index of a name; spoils the ledger and gives 0 when it is none of them. */
static int name_index(struct ledger *l, const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    sql_spoil(l->view, ERR_CORRUPT, "a row holds a word that is not known");
    return 0;
}

static void get_site(struct ledger *l, struct sql_statement *s, const struct sink *to)
{
    struct site site;
    const char *body = sql_get_text(s);
    struct json *root = json_open(body, strlen(body), NULL);
    if (site_read(&site, root))
        to->site(to->ctx, &site);
    else
        sql_spoil(l->view, ERR_CORRUPT, "a site cannot be read");
    json_close(root);
}

static int get_sites(struct ledger *l, struct sql_statement *s, const struct sink *to)
{
    while (sql_next(s))
        get_site(l, s, to);
    return ledger_got(l);
}

int ledger_sites(struct ledger *l, int64_t at_ms, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, READ_SITES);
    sql_put_int(s, at_ms);
    return get_sites(l, s, to);
}

int ledger_site_versions(struct ledger *l, const char *site, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_VERSIONS : READ_VERSIONS);
    if (site)
        sql_put_text(s, site);
    return get_sites(l, s, to);
}

/* One assignment for each column, in their order: the initialisers of a struct would be evaluated in none. */
int ledger_devices(struct ledger *l, const char *site, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_DEVICES : READ_DEVICES);
    if (site)
        sql_put_text(s, site);
    while (sql_next(s)) {
        struct device_row row;
        row.site = sql_get_text(s);
        row.device = sql_get_text(s);
        row.gateway = sql_get_text(s);
        row.profile = sql_get_text(s);
        row.measurement = sql_get_text(s);
        row.serial = sql_get_text(s);
        row.calibrated = sql_get_text(s);
        row.interval_ms = sql_get_int(s);
        to->device(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_gateways(struct ledger *l, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, READ_GATEWAYS);
    while (sql_next(s)) {
        struct gateway_row row;
        row.gateway = sql_get_text(s);
        row.district = sql_get_text(s);
        row.epoch = sql_get_text(s);
        row.seq = (uint64_t)sql_get_int(s);
        row.newest_ts = sql_get_int(s);
        row.heard_ms = sql_get_int(s);
        to->gateway(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_cleanings(struct ledger *l, const char *site, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_CLEANINGS : READ_CLEANINGS);
    if (site)
        sql_put_text(s, site);
    while (sql_next(s)) {
        struct cleaning_row row = {0};
        strncat(row.id, sql_get_text(s), sizeof row.id - 1);
        row.site = sql_get_text(s);
        row.cleaned_at = sql_get_int(s);
        row.kind = sql_get_text(s);
        row.by = sql_get_text(s);
        row.provider = sql_get_text(s);
        row.note = sql_get_text(s);
        row.actor = sql_get_text(s);
        row.state = sql_get_text(s);
        row.entered_at = sql_get_int(s);
        row.verdict = sql_get_text(s);
        row.evidence = sql_get_text(s);
        row.photos = sql_get_text(s);
        to->cleaning(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_usage(struct ledger *l, const char *site, int64_t from, int64_t until, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_USAGE : READ_USAGE);
    sql_put_int(s, from);
    sql_put_int(s, until);
    if (site)
        sql_put_text(s, site);
    while (sql_next(s)) {
        struct usage_row row;
        row.site = sql_get_text(s);
        row.day = sql_get_int(s);
        row.covered_ms = sql_get_int(s);
        row.fan_ms = sql_get_int(s);
        row.both_ms = sql_get_int(s);
        to->usage(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_missing(struct ledger *l, const char *site, int64_t from, int64_t until, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_MISSING : READ_MISSING);
    sql_put_int(s, from);
    sql_put_int(s, until);
    if (site)
        sql_put_text(s, site);
    while (sql_next(s)) {
        struct missing_row row;
        row.site = sql_get_text(s);
        row.device = sql_get_text(s);
        row.from = sql_get_int(s);
        row.to = sql_get_int(s);
        row.reason = sql_get_text(s);
        to->missing(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_flags(struct ledger *l, int64_t from, int64_t until, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, READ_FLAGS);
    sql_put_int(s, from);
    sql_put_int(s, until);
    while (sql_next(s)) {
        struct flag_row row = {0};
        strncat(row.id, sql_get_text(s), sizeof row.id - 1);
        row.rev = (int)sql_get_int(s);
        row.flag = (enum flag_kind)name_index(l, flag_names, sql_get_text(s));
        row.state = sql_get_text(s);
        row.district = sql_get_text(s);
        row.grid = sql_get_text(s);
        row.site = sql_get_text(s);
        row.device = sql_get_text(s);
        row.gateway = sql_get_text(s);
        row.since = sql_get_int(s);
        row.until = sql_get_int(s);
        row.at = sql_get_int(s);
        row.body = sql_get_text(s);
        if (!sql_error(l->view))
            to->flag(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_windows(struct ledger *l, const char *site, const char *device, const char *rule, int64_t from,
                   int64_t until, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, READ_WINDOWS);
    sql_put_text(s, site);
    sql_put_text(s, device);
    sql_put_text(s, rule);
    sql_put_int(s, from - DAY_MS); /* none is longer: so far back the index need be read */
    sql_put_int(s, from);
    sql_put_int(s, until);
    while (sql_next(s)) {
        struct window_row row;
        row.site = sql_get_text(s);
        row.device = sql_get_text(s);
        row.rule = sql_get_text(s);
        row.from = sql_get_int(s);
        row.to = sql_get_int(s);
        row.district = sql_get_text(s);
        row.grid = sql_get_text(s);
        row.outcome = (enum outcome)name_index(l, outcome_names, sql_get_text(s));
        row.reason = sql_get_text(s);
        row.coverage = sql_get_real(s);
        row.measured = sql_get_real(s);
        row.judged = sql_get_real(s);
        row.limit = sql_get_real(s);
        row.l5 = sql_get_real(s);
        row.l10 = sql_get_real(s);
        row.l50 = sql_get_real(s);
        row.l90 = sql_get_real(s);
        row.l95 = sql_get_real(s);
        row.lafmax = sql_get_real(s);
        row.lafmin = sql_get_real(s);
        row.sd = sql_get_real(s);
        row.statutory = sql_get_int(s) != 0;
        if (!sql_error(l->view))
            to->window(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_first_window(struct ledger *l, const char *site, const char *device, const char *rule, int64_t *from)
{
    struct sql_statement *s = ledger_get(l, READ_FIRST_WINDOW);
    sql_put_text(s, site);
    sql_put_text(s, device);
    sql_put_text(s, rule);
    bool found = sql_next(s) && !sql_at_null(s);
    if (found)
        *from = sql_get_int(s);
    sql_stop(s);
    int code = ledger_got(l);
    return code ? code : found;
}

static int get_cases(struct ledger *l, struct sql_statement *s, const struct sink *to)
{
    while (sql_next(s)) {
        struct case_row row = {0};
        strncat(row.id, sql_get_text(s), sizeof row.id - 1);
        row.rev = (int)sql_get_int(s);
        row.family = sql_get_text(s);
        row.site = sql_get_text(s);
        row.district = sql_get_text(s);
        row.grid = sql_get_text(s);
        row.state = sql_get_text(s);
        row.event = sql_get_text(s);
        row.step = sql_get_text(s);
        row.proposed = sql_get_text(s);
        row.incidents = (int)sql_get_int(s);
        row.since = sql_get_int(s);
        row.at = sql_get_int(s);
        row.body = sql_get_text(s);
        to->case_(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_cases(struct ledger *l, const char *site, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_CASES : READ_CASES);
    if (site)
        sql_put_text(s, site);
    return get_cases(l, s, to);
}

int ledger_case_events(struct ledger *l, int64_t from, int64_t until, const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, READ_CASE_EVENTS);
    sql_put_int(s, from);
    sql_put_int(s, until);
    return get_cases(l, s, to);
}

int ledger_oldest_case(struct ledger *l, int64_t *since, char id[static 17])
{
    struct sql_statement *s = ledger_get(l, READ_OLDEST_CASE);
    bool found = sql_next(s);
    if (found) {
        *since = sql_get_int(s);
        snprintf(id, 17, "%s", sql_get_text(s));
    }
    sql_stop(s);
    int code = ledger_got(l);
    return code ? code : found;
}

int ledger_check(struct ledger *l, struct fault *f)
{
    struct sql_statement *s = ledger_get(l, READ_CHECK);
    bool found = sql_next(s);
    int code = 0;
    if (found) {
        const char *said = sql_get_text(s);
        if (strcmp(said, "ok") != 0)
            code = fault(f, ERR_CORRUPT, "the ledger: %s", said);
    }
    sql_stop(s);
    if (!code && ledger_got(l))
        code = fault(f, ledger_got(l), "the ledger: %s", ledger_error(l));
    return code;
}

int ledger_entries(struct ledger *l, const char *kind, const char *site, int64_t from, int64_t until,
                   const struct sink *to)
{
    struct sql_statement *s = ledger_get(l, site ? READ_SITE_ENTRIES : READ_ENTRIES);
    sql_put_text(s, kind);
    sql_put_int(s, from);
    sql_put_int(s, until);
    if (site)
        sql_put_text(s, site);
    while (sql_next(s)) {
        struct entry_row row = {0};
        row.kind = sql_get_text(s);
        strncat(row.id, sql_get_text(s), sizeof row.id - 1);
        row.rev = (int)sql_get_int(s);
        row.site = sql_get_text(s);
        row.state = sql_get_text(s);
        row.actor = sql_get_text(s);
        row.at = sql_get_int(s);
        row.entered_at = sql_get_int(s);
        row.body = sql_get_text(s);
        to->entry(to->ctx, &row);
    }
    return ledger_got(l);
}

int ledger_dump(struct ledger *l, FILE *out)
{
    struct buf line = buf_growing();
    int code = 0;
    for (const struct ledger_table *t = ledger_tables; !code && t->name; t++) {
        struct sql_statement *s = ledger_get(l, t->all);
        while (sql_next(s)) {
            buf_clear(&line);
            buf_print(&line, "{\"table\":\"%s\",", t->name);
            sql_put_row_json(s, &line);
            buf_text(&line, "}\n");
            fwrite(line.data, 1, line.length, out);
        }
        code = ledger_got(l);
    }
    buf_free(&line);
    return code || !ferror(out) ? code : ERR_IO;
}
