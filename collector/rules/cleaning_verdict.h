/* cleaning_verdict: does what the meters saw bear out a cleaning that somebody entered?  Flag cleaning-unverified.
 * Pure.
 *
 * A claim of kind `clean` speaks of a moment, or of a whole day where no time of day was given.  Evidence may lie
 * within [rules] cleaning_evidence_within before and after it: its window.  It is judged at the first tick after the
 * streams of the site's kitchen meters have passed the window's end (a meter that never came is not waited for):
 *
 *   confirmed     a detection (detect.h) of any of the site's meters lies in the window.
 *   contradicted  none does, and the meters show the contrary.  Either every meter of back pressure shows that it
 *                 stayed high (each rest in the window was measured and is `high`, and the window is covered whole), or
 *                 that it was at work all through the claimed time; or, with or without such meters, every meter with a
 *                 purifier, at a site whose fan is metered, was.  The claimed time is the whole day, else one hour
 * before and after the moment.  Time of which nothing is known counts as rest: it contradicts nothing. unconfirmed
 * anything else.
 *
 * A rest that began in the window and is not measured yet may still be the cleaning: a claim that is not confirmed
 * waits for it, at most 3 days.  40 days after the window's end, and after the entry, what is known then decides, and
 * it is confirmed or unconfirmed.
 *
 * cleaning-unverified is raised for a contradicted claim, and for an unconfirmed one where a meter of back pressure, a
 * cleaning button or a door could have shown it (the current may rise or fall at a cleaning, and need not).  since and
 * start: when the claim was entered.  It is cleared by the next claim that is confirmed.
 */
#ifndef QUIETAIR_CLEANING_VERDICT_H
#define QUIETAIR_CLEANING_VERDICT_H

#include <stdint.h>

struct fold;
struct place;

/* Judges the claims that are ripe.  The next moment at which another may be; `now`: look again at the next tick. */
int64_t verdict_tick(struct fold *, struct place *, int64_t now);

#endif
