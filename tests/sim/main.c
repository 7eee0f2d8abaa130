/* quietair-sim: a street of simulated meters behind real Modbus servers.
 *
 *   scenario (street) → meters → libmodbus (slave) → a TCP port (tcp) or an RS-485 line (line, wire) → log (trace)
 *
 * `quietair-sim history` is another program under the same roof: history.h.
 *
 * The main thread opens everything, says `ready` on stdout, reports every ten seconds into the log, and ends on SIGTERM
 * or SIGINT.  Each bus is served by a thread of its own.
 */
#include "common/log.h"
#include "tests/sim/history.h"
#include "tests/sim/street.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_FAULTS = 3, REPORT_S = 10 };

static const char usage[] =
    "usage: quietair-sim -c STREET.INI [--log FILE] [--check]\n"
    "       quietair-sim history --help    weeks of history into a collector\n"
    "\n"
    "Plays a street of simulated meters: Modbus TCP ports and RS-485 lines (ptys with the pace of the line).\n"
    "Prints `ready BUS=ADDRESS …` once masters can connect; ends on SIGTERM or SIGINT with the figures of each bus.\n"
    "\n"
    "  -c, --config FILE  the scenario; tests/sim/street.h describes it, config/demo/street.ini is one\n"
    "      --log FILE     append a line for every answer: time, meter, values\n"
    "      --check        only check the scenario and print what it holds\n"
    "      --help, --version\n"
    "\n"
    "exit: 0 done, 1 failed, 2 usage, 3 faults in the scenario\n";

struct options {
    const char *config, *log;
    bool check;
};

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'}, {"log", required_argument, NULL, 'l'},
        {"check", no_argument, NULL, 'k'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {0}};
    int c;
    while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'l':
            o->log = optarg;
            break;
        case 'k':
            o->check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_DONE;
        case 'v':
            puts("quietair-sim " QUIETAIR_VERSION);
            return EXIT_DONE;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (!o->config || optind < argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static void print_plan(const struct street *s)
{
    for (size_t b = 0; b < s->bus_count; b++) {
        const struct bus *bus = &s->buses[b];
        printf("bus %s: %s\n", bus->name, bus->link ? bus->link : "tcp");
        for (int unit = UNIT_FIRST; unit <= UNIT_LAST; unit++)
            if (bus->units[unit])
                printf("  unit %3d  %s, %zu points\n", unit, bus->units[unit]->name, bus->units[unit]->point_count);
    }
}

/* ---- the street while it plays ----------------------------------------------------------------------------------- */

struct play {
    struct street *street;
    struct trace *trace;
    void **open; /* by bus, what its driver opened */
};

static int open_buses(struct play *p, struct fault *f)
{
    for (size_t i = 0; i < p->street->bus_count; i++) {
        struct bus *bus = &p->street->buses[i];
        bus->trace = p->trace;
        p->open[i] = bus->driver->open(bus, f);
        if (!p->open[i])
            return f->code;
    }
    return 0;
}

static int start_buses(struct play *p, struct fault *f)
{
    int64_t start_ms = clock_mono_ms();
    int rc = 0;
    for (size_t i = 0; i < p->street->bus_count && rc == 0; i++) {
        p->street->buses[i].start_ms = start_ms;
        rc = p->street->buses[i].driver->start(p->open[i], f);
    }
    return rc;
}

static void close_buses(struct play *p)
{
    for (size_t i = p->street->bus_count; i-- > 0;)
        if (p->open[i])
            p->street->buses[i].driver->close(p->open[i]);
}

static void say_ready(struct play *p)
{
    struct buf line = buf_growing();
    buf_text(&line, "ready");
    for (size_t i = 0; i < p->street->bus_count; i++) {
        buf_print(&line, " %s=", p->street->buses[i].name);
        p->street->buses[i].driver->address(p->open[i], &line);
    }
    trace_note(p->trace, "ready");
    puts(line.data);
    fflush(stdout);
    buf_free(&line);
}

static void report(struct play *p, bool print)
{
    for (size_t i = 0; i < p->street->bus_count; i++) {
        char text[512];
        struct buf line = buf_fixed(text, sizeof text);
        buf_print(&line, "bus %s ", p->street->buses[i].name);
        p->street->buses[i].driver->report(p->open[i], &line);
        trace_note(p->trace, text);
        if (print)
            puts(text);
    }
}

/* Blocked in all threads, taken by sigtimedwait in this one. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int play(struct street *street, struct trace *trace)
{
    struct play p = {.street = street, .trace = trace, .open = xcalloc(street->bus_count + 1, sizeof(void *))};
    struct fault f = {0};
    sigset_t ends;
    int status = EXIT_FAILED;

    block_signals(&ends);
    if (open_buses(&p, &f) < 0 || start_buses(&p, &f) < 0) {
        log_error("sim", "%s", f.text);
        goto out;
    }
    say_ready(&p);
    const struct timespec pause = {.tv_sec = REPORT_S};
    while (sigtimedwait(&ends, NULL, &pause) < 0)
        if (errno == EAGAIN)
            report(&p, false);
    report(&p, true);
    status = EXIT_DONE;
out:
    close_buses(&p);
    free(p.open);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "history") == 0)
        return history_main(argc - 1, argv + 1);
    struct options o = {0};
    struct faults faults = {0};
    struct fault f = {0};
    struct trace *trace = NULL;
    int status = read_options(argc, argv, &o);
    if (status >= 0)
        return status;

    struct street *street = street_open(o.config, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    if (!street) {
        status = EXIT_FAULTS;
    } else if (o.check) {
        print_plan(street);
        status = EXIT_DONE;
    } else if (o.log && !(trace = trace_open(o.log, &f))) {
        fprintf(stderr, "%s\n", f.text);
        status = EXIT_FAILED;
    } else {
        status = play(street, trace);
    }
    trace_close(trace);
    street_close(street);
    faults_free(&faults);
    return status;
}
