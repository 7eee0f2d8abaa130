/* meter: one simulated Modbus unit: its points, what they say now, and the answer to a request.
 *
 * A meter belongs to one bus and is used by that bus's thread alone.
 */
#ifndef QUIETAIR_SIM_METER_H
#define QUIETAIR_SIM_METER_H

#include "tests/sim/behaviour.h"
#include "tests/sim/encode.h"
#include "tests/sim/slave.h"

enum { METER_POINTS = 64, UNIT_FIRST = 1, UNIT_LAST = 247 /* MODBUS over Serial Line V1.02, 2.2 */ };

/* Where a value lies: the same for all meters of a model. */
struct place {
    const char *name;
    enum table table;
    unsigned address;
    struct encoding encoding;
    const char *usual; /* behaviour where the meter says none; NULL: it must say */
};

struct point {
    const struct place *place;
    struct behaviour behaviour;
    uint64_t seed, served; /* served: answers that carried it whole */
    uint32_t raw;
};

struct meter {
    const char *name;
    int unit;
    int64_t turnaround_ms;
    struct windows dead;
    size_t point_count;
    struct point *points;
    struct registers *registers; /* made by meter_prepare */
};

struct moment {
    int64_t wall_ms, since_start_ms;
};

enum { TRACE_MAX = METER_POINTS * 64 };

/* An answer on its way.  `values`: what the log will say of it, ` point=value` for each point that it carries whole. */
struct answer {
    const struct meter *meter;
    size_t length; /* 0: the meter stays silent */
    int exception; /* 0: it carries values */
    uint8_t bytes[ADU_MAX];
    char values[TRACE_MAX];
};

void meter_prepare(struct meter *);
void meter_free(struct meter *); /* what meter_prepare made */

/* One whole request of this framing to this meter: fills *out. */
void meter_answer(struct meter *, struct slave *, enum framing, const uint8_t *request, size_t length,
                  const struct moment *, struct answer *out);

#endif
