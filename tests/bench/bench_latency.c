/* bench_latency [--smoke | SECONDS [TURNS]]: how old a reading is when a subscriber of mosquitto has it, from the last
 * byte of the meter's answer on.  64 devices on 64 Modbus TCP connections, polled every 100 ms; between them lie the
 * flush, during which readings wait for others, the journal's fdatasync, and the broker.
 */
#include "tests/bench/figures.h"
#include "tests/bench/tcp_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64, GOAL_MS = 10 };

static const int flushes[] = {10, 100, 1000};
enum { FLUSHES = sizeof flushes / sizeof *flushes };

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    double seconds = smoke ? 1 : argc > 1 ? atof(argv[1]) : 5;
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 5;
    int count = smoke ? 1 : FLUSHES;
    struct figures half[FLUSHES] = {0}, most[FLUSHES] = {0};
    struct tcp_load load = {.connections = CONNECTIONS, .units = 1, .interval_ms = 97 /* not in step with a flush */};
    struct tcp_street s;
    struct rig r;
    rig_open(&r, "bench_latency");
    tcp_open(&r, &load, &s);
    for (int turn = 0; turn < turns; turn++)
        for (int i = 0; i < count; i++) {
            load.flush_ms = flushes[i];
            tcp_start_poller(&r, NULL, &load, &s);
            rig_sleep(1); /* all are connected, and in step with the flushes */
            subscriber_forget_ages(s.subscriber);
            rig_sleep(seconds);
            figures_add(&half[i], subscriber_age_ms(s.subscriber, 50));
            figures_add(&most[i], subscriber_age_ms(s.subscriber, 99));
            tcp_stop_poller(&r, &s);
        }
    tcp_close(&r, &s);
    printf("bench_latency: %d devices, each every %d ms, %d turns of %.0f s, ", CONNECTIONS, load.interval_ms, turns,
           seconds);
    rig_print_load();
    printf("\n");
    for (int i = 0; i < count; i++)
        printf("  flush %4d ms: half within %4.0f ms, 99 %% within %4.0f ms (%.0f to %.0f); goal %d ms\n", flushes[i],
               figures_median(&half[i]), figures_median(&most[i]), figures_least(&most[i]), figures_most(&most[i]),
               flushes[i] + GOAL_MS);
    rig_close(&r);
    return 0;
}
