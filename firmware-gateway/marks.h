/* marks: what is odd about a value beside the values before it.  Pure; one device's, in memory of its own.
 *
 * stuck: the same value in so many polls in a row, that one included (profile key `stuck`).  jump: it moved by more
 * than so much a second since the value before (`jump`).  Both are off where a profile does not ask for them.  Nothing
 * is dropped or altered: the reading is marked as suspect.  A value that was marked is what the next is compared with,
 * so a level that stays is a jump once.
 */
#ifndef QUIETAIR_MARKS_H
#define QUIETAIR_MARKS_H

#include "common/frame.h"
#include "firmware-gateway/profile.h"

struct marks;

struct marks *marks_new(const struct profile_metric *, size_t count); /* NULL: none of them asks for it */
void marks_free(struct marks *);

/* QUALITY_STUCK and QUALITY_JUMP of the values of a reading at ts, ms of a clock that is never set. */
unsigned marks_judge(struct marks *, const struct datum *, size_t count, int64_t ts);

#endif
