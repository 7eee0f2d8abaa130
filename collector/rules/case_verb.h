/* case_verb: what officers ask of a case.  Pure.
 *
 * Verbs, each with `case`, its id: `case confirm` note; `case dismiss` reason; `case serve` at, by, method; `case
 * close` reason.  A refusal to confirm lists all that is missing ("errors").  Serving while a penalty is proposed
 * enters that its facts, reasons and rights were notified.
 */
#ifndef QUIETAIR_RULES_CASE_VERB_H
#define QUIETAIR_RULES_CASE_VERB_H

#include "collector/rules/command.h"

bool case_confirm(struct fold *, const struct command *, struct buf *answer);
bool case_dismiss(struct fold *, const struct command *, struct buf *answer);
bool case_serve(struct fold *, const struct command *, struct buf *answer);
bool case_close(struct fold *, const struct command *, struct buf *answer);

#endif
