/* weekly_read: the weekly audit of a ledger. */
#ifndef QUIETAIR_WEEKLY_READ_H
#define QUIETAIR_WEEKLY_READ_H

#include "collector/audit/weekly.h"
#include "collector/ledger/ledger.h"

#include <stdatomic.h>

/* Feeds an empty draft.  Freeze the ledger first where it is being written.  ERR_* of the ledger; ERR_AGAIN: *stop
 * (NULL: nobody stops it) has become true. */
int weekly_read(struct weekly_draft *, struct ledger *, const atomic_bool *stop);

/* Is a gateway behind the week's end?  ERR_* of the ledger. */
int weekly_read_behind(const struct weekly_settings *, struct ledger *, bool *behind);

#endif
