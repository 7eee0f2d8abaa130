/* times: how long each of several runs took. */
#ifndef QUIETAIR_TIMES_H
#define QUIETAIR_TIMES_H

#include <stdint.h>

enum { TIMES = 7 }; /* runs, by turns with what they are compared with */

struct times {
    double seconds[TIMES];
    int count;
};

double seconds_since(int64_t began_ns); /* of clock_mono_ns */
void times_add(struct times *, double seconds);
double times_median(const struct times *);
/* Median of the ratios of each turn, a / b: what disturbs the machine disturbs both of a turn. */
double times_ratio(const struct times *a, const struct times *b);
/* A line: readings a second, median, shortest and longest. */
void times_print(const char *what, const struct times *, uint64_t readings);

#endif
