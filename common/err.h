/* err: the error codes of the whole project, and the two ways of saying what went wrong.
 *
 * Functions return 0 or a negative ERR_*; positive only for counts.  Where a person needs the detail (configuration,
 * opening a file) the last argument is a `struct fault` (one message) or a `struct faults` (all messages of one run).
 */
#ifndef QUIETAIR_ERR_H
#define QUIETAIR_ERR_H

#include <stddef.h>

enum {
    ERR_IO = -1,      /* the operating system said no; errno is in the text */
    ERR_CORRUPT = -2, /* bytes on disk are not what was written */
    ERR_SYNTAX = -3,  /* foreign bytes or text that cannot be read */
    ERR_RANGE = -4,   /* readable, but not allowed */
    ERR_MISSING = -5, /* the thing named is not there */
    ERR_FULL = -6,    /* a bounded place has no room */
    ERR_AGAIN = -7,   /* not now; nothing was changed */
    ERR_LINK = -8,    /* the other side cannot be reached */
    ERR_DENIED = -9   /* known, understood, not permitted */
};

struct fault {
    int code;
    char text[480]; /* one line, no newline at the end */
};

/* Fills *f (NULL is fine) and returns code, so that `return fault(f, ERR_IO, ...)` reads well. */
int fault(struct fault *f, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* All faults found in one run.  Zeroed is empty; faults_free afterwards. */
struct faults {
    char **text;
    size_t count;
};
void faults_add(struct faults *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void faults_free(struct faults *);

/* Memory at start-up or for a bounded request: returns or ends the process (ENOMEM is not an error one can explain), with
 * a message and status 1, so that the service starts it again. */
void *or_end(void *memory); /* NULL: as above */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *, size_t size);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t length);

#endif
