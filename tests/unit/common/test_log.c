/* Logging where nobody reads, with a pipe in the place of stderr. */
#include "common/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 2000, THREADS = 4, TOO_LONG_S = 60 /* SIGALRM ends a test that stands still */ };

static int kept_stderr, reading;
static char text[4 << 20];
static size_t length;

static int begin(void **state)
{
    int ends[2];
    (void)state;
    alarm(TOO_LONG_S);
    kept_stderr = dup(STDERR_FILENO);
    if (kept_stderr < 0 || pipe(ends) != 0)
        return -1;
    reading = ends[0];
    fcntl(reading, F_SETFL, O_NONBLOCK);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    length = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(reading);
    alarm(0);
    return 0;
}

static void drain(void)
{
    ssize_t n;
    while ((n = read(reading, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = 0;
}

/* How many whole lines there are that end so. */
static long lines_with(const char *ending)
{
    long found = 0;
    for (const char *at = text, *newline; (newline = strchr(at, '\n')); at = newline + 1)
        if ((size_t)(newline - at) >= strlen(ending) && strncmp(newline - strlen(ending), ending, strlen(ending)) == 0)
            found++;
    return found;
}

/* The sum of what is owned up to. */
static long said_dropped(void)
{
    long sum = 0;
    for (const char *at = text; (at = strstr(at, " log: ")); at++)
        sum += strtol(at + strlen(" log: "), NULL, 10);
    return sum;
}

static void a_full_pipe_stops_nobody_and_what_was_dropped_is_said(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        log_warn("test", "the same line again and again and again and again");
    drain();
    long whole = lines_with("test: the same line again and again and again and again");
    assert_in_range(whole, 100, ROUNDS - 100);
    assert_int_equal(said_dropped(), 0); /* there was no room to say it */
    log_info("test", "read again");
    drain();
    assert_int_equal(said_dropped(), ROUNDS - whole);
    assert_int_equal(lines_with("test: read again"), 1);
    assert_true(strstr(text, "could not be written\n") < strstr(text, "read again"));
    log_info("test", "and again");
    drain();
    assert_int_equal(said_dropped(), ROUNDS - whole); /* once */
}

static void *storm(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        log_error("test", "%s", (const char *)arg);
    return NULL;
}

static void many_threads_lose_no_count_and_no_line_is_torn(void **state)
{
    char words[700];
    pthread_t threads[THREADS];
    (void)state;
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm, words), 0);
    for (int i = 0; i < 50; i++) {
        drain();
        usleep(500);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    drain();
    log_info("test", "the end");
    drain();
    long whole = lines_with(words), newlines = 0;
    for (size_t i = 0; i < length; i++)
        newlines += text[i] == '\n';
    assert_int_equal(whole + said_dropped(), THREADS * ROUNDS);
    assert_int_equal(newlines, whole + lines_with("could not be written") + 1);
}

static void a_reader_who_has_gone_stops_nobody(void **state)
{
    (void)state;
    close(reading);
    for (int i = 0; i < 10; i++)
        log_warn("test", "to nobody"); /* SIGPIPE is ignored, as service_begin has it */
    reading = open("/dev/null", O_RDONLY);
}

static void a_file_that_may_not_grow_is_not_told_either(void **state)
{
    char path[] = "/tmp/quietair-log-XXXXXX";
    struct rlimit old, most = {4096, 4096};
    (void)state;
    int fd = mkstemp(path);
    unlink(path);
    dup2(fd, STDERR_FILENO);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    most.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
    for (int i = 0; i < 200; i++)
        log_warn("test", "a line of a file");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    log_warn("test", "room again");
    length = (size_t)pread(fd, text, sizeof text - 1, 0);
    text[length] = 0;
    close(fd);
    assert_in_range(said_dropped(), 1, 200);
    assert_int_equal(lines_with("test: room again"), 1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_pipe_stops_nobody_and_what_was_dropped_is_said, begin, end),
        cmocka_unit_test_setup_teardown(many_threads_lose_no_count_and_no_line_is_torn, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_who_has_gone_stops_nobody, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_may_not_grow_is_not_told_either, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
