#include "firmware-gateway/profile_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const line_parities[] = {"none", "even", "odd", NULL};
const char *const profile_integrations[] = {"instant", "interval", "rolling", NULL};
const char *const profile_orders[] = {"abcd", "cdab", "badc", "dcba", NULL};
static const char *const table_names[] = {"holding", "input", "coil", "discrete", NULL};

/* ---- the tables ---- */

/* clang-format off */
#define AT(member) offsetof(struct profile, member)
static const struct conf_option profile_options[] = {
    {.key = "measurement", .type = CONF_ID, .offset = AT(measurement), .mandatory = true,
     .help = "name of the time series: noise, hood, power, air, …"},
    {.key = "vendor", .type = CONF_TEXT, .offset = AT(vendor), .fallback = "", .help = "who makes it"},
    {.key = "model", .type = CONF_TEXT, .offset = AT(model), .fallback = "", .help = "what it is called"},
    {.key = "source", .type = CONF_TEXT, .offset = AT(source), .fallback = "", .help = "where the register map is from"},
    {.key = "baud", .type = CONF_INT, .offset = AT(baud), .fallback = "0", .min = 0, .max = 921600,
     .help = "as the vendor ships it"},
    {.key = "parity", .type = CONF_ENUM, .offset = AT(parity), .fallback = "none", .choices = line_parities,
     .help = "as the vendor ships it"},
    {.key = "stop_bits", .type = CONF_INT, .offset = AT(stop_bits), .fallback = "1", .min = 1, .max = 2,
     .help = "as the vendor ships it"},
    {.key = "max_registers", .type = CONF_INT, .offset = AT(limits.max_registers), .fallback = "125", .min = 1,
     .max = REGISTERS_MAX, .help = "the most that one request may read"},
    {.key = "max_gap", .type = CONF_INT, .offset = AT(limits.max_gap), .fallback = "8", .min = 0,
     .max = REGISTERS_MAX, .help = "unwanted registers in a row that are read along to save a request"},
    {.key = "forbidden", .type = CONF_WORDS, .offset = AT(forbidden), .fallback = "",
     .help = "registers that must never be read: [TABLE:]FIRST[-LAST] …"},
    {.key = "order", .type = CONF_ENUM, .offset = AT(order), .fallback = "abcd", .choices = profile_orders,
     .help = "of the bytes on the wire, where a metric does not say"},
    {.key = "confirmed", .type = CONF_BOOL, .offset = AT(confirmed), .fallback = "yes",
     .help = "no: something in the map is doubtful; the comment says what"},
    {.key = "turnaround", .type = CONF_DURATION, .offset = AT(turnaround_ms), .fallback = "0", .min = 0, .max = 60000,
     .help = "usual time between request and answer"},
    {.key = "worst_answer", .type = CONF_DURATION, .offset = AT(worst_answer_ms), .fallback = "0", .min = 0,
     .max = 60000, .help = "latest time after a request at which an answer can still come"},
    {.key = "calibration_interval", .type = CONF_DURATION, .offset = AT(calibration_ms), .fallback = "0", .min = 0,
     .max = 3660.0 * 86400000, .help = "longer after its calibration its readings are suspect; 0: never"},
    {.key = "integration", .type = CONF_ENUM, .offset = AT(integration), .fallback = "instant",
     .choices = profile_integrations, .help = "is a value of the instant, of the past interval, or a rolling mean"},
    {.key = "weighting", .type = CONF_TEXT, .offset = AT(weighting), .fallback = "",
     .help = "frequency and time weighting"},
    {.key = NULL},
};
#undef AT

/* clang-format on */

/* ---- places ---- */

bool profile_parse_table(const char *text, size_t length, enum profile_table *out)
{
    for (int t = 0; table_names[t]; t++)
        if (strlen(table_names[t]) == length && !memcmp(text, table_names[t], length)) {
            *out = (enum profile_table)t;
            return true;
        }
    return false;
}

/* [TABLE:]FIRST[-LAST] */
static bool parse_range(const char *text, struct profile_range *out)
{
    const char *colon = strchr(text, ':');
    enum profile_table table;
    int64_t first, last;
    unsigned tables = ~0u;
    if (colon) {
        if (!profile_parse_table(text, (size_t)(colon - text), &table))
            return false;
        tables = 1u << table;
        text = colon + 1;
    }
    const char *dash = strchr(text, '-');
    size_t length = dash ? (size_t)(dash - text) : strlen(text);
    if (!profile_parse_raw(text, length, &first))
        return false;
    last = first;
    if (dash && !profile_parse_raw(dash + 1, strlen(dash + 1), &last))
        return false;
    if (first < 0 || first > last || last > 65535)
        return false;
    *out = (struct profile_range){.tables = tables, .first = (uint16_t)first, .last = (uint16_t)last};
    return true;
}

bool profile_is_forbidden(const struct profile_limits *limits, enum profile_table table, int64_t first, int64_t last)
{
    for (size_t i = 0; i < limits->forbidden_count; i++) {
        const struct profile_range *f = &limits->forbidden[i];
        if (f->tables >> table & 1 && f->first <= last && first <= f->last)
            return true;
    }
    return false;
}

