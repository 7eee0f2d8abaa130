#include "collector/rules/defect.h"
#include "collector/rules/flag.h"
#include "collector/rules/health.h"
#include "collector/rules/memory.h"

#include <math.h>

static void raise_flag(struct fold *f, struct device *d, const char *reason)
{
    char word[REASON_SIZE];
    struct buf detail = buf_growing();
    missing_reason(word, reason);
    health_explain(&detail, d, d->defect.since, word);
    struct claim claim = {.about = {FLAG_DEVICE_FAULT, d->site, d->id, ""},
                          .start = d->defect.since,
                          .since = d->defect.since,
                          .at = d->now,
                          .measured = NAN,
                          .limit = NAN,
                          .detail = detail.data};
    d->defect.raised = true;
    flag_raise(f, &claim);
    buf_free(&detail);
}

void defect_faulty(struct fold *f, struct device *d, const char *reason)
{
    struct defect *s = &d->defect;
    const struct rules_settings *set = &f->config.settings;
    if (d->now - s->newest >= set->device_silent_after)
        defect_forget(d);
    s->since = s->since ? s->since : d->now;
    s->newest = d->now;
    if (!s->raised && d->now - s->since >= set->device_fault_after)
        raise_flag(f, d, reason);
}

void defect_good(struct fold *f, struct device *d)
{
    defect_drop(f, d, d->now);
}

void defect_forget(struct device *d)
{
    if (!d->defect.raised)
        d->defect.since = d->defect.newest = 0;
}

void defect_drop(struct fold *f, struct device *d, int64_t at)
{
    struct subject about = {FLAG_DEVICE_FAULT, d->site, d->id, ""};
    if (d->defect.raised)
        flag_end(f, &about, "cleared", at, at);
    d->defect.raised = false;
    defect_forget(d);
}

void defect_pack(struct pack *p, struct defect *s)
{
    pack_int(p, &s->since);
    pack_int(p, &s->newest);
    pack_bool(p, &s->raised);
}
