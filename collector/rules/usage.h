/* usage: for how long a site's fan and purifier were on, per local day: the base of the operating rate (开机率).  Pure.
 *
 * Each device with a purifier counts while both its purifier and the fan (where none is metered: fume over the floor)
 * are known; several at one site add up.  A day's row leaves at ticks when it changed; it is complete, and forgotten,
 * when all these devices have passed its end.
 */
#ifndef QUIETAIR_USAGE_H
#define QUIETAIR_USAGE_H

#include <stdint.h>

struct fold;
struct device;
struct usage;

void usage_piece(struct fold *, struct device *, int64_t from, int64_t to);
void usage_tick(struct fold *);
/* The days of one site that are not complete yet, by day. */
void usage_each(const struct fold *, const char *site, void (*each)(void *ctx, const struct usage *), void *ctx);
struct usage *usage_get(struct fold *, const char *site, int64_t day); /* made if it is not there */

#endif
