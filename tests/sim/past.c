#include "tests/sim/past.h"
#include "collector/site.h"
#include "common/conf.h"
#include "common/file.h"
#include "common/id.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_MOST = 4 * 1024 * 1024 };

/* clang-format off */
const struct metric past_metrics[PAST_METRICS] = {
    {"laeq", "dB(A)", 1, false},          {"lafmax", "dB(A)", 1, false},    {"lafmin", "dB(A)", 1, false},
    {"la", "dB(A)", 1, false},            {"fume", "mg/m³", 2, false},      {"fume_in", "mg/m³", 2, false},
    {"pm", "mg/m³", 2, false},            {"nmhc", "mg/m³", 2, false},      {"fan", "", 0, true},
    {"purifier", "", 0, true},            {"door", "", 0, true},            {"clean", "", 0, true},
    {"fan_current", "A", 2, false},       {"purifier_current", "A", 2, false},
    {"airflow", "m³/h", 0, false},        {"dp", "Pa", 0, false},           {"temperature", "°C", 1, false},
    {"humidity", "%", 1, false},          {"pressure", "kPa", 2, false},    {"wind", "m/s", 1, false},
    {"rain", "mm", 1, false},             {"power", "W", 1, false},         {"energy", "kWh", 2, false},
};

struct history_keys {
    int64_t seed, interval_ms, tick_ms;
    const char *down;
};
static const struct conf_option history_options[] = {
    {.key = "seed", .type = CONF_INT, .offset = offsetof(struct history_keys, seed), .fallback = "1", .max = 1e15},
    {.key = "interval", .type = CONF_DURATION, .offset = offsetof(struct history_keys, interval_ms), .fallback = "60s",
     .min = 100, .max = 86400e3},
    {.key = "tick", .type = CONF_DURATION, .offset = offsetof(struct history_keys, tick_ms), .fallback = "1h",
     .min = 1000, .max = 86400e3},
    {.key = "down", .type = CONF_TEXT, .offset = offsetof(struct history_keys, down), .fallback = ""},
    {0},
};

struct times_keys {
    const char *at, *except;
};
static const struct conf_option times_options[] = {
    {.key = "at", .type = CONF_TEXT, .offset = offsetof(struct times_keys, at), .mandatory = true},
    {.key = "except", .type = CONF_TEXT, .offset = offsetof(struct times_keys, except), .fallback = ""},
    {0},
};

static const char *const integrations[] = {"instant", "interval", "rolling", NULL};
struct meter_keys {
    const char *site, *measurement, *profile, *serial, *calibrated, *dead, *silent, *cleaned;
    int integration;
    int64_t interval_ms;
    const char *metrics[PAST_METRICS];
};
enum { METER_FIXED = 10 };
static const struct conf_option meter_options[METER_FIXED] = {
    {.key = "site", .type = CONF_ID, .offset = offsetof(struct meter_keys, site), .mandatory = true},
    {.key = "measurement", .type = CONF_ID, .offset = offsetof(struct meter_keys, measurement), .mandatory = true},
    {.key = "profile", .type = CONF_ID, .offset = offsetof(struct meter_keys, profile), .fallback = "history"},
    {.key = "serial", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, serial), .fallback = ""},
    {.key = "calibrated", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, calibrated), .fallback = ""},
    {.key = "dead", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, dead), .fallback = ""},
    {.key = "silent", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, silent), .fallback = ""},
    {.key = "cleaned", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, cleaned), .fallback = ""},
    {.key = "integration", .type = CONF_ENUM, .offset = offsetof(struct meter_keys, integration),
     .choices = integrations, .fallback = "instant"},
    {.key = "interval", .type = CONF_DURATION, .offset = offsetof(struct meter_keys, interval_ms),
     .min = 100, .max = 86400e3},
};

struct command_keys {
    const char *at, *verb, *args, *csv, *actor, *refused;
};
static const struct conf_option command_options[] = {
    {.key = "at", .type = CONF_TEXT, .offset = offsetof(struct command_keys, at), .mandatory = true},
    {.key = "verb", .type = CONF_TEXT, .offset = offsetof(struct command_keys, verb), .mandatory = true},
    {.key = "args", .type = CONF_TEXT, .offset = offsetof(struct command_keys, args), .fallback = "{}"},
    {.key = "csv", .type = CONF_TEXT, .offset = offsetof(struct command_keys, csv)},
    {.key = "actor", .type = CONF_TEXT, .offset = offsetof(struct command_keys, actor), .fallback = "history"},
    {.key = "refused", .type = CONF_TEXT, .offset = offsetof(struct command_keys, refused), .fallback = "no"},
    {0},
};
/* clang-format on */

