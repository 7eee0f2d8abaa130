#include "common/civil.h"
#include "common/frame.h"
#include "common/id.h"
#include "firmware-gateway/settings_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNIT_UNKNOWN = -1 }; /* what is written is at fault */

struct profile_slot {
    const char *name;
    struct profile *profile; /* NULL: at fault, and that has been said */
};

/* ---- the tables ---- */

/* clang-format off */
static const char *const sync_words[] = {"flush", NULL};
static const char *const clocks[] = {"auto", "trusted", NULL};
static const char *const now_words[] = {"off", NULL};

#define AT(member) offsetof(struct gateway_settings, member)
static const struct conf_option gateway_options[] = {
    {.key = "id", .type = CONF_ID, .offset = AT(id), .mandatory = true, .help = "this box, unique in the deployment"},
    {.key = "district", .type = CONF_ID, .offset = AT(district), .mandatory = true, .help = "first level of its topics"},
    {.key = "state_dir", .type = CONF_TEXT, .offset = AT(state_dir), .fallback = "/var/lib/quietair/gateway",
     .help = "where the journal is kept"},
    {.key = "collector", .type = CONF_ID, .offset = AT(collector), .fallback = "main",
     .help = "whose acknowledgements count"},
    {.key = "clock", .type = CONF_ENUM, .offset = AT(clock), .fallback = "auto", .choices = clocks,
     .help = "auto: the wall clock counts once it is synchronised; trusted: at once, nobody synchronises it here"},
    {.key = "flush", .type = CONF_DURATION, .offset = AT(flush_ms), .fallback = "1s", .min = 10, .max = 60000,
     .help = "readings wait this long for others to share a frame"},
    {.key = "resend", .type = CONF_DURATION, .offset = AT(resend_ms), .fallback = "5s", .min = 100, .max = 60000,
     .help = "without an acknowledgement for this long frames are sent again"},
    {.key = "now", .type = CONF_DURATION, .offset = AT(now_ms), .fallback = "1s", .min = 1000, .max = 3600000,
     .choices = now_words, .help = "newest values are told this often, where there are new ones; or off"},
    {.key = "health", .type = CONF_DURATION, .offset = AT(health_ms), .fallback = "10s", .min = 1000, .max = 86400000,
     .help = "counters are told this often"},
    {.key = "metrics_file", .type = CONF_TEXT, .offset = AT(metrics_file), .fallback = "",
     .help = "counters as Prometheus text, for node_exporter's textfile collector"},
    {.key = "profiles_dir", .type = CONF_TEXT, .offset = AT(profiles_dir), .fallback = "/usr/share/quietair/profiles",
     .help = "profiles of meters; then profiles/ beside this file"},
    {.key = NULL},
};
#undef AT

#define AT(member) offsetof(struct journal_section, member)
static const struct conf_option journal_options[] = {
    {.key = "max_bytes", .type = CONF_SIZE, .offset = AT(max_bytes), .fallback = "1G", .min = 64 << 10, .max = 1LL << 40,
     .help = "oldest frames go above this"},
    {.key = "max_age", .type = CONF_DURATION, .offset = AT(max_age_ms), .fallback = "30d", .min = 1000,
     .max = 3660.0 * 86400000,
     .help = "older frames go"},
    {.key = "sync", .type = CONF_DURATION, .offset = AT(sync_ms), .fallback = "flush", .min = 10, .max = 3600000,
     .choices = sync_words,
     .help = "when frames are made safe against a power cut: with each flush, or this often (kinder to flash)"},
    {.key = NULL},
};
#undef AT

#define AT(member) offsetof(struct device_section, member)
static const struct conf_option device_options[] = {
    {.key = "bus", .type = CONF_ID, .offset = AT(bus_name), .mandatory = true, .help = "name of a [bus …] section"},
    {.key = "unit", .type = CONF_INT, .offset = AT(unit), .min = 0, .max = 255, .mandatory = true,
     .help = "address on the bus: 1 to 247; on TCP also 0 and 255"},
    {.key = "profile", .type = CONF_ID, .offset = AT(profile_name), .mandatory = true, .help = "name of a profile"},
    {.key = "site", .type = CONF_ID, .offset = AT(site), .mandatory = true, .help = "where it hangs"},
    {.key = "interval", .type = CONF_DURATION, .offset = AT(interval_ms), .fallback = "1s", .min = 10, .max = INTERVAL_MOST_MS,
     .help = "between polls"},
    {.key = "intervals", .type = CONF_WORDS, .offset = AT(intervals), .fallback = "",
     .help = "of metrics that change slowly: METRIC:TIME …, energy:1min"},
    {.key = "timeout", .type = CONF_DURATION, .offset = AT(timeout_ms), .min = 10, .max = 600000,
     .help = "its own; else its bus's"},
    {.key = "serial", .type = CONF_TEXT, .offset = AT(serial), .fallback = "", .help = "serial number"},
    {.key = "calibrated", .type = CONF_TEXT, .offset = AT(calibrated), .fallback = "",
     .help = "date of its calibration, 2026-01-31"},
    {.key = "calibration_interval", .type = CONF_DURATION, .offset = AT(calibration_ms), .min = 86400000, .max = 3660.0 * 86400000,
     .help = "longer after its calibration its readings are suspect; else its profile's"},
    {.key = "rename", .type = CONF_WORDS, .offset = AT(rename), .fallback = "", .help = "metrics: OLD:NEW …"},
    {.key = NULL},
};
#undef AT

