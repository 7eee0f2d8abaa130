/* evidence: what a step of a case still lacks.  Pure.
 *
 * A sensor's word is a lead (Administrative Penalty Law, art. 41: records of automatic equipment that were not reviewed
 * cannot be evidence).  Evidence is a reviewed entry of two officers at the case's site, made since the night or day of
 * its first incident, or since its former penalty: for noise and fume a valid measurement that exceeds the limit, else
 * an inspection that shows the fault.
 */
#ifndef QUIETAIR_RULES_EVIDENCE_H
#define QUIETAIR_RULES_EVIDENCE_H

#include "collector/rules/case.h"
#include "collector/rules/command.h"

/* In words, one text for each thing that must come before this step can be confirmed. */
void evidence_missing(const struct fold *, const struct casefile *, enum step, struct faults *missing);
/* The reviewed items as a JSON list of ids; true: there is one. */
bool evidence_put(struct buf *, const struct fold *, const struct casefile *);

struct entry;
/* Two different names or more in `officers`, between semicolons; the first is kept.  They and `reviewed_by` become
 * facts.  What makes the entry invalid is added to why.  False: refused. */
bool evidence_officers(struct entry *, const struct command *, struct buf *facts, struct buf *why, struct buf *answer);
/* The entry is complete: valid, reviewed or invalid; told, and the cases that it speaks of with it. */
void evidence_tell(struct fold *, struct entry *, const struct command *, struct buf *facts, struct buf *why,
                   struct buf *answer);

/* Verbs `measurement review`, `inspection review`: id, by. */
bool measurement_review(struct fold *, const struct command *, struct buf *answer);
bool inspection_review(struct fold *, const struct command *, struct buf *answer);

#endif