struct reader {
    struct past *past;
    const struct conf *conf;
    const char *path;
    struct faults *faults;
    int64_t interval_ms;
};

static void read_spans(struct reader *r, int section, const char *key, const char *text, struct spans *out)
{
    struct fault f;
    if (*text && spans_parse(&r->past->calendar, out, text, &f) < 0)
        conf_fault(r->conf, section, key, r->faults, "%s", f.text);
}

static void read_history(struct reader *r)
{
    struct history_keys k = {0};
    int section = conf_find(r->conf, "history", "");
    if (!conf_fill(r->conf, section, history_options, &k, r->faults))
        return;
    r->past->seed = k.seed;
    r->past->tick_ms = k.tick_ms;
    r->interval_ms = k.interval_ms;
    read_spans(r, section, "down", k.down, &r->past->down);
}

static void read_times(struct reader *r, int section, struct times *t)
{
    struct times_keys k = {0};
    struct spans unused;
    t->name = conf_label(r->conf, (size_t)section);
    if (!id_valid(t->name) || spans_parse(&r->past->calendar, &unused, t->name, NULL) == 0)
        conf_fault(r->conf, section, NULL, r->faults,
                   "needs a name of [a-z0-9][a-z0-9_-]{0,31} that is not itself a span");
    if (!conf_fill(r->conf, section, times_options, &k, r->faults))
        return;
    read_spans(r, section, "at", k.at, &t->at);
    read_spans(r, section, "except", k.except, &t->except);
}

/* ---- meters ------------------------------------------------------------------------------------------------------ */

static void read_cleanings(struct reader *r, int section, const char *text, struct past_meter *m)
{
    struct fault f;
    char one[64];
    for (const char *end = text; *text; text = end + (*end == ',')) {
        end = text + strcspn(text, ",");
        snprintf(one, sizeof one, "%.*s", (int)(end - text), text);
        if (m->cleaning_count == PAST_CLEANINGS) {
            conf_fault(r->conf, section, "cleaned", r->faults, "more than %d", PAST_CLEANINGS);
            return;
        }
        int64_t *at = &m->cleanings[m->cleaning_count];
        if (calendar_instant(&r->past->calendar, one, at, &f) < 0)
            conf_fault(r->conf, section, "cleaned", r->faults, "%s", f.text);
        else if (m->cleaning_count++ && at[-1] >= *at)
            conf_fault(r->conf, section, "cleaned", r->faults, "%s: not after the one before it", one);
    }
}

static void read_course(struct reader *r, int section, const struct metric *metric, const char *text,
                        struct past_meter *m)
{
    struct fault f;
    struct course_words words = {&r->past->calendar, r->past->times, r->past->times_count};
    struct course *c = &m->courses[m->course_count].course;
    m->courses[m->course_count++].metric = metric;
    c->seed = seed_mix(seed_mix(seed_mix((uint64_t)r->past->seed, m->site), m->device), metric->name);
    if (course_parse(c, &words, text, &f) < 0)
        conf_fault(r->conf, section, metric->name, r->faults, "%s", f.text);
}

static void read_courses(struct reader *r, int section, const struct meter_keys *k, struct past_meter *m)
{
    m->courses = xcalloc(PAST_METRICS, sizeof *m->courses);
    for (size_t i = 0; i < PAST_METRICS; i++)
        if (k->metrics[i])
            read_course(r, section, &past_metrics[i], k->metrics[i], m);
    if (!m->course_count)
        conf_fault(r->conf, section, NULL, r->faults, "gives no metric (laeq, fume, fan, dp, …)");
}

