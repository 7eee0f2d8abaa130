/* What a gateway's journal says at each start about times that were not known. */
#include "common/file.h"
#include "firmware-gateway/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1764000000000)
#define A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[64];
static struct spool *spool;

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first, (void)reset;
    buf_text(b, ",\"kind\":\"hello\",\"devices\":[]");
    return 0;
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-spool-XXXXXX");
    spool = NULL;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    spool_close(spool, true);
    return file_remove_tree(dir);
}

/* A life after a kill.  `known`: the wall clock is, and its 0 of the boot's clock is T0. */
static void start(const char *boot, bool known, int64_t mono)
{
    struct spool_settings set = {
        .state_dir = dir, .gateway = "gw-1", .hello = hello, .boot = boot, .offset_ms = T0, .error_ms = 20};
    struct moment now = known ? (struct moment){.ms = T0 + mono} : (struct moment){.ms = mono, .boot = boot};
    spool_close(spool, false);
    assert_int_equal(spool_open(&spool, &set, now, NULL), 0);
}

static void say(const char *boot, int64_t ms)
{
    char memory[300];
    struct buf b = buf_fixed(memory, sizeof memory);
    struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = 50}};
    struct reading r = {.device = "n", .ts = ms, .boot = boot, .mono = ms, .values = &level, .value_count = 1};
    buf_text(&b, ",\"kind\":\"readings\",\"readings\":[");
    frame_put_reading(&b, &r);
    buf_char(&b, ']');
    assert_int_equal(spool_append(spool, b.data, b.length, boot ? 0 : ms), 0);
    assert_int_equal(spool_sync(spool), 0);
}

/* The end of a record, `back` from the newest. */
static void expect(uint64_t back, const char *end)
{
    struct journal_record rec;
    assert_int_equal(spool_read(spool, spool_last(spool) - back, &rec), 1);
    char *text = xstrndup(rec.bytes, rec.length);
    if (rec.length < strlen(end) || strcmp(text + rec.length - strlen(end), end) != 0)
        fail_msg("%s\ndoes not end in\n%s", text, end);
    free(text);
}

static void a_start_in_the_same_boot_repairs_before_its_gap(void **state)
{
    (void)state;
    start(A, false, 1000);
    expect(0, "\"kind\":\"gap\",\"boot\":\"" A "\",\"since\":0,\"until_mono\":1000,\"reason\":\"stopped\"}");
    say(A, 2000);
    say(A, 3000);
    start(A, false, 5000);
    expect(0, "\"boot\":\"" A "\",\"since_mono\":3000,\"until_mono\":5000,\"reason\":\"killed\"}");
    say(A, 6000);
    start(A, true, 9000);
    /* 1 hello, 2 gap, 3, 4 readings, 5 gap, 6 a reading */
    expect(1, "\"kind\":\"time\",\"boot\":\"" A "\",\"offset\":1764000000000,\"error\":20,\"from\":2,\"to\":6}");
    expect(0, "\"kind\":\"gap\",\"since\":1764000006000,\"until\":1764000009000,\"reason\":\"killed\"}");
    start(A, true, 10000); /* once is enough */
    expect(0, "\"kind\":\"gap\",\"since\":1764000009000,\"until\":1764000010000,\"reason\":\"killed\"}");
    expect(1, "\"reason\":\"killed\"}");
}

static void after_another_boot_the_moment_is_lost_to_the_clock(void **state)
{
    (void)state;
    start(A, true, 1000);
    say(NULL, T0 + 2000);
    start(B, false, 500);
    say(B, 600);
    start(A, false, 700); /* a third boot, as it were: nobody will ever know when B was */
    expect(0, "\"boot\":\"" A "\",\"since\":1764000002000,\"until_mono\":700,\"reason\":\"clock\"}");
    say(A, 800);
    start(B, true, 7000);
    expect(0, "\"kind\":\"gap\",\"since\":1764000002000,\"until\":1764000007000,\"reason\":\"clock\"}");
}

static void the_time_of_a_running_gateway_names_what_is_synced(void **state)
{
    char memory[300];
    struct buf b = buf_fixed(memory, sizeof memory);
    (void)state;
    start(A, false, 1000);
    say(A, 2000);
    spool_time_body(spool, &b, A, T0, 7);
    assert_string_equal(b.data, ",\"kind\":\"time\",\"boot\":\"" A
                                "\",\"offset\":1764000000000,\"error\":7,\"from\":2,\"to\":3");
}

static void a_new_epoch_takes_what_waits_along_and_the_time_too(void **state)
{
    (void)state;
    start(A, false, 1000);
    for (int i = 2; i < 6; i++)
        say(A, i * 1000); /* 3 … 6 */
    start(A, true, 9000); /* 7 time, 8 gap */
    assert_int_equal(spool_anew(spool, 4, (struct moment){.ms = T0 + 10000}), 0);
    /* 1 hello, 2, 3 readings, 4 time, 5 gap */
    assert_int_equal(spool_last(spool), 5);
    expect(3, "\"boot\":\"" A "\",\"mono\":4000,\"values\":{\"laeq\":50}}]}");
    expect(1, "\"kind\":\"time\",\"boot\":\"" A "\",\"offset\":1764000000000,\"error\":20,\"from\":1,\"to\":3}");
    expect(0, "\"anew\":true,\"kind\":\"gap\",\"since\":1764000005000,\"until\":1764000009000,\"reason\":\"killed\"}");
}

static void frames_of_an_unknown_time_are_not_too_old(void **state)
{
    (void)state;
    start(A, false, 1000);
    for (int i = 0; i < 30000; i++) { /* more than a segment of 4 MiB */
        char body[300];
        int n = snprintf(body, sizeof body, ",\"kind\":\"readings\",\"readings\":[],\"filler\":\"%0200d\"", i);
        assert_int_equal(spool_append(spool, body, (size_t)n, 0), 0);
    }
    assert_int_equal(spool_sync(spool), 0);
    spool_limit(spool, 0, 1000);
    spool_trim(spool, T0);
    assert_int_equal(spool_first(spool), 1);
}

/* As when somebody starts a gateway by hand while the service runs: the second one touches nothing. */
static void one_gateway_alone_writes_in_a_folder(void **state)
{
    (void)state;
    start(A, true, 1000);
    say(NULL, T0 + 2000);
    uint64_t last = spool_last(spool);
    struct spool *other = NULL;
    struct fault f = {0};
    struct spool_settings set = {.state_dir = dir, .gateway = "gw-1", .hello = hello, .boot = A};
    assert_int_equal(spool_open(&other, &set, (struct moment){.ms = T0 + 3000}, &f), ERR_AGAIN);
    assert_null(other);
    assert_non_null(strstr(f.text, ": another process has it"));
    say(NULL, T0 + 4000);
    assert_int_equal(spool_last(spool), last + 1);
    start(A, true, 5000); /* the lock goes with its holder */
    assert_int_equal(spool_cut_bytes(spool), 0);
    assert_int_equal(spool_last(spool), last + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_start_in_the_same_boot_repairs_before_its_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(after_another_boot_the_moment_is_lost_to_the_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_of_a_running_gateway_names_what_is_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_epoch_takes_what_waits_along_and_the_time_too, setup, teardown),
        cmocka_unit_test_setup_teardown(one_gateway_alone_writes_in_a_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_of_an_unknown_time_are_not_too_old, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
