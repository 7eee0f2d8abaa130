/* twin: two meters of one gateway or one site that give the same values: one meter's answers shown as two.  Pure.
 *
 * Told as device-stuck with why = twin (stuck.h), on each of the two.  What is compared is the sequence of values,
 * whatever their ts; what is counted are changes, so that two meters that both show 0.00 all day are no twins.  The
 * sequence is cut at peaks (a fall after a rise) into pieces of at least a sixth of twin_readings changes; the cuts
 * follow from the values alone, so that equal sequences are soon cut alike again though one began earlier or lost a
 * reading. Of the newest eight pieces a hash is kept.  When a piece is complete it is compared with those of the
 * neighbours: pieces in a row that both have, the newest of either at their end, with twin_readings changes in all,
 * make twins.
 */
#ifndef QUIETAIR_TWIN_H
#define QUIETAIR_TWIN_H

#include "collector/rules/pack.h"
#include "common/id.h"

struct fold;
struct device;

enum { TWIN_PIECES = 8, TWIN_SHARE = 6 };

struct twin_piece {
    int64_t from; /* its first change */
    uint32_t hash;
    int changes;
};

struct twin {
    double last;     /* value; the newest change */
    bool told, rose; /* there is one; it was a rise */
    int64_t from;    /* of the piece under way */
    uint64_t hash;
    int changes;
    size_t piece_count;
    struct twin_piece pieces[TWIN_PIECES];  /* oldest first */
    char with_site[ID_SIZE], with[ID_SIZE]; /* while the flag is raised; "" else */
};

/* A good value of its metric at d->now. */
void twin_value(struct fold *, struct device *, double value);
void twin_forget(struct device *);
void twin_pack(struct pack *, struct twin *);

#endif
