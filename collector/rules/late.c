#include "collector/rules/late.h"
#include "collector/rules/memory.h"
#include "collector/rules/register_note.h"

#include <stdio.h>
#include <string.h>

/* Names, places and dates of duties do not decide how a reading is judged. */
static bool judges_alike(const struct site *a, const struct site *b)
{
    struct site other = *b;
    memcpy(other.name, a->name, sizeof other.name);
    memcpy(other.officer, a->officer, sizeof other.officer);
    memcpy(other.address, a->address, sizeof other.address);
    memcpy(other.district, a->district, sizeof other.district);
    memcpy(other.grid, a->grid, sizeof other.grid);
    other.lon = a->lon;
    other.lat = a->lat;
    other.install_deadline_ms = a->install_deadline_ms;
    other.last_cleaned_ms = a->last_cleaned_ms;
    other.cleaning_days = a->cleaning_days;
    other.cleaning_hours = a->cleaning_hours;
    other.gateway_count = a->gateway_count;
    memcpy(other.gateways, a->gateways, sizeof other.gateways);
    return site_equal(a, &other);
}

static int64_t judged_until(const struct place *p)
{
    int64_t newest = 0;
    for (size_t i = 0; i < p->device_count; i++) {
        if (p->devices[i]->now > newest)
            newest = p->devices[i]->now;
    }
    return newest;
}

/* Until the next version, which says for itself what holds. */
static int64_t holds_until(const struct place *p, int64_t from)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->versions[i].valid_from_ms > from)
            return p->versions[i].valid_from_ms;
    }
    return INT64_MAX;
}

void late_note(struct fold *f, const struct command *c, const struct place *p, const struct site *version,
               struct buf *list)
{
    int64_t from = version->valid_from_ms, until = judged_until(p), end = holds_until(p, from);
    if (from >= until || judges_alike(place_at(p, from), version))
        return;
    until = until < end ? until : end;
    buf_print(list, "%s{\"site\":\"%s\",\"valid_from\":%lld,\"judged_until\":%lld}", list->length ? "," : "", p->id,
              (long long)from, (long long)until);
    char facts[64];
    snprintf(facts, sizeof facts, ",\"judged_until\":%lld", (long long)until);
    register_note(f, c, p->id, "late", from, facts);
}