/* clang-format on */

/* ---- profiles ---- */

static char *profile_path(const char *dir, size_t dir_length, const char *name)
{
    struct buf b = buf_growing();
    buf_bytes(&b, dir, dir_length);
    buf_print(&b, "%s%s.ini", dir_length && dir[dir_length - 1] != '/' ? "/" : "", name);
    return b.data; /* the caller's now */
}

/* From profiles_dir, else from profiles/ beside the INI.  NULL, and a fault of the device, if it is in neither. */
static struct profile *load_profile(const struct gateway_settings *s, int section, const char *name,
                                    struct faults *faults)
{
    struct profile *profile = NULL;
    const char *ini = conf_name(s->conf), *slash = strrchr(ini, '/');
    struct buf beside = buf_growing();
    buf_bytes(&beside, ini, slash ? (size_t)(slash + 1 - ini) : 0);
    buf_text(&beside, "profiles/");
    char *first = profile_path(s->profiles_dir, strlen(s->profiles_dir), name);
    char *second = profile_path(beside.data, beside.length, name);
    const char *path = !access(first, F_OK) ? first : !access(second, F_OK) ? second : NULL;
    if (path) {
        struct conf *conf = conf_open(path, faults);
        if (conf)
            profile = profile_read(conf, name, faults);
    } else {
        conf_fault(s->conf, section, "profile", faults, "there is neither %s nor %s", first, second);
    }
    free(second);
    free(first);
    buf_free(&beside);
    return profile;
}

/* Each profile is read once, however many devices have it. */
static struct profile *find_profile(struct gateway_settings *s, int section, const char *name, struct faults *faults)
{
    for (size_t i = 0; i < s->profile_count; i++)
        if (!strcmp(s->profiles[i].name, name))
            return s->profiles[i].profile;
    s->profiles = xrealloc(s->profiles, (s->profile_count + 1) * sizeof *s->profiles);
    s->profiles[s->profile_count] =
        (struct profile_slot){.name = name, .profile = load_profile(s, section, name, faults)};
    return s->profiles[s->profile_count++].profile;
}

/* ---- devices ---- */

static bool date_is_valid(const char *text)
{
    int64_t ms;
    return strlen(text) == 10 && civil_parse(text, &ms);
}

/* The end of its calibration's last day, if both date and interval are known; 0 else. */
static int64_t calibration_due(const struct device_section *d)
{
    int64_t ms, interval = d->calibration_ms ? d->calibration_ms : d->profile->calibration_ms;
    return interval && date_is_valid(d->calibrated) && civil_parse(d->calibrated, &ms) ? ms + 86400000 + interval : 0;
}

static struct profile_metric *find_metric(struct device_section *d, const char *name, size_t length)
{
    for (size_t i = 0; i < d->metric_count; i++)
        if (strlen(d->profile->metrics[i].name) == length && !memcmp(d->profile->metrics[i].name, name, length))
            return &d->metrics[i];
    return NULL;
}

bool settings_said_before(const struct conf_list *pairs, size_t i)
{
    size_t length = strcspn(pairs->items[i], ":") + 1;
    for (size_t k = 0; k < i; k++)
        if (!strncmp(pairs->items[k], pairs->items[i], length))
            return true;
    return false;
}

