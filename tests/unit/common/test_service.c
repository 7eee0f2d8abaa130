/* What a daemon tells systemd and the operator, and what signals do: sd_notify(3), sd-daemon(3). */
#include "common/clock.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "common/service.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- in a process of its own: the modules keep their state for good ---------------------------------------------- */

/* What the function left on stderr; it may fail by cmocka's assertions, which end it with another status. */
static char *in_child(void (*function)(void))
{
    static char text[65536];
    int ends[2], status;
    size_t length = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        function();
        exit(0); /* as a program ends */
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)n;
    text[length] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with status %#x\n%s", (unsigned)status, text);
    return text;
}

#define must(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            dprintf(STDERR_FILENO, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                     \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void stopped_by_term(void)
{
    service_begin();
    must(!service_stopping());
    must(!is_readable(service_fd()));
    raise(SIGTERM);
    must(service_stopping());
    must(is_readable(service_fd()));
    must(!service_reload_asked());
}

static void stopped_by_interrupt(void)
{
    service_begin();
    raise(SIGINT);
    must(service_stopping());
}

static void reloaded_by_hangup(void)
{
    service_begin();
    must(!service_reload_asked());
    raise(SIGHUP);
    raise(SIGHUP); /* before it was looked at: once is enough */
    must(service_reload_asked());
    must(!service_reload_asked());
    must(!service_stopping());
    must(!is_readable(service_fd()));
    raise(SIGHUP);
    must(service_reload_asked());
}

static void lives_on_when_the_other_side_has_gone(void)
{
    int ends[2];
    service_begin();
    must(pipe(ends) == 0);
    close(ends[0]);
    must(write(ends[1], "x", 1) == -1); /* EPIPE, not SIGPIPE */
}

static void waits_for_a_bell(void)
{
    int bell = bell_new();
    service_begin();
    int64_t begun = clock_mono_ms();
    bell_ring(bell);
    bell_ring(bell);
    bell_wait(bell, 60000); /* rung before */
    must(clock_mono_ms() - begun < 30000);
    must(!is_readable(bell)); /* two rings are one, and it is quiet again */
    begun = clock_mono_ms();
    bell_wait(bell, 20);
    must(clock_mono_ms() - begun >= 20); /* nobody rang */
    raise(SIGTERM);
    must(service_stopping());
    begun = clock_mono_ms();
    bell_wait(bell, 20); /* a stop under way does not make a loop that finishes its work spin */
    must(clock_mono_ms() - begun >= 20);
}

static void stop_ends_a_wait(void)
{
    int bell = bell_new();
    service_begin();
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        usleep(20000); /* the wait has most likely begun; it holds either way */
        kill(self, SIGTERM);
        _exit(0);
    }
    int64_t begun = clock_mono_ms();
    while (!service_stopping())
        bell_wait(bell, 25000);
    must(clock_mono_ms() - begun < 20000);
    must(waitpid(child, NULL, 0) == child);
}

static void signals(void **state)
{
    (void)state;
    in_child(stopped_by_term);
    in_child(stopped_by_interrupt);
    in_child(reloaded_by_hangup);
    in_child(lives_on_when_the_other_side_has_gone);
    in_child(waits_for_a_bell);
    in_child(stop_ends_a_wait);
}

/* ---- the notification socket ------------------------------------------------------------------------------------- */

static int listener;

