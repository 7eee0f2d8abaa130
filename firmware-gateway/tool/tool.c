#include "firmware-gateway/tool/tool.h"
#include "common/clock.h"
#include "common/service.h"
#include "firmware-gateway/tool/holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the options as settings ------------------------------------------------------------------------------------- */

static const char *given(const struct tool *t, enum tool_option o, const char *otherwise)
{
    return t->values[o] ? t->values[o] : otherwise;
}

static void put_key(struct buf *ini, const char *key, const char *value)
{
    if (value)
        buf_print(ini, "%s = %s\n", key, value);
}

static void put_bus(const struct tool *t, struct tool_line line, struct buf *ini)
{
    const char *address = t->values[TOOL_TCP] ? t->values[TOOL_TCP] : t->values[TOOL_RTU_TCP];
    buf_text(ini, "[bus line]\n");
    put_key(ini, "type", t->values[TOOL_DEVICE] ? "rtu" : t->values[TOOL_TCP] ? "tcp" : "rtu-tcp");
    put_key(ini, "device", t->values[TOOL_DEVICE]);
    put_key(ini, "address", t->values[TOOL_DEVICE] ? NULL : address);
    put_key(ini, "baud", line.baud);
    put_key(ini, "parity", line.parity);
    put_key(ini, "stop_bits", t->values[TOOL_STOP_BITS]);
    put_key(ini, "rs485", t->values[TOOL_RS485]);
    put_key(ini, "timeout", given(t, TOOL_TIMEOUT, "500ms"));
    put_key(ini, "retries", "0");
}

/* The strings go into lines of an INI: none may bring a line of its own. */
static bool is_one_line(const struct tool *t)
{
    for (int o = 0; o < TOOL_OPTIONS; o++)
        if (t->values[o] && strpbrk(t->values[o], "\r\n"))
            return false;
    return !t->profile || !strpbrk(t->profile, "\r\n");
}

static void put_settings(const struct tool *t, struct tool_line line, const char *profile, struct buf *ini)
{
    buf_text(ini, "[gateway]\nid = tool\ndistrict = tool\n");
    put_key(ini, "profiles_dir", t->values[TOOL_PROFILES]);
    buf_text(ini, "[mqtt]\nurl = mqtt://localhost\n");
    put_bus(t, line, ini);
    if (!profile)
        return;
    buf_text(ini, "[device meter]\nbus = line\nsite = tool\n");
    put_key(ini, "unit", given(t, TOOL_UNIT, "1"));
    put_key(ini, "profile", profile);
    put_key(ini, "interval", given(t, TOOL_INTERVAL, "1s"));
}

/* What the profile says of its line stands where no option does. */
static void use_profile(const struct tool *t, struct gateway_settings *s)
{
    const struct profile *p = s->devices[0].profile;
    struct line *line = &s->buses[0].line;
    if (p->baud && !t->values[TOOL_BAUD])
        line->baud = p->baud;
    if (p->baud && !t->values[TOOL_PARITY])
        line->parity = p->parity;
    if (p->baud && !t->values[TOOL_STOP_BITS])
        line->stop_bits = p->stop_bits;
}

bool tool_settings(const struct tool *t, struct tool_line line, const char *profile, struct gateway_settings *s)
{
    struct faults faults = {0};
    struct buf ini = buf_growing();
    int ways = !!t->values[TOOL_DEVICE] + !!t->values[TOOL_TCP] + !!t->values[TOOL_RTU_TCP];
    *s = (struct gateway_settings){0};
    if (!t->values[TOOL_DEVICE] && !t->values[TOOL_RTU_TCP] &&
        (t->values[TOOL_BAUD] || t->values[TOOL_PARITY] || t->values[TOOL_STOP_BITS])) {
        fputs("--baud, --parity and --stop-bits belong to --device and --rtu-tcp\n", stderr);
        return false;
    }
    if (ways != 1 || !is_one_line(t)) {
        fputs(ways == 1 ? "an option has a line break in it\n" : "give one of --device, --tcp and --rtu-tcp\n", stderr);
        return false;
    }
    put_settings(t, line, profile, &ini);
    int r = gateway_settings_load_text(s, "options", ini.data, ini.length, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    faults_free(&faults);
    buf_free(&ini);
    if (r == 0 && profile)
        use_profile(t, s);
    return r == 0;
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

bool tool_line_is_free(const struct bus_section *bus)
{
    struct holder by;
    if (bus->type != BUS_RTU)
        return true;
    if (access(bus->device, R_OK | W_OK) != 0) {
        fprintf(stderr, "%s: %s\n", bus->device, strerror(errno));
        return false;
    }
    if (!holder_find(bus->device, &by))
        return true;
    fprintf(stderr, "%s is in use by %s (pid %d): two masters on one line spoil each other's answers; stop it first\n",
            bus->device, by.name, by.pid);
    return false;
}

void tool_describe(const struct bus_section *bus, struct buf *b)
{
    if (bus->type != BUS_RTU)
        buf_print(b, "%s %s", bus->type == BUS_TCP ? "TCP" : "RTU over TCP", bus->address);
    else
        buf_print(b, "%s, %lld baud 8%c%lld", bus->device, (long long)bus->line.baud, "NEO"[bus->line.parity],
                  (long long)bus -> line.stop_bits);
}

/* ---- one question ------------------------------------------------------------------------------------------------ */

bool tool_ask(struct link *link, const struct bus_section *bus, const struct question *q, struct answer *a,
              uint16_t *words)
{
    int64_t timeout_ns = bus->timeout_ms * 1000000;
    struct asked asked = {.q = *q, .rivalled = true, .timeout_ns = timeout_ns, .worst_ns = 2 * timeout_ns};
    if (!link_open(link, bus->timeout_ms))
        return false;
    do {
        if (!link_wait(link, &asked))
            return false;
        int64_t free_ns = link_free_ns(link, &asked);
        while (free_ns > clock_mono_ns() && !service_stopping())
            bell_wait(service_fd(), (int)((free_ns - clock_mono_ns()) / 1000000) + 1);
    } while (!service_stopping() && link_free_ns(link, &asked) > clock_mono_ns());
    if (service_stopping())
        return false;
    *a = link_ask(link, &asked, words);
    return !a->stopped;
}

bool tool_register(const char *text, enum profile_table *table, uint16_t *address)
{
    static const enum profile_table tables[] = {TABLE_HOLDING, TABLE_INPUT, TABLE_COIL, TABLE_DISCRETE};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const char *name = profile_table_name(tables[i]);
        size_t length = strlen(name);
        if (strncmp(text, name, length) != 0 || text[length] != ':')
            continue;
        const char *digits = text + length + 1;
        bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
        char *end;
        if (!digits[0] || !strchr("0123456789", digits[0]))
            return false;
        unsigned long n = strtoul(digits, &end, hex ? 16 : 10);
        if (*end || n > 65535)
            return false;
        *table = tables[i];
        *address = (uint16_t)n;
        return true;
    }
    return false;
}

uint8_t tool_function(enum profile_table table)
{
    static const uint8_t functions[] = {[TABLE_HOLDING] = 3, [TABLE_INPUT] = 4, [TABLE_COIL] = 1, [TABLE_DISCRETE] = 2};
    return functions[table];
}

void tool_print(const struct tool *t, const struct table *table)
{
    struct buf b = buf_growing();
    table_write(table, &b, t->colour);
    fputs(b.data, stdout);
    fflush(stdout);
    buf_free(&b);
}
