/* past: the scenario of a history: what the meters of a street said over weeks, and what people entered meanwhile.
 * docs/history.md describes the file.  Everything in it is checked before anything is sent; all faults in one run.
 */
#ifndef QUIETAIR_SIM_PAST_H
#define QUIETAIR_SIM_PAST_H

#include "tests/sim/course.h"

enum { PAST_CLEANINGS = 32, PAST_METRICS = 23 };

struct metric { /* that a meter of a history may give */
    const char *name, *unit;
    int decimals;
    bool bit;
};
extern const struct metric past_metrics[PAST_METRICS];

struct past_meter {
    const char *device, *site, *measurement, *profile, *integration, *serial, *calibrated;
    int64_t interval_ms;
    struct spans dead;   /* it does not answer: error readings `timeout` */
    struct spans silent; /* nothing is said of it */
    size_t cleaning_count, cleanings_done;
    int64_t cleanings[PAST_CLEANINGS]; /* rising: when it really was cleaned */
    size_t course_count;
    struct {
        const struct metric *metric;
        struct course course;
    } * courses;
};

struct past_command {
    const char *name, *verb, *actor;
    char *args; /* a JSON object; ${…} still stands in it */
    int64_t at;
    const char *refused; /* NULL: the collector must take it; else it must refuse it, with these words ("": any) */
};

struct past {
    int64_t seed, tick_ms;
    struct calendar calendar;
    struct spans down; /* the gateway is without power */
    size_t meter_count, command_count, times_count;
    struct past_meter *meters;
    struct past_command *commands; /* by time, then in the order of the file */
    struct times *times;
    char *register_csv; /* of the [site …] sections; NULL: there are none */
    struct conf *conf;
};

/* The zone of civil time must be set.  NULL: faults say why. */
struct past *past_open(const char *path, int64_t from_ms, struct faults *);
void past_close(struct past *);

#endif
