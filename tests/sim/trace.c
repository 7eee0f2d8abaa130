#include "tests/sim/trace.h"
#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trace {
    int fd;
    atomic_bool broken; /* said once */
};

struct trace *trace_open(const char *path, struct fault *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        fault(f, ERR_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct trace *t = xcalloc(1, sizeof *t);
    t->fd = fd;
    return t;
}

void trace_close(struct trace *t)
{
    if (!t)
        return;
    close(t->fd);
    free(t);
}

static void put(struct trace *t, struct buf *line)
{
    buf_char(line, '\n');
    if (write(t->fd, line->data, line->length) != (ssize_t)line->length && !atomic_exchange(&t->broken, true))
        log_error("trace", "a line of the log could not be written: %s", strerror(errno));
}

void trace_answer(struct trace *t, const struct answer *a)
{
    char memory[TRACE_MAX + 128];
    struct buf line = buf_fixed(memory, sizeof memory);
    if (!t)
        return;
    if (a->exception)
        buf_print(&line, "%" PRId64 " # meter %s exception=%d", clock_wall_ms(), a->meter->name, a->exception);
    else
        buf_print(&line, "%" PRId64 " %s", clock_wall_ms(), a->meter->name);
    buf_text(&line, a->values);
    put(t, &line);
}

void trace_note(struct trace *t, const char *text)
{
    char memory[1024];
    struct buf line = buf_fixed(memory, sizeof memory);
    if (!t)
        return;
    buf_print(&line, "%" PRId64 " # %s", clock_wall_ms(), text);
    put(t, &line);
}
