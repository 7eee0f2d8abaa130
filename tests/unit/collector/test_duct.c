/* duct-blocked: the fan runs, and no air flows or pressure stands against it. */
#include "tests/unit/collector/kitchen_kit.h"

#define AFTER   "[rules]\nduct_blocked_after = 10s\n"
#define FOUR    KITCHEN("4", "", "yes") /* 4 x 2000 m3/h; a fifth of it is 1600 */
#define FREE    "\"values\":{\"fan\":1,\"airflow\":1600}"
#define STUFFED "\"values\":{\"fan\":1,\"airflow\":1599}"
#define STILL   "\"values\":{\"fan\":0,\"airflow\":0}"

static int64_t noon(void)
{
    return kit_time(2, 12, 0, 0);
}

static void play(struct kit *k, int from, int to, const char *content)
{
    kitchen_play(k, noon() + from * SECOND, noon() + to * SECOND, SECOND, content);
}

static void test_no_flow(void **state)
{
    struct kit *k = kitchen_new(AFTER, FOUR, "fan airflow", SECOND);
    (void)state;
    play(k, 0, 5, FREE);
    play(k, 5, 15, STUFFED);
    assert_int_equal(k->flag_count, 0);
    play(k, 15, 16, STUFFED); /* ten seconds are full */
    assert_int_equal(k->flag_count, 1);
    const struct kit_flag *raised = kitchen_flag(k, "duct-blocked", 0);
    assert_string_equal(raised->state, "raised");
    assert_string_equal(raised->device, "hood-1");
    assert_int_equal(raised->since, noon() + 5 * SECOND);
    assert_int_equal(raised->at, noon() + 15 * SECOND);
    kitchen_says(raised,
                 "\"window\":null,\"measured\":1599,\"background\":null,\"correction\":0,\"judged\":1599,"
                 "\"limit\":1600,\"excess\":-1,\"unit\":\"m³/h\",\"basis\":{\"note\":\"policy of the bureau\"},"
                 "\"statutory\":false,\"grade\":\"lead\",\"condition\":\"no-flow\",\"airflow\":1599,\"dp\":null}");
    play(k, 16, 30, STUFFED);
    play(k, 30, 39, FREE);
    play(k, 39, 41, STUFFED); /* nine seconds of air are not enough, and begin anew */
    play(k, 41, 51, FREE);
    assert_int_equal(k->flag_count, 1);
    play(k, 51, 52, FREE);
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, noon() + 41 * SECOND);
    assert_int_equal(k->flags[1].at, noon() + 51 * SECOND);
    assert_string_equal(k->flags[1].id, k->flags[0].id);
    kitchen_free(k);
}

/* What the flow is compared with. */
static void test_least_flow(void **state)
{
    static const struct {
        const char *rules, *sites;
        double least; /* NAN: none */
    } rows[] = {
        {"", FOUR, 1600},
        {"", KITCHEN("4", "6000", "yes"), 1200}, /* the register knows better than the stoves */
        {"", KITCHEN("", "6000", "yes"), 1200},
        {"", KITCHEN("", "", "yes"), NAN},
        {"duct_airflow_min = 900\n", FOUR, 900},
        {"duct_airflow_min = 900\n", KITCHEN("", "", "yes"), 900},
        {"duct_airflow_share = 0.5\n", FOUR, 4000},
        {"duct_airflow_share = 0\n", FOUR, NAN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int over = 0; over < 2; over++) {
            char rules[120], content[80];
            double least = isnan(rows[i].least) ? 0 : rows[i].least;
            snprintf(rules, sizeof rules, AFTER "%s", rows[i].rules);
            snprintf(content, sizeof content, "\"values\":{\"fan\":1,\"airflow\":%.10g}", over ? least : least - 0.5);
            struct kit *k = kitchen_new(rules, rows[i].sites, "fan airflow", SECOND);
            play(k, 0, 12, content);
            assert_int_equal(k->flag_count, !over && !isnan(rows[i].least));
            kitchen_free(k);
        }
    }
}

