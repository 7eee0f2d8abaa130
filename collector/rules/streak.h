/* streak: when a run of closed windows raises a flag, and when it clears it.  Pure.
 *
 * Raised when the raise_after-th exceeding window in a row closes; the exceedance began with the first of them. Cleared
 * when the clear_after-th compliant window in a row closes; the exceedance ended where the first of them begins.  A
 * window that could not be judged changes nothing: it neither counts nor breaks a run.
 */
#ifndef QUIETAIR_STREAK_H
#define QUIETAIR_STREAK_H

#include "collector/rules/pack.h"
#include "collector/rules/rule.h"

struct streak {
    int exceeding, compliant;                 /* in a row */
    int64_t first_exceeding, first_compliant; /* start of the first of them */
    bool raised;
};

enum streak_change { STREAK_SAME, STREAK_RAISED, STREAK_CLEARED };

enum streak_change streak_window(struct streak *, enum outcome, int64_t window_from, int64_t raise_after,
                                 int64_t clear_after);
bool streak_equal(const struct streak *, const struct streak *);
void streak_pack(struct pack *, struct streak *);

#endif
