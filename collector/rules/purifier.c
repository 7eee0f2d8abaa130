#include "collector/rules/purifier.h"
#include "collector/rules/flag.h"
#include "collector/rules/kitchen.h"
#include "collector/rules/memory.h"

#include <math.h>

bool purifier_concerns(const struct device *d)
{
    return device_has(d, METRIC_PURIFIER) || device_has(d, METRIC_PURIFIER_CURRENT);
}

static void raise_flag(struct fold *f, const struct device *d, const struct kitchen *k, int64_t at)
{
    const struct purifier *u = &d->purifier;
    const struct site *site = place_at(d->place, u->since);
    struct explanation e = flag_duty(f, site, FLAG_PURIFIER_OFF, u->since, NULL);
    struct buf detail = buf_growing();
    flag_explain(&detail, &e);
    buf_print(&detail, ",\"purifier\":\"%s\",\"hours\":\"%s\"", k->under_current ? "under-current" : "off",
              site_open_at(site, u->since) ? "open" : "closed");
    struct claim claim = {.about = {FLAG_PURIFIER_OFF, d->site, d->id, ""},
                          .start = u->since,
                          .since = u->since,
                          .at = at,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    flag_raise(f, &claim);
    buf_free(&detail);
}

static void go_on(struct fold *f, struct device *d, const struct kitchen *k, int64_t from, int64_t to)
{
    struct purifier *u = &d->purifier;
    int64_t wanting = f->config.settings.purifier_off_after - u->seen_ms;
    u->blind_ms = 0;
    if (!u->since)
        u->since = from;
    if (!u->raised && to - from >= wanting) {
        u->raised = true;
        raise_flag(f, d, k, wanting > 0 ? from + wanting : from);
    }
    u->seen_ms += to - from;
}

static void end(struct fold *f, struct device *d, int64_t at)
{
    struct purifier *u = &d->purifier;
    struct subject about = {FLAG_PURIFIER_OFF, d->site, d->id, ""};
    if (u->raised)
        flag_end(f, &about, "cleared", at, at);
    *u = (struct purifier){0};
}

/* Of a raised flag nothing is forgotten for want of knowledge. */
static void see_nothing(const struct fold *f, struct purifier *u, int64_t from, int64_t to)
{
    if (!u->since || u->raised)
        return;
    u->blind_ms += to - from;
    if (u->blind_ms >= f->config.settings.purifier_off_after)
        *u = (struct purifier){0};
}

void purifier_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    struct kitchen k = kitchen_at(&f->config.settings, d, from);
    enum known cooks = kitchen_cooks(&k);
    bool registered = place_at(d->place, from)->purifier != 0;
    if (registered && cooks == YES && k.purifier == NO)
        go_on(f, d, &k, from, to);
    else if (!registered || cooks == NO || k.purifier == YES)
        end(f, d, from);
    else
        see_nothing(f, &d->purifier, from, to);
}

void purifier_pack(struct pack *p, struct purifier *u)
{
    pack_int(p, &u->since);
    pack_int(p, &u->seen_ms);
    pack_int(p, &u->blind_ms);
    pack_bool(p, &u->raised);
}
