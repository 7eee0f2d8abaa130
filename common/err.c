#include "common/err.h"
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fault(struct fault *f, int code, const char *format, ...)
{
    if (f) {
        va_list args;
        va_start(args, format);
        vsnprintf(f->text, sizeof f->text, format, args);
        va_end(args);
        f->code = code;
    }
    return code;
}

void faults_add(struct faults *all, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    all->text = xrealloc(all->text, (all->count + 1) * sizeof *all->text);
    all->text[all->count++] = xstrdup(line);
}

void faults_free(struct faults *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->text[i]);
    free(all->text);
    *all = (struct faults){0};
}

void *or_end(void *p)
{
    if (!p) {
        log_error("memory", "out of memory: ending at once, to be started again");
        _exit(EXIT_FAILURE); /* what is on the disk is whole at every moment; what is not was never acknowledged */
    }
    return p;
}

void *xmalloc(size_t size)
{
    return or_end(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_end(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return or_end(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return or_end(strdup(s));
}

char *xstrndup(const char *s, size_t length)
{
    return or_end(strndup(s, length));
}
