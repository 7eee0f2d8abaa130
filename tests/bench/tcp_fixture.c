#include "tests/bench/tcp_fixture.h"
#include "common/clock.h"
#include "common/file.h"
#include "tests/bench/bare_modbus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_MS = 20000 };

static const double quiet_s = 0.1; /* without a reading: what the broker still held has come */

static void write_meters(struct rig *r, const struct tcp_load *load)
{
    struct buf b = buf_growing();
    buf_text(&b, "[bus meters]\ntype = tcp\naddress = 127.0.0.1:0\n[model ten]\n");
    for (int i = 0; i < BARE_REGISTERS; i++)
        buf_print(&b, "m%d = holding:%d u16 value 100~20\n", i, i);
    for (int i = 1; i <= load->units; i++)
        buf_print(&b, "[meter u%d]\nbus = meters\nmodel = ten\nunit = %d\n", i, i);
    rig_write(r, "sim.ini", &b);
    buf_free(&b);
}

static void write_profile(struct rig *r)
{
    struct buf b = buf_growing();
    buf_text(&b, "[profile]\nmeasurement = x\n");
    for (int i = 0; i < BARE_REGISTERS; i++)
        buf_print(&b, "[m%d]\nregister = holding:%d\ntype = u16\n", i, i);
    rig_write(r, "ten.ini", &b);
    buf_free(&b);
}

static void write_gateway(struct rig *r, const struct tcp_load *load, const struct tcp_street *s)
{
    struct buf b = buf_growing();
    buf_print(&b, "[gateway]\nid = gw-1\ndistrict = yudu\nstate_dir = %s/state\nprofiles_dir = %s\nflush = %dms\n",
              r->dir, r->dir, load->flush_ms);
    buf_print(&b, "[journal]\nmax_bytes = 64M\n[mqtt]\nurl = %s://127.0.0.1:%d\n", load->tls ? "mqtts" : "mqtt",
              s->broker);
    if (load->tls)
        buf_print(&b, "ca_file = %s/ca.crt\n", load->tls);
    for (int i = 0; i < load->connections; i++) {
        buf_print(&b, "[bus b%d]\ntype = tcp\naddress = 127.0.0.1:%d\n", i, s->meters);
        for (int u = 1; u <= load->units; u++)
            buf_print(&b, "[device d%d-%d]\nbus = b%d\nunit = %d\nprofile = ten\nsite = s\ninterval = %dms\n", i, u, i,
                      u, load->interval_ms);
    }
    rig_write(r, "gateway.ini", &b);
    buf_free(&b);
}

void tcp_open(struct rig *r, const struct tcp_load *load, struct tcp_street *s)
{
    char ready[RIG_PATH];
    *s = (struct tcp_street){0};
    write_meters(r, load);
    write_profile(r);
    s->sim = rig_start(r, RIG_ANY_CORE, "quietair-sim", "-c", "sim.ini", "sim.log");
    rig_await(r, "sim.log", "ready ", ready, sizeof ready);
    s->meters = atoi(strrchr(ready, ':') + 1);
    s->broker = rig_start_broker(r, load->tls, &s->mosquitto);
    s->subscriber = subscriber_start(s->broker, load->tls);
    if (!s->subscriber)
        rig_fail(r, "no link to mosquitto");
}

static pid_t start_gateway(struct rig *r, const struct tcp_load *load, const struct tcp_street *s)
{
    char path[RIG_PATH];
    snprintf(path, sizeof path, "%s/state", r->dir);
    file_remove_tree(path); /* nothing is left to be sent of the last time */
    write_gateway(r, load, s);
    return rig_start(r, RIG_ANY_CORE, "quietair-gateway", "-c", "gateway.ini", "gateway.log");
}

double tcp_readings(const struct tcp_street *s)
{
    return s->who ? (double)subscriber_peer_messages(s->subscriber) / s->who->parts
                  : (double)subscriber_readings(s->subscriber);
}

void tcp_start_poller(struct rig *r, const struct peer *who, const struct tcp_load *load, struct tcp_street *s)
{
    struct peer_load of_peer = {s->broker, load->units, load->interval_ms, s->meters, load->connections};
    char why[RIG_PATH];
    s->who = who;
    double before = tcp_readings(s);
    s->poller = who ? peer_start(r, RIG_ANY_CORE, who, &of_peer) : start_gateway(r, load, s);
    snprintf(why, sizeof why, "%s publishes nothing", who ? who->name : "the gateway");
    for (int64_t last_ms = clock_mono_ms() + FIRST_MS; tcp_readings(s) <= before; rig_sleep(0.01))
        if (clock_mono_ms() > last_ms)
            rig_fail(r, why);
}

void tcp_stop_poller(struct rig *r, struct tcp_street *s)
{
    rig_stop(r, s->poller, NULL);
    double before = -1;
    for (int64_t last_ms = clock_mono_ms() + FIRST_MS; tcp_readings(s) > before && clock_mono_ms() < last_ms;) {
        before = tcp_readings(s);
        rig_sleep(quiet_s);
    }
}

void tcp_close(struct rig *r, struct tcp_street *s)
{
    subscriber_stop(s->subscriber);
    rig_stop(r, s->mosquitto, NULL);
    rig_stop(r, s->sim, NULL);
}
