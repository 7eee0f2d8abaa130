#include "collector/settings.h"
#include "collector/calendars.h"
#include "collector/rules/config.h"
#include "collector/rules/settings.h"
#include "collector/rules/standard.h"
#include "common/civil.h"
#include "common/file.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(member) offsetof(struct collector_settings, member)
static const char *const clocks[] = {"wall", "journal", NULL}, *const apis[] = {"v1", "v2", NULL};

static const struct conf_option collector_options[] = {
    {"name", CONF_ID, AT(name), "main", .help = "the collector's name: gateways heed the acks that carry it"},
    {"districts", CONF_IDS, AT(districts), .help = "districts it serves; none: all"},
    {"state_dir", CONF_TEXT, AT(state_dir), "/var/lib/quietair/collector", .help = "journal and ledger"},
    {"timezone", CONF_TEXT, AT(timezone), "Asia/Shanghai", .help = "zone of bands, days and weeks"},
    {"clock", CONF_ENUM, AT(clock), "wall", .choices = clocks, .help = "what ticks: the clock, or `quietair tick`"},
    {"audit_after", CONF_DURATION, AT(audit_after), "2h", 0, 6 * 86400e3,
     .help = "a week's audit is issued so long after Monday 00:00"},
    {"socket", CONF_TEXT, AT(socket), .help = "control socket; default STATE_DIR/control.sock"},
    {"standards_dir", CONF_TEXT, AT(standards_dir), .help = "folder of standards; default standards/ beside this file"},
    {"calendars_dir", CONF_TEXT, AT(calendars_dir), "/usr/share/quietair/calendars",
     .help = "folder of calendars of working days; where it is not there: calendars/ beside this file"},
    {.key = NULL}};

static const struct conf_option influx_options[] = {
    {"url", CONF_TEXT, AT(influx.url), .mandatory = true, .help = "http://host:8086"},
    {"api", CONF_ENUM, AT(influx.api), "v1", .choices = apis, .help = "/write or /api/v2/write"},
    {"database", CONF_TEXT, AT(influx.database), "quietair", .help = "v1: created when missing"},
    {"org", CONF_TEXT, AT(influx.org), .help = "v2"},
    {"bucket", CONF_TEXT, AT(influx.bucket), .help = "v2"},
    {"token_file", CONF_TEXT, AT(influx.token_file), .help = "file whose first line is the token"},
    {"batch", CONF_INT, AT(influx.batch), "5000", 1, 100000, .help = "lines in a request"},
    {"flush", CONF_DURATION, AT(influx.flush_ms), "1s", 10, 60000, .help = "longest wait for a batch to fill"},
    {"gzip", CONF_BOOL, AT(influx.gzip), "no", .help = "compress requests"},
    {.key = NULL}};

static const struct conf_option journal_options[] = {
    {"max_bytes", CONF_SIZE, AT(journal.max_bytes), .min = 1 << 20, .max = 1e15,
     .help = "oldest segments go above this"},
    {"max_age", CONF_DURATION, AT(journal.max_age_ms), "1830d", 86400e3, 1e13, .help = "and those older than this"},
    {"min_age", CONF_DURATION, AT(journal.min_age_ms), RETENTION_MIN_AGE, 0, 1e13,
     .help = "but none younger than this, however many bytes there are"},
    {.key = NULL}};
#undef AT

static char *rules_text(const struct conf *c, int section)
{
    struct buf b = buf_growing();
    buf_text(&b, "[rules]\n");
    for (size_t i = 0; section >= 0 && i < conf_keys(c, (size_t)section); i++) {
        const char *value, *key = conf_key(c, (size_t)section, i, &value);
        if (value) /* else it is a fault already */
            buf_print(&b, "%s = \"%s\"\n", key, value);
    }
    return b.data;
}

static void put_standard(struct collector_settings *s, int section, const char *name, struct buf *out,
                         struct faults *faults)
{
    char path[PATH_MAX + 64];
    size_t length;
    struct fault f;
    snprintf(path, sizeof path, "%s/%.64s.ini", s->standards_path, name);
    char *text = file_read(path, 256 * 1024, &length, &f);
    if (!text) {
        conf_fault(s->conf, section, "standards", faults, "%s: %s", name, f.text);
        return;
    }
    struct conf *conf = conf_open_text(path, text, length, faults);
    standard_close(conf ? standard_open(name, conf, faults) : NULL);
    buf_print(out, "%s\"%s\":", out->length > 1 ? "," : "", name);
    buf_json_n(out, text, length);
    free(text);
}

static char *standards_json(struct collector_settings *s, int section, struct faults *faults)
{
    const char *value = "gb22337-2008 gb18483-2001";
    struct buf b = buf_growing();
    buf_char(&b, '{');
    for (size_t i = 0; section >= 0 && i < conf_keys(s->conf, (size_t)section); i++) {
        const char *v;
        if (strcmp(conf_key(s->conf, (size_t)section, i, &v), "standards") == 0 && v)
            value = v;
    }
    char *words = xstrdup(value), *rest = words;
    for (char *w; (w = strsep(&rest, " \t"));)
        if (*w)
            put_standard(s, section, w, &b, faults);
    free(words);
    buf_char(&b, '}');
    return b.data;
}

int collector_settings_place(struct collector_settings *s, const char *path, struct faults *faults)
{
    size_t before = faults->count;
    struct fault f;
    *s = (struct collector_settings){0};
    s->conf = conf_open(path, faults);
    if (!s->conf)
        return ERR_RANGE;
    int section = conf_find(s->conf, "collector", "");
    conf_fill(s->conf, section, collector_options, s, faults);
    if (s->timezone && civil_zone(s->timezone, &f) != 0)
        conf_fault(s->conf, section, "timezone", faults, "%s", f.text);
    if (!s->state_dir)
        return ERR_RANGE;
    s->socket_path = xmalloc(PATH_MAX);
    snprintf(s->socket_path, PATH_MAX, "%s/control.sock", s->state_dir);
    s->socket = s->socket ? s->socket : s->socket_path;
    return faults->count == before ? 0 : ERR_RANGE;
}

