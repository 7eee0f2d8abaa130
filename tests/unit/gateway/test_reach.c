/* Reaching a peer that is there, is not, or is silent: a listener whose queue is full drops what calls it. */
#include "common/clock.h"
#include "firmware-gateway/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 400, SLACK_MS = 2000 /* a busy machine */, CALLERS = 4 };

static char port[8], why[128];
static int listener, callers[CALLERS];

static int begin(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    (void)state;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 0) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &length) != 0)
        return -1;
    snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    strcpy(why, "nothing");
    for (int i = 0; i < CALLERS; i++)
        callers[i] = -1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < CALLERS; i++)
        if (callers[i] >= 0)
            close(callers[i]);
    close(listener);
    return 0;
}

/* From here on whoever calls hears nothing. */
static void fall_silent(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)atoi(port))};
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(callers[i], (struct sockaddr *)&at, sizeof at);
    }
    usleep(50000); /* the queue holds one or two of them, at once on loopback */
}

static int open_to(const char *host, int64_t timeout_ms, int stop)
{
    struct reach *r = reach_new(host, port);
    int fd = reach_open(r, timeout_ms, stop, why, sizeof why);
    reach_free(r);
    return fd;
}

static void is_connected(int fd)
{
    int one = 0;
    socklen_t size = sizeof one;
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &size), 0);
    assert_true(one);
    int other = accept(listener, NULL, NULL);
    assert_int_equal(write(other, "x", 1), 1);
    char got = 0;
    for (int i = 0; i < 2000 && read(fd, &got, 1) != 1; i++)
        usleep(1000);
    assert_int_equal(got, 'x');
    close(other);
    close(fd);
}

static void an_address_and_a_name(void **state)
{
    (void)state;
    is_connected(open_to("127.0.0.1", 5000, -1));
    is_connected(open_to("localhost", 5000, -1)); /* where it is ::1 first, the next address is tried */
}

static void nobody_listens(void **state)
{
    (void)state;
    close(listener);
    listener = -1;
    assert_int_equal(open_to("127.0.0.1", 5000, -1), -1);
    assert_string_equal(why, strerror(ECONNREFUSED));
    assert_int_equal(open_to("no such name", 5000, -1), -1);
    assert_string_not_equal(why, strerror(ECONNREFUSED));
}

static void silence_costs_the_timeout_and_no_more(void **state)
{
    (void)state;
    fall_silent();
    int64_t begun = clock_mono_ms();
    assert_int_equal(open_to("127.0.0.1", TIMEOUT_MS, -1), -1);
    assert_string_equal(why, strerror(ETIMEDOUT));
    assert_in_range(clock_mono_ms() - begun, TIMEOUT_MS, TIMEOUT_MS + SLACK_MS);
}

static void *ring(void *arg)
{
    usleep(100000);
    return write(*(int *)arg, "x", 1) == 1 ? arg : NULL;
}

static void a_stop_ends_the_wait(void **state)
{
    enum { LONG_MS = 60000 };
    int bell[2];
    pthread_t thread;
    (void)state;
    fall_silent();
    assert_int_equal(pipe(bell), 0);
    assert_int_equal(pthread_create(&thread, NULL, ring, &bell[1]), 0);
    int64_t begun = clock_mono_ms();
    assert_int_equal(open_to("127.0.0.1", LONG_MS, bell[0]), -1);
    assert_in_range(clock_mono_ms() - begun, 50, LONG_MS / 2);
    pthread_join(thread, NULL);
    close(bell[0]);
    close(bell[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_and_a_name, begin, end),
        cmocka_unit_test_setup_teardown(nobody_listens, begin, end),
        cmocka_unit_test_setup_teardown(silence_costs_the_timeout_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_ends_the_wait, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
