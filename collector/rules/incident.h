/* incident: what a case counts: all exceedances of one family at one site in one night or day, however many windows and
 * flags they made.  Pure.
 *
 * Noise is counted by its bands (the night is one incident although midnight lies in it), all else by the civil day.
 * Families: noise from noise-limit and noise-peak, fume from fume-limit and fume-efficiency, purifier from
 * purifier-off, cleaning from cleaning-overdue, install from install-overdue.  A blocked duct and a doubted cleaning
 * open no case: they tell of a fault and of an entry, not of a duty that was broken.
 *
 * A flag that stays raised makes one incident for each further night or day in which it still exceeds: with its
 * windows; for what is owed, at ticks; for purifier-off at ticks too, on days of which its device has told something.
 */
#ifndef QUIETAIR_RULES_INCIDENT_H
#define QUIETAIR_RULES_INCIDENT_H

#include "collector/rules/flag.h"
#include "collector/rules/pack.h"

#include <stdint.h>

struct flag;
struct fold;
struct window_row;

enum { INCIDENT_CARRIERS = 6 };

struct incident {
    int64_t period, period_end; /* the night or day */
    int64_t from, until;        /* of what exceeded in it */
    int band;                   /* enum band; NOT_GIVEN: a civil day */
    int kinds;                  /* bit per enum flag_kind */
    double judged, limit;       /* of the window that was worst; NAN: none */
    size_t carriers;            /* flags that it rests on, by id */
    char carrier[INCIDENT_CARRIERS][17];
    bool more; /* and further flags */
};

void incident_pack(struct pack *, struct incident *);

/* Before a flag is told: its incident is counted (so that the flag can name its case); those that began after its end
 * are taken back. */
void incident_flag_raised(struct fold *, const struct flag *);
void incident_flag_ended(struct fold *, const struct flag *, int64_t until); /* until 0: it never was */
/* An exceeding window of a flag that is raised, or is about to be; `from`: where the exceedance began. */
void incident_window(struct fold *, const struct subject *, int64_t from, const struct window_row *);
void incident_tick(struct fold *, int64_t now);

#endif