static void read_forbidden(struct profile *p, int section, struct faults *faults)
{
    struct profile_range *ranges = xcalloc(p->forbidden.count, sizeof *ranges);
    p->limits.forbidden = ranges;
    for (size_t i = 0; i < p->forbidden.count; i++) {
        if (parse_range(p->forbidden.items[i], &ranges[p->limits.forbidden_count]))
            p->limits.forbidden_count++;
        else
            conf_fault(p->conf, section, "forbidden", faults,
                       "%s is not FIRST-LAST or TABLE:FIRST-LAST, from 0 to 65535 or 0xffff", p->forbidden.items[i]);
    }
}

/* ---- metrics beside each other ---- */

static void check_limits(const struct profile *p, int section, const struct profile_metric *m, struct faults *faults)
{
    bool bits = m->table == TABLE_COIL || m->table == TABLE_DISCRETE;
    if (p->limits.max_registers && !bits && m->count > p->limits.max_registers)
        conf_fault(p->conf, section, m->type == TYPE_STRING ? "length" : "type", faults,
                   "needs %d registers, max_registers is %" PRId64, m->count, p->limits.max_registers);
    if (profile_is_forbidden(&p->limits, m->table, m->address, m->address + m->count - 1))
        conf_fault(p->conf, section, "register", faults, "is forbidden by [profile] forbidden");
}

static bool is_look_into(const struct profile_metric *m)
{
    return m->type == TYPE_BIT || m->type == TYPE_BITS;
}

/* Bits may be taken out of a register that another metric has whole; else nothing may be two metrics'. */
static bool overlap(const struct profile_metric *a, const struct profile_metric *b)
{
    if (!a->width || !b->width || a->table != b->table || is_look_into(a) != is_look_into(b))
        return false;
    unsigned a_first = a->address * 16U + a->bit, b_first = b->address * 16U + b->bit;
    return a_first < b_first + b->width && b_first < a_first + a->width;
}

static void check_overlaps(const struct profile *p, int section, const struct profile_metric *m, struct faults *faults)
{
    for (size_t i = 0; i < p->metric_count; i++)
        if (&p->metrics[i] != m && overlap(&p->metrics[i], m))
            conf_fault(p->conf, section, "register", faults, "overlaps with [%s], %s:%u and what follows it",
                       p->metrics[i].name, profile_table_name(p->metrics[i].table), p->metrics[i].address);
}

/* ---- the profile ---- */

static void check_count(const struct profile *p, struct faults *faults)
{
    if (!p->metric_count)
        faults_add(faults, "%s: has no metric: one [section] each, named by its id", conf_name(p->conf));
    if (p->metric_count > PROFILE_METRICS_MAX)
        faults_add(faults, "%s: has %zu metrics, %d are allowed", conf_name(p->conf), p->metric_count,
                   PROFILE_METRICS_MAX);
}

/* False: a section could not be read. */
static bool read_metrics(struct profile *p, int own_section, struct faults *faults)
{
    bool whole = true;
    size_t sections = conf_sections(p->conf);
    struct profile_metric *metrics = xcalloc(sections, sizeof *metrics), *texts = xcalloc(sections, sizeof *texts);
    p->metrics = metrics;
    p->texts = texts;
    for (size_t s = 0; s < sections; s++) {
        if ((int)s == own_section)
            continue;
        struct profile_metric m = {0};
        profile_read_metric(p, (int)s, &m, faults);
        whole &= m.count > 0;
        if (m.count)
            check_limits(p, (int)s, &m, faults);
        if (m.type == TYPE_STRING) {
            texts[p->text_count++] = m;
        } else {
            check_overlaps(p, (int)s, &m, faults);
            metrics[p->metric_count++] = m;
        }
    }
    check_count(p, faults);
    return whole;
}

struct profile *profile_read(struct conf *conf, const char *name, struct faults *faults)
{
    size_t faults_before = faults->count;
    struct profile *p = xcalloc(1, sizeof *p);
    p->conf = conf;
    p->name = xstrdup(name);
    int section = conf_find(conf, "profile", "");
    bool whole = section >= 0 && conf_fill(conf, section, profile_options, p, faults);
    if (section < 0)
        faults_add(faults, "%s: has no [profile] section", conf_name(conf));
    else
        read_forbidden(p, section, faults);
    whole &= read_metrics(p, section, faults);
    if (!whole || faults->count > faults_before) { /* what the file's own scan has said is not said again */
        profile_free(p);
        return NULL;
    }
    return p;
}

void profile_free(struct profile *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->metric_count; i++)
        profile_free_metric(&p->metrics[i]);
    free((void *)(uintptr_t)p->metrics);
    free((void *)(uintptr_t)p->texts);
    free((void *)(uintptr_t)p->limits.forbidden);
    free((void *)(uintptr_t)p->name);
    conf_close(p->conf);
    free(p);
}

const char *profile_metric_type(const struct profile_metric *m)
{
    if (m->width == 1 && !m->map_count)
        return "bit";
    for (size_t i = 0; i < m->map_count; i++)
        if (m->map[i].value != 0 && m->map[i].value != 1)
            return "number";
    return m->map_count ? "bit" : "number";
}

const char *profile_table_name(enum profile_table table)
{
    return table_names[table];
}
