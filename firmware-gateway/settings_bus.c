/* [bus NAME]: a serial line, a Modbus TCP address, or a serial line behind a TCP address. */
#include "firmware-gateway/settings_private.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const bus_types[] = {"rtu", "tcp", "rtu-tcp", NULL};
static const char *const overloads[] = {"warn", "refuse", NULL};
static const char *const rs485_ways[] = {"none", "kernel", "rts-up", "rts-down", NULL};

#define AT(member) offsetof(struct bus_section, member)
static const struct conf_option bus_options[] = {
    {.key = "type", .type = CONF_ENUM, .offset = AT(type), .mandatory = true, .choices = bus_types,
     .help = "rtu: a serial line; tcp: Modbus TCP; rtu-tcp: a serial line behind a TCP converter"},
    {.key = "device", .type = CONF_TEXT, .offset = AT(device),
     .help = "rtu: path of the line, best /dev/serial/by-id/…"},
    {.key = "baud", .type = CONF_INT, .offset = AT(line.baud), .fallback = "9600", .min = 1200, .max = 921600,
     .help = "rtu: speed of the line"},
    {.key = "parity", .type = CONF_ENUM, .offset = AT(line.parity), .fallback = "none", .choices = line_parities,
     .help = "rtu: none, even or odd"},
    {.key = "stop_bits", .type = CONF_INT, .offset = AT(line.stop_bits), .fallback = "1", .min = 1, .max = 2,
     .help = "rtu: 1 or 2"},
    {.key = "rs485", .type = CONF_ENUM, .offset = AT(rs485), .fallback = "none", .choices = rs485_ways,
     .help = "rtu: who switches the line to sending: none (the adapter itself), kernel, or RTS: rts-up, rts-down"},
    {.key = "address", .type = CONF_TEXT, .offset = AT(address), .help = "tcp, rtu-tcp: HOST:PORT, 192.0.2.10:502"},
    {.key = "timeout", .type = CONF_DURATION, .offset = AT(timeout_ms), .fallback = "500ms", .min = 10, .max = 600000,
     .help = "how long an answer may take to begin"},
    {.key = "retries", .type = CONF_INT, .offset = AT(retries), .fallback = "1", .min = 0, .max = 10,
     .help = "repeats of a request without answer"},
    {.key = "turnaround", .type = CONF_DURATION, .offset = AT(turnaround_ms), .fallback = "0", .min = 0, .max = 10000,
     .help = "pause before each request, for devices slow to listen again"},
    {.key = "slave_pause", .type = CONF_DURATION, .offset = AT(slave_pause_ms), .fallback = "0", .min = 0, .max = 10000,
     .help = "pause before a request to another unit than the last, where longer"},
    {.key = "connect_pause", .type = CONF_DURATION, .offset = AT(connect_pause_ms), .fallback = "0", .min = 0,
     .max = 60000, .help = "pause before the first request on a line or connection just opened"},
    {.key = "overload", .type = CONF_ENUM, .offset = AT(overload), .fallback = "warn", .choices = overloads,
     .help = "a plan that needs more than all the bus's time: warn or refuse"},
    {.key = NULL},
};
#undef AT
/* clang-format on */

/* What libmodbus 3.1.6 sets; any other it takes for 9600 without a word (modbus-rtu.c, _modbus_rtu_connect). */
static bool baud_is_known(int64_t baud)
{
    static const int64_t known[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == baud)
            return true;
    return false;
}

/* HOST:PORT, HOST, [2001:db8::1]:PORT. */
static bool split_address(struct bus_section *bus, const struct conf *conf)
{
    const char *host = bus->address, *end, *port = "502";
    if (*host == '[') {
        end = strchr(++host, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        if (end[1])
            port = end + 2;
    } else {
        end = host + strcspn(host, ":");
        if (*end)
            port = end + 1;
    }
    size_t digits = strspn(port, "0123456789");
    long n = digits > 0 && digits < 6 && !port[digits] ? strtol(port, NULL, 10) : 0;
    if (end == host || end - host > 255 || memchr(host, ' ', (size_t)(end - host)) || n < 1 || n > 65535)
        return false;
    bus->host = conf_copy(conf, host, (size_t)(end - host));
    bus->port = port;
    return true;
}

static void check_serial(const struct gateway_settings *s, const struct bus_section *bus, int section,
                         struct faults *faults)
{
    if (bus->device ? bus->device[0] != '/' : !conf_has(s->conf, section, "device"))
        conf_fault(s->conf, section, "device", faults, "expected the path of the serial line, /dev/…");
    if (bus->address)
        conf_fault(s->conf, section, "address", faults, "belongs to type = tcp and rtu-tcp");
    for (const struct bus_section *other = s->buses; other < bus; other++)
        if (bus->device && other->device && !strcmp(bus->device, other->device))
            conf_fault(s->conf, section, "device", faults, "is the line of [bus %s] already", other->name);
}

static void check_socket(const struct gateway_settings *s, struct bus_section *bus, int section, struct faults *faults)
{
    if (bus->device)
        conf_fault(s->conf, section, "device", faults, "belongs to type = rtu");
    if (bus->rs485 != RS485_NONE)
        conf_fault(s->conf, section, "rs485", faults, "belongs to type = rtu");
    if (bus->address ? !split_address(bus, s->conf) : !conf_has(s->conf, section, "address"))
        conf_fault(s->conf, section, "address", faults, "expected HOST:PORT, port from 1 to 65535");
    for (const struct bus_section *other = s->buses; other < bus && bus->type == BUS_RTU_TCP; other++)
        if (other->type == BUS_RTU_TCP && bus->host && other->host && !strcmp(bus->host, other->host) &&
            !strcmp(bus->port, other->port))
            conf_fault(s->conf, section, "address", faults, "is the line of [bus %s] already", other->name);
}

void settings_read_bus(struct gateway_settings *s, int section, struct faults *faults)
{
    struct bus_section *bus = &s->buses[s->bus_count++];
    *bus = (struct bus_section){.name = conf_label(s->conf, (size_t)section), .type = BUS_UNKNOWN};
    conf_fill(s->conf, section, bus_options, bus, faults);
    if (bus->type == BUS_UNKNOWN)
        return;
    if (bus->type == BUS_RTU)
        check_serial(s, bus, section, faults);
    else
        check_socket(s, bus, section, faults);
    if (bus->type != BUS_TCP && !baud_is_known(bus->line.baud))
        conf_fault(s->conf, section, "baud", faults,
                   "expected 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800 or 921600");
}
