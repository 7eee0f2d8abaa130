/* quietair-sim history: its options, and what it prints. */
#include "common/civil.h"
#include "common/clock.h"
#include "common/id.h"
#include "tests/sim/history.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_FAULTS = 3,
    WEEK_DAYS = 7,
    MINUTE_MS = 60000,
    WEEKS_MOST = 520
};

static const char usage[] =
    "usage: quietair-sim history --scenario FILE --collector-config COLLECTOR.INI [--from DATE] [--weeks N | --until "
    "WHEN]\n"
    "\n"
    "Plays weeks of a street into a running collector with clock = journal, as a gateway of its own: readings, ticks "
    "and\n"
    "the scenario's commands in the order of their times.  Prints its figures as one line of JSON.\n"
    "\n"
    "  --scenario FILE          docs/history.md describes it, config/demo/history.ini is one\n"
    "  --collector-config FILE  the collector's: its broker, control socket, name and zone\n"
    "  --from YYYY-MM-DD        the first day; usual: --weeks before the end\n"
    "  --weeks N                so many weeks of seven days; usual: 8\n"
    "  --until WHEN             YYYY-MM-DD[THH:MM], or now (usual without --from): the last whole minute\n"
    "  --gateway ID             usual: gw-past\n"
    "  --district ID            usual: the collector's first district\n"
    "  --broker HOST:PORT       another way to the broker than the collector's\n"
    "  --root TOPIC             likewise\n"
    "  --check                  only check the scenario\n"
    "  --help\n"
    "\n"
    "exit: 0 done, 1 failed, 2 usage, 3 faults in the scenario or the configuration\n";

struct words {
    const char *scenario, *config, *from, *weeks, *until, *gateway, *district, *broker, *root;
    bool check;
};

/* -1: go on; else the exit status. */
static int read_words(int argc, char **argv, struct words *w)
{
    static const struct option longs[] = {
        {"scenario", required_argument, NULL, 's'}, {"collector-config", required_argument, NULL, 'c'},
        {"from", required_argument, NULL, 'f'},     {"weeks", required_argument, NULL, 'w'},
        {"until", required_argument, NULL, 'u'},    {"gateway", required_argument, NULL, 'g'},
        {"district", required_argument, NULL, 'd'}, {"broker", required_argument, NULL, 'b'},
        {"root", required_argument, NULL, 'r'},     {"check", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},           {0}};
    const char **slots[] = {
        ['s'] = &w->scenario, ['c'] = &w->config,   ['f'] = &w->from,   ['w'] = &w->weeks, ['u'] = &w->until,
        ['g'] = &w->gateway,  ['d'] = &w->district, ['b'] = &w->broker, ['r'] = &w->root};
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'h') {
            fputs(usage, stdout);
            return EXIT_DONE;
        }
        if (c == 'k')
            w->check = true;
        else if (c != '?')
            *slots[c] = optarg;
        else
            return fputs(usage, stderr), EXIT_USAGE;
    }
    if (!w->scenario || !w->config || optind < argc)
        return fputs(usage, stderr), EXIT_USAGE;
    return -1;
}

/* Where it begins and ends.  False: said why. */
static bool read_time(const struct words *w, int64_t *from, int64_t *until)
{
    int64_t now = clock_wall_ms() / MINUTE_MS * MINUTE_MS;
    char *end = "";
    long weeks = w->weeks ? strtol(w->weeks, &end, 10) : 8;
    if (*end || weeks < 1 || weeks > WEEKS_MOST) {
        fprintf(stderr, "--weeks %s: a whole number, 1 to %d\n", w->weeks, WEEKS_MOST);
        return false;
    }
    if (w->from && !civil_parse(w->from, from)) {
        fprintf(stderr, "--from %s: not a date (YYYY-MM-DD)\n", w->from);
        return false;
    }
    if (w->until && strcmp(w->until, "now") != 0 && !civil_parse(w->until, until)) {
        fprintf(stderr, "--until %s: neither now nor YYYY-MM-DD[THH:MM]\n", w->until);
        return false;
    }
    if (!w->until || strcmp(w->until, "now") == 0)
        *until = w->from && !w->until ? civil_midnight(*from, (int)weeks * WEEK_DAYS) : now;
    if (!w->from)
        *from = civil_midnight(*until, (int)-weeks * WEEK_DAYS);
    if (*until <= *from || *until > now)
        fprintf(stderr, "it would end %s\n", *until > now ? "in the future" : "before it begins");
    return *until > *from && *until <= now;
}

