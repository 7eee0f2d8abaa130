/* bench_memory [--smoke | SECONDS]: what the gateway holds in memory with 64 devices on 64 Modbus TCP connections, each
 * polled every 10 ms, publishing to mosquitto, once plain and once over TLS; and whether it grows.  Then peers that are
 * here, plain; not in the smoke.
 *
 * RSS is all that is resident, USS what belongs to this process alone (proc(5), smaps_rollup).  Growth is that of the
 * straight line through RSS, second by second, over the last two thirds of the time, as a part of its middle.
 */
#include "common/err.h"
#include "tests/bench/tcp_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64, KILO = 1024, ROLLUP_MOST = 4096 };

static const double goal_rss = 6, goal_uss = 4, goal_growth = 1;

struct held { /* kB */
    double rss, uss;
};

static double member(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? atof(at + strlen(key)) : 0;
}

static struct held look(struct rig *r, pid_t pid)
{
    char path[64], text[ROLLUP_MOST] = "";
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f || !fread(text, 1, sizeof text - 1, f))
        rig_fail(r, "no smaps_rollup");
    fclose(f);
    return (struct held){.rss = member(text, "\nRss:"),
                         .uss = member(text, "\nPrivate_Clean:") + member(text, "\nPrivate_Dirty:")};
}

/* The straight line through y(0), y(1), … by least squares: how far it rises from its first to its last point, in
 * percent of its middle. */
static double growth(const double *y, int n)
{
    double middle = 0, xy = 0, xx = 0;
    for (int i = 0; i < n; i++)
        middle += y[i] / n;
    for (int i = 0; i < n; i++) {
        double x = i - (n - 1) / 2.0;
        xy += x * (y[i] - middle);
        xx += x * x;
    }
    return n > 1 ? xy / xx * (n - 1) / middle * 100 : 0;
}

static void command(struct rig *r, const char *words)
{
    char line[4 * RIG_PATH];
    snprintf(line, sizeof line, "cd %s && openssl %s >>openssl.log 2>&1", r->dir, words);
    if (system(line) != 0)
        rig_fail(r, "openssl cannot make a certificate");
}

static void make_certificates(struct rig *r)
{
    struct buf names = buf_growing();
    buf_text(&names, "subjectAltName=IP:127.0.0.1\n");
    rig_write(r, "names", &names);
    buf_free(&names);
    command(r,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench -keyout ca.key "
            "-out ca.crt");
    command(r, "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=broker -keyout server.key -out "
               "server.csr");
    command(r,
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
}

static void measure(const char *what, const struct peer *who, int seconds, bool tls)
{
    struct rig r;
    struct tcp_street s;
    rig_open(&r, "bench_memory");
    struct tcp_load load = {CONNECTIONS, 1, 10, 50, tls ? r.dir : NULL};
    double *rss = xcalloc((size_t)seconds, sizeof *rss);
    struct held most = {0}, now = {0};
    if (tls)
        make_certificates(&r);
    tcp_open(&r, &load, &s);
    tcp_start_poller(&r, who, &load, &s);
    double before = tcp_readings(&s);
    for (int i = 0; i < seconds; i++) {
        rig_sleep(1);
        now = look(&r, s.poller);
        rss[i] = now.rss;
        most.rss = now.rss > most.rss ? now.rss : most.rss;
        most.uss = now.uss > most.uss ? now.uss : most.uss;
    }
    printf("  %-15s RSS %.2f MB (at most %.2f), USS %.2f MB (at most %.2f), growth %+.2f %% in the last %d s, %.0f "
           "readings/s\n",
           what, now.rss / KILO, most.rss / KILO, now.uss / KILO, most.uss / KILO,
           growth(rss + seconds / 3, seconds - seconds / 3), seconds - seconds / 3,
           (tcp_readings(&s) - before) / seconds);
    tcp_stop_poller(&r, &s);
    tcp_close(&r, &s);
    free(rss);
    rig_close(&r);
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    int seconds = smoke ? 1 : argc > 1 && atoi(argv[1]) > 0 ? atoi(argv[1]) : 30;
    printf("bench_memory: %d devices, each every 10 ms, ", CONNECTIONS);
    rig_print_load();
    printf("\n");
    measure("gateway", NULL, seconds, false);
    measure("gateway, TLS", NULL, seconds, true);
    for (int i = 0; i < PEERS && !smoke; i++)
        if (peer_program(&peers[i]))
            measure(peers[i].name, &peers[i], seconds, false);
        else
            peer_print_absent(&peers[i]);
    printf("  goals of the gateway: plain RSS %.0f MB, TLS USS %.0f MB, growth %.0f %% in 10 min\n", goal_rss, goal_uss,
           goal_growth);
    return 0;
}
