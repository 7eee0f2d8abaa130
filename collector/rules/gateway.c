#include "collector/rules/gateway.h"
#include "collector/rules/flag.h"
#include "collector/rules/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which sites wait for which gateway -------------------------------------------------------------------------- */

struct listing {
    const char *gateway, *site;
};

struct roll { /* by gateway, then site; made when it is first asked, good for one tick */
    bool made;
    struct listing *listings;
    size_t count;
};

static int by_gateway(const void *left, const void *right)
{
    const struct listing *a = left, *b = right;
    int c = strcmp(a->gateway, b->gateway);
    return c ? c : strcmp(a->site, b->site);
}

static void make_roll(const struct fold *f, struct roll *roll)
{
    roll->made = true;
    roll->listings = xcalloc(f->places.count * SITE_GATEWAYS, sizeof *roll->listings);
    for (size_t i = 0; i < f->places.count; i++) {
        const struct place *p = (const struct place *)f->places.items[i];
        const struct site *site = place_at(p, f->time);
        if (site_closed_at(site, f->time))
            continue;
        for (size_t g = 0; g < site->gateway_count; g++)
            roll->listings[roll->count++] = (struct listing){site->gateways[g], p->id};
    }
    if (roll->count)
        qsort(roll->listings, roll->count, sizeof *roll->listings, by_gateway);
}

/* The first listing of this gateway; NULL: nobody waits for it. */
static const struct listing *find_listing(const struct fold *f, struct roll *roll, const char *gateway)
{
    if (!roll->made)
        make_roll(f, roll);
    size_t low = 0, high = roll->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(roll->listings[middle].gateway, gateway) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < roll->count && strcmp(roll->listings[low].gateway, gateway) == 0 ? &roll->listings[low] : NULL;
}

static void put_sites(struct buf *out, const struct roll *roll, const struct listing *first)
{
    buf_text(out, ",\"sites\":[");
    for (const struct listing *l = first; l < roll->listings + roll->count && !strcmp(l->gateway, first->gateway); l++)
        buf_print(out, "%s\"%s\"", l > first ? "," : "", l->site);
    buf_char(out, ']');
}

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

static struct subject subject_of(const struct gateway *g)
{
    return (struct subject){FLAG_GATEWAY_OFFLINE, "", "", g->id};
}

static void go_offline(struct fold *f, struct gateway *g, int64_t since, int64_t now, const struct roll *roll,
                       const struct listing *first)
{
    struct buf detail = buf_growing();
    struct explanation e = {.coverage = NAN, .measured = NAN, .judged = NAN, .limit = NAN, .noise_class = NOT_GIVEN};
    flag_explain(&detail, &e);
    put_sites(&detail, roll, first);
    struct claim claim = {.about = subject_of(g),
                          .start = since,
                          .since = since,
                          .at = now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    g->offline = true;
    touch(f, &g->item);
    flag_raise(f, &claim);
    buf_free(&detail);
}

static void come_back(struct fold *f, struct gateway *g, int64_t at)
{
    struct subject about = subject_of(g);
    if (!g->offline)
        return;
    g->offline = false;
    touch(f, &g->item);
    flag_end(f, &about, "cleared", at, at);
}

/* With clock = journal receipts say nothing: where its stream is ahead of the ticks, that tells when it was heard. */
void gateway_heard(struct fold *f, struct gateway *g)
{
    g->heard_ms = f->config.journal_clock && g->newest_ts > f->time ? g->newest_ts : f->time;
    touch(f, &g->item);
    come_back(f, g, g->heard_ms);
}

void gateway_presence(struct fold *f, const struct record *r)
{
    const char *gateway = "", *district = "", *state = "";
    struct json *root = json_open(r->body, r->body_length, NULL);
    json_text(json_member(root, "gateway"), &gateway);
    json_text(json_member(root, "district"), &district);
    json_text(json_member(root, "state"), &state);
    struct roll roll = {0};
    bool online = id_valid(gateway) && id_valid(district) && strcmp(state, "online") == 0;
    if (online && (gateway_find(f, gateway) || find_listing(f, &roll, gateway))) { /* a stranger leaves no trace */
        struct gateway *g = gateway_get(f, gateway);
        snprintf(g->district, sizeof g->district, "%s", district);
        gateway_heard(f, g);
    }
    free(roll.listings);
    json_close(root);
}

/* After a start the link is down until a record says otherwise. */
void gateway_link(struct fold *f, const struct record *r)
{
    const char *state = "down";
    struct json *root = r->kind == RECORD_LINK ? json_open(r->body, r->body_length, NULL) : NULL;
    json_text(json_member(root, "state"), &state);
    f->watch.link_up = strcmp(state, "up") == 0;
    f->watch.link_ms = f->time;
    touch(f, &f->watch.item);
    json_close(root);
}

static void judge(struct fold *f, struct gateway *g, int64_t now, struct roll *roll)
{
    int64_t since = g->heard_ms > f->watch.link_ms ? g->heard_ms : f->watch.link_ms;
    if (g->offline) {
        if (!find_listing(f, roll, g->id))
            come_back(f, g, now);
        return;
    }
    if (!g->heard_ms || !f->watch.link_up || now - since < f->config.settings.gateway_offline_after)
        return;
    const struct listing *first = find_listing(f, roll, g->id);
    if (first)
        go_offline(f, g, since, now, roll, first);
}

void gateway_tick(struct fold *f, int64_t now)
{
    struct roll roll = {0};
    for (size_t i = 0; i < f->gateways.count; i++)
        judge(f, (struct gateway *)f->gateways.items[i], now, &roll);
    free(roll.listings);
}
