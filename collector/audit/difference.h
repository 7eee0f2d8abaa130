/* difference: what another judgement of the same readings changes.  Pure: the rows of both in, the changes out; the
 * same rows give the same bytes.
 *
 * Flags and cases are the same when their whole last revision is, windows when they have the same bounds, outcome,
 * reason, judged level and limit.
 */
#ifndef QUIETAIR_DIFFERENCE_H
#define QUIETAIR_DIFFERENCE_H

#include "collector/rules/rule.h"

enum side { SIDE_BEFORE, SIDE_AFTER };

struct difference;

struct difference *difference_new(int64_t from, int64_t until); /* the period, for the heading */
void difference_free(struct difference *);

/* Takes flags, cases, and windows: those of one device under one rule from both sides, by start, then _windows_end. */
const struct sink *difference_sink(struct difference *, enum side);
void difference_windows_end(struct difference *);

/* Nothing may be given any more. */
void difference_finish(struct difference *);
void difference_json(struct buf *, const struct difference *); /* one line */
void difference_text(struct buf *, const struct difference *, bool colour);

#endif
