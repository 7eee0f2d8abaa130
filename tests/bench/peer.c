#include "tests/bench/peer.h"
#include "tests/bench/bare_modbus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what each is told ------------------------------------------------------------------------------------------- */

/* https://github.com/BlackZork/mqmgateway, README.md, 4.0.  Register numbers begin with 1 there. */
static void configure_mqmgateway(struct buf *b, const char *dir, const struct peer_load *load)
{
    int networks = load->device ? 1 : load->connections;
    (void)dir;
    buf_text(b, "modmqttd:\n  log_level: error\nmodbus:\n  networks:\n");
    for (int i = 0; i < networks; i++) {
        buf_print(b, "    - name: b%d\n      response_timeout: 200ms\n", i);
        if (load->device)
            buf_print(b, "      device: %s\n      baud: %d\n      parity: N\n      data_bit: 8\n      stop_bit: 1\n",
                      load->device, load->baud);
        else
            buf_print(b, "      address: 127.0.0.1\n      port: %d\n", load->meters);
        if (load->silence_ms)
            buf_print(b, "      delay_before_command: %dms\n", load->silence_ms);
    }
    buf_print(b,
              "mqtt:\n  client_id: peer\n  refresh: %dms\n  publish_mode: every_poll\n"
              "  broker:\n    host: 127.0.0.1\n    port: %d\n"
              "  objects:\n    - topic: peer/${network}/${slave_address}\n      retain: false\n      slave: 1-%d\n"
              "      network: ",
              load->interval_ms, load->broker, load->units);
    for (int i = 0; i < networks; i++)
        buf_print(b, "%sb%d", i ? "," : "", i);
    buf_print(b, "\n      state:\n        register: 1\n        register_type: holding\n        count: %d\n",
              BARE_REGISTERS);
}

/* collectd.conf(5), 5.12.  A thread for each connection, so that none waits for another. */
static void configure_collectd(struct buf *b, const char *dir, const struct peer_load *load)
{
    int hosts = load->device ? 1 : load->connections;
    buf_print(b, "BaseDir \"%s\"\nPIDFile \"%s/collectd.pid\"\nFQDNLookup false\nHostname \"peer\"\n", dir, dir);
    buf_print(b, "Interval %d.%03d\nReadThreads %d\nLoadPlugin modbus\nLoadPlugin mqtt\n", load->interval_ms / 1000,
              load->interval_ms % 1000, hosts);
    buf_print(b,
              "<Plugin mqtt>\n<Publish \"peer\">\nHost \"127.0.0.1\"\nPort \"%d\"\nPrefix \"peer\"\nQoS 0\n</Publish>\n"
              "</Plugin>\n<Plugin modbus>\n",
              load->broker);
    for (int i = 0; i < BARE_REGISTERS; i++)
        buf_print(b, "<Data \"m%d\">\nRegisterBase %d\nRegisterType Uint16\nType gauge\nInstance \"m%d\"\n</Data>\n", i,
                  i, i);
    for (int h = 0; h < hosts; h++) {
        buf_print(b, "<Host \"b%d\">\n", h);
        if (load->device)
            buf_print(b, "Device \"%s\"\nBaudrate %d\n", load->device, load->baud);
        else
            buf_print(b, "Address \"127.0.0.1\"\nPort \"%d\"\n", load->meters);
        for (int u = 1; u <= load->units; u++) {
            buf_print(b, "<Slave %d>\n", u);
            for (int i = 0; i < BARE_REGISTERS; i++)
                buf_print(b, "Collect \"m%d\"\n", i);
            buf_text(b, "</Slave>\n");
        }
        buf_text(b, "</Host>\n");
    }
    buf_text(b, "</Plugin>\n");
}

const struct peer peers[PEERS] = {
    {"mqmgateway", "MQMGATEWAY", "modmqttd", "-c", configure_mqmgateway, 1},
    {"collectd", "COLLECTD", "collectd", "-fC", configure_collectd, BARE_REGISTERS},
};

/* ---- finding and starting them ----------------------------------------------------------------------------------- */

const char *peer_program(const struct peer *p)
{
    static char found[RIG_PATH];
    const char *named = getenv(p->variable), *path = getenv("PATH");
    if (named)
        return access(named, X_OK) == 0 ? named : NULL;
    for (const char *at = path ? path : ""; *at; at += strspn(at, ":")) {
        int length = (int)strcspn(at, ":");
        if (snprintf(found, sizeof found, "%.*s/%s", length, at, p->program) < RIG_PATH && access(found, X_OK) == 0)
            return found;
        at += length;
    }
    snprintf(found, sizeof found, "/usr/sbin/%s", p->program); /* not everybody's PATH has it */
    return access(found, X_OK) == 0 ? found : NULL;
}

void peer_print_absent(const struct peer *p)
{
    printf("  %-15s not here: no %s in PATH (%s=its path names one elsewhere)\n", p->name, p->program, p->variable);
}

pid_t peer_start(struct rig *r, int core, const struct peer *p, const struct peer_load *load)
{
    struct buf b = buf_growing();
    p->configure(&b, r->dir, load);
    rig_write(r, "peer.conf", &b);
    buf_free(&b);
    return rig_start(r, core, peer_program(p), p->option, "peer.conf", "peer.log");
}
