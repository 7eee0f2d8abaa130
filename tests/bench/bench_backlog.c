/* bench_backlog [--smoke | SECONDS [TURNS]]: how fast what a gateway has journalled while the broker was away comes
 * after it is back, as a multiple of the live rate, while `now` stays fresh.  64 devices on 64 Modbus TCP connections,
 * polled every 100 ms, flush 0.1 s; mosquitto is ended and started again SECONDS later.
 */
#include "common/clock.h"
#include "tests/bench/figures.h"
#include "tests/bench/tcp_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64, INTERVAL_MS = 100, FLUSH_MS = 100, PATIENCE_MS = 60000, GOAL_NOW_MS = 2000 };

static const double goal_ratio = 10, live_s = 3, look_s = 0.002;

static double seconds_since(int64_t mono_ns)
{
    return (double)(clock_mono_ns() - mono_ns) / 1e9;
}

static void fail_after(struct rig *r, int64_t last_ms, const char *why)
{
    if (clock_mono_ms() > last_ms)
        rig_fail(r, why);
    rig_sleep(look_s);
}

static double live_rate(const struct tcp_street *s, double seconds)
{
    double before = tcp_readings(s);
    int64_t since_ns = clock_mono_ns();
    rig_sleep(seconds);
    return (tcp_readings(s) - before) / seconds_since(since_ns);
}

static void outage(struct rig *r, struct tcp_street *s, double seconds, struct figures *ratio, struct figures *now_age)
{
    double live = live_rate(s, live_s), before = tcp_readings(s);
    int64_t since_ns = clock_mono_ns(), last_ms = clock_mono_ms() + (int64_t)(seconds * 1000) + PATIENCE_MS;
    rig_stop(r, s->mosquitto, NULL);
    rig_sleep(seconds);
    rig_restart_broker(r, s->broker, &s->mosquitto);
    while (tcp_readings(s) <= before)
        fail_after(r, last_ms, "nothing comes after the outage");
    int64_t begun_ns = clock_mono_ns();
    subscriber_now_age_ms(s->subscriber); /* what was before is the outage's */
    while (tcp_readings(s) - before < live * (seconds_since(since_ns) - 2 * FLUSH_MS / 1e3))
        fail_after(r, last_ms, "the backlog does not end");
    figures_add(ratio, (tcp_readings(s) - before) / seconds_since(begun_ns) / live);
    rig_sleep(live_s);
    figures_add(now_age, (double)subscriber_now_age_ms(s->subscriber));
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    double seconds = smoke ? 1 : argc > 1 ? atof(argv[1]) : 30;
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 5;
    const struct tcp_load load = {
        .connections = CONNECTIONS, .units = 1, .interval_ms = INTERVAL_MS, .flush_ms = FLUSH_MS};
    struct figures ratio = {0}, now_age = {0};
    struct tcp_street s;
    struct rig r;
    rig_open(&r, "bench_backlog");
    tcp_open(&r, &load, &s);
    tcp_start_poller(&r, NULL, &load, &s);
    for (int turn = 0; turn < turns; turn++)
        outage(&r, &s, seconds, &ratio, &now_age);
    tcp_stop_poller(&r, &s);
    tcp_close(&r, &s);
    printf("bench_backlog: %d devices, each every %d ms, %d turns, broker away for %.0f s, ", CONNECTIONS, INTERVAL_MS,
           turns, seconds);
    rig_print_load();
    printf("\n  backlog %.1f times the live rate (%.1f to %.1f); goal %.0f\n", figures_median(&ratio),
           figures_least(&ratio), figures_most(&ratio), goal_ratio);
    printf("  meanwhile `now` was at most %.0f ms old (%.0f to %.0f); goal %d\n", figures_median(&now_age),
           figures_least(&now_age), figures_most(&now_age), GOAL_NOW_MS);
    rig_close(&r);
    return 0;
}
