#include "tests/bench/times.h"
#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

double seconds_since(int64_t began_ns)
{
    return (double)(clock_mono_ns() - began_ns) / 1e9;
}

void times_add(struct times *t, double seconds)
{
    t->seconds[t->count++] = seconds;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct times sorted(const struct times *t)
{
    struct times s = *t;
    qsort(s.seconds, (size_t)s.count, sizeof *s.seconds, by_size);
    return s;
}

double times_median(const struct times *t)
{
    return sorted(t).seconds[t->count / 2];
}

double times_ratio(const struct times *a, const struct times *b)
{
    struct times ratios = {.count = a->count};
    for (int i = 0; i < a->count; i++)
        ratios.seconds[i] = a->seconds[i] / b->seconds[i];
    return times_median(&ratios);
}

void times_print(const char *what, const struct times *t, uint64_t readings)
{
    struct times s = sorted(t);
    double median = times_median(t);
    printf("  %-14s %9.0f readings/s  (%.3f s, %.3f to %.3f)\n", what, (double)readings / median, median, s.seconds[0],
           s.seconds[s.count - 1]);
}
