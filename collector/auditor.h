/* auditor: issues the weekly audits by themselves.  At each tick it looks, in a thread of its own, at what the ledger
 * has, and asks for `audit issue` where one is due (audit/issue.h): a request like any clerk's, journalled by its
 * caller.
 *
 * With clock = journal a tick is answered only when what it makes due was issued (auditor_done): nothing that is sent
 * after the answer can stand before the audit in the journal, or count in it.  The same history gives the same audits.
 */
#ifndef QUIETAIR_AUDITOR_H
#define QUIETAIR_AUDITOR_H

#include "collector/settings.h"

struct auditor;

/* bell is rung when a request is waiting.  *settings must live as long. */
struct auditor *auditor_start(const struct collector_settings *settings, int bell);
void auditor_stop(struct auditor *); /* NULL is fine */

void auditor_tick(struct auditor *, int64_t now_ms,
                  uint64_t seq);                         /* the newest tick, and where it stands in the journal */
void auditor_step(struct auditor *, uint64_t committed); /* the ledger has come so far */

/* Has it looked at what was known at the tick that stands at seq, or at a later one, and handed over what it asks for?
 */
bool auditor_done(struct auditor *, uint64_t seq);

/* A request {"id","actor","verb","args"} that waits to be journalled, and its id (valid until the next call).  False:
 * none. */
bool auditor_next(struct auditor *, struct buf *request, const char **id);

#endif
