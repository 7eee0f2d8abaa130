/* Enforcement cases: the table of states and events, incidents, evidence, deadlines; a club that is loud on Saturdays.
 */
#include "collector/rules/memory.h"
#include "tests/unit/collector/fold_kit.h"

#define RULES "[rules]\nnoise_window = 10s\nclear_after = 1\n"

/* ---- the table, told in another way: every arrow that leads somewhere else --------------------------------------- */

static const struct arrow {
    enum case_state from;
    enum case_event event;
    enum case_state to;
} arrows[] = {
    {CASE_OPEN, EVENT_INCIDENT, CASE_NOTICE_PROPOSED},
    {CASE_OPEN, EVENT_EMPTY, CASE_CLOSED},
    {CASE_OPEN, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_NOTICE_PROPOSED, EVENT_CONFIRM, CASE_NOTICE_CONFIRMED},
    {CASE_NOTICE_PROPOSED, EVENT_DISMISS, CASE_OPEN},
    {CASE_NOTICE_PROPOSED, EVENT_WITHDRAWN, CASE_OPEN},
    {CASE_NOTICE_PROPOSED, EVENT_EMPTY, CASE_CLOSED},
    {CASE_NOTICE_PROPOSED, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_NOTICE_CONFIRMED, EVENT_SERVE, CASE_NOTICE_SERVED},
    {CASE_NOTICE_SERVED, EVENT_DEADLINE, CASE_NOTICE_OVER},
    {CASE_NOTICE_OVER, EVENT_INCIDENT, CASE_WARNING_PROPOSED},
    {CASE_NOTICE_OVER, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_WARNING_PROPOSED, EVENT_CONFIRM, CASE_WARNING_CONFIRMED},
    {CASE_WARNING_PROPOSED, EVENT_DISMISS, CASE_NOTICE_OVER},
    {CASE_WARNING_PROPOSED, EVENT_WITHDRAWN, CASE_NOTICE_OVER},
    {CASE_WARNING_PROPOSED, EVENT_EMPTY, CASE_NOTICE_OVER},
    {CASE_WARNING_PROPOSED, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_WARNING_CONFIRMED, EVENT_SERVE, CASE_WARNING_SERVED},
    {CASE_WARNING_SERVED, EVENT_DEADLINE, CASE_WARNING_OVER},
    {CASE_WARNING_OVER, EVENT_INCIDENT, CASE_PENALTY_PROPOSED},
    {CASE_WARNING_OVER, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_PENALTY_PROPOSED, EVENT_CONFIRM, CASE_PENALTY_CONFIRMED},
    {CASE_PENALTY_PROPOSED, EVENT_DISMISS, CASE_WARNING_OVER},
    {CASE_PENALTY_PROPOSED, EVENT_WITHDRAWN, CASE_WARNING_OVER},
    {CASE_PENALTY_PROPOSED, EVENT_EMPTY, CASE_WARNING_OVER},
    {CASE_PENALTY_PROPOSED, EVENT_LOOKBACK, CASE_LAPSED},
    {CASE_PENALTY_CONFIRMED, EVENT_SERVE, CASE_PENALTY_SERVED},
    {CASE_PENALTY_SERVED, EVENT_DEADLINE, CASE_PENALTY_OVER},
    {CASE_PENALTY_OVER, EVENT_INCIDENT, CASE_PENALTY_PROPOSED},
    {CASE_PENALTY_OVER, EVENT_LOOKBACK, CASE_LAPSED},
};

static enum case_state expected(enum case_state from, enum case_event event)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        if (arrows[i].from == from && arrows[i].event == event)
            return arrows[i].to;
    }
    bool ended = from == CASE_CLOSED || from == CASE_LAPSED;
    if (event == EVENT_CLOSE)
        return ended ? CASE_REFUSED : CASE_CLOSED;
    if (event == EVENT_SERVE && from == CASE_PENALTY_PROPOSED)
        return from; /* the notification before a penalty */
    return event == EVENT_CONFIRM || event == EVENT_DISMISS || event == EVENT_SERVE ? CASE_REFUSED : from;
}

static void test_table(void **state)
{
    (void)state;
    for (int from = 0; from < CASE_STATES; from++) {
        for (int event = 0; event < CASE_EVENTS; event++) {
            int to = case_next((enum case_state)from, (enum case_event)event);
            if (to != (int)expected((enum case_state)from, (enum case_event)event))
                fail_msg("state %d, event %d: %d", from, event, to);
        }
    }
}

/* ---- a club ------------------------------------------------------------------------------------------------------ */

static struct kit *club(const char *rules)
{
    struct kit *k = kit_new(rules, SITES_HEAD CLUB);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    return k;
}

static const struct kit_case *last_case(const struct kit *k)
{
    assert_true(k->case_count > 0);
    return &k->cases[k->case_count - 1];
}

/* Loud for two windows, then quiet again: raised and cleared. */
static void loud(struct kit *k, int64_t at)
{
    kit_series(k, "noise-1", "laeq", 70, at, at + 20 * SECOND, SECOND);
    kit_series(k, "noise-1", "laeq", 40, at + 20 * SECOND, at + 42 * SECOND, SECOND);
}

static void now(struct kit *k, int64_t at)
{
    k->receipt_ms = at;
    kit_tick(k, at);
}

/* `case VERB` of the newest case; more: further members, each with a comma before. */
static void act(struct kit *k, const char *verb, const char *more)
{
    char args[400];
    snprintf(args, sizeof args, "{\"case\":\"%s\"%s}", last_case(k)->id, more);
    kit_command(k, verb, args);
}

static void expect_answer(const struct kit *k, bool ok, const char *words)
{
    if (strncmp(k->answer, ok ? "{\"ok\":true" : "{\"ok\":false", 10) != 0 || !strstr(k->answer, words))
        fail_msg("expected %s with: %s\nbut: %s", ok ? "yes" : "no", words, k->answer);
}

static void expect_case(const struct kit *k, const char *state, const char *event, const char *step,
                        const char *proposed, int incidents)
{
    const struct kit_case *c = last_case(k);
    assert_string_equal(c->state, state);
    assert_string_equal(c->event, event);
    assert_string_equal(c->step, step);
    assert_string_equal(c->proposed, proposed);
    assert_int_equal(c->incidents, incidents);
}

static void expect_body(const struct kit *k, const char *part)
{
    if (!strstr(last_case(k)->body, part))
        fail_msg("not in the body: %s\n%s", part, last_case(k)->body);
}

