/* figures: one number of several turns: its median, the smallest and the largest. */
#ifndef QUIETAIR_FIGURES_H
#define QUIETAIR_FIGURES_H

enum { FIGURES = 32 };

struct figures {
    double of[FIGURES];
    int count;
};

void figures_add(struct figures *, double);
double figures_median(const struct figures *); /* 0 when there are none */
double figures_least(const struct figures *);
double figures_most(const struct figures *);

#endif
