/* deadline: until when what must be done in a case, and by which article.  Pure.
 *
 * Administrative Penalty Law (2021): decided within 90 days of filing (art. 60), served within 7 days (art. 61), a
 * hearing asked for within 5 days of the notice (art. 64), paid within 15 days (art. 67); of these the 5 and the 7 days
 * are working days (art. 85).  A case counts as filed when its penalty is proposed.
 */
#ifndef QUIETAIR_RULES_DEADLINE_H
#define QUIETAIR_RULES_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct casefile;
struct fold;

enum deadline_kind {
    DEADLINE_NOTICE,
    DEADLINE_WARNING,
    DEADLINE_DECIDE,
    DEADLINE_HEARING,
    DEADLINE_SERVE,
    DEADLINE_PAY,
    DEADLINES
};

struct deadline {
    const char *what, *basis;
    int64_t due;  /* its last moment; 0: it has not begun */
    int64_t done; /* 0: not yet, or nobody says so */
    bool ours;    /* the bureau's own: it can be overdue */
};

void deadlines_of(const struct fold *, const struct casefile *, struct deadline out[static DEADLINES]);

/* The last moment of a term of [rules] that begins with a service: whole days end at 24:00. */
int64_t deadline_term(int64_t served, int64_t term_ms);
int64_t deadline_payment(int64_t served);

#endif