static void expect_absent(const struct kit *k, const char *part)
{
    if (strstr(last_case(k)->body, part))
        fail_msg("in the body: %s\n%s", part, last_case(k)->body);
}

#define MEASURED                                                                                                       \
    "{\"site\":\"club\",\"at\":\"2026-04-04T23:20\",\"value\":\"67.3\",\"instrument\":\"AWA6228 no. "                  \
    "7\",\"class\":\"2\","                                                                                             \
    "\"calibration_before\":\"93.8\",\"officers\":\"李建国;陈志强\""

/* Told, served, warned, served, penalised: every Saturday at 23:00.  March 2026 begins on a Sunday. */
/* An incident proposes the notice; it is confirmed, then served on a day that can be. */
static void walk_to_notice(struct kit *k)
{
    loud(k, kit_time(7, 23, 0, 0));
    expect_case(k, "open", "proposed", "none", "notice", 1);
    assert_string_equal(last_case(k)->id, "f311d33d5a5006da"); /* SHA-256 of case|noise|club|1772895600000 */
    assert_int_equal(last_case(k)->since, kit_time(7, 23, 0, 0));
    expect_body(k, "\"wording\":{\"notice\":\"告知书\",\"warning\":\"督促整改通知书\",\"penalty\":\"行政处罚决定书\"}");
    expect_body(k, "\"band\":\"night\",\"flags\":[\"noise-limit\"],\"worst\":{\"judged\":70,\"limit\":50}}]");
    assert_non_null(strstr(kit_last_flag(k)->body, "\"step\":\"notice\""));
    now(k, kit_time(8, 9, 0, 0)); /* the night is over: told as it ended */
    expect_case(k, "open", "grown", "none", "notice", 1);
    act(k, "case serve", ",\"at\":\"2026-03-08\",\"by\":\"李建国\"");
    expect_answer(k, false, "cannot be served: the notice is to be confirmed or dismissed");
    act(k, "case confirm", ",\"note\":\"first time\"");
    expect_case(k, "open", "confirmed", "notice", "", 1);
    expect_body(k, "\"actor\":\"clerk\",\"note\":\"first time\"");
    now(k, kit_time(9, 12, 0, 0));
    act(k, "case serve", ",\"at\":\"2026-03-07\",\"by\":\"李建国\"");
    expect_answer(k, false, "lies before 2026-03-08");
    act(k, "case serve", ",\"at\":\"2026-03-10\",\"by\":\"李建国\"");
    expect_answer(k, false, "lies in the future");
    act(k, "case serve", ",\"at\":\"2026-03-09T10:00\",\"by\":\"李建国\",\"method\":\"in person\"");
    expect_case(k, "open", "served", "notice", "", 1);
    /* seven days, the 9th not counted: to the end of the 16th, 24:00 - 1 ms */
    expect_body(k, "{\"what\":\"correct after the notice\",\"due\":1773676799999,\"basis\":\"[rules] notice_deadline\","
                   "\"state\":\"running\"}");
}

/* What happens while the term runs is counted, no more; what happens after it proposes the warning. */
static void walk_to_warning(struct kit *k)
{
    loud(k, kit_time(14, 23, 0, 0)); /* within it: counted, no more */
    expect_case(k, "open", "incident", "notice", "", 2);
    now(k, kit_time(16, 23, 59, 59));
    expect_case(k, "open", "grown", "notice", "", 2);
    now(k, kit_time(17, 0, 0, 0));
    expect_case(k, "open", "over", "notice", "", 2);
    act(k, "case confirm", "");
    expect_answer(k, false, "no incident has begun since that would propose the warning");
    loud(k, kit_time(21, 23, 0, 0));
    expect_case(k, "open", "proposed", "notice", "warning", 3);
    now(k, kit_time(23, 9, 0, 0));
    act(k, "case confirm", "");
    act(k, "case serve", ",\"at\":\"2026-03-23\",\"by\":\"陈志强\"");
    expect_case(k, "open", "served", "warning", "", 3);
}

/* Likewise up to the proposal of the penalty; a confirmation before is told all that is missing. */
static void walk_to_penalty(struct kit *k)
{
    loud(k, kit_time(28, 23, 0, 0));
    now(k, kit_time(29, 9, 0, 0));
    expect_case(k, "open", "grown", "warning", "", 4);
    act(k, "case confirm", ""); /* premature: all that is missing */
    expect_answer(k, false, "cannot be confirmed: the deadline of the warning is running");
    expect_answer(k, false, "\"the deadline of the warning passes on 2026-03-30 23:59:59\"");
    expect_answer(k, false, "\"no incident has begun since that would propose the penalty\"");
    expect_answer(k, false, "\"there is no reviewed on-site measurement or sample by two officers that shows it\"");
    loud(k, kit_time(31 + 4, 23, 0, 0)); /* no tick since: the deadline passes with the incident */
    expect_case(k, "open", "proposed", "warning", "penalty", 5);
    assert_string_equal(k->cases[k->case_count - 2].event, "over");
    /* ninety days: to the end of 3 July */
    expect_body(k, "{\"what\":\"decide on the penalty\",\"due\":1783094399999,\"basis\":\"行政处罚法 第六十条\"");
    expect_body(k, "\"grade\":\"lead\",\"evidence\":[],\"missing\":[\"there is no reviewed");
    now(k, kit_time(31 + 7, 9, 0, 0));
}

/* A meter is a lead; evidence is a valid measurement that another officer has reviewed. */
static void walk_through_evidence(struct kit *k)
{
    act(k, "case confirm", "");
    expect_answer(k, false,
                  "\"errors\":[\"there is no reviewed on-site measurement or sample by two officers that shows it\"]");
    kit_command(k, "measurement add", MEASURED ",\"calibration_after\":\"94.4\"}");
    expect_answer(k, true, "\"state\":\"invalid\",\"invalid\":\"calibration differs by 0.6 dB");
    act(k, "case confirm", "");
    expect_answer(k, false, "of 2026-04-04 is invalid: calibration differs by 0.6 dB");
    kit_command(k, "measurement add", MEASURED ",\"calibration_after\":\"94.2\"}");
    expect_answer(k, true, "\"state\":\"valid\"");
    expect_case(k, "open", "evidence", "warning", "penalty", 5);
    act(k, "case confirm", "");
    expect_answer(k, false, "of 2026-04-04 is not reviewed");
    char review[80];
    snprintf(review, sizeof review, "{\"id\":\"%s\",\"by\":\"李建国\"}", k->entries[k->entry_count - 1].id);
    kit_command(k, "measurement review", review);
    expect_answer(k, false, "is the first officer");
    snprintf(review, sizeof review, "{\"id\":\"%s\",\"by\":\"陈志强\"}", k->entries[k->entry_count - 1].id);
    kit_command(k, "measurement review", review);
    expect_answer(k, true, "reviewed");
    assert_int_equal(k->entries[k->entry_count - 1].rev, 2);
    expect_body(k, "\"grade\":\"evidence\",\"evidence\":[\"");
    expect_body(k, "\"missing\":[]");
}

