/* The journal verified: every byte that belongs to a record counts, and the first fault is named. */
#include "common/file.h"
#include "common/journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORDS = 40, LENGTH = 3000, SEGMENT = 64 * 1024, SEGMENTS = 2 };

static char dir[64];

/* 40 records of 3 KB in two segments. */
static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-verify-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    struct journal *j;
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = SEGMENT};
    struct fault f;
    char body[LENGTH];
    if (journal_open(&j, &set, &f) != 0)
        return -1;
    for (int i = 0; i < RECORDS; i++) {
        memset(body, 'a' + i % 26, sizeof body);
        if (journal_append(j, body, sizeof body, 1000 + i, NULL) != 0 || journal_sync(j) != 0)
            return -1;
    }
    journal_close(j);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir);
}

static int verify(struct fault *f)
{
    struct journal *j;
    *f = (struct fault){0};
    int code = journal_open_read(&j, dir, f);
    if (!code) {
        code = journal_verify(j, NULL, NULL, f);
        journal_close(j);
    }
    return code;
}

static void path_of(uint64_t first, char out[static 128])
{
    snprintf(out, 128, "%s/%020llu.seg", dir, (unsigned long long)first);
}

static uint64_t second_segment(void)
{
    struct stat st;
    char path[128];
    uint64_t n = 2;
    for (path_of(n, path); stat(path, &st) != 0; path_of(n, path))
        n++;
    return n;
}

static void flip(const char *path, off_t at)
{
    unsigned char c;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void a_whole_one_is_good(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(verify(&f), 0);
}

static void any_byte_changed_before_the_last_record_is_seen(void **state)
{
    (void)state;
    char path[128];
    struct fault f;
    struct stat st;
    path_of(1, path);
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size; at += at < 200 ? 1 : 997) {
        flip(path, at);
        assert_int_equal(verify(&f), ERR_CORRUPT);
        assert_non_null(strstr(f.text, ".seg"));
        flip(path, at);
    }
    uint64_t second = second_segment();
    path_of(second, path);
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size - 64 - LENGTH; at += at < 200 ? 1 : 997) {
        flip(path, at);
        assert_int_equal(verify(&f), ERR_CORRUPT);
        flip(path, at);
    }
    assert_int_equal(verify(&f), 0);
}

static void the_first_bad_record_is_named(void **state)
{
    (void)state;
    char path[128];
    struct fault f;
    path_of(1, path);
    flip(path, 64 + 4 * (64 + LENGTH) + 64 + 7); /* in the body of record 5 */
    assert_int_equal(verify(&f), ERR_CORRUPT);
    assert_memory_equal(f.text, "record 5:", 9);
}

static void a_segment_gone_from_the_middle_or_the_beginning(void **state)
{
    (void)state;
    char path[128];
    struct fault f;
    struct journal *j;
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = SEGMENT};
    char body[LENGTH] = {0};
    assert_int_equal(journal_open(&j, &set, &f), 0);
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(journal_append(j, body, sizeof body, 2000 + i, NULL), 0);
        assert_int_equal(journal_sync(j), 0);
    }
    uint64_t second = second_segment(), last = 0;
    int64_t until = 0;
    assert_true(journal_oldest(j, &last, &until));
    assert_int_equal(last, second - 1);
    assert_int_equal(until, 1000 + (int64_t)second - 1); /* when the next one was begun: with that record */
    assert_int_equal(journal_drop_oldest(j), second - 1);
    journal_close(j);
    assert_int_equal(verify(&f), 0);         /* it begins later: what is there continues */
    flip((path_of(second, path), path), 30); /* the hash in the header of what is first now */
    assert_int_equal(verify(&f), ERR_CORRUPT);
    flip(path, 30);
    uint64_t third = second + 1;
    struct stat st;
    for (path_of(third, path); stat(path, &st) != 0; path_of(third, path))
        third++;
    unlink(path);
    assert_int_equal(verify(&f), ERR_CORRUPT);
    char words[64];
    snprintf(words, sizeof words, "record %llu: ", (unsigned long long)third);
    assert_memory_equal(f.text, words, strlen(words));
}

static void the_only_segment_is_never_the_oldest(void **state)
{
    (void)state;
    struct journal *j;
    struct fault f;
    uint64_t last;
    int64_t until;
    char path[128];
    path_of(1, path);
    unlink(path);
    assert_int_equal(journal_open_read(&j, dir, &f), 0);
    assert_false(journal_oldest(j, &last, &until));
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_one_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(any_byte_changed_before_the_last_record_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_bad_record_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_segment_gone_from_the_middle_or_the_beginning, setup, teardown),
        cmocka_unit_test_setup_teardown(the_only_segment_is_never_the_oldest, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
