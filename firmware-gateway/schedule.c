#include "firmware-gateway/schedule.h"

void schedule_start(struct schedule *s, struct slot *slots, size_t count, int64_t now_ms)
{
    *s = (struct schedule){.slots = slots, .count = count};
    for (size_t i = 0; i < count; i++)
        slots[i] = (struct slot){.due_ms = now_ms, .interval_ms = slots[i].interval_ms};
}

size_t schedule_next(const struct schedule *s, int64_t *due_ms)
{
    size_t best = SIZE_MAX;
    *due_ms = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        const struct slot *slot = &s->slots[i];
        if (best != SIZE_MAX &&
            (slot->due_ms > *due_ms || (slot->due_ms == *due_ms && slot->turn >= s->slots[best].turn)))
            continue;
        best = i;
        *due_ms = slot->due_ms;
    }
    return best;
}

/* Moves on by whole intervals to the first slot at or after t. */
static void skip_to(struct slot *slot, int64_t t)
{
    if (slot->due_ms >= t)
        return;
    int64_t slots = (t - slot->due_ms + slot->interval_ms - 1) / slot->interval_ms;
    slot->skipped += (uint64_t)slots;
    slot->due_ms += slots * slot->interval_ms;
}

void schedule_done(struct schedule *s, size_t device, int64_t now_ms)
{
    struct slot *slot = &s->slots[device];
    slot->turn = ++s->turn;
    slot->due_ms += slot->interval_ms;
    skip_to(slot, now_ms - slot->interval_ms + 1);
}

void schedule_defer(struct schedule *s, size_t device, int64_t until_ms)
{
    skip_to(&s->slots[device], until_ms);
}