/* The party is told, may ask for a hearing, and only then it is decided; served late, and not paid. */
static void walk_through_hearing(struct kit *k)
{
    act(k, "case serve", ",\"at\":\"2026-04-07\",\"by\":\"陈志强\""); /* the notification, art. 44 */
    expect_case(k, "open", "told", "warning", "penalty", 5);
    /* five working days after 7 April: 8 9 10 13 14 */
    expect_body(k, "{\"what\":\"ask for a hearing\",\"due\":1776182399999,");
    act(k, "case confirm", "");
    expect_answer(k, false, "\"errors\":[\"the party may ask for a hearing until 2026-04-14 23:59:59\"]");
    now(k, kit_time(31 + 15, 9, 0, 0));
    act(k, "case confirm", "");
    expect_case(k, "open", "confirmed", "penalty", "", 5);
    /* decided on 15 April, within the 90 days; seven working days: 16 17 20 21 22 23 24 */
    expect_body(k, "\"state\":\"kept\"}");
    expect_body(k, "{\"what\":\"serve the penalty\",\"due\":1777046399999,");
    now(k, kit_time(31 + 25, 0, 0, 0));
    expect_case(k, "open", "overdue", "penalty", "", 5);
    act(k, "case serve", ",\"at\":\"2026-04-25\",\"by\":\"陈志强\"");
    expect_case(k, "open", "served", "penalty", "", 5);
    expect_body(k, "\"state\":\"late\"}");
    /* fifteen days, not working days: to the end of 10 May */
    expect_body(k, "{\"what\":\"pay\",\"due\":1778428799999,");
    now(k, kit_time(31 + 30 + 11, 0, 0, 0));
    expect_case(k, "open", "over", "penalty", "", 5);
}

/* After a penalty, another; a case is closed with a reason, and forgotten a day later. */
static void walk_to_close(struct kit *k)
{
    loud(k, kit_time(31 + 30 + 16, 23, 0, 0)); /* another act, another penalty; the old measurement does not serve */
    expect_case(k, "open", "proposed", "penalty", "penalty", 6);
    expect_body(k, "\"grade\":\"lead\",\"evidence\":[]");
    act(k, "case close", "");
    expect_answer(k, false, "reason is missing");
    act(k, "case close", ",\"reason\":\"moved away\"");
    expect_case(k, "closed", "closed", "penalty", "", 6);
    act(k, "case close", ",\"reason\":\"again\"");
    expect_answer(k, false, "cannot be closed: the case is closed");
    size_t alerts = k->case_alert_count;
    now(k, k->receipt_ms + DAY);
    assert_int_equal(k->case_alert_count, alerts + 1);
    assert_null(k->case_alerts[alerts].payload);
    act(k, "case close", ",\"reason\":\"again\"");
    expect_answer(k, false, "not known, or ended long ago");
}

static void walk(struct kit *k)
{
    walk_to_notice(k);
    walk_to_warning(k);
    walk_to_penalty(k);
    walk_through_evidence(k);
    walk_through_hearing(k);
    walk_to_close(k);
}

static void test_walk(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    walk(k);
    for (size_t i = 1; i < k->case_count; i++)
        assert_int_equal(k->cases[i].rev, k->cases[i - 1].rev + 1);
    assert_string_equal(k->case_alerts[0].topic, "yudu/case/hongjun-1/club/f311d33d5a5006da");
    assert_string_equal(k->case_alerts[0].payload, k->cases[0].body);
    kit_free(k);
}

/* ---- saved and restored before every record ---------------------------------------------------------------------- */

struct piece {
    char key[ITEM_KEY];
    void *bytes;
    size_t length;
};

struct shelf {
    struct piece pieces[64];
    size_t count;
};

static void keep(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct shelf *s = ctx;
    size_t i = 0;
    while (i < s->count && strcmp(s->pieces[i].key, key) != 0)
        i++;
    assert_true(i < 64);
    if (i == s->count)
        snprintf(s->pieces[s->count++].key, ITEM_KEY, "%s", key);
    free(s->pieces[i].bytes);
    s->pieces[i].bytes = length ? memcpy(xmalloc(length), bytes, length) : NULL;
    s->pieces[i].length = length;
}

static void no_gateway(void *ctx, const struct gateway_row *row)
{
    (void)ctx, (void)row;
}

static void restore(struct kit *k, const struct record *r)
{
    struct shelf *s = k->before_ctx;
    struct sink to = {.ctx = s, .state = keep, .gateway = no_gateway};
    (void)r;
    fold_save(k->fold, &to);
    fold_free(k->fold);
    k->fold = fold_new();
    for (size_t i = 0; i < s->count; i++) {
        if (s->pieces[i].length)
            assert_int_equal(fold_restore(k->fold, s->pieces[i].key, s->pieces[i].bytes, s->pieces[i].length), 0);
    }
}

static void test_restored(void **state)
{
    struct shelf *s = xcalloc(1, sizeof *s);
    struct kit *plain = club(RULES), *k = club(RULES);
    (void)state;
    k->before = restore;
    k->before_ctx = s;
    walk(plain);
    walk(k);
    assert_string_equal(plain->log.data, k->log.data);
    kit_free(plain);
    kit_free(k);
    for (size_t i = 0; i < s->count; i++)
        free(s->pieces[i].bytes);
    free(s);
}

/* ---- what an officer may not do, in every state ------------------------------------------------------------------ */

static const char *const refusals[CASE_STATES] = {
    [CASE_OPEN] = "the notice was dismissed",
    [CASE_NOTICE_PROPOSED] = "the notice is to be confirmed or dismissed",
    [CASE_NOTICE_CONFIRMED] = "the notice is confirmed and to be served",
    [CASE_NOTICE_SERVED] = "the deadline of the notice is running",
    [CASE_NOTICE_OVER] = "no incident has begun since the deadline of the notice",
    [CASE_WARNING_PROPOSED] = "the warning is to be confirmed or dismissed",
    [CASE_WARNING_CONFIRMED] = "the warning is confirmed and to be served",
    [CASE_WARNING_SERVED] = "the deadline of the warning is running",
    [CASE_WARNING_OVER] = "no incident has begun since the deadline of the warning",
    [CASE_PENALTY_PROPOSED] = "the penalty is to be confirmed or dismissed",
    [CASE_PENALTY_CONFIRMED] = "the penalty is confirmed and to be served",
    [CASE_PENALTY_SERVED] = "the time to pay is running",
    [CASE_PENALTY_OVER] = "the penalty was served, and no incident has begun since",
    [CASE_CLOSED] = "the case is closed",
    [CASE_LAPSED] = "the case has lapsed",
};

