/* complaint: what residents complained of.  Pure.
 *
 * Who complained is never in the journal nor in the ledger: the collector files name and phone outside of both, under
 * the complaint's id, before it journals the request (collector/identity.h), which then says `identity` kept.
 *
 * Verbs: `complaint add` site, at, about noise | fume | other, text, identity; `complaint close` id, result;
 * `complaint erase` id: the collector has erased the identity.
 */
#ifndef QUIETAIR_RULES_COMPLAINT_H
#define QUIETAIR_RULES_COMPLAINT_H

#include "collector/rules/command.h"

bool complaint_add(struct fold *, const struct command *, struct buf *answer);
bool complaint_close(struct fold *, const struct command *, struct buf *answer);
bool complaint_erase(struct fold *, const struct command *, struct buf *answer);

#endif
