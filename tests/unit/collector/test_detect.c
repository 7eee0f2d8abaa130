/* What meters show of cleanings, with the fold restored before every record. */
#include "tests/unit/collector/restore_kit.h"

#define SITES                                                                                                          \
    "id,name,kind,district,grid,purifier_installed,cleaning_days,last_cleaned,gateways,valid_from\n"                   \
    "house,n,restaurant,yudu,g,yes,60,2026-02-01,gw-01,\n"

static struct kit *kitchen(const char *metrics)
{
    struct kit *k = restored_kit("[rules]\n", SITES);
    kit_hello(k, "gw-01", "house", "hood-1", 5 * MINUTE, metrics, "");
    return k;
}

/* At work from `hour` for so many minutes, with one more metric (NULL: none), then off; a reading each five minutes. */
static void work(struct kit *k, int day, int hour, int minutes, const char *metric, double value)
{
    for (int n = 0; n <= minutes; n += 5) {
        char content[120];
        int on = n < minutes;
        int length = snprintf(content, sizeof content, "\"values\":{\"fan\":%d,\"purifier\":%d", on, on);
        if (metric)
            length +=
                snprintf(content + length, sizeof content - (size_t)length, ",\"%s\":%g", metric, on ? value : 0.0);
        snprintf(content + length, sizeof content - (size_t)length, "}");
        kit_reading(k, "hood-1", kit_time(day, hour, n, 0), content);
    }
}

static void expect_detection(const struct kit *k, size_t i, const char *evidence, int64_t from, int64_t to,
                             const char *numbers)
{
    char words[200];
    assert_true(i < k->entry_count);
    const struct kit_entry *e = &k->entries[i];
    assert_string_equal(e->kind, "detection");
    assert_string_equal(e->state, evidence);
    assert_int_equal(e->at, from);
    snprintf(words, sizeof words,
             "{\"site\":\"house\",\"device\":\"hood-1\",\"evidence\":\"%s\",\"from\":%lld,\"to\":%lld,%s}", evidence,
             (long long)from, (long long)to, numbers);
    assert_string_equal(e->body, words);
}

/* 200 Pa for two days, a fall to 140 Pa over the night: 30 %.  To 141 Pa: less than that. */
static void test_pressure(void **state)
{
    (void)state;
    for (int fall = 0; fall < 2; fall++) {
        struct kit *k = kitchen("fan purifier dp");
        work(k, 2, 10, 180, "dp", 200);
        work(k, 3, 10, 180, "dp", 200);
        work(k, 4, 10, 30, "dp", fall ? 140 : 141);
        assert_int_equal(k->entry_count, fall);
        if (fall)
            expect_detection(k, 0, "pressure", kit_time(3, 13, 0, 0), kit_time(4, 10, 0, 0),
                             "\"before\":200,\"after\":140,\"unit\":\"Pa\"");
        work(k, 5, 10, 180, "dp", fall ? 140 : 141); /* told once */
        assert_int_equal(k->entry_count, fall);
        restored_kit_free(k);
    }
}

/* Under half an hour at work nothing can be said: that spell belongs to the rest. */
static void test_short_spell(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    work(k, 2, 10, 180, "dp", 200);
    work(k, 3, 10, 20, "dp", 100);
    assert_int_equal(k->entry_count, 0);
    work(k, 3, 17, 60, "dp", 100);
    expect_detection(k, 0, "pressure", kit_time(2, 13, 0, 0), kit_time(3, 17, 0, 0),
                     "\"before\":200,\"after\":100,\"unit\":\"Pa\"");
    restored_kit_free(k);
}

/* A fall without a rest (another fan speed) is no cleaning, nor is one after less than an hour of knowledge. */
static void test_no_rest_no_past(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    for (int n = 0; n < 300; n += 5)
        kit_reading(k, "hood-1", kit_time(2, 10, n, 0),
                    n < 150 ? "\"values\":{\"fan\":1,\"purifier\":1,\"dp\":200}"
                            : "\"values\":{\"fan\":1,\"purifier\":1,\"dp\":90}");
    assert_int_equal(k->entry_count, 0);
    restored_kit_free(k);
    k = kitchen("fan purifier dp");
    work(k, 2, 10, 50, "dp", 200);
    work(k, 3, 10, 60, "dp", 100);
    assert_int_equal(k->entry_count, 0);
    restored_kit_free(k);
}

