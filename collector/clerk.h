/* clerk: runs the fold over the journal into the ledger, in a thread of its own; the ledger's only writer. */
#ifndef QUIETAIR_CLERK_H
#define QUIETAIR_CLERK_H

#include "common/err.h"
#include "common/journal.h"

struct clerk;

/* bell is rung after each commit (alerts and answers may be waiting). */
int clerk_start(struct clerk **, struct journal *, const char *state_dir, int bell, struct fault *);
void clerk_wake(struct clerk *);              /* the journal grew */
void clerk_ask(struct clerk *, uint64_t seq); /* commit, at the latest, once seq is folded */
uint64_t clerk_committed(struct clerk *);     /* the journal position of the newest commit */
/* 0; or it has ended, and only another start helps: the ledger was found damaged and is set aside (ERR_CORRUPT), or cannot
 * be made again from this journal (ERR_DENIED). */
int clerk_failed(struct clerk *, struct fault *);
void clerk_stop(struct clerk *); /* commits and ends soon: the rest is folded at the next start */
void clerk_sent(struct clerk *, int64_t alert_id, int64_t line_id); /* outbox rows up to these may go */

#endif
