/* The control socket: lines in, lines out, whatever clients do. */
#include "collector/control.h"
#include "common/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[32], path[64];
static struct control *control;

static struct {
    uint64_t tickets[64];
    char texts[64][256];
    size_t count;
} asked;

/* Answers those that ask for it at once; the others wait. */
static void on_request(void *ctx, uint64_t ticket, const struct json *request, const char *text, size_t length)
{
    bool now = false;
    assert_ptr_equal(ctx, &asked);
    snprintf(asked.texts[asked.count], sizeof asked.texts[0], "%.*s", (int)length, text);
    asked.tickets[asked.count++] = ticket;
    json_bool(json_member(request, "now"), &now);
    if (now)
        control_answer(control, ticket, "{\"ok\":true}", 11);
}

static int setup(void **state)
{
    (void)state;
    memset(&asked, 0, sizeof asked);
    strcpy(dir, "/tmp/quietair-control-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/control.sock", dir);
    return control_open(&control, path, on_request, &asked, NULL);
}

static int teardown(void **state)
{
    (void)state;
    control_close(control);
    return rmdir(dir); /* nothing is left in it */
}

static int connected(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval twenty = {20, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &twenty, sizeof twenty);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* As the collector's loop does it, until nobody has anything to say any more. */
static void serve(void)
{
    struct pollfd fds[CONTROL_CLIENTS + 1];
    for (;;) {
        size_t n = control_poll(control, fds, CONTROL_CLIENTS + 1);
        if (poll(fds, n, 0) <= 0)
            return;
        control_step(control);
    }
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    serve();
}

static void expect(int fd, const char *answer)
{
    char text[1024];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = 0;
    assert_string_equal(text, answer);
}

static bool has_gone(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void requests_are_lines(void **state)
{
    (void)state;
    int fd = connected();
    say(fd, "{\"now\":");
    assert_int_equal(asked.count, 0); /* the line has not ended */
    say(fd, "true,\"n\":1}\n{\"n\":2}\n{\"n\"");
    assert_int_equal(asked.count, 2);
    assert_string_equal(asked.texts[0], "{\"now\":true,\"n\":1}");
    assert_string_equal(asked.texts[1], "{\"n\":2}");
    expect(fd, "{\"ok\":true}\n");
    say(fd, ":3}\n");
    assert_string_equal(asked.texts[2], "{\"n\":3}");
    control_answer(control, asked.tickets[2], "{\"n\":3}", 7); /* later */
    serve();
    expect(fd, "{\"n\":3}\n");
    close(fd);
    serve();
}

static void what_is_no_request_is_answered(void **state)
{
    (void)state;
    int fd = connected();
    say(fd, "\n");
    char text[1024];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    text[n] = 0;
    assert_int_equal(strncmp(text, "{\"ok\":false,\"error\":\"", 21), 0);
    assert_string_equal(text + n - 3, "\"}\n");
    say(fd, "[1]\n");
    expect(fd, "{\"ok\":false,\"error\":\"a request is a JSON object\"}\n");
    say(fd, "7\n");
    assert_true(recv(fd, text, sizeof text, MSG_DONTWAIT) > 0);
    assert_int_equal(asked.count, 0);
    say(fd, "{\"now\":true}\n"); /* and it is heard as before */
    expect(fd, "{\"ok\":true}\n");
    close(fd);
    serve();
}

static void each_hears_its_own_answer(void **state)
{
    (void)state;
    int first = connected(), second = connected();
    say(first, "{\"n\":1}\n");
    say(second, "{\"n\":2}\n");
    assert_int_equal(asked.count, 2);
    close(first); /* does not wait for it */
    serve();
    int third = connected(); /* gets the place of the first, not its answers */
    serve();
    control_answer(control, asked.tickets[0], "{\"n\":1}", 7);
    control_answer(control, asked.tickets[1], "{\"n\":2}", 7);
    serve();
    expect(second, "{\"n\":2}\n");
    expect(third, "");
    close(second);
    close(third);
    serve();
}

static void there_is_room_for_sixteen(void **state)
{
    int fds[CONTROL_CLIENTS + 1];
    (void)state;
    for (size_t i = 0; i <= CONTROL_CLIENTS; i++) {
        fds[i] = connected();
        serve();
    }
    assert_true(has_gone(fds[CONTROL_CLIENTS])); /* not left waiting */
    say(fds[CONTROL_CLIENTS - 1], "{\"now\":true}\n");
    expect(fds[CONTROL_CLIENTS - 1], "{\"ok\":true}\n");
    close(fds[3]);
    serve();
    int again = connected();
    say(again, "{\"now\":true}\n");
    expect(again, "{\"ok\":true}\n");
    for (size_t i = 0; i <= CONTROL_CLIENTS; i++)
        if (i != 3)
            close(fds[i]);
    close(again);
    serve();
}

/* The head of control.h: CONTROL_LINE_MAX. */
static void a_line_without_end_is_cut_off(void **state)
{
    static char block[65536];
    size_t sent = 0;
    (void)state;
    int fd = connected(), other = connected();
    int64_t deadline = clock_mono_ms() + 60000;
    memset(block, 'x', sizeof block);
    while (sent < 3u * CONTROL_LINE_MAX && clock_mono_ms() < deadline) {
        ssize_t n = send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            break;
        sent += n > 0 ? (size_t)n : 0;
        serve();
    }
    assert_true(has_gone(fd));
    assert_true(sent > CONTROL_LINE_MAX);
    assert_true(sent < 3u * CONTROL_LINE_MAX);
    say(other, "{\"now\":true}\n");
    expect(other, "{\"ok\":true}\n");
    close(fd);
    close(other);
    serve();
}

/* The longest line, and one byte more. */
static void a_line_has_a_most(void **state)
{
    enum { LONGEST = CONTROL_LINE_MAX };
    char *line = malloc(LONGEST + 2);
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        size_t length = LONGEST + more, sent = 0;
        uint64_t refused = control_refused(control);
        int fd = connected();
        memset(line, ' ', length);
        memcpy(line, "{\"now\":true}", 12);
        line[length] = '\n';
        for (int64_t deadline = clock_mono_ms() + 60000; sent <= length && clock_mono_ms() < deadline; serve()) {
            ssize_t n = send(fd, line + sent, length + 1 - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN)
                break;
            sent += n > 0 ? (size_t)n : 0;
        }
        assert_int_equal(control_refused(control) - refused, more);
        assert_int_equal(asked.count, 1);
        if (more)
            assert_true(has_gone(fd));
        else
            expect(fd, "{\"ok\":true}\n");
        close(fd);
        serve();
    }
    free(line);
}

/* As `nc -N` and socat do it: the end of what is asked comes before the answer. */
static void who_asks_no_more_still_gets_its_answers(void **state)
{
    (void)state;
    int fd = connected();
    say(fd, "{\"n\":1}\n{\"n\":2}\n");
    shutdown(fd, SHUT_WR);
    serve();
    control_answer(control, asked.tickets[0], "{\"n\":1}", 7);
    serve();
    expect(fd, "{\"n\":1}\n");
    control_answer(control, asked.tickets[1], "{\"n\":2}", 7);
    serve();
    expect(fd, "{\"n\":2}\n");
    assert_true(has_gone(fd));
    close(fd);
    serve();
}

/* Answers that are not taken do not pile up. */
static void who_takes_no_answers_is_not_heard(void **state)
{
    enum { LENGTH = 4 << 20 };
    char *answer = malloc(LENGTH);
    size_t got = 0;
    (void)state;
    int fd = connected();
    memset(answer, 'a', LENGTH);
    say(fd, "{\"n\":1}\n");
    control_answer(control, asked.tickets[0], answer, LENGTH);
    serve();
    say(fd, "{\"n\":2}\n");
    assert_int_equal(asked.count, 1);
    for (int64_t deadline = clock_mono_ms() + 60000; got <= LENGTH && clock_mono_ms() < deadline; serve()) {
        ssize_t n = recv(fd, answer, LENGTH, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(got, LENGTH + 1);
    assert_int_equal(asked.count, 2);
    free(answer);
    close(fd);
    serve();
}

/* A client that does not read: the answer waits, and comes whole when it does. */
static void a_slow_reader_gets_it_whole(void **state)
{
    enum { LENGTH = 4 << 20 };
    char *answer = malloc(LENGTH), *got = malloc(LENGTH + 1);
    size_t length = 0;
    (void)state;
    int fd = connected();
    memset(answer, 'a', LENGTH);
    answer[LENGTH - 1] = 'z';
    say(fd, "{\"n\":1}\n");
    control_answer(control, asked.tickets[0], answer, LENGTH);
    control_step(control);
    struct pollfd fds[CONTROL_CLIENTS + 1];
    assert_int_equal(control_poll(control, fds, CONTROL_CLIENTS + 1), 2);
    assert_true(fds[1].events & POLLOUT);
    for (int64_t deadline = clock_mono_ms() + 60000; length <= LENGTH && clock_mono_ms() < deadline; serve()) {
        ssize_t n = recv(fd, got + length, LENGTH + 1 - length, MSG_DONTWAIT);
        length += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(length, LENGTH + 1);
    assert_memory_equal(got, answer, LENGTH);
    assert_int_equal(got[LENGTH], '\n');
    assert_int_equal(control_poll(control, fds, CONTROL_CLIENTS + 1), 2);
    assert_false(fds[1].events & POLLOUT);
    free(answer);
    free(got);
    close(fd);
    serve();
}

static void where_it_listens(void **state)
{
    struct control *second;
    struct fault f = {0};
    struct stat st;
    char longer[256];
    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(control_open(&second, longer, on_request, &asked, &f), ERR_RANGE);
    assert_non_null(strstr(f.text, "at most 107 bytes")); /* unix(7): 108 with the NUL */
    assert_int_equal(control_open(&second, "/tmp/quietair-none/control.sock", on_request, &asked, &f), ERR_IO);
    assert_non_null(strstr(f.text, "No such file or directory"));
    assert_int_equal(control_open(&second, path, on_request, &asked, &f), 0); /* the socket of one that was killed */
    control_close(control);
    control = second;
    control_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_request_is_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(each_hears_its_own_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(there_is_room_for_sixteen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_without_end_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_has_a_most, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_no_more_still_gets_its_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(who_takes_no_answers_is_not_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_reader_gets_it_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(where_it_listens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
