/* writer: the reader `lines` of the journal: readings, and what the rules put in the outbox, to the time series, in a thread
 * of its own.  Its cursors move only when the database has taken what lies before them.
 */
#ifndef QUIETAIR_WRITER_H
#define QUIETAIR_WRITER_H

#include "collector/settings.h"
#include "common/journal.h"

struct writer;

struct writer *writer_start(const struct collector_settings *, struct journal *);
void writer_stop(struct writer *);         /* ends after the request under way, and one more batch; about 5 s at most */
uint64_t writer_position(struct writer *); /* journal seq that is written */
int64_t writer_outbox(struct writer *);    /* outbox id that is written */
uint64_t writer_refused(struct writer *);

/* Where the journal does not hold what comes next the writer waits: true, and from..to is what it will pass over; once
 * that is on record writer_skip lets it go on. */
bool writer_skipping(struct writer *, uint64_t *from, uint64_t *to);
void writer_skip(struct writer *, uint64_t to);

#endif
