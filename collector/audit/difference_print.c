/* What differs, for programs and for people. */
#include "collector/audit/difference_private.h"
#include "common/civil.h"
#include "common/table.h"

#include <math.h>

static const char *const side_names[] = {"before", "after"};
static const char *const outcomes[] = {"compliant", "exceeds", "not-judged"};

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void json_things(struct buf *out, const char *name, const struct pairs *pairs)
{
    buf_print(out, ",\"%s\":{\"same\":%zu,\"changed\":[", name, pairs->same);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *p = &pairs->items[i];
        buf_print(out, "%s{\"before\":%s,\"after\":%s}", i ? "," : "", p->before ? p->before->body : "null",
                  p->after ? p->after->body : "null");
    }
    buf_text(out, "]}");
}

static void json_window(struct buf *out, const struct window *w)
{
    if (!w->to) {
        buf_text(out, "null");
        return;
    }
    buf_print(out, "{\"to\":%lld,\"outcome\":\"%s\",\"reason\":\"%s\",\"judged\":", (long long)w->to,
              outcomes[w->outcome], w->reason);
    buf_number(out, w->judged);
    buf_text(out, ",\"limit\":");
    buf_number(out, w->limit);
    buf_char(out, '}');
}

static void json_tally(struct buf *out, const struct tally *t)
{
    buf_print(out, "{\"site\":\"%s\",\"device\":\"%s\",\"rule\":\"%s\",\"changed\":%zu", t->site, t->device, t->rule,
              t->changed);
    for (enum side s = SIDE_BEFORE; s <= SIDE_AFTER; s++)
        buf_print(out, ",\"%s\":{\"windows\":%zu,\"exceeding\":%zu,\"exceeding_ms\":%lld}", side_names[s],
                  t->windows[s], t->exceeding[s], (long long)t->exceeding_ms[s]);
    buf_char(out, '}');
}

void difference_json(struct buf *out, const struct difference *d)
{
    buf_print(out, "{\"from\":%lld,\"until\":%lld", (long long)d->from, (long long)d->until);
    json_things(out, "flags", &d->flag_pairs);
    json_things(out, "cases", &d->case_pairs);
    buf_print(out, ",\"windows\":{\"same\":%zu,\"devices\":[", d->same_windows);
    for (size_t i = 0; i < d->tally_count; i++) {
        buf_text(out, i ? "," : "");
        json_tally(out, &d->tallies[i]);
    }
    buf_text(out, "],\"changed\":[");
    for (size_t i = 0; i < d->change_count; i++) {
        const struct change *c = &d->changes[i];
        const struct tally *t = &d->tallies[c->tally];
        buf_print(out, "%s{\"site\":\"%s\",\"device\":\"%s\",\"rule\":\"%s\",\"from\":%lld,\"before\":", i ? "," : "",
                  t->site, t->device, t->rule,
                  (long long)(c->side[SIDE_BEFORE].to ? c->side[SIDE_BEFORE].from : c->side[SIDE_AFTER].from));
        json_window(out, &c->side[SIDE_BEFORE]);
        buf_text(out, ",\"after\":");
        json_window(out, &c->side[SIDE_AFTER]);
        buf_char(out, '}');
    }
    buf_text(out, "]}}\n");
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void stamp_cell(struct table *t, int64_t ms)
{
    char text[20] = "—";
    if (ms)
        civil_stamp(ms, text);
    table_text(t, text);
}

static const char *kind_of(const struct pair *p)
{
    return !p->after ? "gone" : !p->before ? "new" : "changed";
}

static void flag_cells(struct table *t, const struct pair *p)
{
    const struct thing *shown = p->after ? p->after : p->before;
    table_text(t, kind_of(p));
    table_text(t, shown->name);
    table_text(t, shown->site);
    table_text(t, *shown->device ? shown->device : "—");
    stamp_cell(t, shown->since);
    stamp_cell(t, shown->until);
    for (int limit = 0; limit < 2; limit++) {
        double a = !p->before ? NAN : limit ? p->before->limit : p->before->judged;
        double b = !p->after ? NAN : limit ? p->after->limit : p->after->judged;
        table_number(t, a, 3);
        table_number(t, b, 3);
    }
}

static void text_flags(struct buf *out, const struct pairs *pairs, bool colour)
{
    static const char *const columns[] = {"CHANGE",  "FLAG", "SITE",   "DEVICE", "SINCE", "UNTIL",
                                          ">JUDGED", ">NOW", ">LIMIT", ">NOW",   NULL};
    struct table *t = table_new(columns);
    for (size_t i = 0; i < pairs->count; i++)
        flag_cells(t, &pairs->items[i]);
    table_write(t, out, colour);
    table_free(t);
}

static void text_cases(struct buf *out, const struct pairs *pairs, bool colour)
{
    static const char *const columns[] = {"CHANGE", "CASE", "SITE", "SINCE", "STATE", "NOW", "STEP", "NOW", NULL};
    struct table *t = table_new(columns);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *p = &pairs->items[i];
        const struct thing *shown = p->after ? p->after : p->before;
        table_text(t, kind_of(p));
        table_text(t, shown->name);
        table_text(t, shown->site);
        stamp_cell(t, shown->since);
        table_text(t, p->before ? p->before->state : "—");
        table_text(t, p->after ? p->after->state : "—");
        table_text(t, p->before ? p->before->step : "—");
        table_text(t, p->after ? p->after->step : "—");
    }
    table_write(t, out, colour);
    table_free(t);
}

static void text_windows(struct buf *out, const struct difference *d, bool colour)
{
    static const char *const columns[] = {"SITE",       "DEVICE", "RULE", ">WINDOWS", ">NOW", ">CHANGED",
                                          ">EXCEEDING", ">NOW",   ">min", ">NOW",     NULL};
    struct table *t = table_new(columns);
    for (size_t i = 0; i < d->tally_count; i++) {
        const struct tally *y = &d->tallies[i];
        table_text(t, y->site);
        table_text(t, y->device);
        table_text(t, y->rule);
        table_print(t, "%zu", y->windows[SIDE_BEFORE]);
        table_print(t, "%zu", y->windows[SIDE_AFTER]);
        table_print(t, "%zu", y->changed);
        table_print(t, "%zu", y->exceeding[SIDE_BEFORE]);
        table_print(t, "%zu", y->exceeding[SIDE_AFTER]);
        table_number(t, (double)y->exceeding_ms[SIDE_BEFORE] / 60e3, 1);
        table_number(t, (double)y->exceeding_ms[SIDE_AFTER] / 60e3, 1);
    }
    table_write(t, out, colour);
    table_free(t);
}

void difference_text(struct buf *out, const struct difference *d, bool colour)
{
    char from[20], until[20];
    civil_stamp(d->from, from);
    civil_stamp(d->until, until);
    buf_print(out, "Judged again: %s to %s\n", from, until);
    buf_print(out, "Flags: %zu the same, %zu not.  Cases: %zu the same, %zu not.  Windows: %zu the same, %zu not.\n",
              d->flag_pairs.same, d->flag_pairs.count, d->case_pairs.same, d->case_pairs.count, d->same_windows,
              d->change_count);
    if (d->flag_pairs.count) {
        buf_char(out, '\n');
        text_flags(out, &d->flag_pairs, colour);
    }
    if (d->case_pairs.count) {
        buf_char(out, '\n');
        text_cases(out, &d->case_pairs, colour);
    }
    if (d->tally_count) {
        buf_char(out, '\n');
        text_windows(out, d, colour);
    }
}
