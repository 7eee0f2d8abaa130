/* quarterly_read: the quarterly report out of a ledger. */
#ifndef QUIETAIR_QUARTERLY_READ_H
#define QUIETAIR_QUARTERLY_READ_H

#include "collector/audit/quarterly.h"
#include "collector/ledger/ledger.h"

/* A draft from a finished audit over the quarter, fed from the same ledger, frozen.  NULL: an error of the ledger. */
struct quarterly_draft *quarterly_read(const char *quarter, const struct weekly *audit, struct ledger *);

#endif
