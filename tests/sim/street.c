#include "tests/sim/street.h"
#include "common/civil.h"
#include "common/conf.h"
#include "common/id.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_LAST = 65535, REGISTERS_MAX = 65536, LINK_MAX = 100 };

struct model {
    const char *name;
    size_t count;
    struct place places[METER_POINTS];
};

/* The street and what only its making needs; strings belong to conf. */
struct plan {
    struct street street; /* first member: what street_open hands out */
    struct conf *conf;
    size_t model_count;
    struct model *models;
    int64_t seed, repeat_ms;
    struct faults *faults;
};

/* ---- the tables -------------------------------------------------------------------------------------------------- */
/* clang-format off */

struct sim_keys {
    int64_t seed, repeat_ms;
    const char *timezone;
};
static const struct conf_option sim_options[] = {
    {.key = "seed", .type = CONF_INT, .offset = offsetof(struct sim_keys, seed), .fallback = "1", .min = 0, .max = 1e15,
     .help = "of all jitter"},
    {.key = "repeat", .type = CONF_DURATION, .offset = offsetof(struct sim_keys, repeat_ms), .fallback = "0",
     .min = 0, .max = 7 * 86400e3, .help = "period of schedules and dead windows; 0: never again"},
    {.key = "timezone", .type = CONF_TEXT, .offset = offsetof(struct sim_keys, timezone), .fallback = "",
     .help = "of times of day; empty: the machine's"},
    {0},
};

enum bus_type { BUS_TCP, BUS_RTU };
static const char *const bus_types[] = {"tcp", "rtu", NULL};
static const char *const parities[] = {"none", "even", "odd", NULL};
struct bus_keys {
    int type, parity;
    const char *address, *link;
    int64_t baud, stop_bits;
};
static const struct conf_option bus_options[] = {
    {.key = "type", .type = CONF_ENUM, .offset = offsetof(struct bus_keys, type), .choices = bus_types,
     .mandatory = true, .help = "tcp or rtu"},
    {.key = "address", .type = CONF_TEXT, .offset = offsetof(struct bus_keys, address),
     .help = "tcp: where to listen, IPv4:PORT; port 0: any free one"},
    {.key = "link", .type = CONF_TEXT, .offset = offsetof(struct bus_keys, link),
     .help = "rtu: the symbolic link to make"},
    {.key = "baud", .type = CONF_INT, .offset = offsetof(struct bus_keys, baud), .fallback = "9600", .min = 300,
     .max = 921600, .help = "rtu: pace of the line"},
    {.key = "parity", .type = CONF_ENUM, .offset = offsetof(struct bus_keys, parity), .fallback = "none",
     .choices = parities, .help = "rtu"},
    {.key = "stop_bits", .type = CONF_INT, .offset = offsetof(struct bus_keys, stop_bits), .fallback = "1", .min = 1,
     .max = 2, .help = "rtu"},
    {0},
};

struct meter_keys {
    const char *bus, *model, *dead;
    int64_t unit, turnaround_ms;
    const char *points[METER_POINTS];
};
enum { METER_FIXED = 5 };
static const struct conf_option meter_options[METER_FIXED] = {
    {.key = "bus", .type = CONF_ID, .offset = offsetof(struct meter_keys, bus), .mandatory = true},
    {.key = "model", .type = CONF_ID, .offset = offsetof(struct meter_keys, model), .mandatory = true},
    {.key = "unit", .type = CONF_INT, .offset = offsetof(struct meter_keys, unit), .min = UNIT_FIRST, .max = UNIT_LAST,
     .mandatory = true},
    {.key = "turnaround", .type = CONF_DURATION, .offset = offsetof(struct meter_keys, turnaround_ms), .fallback = "0",
     .min = 0, .max = 3600e3},
    {.key = "dead", .type = CONF_TEXT, .offset = offsetof(struct meter_keys, dead), .fallback = "no"},
};

/* clang-format on */

/* Buses, models and meters are named by ids: the log and the ready line hold them between blanks. */
static const char *name_of(struct plan *plan, int section)
{
    const char *label = conf_label(plan->conf, (size_t)section);
    if (!id_valid(label))
        conf_fault(plan->conf, section, NULL, plan->faults, "needs a name of [a-z0-9][a-z0-9_-]{0,31} behind its kind");
    return label;
}

