/* bench_tcp [--smoke | SECONDS [TURNS]]: Modbus TCP over 64 connections, ten registers a request.
 *
 * By turns against the same simulator: libmodbus in 64 threads that do nothing with what they read, the gateway, which
 * decodes, journals (fdatasync with each flush of 50 ms) and publishes to mosquitto, and those peers that are here; of
 * gateway and peers those readings count that came to a subscriber.  Eight devices on each connection, since an
 * interval of the gateway is at least 10 ms.  Then the processor time of each at a fixed 640 polls a second, one device
 * on each connection, flush 1 s.  The smoke takes the fixed load alone of peers, for a moment.
 */
#include "tests/bench/bare_modbus.h"
#include "tests/bench/figures.h"
#include "tests/bench/tcp_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64 };

static const double goal_rate = 0.8, goal_share = 3, moment_s = 0.2;
static const struct tcp_load fastest = {CONNECTIONS, 8, 10, 50, NULL}, steady = {CONNECTIONS, 1, 100, 1000, NULL};

/* One program at one load: readings a second at the subscriber, and what they take of a processor. */
struct figures_of {
    struct figures rate, to_bare, cpu_us, share;
};

struct pace {
    double warm_up_s, seconds;
};

/* Returns the rate. */
static double measure(struct rig *r, struct tcp_street *s, const struct peer *who, const struct tcp_load *load,
                      struct pace pace, struct figures_of *out)
{
    tcp_start_poller(r, who, load, s);
    rig_sleep(pace.warm_up_s);
    double cpu_s = rig_cpu_seconds(s->poller), before = tcp_readings(s);
    rig_sleep(pace.seconds);
    double readings = tcp_readings(s) - before;
    cpu_s = rig_cpu_seconds(s->poller) - cpu_s;
    tcp_stop_poller(r, s);
    figures_add(&out->rate, readings / pace.seconds);
    figures_add(&out->share, cpu_s / pace.seconds * 100);
    figures_add(&out->cpu_us, cpu_s / readings * 1e6);
    return readings / pace.seconds;
}

static void print(const char *what, const char *unit, const struct figures *f)
{
    printf("    %-32s %9.2f (%.2f to %.2f) %s\n", what, figures_median(f), figures_least(f), figures_most(f), unit);
}

static void print_program(const char *name, const struct figures_of *fast, const struct figures_of *fixed)
{
    printf("  %s\n", name);
    if (fast->rate.count) {
        print("as fast as it can", "readings/s at the subscriber", &fast->rate);
        print("", "of the bare rate", &fast->to_bare);
        print("", "us of processor time a reading", &fast->cpu_us);
    }
    print("fixed load", "readings/s at the subscriber", &fixed->rate);
    print("", "% of a processor", &fixed->share);
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    struct pace pace = {1, smoke ? 1 : argc > 1 ? atof(argv[1]) : 4};
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 5;
    struct figures bare = {0};
    struct figures_of fast[1 + PEERS] = {0}, fixed[1 + PEERS] = {0}; /* the gateway's, then the peers' */
    struct tcp_street s;
    struct rig r;
    rig_open(&r, "bench_tcp");
    tcp_open(&r, &fastest, &s);
    for (int turn = 0; turn < turns; turn++) {
        double bare_rate = (double)bare_ask_tcp(s.meters, CONNECTIONS, pace.seconds) / pace.seconds;
        figures_add(&bare, bare_rate);
        for (int i = 0; i <= PEERS; i++) {
            const struct peer *who = i ? &peers[i - 1] : NULL;
            if (who && !peer_program(who))
                continue;
            if (!who || !smoke)
                figures_add(&fast[i].to_bare, measure(&r, &s, who, &fastest, pace, &fast[i]) / bare_rate);
            measure(&r, &s, who, &steady, who && smoke ? (struct pace){0, moment_s} : pace, &fixed[i]);
        }
    }
    tcp_close(&r, &s);
    printf("bench_tcp: %d connections, %d registers a request, %d turns of %.0f s, ", CONNECTIONS, BARE_REGISTERS,
           turns, pace.seconds);
    rig_print_load();
    printf("\n  bare libmodbus\n");
    print("as fast as it can", "requests/s", &bare);
    print_program("gateway", &fast[0], &fixed[0]);
    for (int i = 0; i < PEERS; i++)
        if (fixed[1 + i].rate.count)
            print_program(peers[i].name, &fast[1 + i], &fixed[1 + i]);
        else
            peer_print_absent(&peers[i]);
    printf("  goals of the gateway: %.1f of the bare rate, %.0f %% of a processor at 640 polls/s\n", goal_rate,
           goal_share);
    rig_close(&r);
    return 0;
}
