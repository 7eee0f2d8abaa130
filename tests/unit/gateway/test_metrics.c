/* Expected texts by hand, from the description of the exposition format (version 0.0.4). */
#include "firmware-gateway/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *print(const char *health)
{
    struct buf b = buf_growing();
    assert_int_equal(metrics_print(&b, health, strlen(health)), 0);
    return b.data;
}

static void numbers_texts_and_flags(void **state)
{
    (void)state;
    char *text = print("{\"version\":\"1.2\",\"uptime\":77,\"clock\":\"synced\",\"journal\":{\"last\":12},\"stream\":"
                       "{\"connected\":true,\"resends\":3},\"not known here\":5}");
    assert_string_equal(text,
                        "# HELP quietair_gateway_info Always 1; the program's version is its label.\n"
                        "# TYPE quietair_gateway_info gauge\n"
                        "quietair_gateway_info{version=\"1.2\"} 1\n"
                        "# HELP quietair_gateway_uptime_seconds Since the program started.\n"
                        "# TYPE quietair_gateway_uptime_seconds gauge\n"
                        "quietair_gateway_uptime_seconds 77\n"
                        "# HELP quietair_gateway_clock Always 1; what is known of the wall clock is its label.\n"
                        "# TYPE quietair_gateway_clock gauge\n"
                        "quietair_gateway_clock{state=\"synced\"} 1\n"
                        "# HELP quietair_gateway_journal_last_seq Newest durable frame.\n"
                        "# TYPE quietair_gateway_journal_last_seq gauge\n"
                        "quietair_gateway_journal_last_seq 12\n"
                        "# HELP quietair_gateway_broker_connected 1 while there is a connection to the broker.\n"
                        "# TYPE quietair_gateway_broker_connected gauge\n"
                        "quietair_gateway_broker_connected 1\n"
                        "# HELP quietair_gateway_resends_total Times that frames were sent again for want of an ack.\n"
                        "# TYPE quietair_gateway_resends_total counter\n"
                        "quietair_gateway_resends_total 3\n");
    free(text);
}

static void one_family_stands_together(void **state)
{
    (void)state;
    char *text =
        print("{\"buses\":{\"k\":{\"devices\":{\"a\":{\"errors\":{\"crc\":1,\"timeout\":2}},\"b\":{\"errors\":{}}}},"
              "\"l\":{\"devices\":{\"c\":{\"errors\":{\"crc\":4}}}},\"m\":{}}}");
    assert_string_equal(text, "# HELP quietair_gateway_errors_total Requests that gave no values, by cause.\n"
                              "# TYPE quietair_gateway_errors_total counter\n"
                              "quietair_gateway_errors_total{bus=\"k\",device=\"a\",error=\"crc\"} 1\n"
                              "quietair_gateway_errors_total{bus=\"k\",device=\"a\",error=\"timeout\"} 2\n"
                              "quietair_gateway_errors_total{bus=\"l\",device=\"c\",error=\"crc\"} 4\n");
    free(text);
}

static void times_are_seconds(void **state)
{
    (void)state;
    char *text = print("{\"buses\":{\"k\":{\"devices\":{\"a\":{\"latency_ms\":{\"p50\":12.5}}}}}}");
    assert_non_null(strstr(text, "quietair_gateway_answer_median_seconds{bus=\"k\",device=\"a\"} 0.0125\n"));
    free(text);
}

/* Whole microseconds as a reader would write them: 0.18 ms is 0.00018 s, though 0.18 / 1000 in doubles is not. */
static void every_microsecond_is_written_as_it_is(void **state)
{
    (void)state;
    const char *name = "quietair_gateway_answer_median_seconds{bus=\"k\",device=\"a\"} ";
    for (int us = 1; us < 20000; us++) {
        char health[128];
        snprintf(health, sizeof health, "{\"buses\":{\"k\":{\"devices\":{\"a\":{\"latency_ms\":{\"p50\":%d.%03d}}}}}}",
                 us / 1000, us % 1000);
        char *text = print(health), *at = strstr(text, name);
        assert_non_null(at);
        assert_true(strtod(at + strlen(name), NULL) == us / 1e6);
        free(text);
    }
}

static void nothing_gives_nothing(void **state)
{
    (void)state;
    struct buf b = buf_growing();
    assert_int_equal(metrics_print(&b, "{}", 2), 0);
    assert_int_equal(b.length, 0);
    assert_int_equal(metrics_print(&b, "{", 1), ERR_SYNTAX);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_texts_and_flags), cmocka_unit_test(one_family_stands_together),
        cmocka_unit_test(times_are_seconds), cmocka_unit_test(every_microsecond_is_written_as_it_is),
        cmocka_unit_test(nothing_gives_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
