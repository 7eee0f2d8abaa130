#include "collector/rules/standard.h"
#include "collector/rules/rule.h"
#include "common/civil.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const band_names[] = {"day", "night", NULL};

static const char *const kinds[] = {"noise", "fume", "cleaning", NULL};
static const char *const limit_quantities[] = {"laeq", "fume", "efficiency", NULL}; /* as enum quantity begins */
static const char *const references[] = {"stove-airflow", "wind", NULL};            /* from QUANTITY_STOVE_AIRFLOW on */
static const char *const sizes[] = {"small", "medium", "large", NULL};

/* The one unit in which each quantity is judged. */
static const char *const units[] = {
    [QUANTITY_LAEQ] = "dB(A)",         [QUANTITY_FUME] = "mg/m³", [QUANTITY_EFFICIENCY] = "%",
    [QUANTITY_STOVE_AIRFLOW] = "m³/h", [QUANTITY_WIND] = "m/s",   [QUANTITY_MARGIN] = "dB(A)",
    [QUANTITY_CORRECTION] = "dB(A)",
};

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum { NO_DIFFERENCE = -1 };

struct raw { /* a section as written */
    struct provision provision;
    struct conf_list classes, positions, sizes, site_kinds;
    int quantity; /* enum quantity */
    const char *valid_from, *valid_to;
};

/* All that a section may say; which of it one kind of section needs is in check_keys. */
#define AT(member) offsetof(struct raw, member)
static const struct conf_option provision_options[] = {
    {"quantity", CONF_ENUM, AT(quantity), .choices = limit_quantities, .help = "what is limited"},
    {"class", CONF_WORDS, AT(classes), .help = "acoustic functional areas (GB 3096), 0 to 4 and 4b"},
    {"position", CONF_WORDS, AT(positions), .help = "where it is measured"},
    {"band", CONF_ENUM, AT(provision.band), .choices = band_names, .help = "when it applies"},
    {"size", CONF_WORDS, AT(sizes), .help = "of the kitchen"},
    {"site_kind", CONF_WORDS, AT(site_kinds), .help = "kinds of the site register"},
    {"days", CONF_NUMBER, AT(provision.days), .min = 1, .max = 3650, .help = "between two cleanings"},
    {"hours", CONF_NUMBER, AT(provision.hours), .min = 1, .max = 87600, .help = "of the fan, between two cleanings"},
    {"least", CONF_INT, AT(provision.least), .min = 0, .max = 100, .help = "difference from the background, from"},
    {"most", CONF_INT, AT(provision.most), .min = 0, .max = 100, .help = "to"},
    {"value", CONF_NUMBER, AT(provision.value), .min = -100, .max = 1e6, .help = "the number"},
    {"unit", CONF_TEXT, AT(provision.unit), .help = "its unit"},
    {"clause", CONF_TEXT, AT(provision.clause), .mandatory = true, .help = "clause and table of the document"},
    {"valid_from", CONF_TEXT, AT(valid_from), .mandatory = true, .help = "first day in force, YYYY-MM-DD"},
    {"valid_to", CONF_TEXT, AT(valid_to), .help = "last day in force, YYYY-MM-DD"},
    {"confirmed", CONF_BOOL, AT(provision.confirmed), .mandatory = true, .help = "yes: read in the text"},
    {.key = NULL},
};
#undef AT

struct heading {
    const char *document, *title, *source;
    int kind; /* enum standard_kind */
    bool binding;
};

#define AT(member) offsetof(struct heading, member)
static const struct conf_option heading_options[] = {
    {"document", CONF_TEXT, AT(document), .mandatory = true, .help = "as it is cited: GB 22337-2008"},
    {"title", CONF_TEXT, AT(title), .mandatory = true, .help = "its name"},
    {"source", CONF_TEXT, AT(source), "", .help = "where its text can be read"},
    {"kind", CONF_ENUM, AT(kind), .choices = kinds, .mandatory = true, .help = "what it limits"},
    {"binding", CONF_BOOL, AT(binding), "yes", .help = "no: a standard of environmental quality"},
    {.key = NULL},
};
#undef AT

/* ---- reading one section ----------------------------------------------------------------------------------------- */

struct where { /* the section under way */
    const struct conf *conf;
    int section;
    struct faults *faults;
};

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static void list_names(struct buf *out, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        buf_print(out, "%s%s", i ? " " : "", names[i]);
}

static bool read_set(const struct where *at, const char *key, const struct conf_list *words, const char *const *names,
                     unsigned *set)
{
    char text[160];
    struct buf allowed = buf_fixed(text, sizeof text);
    list_names(&allowed, names);
    for (size_t i = 0; i < words->count; i++) {
        int n = index_of(names, words->items[i]);
        if (n < 0) {
            conf_fault(at->conf, at->section, key, at->faults, "%s: allowed are %s", words->items[i], text);
            return false;
        }
        *set |= 1u << n;
    }
    return true;
}