static void test_refusals(void **state)
{
    static const struct {
        enum case_event event;
        const char *verb, *more, *words;
    } acts[] = {{EVENT_CONFIRM, "case confirm", "", "cannot be confirmed: "},
                {EVENT_DISMISS, "case dismiss", ",\"reason\":\"r\"", "cannot be dismissed: "},
                {EVENT_SERVE, "case serve", ",\"at\":\"2026-03-08\",\"by\":\"b\"", "cannot be served: "},
                {EVENT_CLOSE, "case close", ",\"reason\":\"r\"", "cannot be closed: "}};
    struct kit *k = club(RULES);
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    now(k, kit_time(8, 9, 0, 0));
    struct casefile *c = case_find(k->fold, FAMILY_NOISE, "club");
    for (int s = 0; s < CASE_STATES; s++) {
        for (size_t i = 0; i < 4; i++) {
            if (expected((enum case_state)s, acts[i].event) != CASE_REFUSED)
                continue;
            char words[200];
            size_t before = k->case_count;
            c->state = (enum case_state)s;
            snprintf(words, sizeof words, "%s%s", acts[i].words, refusals[s]);
            act(k, acts[i].verb, acts[i].more);
            expect_answer(k, false, words);
            assert_int_equal(k->case_count, before); /* and nothing has happened */
            assert_int_equal(c->state, s);
        }
    }
    kit_command(k, "case confirm", "{\"case\":\"0\"}");
    expect_answer(k, false, "case 0: not known");
    kit_free(k);
}

/* ---- incidents --------------------------------------------------------------------------------------------------- */

/* Two flags of one night with midnight between them; the day before is another incident, and so is the next night. */
static void test_one_night_is_one_incident(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    loud(k, kit_time(6, 23, 30, 0));
    loud(k, kit_time(7, 1, 0, 0));
    loud(k, kit_time(7, 5, 59, 0));
    assert_int_equal(last_case(k)->incidents, 1);
    assert_int_equal(k->case_count, 1);
    loud(k, kit_time(7, 6, 10, 0)); /* 70 is over 60 by day, too */
    assert_int_equal(last_case(k)->incidents, 2);
    loud(k, kit_time(7, 21, 59, 0));
    assert_int_equal(last_case(k)->incidents, 2);
    loud(k, kit_time(7, 22, 0, 0));
    assert_int_equal(last_case(k)->incidents, 3);
    expect_body(k, "\"band\":\"day\"");
    kit_free(k);
}

/* The flag is never cleared: nothing is heard by day. */
static void test_stays_raised(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    for (int day = 6; day < 9; day++)
        kit_series(k, "noise-1", "laeq", 70, kit_time(day, 23, 0, 0), kit_time(day, 23, 0, 21), SECOND);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(last_case(k)->incidents, 3);
    kit_free(k);
}

static void test_bounded(void **state)
{
    struct kit *k = club(RULES);
    size_t listed = 0;
    (void)state;
    for (int day = 1; day <= 55; day++)
        loud(k, kit_time(day, 23, 0, 0));
    assert_int_equal(last_case(k)->incidents, 55);
    for (const char *at = last_case(k)->body; (at = strstr(at, "\"band\"")); at++)
        listed++;
    assert_int_equal(listed, 50);
    expect_body(k, "\"count\":55");
    kit_free(k);
}

static void test_closed_and_again(void **state)
{
    struct kit *k = club(RULES);
    char first[17];
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    snprintf(first, sizeof first, "%s", last_case(k)->id);
    act(k, "case dismiss", ",\"reason\":\"wind\"");
    expect_case(k, "open", "dismissed", "none", "", 1);
    loud(k, kit_time(7, 23, 30, 0)); /* the same night */
    expect_case(k, "open", "dismissed", "none", "", 1);
    loud(k, kit_time(8, 23, 0, 0));
    expect_case(k, "open", "proposed", "none", "notice", 2);
    act(k, "case close", ",\"reason\":\"sold\"");
    loud(k, kit_time(9, 1, 0, 0)); /* the same night opens no other */
    expect_case(k, "closed", "closed", "none", "", 2);
    loud(k, kit_time(9, 23, 0, 0));
    expect_case(k, "open", "proposed", "none", "notice", 1);
    assert_string_not_equal(last_case(k)->id, first);
    assert_int_equal(last_case(k)->rev, 1);
    kit_free(k);
}

/* 90 days after the last incident. */
static void test_lapses(void **state)
{
    struct kit *k = club(RULES);
    int64_t end = kit_time(8, 23, 0, 20); /* of its second window */
    char first[17];
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    loud(k, kit_time(8, 23, 0, 0));
    snprintf(first, sizeof first, "%s", last_case(k)->id);
    now(k, end + 90LL * DAY);
    expect_case(k, "open", "grown", "none", "notice", 2);
    now(k, end + 90LL * DAY + 1);
    expect_case(k, "lapsed", "lapsed", "none", "", 2);
    loud(k, kit_time(8 + 95, 23, 0, 0));
    expect_case(k, "open", "proposed", "none", "notice", 1);
    assert_string_not_equal(last_case(k)->id, first);
    kit_free(k);
}

/* A confirmed notice that nobody served does not lapse; a served one does not before its deadline. */
static void test_does_not_lapse(void **state)
{
    struct kit *k = club(RULES "lookback = 1d\n");
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    act(k, "case confirm", "");
    now(k, kit_time(20, 12, 0, 0));
    expect_case(k, "open", "confirmed", "notice", "", 1);
    act(k, "case serve", ",\"at\":\"2026-03-20\",\"by\":\"b\"");
    now(k, kit_time(27, 23, 59, 59));
    expect_case(k, "open", "served", "notice", "", 1);
    now(k, kit_time(28, 0, 0, 0));
    expect_case(k, "lapsed", "lapsed", "notice", "", 1);
    kit_free(k);
}

