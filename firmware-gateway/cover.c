#include "firmware-gateway/cover.h"

#include <stdlib.h>
#include <string.h>

enum { ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };

bool cover_is_refusal(int exception)
{
    return exception == ILLEGAL_ADDRESS || exception == ILLEGAL_VALUE;
}

static void as_planned(struct cover *c)
{
    c->count = c->plan->count;
    c->aside = 0;
    for (size_t i = 0; i < c->count; i++)
        c->blocks[i] = (struct cover_block){.ask = c->plan->blocks[i]};
}

void cover_init(struct cover *c, const struct plan *plan, const struct profile_metric *metrics)
{
    size_t most = 1;
    for (size_t i = 0; i < plan->count; i++)
        most += plan->blocks[i].metric_count;
    *c = (struct cover){.plan = plan, .metrics = metrics, .again_in_ms = COVER_FIRST_MS};
    c->blocks = xcalloc(most, sizeof *c->blocks);
    as_planned(c);
}

void cover_free(struct cover *c)
{
    free(c->blocks);
    *c = (struct cover){0};
}

void cover_refresh(struct cover *c, int64_t now_ms)
{
    if (!c->aside || now_ms < c->again_ms)
        return;
    c->again_in_ms = 2 * c->again_in_ms < COVER_MOST_MS ? 2 * c->again_in_ms : COVER_MOST_MS;
    as_planned(c);
}

/* The metrics from..to of a block, in the order of their addresses; they may overlap. */
static struct plan_block part(const struct cover *c, const struct plan_block *whole, size_t from, size_t to)
{
    const struct profile_metric *first = &c->metrics[whole->metrics[from]];
    unsigned end = 0;
    for (size_t i = from; i < to; i++) {
        const struct profile_metric *m = &c->metrics[whole->metrics[i]];
        end = m->address + m->count > (int)end ? (unsigned)(m->address + m->count) : end;
    }
    return (struct plan_block){.table = whole->table,
                               .address = first->address,
                               .count = (uint16_t)(end - first->address),
                               .metrics = whole->metrics + from,
                               .metric_count = to - from};
}

bool cover_refused(struct cover *c, size_t at, int exception, int64_t now_ms)
{
    struct plan_block whole = c->blocks[at].ask;
    size_t half = whole.metric_count / 2;
    if (whole.metric_count == 1) {
        c->blocks[at].exception = exception;
        if (!c->aside++)
            c->again_ms = now_ms + c->again_in_ms;
        return false;
    }
    memmove(&c->blocks[at + 2], &c->blocks[at + 1], (c->count - at - 1) * sizeof c->blocks[0]);
    c->count++;
    c->blocks[at] = (struct cover_block){.ask = part(c, &whole, 0, half)};
    c->blocks[at + 1] = (struct cover_block){.ask = part(c, &whole, half, whole.metric_count)};
    return true;
}
