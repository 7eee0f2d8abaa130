#include "firmware-gateway/plan.h"

#include <stdlib.h>

static bool is_bits(enum profile_table table)
{
    return table == TABLE_COIL || table == TABLE_DISCRETE;
}

static bool before(const struct profile_metric *a, const struct profile_metric *b)
{
    return a->table != b->table ? a->table < b->table : a->address < b->address;
}

/* Insertion sort: stable, and there are few. */
static uint16_t *sorted(const struct profile_metric *metrics, size_t count)
{
    uint16_t *order = xcalloc(count, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at && before(&metrics[i], &metrics[order[at - 1]]); at--)
            order[at] = order[at - 1];
        order[at] = (uint16_t)i;
    }
    return order;
}

struct step { /* the best way to read the first metrics up to here */
    size_t requests, words;
    size_t from; /* where its last request begins */
};

static bool better(const struct step *a, const struct step *b)
{
    return a->requests != b->requests ? a->requests < b->requests : a->words < b->words;
}

/* steps[i] for the first i metrics, each from all the requests that can end there. */
static void find_steps(struct step *steps, const struct profile_metric *metrics, const uint16_t *order, size_t count,
                       const struct profile_limits *limits)
{
    for (size_t i = 1; i <= count; i++)
        steps[i].requests = SIZE_MAX;
    for (size_t from = 0; from < count; from++) {
        const struct profile_metric *first = &metrics[order[from]];
        int64_t most = is_bits(first->table) ? BITS_MAX : limits->max_registers;
        int64_t gap = is_bits(first->table) ? 16 * limits->max_gap : limits->max_gap;
        int64_t end = first->address;
        for (size_t i = from; i < count; i++) {
            const struct profile_metric *m = &metrics[order[i]];
            int64_t m_end = m->address + m->count;
            if (m->table != first->table || m->address - end > gap)
                break;
            end = m_end > end ? m_end : end;
            if (end - first->address > most || profile_is_forbidden(limits, first->table, first->address, end - 1))
                break;
            struct step s = {.requests = steps[from].requests + 1,
                             .words = steps[from].words + (size_t)(end - first->address),
                             .from = from};
            if (better(&s, &steps[i + 1]))
                steps[i + 1] = s;
        }
    }
}

void plan_make(struct plan *plan, const struct profile_metric *metrics, size_t count,
               const struct profile_limits *limits)
{
    struct step *steps = xcalloc(count + 1, sizeof *steps);
    uint16_t *order = sorted(metrics, count);
    find_steps(steps, metrics, order, count, limits);

    *plan = (struct plan){.count = steps[count].requests, .order = order};
    plan->blocks = xcalloc(plan->count, sizeof *plan->blocks);
    size_t end = count;
    for (size_t b = plan->count; b-- > 0; end = steps[end].from) {
        size_t from = steps[end].from;
        const struct profile_metric *first = &metrics[order[from]];
        plan->blocks[b] = (struct plan_block){.table = first->table,
                                              .address = first->address,
                                              .count = (uint16_t)(steps[end].words - steps[from].words),
                                              .metrics = order + from,
                                              .metric_count = end - from};
    }
    free(steps);
}

void plan_free(struct plan *plan)
{
    free(plan->blocks);
    free(plan->order);
    *plan = (struct plan){0};
}

int64_t line_char_ns(const struct line *line)
{
    return (1 + 8 + (line->parity != PARITY_NONE) + line->stop_bits) * 1000000000 / line->baud;
}

int64_t line_silence_ns(const struct line *line)
{
    return line->baud > 19200 ? 1750000 : line_char_ns(line) * 7 / 2;
}

int64_t line_answer_ns(const struct line *line, const struct plan_block *block)
{
    int64_t data = is_bits(block->table) ? (block->count + 7) / 8 : block->count * 2;
    return (5 + data) * line_char_ns(line); /* unit, function, length, data, CRC */
}

int64_t line_request_ns(const struct line *line, const struct plan_block *block, int64_t turnaround_ms)
{
    return 8 * line_char_ns(line) + turnaround_ms * 1000000 + line_answer_ns(line, block) + 2 * line_silence_ns(line);
}
