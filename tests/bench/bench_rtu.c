/* bench_rtu [--smoke | SECONDS [TURNS]]: how much of what an RTU line can carry the gateway gets out of it, and whether
 * it keeps the silences, beside bare libmodbus on the same line.
 *
 * The line is quietair-sim's: bytes take their time, a meter answers after the shortest silence that is allowed.  It
 * has one processor, the master the other.  Four meters of ten registers, one request each.  The limit is what MODBUS
 * over Serial Line V1.02 (2.5.1.1) leaves: eight characters of request, 25 of answer, 3.5 of silence after each (above
 * 19200 baud 1.75 ms).  A silence is broken if a request begins more than 50 us before it is over.
 *
 * Then peers that are here; not in the smoke.  mqmgateway is told to leave the silence, in whole milliseconds, which is
 * all it takes; collectd cannot be told to, and asks for each register by itself, so that ten of its answers are one
 * reading.  Both publish to mosquitto, which mqmgateway, by its source, waits for before it polls.
 */
#include "tests/bench/bare_modbus.h"
#include "tests/bench/figures.h"
#include "tests/bench/peer.h"
#include "tests/bench/rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 4, REQUEST = 8, ANSWER = 5 + 2 * BARE_REGISTERS, BITS = 10, LINE_CORE = 0, MASTER_CORE = 1 };
enum { INTERVAL_MS = 20 }; /* less than four requests take: no master has to wait for it */

static const int bauds[] = {9600, 19200, 115200};
static const double goals[] = {0.99, 0.98, 0.95};
enum { BAUDS = sizeof bauds / sizeof *bauds };

struct score {
    struct figures share, cpu;
    double answers, broken, shortest_ms;
};

static double silence_s(int baud)
{
    return baud > 19200 ? 1.75e-3 : 3.5 * BITS / baud;
}

/* Requests a second. */
static double limit_of(int baud)
{
    return 1 / ((REQUEST + ANSWER) * (double)BITS / baud + 2 * silence_s(baud));
}

static void write_line(struct rig *r, int baud)
{
    struct buf b = buf_growing();
    buf_print(&b, "[bus line]\ntype = rtu\nlink = %s/line\nbaud = %d\n[model ten]\n", r->dir, baud);
    for (int i = 0; i < BARE_REGISTERS; i++)
        buf_print(&b, "m%d = holding:%d u16 value 100~20\n", i, i);
    for (int i = 1; i <= UNITS; i++)
        buf_print(&b, "[meter u%d]\nbus = line\nmodel = ten\nunit = %d\n", i, i);
    rig_write(r, "sim.ini", &b);
    buf_free(&b);
}

static void write_gateway(struct rig *r, int baud)
{
    struct buf b = buf_growing();
    buf_print(&b, "[gateway]\nid = gw-1\ndistrict = yudu\nstate_dir = %s/state\nprofiles_dir = %s\n", r->dir, r->dir);
    buf_print(&b, "[mqtt]\nurl = mqtt://127.0.0.1:%d\n", rig_free_port(r)); /* nobody listens: this is about the line */
    buf_print(&b, "[bus line]\ntype = rtu\ndevice = %s/line\nbaud = %d\ntimeout = 200ms\n", r->dir, baud);
    for (int i = 1; i <= UNITS; i++)
        buf_print(&b, "[device u%d]\nbus = line\nunit = %d\nprofile = ten\nsite = s\ninterval = %dms\n", i, i,
                  INTERVAL_MS);
    rig_write(r, "gateway.ini", &b);
    buf_clear(&b);
    buf_text(&b, "[profile]\nmeasurement = x\n");
    for (int i = 0; i < BARE_REGISTERS; i++)
        buf_print(&b, "[m%d]\nregister = holding:%d\ntype = u16\n", i, i);
    rig_write(r, "ten.ini", &b);
    buf_free(&b);
}

static double figure(struct rig *r, const char *word)
{
    char text[64];
    rig_await(r, "sim.log", word, text, sizeof text);
    return atof(text);
}

/* What asks: the gateway, the bare loop, or a peer. */
struct master {
    bool bare;
    const struct peer *peer;
};

