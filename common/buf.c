#include "common/buf.h"
#include "common/err.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf buf_fixed(char *memory, size_t size)
{
    memory[0] = 0;
    return (struct buf){.data = memory, .capacity = size};
}

struct buf buf_growing(void)
{
    return (struct buf){.data = xcalloc(1, 256), .capacity = 256, .growing = true};
}

void buf_free(struct buf *b)
{
    if (b->growing)
        free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->length = 0;
    b->overflow = false;
    b->data[0] = 0;
}

/* Room for `more` bytes and the NUL? */
static bool room(struct buf *b, size_t more)
{
    if (b->overflow)
        return false;
    if (more < b->capacity - b->length)
        return true;
    if (!b->growing) {
        b->overflow = true;
        return false;
    }
    size_t wanted = b->length + more + 1;
    while (b->capacity < wanted)
        b->capacity *= 2;
    b->data = xrealloc(b->data, b->capacity);
    return true;
}

void buf_bytes(struct buf *b, const void *bytes, size_t length)
{
    if (!length || !room(b, length))
        return;
    memcpy(b->data + b->length, bytes, length);
    b->length += length;
    b->data[b->length] = 0;
}

void buf_text(struct buf *b, const char *text)
{
    buf_bytes(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_bytes(b, &c, 1);
}

/* In place: a text of its own on the stack would stay resident in each of a gateway's workers. */
void buf_print(struct buf *b, const char *format, ...)
{
    va_list args, again;
    size_t left = b->capacity - b->length; /* 1 at least */
    va_start(args, format);
    va_copy(again, args);
    int n = b->overflow ? -1 : vsnprintf(b->data + b->length, left, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n >= left) {
        b->data[b->length] = 0;
        if (room(b, (size_t)n))
            vsnprintf(b->data + b->length, (size_t)n + 1, format, again);
        else
            n = -1;
    }
    b->length += n > 0 ? (size_t)n : 0;
    va_end(again);
}

void buf_int(struct buf *b, int64_t n)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        *--at = '-';
    buf_bytes(b, at, (size_t)(digits + sizeof digits - at));
}

void buf_hex(struct buf *b, const uint8_t *bytes, size_t length)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        buf_char(b, digit[bytes[i] >> 4]);
        buf_char(b, digit[bytes[i] & 15]);
    }
}

void buf_number(struct buf *b, double x)
{
    if (!isfinite(x)) {
        buf_text(b, "null");
        return;
    }
    if (fabs(x) < 1e15 && x == (double)(int64_t)x) { /* also turns -0 into 0 */
        buf_int(b, (int64_t)x);
        return;
    }
    char text[40];
    for (int digits = fabs(x) < DBL_MIN ? 1 : 15; digits <= 17; digits++) { /* subnormal: fewer tell it */
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    buf_text(b, text);
    if (fabs(x) > 0x1p53 && !strpbrk(text, ".e")) /* it must not be read as an integer, which would not be exact */
        buf_text(b, "e0");
}

double number_of_float(float x)
{
    char text[40];
    if (!isfinite(x))
        return (double)x;
    for (int digits = fabsf(x) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x)
            break;
    }
    return strtod(text, NULL);
}

void buf_json_n(struct buf *b, const char *text, size_t length)
{
    buf_char(b, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_print(b, "\\%c", c);
        else if (c == '\n')
            buf_text(b, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_print(b, "\\u%04x", c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

void buf_json(struct buf *b, const char *text)
{
    buf_json_n(b, text, strlen(text));
}

size_t buf_whole(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    while (most && (text[most] & 0xc0) == 0x80)
        most--;
    return most;
}
