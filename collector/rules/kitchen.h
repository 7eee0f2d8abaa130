/* kitchen: what is known of a kitchen at one moment: is the fan on, is there fume, is the purifier on?  Pure.
 *
 * A device speaks for its own hood.  What it does not measure itself is taken from the other devices of its site,
 * except from those that have a purifier of their own while this one has one too: they belong to another hood.  Of
 * another device its newest reading counts, within one and a half of its intervals.
 */
#ifndef QUIETAIR_KITCHEN_H
#define QUIETAIR_KITCHEN_H

#include <stdbool.h>
#include <stdint.h>

struct rules_settings;
struct device;

enum known { UNKNOWN, NO, YES };

struct kitchen {
    bool fan_metered, fume_metered; /* somewhere */
    enum known fan;                 /* `fan` = 1 or `fan_current` >= fan_on_current */
    enum known fume;                /* over fume_floor */
    enum known purifier; /* of this device: `purifier` = 1 and `purifier_current` >= purifier_on_current, as given */
    bool under_current;  /* not on although `purifier` says 1 */
};

struct inlet {      /* of a purifier */
    double fume;    /* mg/m3 */
    double airflow; /* m3/h; NAN: not metered apart from the outlet's */
};

struct kitchen kitchen_at(const struct rules_settings *, const struct device *, int64_t at);
enum known kitchen_cooks(const struct kitchen *); /* fan on or fume over the floor */
/* What enters the purifier behind which the device meters: by its own `fume_in`, else by that of a neighbour which
 * meters an inlet and no outlet.  False: not known. */
bool kitchen_inlet(const struct device *, int64_t at, struct inlet *);
/* The first moment after `at` and before `to` at which something ceases to be known of the neighbours; else `to`. */
int64_t kitchen_edge(const struct device *, int64_t at, int64_t to);

#endif
