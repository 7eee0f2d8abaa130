/* fuzz: what every target has: bytes from outside go in, and nothing may break.
 *
 * A target is one file fuzz_NAME.c with one LLVMFuzzerTestOneInput, the entry point of libFuzzer
 * (llvm.org/docs/LibFuzzer.html).  `make fuzz` lets libFuzzer make inputs up; `make check` gives those of corpus/NAME
 * to the same function (replay.c).  Targets run at the top of the tree.
 */
#ifndef QUIETAIR_FUZZ_H
#define QUIETAIR_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds whatever came in. */
#define must(what)                                                                                                     \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what);                                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Takes bytes from the front; zeros when there are none left. */
struct feed {
    const uint8_t *at;
    size_t left;
};

static inline unsigned feed_byte(struct feed *f)
{
    if (!f->left)
        return 0;
    f->left--;
    return *f->at++;
}

static inline unsigned feed_word(struct feed *f)
{
    unsigned high = feed_byte(f);
    return high << 8 | feed_byte(f);
}

/* The next line without its end, or NULL. */
static inline const char *feed_line(struct feed *f, size_t *length)
{
    const char *line = (const char *)f->at;
    if (!f->left)
        return NULL;
    const uint8_t *end = memchr(f->at, '\n', f->left);
    *length = end ? (size_t)(end - f->at) : f->left;
    f->left -= *length + (end ? 1 : 0);
    f->at += *length + (end ? 1 : 0);
    return line;
}

#endif
