#include "firmware-gateway/once.h"
#include "firmware-gateway/bus.h"

#include <stdio.h>
#include <string.h>

static const char *unit_of(const struct device_section *d, const char *metric)
{
    for (size_t i = 0; i < d->metric_count; i++)
        if (strcmp(d->metrics[i].name, metric) == 0)
            return d->metrics[i].unit;
    return "";
}

static void on_reading(void *ctx, size_t device, const struct reading *r)
{
    const struct gateway_settings *set = ctx;
    const struct device_section *d = &set->devices[device];
    if (r->error)
        printf("%-16s %-18s %12s\n", d->name, "-", r->error);
    for (size_t i = 0; i < r->value_count; i++) {
        char text[64];
        struct buf b = buf_fixed(text, sizeof text);
        if (r->values[i].value.kind == VALUE_NUMBER)
            buf_number(&b, r->values[i].value.number);
        else if (r->values[i].value.kind == VALUE_HUGE)
            buf_int(&b, r->values[i].value.integer);
        printf("%-16s %-18s %12s %s%s\n", d->name, r->values[i].metric, text, unit_of(d, r->values[i].metric),
               r->quality ? "  (suspect)" : "");
    }
    for (size_t i = 0; i < r->error_count; i++) {
        const char *detail = r->errors[i].detail;
        printf("%-16s %-18s %12s%s%s\n", d->name, r->errors[i].metric, r->errors[i].error, detail ? "  " : "",
               detail ? detail : "");
    }
}

static void on_text(void *ctx, size_t device, const char *name, const char *text)
{
    const struct gateway_settings *set = ctx;
    printf("%-16s %-18s %12s\n", set->devices[device].name, name, text);
}

int once_print(const struct gateway_settings *set)
{
    struct bus_events on = {(void *)(uintptr_t)set, on_reading, on_text};
    int status = 0;
    printf("%-16s %-18s %12s %s\n", "device", "metric", "value", "unit");
    for (size_t i = 0; i < set->bus_count; i++) {
        struct fault f = {0};
        int failed = bus_once(set, i, &on, &f);
        if (failed < 0)
            fprintf(stderr, "bus %s: %s\n", set->buses[i].name, f.text);
        if (failed)
            status = 1;
    }
    return status;
}
