/* bad_cases: the cases of tests/bad, whose README.md says how they are written. */
#ifndef QUIETAIR_BAD_CASES_H
#define QUIETAIR_BAD_CASES_H

#include "common/buf.h"
#include "common/err.h"
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bad_case {
    char *name, *expected;
    struct buf payload;
};

/* Puts what <word> stands for; false: it knows no such word. */
typedef bool bad_word(void *ctx, const char *word, struct buf *out);

static inline void bad_fail(const char *file, const char *name, const char *what)
{
    fprintf(stderr, "%s: \"%s\": %s\n", file, name, what);
    fail();
}

static inline bool bad_bytes(const char *word, struct buf *out)
{
    size_t length = strlen(word);
    if (length % 3 != 2 || strspn(word, "0123456789ABCDEF ") != length)
        return false;
    for (size_t i = 0; i < length; i += 3)
        buf_char(out, (char)strtoul(word + i, NULL, 16));
    return true;
}

static inline bool bad_times(const char *word, struct buf *out)
{
    const char *star = strrchr(word, '*');
    if (!star || star == word)
        return false;
    bool nul = strncmp(word, "\\0*", 3) == 0;
    for (unsigned long n = strtoul(star + 1, NULL, 10); n; n--)
        buf_bytes(out, nul ? "" : word, nul ? 1 : (size_t)(star - word));
    return true;
}

/* One <word>; what stands behind it. */
static inline const char *bad_inside(const char *file, struct bad_case *c, const char *text, bad_word *word, void *ctx)
{
    const char *end = strchr(text, '>');
    assert_non_null(end);
    char *inside = xstrndup(text + 1, (size_t)(end - text - 1));
    if (*inside && !bad_bytes(inside, &c->payload) && !bad_times(inside, &c->payload) &&
        !(word && word(ctx, inside, &c->payload)))
        bad_fail(file, c->name, inside);
    free(inside);
    return end + 1;
}

static inline void bad_expand(const char *file, struct bad_case *c, const char *text, bad_word *word, void *ctx)
{
    while (*text)
        if (*text == '<') {
            text = bad_inside(file, c, text, word, ctx);
        } else if (strncmp(text, "\xC2\xB6", 2) == 0) { /* the sign of a paragraph */
            buf_char(&c->payload, '\n');
            text += 2;
        } else {
            buf_char(&c->payload, *text++);
        }
}

static inline char *bad_part(char **line)
{
    char *part = *line, *end = strstr(part, "| ");
    assert_non_null(end);
    *line = end + 2;
    while (end > part && end[-1] == ' ')
        end--;
    *end = 0;
    return part;
}

/* Gives each case of a file to `each`; how many there were. */
static inline size_t bad_each(const char *file, bad_word *word, void (*each)(void *ctx, const struct bad_case *),
                              void *ctx)
{
    char path[120], *at;
    size_t length, count = 0;
    struct fault f;
    snprintf(path, sizeof path, "tests/bad/%s", file);
    char *text = file_read(path, 1 << 20, &length, &f);
    assert_non_null(text);
    at = text;
    for (char *line; (line = strsep(&at, "\n"));) {
        if (!*line || *line == '#')
            continue;
        struct bad_case c = {.payload = buf_growing()};
        c.name = bad_part(&line);
        c.expected = bad_part(&line);
        bad_expand(file, &c, line, word, ctx);
        each(ctx, &c);
        buf_free(&c.payload);
        count++;
    }
    free(text);
    return count;
}

#endif