static bool read_broker(const char *text, struct mqtt_settings *m)
{
    char host[256], rest;
    int port;
    if (sscanf(text, "%255[A-Za-z0-9.-]:%5d%c", host, &port, &rest) != 2 || port < 1 || port > 65535) {
        fprintf(stderr, "--broker %s: written HOST:PORT\n", text);
        return false;
    }
    strcpy(m->host, host);
    m->port = port;
    m->tls = false;
    return true;
}

static bool is_id(const char *option, const char *text)
{
    if (!id_valid(text))
        fprintf(stderr, "--%s %s: an id is [a-z0-9][a-z0-9_-]{0,31}\n", option, text ? text : "");
    return id_valid(text);
}

static int play(struct past *past, const struct history_settings *set)
{
    struct history_figures n = {0};
    struct fault f = {0};
    char from[20], until[20];
    civil_stamp(past->calendar.from_ms, from);
    civil_stamp(set->until_ms, until);
    fprintf(stderr, "history: %s to %s, gateway %s, seed %lld\n", from, until, set->gateway, (long long)past->seed);
    int64_t began = clock_mono_ms();
    if (history_play(past, set, &n, &f) < 0) {
        fprintf(stderr, "quietair-sim: %s\n", f.text);
        return EXIT_FAILED;
    }
    if (n.unreached)
        fprintf(stderr, "history: %llu commands lie behind the end\n", (unsigned long long)n.unreached);
    printf("{\"gateway\":\"%s\",\"seed\":%lld,\"from\":%lld,\"until\":%lld,\"readings\":%llu,\"errors\":%llu,"
           "\"frames\":%llu,"
           "\"ticks\":%llu,\"commands\":%llu,\"took_ms\":%lld}\n",
           set->gateway, (long long)past->seed, (long long)past->calendar.from_ms, (long long)set->until_ms,
           (unsigned long long)n.readings, (unsigned long long)n.errors, (unsigned long long)n.frames,
           (unsigned long long)n.ticks, (unsigned long long)n.commands, (long long)(clock_mono_ms() - began));
    return EXIT_DONE;
}

static int with_collector(const struct words *w, struct collector_settings *c, struct faults *faults)
{
    struct history_settings set = {.collector = c,
                                   .gateway = w->gateway ? w->gateway : "gw-past",
                                   .district = w->district          ? w->district
                                               : c->districts.count ? c->districts.items[0]
                                                                    : NULL};
    int64_t from = 0;
    struct fault f;
    if (civil_zone(c->timezone, &f) < 0) {
        faults_add(faults, "%s", f.text);
        return EXIT_FAULTS;
    }
    if (!read_time(w, &from, &set.until_ms) || (w->broker && !read_broker(w->broker, &c->mqtt)) ||
        !is_id("gateway", set.gateway) || !is_id("district", set.district))
        return EXIT_USAGE;
    if (w->root)
        c->mqtt.root = w->root;
    if (c->clock != COLLECTOR_CLOCK_JOURNAL)
        faults_add(faults, "%s: a history needs a collector with clock = journal", w->config);
    struct past *past = past_open(w->scenario, from, faults);
    int status = faults->count ? EXIT_FAULTS : w->check ? EXIT_DONE : play(past, &set);
    past_close(past);
    return status;
}

int history_main(int argc, char **argv)
{
    struct words w = {0};
    struct faults faults = {0};
    struct collector_settings collector = {0};
    int status = read_words(argc, argv, &w);
    if (status >= 0)
        return status;
    status = collector_settings_load(&collector, w.config, &faults) < 0 ? EXIT_FAULTS
                                                                        : with_collector(&w, &collector, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    collector_settings_free(&collector);
    faults_free(&faults);
    return status;
}
