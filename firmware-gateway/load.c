#include "firmware-gateway/load.h"

#include <inttypes.h>

enum { NAMED = 3 };

/* How many requests of the device's begin with another unit than the last: one a poll, where there are others. */
static int64_t pauses_ns(const struct bus_section *bus, const struct poll_group *g)
{
    int64_t silence = line_silence_ns(&bus->line), each = bus->turnaround_ms * 1000000;
    each = each > silence ? each : silence;
    int64_t change = bus->device_count > 1 ? bus->slave_pause_ms * 1000000 : 0;
    int64_t extra = change > each ? change - each : 0;
    return (int64_t)g->plan.count * (each - silence) + extra;
}

double load_of_device(const struct gateway_settings *s, size_t device)
{
    const struct device_section *d = &s->devices[device];
    const struct bus_section *bus = &s->buses[d->bus];
    double load = 0;
    for (size_t g = 0; g < d->group_count && bus->type != BUS_TCP; g++) {
        const struct poll_group *group = &d->groups[g];
        int64_t ns = pauses_ns(bus, group);
        for (size_t i = 0; i < group->plan.count; i++)
            ns += line_request_ns(&bus->line, &group->plan.blocks[i], d->profile->turnaround_ms);
        load += (double)ns / 1e6 / (double)group->interval_ms;
    }
    return load;
}

double load_of_bus(const struct gateway_settings *s, size_t bus)
{
    double load = 0;
    for (size_t i = 0; i < s->device_count; i++)
        load += s->devices[i].bus == bus ? load_of_device(s, i) : 0;
    return load;
}

/* Of the bus's devices the costliest below this load, the first of equals behind `after`; SIZE_MAX: none. */
static size_t next_costliest(const struct gateway_settings *s, size_t bus, double below, size_t after)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < s->device_count; i++) {
        double load = load_of_device(s, i);
        bool next = load < below || (load == below && i > after);
        if (s->devices[i].bus == bus && next && (best == SIZE_MAX || load > load_of_device(s, best)))
            best = i;
    }
    return best;
}

bool load_excess(const struct gateway_settings *s, size_t bus, struct buf *why)
{
    const struct bus_section *b = &s->buses[bus];
    double load = load_of_bus(s, bus), below = 2 * load;
    size_t at = 0;
    if (load <= 1)
        return false;
    buf_print(why, "this plan needs %.0f %% of bus %s at %" PRId64 " baud:", 100 * load, b->name, b->line.baud);
    for (int n = 0; n < NAMED && (at = next_costliest(s, bus, below, at)) != SIZE_MAX; n++) {
        below = load_of_device(s, at);
        buf_print(why, "%s %s %.0f %%", n ? "," : "", s->devices[at].name, 100 * below);
    }
    return true;
}