/* The folder that is configured, if it can be read; else the one beside the INI file. */
static char *folder(const char *ini, const char *name, const char *configured)
{
    char *copy = xstrdup(ini), *path = xmalloc(PATH_MAX);
    if (configured && access(configured, R_OK | X_OK) == 0)
        snprintf(path, PATH_MAX, "%s", configured);
    else
        snprintf(path, PATH_MAX, "%s/%s", dirname(copy), name);
    free(copy);
    return path;
}

struct standard *collector_settings_policy(const struct collector_settings *s, const struct conf_list *standards,
                                           struct faults *faults)
{
    char *dir = folder(conf_name(s->conf), "standards", s->standards_dir);
    struct standard *policy = NULL;
    for (size_t i = 0; !policy && i < standards->count; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s/%.64s.ini", dir, standards->items[i]);
        struct conf *conf = conf_open(path, faults);
        policy = conf ? standard_open(standards->items[i], conf, faults) : NULL;
        if (policy && policy->kind != STANDARD_CLEANING) {
            standard_close(policy);
            policy = NULL;
        }
    }
    free(dir);
    return policy;
}

/* As the fold will read it: what settings and standards say of each other. */
static void check_rules(const struct collector_settings *s, struct faults *faults)
{
    struct rules_config config = {0};
    struct faults found = {0};
    struct buf body = buf_growing();
    collector_config_put(s, s->clock, &body);
    rules_config_read(&config, body.data, body.length, &found);
    for (size_t i = 0; i < found.count; i++)
        faults_add(faults, "%s: %s", conf_name(s->conf), found.text[i]);
    rules_config_free(&config);
    faults_free(&found);
    buf_free(&body);
}

/* [rules] and the standards it names: what the fold goes by. */
static void load_rules(struct collector_settings *s, const char *path, struct faults *faults)
{
    size_t before = faults->count;
    int rules = conf_find(s->conf, "rules", "");
    s->standards_path = folder(path, "standards", s->standards_dir);
    s->calendars_path = folder(path, "calendars", s->calendars_dir);
    struct rules_settings judged_by; /* by the fold, which reads the same text */
    rules_settings_read(s->conf, rules, &judged_by, faults);
    s->rules_text = rules_text(s->conf, rules);
    s->standards_json = standards_json(s, rules, faults);
    struct buf calendars = buf_growing();
    calendars_put(s->calendars_path, &calendars, faults);
    s->calendars_json = calendars.data;
    bool zone = s->timezone && civil_zone(s->timezone, NULL) == 0; /* else that is a fault already */
    if (faults->count == before && zone)
        check_rules(s, faults);
}

int collector_settings_judging(struct collector_settings *s, const char *path, struct faults *faults)
{
    size_t before = faults->count;
    if (collector_settings_place(s, path, faults) == 0)
        load_rules(s, path, faults);
    return faults->count == before ? 0 : ERR_RANGE;
}

int collector_settings_load(struct collector_settings *s, const char *path, struct faults *faults)
{
    static const char *const kinds[] = {"collector", "mqtt", "influx", "journal", "rules", NULL};
    size_t before = faults->count;
    collector_settings_place(s, path, faults);
    if (!s->conf || !s->state_dir)
        return ERR_RANGE;
    conf_only(s->conf, kinds, faults);
    mqtt_check(s->conf, conf_find(s->conf, "mqtt", ""), &s->mqtt, faults);
    int journal = conf_find(s->conf, "journal", "");
    if (conf_fill(s->conf, journal, journal_options, s, faults) && s->journal.max_age_ms < s->journal.min_age_ms)
        conf_fault(s->conf, journal, "max_age", faults,
                   "is below min_age (" RETENTION_MIN_AGE ", the law's five years, "
                   "where nothing else is set)");
    int influx = conf_find(s->conf, "influx", "");
    s->influx.on = influx >= 0;
    if (s->influx.on && conf_fill(s->conf, influx, influx_options, s, faults)) {
        if (strncmp(s->influx.url, "http://", 7) != 0 && strncmp(s->influx.url, "https://", 8) != 0)
            conf_fault(s->conf, influx, "url", faults, "allowed are http://… and https://…");
        if (s->influx.api == INFLUX_V2 && (!s->influx.org || !s->influx.bucket))
            conf_fault(s->conf, influx, "api", faults, "v2 needs org and bucket");
        if (s->influx.token_file && access(s->influx.token_file, R_OK) != 0)
            conf_fault(s->conf, influx, "token_file", faults, "%s cannot be read", s->influx.token_file);
    }
    load_rules(s, path, faults);
    return faults->count == before ? 0 : ERR_RANGE;
}

void collector_settings_free(struct collector_settings *s)
{
    free(s->rules_text);
    free(s->standards_json);
    free(s->calendars_json);
    free(s->socket_path);
    free(s->standards_path);
    free(s->calendars_path);
    conf_close(s->conf);
}

void collector_config_put(const struct collector_settings *s, enum collector_clock clock, struct buf *b)
{
    buf_print(b, "{\"name\":\"%s\",\"timezone\":\"%s\",\"clock\":\"%s\",\"rules\":", s->name, s->timezone,
              clocks[clock]);
    buf_json(b, s->rules_text);
    buf_text(b, ",\"standards\":");
    buf_text(b, s->standards_json);
    buf_text(b, ",\"calendars\":");
    buf_text(b, s->calendars_json);
    buf_char(b, '}');
}