static bool read_day(const struct where *at, const char *key, const char *text, int64_t *ms)
{
    if (strlen(text) == strlen("2008-10-01") && civil_parse(text, ms))
        return true;
    conf_fault(at->conf, at->section, key, at->faults, "expected a date that exists, YYYY-MM-DD");
    return false;
}

static bool read_dates(const struct where *at, const struct raw *raw, struct provision *p)
{
    p->until = INT64_MAX;
    if (!read_day(at, "valid_from", raw->valid_from, &p->from))
        return false;
    if (!raw->valid_to)
        return true;
    if (!read_day(at, "valid_to", raw->valid_to, &p->until))
        return false;
    p->until = civil_midnight(p->until, 1);
    if (p->until > p->from)
        return true;
    conf_fault(at->conf, at->section, "valid_to", at->faults, "is before valid_from");
    return false;
}

/* Keys that this kind of section needs, and those that it must not have. */
static bool check_keys(const struct where *at, const struct raw *raw, const char *kind)
{
    bool limit = strcmp(kind, "limit") == 0, duty = strcmp(kind, "duty") == 0, good = true;
    bool margin = strcmp(kind, "margin") == 0, correction = strcmp(kind, "correction") == 0;
    bool interval = strcmp(kind, "interval") == 0, number = !duty && !interval;
    bool timed = interval && !isnan(raw->provision.hours);
    bool noise = limit && raw->quantity == QUANTITY_LAEQ, sized = limit && raw->quantity > QUANTITY_LAEQ;
    const char *what = limit && raw->quantity >= 0 ? limit_quantities[raw->quantity] : kind;
    const struct {
        const char *key;
        bool given, wanted, allowed;
    } keys[] = {
        {"quantity", raw->quantity >= 0, limit, limit},
        {"class", raw->classes.count > 0, noise, noise},
        {"position", raw->positions.count > 0, noise, noise || margin},
        {"band", raw->provision.band >= 0, noise, noise || margin},
        {"size", raw->sizes.count > 0, false, sized || interval},
        {"site_kind", raw->site_kinds.count > 0, false, interval},
        {"days", !isnan(raw->provision.days), interval && !timed, interval},
        {"hours", !isnan(raw->provision.hours), false, interval},
        {"least", raw->provision.least != NO_DIFFERENCE, correction, correction},
        {"most", raw->provision.most != INT64_MAX, false, correction},
        {"value", !isnan(raw->provision.value), number, number},
        {"unit", raw->provision.unit != NULL, number, number},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].given && !keys[i].allowed)
            conf_fault(at->conf, at->section, keys[i].key, at->faults, "means nothing for %s", what);
        if (!keys[i].given && keys[i].wanted)
            conf_fault(at->conf, at->section, keys[i].key, at->faults, "is missing: %s needs it", what);
        good &= keys[i].given ? keys[i].allowed : !keys[i].wanted;
    }
    return good;
}

static bool check_value(const struct where *at, const struct provision *p)
{
    if (p->quantity == QUANTITY_CORRECTION ? p->value <= 0 : !(p->value < 0))
        return true;
    conf_fault(at->conf, at->section, "value", at->faults, "%s",
               p->quantity == QUANTITY_CORRECTION ? "a correction takes away: expected 0 or less"
                                                  : "expected 0 or more");
    return false;
}

static bool read_sets(const struct where *at, const struct raw *raw, struct provision *p)
{
    bool good = read_set(at, "class", &raw->classes, noise_classes, &p->classes);
    good &= read_set(at, "position", &raw->positions, noise_positions, &p->positions);
    good &= read_set(at, "size", &raw->sizes, sizes, &p->sizes);
    good &= read_set(at, "site_kind", &raw->site_kinds, site_kinds, &p->site_kinds);
    return good;
}

static bool check_unit(const struct where *at, const struct provision *p)
{
    if (strcmp(p->unit, units[p->quantity]) == 0)
        return true;
    conf_fault(at->conf, at->section, "unit", at->faults, "expected %s", units[p->quantity]);
    return false;
}

