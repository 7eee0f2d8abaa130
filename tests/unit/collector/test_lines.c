/* Line protocol: what of a frame becomes a line, and how it is spelt.  Expected texts are written by hand after the
 * "Line protocol reference" of the InfluxDB 1.x documentation. */
#include "collector/output/lines.h"
#include "common/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct buf lines_of(const char *readings, const char *marks, enum record_kind kind, size_t *count)
{
    struct permit permits[] = {
        {.device = "meter", .site = "r01", .district = "north", .measurement = "noise"},
        {.device = "hood", .site = "r01", .district = "north", .measurement = "kitchen"},
    };
    struct judged j = {.topic = "quietair/v1/north/g1/up",
                       .district = "north",
                       .gateway = "g1",
                       .permit_count = 2,
                       .permits = permits,
                       .marks = (char *)(uintptr_t)marks};
    struct buf head = buf_growing(), body = buf_growing(), record = buf_growing(), out = buf_growing();
    struct hash before = {{0}};
    struct record r;
    frame_begin(&body, "g1", "00112233445566778899aabbccddeeff", 1, &before);
    buf_print(&body, ",\"kind\":\"readings\",\"readings\":%s", readings);
    frame_end(&body);
    judged_write(&head, &j);
    record_write(&record, kind, 1700000000500, head.data, head.length, body.data, body.length);
    assert_int_equal(record_read(&r, record.data, record.length), 0);
    *count = lines_put(&out, &r);
    buf_free(&head), buf_free(&body), buf_free(&record);
    return out;
}

static void expect(const char *readings, const char *marks, size_t count, const char *text)
{
    size_t n;
    struct buf out = lines_of(readings, marks, RECORD_FRAME, &n);
    assert_string_equal(out.length ? out.data : "", text);
    assert_int_equal(n, count);
    buf_free(&out);
}

#define METER(values) "{\"device\":\"meter\",\"ts\":1700000000123,\"values\":{" values "}}"
#define HOOD(values)  "{\"device\":\"hood\",\"ts\":1700000000200,\"values\":{" values "}}"
#define NOISE         "noise,device=meter,district=north,site=r01 "
#define KITCHEN       "kitchen,device=hood,district=north,site=r01 "

static void test_numbers_are_floats(void **state)
{
    (void)state;
    expect("[" METER("\"laeq\":67.3,\"lafmax\":71") "]", ".", 1, NOISE "laeq=67.3,lafmax=71,q=0i 1700000000123\n");
}

static void test_states_are_integers(void **state)
{
    (void)state;
    expect("[" HOOD("\"fan\":1,\"purifier\":0,\"door\":1,\"clean\":0,\"current\":1") "]", ".", 1,
           KITCHEN "fan=1i,purifier=0i,door=1i,clean=0i,current=1,q=0i 1700000000200\n");
    expect("[" HOOD("\"fan\":-0.0") "]", ".", 1, KITCHEN "fan=0i,q=0i 1700000000200\n");
    expect("[" HOOD("\"fan\":1e300") "]", ".", 1, KITCHEN "fan=1e+300,q=0i 1700000000200\n"); /* beyond an integer */
}

static void test_names_that_are_taken(void **state)
{
    (void)state;
    expect("[" METER("\"q\":7,\"laeq\":67.3,\"time\":5,\"qq\":1,\"times\":2") "]", ".", 1,
           NOISE "laeq=67.3,qq=1,times=2,q=0i 1700000000123\n");
    expect("[" METER("\"q\":7,\"time\":5") "]", ".", 0, "");
}

static void test_marks(void **state)
{
    (void)state;
    expect("[" METER("\"laeq\":1") "," METER("\"laeq\":2") "," METER("\"laeq\":3") "," HOOD("\"fan\":1") "]", "rx.c", 2,
           NOISE "laeq=3,q=0i 1700000000123\n" KITCHEN "fan=1i,q=8i 1700000000200\n");
}

static void test_quality_and_clock_are_joined(void **state)
{
    (void)state;
    expect(
        "[{\"device\":\"meter\",\"ts\":1700000000123,\"quality\":\"suspect\",\"why\":[\"range\",\"jump\"],\"values\":{\"laeq\":140}}]",
        "c", 1, NOISE "laeq=140,q=13i 1700000000123\n");
}

static void test_no_number_no_line(void **state)
{
    (void)state;
    expect("[" METER("\"serial\":\"A1\"") "," METER("\"count\":9007199254740993") "]", "..", 0, "");
    expect("[" METER("\"serial\":\"A1\",\"laeq\":50") "]", ".", 1, NOISE "laeq=50,q=0i 1700000000123\n");
    expect("[{\"device\":\"meter\",\"ts\":1700000000123,\"error\":\"timeout\"}]", ".", 0, "");
    expect("[]", "", 0, "");
}

static void test_device_without_permit(void **state)
{
    (void)state;
    expect("[{\"device\":\"stranger\",\"ts\":1700000000123,\"values\":{\"laeq\":1}}]", ".", 0, "");
}

static void test_other_records(void **state)
{
    size_t n;
    (void)state;
    struct buf out = lines_of("[" METER("\"laeq\":1") "]", ".", RECORD_TICK, &n);
    assert_int_equal(n, 0);
    assert_int_equal(out.length, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_floats),           cmocka_unit_test(test_states_are_integers),
        cmocka_unit_test(test_names_that_are_taken),         cmocka_unit_test(test_marks),
        cmocka_unit_test(test_quality_and_clock_are_joined), cmocka_unit_test(test_no_number_no_line),
        cmocka_unit_test(test_device_without_permit),        cmocka_unit_test(test_other_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