/* The profile's metrics under the names that they have on this device. */
static void name_metrics(const struct gateway_settings *s, struct device_section *d, int section, struct faults *faults)
{
    d->metric_count = d->profile->metric_count;
    d->metrics = xcalloc(d->metric_count, sizeof *d->metrics);
    memcpy(d->metrics, d->profile->metrics, d->metric_count * sizeof *d->metrics);
    for (size_t i = 0; i < d->rename.count; i++) {
        const char *pair = d->rename.items[i], *colon = strchr(pair, ':');
        struct profile_metric *metric = colon ? find_metric(d, pair, (size_t)(colon - pair)) : NULL;
        if (!colon || !id_valid(colon + 1))
            conf_fault(s->conf, section, "rename", faults, "%s is not OLD:NEW, two names of metrics", pair);
        else if (!metric)
            conf_fault(s->conf, section, "rename", faults, "profile %s has no metric %.*s", d->profile_name,
                       (int)(colon - pair), pair);
        else if (settings_said_before(&d->rename, i))
            conf_fault(s->conf, section, "rename", faults, "%.*s is renamed twice", (int)(colon - pair), pair);
        else
            metric->name = colon + 1;
    }
    for (size_t i = 0; i < d->metric_count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(d->metrics[i].name, d->metrics[k].name))
                conf_fault(s->conf, section, "rename", faults, "two metrics would be called %s", d->metrics[i].name);
}

/* An earlier device whose metrics have the same names and are polled as often; NULL: none. */
static const struct device_section *find_alike(const struct gateway_settings *s, const struct device_section *d)
{
    if (d->rename.count || d->intervals.count)
        return NULL;
    for (const struct device_section *e = s->devices; e < d; e++)
        if (e->profile == d->profile && e->interval_ms == d->interval_ms && !e->rename.count && !e->intervals.count)
            return e;
    return NULL;
}

static void make_metrics(struct gateway_settings *s, struct device_section *d, int section, struct faults *faults)
{
    const struct device_section *alike = find_alike(s, d);
    if (alike) {
        d->metrics = alike->metrics;
        d->metric_count = alike->metric_count;
        d->groups = alike->groups;
        d->group_count = alike->group_count;
        d->shared = true;
        return;
    }
    name_metrics(s, d, section, faults);
    settings_group_metrics(s, d, section, faults);
}

/* NULL: there is none, or the name is at fault, and that has been said. */
static struct bus_section *find_bus(struct gateway_settings *s, struct device_section *d, int section,
                                    struct faults *faults)
{
    if (!d->bus_name)
        return NULL;
    for (size_t i = 0; i < s->bus_count; i++)
        if (!strcmp(s->buses[i].name, d->bus_name)) {
            d->bus = i;
            return &s->buses[i];
        }
    conf_fault(s->conf, section, "bus", faults, "there is no [bus %s]", d->bus_name);
    return NULL;
}

static void check_unit(const struct gateway_settings *s, const struct bus_section *bus, int64_t unit, int section,
                       struct faults *faults)
{
    if (bus->type == BUS_UNKNOWN || unit == UNIT_UNKNOWN)
        return;
    if (bus->type != BUS_TCP && (unit < 1 || unit > 247))
        conf_fault(s->conf, section, "unit", faults, "on a serial line units are 1 to 247");
    if (bus->type == BUS_TCP && unit > 247 && unit != 255)
        conf_fault(s->conf, section, "unit", faults, "on TCP units are 0 to 247, and 255");
}

/* Not whole: a key was at fault.  What the others say is checked all the same, each by itself. */
static void check_device(struct gateway_settings *s, struct device_section *d, int section, bool whole,
                         struct faults *faults)
{
    struct bus_section *bus = find_bus(s, d, section, faults);
    if (bus) {
        bus->device_count++;
        check_unit(s, bus, d->unit, section, faults);
        if (!d->timeout_ms)
            d->timeout_ms = bus->timeout_ms;
    }
    if (*d->calibrated && !date_is_valid(d->calibrated))
        conf_fault(s->conf, section, "calibrated", faults, "expected a date such as 2026-01-31");
    d->profile = d->profile_name ? find_profile(s, section, d->profile_name, faults) : NULL;
    if (!d->profile)
        return;
    if (!whole) {
        name_metrics(s, d, section, faults);
        return;
    }
    d->calibration_due_ms = calibration_due(d);
    d->worst_answer_ms = d->profile->worst_answer_ms ? d->profile->worst_answer_ms : 2 * d->timeout_ms;
    if (d->worst_answer_ms < d->timeout_ms)
        d->worst_answer_ms = d->timeout_ms;
    if (bus && d->worst_answer_ms > bus->worst_answer_ms)
        bus->worst_answer_ms = d->worst_answer_ms;
    make_metrics(s, d, section, faults);
}

