/* inspection: what officers saw on site.  Pure.
 *
 * Verb `inspection add`: site, at, officers (A;B), result ok | fault; installed, in_use, cleaned yes | no (of the
 * purifier), draw, note, reviewed_by.  A `no` by two officers, reviewed, is evidence in cases of family install,
 * purifier or cleaning.
 */
#ifndef QUIETAIR_RULES_INSPECTION_H
#define QUIETAIR_RULES_INSPECTION_H

#include "collector/rules/command.h"

bool inspection_add(struct fold *, const struct command *, struct buf *answer);

#endif
