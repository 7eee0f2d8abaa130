/* replay: the records of a collector's journal folded once more, into a ledger of their own: as they were judged then,
 * or by other rules.  The journal and the ledger in force are only read.
 *
 * Other rules take the place of every configuration record; of these only the clock is kept, which says what time meant
 * when they were written.
 *
 * Where the journal no longer holds its beginning, a ledger of before is needed to begin with, such as a backup's: what
 * came before that one's place stands as it is, and its memory is taken up.  Without the beginning (sites above all)
 * the result would be another one, and look like one: it is refused.
 *
 * With the register of a ledger each version of a site counts from its valid_from on, whenever it was entered: what was
 * corrected afterwards is judged as it should have been.
 */
#ifndef QUIETAIR_REPLAY_H
#define QUIETAIR_REPLAY_H

#include "collector/ledger/ledger.h"
#include "collector/settings.h"

struct replay {
    const char *journal_dir;
    uint64_t upto;                          /* the last record to fold */
    bool based;                             /* the ledger is not empty: go on from where it stands */
    const struct collector_settings *rules; /* NULL: as recorded */
    struct ledger *register_of;             /* whose register is taken as known from the beginning; NULL: as recorded */
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* now and again; NULL: nobody looks */
    void *ctx;

    /* from replay_run */
    uint64_t first, records, missing; /* first held; folded; not held (trimmed or damaged) */
};

/* Everything but what serves delivery goes into this ledger (LEDGER_SCRATCH, empty but where based), which is
 * committed.  ERR_MISSING: the journal does not hold its beginning, and no base is given; ERR_RANGE: the base is not of
 * this journal or of these rules. */
int replay_run(struct replay *, struct ledger *into, struct fault *);

#endif
