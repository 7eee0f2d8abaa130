#include "firmware-gateway/once.h"
#include "common/clock.h"
#include "common/table.h"
#include "firmware-gateway/bus.h"

#include <stdio.h>
#include <string.h>

/* What was said, as people and as programs read it. */
struct once {
    const struct gateway_settings *set;
    struct table *table;
    struct buf readings, texts; /* elements of lists */
};

static const char *unit_of(const struct device_section *d, const char *metric)
{
    for (size_t i = 0; i < d->metric_count; i++)
        if (strcmp(d->metrics[i].name, metric) == 0)
            return d->metrics[i].unit;
    return "";
}

static void put_row(struct once *o, const char *device, const char *metric, const char *value, const char *unit,
                    const char *remark)
{
    table_text(o->table, device);
    table_text(o->table, metric);
    table_text(o->table, value);
    table_text(o->table, unit);
    table_text(o->table, remark);
}

static void put_rows(struct once *o, const struct device_section *d, const struct reading *r)
{
    if (r->error)
        put_row(o, d->name, "-", r->error, "", "");
    for (size_t i = 0; i < r->value_count; i++) {
        char text[64];
        struct buf b = buf_fixed(text, sizeof text);
        if (r->values[i].value.kind == VALUE_NUMBER)
            buf_number(&b, r->values[i].value.number);
        else if (r->values[i].value.kind == VALUE_HUGE)
            buf_int(&b, r->values[i].value.integer);
        put_row(o, d->name, r->values[i].metric, text, unit_of(d, r->values[i].metric), r->quality ? "(suspect)" : "");
    }
    for (size_t i = 0; i < r->error_count; i++) {
        const char *detail = r->errors[i].detail;
        put_row(o, d->name, r->errors[i].metric, r->errors[i].error, "", detail ? detail : "");
    }
}

static void on_reading(void *ctx, size_t device, const struct reading *r)
{
    struct once *o = ctx;
    const struct device_section *d = &o->set->devices[device];
    struct reading told = *r;
    told.device = d->name;
    told.ts += clock_wall_ms() - clock_boot_ms();
    buf_text(&o->readings, o->readings.length ? "," : "");
    frame_put_reading(&o->readings, &told);
    put_rows(o, d, r);
}

static void on_text(void *ctx, size_t device, const char *name, const char *text)
{
    struct once *o = ctx;
    const char *own = o->set->devices[device].name;
    buf_print(&o->texts, "%s{\"device\":\"%s\",\"%s\":", o->texts.length ? "," : "", own, name);
    buf_json(&o->texts, text);
    buf_char(&o->texts, '}');
    put_row(o, own, name, text, "", "");
}

static void print(const struct once *o, bool json)
{
    struct buf b = buf_growing();
    if (json)
        buf_print(&b, "{\"readings\":[%s],\"texts\":[%s]}\n", o->readings.data, o->texts.data);
    else
        table_write(o->table, &b, false);
    fputs(b.data, stdout);
    buf_free(&b);
}

int once_print(const struct gateway_settings *set, bool json)
{
    static const char *const headings[] = {"device", "metric", ">value", "unit", "", NULL};
    struct once o = {set, table_new(headings), buf_growing(), buf_growing()};
    struct bus_events on = {&o, on_reading, on_text};
    int status = 0;
    for (size_t i = 0; i < set->bus_count; i++) {
        struct fault f = {0};
        int failed = bus_once(set, i, &on, &f);
        if (failed < 0)
            fprintf(stderr, "bus %s: %s\n", set->buses[i].name, f.text);
        if (failed)
            status = 1;
    }
    print(&o, json);
    table_free(o.table);
    buf_free(&o.readings);
    buf_free(&o.texts);
    return status;
}
