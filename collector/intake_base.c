/* Saving what intake knows, and taking it up again: for records that the journal no longer holds. */
#include "collector/intake_private.h"
#include "collector/site_pack.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 24 };

static void pack_hash(struct pack *p, struct hash *h)
{
    char hex[HASH_HEX] = "";
    if (p->out)
        hash_hex(h, hex);
    pack_text(p, hex, sizeof hex);
    if (!p->out && !hash_parse(h, hex))
        p->bad = true;
}

/* Of the hashes only the newest: older ones tell a fork from a repeat earlier than the gateway's own look at the ack.
 */
static void pack_stream(struct pack *p, struct stream *s)
{
    int64_t last = (int64_t)s->last;
    pack_text(p, s->epoch, sizeof s->epoch);
    pack_int(p, &last);
    s->last = (uint64_t)last;
    s->heads[s->last % INTAKE_HEADS].seq = s->last;
    pack_hash(p, &s->heads[s->last % INTAKE_HEADS].hash);
}

static void pack_device(struct pack *p, struct device *d)
{
    pack_text(p, d->name, sizeof d->name);
    pack_text(p, d->site, sizeof d->site);
    pack_text(p, d->measurement, sizeof d->measurement);
    pack_bool(p, &d->present);
    pack_int(p, &d->newest_ts);
    pack_string(p, &d->units);
    pack_text(p, d->bits, sizeof d->bits);
}

/* Frames that wait for a time cannot be read again once their records are gone: they stay untold. */
static void pack_held(struct pack *p, struct held *h)
{
    int64_t untold = (int64_t)(h->untold + h->count);
    pack_text(p, h->boot, sizeof h->boot);
    pack_int(p, &untold);
    if (!p->out)
        h->untold = (uint64_t)untold;
}

static void pack_streams(struct pack *p, struct gateway *g)
{
    size_t count = g->stream_count;
    pack_count(p, &count, MOST);
    for (size_t i = 0; i < count && !p->bad; i++) {
        if (!p->out) {
            g->streams = xrealloc(g->streams, (i + 1) * sizeof *g->streams);
            g->streams[g->stream_count++] = xcalloc(1, sizeof **g->streams);
        }
        pack_stream(p, g->streams[i]);
    }
    size_t newest = g->newest;
    pack_count(p, &newest, MOST);
    g->newest = newest < g->stream_count ? newest : 0;
}

static void pack_devices(struct pack *p, struct gateway *g)
{
    size_t count = g->device_count;
    pack_count(p, &count, MOST);
    for (size_t i = 0; i < count && !p->bad; i++) {
        if (!p->out) {
            g->devices = xrealloc(g->devices, (i + 1) * sizeof *g->devices);
            g->devices[g->device_count++] = (struct device){0};
        }
        pack_device(p, &g->devices[i]);
    }
}

static void pack_gateway(struct pack *p, struct gateway *g)
{
    pack_text(p, g->district, sizeof g->district);
    pack_int(p, &g->heard_ms);
    pack_streams(p, g);
    pack_devices(p, g);
    pack_held(p, &g->held);
}

static void pack_gateways(struct pack *p, struct intake *in)
{
    size_t count = in->gateway_count;
    pack_count(p, &count, MOST);
    for (size_t i = 0; i < count && !p->bad; i++) {
        char name[ID_SIZE] = "";
        if (p->out)
            memcpy(name, in->gateways[i]->name, sizeof name);
        pack_text(p, name, sizeof name);
        p->bad = p->bad || (!p->out && intake_gateway(in, name)); /* said twice */
        pack_gateway(p, p->out ? in->gateways[i] : intake_gateway_get(in, name));
    }
}

static void pack_sites(struct pack *p, struct intake *in)
{
    size_t count = in->site_count;
    pack_count(p, &count, MOST);
    for (size_t i = 0; i < count && !p->bad; i++) {
        struct site site = {0};
        site_pack(p, p->out ? &in->sites[i] : &site);
        if (!p->out && !p->bad)
            intake_put_site(in, &site);
    }
}

void intake_pack(struct pack *p, struct intake *in)
{
    pack_gateways(p, in);
    pack_sites(p, in);
}
