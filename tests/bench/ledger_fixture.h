/* ledger_fixture: a ledger as a county fills it, made row by row through the ledger's own sink.  The same numbers, the
 * same rows: no clock, no chance.
 *
 * Of the sites one in ten is a club with one noise meter, all else are kitchens with one fume meter.  Clubs have a
 * window of 10 min around the clock, kitchens one of 10 min in the twelve hours in which somebody cooks (09:00 to
 * 21:00).  About one window in twenty exceeds, one in fifty is not judged; each meter misses some minutes each day;
 * kitchens have usage days and cleanings; what exceeds at the first window of a day raises a flag.
 */
#ifndef QUIETAIR_LEDGER_FIXTURE_H
#define QUIETAIR_LEDGER_FIXTURE_H

#include "collector/ledger/ledger.h"

struct fixture {
    size_t sites, grids;
    int weeks;
    int64_t from; /* Monday 00:00 local of the first */
};

/* Rows written, or ERR_*. */
int64_t fixture_write(const char *state_dir, const struct fixture *);

#endif