/* ---- models ------------------------------------------------------------------------------------------------------ */

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static bool parse_register(const char *text, struct place *p)
{
    static const char *const tables[] = {"coil", "discrete", "holding", "input", NULL};
    char table[10];
    unsigned long address = 0;
    char *end;
    const char *colon = strchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof table || colon[1] < '0' || colon[1] > '9')
        return false;
    snprintf(table, sizeof table, "%.*s", (int)(colon - text), text);
    int i = index_of(tables, table);
    bool hex = colon[1] == '0' && colon[2] == 'x';
    address = strtoul(colon + 1, &end, hex ? 16 : 10);
    if (i < 0 || *end || address > ADDRESS_LAST)
        return false;
    p->table = (enum table)(TABLE_COIL + i);
    p->address = (unsigned)address;
    return true;
}

/* One word behind the register: a type, an order or a scale; NULL if it is one, else what would have been right. */
static const char *parse_encoding_word(const char *word, struct encoding *e, bool *typed)
{
    int type = index_of(raw_types, word), order = index_of(raw_orders, word);
    if (type >= 0 && !*typed) {
        e->type = (enum raw_type)type;
        *typed = true;
        return NULL;
    }
    if (order >= 0) {
        e->order = (enum raw_order)order;
        return *typed && encode_words(e) == 2 ? NULL : "an order belongs behind a 32-bit type";
    }
    if (word[0] == 'x')
        return encode_scale(e, word + 1) ? NULL
                                         : "a scale is x and a decimal number of at most five digits, such as x0.01";
    return "behind the register stand a type (bit u16 s16 u32 s32 f32), an order (abcd cdab badc dcba), a scale (x0.1)";
}

/* TABLE:ADDRESS TYPE [ORDER] [xSCALE] [value USUAL] */
static const char *parse_place(const char *text, struct place *p)
{
    char word[32];
    const char *wrong = NULL;
    bool typed = false;
    int used = 0;
    p->encoding = (struct encoding){.scale = 1};
    if (sscanf(text, "%31s%n", word, &used) != 1 || !parse_register(word, p))
        return "begins with a register such as holding:0 (holding, input, coil, discrete; 0..65535)";
    text += used;
    while (!wrong && sscanf(text, "%31s%n", word, &used) == 1) {
        text += used;
        if (strcmp(word, "value") == 0) {
            p->usual = text + strspn(text, " \t");
            break;
        }
        wrong = parse_encoding_word(word, &p->encoding, &typed);
    }
    if (wrong)
        return wrong;
    if (!typed)
        return "names no type (bit u16 s16 u32 s32 f32)";
    bool bits = p->table == TABLE_COIL || p->table == TABLE_DISCRETE;
    if (bits != (p->encoding.type == RAW_BIT))
        return "coil and discrete hold bits, holding and input hold the other types";
    if (p->address + encode_words(&p->encoding) > REGISTERS_MAX)
        return "reaches behind the last register, 65535";
    return NULL;
}

static const struct place *overlapping(const struct model *m, const struct place *p)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct place *other = &m->places[i];
        if (other->table == p->table && other->address < p->address + encode_words(&p->encoding) &&
            p->address < other->address + encode_words(&other->encoding))
            return other;
    }
    return NULL;
}

static void read_model(struct plan *plan, int section, struct model *m)
{
    struct conf *c = plan->conf;
    m->name = name_of(plan, section);
    for (size_t i = 0; i < conf_keys(c, (size_t)section); i++) {
        struct place p = {0};
        const char *text, *wrong;
        p.name = conf_key(c, (size_t)section, i, &text);
        if (!text)
            continue; /* not readable, and said so */
        if (!id_valid(p.name))
            wrong = "a point is named by [a-z0-9][a-z0-9_-]{0,31}";
        else if (m->count == METER_POINTS)
            wrong = "too many points in one model, 64 are allowed";
        else
            wrong = parse_place(text, &p);
        const struct place *other = wrong ? NULL : overlapping(m, &p);
        for (int o = 0; o < METER_FIXED && !wrong; o++)
            if (strcmp(meter_options[o].key, p.name) == 0)
                wrong = "this name is a key of every meter";
        if (wrong)
            conf_fault(c, section, p.name, plan->faults, "%s", wrong);
        else if (other)
            conf_fault(c, section, p.name, plan->faults, "its registers overlap those of %s", other->name);
        else
            m->places[m->count++] = p;
    }
}

