/* weekly_private: what the files of the weekly audit share while it is being made.
 *
 * weekly.c judges a site, weekly_rows.c takes in what the ledger tells, weekly_gateway.c tells which data have not
 * come, weekly_sum.c adds up.
 */
#ifndef QUIETAIR_WEEKLY_PRIVATE_H
#define QUIETAIR_WEEKLY_PRIVATE_H

#include "collector/audit/weekly.h"
#include "collector/rules/interval.h"

#include <stdio.h>

struct span {
    int64_t from, to;
};

struct spans {
    struct span *items;
    size_t count, capacity;
};

struct tally { /* what came in about one site */
    const struct site *site;
    int64_t registered;                      /* its first version begins */
    int64_t end;                             /* nothing counts from here on: the week's end, or it was closed */
    struct interval interval;                /* between cleanings */
    int64_t last_cleaned, last_contradicted; /* 0 none */
    int64_t due_by_hours;
    struct spans noise, fume; /* exceeding */
    struct weekly_figures figures;
    struct weekly_worst worst;
};

struct day { /* fan time of a site with an interval in hours */
    size_t site;
    int64_t day, fan_ms;
};

struct meter { /* a device and the gateway that reports it */
    char site[ID_SIZE], device[ID_SIZE], gateway[ID_SIZE];
};

struct weekly_draft {
    struct weekly_settings settings;
    struct sink sink;
    struct site *versions;
    size_t version_count, version_capacity;
    bool settled; /* no more versions: tallies are there, by id */
    struct tally *tallies;
    size_t tally_count, recent; /* the tally that was looked up last: rows come site by site */
    struct day *days;
    size_t day_count, day_capacity;
    struct weekly_missing *missing;
    size_t missing_count, missing_capacity;
    struct weekly_step *steps;
    size_t step_count, step_capacity;
    struct weekly_gateway *late; /* the week has not all come from them */
    size_t late_count, late_capacity;
    char (*offline)[ID_SIZE]; /* gateways */
    size_t offline_count, offline_capacity;
    struct meter *meters;
    size_t meter_count, meter_capacity;
    struct weekly_gateway *behind, *silent;
    struct weekly_site *sites;
    struct weekly_group *grids, *districts;
    struct weekly result;
};

/* Room for one more; returns the list, moved if need be. */
static inline void *grown(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 32;
    return xrealloc(items, *capacity * size);
}

static inline int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static inline void copy_id(char out[static ID_SIZE], const char *id)
{
    snprintf(out, ID_SIZE, "%s", id);
}

/* Tallies stand from now on: there are no more versions. */
void weekly_settle(struct weekly_draft *);
/* The site's, made when first asked after the last version; NULL: not in the register. */
struct tally *weekly_tally(struct weekly_draft *, const char *site);

/* weekly_rows.c: functions of the draft's sink. */
void weekly_take_window(void *draft, const struct window_row *);
void weekly_take_usage(void *draft, const struct usage_row *);
void weekly_take_missing(void *draft, const struct missing_row *);
void weekly_take_case(void *draft, const struct case_row *);

/* weekly_gateway.c: functions of the draft's sink, and the result's lists of gateways with what is missing for them. */
void weekly_take_gateway(void *draft, const struct gateway_row *);
void weekly_take_flag(void *draft, const struct flag_row *);
void weekly_take_device(void *draft, const struct device_row *);
void weekly_find_late(struct weekly_draft *);

/* Is one further over its limit than the other?  Then the earlier, then by site, device and flag: no two are equal. */
bool weekly_is_worse(const struct weekly_worst *, const struct weekly_worst *than);

/* weekly_sum.c: the length of all spans together, each moment once. */
int64_t weekly_union(struct spans *);
/* The result's totals, grids, districts and lists from its sites. */
void weekly_sum(struct weekly_draft *);

#endif
