#include "common/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 4, 0))) static void say(int level, const char *word, const char *topic, const char *format, va_list args)
{
    static atomic_int journald = -1;
    if (journald < 0)
        journald = getenv("JOURNAL_STREAM") != NULL;

    char line[1024];
    int n = 0;
    if (journald) {
        n = snprintf(line, sizeof line, "<%d>%s: ", level, topic);
    } else {
        struct timespec now;
        struct tm local;
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &local);
        n = (int)strftime(line, sizeof line, "%H:%M:%S", &local);
        n += snprintf(line + n, sizeof line - (size_t)n, ".%03ld %-5s %s: ", now.tv_nsec / 1000000, word, topic);
    }
    int more = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    if (more > 0)
        n += more < (int)sizeof line - n - 1 ? more : (int)sizeof line - n - 2;
    line[n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n); /* one write: lines of several threads stay whole */
    (void)ignored;
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