/* ---- buses ------------------------------------------------------------------------------------------------------- */

static bool parse_address(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    char *end;
    if (!colon || (size_t)(colon - text) >= sizeof host || colon[1] < '0' || colon[1] > '9')
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    unsigned long port = strtoul(colon + 1, &end, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return !*end && port <= UINT16_MAX && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static void read_bus(struct plan *plan, int section, struct bus *b)
{
    struct conf *c = plan->conf;
    struct bus_keys k = {0};
    b->name = name_of(plan, section);
    if (!conf_fill(c, section, bus_options, &k, plan->faults))
        return;
    b->driver = k.type == BUS_TCP ? &tcp_driver : &line_driver;
    b->link = k.link;
    b->baud = k.baud;
    b->parity = (enum parity)k.parity;
    b->stop_bits = k.stop_bits;
    if (k.type == BUS_TCP) {
        if (!k.address || !parse_address(k.address, &b->address))
            conf_fault(c, section, "address", plan->faults,
                       "a tcp bus listens at an IPv4 address and port: 127.0.0.1:0");
        if (k.link)
            conf_fault(c, section, "link", plan->faults, "belongs to type = rtu");
    } else {
        if (!k.link || !*k.link || strlen(k.link) > LINK_MAX)
            conf_fault(c, section, "link", plan->faults, "an rtu bus needs the path of a link, at most %d bytes",
                       LINK_MAX);
        if (k.address)
            conf_fault(c, section, "address", plan->faults, "belongs to type = tcp");
    }
}

/* ---- meters ------------------------------------------------------------------------------------------------------ */

static struct model *find_model(struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->model_count; i++)
        if (strcmp(plan->models[i].name, name) == 0)
            return &plan->models[i];
    return NULL;
}

static struct bus *find_bus(struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->street.bus_count; i++)
        if (strcmp(plan->street.buses[i].name, name) == 0)
            return &plan->street.buses[i];
    return NULL;
}

/* The model that the section names, before the section as a whole can be read: its points are keys there. */
static struct model *model_of(struct plan *plan, int section)
{
    for (size_t i = 0; i < conf_keys(plan->conf, (size_t)section); i++) {
        const char *value;
        if (strcmp(conf_key(plan->conf, (size_t)section, i, &value), "model") == 0 && value)
            return find_model(plan, value);
    }
    return NULL;
}

static void check_levels(struct plan *plan, int section, const struct point *p)
{
    double lowest = encode_lowest(&p->place->encoding), highest = encode_highest(&p->place->encoding);
    for (size_t i = 0; i < p->behaviour.step_count; i++) {
        const struct step *s = &p->behaviour.steps[i];
        if (s->level - s->jitter < lowest || s->level + s->jitter > highest)
            conf_fault(plan->conf, section, p->place->name, plan->faults, "%g~%g is outside %g..%g, what %s can hold",
                       s->level, s->jitter, lowest, highest, raw_types[p->place->encoding.type]);
    }
}

static void read_point(struct plan *plan, int section, const char *text, const struct meter *m, struct point *p)
{
    struct fault f;
    if (!text)
        text = p->place->usual;
    p->seed = seed_mix(seed_mix((uint64_t)plan->seed, m->name), p->place->name);
    if (!text)
        conf_fault(plan->conf, section, p->place->name, plan->faults, "is missing, and the model names no usual value");
    else if (behaviour_parse(&p->behaviour, text, plan->repeat_ms, &f) < 0)
        conf_fault(plan->conf, section, p->place->name, plan->faults, "%s", f.text);
    else
        check_levels(plan, section, p);
}