/* Served long ago and entered today: what began after its deadline proposes at once. */
static void test_entered_late(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    act(k, "case confirm", "");
    loud(k, kit_time(20, 23, 0, 0));
    expect_case(k, "open", "incident", "notice", "", 2);
    act(k, "case serve", ",\"at\":\"2026-03-08\",\"by\":\"b\"");
    now(k, kit_time(21, 9, 0, 0));
    expect_case(k, "open", "proposed", "notice", "warning", 2);
    kit_free(k);
}

#define KITCHEN "house,贡江酒家,restaurant,yudu,hongjun-2,陈志强,,,4,,2023-11-08,60,2026-01-01,,gw-01,\n"

/* Cleaned on 1 January, 60 days: overdue from 3 March.  A cleaning of 2 March, entered in time, takes it all back.
 */
static void test_withdrawn(void **state)
{
    struct kit *k = kit_new(RULES, SITES_HEAD KITCHEN);
    (void)state;
    now(k, kit_time(2, 23, 59, 0));
    assert_int_equal(k->case_count, 0);
    now(k, kit_time(3, 0, 1, 0));
    expect_case(k, "open", "proposed", "none", "notice", 1);
    assert_string_equal(last_case(k)->family, "cleaning");
    assert_int_equal(last_case(k)->since, kit_time(3, 0, 0, 0));
    now(k, kit_time(3, 12, 0, 0));
    now(k, kit_time(4, 0, 0, 0)); /* still: one more for each day */
    now(k, kit_time(4, 0, 1, 0));
    expect_case(k, "open", "incident", "none", "notice", 2);
    kit_command(k, "cleaning add", "{\"site\":\"house\",\"cleaned_at\":\"2026-03-02\",\"by\":\"x\"}");
    assert_string_equal(kit_last_flag(k)->state, "withdrawn");
    expect_case(k, "closed", "withdrawn", "none", "", 0);
    size_t alerts = k->case_alert_count;
    now(k, kit_time(5, 0, 1, 0));
    assert_int_equal(k->case_alert_count, alerts + 1);
    kit_free(k);
}

/* Cleared, not withdrawn: the debt was there. */
static void test_cleaned(void **state)
{
    struct kit *k = kit_new(RULES, SITES_HEAD KITCHEN);
    (void)state;
    now(k, kit_time(3, 0, 1, 0));
    kit_command(k, "cleaning add", "{\"site\":\"house\",\"cleaned_at\":\"2026-03-03\",\"by\":\"x\"}");
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    now(k, kit_time(5, 0, 1, 0));
    expect_case(k, "open", "proposed", "none", "notice", 1);
    kit_free(k);
}

/* Overdue from the 3rd, cleaned on the 4th at 09:00, entered on the 5th at 18:00: the 3rd and 4th count, the 5th was
 * counted at 00:00 and is taken back. */
static void test_cleaned_and_entered_later(void **state)
{
    struct kit *k = kit_new(RULES, SITES_HEAD KITCHEN);
    (void)state;
    for (int day = 3; day <= 5; day++)
        now(k, kit_time(day, 0, 0, 0));
    expect_case(k, "open", "incident", "none", "notice", 3);
    now(k, kit_time(5, 18, 0, 0));
    kit_command(k, "cleaning add", "{\"site\":\"house\",\"cleaned_at\":\"2026-03-04T09:00\",\"by\":\"x\"}");
    assert_string_equal(kit_last_flag(k)->state, "cleared");
    assert_int_equal(kit_last_flag(k)->until, kit_time(4, 9, 0, 0));
    expect_case(k, "open", "withdrawn", "none", "notice", 2);
    kit_free(k);
}

/* The purifier stays off: a day counts if its device tells something in it. */
static void test_purifier(void **state)
{
    struct kit *k = kit_new(RULES "purifier_off_after = 5s\n", SITES_HEAD KITCHEN);
    (void)state;
    now(k, kit_time(2, 0, 0, 0));
    kit_hello(k, "gw-01", "house", "hood-1", 1000, "fan purifier", "");
    for (int s = 0; s < 8; s++)
        kit_reading(k, "hood-1", kit_time(2, 12, 0, s), "\"values\":{\"fan\":1,\"purifier\":0}");
    expect_case(k, "open", "proposed", "none", "notice", 1);
    assert_string_equal(last_case(k)->family, "purifier");
    now(k, kit_time(2, 12, 1, 0));
    assert_int_equal(last_case(k)->incidents, 1);
    now(k, kit_time(2, 23, 59, 0));
    struct casefile *c = case_find(k->fold, FAMILY_PURIFIER, "house");
    now(k, kit_time(3, 12, 0, 0)); /* silent all day */
    assert_int_equal(c->incident_count, 1);
    kit_reading(k, "hood-1", kit_time(4, 12, 0, 0), "\"values\":{\"fan\":1,\"purifier\":0}");
    now(k, kit_time(4, 12, 1, 0));
    assert_int_equal(c->incident_count, 2);
    now(k, kit_time(4, 12, 2, 0));
    assert_int_equal(c->incident_count, 2);
    kit_free(k);
}

static void test_another_grid(void **state)
{
    struct kit *k = club(RULES);
    (void)state;
    loud(k, kit_time(7, 23, 0, 0));
    now(k, kit_time(8, 9, 0, 0));
    size_t alerts = k->case_alert_count;
    kit_import(k, SITES_HEAD "club,尚座俱乐部,club,yudu,hongjun-9,李建国,2,boundary,,,,,,,gw-01,\n");
    now(k, kit_time(8, 9, 1, 0));
    assert_int_equal(k->case_alert_count, alerts + 2);
    assert_null(k->case_alerts[alerts].payload);
    assert_true(strncmp(k->case_alerts[alerts + 1].topic, "yudu/case/hongjun-9/club/", 25) == 0);
    expect_case(k, "open", "moved", "none", "notice", 1);
    kit_free(k);
}

/* ---- evidence ---------------------------------------------------------------------------------------------------- */