static void read_meter(struct reader *r, int section, struct past_meter *m)
{
    struct meter_keys k = {.interval_ms = r->interval_ms};
    struct conf_option table[METER_FIXED + PAST_METRICS + 1] = {0};
    memcpy(table, meter_options, sizeof meter_options);
    for (size_t i = 0; i < PAST_METRICS; i++)
        table[METER_FIXED + i] =
            (struct conf_option){.key = past_metrics[i].name,
                                 .type = CONF_TEXT,
                                 .offset = offsetof(struct meter_keys, metrics) + i * sizeof *k.metrics};
    m->device = conf_label(r->conf, (size_t)section);
    if (!id_valid(m->device))
        conf_fault(r->conf, section, NULL, r->faults, "needs the name of a device, [a-z0-9][a-z0-9_-]{0,31}");
    if (!conf_fill(r->conf, section, table, &k, r->faults))
        return;
    m->site = k.site;
    m->measurement = k.measurement;
    m->profile = k.profile;
    m->integration = integrations[k.integration];
    m->serial = k.serial;
    m->calibrated = k.calibrated;
    m->interval_ms = k.interval_ms;
    read_spans(r, section, "dead", k.dead, &m->dead);
    read_spans(r, section, "silent", k.silent, &m->silent);
    read_cleanings(r, section, k.cleaned, m);
    read_courses(r, section, &k, m);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void put_import(struct buf *args, const char *file, const char *csv)
{
    buf_text(args, "{\"file\":");
    buf_json(args, file);
    buf_text(args, ",\"csv\":");
    buf_json(args, csv);
    buf_char(args, '}');
}

/* The file lies beside the scenario unless its path is absolute. */
static char *read_csv(struct reader *r, int section, const char *name)
{
    struct fault f;
    size_t length;
    struct buf path = buf_growing(), args = buf_growing();
    const char *slash = strrchr(r->path, '/');
    if (slash && *name != '/')
        buf_bytes(&path, r->path, (size_t)(slash - r->path) + 1);
    buf_text(&path, name);
    char *text = file_read(path.data, CSV_MOST, &length, &f);
    if (text)
        put_import(&args, name, text);
    else
        conf_fault(r->conf, section, "csv", r->faults, "%s", f.text);
    free(text);
    buf_free(&path);
    return args.data;
}

/* In an INI file no quotes stand within a value: there 'text' is what JSON writes "text". */
static char *json_of(const char *text)
{
    char *json = xstrdup(text);
    for (char *c = json; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return json;
}

static void read_command(struct reader *r, int section, struct past_command *c)
{
    struct command_keys k = {0};
    struct fault f;
    c->name = conf_label(r->conf, (size_t)section);
    if (!id_valid(c->name))
        conf_fault(r->conf, section, NULL, r->faults, "needs a name of [a-z0-9][a-z0-9_-]{0,31}");
    if (!conf_fill(r->conf, section, command_options, &k, r->faults))
        return;
    c->verb = k.verb;
    c->actor = k.actor;
    c->refused = strcmp(k.refused, "no") == 0 ? NULL : strcmp(k.refused, "yes") == 0 ? "" : k.refused;
    c->args = k.csv ? read_csv(r, section, k.csv) : json_of(k.args);
    struct json *args = c->args ? json_open(c->args, strlen(c->args), &f) : NULL;
    if (c->args && !json_is_object(args))
        conf_fault(r->conf, section, "args", r->faults, "%s", args ? "not a JSON object" : f.text);
    json_close(args);
    if (calendar_instant(&r->past->calendar, k.at, &c->at, &f) < 0)
        conf_fault(r->conf, section, "at", r->faults, "%s", f.text);
    else if (c->at < r->past->calendar.from_ms)
        conf_fault(r->conf, section, "at", r->faults, "%s: before the history begins", k.at);
}

/* Insertion: what stands earlier in the file goes first among equals. */
static void sort_commands(struct past *p)
{
    for (size_t i = 1; i < p->command_count; i++) {
        struct past_command c = p->commands[i];
        size_t k = i;
        for (; k > 0 && p->commands[k - 1].at > c.at; k--)
            p->commands[k] = p->commands[k - 1];
        p->commands[k] = c;
    }
}

/* ---- the register ------------------------------------------------------------------------------------------------ */

static void put_cell(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (; *text; text++)
        buf_print(out, *text == '"' ? "\"\"" : "%c", *text);
    buf_char(out, '"');
}

static const char *value_of(const struct conf *c, size_t section, const char *key)
{
    for (size_t i = 0; i < conf_keys(c, section); i++) {
        const char *value;
        if (strcmp(conf_key(c, section, i, &value), key) == 0)
            return value ? value : "";
    }
    return "";
}

static bool is_site(const struct conf *c, size_t section)
{
    return strcmp(conf_kind(c, section), "site") == 0;
}

/* Is this key, the i-th of its section, the first of its name in all [site …]? */
static bool is_new_column(const struct conf *c, size_t section, size_t index, const char *key)
{
    const char *value;
    for (size_t s = 0; s <= section; s++)
        for (size_t i = 0; is_site(c, s) && i < (s == section ? index : conf_keys(c, s)); i++)
            if (strcmp(conf_key(c, s, i, &value), key) == 0)
                return false;
    return true;
}

static void put_register(const struct conf *c, struct buf *csv)
{
    const char *columns[64] = {"id"}, *value;
    size_t count = 1;
    for (size_t s = 0; s < conf_sections(c); s++)
        for (size_t i = 0; is_site(c, s) && i < conf_keys(c, s) && count < 64; i++)
            if (is_new_column(c, s, i, conf_key(c, s, i, &value)))
                columns[count++] = conf_key(c, s, i, &value);
    for (size_t i = 0; i < count; i++)
        buf_print(csv, "%s%s", i ? "," : "", columns[i]);
    for (size_t s = 0; s < conf_sections(c); s++) {
        for (size_t i = 0; is_site(c, s) && i < count; i++) {
            buf_char(csv, i ? ',' : '\n');
            put_cell(csv, i ? value_of(c, s, columns[i]) : conf_label(c, s));
        }
    }
    buf_char(csv, '\n');
}

static void read_register(struct reader *r)
{
    struct buf csv = buf_growing();
    struct site *rows = NULL;
    struct faults faults = {0};
    size_t count = 0;
    put_register(r->conf, &csv);
    if (site_csv_read(csv.data, csv.length, &rows, &count, &faults) < 0)
        for (size_t i = 0; i < faults.count; i++)
            faults_add(r->faults, "%s: the [site …] sections as a register: %s", r->path, faults.text[i]);
    faults_free(&faults);
    free(rows);
    r->past->register_csv = csv.data;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static size_t count_kind(const struct conf *c, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < conf_sections(c); i++)
        n += strcmp(conf_kind(c, i), kind) == 0;
    return n;
}

static void read_sections(struct reader *r)
{
    static const char *const kinds[] = {"history", "times", "meter", "command", "site", NULL};
    struct past *p = r->past;
    conf_only(r->conf, kinds, r->faults);
    p->times = xcalloc(count_kind(r->conf, "times") + 1, sizeof *p->times);
    p->meters = xcalloc(count_kind(r->conf, "meter") + 1, sizeof *p->meters);
    p->commands = xcalloc(count_kind(r->conf, "command") + 1, sizeof *p->commands);
    read_history(r);
    for (size_t i = 0; i < conf_sections(r->conf); i++)
        if (strcmp(conf_kind(r->conf, i), "times") == 0)
            read_times(r, (int)i, &p->times[p->times_count++]);
    for (size_t i = 0; i < conf_sections(r->conf); i++) {
        if (strcmp(conf_kind(r->conf, i), "meter") == 0)
            read_meter(r, (int)i, &p->meters[p->meter_count++]);
        else if (strcmp(conf_kind(r->conf, i), "command") == 0)
            read_command(r, (int)i, &p->commands[p->command_count++]);
    }
    if (count_kind(r->conf, "site"))
        read_register(r);
    sort_commands(p);
}

struct past *past_open(const char *path, int64_t from_ms, struct faults *faults)
{
    struct conf *conf = conf_open(path, faults);
    if (!conf)
        return NULL;
    struct past *p = xcalloc(1, sizeof *p);
    *p = (struct past){.calendar = {from_ms}, .conf = conf};
    struct reader r = {p, conf, path, faults, 0};
    read_sections(&r);
    if (faults->count) {
        past_close(p);
        return NULL;
    }
    return p;
}

void past_close(struct past *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->meter_count; i++)
        free(p->meters[i].courses);
    for (size_t i = 0; i < p->command_count; i++)
        free(p->commands[i].args);
    free(p->meters);
    free(p->commands);
    free(p->times);
    free(p->register_csv);
    conf_close(p->conf);
    free(p);
}
