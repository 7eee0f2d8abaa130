/* errand: work that may take its time (a name that no server resolves, a peer that does not answer), done by a thread of
 * its own, so that whoever wants it can do other things meanwhile, or go.
 *
 * `argument` belongs to the work until it is done; after errand_end it is the caller's again.  An errand that is left
 * goes on alone, and disposes of its argument when the work comes back.
 */
#ifndef QUIETAIR_ERRAND_H
#define QUIETAIR_ERRAND_H

#include <stdbool.h>

struct errand;

/* NULL: there is no thread to be had, and the argument stays the caller's. */
struct errand *errand_begin(void (*work)(void *argument), void (*dispose)(void *argument), void *argument);
bool errand_is_done(struct errand *); /* what the work wrote can be read then */
/* Interrupts the system call that the work waits in (EINTR), such as a connect() that nobody answers; the work goes on
 * from there.  The signal is SIGURG, which nobody else minds. */
void errand_nudge(struct errand *);
void errand_end(struct errand *);   /* of one that is done */
void errand_leave(struct errand *); /* done or not; NULL is fine */

#endif
