/* quietair-bus watch: live values of one meter by a profile, or of all meters of a gateway.ini. */
#include "common/clock.h"
#include "common/service.h"
#include "firmware-gateway/bus.h"
#include "firmware-gateway/tool/live.h"
#include "firmware-gateway/tool/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watch {
    const struct tool *tool;
    const struct gateway_settings *set;
    struct live *live;
    struct bus **buses;
    int bell; /* nobody rings it: what is waited for is time, or a stop */
};

static void show(struct watch *w)
{
    struct buf b = buf_growing(), health = buf_growing();
    for (size_t i = 0; i < w->set->bus_count; i++) {
        buf_clear(&health);
        bus_health(w->buses[i], &health);
        live_health(w->live, health.data, health.length);
    }
    if (w->tool->json) {
        live_json(w->live, &b, clock_boot_ms(), clock_wall_ms());
    } else {
        buf_text(&b, w->tool->colour ? "\033[H\033[J" : ""); /* ECMA-48: home, erase */
        live_print(w->live, &b, clock_boot_ms(), w->tool->colour);
        buf_text(&b, w->tool->colour ? "Ctrl-C ends\n" : "\n");
    }
    fputs(b.data, stdout);
    fflush(stdout);
    buf_free(&b);
    buf_free(&health);
}

static int64_t shortest_ms(const struct gateway_settings *set)
{
    int64_t shortest = 1000;
    for (size_t i = 0; i < set->device_count; i++)
        if (set->devices[i].interval_ms < shortest)
            shortest = set->devices[i].interval_ms;
    return shortest > 200 ? shortest : 200;
}

static void watch(struct watch *w, long rounds)
{
    int64_t every = shortest_ms(w->set), due = clock_mono_ms() + every;
    for (long round = 0; !service_stopping() && (!rounds || round < rounds); due += every) {
        while (!service_stopping() && clock_mono_ms() < due)
            bell_wait(w->bell, (int)(due - clock_mono_ms()));
        show(w);
        round++;
    }
}

static int start(struct watch *w, long rounds)
{
    struct bus_events on = {w->live, live_reading, live_text};
    struct fault f = {0};
    int r = 0;
    for (size_t i = 0; !r && i < w->set->bus_count; i++)
        r = bus_start(&w->buses[i], w->set, i, &on, &f);
    if (r)
        fprintf(stderr, "%s\n", f.text);
    else
        watch(w, rounds);
    for (size_t i = 0; i < w->set->bus_count; i++)
        bus_stop(w->buses[i]);
    return r ? TOOL_FAILED : TOOL_DONE;
}

static bool lines_are_free(const struct gateway_settings *set)
{
    bool all = true;
    for (size_t i = 0; i < set->bus_count; i++)
        all = tool_line_is_free(&set->buses[i]) && all;
    return all;
}

static bool load(const struct tool *t, struct gateway_settings *set)
{
    struct faults faults = {0};
    if (!t->values[TOOL_CONFIG])
        return tool_settings(t, (struct tool_line){t->values[TOOL_BAUD], t->values[TOOL_PARITY]}, t->profile, set);
    int r = gateway_settings_load(set, t->values[TOOL_CONFIG], &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    faults_free(&faults);
    return r == 0;
}

int tool_watch(const struct tool *t)
{
    struct gateway_settings set;
    char *end = NULL;
    long rounds = t->values[TOOL_ROUNDS] ? strtol(t->values[TOOL_ROUNDS], &end, 10) : 0;
    if (!t->profile == !t->values[TOOL_CONFIG]) {
        fputs("watch: name a profile and a line, or a gateway.ini with --config\n", stderr);
        return TOOL_USAGE;
    }
    if (t->values[TOOL_ROUNDS] && (*end || rounds < 1)) {
        fputs("--rounds: expected a number from 1 on\n", stderr);
        return TOOL_USAGE;
    }
    int status = TOOL_USAGE;
    if (load(t, &set)) {
        struct watch w = {.tool = t, .set = &set, .live = live_new(&set), .bell = bell_new()};
        w.buses = xcalloc(set.bus_count + 1, sizeof *w.buses);
        status = lines_are_free(&set) ? start(&w, rounds) : TOOL_FAILED;
        live_free(w.live);
        free(w.buses);
        close(w.bell);
    }
    gateway_settings_free(&set);
    return status;
}
