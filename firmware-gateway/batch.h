/* batch: where the workers put readings and the journal takes them from: bounded text, ready for a frame.
 * Also the newest values of each device, for `now`.  Safe between threads.
 *
 * Readings come by the boot's clock.  As soon as the wall clock is known they get its ts, rising strictly for each
 * device: 1 ms later where two would share one.  A clock set back by more than a second is followed, and what is not
 * after the device's newest by then is suspect.  Until it is known they name the boot instead.
 */
#ifndef QUIETAIR_BATCH_H
#define QUIETAIR_BATCH_H

#include "common/frame.h"
#include "firmware-gateway/walltime.h"

struct batch;

struct batch *batch_new(const char *boot); /* the id of this boot; the wall clock is not known yet */
void batch_free(struct batch *);
/* The reading's ts is by the boot's clock.  Values after `due` (wall clock; 0: never) are suspect: its calibration is
 * over. */
void batch_put(struct batch *, const struct reading *, int64_t due);
/* From now on the wall clock is known to be the boot's plus offset.  Readings still here that name the boot are taken
 * first, in frames of their own; batch_undated: are there any? */
void batch_clock(struct batch *, int64_t offset);
bool batch_undated(struct batch *);
struct moment batch_moment(struct batch *, int64_t boot_ms);
void batch_forget(struct batch *, const char *device); /* it is polled no more: out of `now` */

/* Takes the oldest readings that fit one frame: `,"kind":"readings","readings":[…]` into *body.  Returns how many; 0:
 * none. */
size_t batch_take(struct batch *, struct buf *body);
/* Readings that found no room since the last call: from the first to the last.  False: none. */
bool batch_overflow(struct batch *, struct moment *since, struct moment *until);
uint64_t batch_dropped(struct batch *); /* readings that found no room, ever */
/* The payload of `now`.  False: no device said anything since the last call, and nothing is written. */
bool batch_now(struct batch *, struct buf *, int64_t boot_ms);
void batch_now_again(struct batch *); /* the next batch_now writes, whatever was said */

#endif
