/* behaviour: what a simulated point says at a given time.  Pure: no clock, no randomness but a hash of seed and count.
 *
 *   45                          always 45
 *   45~2                        45 give or take 2, evenly drawn for each answer
 *   0s:58 20s:86~0.8 40s:57     from that time after the start this level; the last one stays
 *   0s:58 20s:86 repeat 60s     the same over and over
 *   06:00=48~1 22:00=70~2       from that local time of day; the last one reaches over midnight
 *   counter 1000                a new raw number in every answer: 1000, 1001, … (wraps where the type does)
 *   exception 2                 any request that touches the point is answered by this Modbus exception
 */
#ifndef QUIETAIR_SIM_BEHAVIOUR_H
#define QUIETAIR_SIM_BEHAVIOUR_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BEHAVIOUR_STEPS = 48, WINDOWS_MAX = 16 };

struct step {
    int64_t at_ms; /* after the start, or after local midnight */
    double level, jitter;
};

enum behaviour_kind { BEHAVIOUR_SCHEDULE, BEHAVIOUR_CLOCK, BEHAVIOUR_COUNTER, BEHAVIOUR_EXCEPTION };

struct behaviour {
    enum behaviour_kind kind;
    size_t step_count; /* SCHEDULE, CLOCK: at least 1, rising */
    struct step steps[BEHAVIOUR_STEPS];
    int64_t repeat_ms; /* SCHEDULE: 0: never */
    uint64_t first;    /* COUNTER */
    int exception;     /* EXCEPTION: 1..11 */
};

/* ERR_SYNTAX, ERR_RANGE.  `repeat_ms` is the period of a schedule of several steps that names none (0: never). */
int behaviour_parse(struct behaviour *, const char *text, int64_t repeat_ms, struct fault *);

/* `45` or `45~2` into *step; `text` is spoilt.  False: neither. */
bool step_parse_level(char *text, struct step *step);
/* The step in force.  NULL for counters and exceptions. */
const struct step *behaviour_step(const struct behaviour *, int64_t since_start_ms, int64_t since_midnight_ms);
/* The level with the jitter of the n-th answer under this seed: the same seed and n draw the same. */
double step_value(const struct step *, uint64_t seed, uint64_t n);
uint64_t seed_mix(uint64_t seed, const char *text);

/* Times at which something is so: "yes", "no" (or ""), or "20s-40s 80s-95s" after the start. */
struct windows {
    size_t count;
    struct {
        int64_t from_ms, until_ms;
    } window[WINDOWS_MAX];
    int64_t repeat_ms;
};

int windows_parse(struct windows *, const char *text, int64_t repeat_ms, struct fault *);
bool windows_contain(const struct windows *, int64_t since_start_ms);

#endif