static pid_t start_master(struct rig *r, const struct master *m, const char *device, int baud, double seconds,
                          int broker)
{
    static struct bare_line line;
    struct peer_load load = {.broker = broker,
                             .units = UNITS,
                             .interval_ms = INTERVAL_MS,
                             .device = device,
                             .baud = baud,
                             .silence_ms = (int)ceil(silence_s(baud) * 1e3)};
    if (m->peer)
        return peer_start(r, MASTER_CORE, m->peer, &load);
    line = (struct bare_line){device, baud, UNITS, seconds + 5};
    if (m->bare)
        return rig_fork(r, MASTER_CORE, bare_ask_line, &line);
    write_gateway(r, baud);
    return rig_start(r, MASTER_CORE, "quietair-gateway", "-c", "gateway.ini", "gateway.log");
}

static void measure(struct rig *r, int baud, double seconds, const struct master *m, struct score *s)
{
    char ready[RIG_PATH];
    double cpu_s;
    pid_t broker;
    write_line(r, baud);
    int port = m->peer ? rig_start_broker(r, NULL, &broker) : 0;
    pid_t sim = rig_start(r, LINE_CORE, "quietair-sim", "-c", "sim.ini", "sim.log");
    rig_await(r, "sim.log", "ready ", ready, sizeof ready);
    pid_t master = start_master(r, m, strchr(ready, '=') + 1, baud, seconds, port);
    rig_sleep(seconds);
    rig_stop(r, master, &cpu_s);
    rig_stop(r, sim, NULL);
    if (m->peer)
        rig_stop(r, broker, NULL);
    double elapsed_s = figure(r, " seconds="), answers = figure(r, " answers=");
    figures_add(&s->share, answers / (m->peer ? m->peer->parts : 1) / elapsed_s / limit_of(baud));
    figures_add(&s->cpu, cpu_s / seconds * 100);
    s->answers += answers;
    s->broken += figure(r, " violations=");
    if (answers > 1)
        s->shortest_ms = fmin(s->shortest_ms ? s->shortest_ms : INFINITY, figure(r, " silence_min_ms="));
}

static void print(const char *who, const struct score *s)
{
    printf("  %-15s %.4f (%.4f to %.4f) of the limit, %5.0f of %5.0f silences broken, shortest %.3f ms, %.1f %% of a "
           "processor\n",
           who, figures_median(&s->share), figures_least(&s->share), figures_most(&s->share), s->broken, s->answers,
           s->shortest_ms, figures_median(&s->cpu));
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    double seconds = smoke ? 2 : argc > 1 ? atof(argv[1]) : 8;
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 5;
    int first = smoke ? BAUDS - 1 : 0;
    static const struct master gateway = {false, NULL}, bare = {true, NULL};
    struct score of_gateway[BAUDS] = {0}, of_bare[BAUDS] = {0}, of_peer[PEERS][BAUDS] = {0};
    struct rig r;
    rig_open(&r, "bench_rtu");
    for (int turn = 0; turn < turns; turn++)
        for (int i = first; i < BAUDS; i++) {
            measure(&r, bauds[i], seconds, &gateway, &of_gateway[i]);
            measure(&r, bauds[i], seconds, &bare, &of_bare[i]);
            for (int p = 0; p < PEERS && !smoke; p++)
                if (peer_program(&peers[p]))
                    measure(&r, bauds[i], seconds, &(struct master){false, &peers[p]}, &of_peer[p][i]);
        }
    printf("bench_rtu: %d meters of %d registers, %d turns of %.0f s, ", UNITS, BARE_REGISTERS, turns, seconds);
    rig_print_load();
    for (int i = first; i < BAUDS; i++) {
        printf("\n %d 8N1: limit %.2f requests/s; goal %.2f\n", bauds[i], limit_of(bauds[i]), goals[i]);
        print("gateway", &of_gateway[i]);
        print("bare libmodbus", &of_bare[i]);
        for (int p = 0; p < PEERS && !smoke; p++)
            if (peer_program(&peers[p]))
                print(peers[p].name, &of_peer[p][i]);
            else
                peer_print_absent(&peers[p]);
        if (of_gateway[i].answers < 1 || (!smoke && of_gateway[i].broken > 0))
            rig_fail(&r, "the gateway breaks the silence, or does not poll");
    }
    rig_close(&r);
    return 0;
}