/* GB 22337-2008, 5.1 and 5.2; Administrative Penalty Law, art. 42. */
static void test_measurements(void **state)
{
    static const struct {
        const char *args, *state, *words;
    } rows[] = {
        {"\"value\":\"67.3\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"94.3\"", "valid",
         ""},
        {"\"value\":\"67.3\",\"class\":\"1\",\"calibration_before\":\"94.3\",\"calibration_after\":\"93.8\",\"wind\":"
         "\"4.9\"",
         "valid", ""},
        {"\"value\":\"67.3\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"94.31\"",
         "invalid", "0.51 dB"},
        {"\"value\":\"67.3\",\"class\":\"2\"", "invalid", "not calibrated"},
        {"\"value\":\"67.3\",\"class\":\"3\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\"", "invalid",
         "class 3"},
        {"\"value\":\"34.9\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\"", "invalid",
         "class 1 is needed"},
        {"\"value\":\"34.9\",\"class\":\"1\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\"", "valid",
         ""},
        {"\"value\":\"67.3\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\",\"wind\":"
         "\"5\"",
         "invalid", "wind 5 m/s"},
        {"\"value\":\"67.3\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\",\"rain\":"
         "\"yes\"",
         "invalid", "rain"},
        {"\"value\":\"67.3\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_after\":\"93.8\","
         "\"reviewed_by\":\"B\"",
         "reviewed", "\"grade\":\"evidence\""},
        {"\"value\":\"60\",\"background\":\"57.6\",\"class\":\"2\",\"calibration_before\":\"93.8\",\"calibration_"
         "after\":"
         "\"93.8\"",
         "invalid", "within 3 dB"},
    };
    struct kit *k = club(RULES);
    (void)state;
    now(k, kit_time(8, 9, 0, 0));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char args[500];
        snprintf(args, sizeof args,
                 "{\"site\":\"club\",\"at\":\"2026-03-07T23:20\",\"instrument\":\"i\",\"officers\":\"A; B\",%s}",
                 rows[i].args);
        kit_command(k, "measurement add", args);
        expect_answer(k, true, rows[i].state);
        assert_string_equal(k->entries[k->entry_count - 1].state, rows[i].state);
        assert_non_null(strstr(k->entries[k->entry_count - 1].body, rows[i].words));
    }
    kit_command(k, "measurement add",
                "{\"site\":\"club\",\"at\":\"2026-03-07T23:20\",\"instrument\":\"i\",\"officers\":\"A;A\",\"value\":60,"
                "\"class\":1,\"calibration_before\":93.8,\"calibration_after\":93.8}");
    expect_answer(k, true, "one officer only");
    kit_free(k);
}

/* GB 22337-2008, table 4: difference 10 and less -1, 5 and 4 -2, 3 -3; more than 10: none. */
static void test_background(void **state)
{
    static const struct {
        double background;
        int correction, judged;
    } rows[] = {{49, 0, 60},  {49.4, 0, 60}, {49.6, -1, 59}, {50, -1, 59},  {54, -1, 59},
                {55, -2, 58}, {56, -2, 58},  {57, -3, 57},   {57.4, -3, 57}};
    struct kit *k = club(RULES);
    (void)state;
    now(k, kit_time(8, 9, 0, 0));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char args[400], words[60];
        snprintf(
            args, sizeof args,
            "{\"site\":\"club\",\"at\":\"2026-03-07T23:20\",\"instrument\":\"i\",\"officers\":\"A;B\",\"value\":60,"
            "\"class\":1,\"calibration_before\":93.8,\"calibration_after\":93.8,\"background\":%g}",
            rows[i].background);
        kit_command(k, "measurement add", args);
        const char *body = k->entries[k->entry_count - 1].body;
        snprintf(words, sizeof words, "\"correction\":%d,\"judged\":%d,\"limit\":50,\"outcome\":\"exceeds\"",
                 rows[i].correction, rows[i].judged);
        if (rows[i].background == 49.4) /* 10.6 rounds to 11 */
            assert_non_null(strstr(body, "\"correction\":0"));
        if (!strstr(body, words))
            fail_msg("background %g: %s", rows[i].background, body);
    }
    kit_free(k);
}

/* GB 18483-2001, 6.3: below a quarter of the greatest is left out, three must remain; limit 2.0 (table 2). */
static void test_samples(void **state)
{
    static const struct {
        const char *values, *state, *words;
    } rows[] = {
        {"2.4;2.0;2.2;0.5;2.6", "valid",
         "\"judged\":2.3,\"limit\":2,\"outcome\":\"exceeds\""}, /* (2.4+2.0+2.2+2.6)/4 */
        {"2.4;2.0;2.2;0.65;2.6", "valid", "\"judged\":1.97,\"limit\":2,\"outcome\":\"compliant\""}, /* 9.85/5 */
        {"2.4;0.1;0.2;0.5;2.6", "invalid", "2 values remain"},
    };
    struct kit *k = kit_new(RULES, SITES_HEAD KITCHEN);
    (void)state;
    now(k, kit_time(2, 9, 0, 0));
    for (size_t i = 0; i < 3; i++) {
        char args[300];
        snprintf(args, sizeof args,
                 "{\"site\":\"house\",\"at\":\"2026-03-01\",\"kind\":\"fume\",\"officers\":\"A;B\",\"values\":\"%s\"}",
                 rows[i].values);
        kit_command(k, "measurement add", args);
        assert_string_equal(k->entries[k->entry_count - 1].state, rows[i].state);
        if (!strstr(k->entries[k->entry_count - 1].body, rows[i].words))
            fail_msg("%s", k->entries[k->entry_count - 1].body);
    }
    kit_command(k, "measurement add",
                "{\"site\":\"house\",\"at\":\"2026-03-01\",\"kind\":\"fume\",\"officers\":\"A;B\",\"values\":\"2;x\"}");
    expect_answer(k, false, "values 2;x");
    kit_free(k);
}

static void refuse_long_texts(struct kit *k)
{
    static const char *const keys[] = {"note", "instrument"};
    for (size_t i = 0; i < 2; i++) {
        struct buf args = buf_growing();
        buf_print(&args, "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":60,\"class\":1,\"%s\":\"", keys[i]);
        for (int n = 0; n < 5000; n++)
            buf_char(&args, 'x');
        buf_text(&args, "\"}");
        char words[40];
        snprintf(words, sizeof words, "%s: has at most ", keys[i]);
        kit_command(k, "measurement add", args.data);
        expect_answer(k, false, words);
        buf_free(&args);
    }
}

#define AT_CLUB "{\"site\":\"club\",\"at\":\"2026-03-01\""

