/* register_note: what the ledger keeps of a change of the register that reaches back or ends something.  Pure. */
#ifndef QUIETAIR_RULES_REGISTER_NOTE_H
#define QUIETAIR_RULES_REGISTER_NOTE_H

#include "collector/rules/command.h"

#include <stdint.h>

/* An entry of kind `register`: state (closed …), at: from when on the change holds, body {"site","state","at", facts}.
 * facts: JSON members, each with a comma before it. */
void register_note(struct fold *, const struct command *, const char *site, const char *state, int64_t at,
                   const char *facts);

#endif