/* NOTIFY_SOCKET names it: `@…` in the abstract namespace, else a path. */
static void listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, name);
    if (*name == '@')
        at.sun_path[0] = 0;
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    must(bind(listener, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) ==
         0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static const char *heard(void)
{
    static char text[4096];
    ssize_t n = recv(listener, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static void nobody_listens(void)
{
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "4000000", 1);
    sdnotify_begin();
    must(sdnotify_watchdog_ms() == 0);
    sdnotify("READY=1");
    sdnotify_alive(1000000);
}

static void a_name_that_is_none(void)
{
    char name[200] = "/tmp/";
    setenv("NOTIFY_SOCKET", "relative", 1);
    sdnotify_begin();
    memset(name + 5, 'x', sizeof name - 6);
    setenv("NOTIFY_SOCKET", name, 1); /* longer than a socket's address */
    sdnotify_begin();
    sdnotify("READY=1");
    must(sdnotify_watchdog_ms() == 0);
}

static void at_a_path(void)
{
    char name[64], text[700], expected[600];
    snprintf(name, sizeof name, "/tmp/quietair-notify-%d", (int)getpid());
    unsetenv("WATCHDOG_USEC");
    listen_at(name);
    sdnotify_begin();
    sdnotify("READY=1\nSTATUS=%d of %d", 3, 4);
    must(strcmp(heard(), "READY=1\nSTATUS=3 of 4") == 0);
    must(*heard() == 0);
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = 0;
    sdnotify("STATUS=%s", text);
    snprintf(expected, sizeof expected, "STATUS=%.*s", 511 - 7, text); /* cut, not left out */
    must(strcmp(heard(), expected) == 0);
    must(sdnotify_watchdog_ms() == 0);
    sdnotify_alive(1000000);
    must(*heard() == 0);
    unlink(name);
    sdnotify("READY=1"); /* systemd has gone: no harm */
    close(listener);
    sdnotify("READY=1");
}

static void begin_abstract(const char *pid)
{
    char name[64];
    snprintf(name, sizeof name, "@quietair-notify-%d", (int)getpid());
    listen_at(name);
    setenv("WATCHDOG_USEC", "4000000", 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    else
        unsetenv("WATCHDOG_PID");
    sdnotify_begin();
}

static void watched(void)
{
    char self[16];
    snprintf(self, sizeof self, "%d", (int)getpid());
    begin_abstract(self);
    must(sdnotify_watchdog_ms() == 4000);
    sdnotify_alive(1000000);
    must(strcmp(heard(), "WATCHDOG=1") == 0);
    for (int64_t ms = 1000000; ms < 1001000; ms += 10)
        sdnotify_alive(ms);
    must(*heard() == 0); /* four times per WatchdogSec, no more */
    sdnotify_alive(1001000);
    must(strcmp(heard(), "WATCHDOG=1") == 0);
}

static void watched_without_a_pid(void)
{
    begin_abstract(NULL);
    must(sdnotify_watchdog_ms() == 4000);
}

static void another_is_watched(void)
{
    begin_abstract("1");
    must(sdnotify_watchdog_ms() == 0);
    sdnotify_alive(1000000);
    must(*heard() == 0);
}

static void notifications(void **state)
{
    (void)state;
    in_child(nobody_listens);
    in_child(a_name_that_is_none);
    in_child(at_a_path);
    in_child(watched);
    in_child(watched_without_a_pid);
    in_child(another_is_watched);
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static void say_all(void)
{
    log_error("bus", "no %s", "line");
    log_warn("uplink", "%d left", 3);
    log_info("spool", "open");
}

static void under_systemd(void)
{
    setenv("JOURNAL_STREAM", "8:1", 1);
    say_all();
}

static void on_a_terminal(void)
{
    unsetenv("JOURNAL_STREAM");
    setenv("TZ", "Asia/Shanghai", 1);
    say_all();
}

static void a_long_line(void)
{
    char text[3000];
    setenv("JOURNAL_STREAM", "8:1", 1);
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = 0;
    log_info("a", "%s", text);
    log_info("a", "after");
}

static void lines(void **state)
{
    int h, m, s, ms, end = 0;
    (void)state;
    assert_string_equal(in_child(under_systemd), "<3>bus: no line\n<4>uplink: 3 left\n<6>spool: open\n");
    const char *text = in_child(on_a_terminal);
    assert_int_equal(sscanf(text, "%2d:%2d:%2d.%3d error bus: no line%n", &h, &m, &s, &ms, &end), 4);
    assert_int_equal(end, strlen("12:34:56.789 error bus: no line"));
    assert_non_null(strstr(text, " warn  uplink: 3 left\n"));
    assert_non_null(strstr(text, " info  spool: open\n"));
    text = in_child(a_long_line);
    const char *newline = strchr(text, '\n');
    assert_non_null(newline);
    assert_true(newline - text > 1000 && newline - text < 1024); /* cut, and a line of its own */
    assert_string_equal(newline + 1, "<6>a: after\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals), cmocka_unit_test(notifications),
                                       cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