static void read_meter(struct plan *plan, int section, struct meter *m)
{
    struct conf *c = plan->conf;
    struct meter_keys k = {0};
    struct conf_option table[METER_FIXED + METER_POINTS + 1] = {0};
    struct model *model = model_of(plan, section);
    struct fault f;

    memcpy(table, meter_options, sizeof meter_options);
    m->name = name_of(plan, section);
    m->point_count = model ? model->count : 0;
    m->points = xcalloc(m->point_count + 1, sizeof *m->points);
    for (size_t i = 0; i < m->point_count; i++) {
        m->points[i].place = &model->places[i];
        table[METER_FIXED + i] =
            (struct conf_option){.key = model->places[i].name,
                                 .type = CONF_TEXT,
                                 .offset = offsetof(struct meter_keys, points) + i * sizeof *k.points};
    }
    bool filled = conf_fill(c, section, table, &k, plan->faults);
    if (!model && k.model)
        conf_fault(c, section, "model", plan->faults, "there is no section [model %s]", k.model);
    for (size_t i = 0; i < m->point_count; i++)
        read_point(plan, section, k.points[i], m, &m->points[i]);
    if (!filled)
        return;
    m->unit = (int)k.unit;
    m->turnaround_ms = k.turnaround_ms;
    if (windows_parse(&m->dead, k.dead, plan->repeat_ms, &f) < 0)
        conf_fault(c, section, "dead", plan->faults, "%s", f.text);
    struct bus *bus = find_bus(plan, k.bus);
    if (!bus)
        conf_fault(c, section, "bus", plan->faults, "there is no section [bus %s]", k.bus);
    else if (bus->units[m->unit])
        conf_fault(c, section, "unit", plan->faults, "is that of %s on the same bus", bus->units[m->unit]->name);
    else
        bus->units[m->unit] = m;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void read_sim(struct plan *plan)
{
    struct sim_keys k = {0};
    struct fault f;
    int section = conf_find(plan->conf, "sim", "");
    if (!conf_fill(plan->conf, section, sim_options, &k, plan->faults))
        return;
    plan->seed = k.seed;
    plan->repeat_ms = k.repeat_ms;
    if (*k.timezone && civil_zone(k.timezone, &f) < 0)
        conf_fault(plan->conf, section, "timezone", plan->faults, "%s", f.text);
}

static size_t count_kind(const struct conf *c, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < conf_sections(c); i++)
        n += strcmp(conf_kind(c, i), kind) == 0;
    return n;
}

static void read_sections(struct plan *plan)
{
    static const char *const kinds[] = {"sim", "bus", "model", "meter", NULL};
    struct conf *c = plan->conf;
    struct street *s = &plan->street;
    size_t models = count_kind(c, "model"), buses = count_kind(c, "bus"), meters = count_kind(c, "meter");

    plan->models = xcalloc(models + 1, sizeof *plan->models);
    s->buses = xcalloc(buses + 1, sizeof *s->buses);
    s->meters = xcalloc(meters + 1, sizeof *s->meters);
    conf_only(c, kinds, plan->faults);
    read_sim(plan);
    for (size_t i = 0; i < conf_sections(c); i++) {
        if (strcmp(conf_kind(c, i), "model") == 0)
            read_model(plan, (int)i, &plan->models[plan->model_count++]);
        else if (strcmp(conf_kind(c, i), "bus") == 0)
            read_bus(plan, (int)i, &s->buses[s->bus_count++]);
    }
    for (size_t i = 0; i < conf_sections(c); i++)
        if (strcmp(conf_kind(c, i), "meter") == 0)
            read_meter(plan, (int)i, &s->meters[s->meter_count++]);
    if (s->meter_count == 0)
        faults_add(plan->faults, "%s: no [meter NAME]", conf_name(c));
}

struct street *street_open(const char *path, struct faults *faults)
{
    struct conf *conf = conf_open(path, faults);
    if (!conf)
        return NULL;
    struct plan *plan = xcalloc(1, sizeof *plan);
    plan->conf = conf;
    plan->faults = faults;
    read_sections(plan);
    if (faults->count) {
        street_close(&plan->street);
        return NULL;
    }
    for (size_t i = 0; i < plan->street.meter_count; i++)
        meter_prepare(&plan->street.meters[i]);
    return &plan->street;
}

void street_close(struct street *street)
{
    if (!street)
        return;
    struct plan *plan = (struct plan *)street;
    for (size_t i = 0; i < street->meter_count; i++) {
        meter_free(&street->meters[i]);
        free(street->meters[i].points);
    }
    free(street->meters);
    free(street->buses);
    free(plan->models);
    conf_close(plan->conf);
    free(plan);
}