/* What is asked for is right, or refused with words. */
static void test_bad_entries(void **state)
{
    static const struct {
        const char *verb, *args, *words;
    } rows[] = {
        {"measurement add", "{\"site\":\"moon\",\"at\":\"2026-03-01\"}", "site moon: not in the register"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-02-30\"}", "at 2026-02-30: expected"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2027-01-01\"}", "lies in the future"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"kind\":\"smell\"}", "allowed are noise, fume"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":\"loud\"}",
         "value loud: expected a number"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\"}", "value: expected a level"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":60}", "class is missing"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":60,\"class\":1}",
         "instrument is missing"},
        {"measurement add",
         "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":60,\"class\":1,\"instrument\":\"i\",\"case\":\"0\"}",
         "case 0:"},
        {"measurement add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"value\":60,\"class\":1,\"instrument\":\"i\"}",
         "officers is missing"},
        {"measurement add", AT_CLUB ",\"value\":-1}", "value: expected a level from 0 to 200 dB(A)"},
        {"measurement add", AT_CLUB ",\"value\":200.1}", "value: expected a level from 0 to 200 dB(A)"},
        {"measurement add", AT_CLUB ",\"value\":\"6-1\"}", "value 6-1: expected a number"},
        {"measurement add", AT_CLUB ",\"value\":\"\"}", "value : expected a number"},
        {"measurement add", AT_CLUB ",\"value\":[60]}", "value : expected a number"},
        {"measurement add", AT_CLUB ",\"value\":60,\"class\":\"one\"}", "class one: expected a number"},
        {"measurement add", AT_CLUB ",\"calibration_before\":\"x\"}", "calibration_before x: expected a number"},
        {"measurement add", AT_CLUB ",\"calibration_after\":\"x\"}", "calibration_after x: expected a number"},
        {"measurement add", AT_CLUB ",\"wind\":\"x\"}", "wind x: expected a number"},
        {"measurement add", AT_CLUB ",\"background\":\"x\"}", "background x: expected a number"},
        {"measurement add", AT_CLUB ",\"rain\":\"maybe\"}", "rain maybe: allowed are no, yes"},
        {"measurement add", AT_CLUB ",\"position\":\"roof\"}", "position roof: allowed are boundary"},
        {"measurement add", AT_CLUB ",\"band\":\"noon\"}", "band noon: allowed are day, night"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\"}", "value or values is missing"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"value\":\"x\"}", "value x: expected a number"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"value\":-0.1}", "value or values is missing"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"values\":\"2.1;-1;2\"}", "values 2.1;-1;2: expected"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"values\":\"2.1,2\"}", "values 2.1,2: expected"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"values\":\"inf\"}", "values inf: expected"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"values\":\";\"}", "values ;: expected"},
        {"measurement add", AT_CLUB ",\"kind\":\"fume\",\"values\":\"1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1\"}",
         "expected at most 20 concentrations"},
        {"inspection add", AT_CLUB ",\"result\":\"fine\"}", "result fine: allowed are ok, fault"},
        {"inspection add", AT_CLUB ",\"result\":\"ok\",\"in_use\":\"partly\"}", "in_use partly: allowed are no, yes"},
        {"inspection add", "{\"site\":\"moon\"}", "site moon: not in the register"},
        {"inspection add", AT_CLUB ",\"result\":\"ok\"}", "officers is missing"},
        {"measurement review", "{\"id\":\"0\",\"by\":\"x\"}", "measurement 0: not known"},
        {"inspection add", "{\"site\":\"club\",\"at\":\"2026-03-01\"}", "result is missing"},
        {"inspection add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"result\":\"ok\",\"cleaned\":\"no\"}",
         "result ok: does not go with cleaned no"},
        {"complaint add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"text\":\"t\"}", "about is missing"},
        {"complaint add", "{\"site\":\"club\",\"at\":\"2026-03-01\",\"about\":\"noise\"}", "text is missing"},
        {"complaint close", "{\"id\":\"0\",\"result\":\"r\"}", "complaint 0: not known"},
        {"complaint erase", "{\"id\":\"0\"}", "complaint 0: not known"},
    };
    struct kit *k = club(RULES);
    (void)state;
    now(k, kit_time(8, 9, 0, 0));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kit_command(k, rows[i].verb, rows[i].args);
        expect_answer(k, false, rows[i].words);
    }
    refuse_long_texts(k);
    assert_int_equal(k->entry_count, 0);
    kit_free(k);
}

/* A measurement is for a case of its own site and family. */
static void test_of_another_case(void **state)
{
    struct kit *k = kit_new(RULES, SITES_HEAD KITCHEN CLUB);
    char args[300];
    (void)state;
    now(k, kit_time(3, 0, 1, 0)); /* the kitchen's cleaning is overdue */
    assert_int_equal(k->case_count, 1);
    assert_string_equal(k->cases[0].family, "cleaning");
    snprintf(args, sizeof args,
             AT_CLUB ",\"value\":60,\"class\":1,\"instrument\":\"i\",\"officers\":\"A;B\",\"case\":\"%s\"}",
             k->cases[0].id);
    kit_command(k, "measurement add", args);
    expect_answer(k, false, "is about cleaning at site house");
    snprintf(
        args, sizeof args,
        "{\"site\":\"house\",\"at\":\"2026-03-01\",\"value\":2,\"kind\":\"fume\",\"officers\":\"A;B\",\"case\":\"%s\"}",
        k->cases[0].id);
    kit_command(k, "measurement add", args);
    expect_answer(k, false, "is about cleaning at site house");
    assert_int_equal(k->entry_count, 0);
    kit_free(k);
}

/* Cleaning is proved by an inspection, not by a measurement. */
static void test_inspection(void **state)
{
    struct kit *k = kit_new(RULES "notice_deadline = 1d\nwarning_deadline = 1d\n", SITES_HEAD KITCHEN);
    (void)state;
    now(k, kit_time(3, 0, 1, 0));
    act(k, "case confirm", "");
    act(k, "case serve", ",\"at\":\"2026-03-03\",\"by\":\"b\"");
    now(k, kit_time(5, 0, 1, 0)); /* the 4th is the day; the 5th has its incident */
    expect_case(k, "open", "proposed", "notice", "warning", 2);
    act(k, "case confirm", "");
    act(k, "case serve", ",\"at\":\"2026-03-05\",\"by\":\"b\"");
    now(k, kit_time(7, 0, 1, 0));
    expect_case(k, "open", "proposed", "warning", "penalty", 3);
    expect_body(k, "there is no reviewed on-site inspection by two officers that shows it");
    kit_command(
        k, "inspection add",
        "{\"site\":\"house\",\"at\":\"2026-03-07\",\"officers\":\"A;B\",\"result\":\"fault\",\"cleaned\":\"yes\","
        "\"in_use\":\"no\",\"reviewed_by\":\"C\"}");
    expect_body(k, "shows nothing that is forbidden");
    kit_command(
        k, "inspection add",
        "{\"site\":\"house\",\"at\":\"2026-03-07\",\"officers\":\"A;B\",\"result\":\"fault\",\"cleaned\":\"no\"}");
    char review[80];
    snprintf(review, sizeof review, "{\"id\":\"%s\",\"by\":\"C\"}", k->entries[k->entry_count - 1].id);
    kit_command(k, "inspection review", review);
    expect_absent(k, "held");
    expect_body(k, "\"missing\":[]");
    act(k, "case confirm", "");
    expect_case(k, "open", "confirmed", "penalty", "", 3);
    kit_free(k);
}