static void read_device(struct gateway_settings *s, int section, struct faults *faults)
{
    struct device_section *d = &s->devices[s->device_count++];
    *d = (struct device_section){.name = conf_label(s->conf, (size_t)section), .unit = UNIT_UNKNOWN};
    bool whole = conf_fill(s->conf, section, device_options, d, faults);
    check_device(s, d, section, whole, faults);
}

/* ---- the whole ---- */

/* A section that stands alone: [gateway], [mqtt], [journal].  -1: not there, or at fault. */
static int single(const struct gateway_settings *s, const char *kind, bool mandatory, struct faults *faults)
{
    int section = conf_find(s->conf, kind, "");
    if (section < 0 && mandatory)
        faults_add(faults, "%s: there is no [%s] section", conf_name(s->conf), kind);
    return section;
}

/* All sections of one kind, each with a valid name. */
static void each(struct gateway_settings *s, const char *kind,
                 void (*read)(struct gateway_settings *, int, struct faults *), struct faults *faults)
{
    for (size_t i = 0; i < conf_sections(s->conf); i++) {
        if (strcmp(conf_kind(s->conf, i), kind))
            continue;
        if (id_valid(conf_label(s->conf, i)))
            read(s, (int)i, faults);
        else
            conf_fault(s->conf, (int)i, NULL, faults, "expected [%s NAME], a name of up to %d of a-z 0-9 _ -", kind,
                       ID_MAX);
    }
}

static void check_kinds(const struct gateway_settings *s, struct faults *faults)
{
    static const char *const kinds[] = {"gateway", "mqtt", "journal", "bus", "device", NULL};
    conf_only(s->conf, kinds, faults);
    for (size_t i = 0; i < conf_sections(s->conf); i++)
        for (int k = 0; k < 3; k++)
            if (!strcmp(conf_kind(s->conf, i), kinds[k]) && *conf_label(s->conf, i))
                conf_fault(s->conf, (int)i, NULL, faults, "this section has no name: [%s]", kinds[k]);
}

static void check_loads(const struct gateway_settings *s, struct faults *faults)
{
    for (size_t i = 0; i < s->bus_count; i++) {
        struct buf why = buf_growing();
        if (s->buses[i].overload == OVERLOAD_REFUSE && load_excess(s, i, &why))
            conf_fault(s->conf, conf_find(s->conf, "bus", s->buses[i].name), "overload", faults, "%s", why.data);
        buf_free(&why);
    }
}

static int read_settings(struct gateway_settings *s, struct conf *conf, size_t before, struct faults *faults)
{
    *s = (struct gateway_settings){.conf = conf};
    if (!conf)
        return ERR_RANGE;
    s->buses = xcalloc(conf_sections(s->conf), sizeof *s->buses);
    s->devices = xcalloc(conf_sections(s->conf), sizeof *s->devices);

    check_kinds(s, faults);
    int section = single(s, "gateway", true, faults);
    if (section < 0 || !conf_fill(s->conf, section, gateway_options, s, faults))
        s->profiles_dir = s->profiles_dir ? s->profiles_dir : ".";
    section = single(s, "mqtt", true, faults);
    if (section >= 0)
        mqtt_check(s->conf, section, &s->mqtt, faults);
    section = single(s, "journal", false, faults);
    conf_fill(s->conf, section, journal_options, &s->journal, faults);
    each(s, "bus", settings_read_bus, faults);
    each(s, "device", read_device, faults);
    if (faults->count == before)
        check_loads(s, faults);
    return faults->count > before ? ERR_RANGE : 0;
}

int gateway_settings_load(struct gateway_settings *s, const char *path, struct faults *faults)
{
    size_t before = faults->count;
    return read_settings(s, conf_open(path, faults), before, faults);
}

int gateway_settings_load_text(struct gateway_settings *s, const char *name, const char *text, size_t length,
                               struct faults *faults)
{
    size_t before = faults->count;
    return read_settings(s, conf_open_text(name, text, length, faults), before, faults);
}

void gateway_settings_free(struct gateway_settings *s)
{
    for (size_t i = 0; i < s->device_count; i++) {
        if (s->devices[i].shared)
            continue;
        for (size_t g = 0; g < s->devices[i].group_count; g++)
            plan_free(&s->devices[i].groups[g].plan);
        free(s->devices[i].groups);
        free(s->devices[i].metrics);
    }
    for (size_t i = 0; i < s->profile_count; i++)
        profile_free(s->profiles[i].profile);
    free(s->profiles);
    free(s->devices);
    free(s->buses);
    conf_close(s->conf);
    *s = (struct gateway_settings){0};
}
