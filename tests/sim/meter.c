#include "tests/sim/meter.h"
#include "common/civil.h"

#include <stdlib.h>

enum { EXCEPTION_BIT = 0x80, FUNCTION_IN_RTU = 1, FUNCTION_IN_TCP = 7 };

static unsigned last_of(const struct place *p)
{
    return p->address + (unsigned)encode_words(&p->encoding) - 1;
}

void meter_prepare(struct meter *m)
{
    struct extent extents[TABLE_INPUT + 1] = {0};
    for (size_t i = 0; i < m->point_count; i++) {
        const struct place *p = m->points[i].place;
        struct extent *e = &extents[p->table];
        unsigned first = e->count && e->first < p->address ? e->first : p->address;
        unsigned end = e->count && e->first + e->count > last_of(p) + 1 ? e->first + e->count : last_of(p) + 1;
        *e = (struct extent){.first = first, .count = end - first};
    }
    m->registers = registers_new(extents);
}

void meter_free(struct meter *m)
{
    registers_free(m->registers);
    m->registers = NULL;
}

static bool touches(const struct question *q, const struct place *p)
{
    return q->function == (int)p->table && p->address < q->address + q->count && last_of(p) >= q->address;
}

static bool covers(const struct question *q, const struct place *p)
{
    return q->function == (int)p->table && p->address >= q->address && last_of(p) < q->address + q->count;
}

static int64_t since_midnight(int64_t wall_ms)
{
    struct civil c = civil_of(wall_ms);
    return ((c.hour * 60 + c.minute) * 60 + c.second) * INT64_C(1000);
}

static void point_refresh(struct meter *m, struct point *p, const struct moment *now)
{
    const struct behaviour *b = &p->behaviour;
    uint16_t words[2];
    if (b->kind == BEHAVIOUR_COUNTER) {
        p->raw = encode_count(&p->place->encoding, b->first + p->served);
    } else {
        int64_t of_day = b->kind == BEHAVIOUR_CLOCK ? since_midnight(now->wall_ms) : 0;
        const struct step *step = behaviour_step(b, now->since_start_ms, of_day);
        p->raw = encode_value(&p->place->encoding, step_value(step, p->seed, p->served));
    }
    encode_registers(&p->place->encoding, p->raw, words);
    for (unsigned i = 0; i < encode_words(&p->place->encoding); i++)
        registers_set(m->registers, p->place->table, p->place->address + i, words[i]);
}

void meter_answer(struct meter *m, struct slave *slave, enum framing framing, const uint8_t *request, size_t length,
                  const struct moment *now, struct answer *out)
{
    struct question q = question_of(framing, request, length);
    int exception = 0;
    out->meter = m;
    out->length = 0;
    out->exception = 0;
    out->values[0] = 0;
    if (windows_contain(&m->dead, now->since_start_ms))
        return;

    for (size_t i = 0; i < m->point_count; i++) {
        struct point *p = &m->points[i];
        if (!touches(&q, p->place))
            continue;
        if (p->behaviour.kind == BEHAVIOUR_EXCEPTION)
            exception = p->behaviour.exception;
        else
            point_refresh(m, p, now);
    }
    out->length = slave_answer(slave, m->registers, request, length, exception, out->bytes);
    if (!out->length)
        return;
    size_t function_at = framing == FRAMING_RTU ? FUNCTION_IN_RTU : FUNCTION_IN_TCP;
    if (out->bytes[function_at] & EXCEPTION_BIT) {
        out->exception = out->bytes[function_at + 1];
        return;
    }
    struct buf values = buf_fixed(out->values, sizeof out->values);
    for (size_t i = 0; i < m->point_count; i++) {
        struct point *p = &m->points[i];
        if (!covers(&q, p->place))
            continue;
        p->served++;
        buf_print(&values, " %s=", p->place->name);
        encode_text(&p->place->encoding, p->raw, &values);
    }
}
