#include "common/sdnotify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int out = -1;
static struct sockaddr_un to;
static socklen_t to_length;
static int64_t watchdog_ms, alive_ms;

void sdnotify_begin(void)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path, path, strlen(path));
    to_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (*path == '@')
        to.sun_path[0] = 0; /* the abstract namespace */
    out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (usec && (!pid || strtol(pid, NULL, 10) == getpid()))
        watchdog_ms = strtoll(usec, NULL, 10) / 1000;
}

void sdnotify(const char *format, ...)
{
    char text[512];
    va_list args;
    if (out < 0)
        return;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        sendto(out, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1, MSG_NOSIGNAL, (struct sockaddr *)&to,
               to_length);
}

int64_t sdnotify_watchdog_ms(void)
{
    return watchdog_ms;
}

void sdnotify_alive(int64_t mono_ms)
{
    if (watchdog_ms > 0 && mono_ms - alive_ms >= watchdog_ms / 4) {
        alive_ms = mono_ms;
        sdnotify("WATCHDOG=1");
    }
}
