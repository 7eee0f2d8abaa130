/* What --check prints: the plan as the installer wants to see it before he leaves. */
#include "firmware-gateway/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *interval_text(int64_t ms, char text[static 24])
{
    if (ms % 60000 == 0)
        snprintf(text, 24, "%" PRId64 "min", ms / 60000);
    else if (ms % 1000 == 0)
        snprintf(text, 24, "%" PRId64 "s", ms / 1000);
    else
        snprintf(text, 24, "%" PRId64 "ms", ms);
    return text;
}

static void print_bus(const struct gateway_settings *s, size_t b, struct buf *out)
{
    const struct bus_section *bus = &s->buses[b];
    double load = load_of_bus(s, b);
    const char *type = bus->type == BUS_RTU ? "rtu" : "rtu-tcp";
    if (bus->type == BUS_TCP) {
        buf_print(out, "bus %s: tcp %s\n", bus->name, bus->address);
        return;
    }
    buf_print(out, "bus %s: %s %s %" PRId64 " baud 8%c%" PRId64 ", %.0f %% of its time\n", bus->name, type,
              bus->type == BUS_RTU ? bus->device : bus->address, bus->line.baud, "NEO"[bus->line.parity],
              bus -> line.stop_bits, 100 * load);
    if (load > 1) {
        buf_text(out, "  warning: ");
        load_excess(s, b, out);
        buf_text(out, "; intervals will not be kept\n");
    }
    for (size_t i = 0; i < s->device_count; i++) {
        const struct profile *p = s->devices[i].profile;
        if (s->devices[i].bus == b && p->baud &&
            (p->baud != bus->line.baud || p->parity != bus->line.parity || p->stop_bits != bus->line.stop_bits))
            buf_print(out, "  note: %s ships at %" PRId64 " baud 8%c%" PRId64 "; set it for this line\n",
                      s->devices[i].name, p->baud, "NEO"[p->parity], p -> stop_bits);
    }
}

static void print_unconfirmed(const struct gateway_settings *s, size_t b, struct buf *out)
{
    for (size_t i = 0; i < s->device_count; i++)
        if (s->devices[i].bus == b && !s->devices[i].profile->confirmed)
            buf_print(out, "  note: %s: profile %s is not confirmed; compare with what the meter shows\n",
                      s->devices[i].name, s->devices[i].profile_name);
}

static void print_requests(const struct plan *plan, struct buf *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_block *block = &plan->blocks[i];
        buf_print(out, "%s%s:%u+%u", i ? " " : "", profile_table_name(block->table), block->address, block->count);
    }
    buf_char(out, '\n');
}

/* Columns as wide as their widest cell. */
struct widths {
    int device, site, profile;
};

static int wider(int width, const char *text)
{
    int n = (int)strlen(text);
    return n > width ? n : width;
}

/* The first group on the device's own line, others below it. */
static void print_group(const struct device_section *d, size_t group, struct widths w, struct buf *out)
{
    const struct poll_group *g = &d->groups[group];
    char interval[24];
    bool first = group == 0;
    buf_print(out, "  %-*s  %-*s  %-*s  ", w.device, first ? d->name : "", w.site, first ? d->site : "", w.profile,
              first ? d->profile_name : "");
    if (first)
        buf_print(out, "unit %3" PRId64, d->unit);
    else
        buf_text(out, "        ");
    buf_print(out, "  every %6s  %2zu request%c  ", interval_text(g->interval_ms, interval), g->plan.count,
              g->plan.count == 1 ? ' ' : 's');
    print_requests(&g->plan, out);
}

static void print_devices(const struct gateway_settings *s, size_t bus, struct widths w, struct buf *out)
{
    for (size_t i = 0; i < s->device_count; i++)
        for (size_t g = 0; g < s->devices[i].group_count && s->devices[i].bus == bus; g++)
            print_group(&s->devices[i], g, w, out);
}

void plan_print(const struct gateway_settings *s, struct buf *out)
{
    struct widths w = {0};
    for (size_t i = 0; i < s->device_count; i++) {
        w.device = wider(w.device, s->devices[i].name);
        w.site = wider(w.site, s->devices[i].site);
        w.profile = wider(w.profile, s->devices[i].profile_name);
    }
    buf_print(out, "gateway %s: %zu bus%s, %zu device%s\n", s->id, s->bus_count, s->bus_count == 1 ? "" : "es",
              s->device_count, s->device_count == 1 ? "" : "s");
    for (size_t b = 0; b < s->bus_count; b++) {
        print_bus(s, b, out);
        print_unconfirmed(s, b, out);
        print_devices(s, b, w, out);
        if (!s->buses[b].device_count)
            buf_print(out, "  note: no device is on it\n");
    }
}
