/* progress: how far something long has come, on one line of a terminal; nothing where stderr is none. */
#ifndef QUIETAIR_CLI_PROGRESS_H
#define QUIETAIR_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *verb;
    bool on; /* stderr is a terminal */
    int64_t shown_ms;
    int length; /* of what stands on the line */
};

struct progress progress_begin(const char *verb);
/* ctx: a struct progress.  Of bytes (or records) done of all; all 0: not known. */
void progress_bytes(void *ctx, const char *what, int64_t done, int64_t all);
void progress_records(void *ctx, uint64_t done, uint64_t all);
void progress_end(struct progress *); /* the line is empty again */

#endif
