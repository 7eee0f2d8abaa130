#include "collector/audit/weekly_read.h"

struct reading {
    struct weekly_draft *draft;
    const struct weekly_settings *settings;
    struct ledger *ledger;
    const atomic_bool *stop;
    int error;
};

/* Any device may be a meter under any rule: what counts is whether it has ever had a window under it. */
static void read_device(void *ctx, const struct device_row *device)
{
    static const char *const rules[] = {"noise", "fume"};
    struct reading *r = ctx;
    if (!r->error && r->stop && *r->stop)
        r->error = ERR_AGAIN;
    for (size_t i = 0; i < sizeof rules / sizeof *rules && !r->error; i++) {
        int64_t first;
        int found = ledger_first_window(r->ledger, device->site, device->device, rules[i], &first);
        if (found > 0) {
            weekly_draft_meter(r->draft, device->site, first);
            found = ledger_windows(r->ledger, device->site, device->device, rules[i], r->settings->from,
                                   r->settings->until, weekly_draft_sink(r->draft));
        }
        r->error = found < 0 ? found : 0;
    }
    if (!r->error)
        weekly_draft_sink(r->draft)->device(r->draft, device);
}

/* A flag that is still raised began whenever it did. */
static int read_flags(struct weekly_draft *draft, struct ledger *l)
{
    return ledger_flags(l, weekly_draft_settings(draft)->from, INT64_MAX, weekly_draft_sink(draft));
}

int weekly_read_behind(const struct weekly_settings *settings, struct ledger *l, bool *behind)
{
    struct weekly_draft *draft = weekly_draft_new(settings);
    int code = ledger_gateways(l, weekly_draft_sink(draft));
    if (!code && weekly_draft_unfinished(draft)) {
        code = ledger_site_versions(l, NULL, weekly_draft_sink(draft));
        if (!code)
            code = read_flags(draft, l);
    }
    *behind = !code && weekly_draft_behind(draft);
    weekly_draft_free(draft);
    return code;
}

int weekly_read(struct weekly_draft *draft, struct ledger *l, const atomic_bool *stop)
{
    struct reading r = {.draft = draft, .settings = weekly_draft_settings(draft), .ledger = l, .stop = stop};
    const struct sink *to = weekly_draft_sink(draft), devices = {.ctx = &r, .device = read_device};
    int code = ledger_site_versions(l, NULL, to);
    if (!code)
        code = ledger_cleanings(l, NULL, to);
    if (!code)
        code = ledger_devices(l, NULL, &devices);
    if (!code)
        code = r.error;
    if (!code)
        code = ledger_usage(l, NULL, weekly_draft_usage_from(draft), r.settings->until, to);
    if (!code)
        code = ledger_missing(l, NULL, r.settings->from, r.settings->until, to);
    if (!code)
        code = ledger_gateways(l, to);
    if (!code)
        code = read_flags(draft, l);
    if (!code)
        code = ledger_case_events(l, r.settings->from, r.settings->until, to);
    return code;
}
