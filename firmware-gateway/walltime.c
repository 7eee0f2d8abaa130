#include "firmware-gateway/walltime.h"

static bool believable(const struct walltime *w, const struct clock_look *l)
{
    return l->wall_ms >= WALLTIME_FLOOR_MS && (w->trusted || l->trust != CLOCK_UNSYNCED);
}

enum walltime_event walltime_turn(struct walltime *w, const struct clock_look *l)
{
    int64_t offset = l->wall_ms - l->boot_ms, moved = offset - w->offset_ms;
    enum walltime_event event = WALLTIME_SAME;
    w->trust = l->trust;
    if (!w->known) {
        w->known = believable(w, l);
        w->error_ms = l->error_ms;
        event = w->known ? WALLTIME_KNOWN : WALLTIME_SAME;
    } else if (moved > WALLTIME_STEP_MS || moved < -WALLTIME_STEP_MS) {
        w->steps++;
        w->step_ms = moved;
        event = WALLTIME_STEPPED;
    }
    w->offset_ms = offset;
    return event;
}

const char *walltime_state(const struct walltime *w)
{
    return !w->known ? "unsynced" : w->trust == CLOCK_SYNCED ? "synced" : "trusted";
}
