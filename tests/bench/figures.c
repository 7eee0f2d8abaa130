#include "tests/bench/figures.h"

#include <stdlib.h>

void figures_add(struct figures *f, double x)
{
    if (f->count < FIGURES)
        f->of[f->count++] = x;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The one at this place, once they are sorted. */
static double at(const struct figures *f, int place)
{
    struct figures s = *f;
    if (!s.count)
        return 0;
    qsort(s.of, (size_t)s.count, sizeof *s.of, by_size);
    return s.of[place];
}

double figures_median(const struct figures *f)
{
    return at(f, f->count / 2);
}

double figures_least(const struct figures *f)
{
    return at(f, 0);
}

double figures_most(const struct figures *f)
{
    return at(f, f->count - 1);
}
