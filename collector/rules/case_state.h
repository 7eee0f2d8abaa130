/* case_state: the states of an enforcement case, and what each event does to it: one table.  Pure, and knows no fold.
 *
 * Three steps, notice (告知), warning (警告), penalty (处罚): each is proposed by the system, confirmed or dismissed by
 * an officer, served on the party, and has a deadline.  The next step needs an incident that begins after that
 * deadline.
 */
#ifndef QUIETAIR_RULES_CASE_STATE_H
#define QUIETAIR_RULES_CASE_STATE_H

enum step { STEP_NONE, STEP_NOTICE, STEP_WARNING, STEP_PENALTY, STEPS };
extern const char *const step_names[]; /* by enum step: none notice warning penalty */

enum case_state {
    CASE_OPEN, /* nothing is proposed, nothing was confirmed: the notice was dismissed */
    CASE_NOTICE_PROPOSED,
    CASE_NOTICE_CONFIRMED,
    CASE_NOTICE_SERVED,
    CASE_NOTICE_OVER, /* its deadline has passed */
    CASE_WARNING_PROPOSED,
    CASE_WARNING_CONFIRMED,
    CASE_WARNING_SERVED,
    CASE_WARNING_OVER,
    CASE_PENALTY_PROPOSED,
    CASE_PENALTY_CONFIRMED,
    CASE_PENALTY_SERVED,
    CASE_PENALTY_OVER,
    CASE_CLOSED,
    CASE_LAPSED,
    CASE_STATES,
    CASE_REFUSED = CASE_STATES
};

enum case_event {
    EVENT_INCIDENT,  /* one that may propose a step: it began after the last deadline, or the last dismissal */
    EVENT_WITHDRAWN, /* no such incident is left */
    EVENT_EMPTY,     /* no incident at all is left */
    EVENT_CONFIRM,
    EVENT_DISMISS,
    EVENT_SERVE,
    EVENT_DEADLINE, /* the deadline of what was served has passed */
    EVENT_LOOKBACK, /* there was no incident for so long */
    EVENT_CLOSE,
    CASE_EVENTS
};

/* The state that follows; the same one where the event means nothing then; CASE_REFUSED: an officer's act that does not
 * fit the state. */
enum case_state case_next(enum case_state, enum case_event);

struct case_facts {
    const char *state;  /* as the ledger says it: open closed lapsed */
    const char *phase;  /* dismissed proposed confirmed served over ended */
    enum step step;     /* that the phase speaks of */
    const char *awaits; /* in words: what is the case waiting for? */
};
extern const struct case_facts case_facts[]; /* by enum case_state */

#endif
