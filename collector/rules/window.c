#include "collector/rules/window.h"
#include "common/civil.h"

struct run { /* a stretch of one band, or one day where there are no bands */
    int64_t from, to;
    bool night;
};

struct grid {
    struct run run;
    int64_t length;
};

/* Edges of yesterday, today and tomorrow in their order: a night that begins late reaches into the next day. */
static struct run run_at(int64_t ms, int night_start)
{
    if (night_start == NO_BANDS)
        return (struct run){civil_midnight(ms, 0), civil_midnight(ms, 1), false};
    struct civil today = civil_of(ms);
    int night_end = (night_start + NIGHT_MINUTES) % DAY_MINUTES;
    bool night_first = night_start < night_end; /* which of its two edges comes first in a day */
    int early = night_first ? night_start : night_end, late = night_first ? night_end : night_start;
    struct run run = {0, 0, false};
    for (int day = today.day - 1; day <= today.day + 1; day++) {
        for (int second = 0; second < 2; second++) {
            int64_t edge = civil_ms(today.year, today.month, day, 0, second ? late : early, 0);
            if (edge > ms && !run.to)
                run.to = edge;
            if (edge <= ms) {
                run.from = edge;
                run.night = night_first == !second;
            }
        }
    }
    return run;
}

/* The piece between two neighbouring grid points, midnights and edges. */
static struct run piece_at(const struct grid *g, int64_t ms)
{
    int64_t midnight = civil_midnight(ms, 0), next_midnight = civil_midnight(ms, 1);
    struct run p = {.from = ms - (ms - midnight) % g->length, .night = g->run.night};
    p.to = p.from + g->length;
    if (p.to > next_midnight)
        p.to = next_midnight;
    if (p.from < g->run.from)
        p.from = g->run.from;
    if (p.to > g->run.to)
        p.to = g->run.to;
    return p;
}

static bool is_short(const struct grid *g, const struct run *p)
{
    return 2 * (p->to - p->from) < g->length;
}

/* Short pieces after `to` join what ends there. */
static int64_t joined_end(const struct grid *g, int64_t to)
{
    while (to < g->run.to) {
        struct run next = piece_at(g, to);
        if (!is_short(g, &next))
            break;
        to = next.to;
    }
    return to;
}

/* A short piece at the run's begin has no neighbour before it: it takes in those that follow until it is short no more.
 */
static struct run first_window(const struct grid *g)
{
    struct run first = piece_at(g, g->run.from);
    while (first.to < g->run.to && is_short(g, &first))
        first.to = piece_at(g, first.to).to;
    first.to = joined_end(g, first.to);
    return first;
}

struct window window_at(int64_t ms, int64_t length_ms, int night_start)
{
    struct grid g = {run_at(ms, night_start), length_ms};
    struct run p = first_window(&g);
    if (ms >= p.to) {
        p = piece_at(&g, ms);
        while (is_short(&g, &p))
            p = piece_at(&g, p.from - 1);
        p.to = joined_end(&g, p.to);
    }
    return (struct window){p.from, p.to, g.run.night};
}

struct window window_band(int64_t ms, int night_start)
{
    struct run run = run_at(ms, night_start);
    int64_t midnight = civil_midnight(ms, 0), next_midnight = civil_midnight(ms, 1);
    return (struct window){.from = run.from > midnight ? run.from : midnight,
                           .to = run.to < next_midnight ? run.to : next_midnight,
                           .night = run.night};
}

struct window window_period(int64_t ms, int night_start)
{
    struct run run = run_at(ms, night_start);
    return (struct window){run.from, run.to, run.night};
}

void window_pack(struct pack *p, struct window *w)
{
    pack_int(p, &w->from);
    pack_int(p, &w->to);
    pack_bool(p, &w->night);
}
