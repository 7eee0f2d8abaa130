/* quietair-bus try: one meter read once by a profile, as the gateway would read it. */
#include "common/clock.h"
#include "firmware-gateway/bus.h"
#include "firmware-gateway/tool/live.h"
#include "firmware-gateway/tool/tool.h"

#include <stdio.h>

static void print_live(const struct tool *t, struct live *live)
{
    struct buf b = buf_growing();
    if (t->json)
        live_json(live, &b, clock_boot_ms(), clock_wall_ms());
    else
        live_print(live, &b, clock_boot_ms(), t->colour);
    fputs(b.data, stdout);
    buf_free(&b);
}

static int try_once(const struct tool *t, const struct gateway_settings *set)
{
    struct live *live = live_new(set);
    struct bus_events on = {live, live_reading, live_text};
    struct fault f = {0};
    int r = bus_once(set, 0, &on, &f);
    if (r < 0)
        fprintf(stderr, "%s\n", f.text);
    else
        print_live(t, live);
    size_t failed = live_failed(live);
    if (failed)
        fprintf(stderr, "%zu of %zu metrics have no value\n", failed, set->devices[0].metric_count);
    live_free(live);
    return r < 0 || failed ? TOOL_FAILED : TOOL_DONE;
}

int tool_try(const struct tool *t)
{
    struct gateway_settings set;
    int status = TOOL_USAGE;
    if (!t->profile)
        fputs("try: name a profile, as in: quietair-bus try renke-noise --device /dev/ttyUSB0 --unit 1\n", stderr);
    else if (tool_settings(t, (struct tool_line){t->values[TOOL_BAUD], t->values[TOOL_PARITY]}, t->profile, &set)) {
        status = tool_line_is_free(&set.buses[0]) ? try_once(t, &set) : TOOL_FAILED;
        gateway_settings_free(&set);
    }
    return status;
}
