/* What was set aside of a tail that the journal has lost: its number is another record's now. */
#include "common/file.h"
#include "firmware-gateway/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH "00000000000000000000000000000001"

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b, ",\"kind\":\"hello\",\"devices\":[]%s", reset ? ",\"reset\":true" : "");
    return 0;
}

static struct spool *start(const char *dir)
{
    struct spool_settings set = {.state_dir = dir, .gateway = "gw-1", .hello = hello, .first_epoch = EPOCH};
    struct spool *spool;
    assert_int_equal(spool_open(&spool, &set, (struct moment){.ms = 1000}, NULL), 0);
    return spool;
}

/* As left by a life whose journal went on to record 9. */
static void set_aside(const char *dir, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/journal/" EPOCH "/quarantine", dir);
    assert_int_equal(file_make_dirs(path, 0700, NULL), 0);
    snprintf(path + strlen(path), 40, "/%s", name);
    assert_int_equal(file_replace(path, "{}", 2, 0600, NULL), 0);
}

static void a_number_that_comes_again_is_not_set_aside(void **state)
{
    static const char body[] = ",\"kind\":\"readings\",\"readings\":[]";
    char dir[] = "/tmp/quietair-aside-XXXXXX";
    struct buf out = buf_growing();
    struct sender s;
    (void)state;
    assert_non_null(mkdtemp(dir));
    spool_close(start(dir), true);
    for (const char *const *name = (const char *const[]){"7.json", "8.json", "9.json", "10.json", NULL}; *name; name++)
        set_aside(dir, *name);
    struct spool *spool = start(dir);
    while (spool_last(spool) < 9) {
        assert_int_equal(spool_append(spool, body, sizeof body - 1, 1000), 0);
        assert_int_equal(spool_sync(spool), 0);
    }
    sender_init(&s, spool, "gw-1", "main", 100);
    for (uint64_t n = 1; n <= 9; n++) {
        assert_int_equal(sender_next(&s, 1000, &out), 1);
        assert_int_equal(s.sent, n);
        assert_null(strstr(out.data, "\"kind\":\"lost\""));
    }
    assert_int_equal(s.lost_said, 0);
    buf_free(&out);
    spool_close(spool, true);
    file_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_comes_again_is_not_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
