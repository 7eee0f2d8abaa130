/* Whole files: replaced whole or not at all; what is no regular file, too long or missing is said. */
#include "common/file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[32], path[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-file-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir);
}

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static unsigned mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(at(name), &st), 0);
    return st.st_mode & 07777;
}

static void expect_text(const char *name, const char *expected)
{
    size_t length;
    struct fault f;
    char *text = file_read(at(name), 1000, &length, &f);
    assert_non_null(text);
    assert_int_equal(length, strlen(expected));
    assert_string_equal(text, expected);
    free(text);
}

static void expect_unread(const char *name, size_t limit, int code, const char *said)
{
    size_t length;
    struct fault f = {0};
    assert_null(file_read(at(name), limit, &length, &f));
    assert_int_equal(f.code, code);
    if (!strstr(f.text, said))
        fail_msg("said: %s\nwanted: %s", f.text, said);
}

static void folders_are_made_on_the_way(void **state)
{
    (void)state;
    struct fault f = {0};
    mode_t old = umask(0);
    assert_int_equal(file_make_dirs(at("a/b//c"), 0700, &f), 0);
    umask(old);
    assert_int_equal(mode_of("a"), 0755);
    assert_int_equal(mode_of("a/b"), 0755);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(file_make_dirs(at("a/b/c"), 0755, &f), 0); /* it is there */
    assert_int_equal(mode_of("a/b/c"), 0700);                   /* and stays as it is */

    assert_int_equal(file_replace(at("file"), "x", 1, 0600, &f), 0);
    assert_int_equal(file_make_dirs(at("file"), 0755, &f), ERR_IO);
    assert_non_null(strstr(f.text, "/file: is not a folder"));
    assert_int_equal(file_make_dirs(at("file/deeper"), 0755, &f), ERR_IO);
    assert_non_null(strstr(f.text, "/file/deeper: cannot make the folder: Not a directory"));
    char *long_path = calloc(1, 5000);
    memset(long_path, '/', 4999);
    assert_int_equal(file_make_dirs(long_path, 0755, &f), ERR_RANGE);
    free(long_path);
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct fault f = {0};
    mode_t old = umask(077);
    assert_int_equal(file_replace(at("key"), "first", 5, 0644, &f), 0);
    umask(old);
    assert_int_equal(mode_of("key"), 0644); /* whatever the umask */
    assert_int_equal(file_replace(at("key"), "2nd", 3, 0600, &f), 0);
    expect_text("key", "2nd");
    assert_int_equal(mode_of("key"), 0600);
    assert_int_not_equal(access(at("key.new"), F_OK), 0);
    assert_int_equal(file_replace(at("key"), "", 0, 0600, &f), 0);
    expect_text("key", "");
}

static void what_cannot_be_replaced_stays(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_int_equal(file_replace(at("none/key"), "x", 1, 0600, &f), ERR_IO);
    assert_non_null(strstr(f.text, "/none/key.new: cannot create: No such file or directory"));
    assert_int_equal(file_make_dirs(at("folder/full"), 0755, &f), 0);
    assert_int_equal(file_replace(at("folder"), "x", 1, 0600, &f), ERR_IO); /* rename(2) over a folder */
    assert_non_null(strstr(f.text, "/folder: cannot replace: Is a directory"));
    assert_int_not_equal(access(at("folder.new"), F_OK), 0); /* nothing is left behind */
    char *long_path = calloc(1, 4096);
    memset(long_path, 'x', 4093); /* room for the name, not for .new */
    assert_int_equal(file_replace(long_path, "x", 1, 0600, &f), ERR_RANGE);
    free(long_path);
}

/* A disk that is full: here a process that may write 4 bytes to a file, in a child of its own. */
static void a_full_disk_leaves_the_old(void **state)
{
    (void)state;
    struct fault f = {0};
    int status;
    assert_int_equal(file_replace(at("key"), "old", 3, 0600, &f), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit four = {4, 4};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &four);
        int code = file_replace(at("key"), "0123456789", 10, 0600, &f);
        _exit(code == ERR_IO && strstr(f.text, "/key: cannot replace: File too large") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_text("key", "old");
    assert_int_not_equal(access(at("key.new"), F_OK), 0);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(file_replace(at("ten"), "0123456789", 10, 0600, &f), 0);
    expect_text("ten", "0123456789");
    expect_unread("ten", 9, ERR_RANGE, "/ten: 10 bytes, at most 9 are allowed");
    expect_unread("none", 9, ERR_MISSING, "/none: cannot open: No such file or directory");
    expect_unread("ten/none", 9, ERR_IO, "/ten/none: cannot open: Not a directory");
    expect_unread(".", 9, ERR_IO, "is a folder, not a regular file");
    assert_int_equal(mkfifo(at("pipe"), 0600), 0); /* and it does not wait for a writer */
    expect_unread("pipe", 9, ERR_IO, "is something else, not a regular file");
}

static void a_tree_goes_and_links_are_not_followed(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(file_make_dirs(at("tree/deep/er"), 0755, &f), 0);
    assert_int_equal(file_replace(at("tree/deep/file"), "x", 1, 0600, &f), 0);
    assert_int_equal(file_replace(at("kept"), "kept", 4, 0600, &f), 0);
    assert_int_equal(symlink("../kept", at("tree/link")), 0);
    assert_int_equal(symlink("..", at("tree/up")), 0);
    assert_int_equal(file_remove_tree(at("tree")), 0);
    assert_int_not_equal(access(at("tree"), F_OK), 0);
    expect_text("kept", "kept");
    assert_int_equal(file_remove_tree(at("tree")), 0); /* missing is fine */
    assert_int_equal(file_remove_tree(at("kept/none")), ERR_IO);
    assert_int_equal(file_sync_dir(at("none")), ERR_IO);
}

static void a_folder_is_for_one_at_a_time(void **state)
{
    (void)state;
    struct fault f = {0};
    int first, second = 7;
    assert_int_equal(file_take_dir(at("state/inner"), 0750, &first, &f), 0);
    assert_int_equal(mode_of("state/inner") & 07777, 0750);
    assert_int_equal(file_take_dir(at("state/inner"), 0750, &second, &f), ERR_AGAIN);
    assert_non_null(strstr(f.text, "state/inner: another process has it"));
    assert_int_equal(second, -1);
    assert_int_equal(file_take_dir(at("state"), 0750, &second, &f), 0); /* not what is in it */
    close(second);
    close(first);
    assert_int_equal(file_take_dir(at("state/inner"), 0700, &second, &f), 0);
    assert_int_equal(mode_of("state/inner") & 07777, 0750); /* it was there already */
    close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders_are_made_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_replaced_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_replaced_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(only_regular_files_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_goes_and_links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_for_one_at_a_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
