/* gateway.ini as a whole: what is accepted has plans that can be told and buses with a load. */
#include "firmware-gateway/load.h"
#include "tests/fuzz/fuzz.h"

static void use(const struct gateway_settings *s)
{
    struct buf b = buf_growing();
    plan_print(s, &b);
    for (size_t i = 0; i < s->bus_count; i++)
        must(load_of_bus(s, i) >= 0);
    for (size_t i = 0; i < s->device_count; i++) {
        const struct device_section *d = &s->devices[i];
        must(d->bus < s->bus_count && d->unit >= 0 && d->unit <= 255 && d->interval_ms >= 10 && d->group_count);
        must(d->worst_answer_ms >= d->timeout_ms);
        for (size_t g = 0; g < d->group_count; g++)
            must(d->groups[g].plan.count && d->groups[g].metric_count);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults = {0};
    struct gateway_settings s;
    if (gateway_settings_load_text(&s, "config/fuzz.ini", (const char *)data, size, &faults) == 0)
        use(&s);
    else
        must(faults.count);
    gateway_settings_free(&s);
    faults_free(&faults);
    return 0;
}