static void test_complaint(void **state)
{
    struct kit *k = club(RULES);
    char args[120];
    (void)state;
    now(k, kit_time(8, 9, 0, 0));
    kit_command(k, "complaint add",
                "{\"site\":\"club\",\"at\":\"2026-03-07T23:20\",\"about\":\"noise\",\"text\":\"bass, \\\"erased\\\":\","
                "\"identity\":\"kept\"}");
    expect_answer(k, true, "open");
    snprintf(args, sizeof args, "{\"id\":\"%s\",\"result\":\"measured\"}", k->entries[0].id);
    kit_command(k, "complaint close", args);
    expect_answer(k, true, "closed");
    kit_command(k, "complaint close", args);
    expect_answer(k, false, "is closed already");
    kit_command(k, "complaint erase", args);
    expect_answer(k, true, "closed");
    kit_command(k, "complaint erase", args);
    expect_answer(k, false, "erased already");
    assert_int_equal(k->entry_count, 3);
    assert_int_equal(k->entries[2].rev, 3);
    assert_non_null(strstr(k->entries[2].body, "\"result\":\"measured\""));
    kit_free(k);
}

/* ---- working days ------------------------------------------------------------------------------------------------ */

static struct calendar *calendar_of(const char *path)
{
    struct faults faults = {0};
    char *text = kit_file(path);
    struct conf *conf = conf_open_text(path, text, strlen(text), &faults);
    struct calendar *c = conf ? calendar_open(conf, &faults) : NULL;
    free(text);
    if (!c)
        fail_msg("%s", faults.count ? faults.text[0] : path);
    return c;
}

static void expect_days(struct calendar *const *calendars, size_t count, int64_t from, int n, int64_t last_day)
{
    assert_int_equal(calendar_work_end(calendars, count, from, n), last_day + DAY - 1);
}

static void test_working_days(void **state)
{
    struct calendar *calendars[2] = {calendar_of("config/calendars/cn-2025.ini"),
                                     calendar_of("config/calendars/cn-2026.ini")};
    (void)state;
    civil_zone("Asia/Shanghai", NULL);
    /* Spring Festival 2026: off 15 to 23 February, worked on Saturdays 14 and 28.  After Friday 13: 14 24 25 26 27 28,
     * 2 */
    expect_days(calendars, 2, civil_ms(2026, 2, 13, 17, 0, 0), 1, civil_ms(2026, 2, 14, 0, 0, 0));
    expect_days(calendars, 2, civil_ms(2026, 2, 13, 17, 0, 0), 2, civil_ms(2026, 2, 24, 0, 0, 0));
    expect_days(calendars, 2, civil_ms(2026, 2, 13, 17, 0, 0), 5, civil_ms(2026, 2, 27, 0, 0, 0));
    expect_days(calendars, 2, civil_ms(2026, 2, 13, 17, 0, 0), 7, civil_ms(2026, 3, 2, 0, 0, 0));
    /* National Day 2026: off 1 to 7 October, worked on Saturday 10 and Sunday 20 September.  After 30: 8 9 10 12 13 */
    expect_days(calendars, 2, civil_ms(2026, 9, 30, 0, 0, 0), 5, civil_ms(2026, 10, 13, 0, 0, 0));
    expect_days(calendars, 2, civil_ms(2026, 9, 18, 23, 59, 59), 2, civil_ms(2026, 9, 21, 0, 0, 0));
    /* Spring Festival 2025: off 28 January to 4 February, worked on Sunday 26 January and Saturday 8 February.
     * After Friday 24: 26 27, 5 6 7 8 */
    expect_days(calendars, 2, civil_ms(2025, 1, 24, 9, 0, 0), 5, civil_ms(2025, 2, 7, 0, 0, 0));
    expect_days(calendars, 2, civil_ms(2025, 1, 24, 9, 0, 0), 6, civil_ms(2025, 2, 8, 0, 0, 0));
    /* National Day 2025: off 1 to 8 October, worked on Sunday 28 September and Saturday 11.  After Friday 26: 28 29 30
     * 9 10 */
    expect_days(calendars, 2, civil_ms(2025, 9, 26, 9, 0, 0), 5, civil_ms(2025, 10, 10, 0, 0, 0));
    /* Without a file: Saturdays and Sundays. */
    expect_days(calendars, 0, civil_ms(2026, 2, 13, 17, 0, 0), 5, civil_ms(2026, 2, 20, 0, 0, 0));
    calendar_close(calendars[0]);
    calendar_close(calendars[1]);
}

static void test_bad_calendars(void **state)
{
    static const char *const texts[] = {
        "[calendar]\nyear = 2026\ndocument = d\nholidays = 2025-01-01\nconfirmed = no\n",
        "[calendar]\nyear = 2026\ndocument = d\nholidays = 2026-02-30\nconfirmed = no\n",
        "[calendar]\nyear = 2026\ndocument = d\nholidays = 2026-01-03..2026-01-01\nconfirmed = no\n",
        "[calendar]\nyear = 2026\nholidays = 2026-01-01\nconfirmed = no\n",
        "[calendar]\nyear = 2026\ndocument = d\nholidays = 2026-01-01\nconfirmed = no\nhalf_days = 2026-01-02\n",
    };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct faults faults = {0};
        struct conf *conf = conf_open_text("cn-2026.ini", texts[i], strlen(texts[i]), &faults);
        assert_null(calendar_open(conf, &faults));
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.text[0], "cn-2026.ini"));
        faults_free(&faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_one_night_is_one_incident),
        cmocka_unit_test(test_stays_raised),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_closed_and_again),
        cmocka_unit_test(test_lapses),
        cmocka_unit_test(test_does_not_lapse),
        cmocka_unit_test(test_entered_late),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_cleaned),
        cmocka_unit_test(test_cleaned_and_entered_later),
        cmocka_unit_test(test_purifier),
        cmocka_unit_test(test_another_grid),
        cmocka_unit_test(test_measurements),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_bad_entries),
        cmocka_unit_test(test_of_another_case),
        cmocka_unit_test(test_inspection),
        cmocka_unit_test(test_complaint),
        cmocka_unit_test(test_working_days),
        cmocka_unit_test(test_bad_calendars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
