#include "collector/cli/progress.h"
#include "common/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { EVERY_MS = 200 };

struct progress progress_begin(const char *verb)
{
    return (struct progress){.verb = verb, .on = isatty(STDERR_FILENO)};
}

void progress_bytes(void *ctx, const char *what, int64_t done, int64_t all)
{
    struct progress *p = ctx;
    int64_t now = clock_mono_ms();
    int before = p->length;
    if (!p->on || (now - p->shown_ms < EVERY_MS && done))
        return;
    p->shown_ms = now;
    if (all > 0)
        p->length = fprintf(stderr, "\r%s: %s %3.0f %%", p->verb, what, 100.0 * (double)done / (double)all);
    else
        p->length = fprintf(stderr, "\r%s: %s", p->verb, what);
    fprintf(stderr, "%*s", before > p->length ? before - p->length : 0, "");
}

void progress_records(void *ctx, uint64_t done, uint64_t all)
{
    progress_bytes(ctx, "records", (int64_t)done, (int64_t)all);
}

void progress_end(struct progress *p)
{
    if (p->length)
        fprintf(stderr, "\r%*s\r", p->length, "");
    p->length = 0;
}