/* What a section of this kind speaks of, by its kind, or by its name; faults where that is none. */
static bool read_quantity(const struct where *at, const char *kind, const char *name, int *quantity)
{
    char text[80];
    struct buf allowed = buf_fixed(text, sizeof text);
    bool duty = strcmp(kind, "duty") == 0;
    if (strcmp(kind, "limit") == 0)
        return true;
    int reference = index_of(references, name);
    *quantity = duty                              ? QUANTITY_DUTY
                : strcmp(kind, "margin") == 0     ? QUANTITY_MARGIN
                : strcmp(kind, "correction") == 0 ? QUANTITY_CORRECTION
                : strcmp(kind, "interval") == 0   ? QUANTITY_INTERVAL
                                                  : QUANTITY_STOVE_AIRFLOW + reference;
    if (duty ? index_of(flag_names, name) >= 0 : strcmp(kind, "reference") != 0 || reference >= 0)
        return true;
    list_names(&allowed, references);
    conf_fault(at->conf, at->section, NULL, at->faults, "%s: expected %s", name, duty ? "the name of a flag" : text);
    return false;
}

static bool read_provision(const struct where *at, const char *kind, struct provision *out)
{
    struct raw raw = {
        .provision = {.band = -1, .value = NAN, .days = NAN, .hours = NAN, .least = NO_DIFFERENCE, .most = INT64_MAX},
        .quantity = -1};
    if (!conf_fill(at->conf, at->section, provision_options, &raw, at->faults) || !check_keys(at, &raw, kind))
        return false;
    struct provision *p = &raw.provision;
    p->name = conf_label(at->conf, (size_t)at->section);
    if (!read_quantity(at, kind, p->name, &raw.quantity))
        return false;
    p->quantity = (enum quantity)raw.quantity;
    bool good = read_sets(at, &raw, p);
    good &= read_dates(at, &raw, p);
    good &= check_value(at, p);
    good &= !p->unit || check_unit(at, p);
    *out = *p;
    return good;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static bool meet(const struct provision *a, const struct provision *b)
{
    if (a->quantity != b->quantity || a->from >= b->until || b->from >= a->until)
        return false;
    switch (a->quantity) {
    case QUANTITY_LAEQ:
        return (a->classes & b->classes) && (a->positions & b->positions) && a->band == b->band;
    case QUANTITY_FUME:
    case QUANTITY_EFFICIENCY:
        return !a->sizes || !b->sizes || (a->sizes & b->sizes);
    case QUANTITY_STOVE_AIRFLOW:
    case QUANTITY_WIND:
        return true;
    case QUANTITY_CORRECTION:
        return a->least <= b->most && b->least <= a->most;
    case QUANTITY_MARGIN:
    case QUANTITY_DUTY:
        return strcmp(a->name, b->name) == 0;
    case QUANTITY_INTERVAL:
        return !a->sizes == !b->sizes && !a->site_kinds == !b->site_kinds && (!a->sizes || (a->sizes & b->sizes)) &&
               (!a->site_kinds || (a->site_kinds & b->site_kinds));
    }
    return false;
}

static void check_overlap(const struct standard *s, const struct where *at)
{
    const struct provision *newest = &s->provisions[s->count - 1];
    for (const struct provision *p = s->provisions; p < newest; p++) {
        if (meet(p, newest))
            conf_fault(at->conf, at->section, NULL, at->faults, "says the same as [.. %s], with a number of its own",
                       p->name);
    }
}

static void read_sections(struct standard *s, struct faults *faults)
{
    static const char *const allowed[] = {"standard",  "limit", "margin",   "correction",
                                          "reference", "duty",  "interval", NULL};
    conf_only(s->conf, allowed, faults);
    for (size_t i = 0; i < conf_sections(s->conf); i++) {
        const char *kind = conf_kind(s->conf, i);
        struct where at = {s->conf, (int)i, faults};
        if (index_of(allowed + 1, kind) < 0)
            continue;
        s->provisions = xrealloc(s->provisions, (s->count + 1) * sizeof *s->provisions);
        if (!read_provision(&at, kind, &s->provisions[s->count]))
            continue;
        s->count++;
        check_overlap(s, &at);
    }
}

struct standard *standard_open(const char *id, struct conf *conf, struct faults *faults)
{
    struct heading heading = {0};
    size_t before = faults->count;
    struct standard *s = xcalloc(1, sizeof *s);
    *s = (struct standard){.id = xstrdup(id), .conf = conf};
    int section = conf_find(conf, "standard", "");
    if (section < 0)
        conf_fault(conf, -1, NULL, faults, "has no section [standard]");
    else
        conf_fill(conf, section, heading_options, &heading, faults);
    s->document = heading.document;
    s->title = heading.title;
    s->source = heading.source;
    s->kind = (enum standard_kind)heading.kind;
    s->binding = heading.binding;
    read_sections(s, faults);
    if (faults->count == before)
        return s;
    standard_close(s);
    return NULL;
}

void standard_close(struct standard *s)
{
    if (!s)
        return;
    conf_close(s->conf);
    free(s->provisions);
    free((char *)(uintptr_t)s->id);
    free(s);
}