static void test_back_pressure(void **state)
{
    static const struct {
        const char *rules, *content, *condition; /* NULL: no flag */
    } rows[] = {
        {"", "\"values\":{\"fan\":1,\"dp\":5000}", NULL}, /* not looked at unless set */
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":1,\"dp\":399.9}", NULL},
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":1,\"dp\":400}", "back-pressure"},
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":0,\"dp\":400}", NULL},
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":1,\"dp\":400,\"airflow\":5000}", "back-pressure"},
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":1,\"dp\":400,\"airflow\":5}", "no-flow back-pressure"},
        {"duct_dp_max = 400\n", "\"values\":{\"fan\":1,\"dp\":40,\"airflow\":5}", "no-flow"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char rules[80], words[60];
        bool air = strstr(rows[i].content, "airflow");
        snprintf(rules, sizeof rules, AFTER "%s", rows[i].rules);
        struct kit *k = kitchen_new(rules, FOUR, air ? "fan dp airflow" : "fan dp", SECOND);
        play(k, 0, 12, rows[i].content);
        assert_int_equal(k->flag_count, rows[i].condition != NULL);
        if (rows[i].condition) {
            snprintf(words, sizeof words, "\"condition\":\"%s\"", rows[i].condition);
            kitchen_says(&k->flags[0], words);
            kitchen_says(&k->flags[0], strncmp(rows[i].condition, "no", 2) ? "\"measured\":400" : "\"measured\":5");
            kitchen_says(&k->flags[0], strncmp(rows[i].condition, "no", 2) ? "\"unit\":\"Pa\"" : "\"unit\":\"m³/h\"");
        }
        kitchen_free(k);
    }
}

/* A fan that stands still tells nothing, nor does a meter that does not answer. */
static void test_unknown(void **state)
{
    static const char *const nothing[] = {STILL, "\"error\":\"timeout\"",
                                          "\"values\":{\"fan\":1},\"errors\":{\"airflow\":\"crc\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        struct kit *k = kitchen_new(AFTER, FOUR, "fan airflow", SECOND);
        play(k, 0, 6, STUFFED);
        play(k, 6, 15, nothing[i]); /* nine seconds: it goes on afterwards */
        play(k, 15, 20, STUFFED);
        assert_int_equal(k->flag_count, 1);
        assert_int_equal(k->flags[0].since, noon());
        assert_int_equal(k->flags[0].at, noon() + 19 * SECOND);
        play(k, 20, 100, nothing[i]); /* raised it stays */
        assert_int_equal(k->flag_count, 1);
        play(k, 100, 111, FREE);
        assert_int_equal(k->flag_count, 2);
        assert_int_equal(k->flags[1].until, noon() + 100 * SECOND);
        kitchen_free(k);

        k = kitchen_new(AFTER, FOUR, "fan airflow", SECOND); /* ten seconds in one stretch: anew */
        play(k, 0, 6, STUFFED);
        play(k, 6, 16, nothing[i]);
        play(k, 16, 26, STUFFED);
        assert_int_equal(k->flag_count, 0);
        play(k, 26, 27, STUFFED);
        assert_int_equal(k->flags[0].since, noon() + 16 * SECOND);
        kitchen_free(k);
    }
}

/* One reading that shows air ends what has not been raised. */
static void test_too_short(void **state)
{
    struct kit *k = kitchen_new(AFTER, FOUR, "fan airflow", SECOND);
    (void)state;
    play(k, 0, 9, STUFFED);
    play(k, 9, 10, FREE);
    play(k, 10, 19, STUFFED);
    play(k, 19, 60, FREE);
    assert_int_equal(k->flag_count, 0);
    kitchen_free(k);
}

/* The fan is metered by another device. */
static void test_neighbour(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct kit *k = kitchen_new(AFTER, FOUR, "airflow", SECOND);
        kit_hello(k, "gw-01", "house", "power-1", 1000, "fan_current", "");
        for (int i = 0; i < 12; i++) {
            kit_reading(k, "power-1", noon() + i * SECOND - 5,
                        on ? "\"values\":{\"fan_current\":3}" : "\"values\":{\"fan_current\":0.1}");
            kit_reading(k, "hood-1", noon() + i * SECOND, "\"values\":{\"airflow\":3}");
        }
        assert_int_equal(k->flag_count, on);
        kitchen_free(k);
    }
}

static void test_across_midnight(void **state)
{
    struct kit *k = kitchen_new(AFTER, FOUR, "fan airflow", SECOND);
    int64_t midnight = kit_time(3, 0, 0, 0);
    (void)state;
    kitchen_play(k, midnight - 5 * SECOND, midnight + 6 * SECOND, SECOND, STUFFED);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, midnight - 5 * SECOND);
    kitchen_free(k);
}

/* The bureau ceases to look at it: what was raised by it is cleared like any other. */
static void test_no_longer_looked_at(void **state)
{
    struct kit *k = kitchen_new(AFTER "duct_dp_max = 400\n", FOUR, "fan dp", SECOND);
    (void)state;
    play(k, 0, 12, "\"values\":{\"fan\":1,\"dp\":500}");
    assert_int_equal(k->flag_count, 1);
    kit_configure(k, AFTER);
    play(k, 12, 24, "\"values\":{\"fan\":1,\"dp\":500}");
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    kitchen_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_flow),         cmocka_unit_test(test_least_flow),
        cmocka_unit_test(test_back_pressure),   cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_too_short),       cmocka_unit_test(test_neighbour),
        cmocka_unit_test(test_across_midnight), cmocka_unit_test(test_no_longer_looked_at),
    };
    kitchen_main(tests);
}
