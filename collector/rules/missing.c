#include "collector/rules/missing.h"
#include "collector/rules/memory.h"

#include <string.h>

static void tell(struct fold *f, struct device *d, int64_t to)
{
    if (to <= d->missing.from || to <= d->missing.told)
        return;
    struct missing_row row = {
        .site = d->site, .device = d->id, .from = d->missing.from, .to = to, .reason = d->missing.reason};
    const struct sink *out = fold_out(f);
    out->missing(out->ctx, &row);
    d->missing.told = to;
    touch(f, &d->item);
}

void missing_reason(char out[static REASON_SIZE], const char *reason)
{
    size_t length = strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    if (!length || reason[length] || length >= REASON_SIZE) {
        reason = "error";
        length = strlen(reason);
    }
    memset(out, 0, REASON_SIZE);
    memcpy(out, reason, length);
}

void missing_begin(struct fold *f, struct device *d, int64_t at, const char *reason)
{
    struct missing next = {.from = at};
    missing_reason(next.reason, reason);
    if (d->missing.from && strcmp(d->missing.reason, next.reason) == 0)
        return;
    missing_end(f, d, at);
    d->missing = next;
    touch(f, &d->item);
}

void missing_end(struct fold *f, struct device *d, int64_t at)
{
    if (!d->missing.from)
        return;
    tell(f, d, at);
    d->missing = (struct missing){0};
    touch(f, &d->item);
}

void missing_tick(struct fold *f)
{
    for (size_t i = 0; i < f->devices.count; i++) {
        struct device *d = (struct device *)f->devices.items[i];
        if (d->missing.from)
            tell(f, d, d->now);
    }
}
