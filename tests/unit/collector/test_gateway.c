/* gateway-offline. */
#include "tests/unit/collector/fold_kit.h"

static int64_t noon(void)
{
    return kit_time(2, 12, 0, 0);
}

static void link_is(struct kit *k, int64_t at, const char *state)
{
    char body[40];
    snprintf(body, sizeof body, "{\"state\":\"%s\"}", state);
    k->receipt_ms = at;
    kit_body(k, RECORD_LINK, body);
}

static void presence(struct kit *k, int64_t at, const char *gateway, const char *state)
{
    char body[120];
    snprintf(body, sizeof body, "{\"district\":\"yudu\",\"gateway\":\"%s\",\"state\":\"%s\",\"epoch\":\"\",\"last\":1}",
             gateway, state);
    k->receipt_ms = at;
    kit_body(k, RECORD_PRESENCE, body);
}

static struct kit *county(void)
{
    struct kit *k = kit_new("[rules]\n", SITES_HEAD CLUB "house,n,restaurant,yudu,hongjun-2,,,,,,,,,,gw-01 gw-02,\n");
    k->receipt_ms = noon() - HOUR;
    kit_body(k, RECORD_START, "{\"version\":\"1\"}");
    link_is(k, noon() - HOUR, "up");
    return k;
}

static void test_offline_and_back(void **state)
{
    struct kit *k = county();
    (void)state;
    k->receipt_ms = noon();
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_tick(k, noon() + 3 * MINUTE - 1);
    assert_int_equal(k->flag_count, 0);
    kit_tick(k, noon() + 3 * MINUTE);
    assert_int_equal(k->flag_count, 1);
    assert_string_equal(k->alerts[0].topic, "yudu/alert/-/-/gateway-offline/gw-01");
    assert_int_equal(k->flags[0].since, noon());
    assert_string_equal(k->flags[0].id, "8c41ccd5afcf24ab"); /* sha256("gateway-offline|-|gw-01|1772424000000") */
    assert_non_null(strstr(k->flags[0].body,
                           "\"site\":null,\"name\":null,\"district\":\"yudu\",\"grid\":null,\"officer\":null,"
                           "\"device\":null,\"gateway\":\"gw-01\""));
    assert_non_null(strstr(k->flags[0].body, ",\"sites\":[\"club\",\"house\"]}"));
    assert_string_equal(k->lines[0], "flag,district=yudu,flag=gateway-offline,gateway=gw-01 state=1i 1772424000000");
    kit_tick(k, noon() + 10 * MINUTE);
    assert_int_equal(k->flag_count, 1); /* once */
    presence(k, noon() + 11 * MINUTE, "gw-01", "offline");
    assert_int_equal(k->flag_count, 1);
    presence(k, noon() + 12 * MINUTE, "gw-01", "online");
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, noon() + 12 * MINUTE);
    kit_free(k);
}

/* While our own link is down nobody is offline; after it the time counts anew. */
static void test_blind(void **state)
{
    struct kit *k = county();
    (void)state;
    presence(k, noon(), "gw-01", "online");
    link_is(k, noon() + MINUTE, "down");
    kit_tick(k, noon() + HOUR);
    assert_int_equal(k->flag_count, 0);
    link_is(k, noon() + HOUR, "up");
    kit_tick(k, noon() + HOUR + 2 * MINUTE);
    assert_int_equal(k->flag_count, 0);
    k->receipt_ms = noon() + HOUR + 150 * SECOND;
    kit_body(k, RECORD_START, "{\"version\":\"1\"}"); /* and after a start */
    kit_tick(k, noon() + 2 * HOUR);
    assert_int_equal(k->flag_count, 0);
    link_is(k, noon() + 2 * HOUR, "up");
    kit_tick(k, noon() + 2 * HOUR + 3 * MINUTE);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, noon() + 2 * HOUR);
    kit_free(k);
}

/* Who was never heard, or whom no site lists, is not waited for. */
static void test_who_is_awaited(void **state)
{
    struct kit *k = county();
    (void)state;
    presence(k, noon(), "gw-77", "online");
    presence(k, noon(), "gw-01", "online");
    kit_tick(k, noon() + HOUR);
    assert_int_equal(k->flag_count, 1); /* gw-02 was never heard, gw-77 is not listed */
    assert_string_equal(k->flags[0].device, "gw-01");
    k->receipt_ms = noon() + HOUR;
    kit_import(k, SITES_HEAD "club,n,club,yudu,g,,2,,,,,,,,gw-02,\nhouse,n,restaurant,yudu,g,,,,,,,,,,gw-02,\n");
    kit_tick(k, noon() + HOUR + MINUTE);
    assert_int_equal(k->flag_count, 2); /* nobody lists it any more */
    assert_string_equal(k->flags[1].state, "cleared");
    kit_free(k);
}

/* clock = journal, ticks once an hour: of a gateway that comes back its stream tells when.  Heard at 12:00, found
 * offline by the tick of 13:00, and back with the reading of 13:30. */
static void test_back_by_its_stream(void **state)
{
    struct kit *k = county();
    struct buf config = buf_growing();
    (void)state;
    kit_put_config(&config, "[rules]\n", "journal");
    kit_body(k, RECORD_CONFIG, config.data);
    kit_tick(k, noon());
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_reading(k, "noise-1", noon(), "\"values\":{\"laeq\":45}");
    kit_tick(k, noon() + HOUR);
    assert_int_equal(k->flag_count, 1);
    assert_int_equal(k->flags[0].since, noon());
    kit_gap(k, "gw-01", noon(), noon() + 90 * MINUTE, "power");
    kit_reading(k, "noise-1", noon() + 90 * MINUTE, "\"values\":{\"laeq\":45}");
    assert_int_equal(k->flag_count, 2);
    assert_string_equal(k->flags[1].state, "cleared");
    assert_int_equal(k->flags[1].until, noon() + 90 * MINUTE);
    buf_free(&config);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offline_and_back),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_who_is_awaited),
        cmocka_unit_test(test_back_by_its_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
