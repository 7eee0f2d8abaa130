#include "common/service.h"
#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_bool stopping, reload;
static int stop_bell = -1;

static void on_signal(int number)
{
    (void)number;
    stopping = true;
    bell_ring(stop_bell); /* write(2) is safe here */
}

static void on_hangup(int number)
{
    (void)number;
    reload = true;
}

void service_begin(void)
{
    struct sigaction act = {.sa_handler = on_signal}, again = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    stop_bell = bell_new();
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &again, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails */
}

bool service_stopping(void)
{
    return stopping;
}

bool service_reload_asked(void)
{
    return atomic_exchange(&reload, false);
}

int service_fd(void)
{
    return stop_bell;
}

static void cannot_go_on(const char *what, int error)
{
    log_error("service", "%s: %s: ending at once, to be started again", what, strerror(error));
    _exit(EXIT_FAILURE);
}

void service_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    int error = pthread_create(thread, NULL, run, arg);
    if (error)
        cannot_go_on("no thread", error);
}

int bell_new(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        cannot_go_on("no descriptor for an eventfd", errno);
    return fd;
}

void bell_ring(int bell)
{
    uint64_t one = 1;
    ssize_t ignored = write(bell, &one, sizeof one);
    (void)ignored;
}

void bell_quiet(int bell)
{
    uint64_t count;
    ssize_t ignored = read(bell, &count, sizeof count);
    (void)ignored;
}

void bell_wait(int bell, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = bell, .events = POLLIN}, {.fd = stop_bell, .events = POLLIN}};
    poll(fds, service_stopping() ? 1 : 2, timeout_ms);
    bell_quiet(bell);
}
