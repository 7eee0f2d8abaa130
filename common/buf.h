/* buf: a text writer with a sticky overflow, so that a message is composed item by item and checked once.
 *
 * A fixed buf writes into the caller's memory and sets `overflow` when it is full (what is there stays as it was);
 * a growing one (buf_growing) takes memory as it needs and must be freed.  The text is always NUL-terminated.
 */
#ifndef QUIETAIR_BUF_H
#define QUIETAIR_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t capacity; /* including the NUL */
    size_t length;
    bool growing;
    bool overflow;
};

struct buf buf_fixed(char *memory, size_t size);
struct buf buf_growing(void);
void buf_free(struct buf *); /* of a growing one; a fixed one is left alone */
void buf_clear(struct buf *);

void buf_bytes(struct buf *, const void *bytes, size_t length);
void buf_text(struct buf *, const char *text);
void buf_char(struct buf *, char c);
void buf_print(struct buf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_int(struct buf *, int64_t);
void buf_hex(struct buf *, const uint8_t *bytes, size_t length);

/* The shortest decimal text that reads back as the same double: 67.3, 71, 0.1.  Not finite: "null". */
void buf_number(struct buf *, double);

/* A JSON string with its quotes; control characters escaped, the text itself expected to be UTF-8. */
void buf_json(struct buf *, const char *text);
void buf_json_n(struct buf *, const char *text, size_t length);

/* The shortest decimal that reads back as the same float, as a double: 1.31f gives 1.31. */
double number_of_float(float);

/* How many bytes of this UTF-8 text may be shown, of `most`: whole characters. */
size_t buf_whole(const char *text, size_t length, size_t most);

#endif
