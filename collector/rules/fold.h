/* fold: the collector's judgement as a fold over its journal.  Pure; docs/architecture.md says how it is driven. */
#ifndef QUIETAIR_FOLD_H
#define QUIETAIR_FOLD_H

#include "collector/record.h"
#include "collector/rules/rule.h"

struct fold;

/* Bumped whenever the meaning or the saved form of anything changes: the ledger is then folded anew from the journal.
 */
enum { FOLD_VERSION = 6 };

struct fold *fold_new(void);
void fold_free(struct fold *);

/* Before the first record: from its first import on, each site has these versions (by id and valid_from), and what
 * the records say of the register changes nothing more.  *versions must live as long as the fold. */
void fold_hindsight(struct fold *, const struct site *versions, size_t count);

enum fold_result {
    FOLD_QUIET = 0,
    FOLD_COMMIT = 1
}; /* COMMIT: something left the fold, or time passed: save and commit */
enum fold_result fold_record(struct fold *, const struct record *, const struct sink *);

bool fold_clock_is_journal(const struct fold *); /* as the newest configuration says */

/* Hands every piece of memory that changed since the last save to sink->state. */
void fold_save(struct fold *, const struct sink *);
/* The same back, piece by piece, into a new fold, before its first record.  ERR_CORRUPT: fold anew from the journal. */
int fold_restore(struct fold *, const char *key, const void *bytes, size_t length);

#endif
