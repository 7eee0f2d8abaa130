#include "collector/audit/quarterly_read.h"

struct reading {
    struct quarterly_draft *draft;
    struct ledger *ledger;
    int64_t until;
    int error;
};

static void read_device(void *ctx, const struct device_row *device)
{
    struct reading *r = ctx;
    for (int noise = 0; noise < 2 && !r->error; noise++) {
        int64_t first;
        int found = ledger_first_window(r->ledger, device->site, device->device, noise ? "noise" : "fume", &first);
        if (found > 0 && first < r->until)
            quarterly_draft_meter(r->draft, noise);
        r->error = found < 0 ? found : 0;
    }
}

struct quarterly_draft *quarterly_read(const char *quarter, const struct weekly *audit, struct ledger *l)
{
    static const char *const kinds[] = {"measurement", "inspection", "complaint"};
    struct quarterly_draft *d = quarterly_draft_new(quarter, audit);
    struct reading r = {.draft = d, .ledger = l, .until = audit->settings.until};
    const struct sink devices = {.ctx = &r, .device = read_device};
    int code = ledger_devices(l, NULL, &devices);
    if (!code)
        code = r.error;
    for (size_t i = 0; !code && i < 3; i++) /* from the beginning: was anything of this kind ever entered? */
        code = ledger_entries(l, kinds[i], NULL, INT64_MIN, audit->settings.until, quarterly_draft_sink(d));
    if (!code)
        code = ledger_case_events(l, audit->settings.from, audit->settings.until, quarterly_draft_sink(d));
    if (!code)
        return d;
    quarterly_draft_free(d);
    return NULL;
}
