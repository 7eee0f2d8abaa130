/* bench_tcp [--smoke | SECONDS [TURNS]]: Modbus TCP over 64 connections, ten registers a request.
 *
 * By turns against the same simulator: libmodbus in 64 threads that do nothing with what they read, and the gateway,
 * which decodes, journals (fdatasync with each flush of 50 ms) and publishes to mosquitto; of it those readings count
 * that came to a subscriber.  Eight devices on each connection, since an interval is at least 10 ms.  Then the
 * processor time of the gateway at a fixed 640 polls a second, one device on each connection, flush 1 s.
 */
#include "tests/bench/bare_modbus.h"
#include "tests/bench/figures.h"
#include "tests/bench/tcp_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64 };

static const double goal_rate = 0.8, goal_share = 3, warm_up_s = 1;

struct rates {
    struct figures bare, gateway, ratio, cpu_us, read;
};

static void fastest(struct rig *r, struct tcp_street *s, double seconds, struct rates *out)
{
    static const struct tcp_load load = {CONNECTIONS, 8, 10, 50, NULL};
    double bare = (double)bare_ask_tcp(s->meters, CONNECTIONS, seconds) / seconds;
    tcp_start_gateway(r, &load, s);
    rig_sleep(warm_up_s);
    double cpu_s = rig_cpu_seconds(s->gateway);
    uint64_t before = subscriber_readings(s->subscriber);
    rig_sleep(seconds);
    double readings = (double)(subscriber_readings(s->subscriber) - before);
    cpu_s = rig_cpu_seconds(s->gateway) - cpu_s;
    tcp_stop_gateway(r, s);
    figures_add(&out->bare, bare);
    figures_add(&out->gateway, readings / seconds);
    figures_add(&out->ratio, readings / seconds / bare);
    figures_add(&out->cpu_us, cpu_s / readings * 1e6);
}

static void steady(struct rig *r, struct tcp_street *s, double seconds, struct figures *share, struct figures *rate)
{
    static const struct tcp_load load = {CONNECTIONS, 1, 100, 1000, NULL};
    tcp_start_gateway(r, &load, s);
    rig_sleep(warm_up_s);
    double cpu_s = rig_cpu_seconds(s->gateway);
    uint64_t before = subscriber_readings(s->subscriber);
    rig_sleep(seconds);
    figures_add(share, (rig_cpu_seconds(s->gateway) - cpu_s) / seconds * 100);
    figures_add(rate, (double)(subscriber_readings(s->subscriber) - before) / seconds);
    tcp_stop_gateway(r, s);
}

static void print(const char *what, const char *unit, const struct figures *f)
{
    printf("  %-34s %9.2f (%.2f to %.2f) %s\n", what, figures_median(f), figures_least(f), figures_most(f), unit);
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    double seconds = smoke ? 1 : argc > 1 ? atof(argv[1]) : 4;
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 5;
    static const struct tcp_load street = {CONNECTIONS, 8, 10, 50, NULL};
    struct rates fast = {0};
    struct figures share = {0}, rate = {0};
    struct tcp_street s;
    struct rig r;
    rig_open(&r, "bench_tcp");
    tcp_open(&r, &street, &s);
    for (int turn = 0; turn < turns; turn++) {
        fastest(&r, &s, seconds, &fast);
        steady(&r, &s, seconds, &share, &rate);
    }
    tcp_close(&r, &s);
    printf("bench_tcp: %d connections, %d registers a request, %d turns of %.0f s, ", CONNECTIONS, BARE_REGISTERS,
           turns, seconds);
    rig_print_load();
    printf("\n");
    print("bare libmodbus", "requests/s", &fast.bare);
    print("gateway", "readings/s at the subscriber", &fast.gateway);
    print("gateway", "us of processor time a reading", &fast.cpu_us);
    print("gateway / bare libmodbus", "", &fast.ratio);
    print("fixed load", "readings/s at the subscriber", &rate);
    print("fixed load", "% of a processor", &share);
    printf("  goals: %.1f of the bare rate, %.0f %% of a processor at 640 polls/s\n", goal_rate, goal_share);
    rig_close(&r);
    return 0;
}