/* A hole in the stream is a rest too: what was before and after it is compared. */
static void test_gap(void **state)
{
    struct kit *k = kitchen("fan purifier dp");
    (void)state;
    work(k, 2, 10, 120, "dp", 200);
    kit_gap(k, "gw-01", kit_time(2, 12, 0, 0), kit_time(3, 9, 0, 0), "power");
    work(k, 3, 10, 60, "dp", 100);
    expect_detection(k, 0, "pressure", kit_time(2, 12, 0, 0), kit_time(3, 10, 0, 0),
                     "\"before\":200,\"after\":100,\"unit\":\"Pa\"");
    restored_kit_free(k);
}

/* The current falls (a leaking cell was cleaned) or rises (a dirty one was). */
static void test_current(void **state)
{
    static const struct {
        double after;
        const char *numbers;
    } rows[] = {{0.5, "\"before\":1,\"after\":0.5,\"unit\":\"A\""},
                {1.5, "\"before\":1,\"after\":1.5,\"unit\":\"A\""},
                {1.25, NULL},
                {0.75, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = kitchen("fan purifier purifier_current");
        work(k, 2, 10, 180, "purifier_current", 1);
        work(k, 3, 10, 60, "purifier_current", rows[i].after);
        assert_int_equal(k->entry_count, rows[i].numbers != NULL);
        if (rows[i].numbers)
            expect_detection(k, 0, "current", kit_time(2, 13, 0, 0), kit_time(3, 10, 0, 0), rows[i].numbers);
        restored_kit_free(k);
    }
}

static void put(struct kit *k, int hour, int minute, const char *values)
{
    char content[100];
    snprintf(content, sizeof content, "\"values\":{%s}", values);
    kit_reading(k, "hood-1", kit_time(2, hour, minute, 0), content);
}

/* From 0 to 1, at most once an hour; 1 from the beginning says nothing. */
static void test_button(void **state)
{
    static const char none[] = "\"before\":null,\"after\":null,\"unit\":null";
    struct kit *k = kitchen("clean");
    (void)state;
    put(k, 9, 0, "\"clean\":1");
    put(k, 9, 5, "\"clean\":0");
    put(k, 9, 10, "\"clean\":1");
    put(k, 9, 15, "\"clean\":0");
    put(k, 9, 20, "\"clean\":1");
    put(k, 9, 25, "\"clean\":0");
    put(k, 11, 0, "\"clean\":1"); /* after a hole: it was 0 when it was known last */
    put(k, 11, 5, "\"clean\":1");
    assert_int_equal(k->entry_count, 2);
    expect_detection(k, 0, "button", kit_time(2, 9, 10, 0), kit_time(2, 9, 10, 0), none);
    expect_detection(k, 1, "button", kit_time(2, 11, 0, 0), kit_time(2, 11, 0, 0), none);
    restored_kit_free(k);
}

/* Only while the fan is known to be off. */
static void test_door(void **state)
{
    struct kit *k = kitchen("fan door");
    (void)state;
    put(k, 9, 0, "\"fan\":1,\"door\":0");
    put(k, 9, 5, "\"fan\":1,\"door\":1");
    put(k, 9, 10, "\"door\":0");
    put(k, 9, 25, "\"door\":1"); /* the fan is not known any more */
    put(k, 9, 30, "\"fan\":0,\"door\":0");
    assert_int_equal(k->entry_count, 0);
    put(k, 9, 35, "\"fan\":0,\"door\":1");
    put(k, 9, 40, "\"fan\":0,\"door\":1");
    assert_int_equal(k->entry_count, 1);
    expect_detection(k, 0, "door", kit_time(2, 9, 35, 0), kit_time(2, 9, 35, 0),
                     "\"before\":null,\"after\":null,\"unit\":null");
    restored_kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pressure), cmocka_unit_test(test_short_spell), cmocka_unit_test(test_no_rest_no_past),
        cmocka_unit_test(test_gap),      cmocka_unit_test(test_current),     cmocka_unit_test(test_button),
        cmocka_unit_test(test_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
