#include "collector/rules/case_state.h"

const char *const step_names[] = {"none", "notice", "warning", "penalty"};

enum {
    OPEN = CASE_OPEN,
    N_PROP = CASE_NOTICE_PROPOSED,
    N_CONF = CASE_NOTICE_CONFIRMED,
    N_SERV = CASE_NOTICE_SERVED,
    N_OVER = CASE_NOTICE_OVER,
    W_PROP = CASE_WARNING_PROPOSED,
    W_CONF = CASE_WARNING_CONFIRMED,
    W_SERV = CASE_WARNING_SERVED,
    W_OVER = CASE_WARNING_OVER,
    P_PROP = CASE_PENALTY_PROPOSED,
    P_CONF = CASE_PENALTY_CONFIRMED,
    P_SERV = CASE_PENALTY_SERVED,
    P_OVER = CASE_PENALTY_OVER,
    CLOSED = CASE_CLOSED,
    LAPSED = CASE_LAPSED,
    NO = CASE_REFUSED
};

/* Serving in P_PROP: the notice of facts, reasons and rights before a penalty (Administrative Penalty Law, art. 44). */
/* clang-format off */
static const unsigned char next[CASE_STATES][CASE_EVENTS] = {
/*            INCIDENT WITHDRAWN EMPTY   CONFIRM DISMISS SERVE   DEADLINE LOOKBACK CLOSE */
    [OPEN]   = {N_PROP, OPEN,   CLOSED, NO,     NO,     NO,     OPEN,   LAPSED, CLOSED},
    [N_PROP] = {N_PROP, OPEN,   CLOSED, N_CONF, OPEN,   NO,     N_PROP, LAPSED, CLOSED},
    [N_CONF] = {N_CONF, N_CONF, N_CONF, NO,     NO,     N_SERV, N_CONF, N_CONF, CLOSED},
    [N_SERV] = {N_SERV, N_SERV, N_SERV, NO,     NO,     NO,     N_OVER, N_SERV, CLOSED},
    [N_OVER] = {W_PROP, N_OVER, N_OVER, NO,     NO,     NO,     N_OVER, LAPSED, CLOSED},
    [W_PROP] = {W_PROP, N_OVER, N_OVER, W_CONF, N_OVER, NO,     W_PROP, LAPSED, CLOSED},
    [W_CONF] = {W_CONF, W_CONF, W_CONF, NO,     NO,     W_SERV, W_CONF, W_CONF, CLOSED},
    [W_SERV] = {W_SERV, W_SERV, W_SERV, NO,     NO,     NO,     W_OVER, W_SERV, CLOSED},
    [W_OVER] = {P_PROP, W_OVER, W_OVER, NO,     NO,     NO,     W_OVER, LAPSED, CLOSED},
    [P_PROP] = {P_PROP, W_OVER, W_OVER, P_CONF, W_OVER, P_PROP, P_PROP, LAPSED, CLOSED},
    [P_CONF] = {P_CONF, P_CONF, P_CONF, NO,     NO,     P_SERV, P_CONF, P_CONF, CLOSED},
    [P_SERV] = {P_SERV, P_SERV, P_SERV, NO,     NO,     NO,     P_OVER, P_SERV, CLOSED},
    [P_OVER] = {P_PROP, P_OVER, P_OVER, NO,     NO,     NO,     P_OVER, LAPSED, CLOSED},
    [CLOSED] = {CLOSED, CLOSED, CLOSED, NO,     NO,     NO,     CLOSED, CLOSED, NO},
    [LAPSED] = {LAPSED, LAPSED, LAPSED, NO,     NO,     NO,     LAPSED, LAPSED, NO},
};
/* clang-format on */

enum case_state case_next(enum case_state state, enum case_event event)
{
    return (enum case_state)next[state][event];
}

const struct case_facts case_facts[] = {
    [CASE_OPEN] = {"open", "dismissed", STEP_NOTICE, "the notice was dismissed, and no incident has begun since"},
    [CASE_NOTICE_PROPOSED] = {"open", "proposed", STEP_NOTICE, "the notice is to be confirmed or dismissed"},
    [CASE_NOTICE_CONFIRMED] = {"open", "confirmed", STEP_NOTICE, "the notice is confirmed and to be served"},
    [CASE_NOTICE_SERVED] = {"open", "served", STEP_NOTICE, "the deadline of the notice is running"},
    [CASE_NOTICE_OVER] = {"open", "over", STEP_NOTICE, "no incident has begun since the deadline of the notice"},
    [CASE_WARNING_PROPOSED] = {"open", "proposed", STEP_WARNING, "the warning is to be confirmed or dismissed"},
    [CASE_WARNING_CONFIRMED] = {"open", "confirmed", STEP_WARNING, "the warning is confirmed and to be served"},
    [CASE_WARNING_SERVED] = {"open", "served", STEP_WARNING, "the deadline of the warning is running"},
    [CASE_WARNING_OVER] = {"open", "over", STEP_WARNING, "no incident has begun since the deadline of the warning"},
    [CASE_PENALTY_PROPOSED] = {"open", "proposed", STEP_PENALTY, "the penalty is to be confirmed or dismissed"},
    [CASE_PENALTY_CONFIRMED] = {"open", "confirmed", STEP_PENALTY, "the penalty is confirmed and to be served"},
    [CASE_PENALTY_SERVED] = {"open", "served", STEP_PENALTY, "the time to pay is running"},
    [CASE_PENALTY_OVER] = {"open", "over", STEP_PENALTY, "the penalty was served, and no incident has begun since"},
    [CASE_CLOSED] = {"closed", "ended", STEP_NONE, "the case is closed"},
    [CASE_LAPSED] = {"lapsed", "ended", STEP_NONE, "the case has lapsed"},
};
