#include "common/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static unsigned long dropped; /* lines since the last one that could be written */

/* A pipe or socket that nobody empties would stop whoever writes to it: so it is asked first.  What is at most PIPE_BUF
 * long (pipe(7)) then goes whole and at once. */
static bool put(const char *line, int length)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) && write(STDERR_FILENO, line, (size_t)length) == length;
}

/* The beginning of a line: its time, unless the system's journal has that already, its level and its topic. */
static int head(char *line, size_t size, int level, const char *word, const char *topic)
{
    static atomic_int journald = -1;
    struct timespec now;
    struct tm local;
    if (journald < 0)
        journald = getenv("JOURNAL_STREAM") != NULL;
    if (journald)
        return snprintf(line, size, "<%d>%s: ", level, topic);
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    int n = (int)strftime(line, size, "%H:%M:%S", &local);
    return n + snprintf(line + n, size - (size_t)n, ".%03ld %-5s %s: ", now.tv_nsec / 1000000, word, topic);
}

/* True: it has been said that lines were dropped, or there is nothing to say. */
static bool own_up(void)
{
    char line[128];
    if (!dropped)
        return true;
    int n = head(line, sizeof line, 4, "warn", "log");
    n += snprintf(line + n, sizeof line - (size_t)n, "%lu lines before this one could not be written\n", dropped);
    if (!put(line, n))
        return false;
    dropped = 0;
    return true;
}

__attribute__((format(printf, 4, 0))) static void say(int level, const char *word, const char *topic,
                                                      const char *format, va_list args)
{
    static char line[1024]; /* not on the stacks of 64 workers, of which each page touched stays resident */
    pthread_mutex_lock(&one_at_a_time);
    int n = head(line, sizeof line, level, word, topic);
    int more = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    if (more > 0)
        n += more < (int)sizeof line - n - 1 ? more : (int)sizeof line - n - 2;
    line[n++] = '\n';
    if (!own_up() || !put(line, n))
        dropped++;
    pthread_mutex_unlock(&one_at_a_time);
}

#define LEVEL(name, level, word)                                                                                       \
    void name(const char *topic, const char *format, ...)                                                              \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, format);                                                                                        \
        say(level, word, topic, format, args);                                                                         \
        va_end(args);                                                                                                  \
    }

LEVEL(log_error, 3, "error")
LEVEL(log_warn, 4, "warn")
LEVEL(log_info, 6, "info")
