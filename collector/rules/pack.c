#include "collector/rules/pack.h"
#include "common/err.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct pack pack_writer(struct buf *out)
{
    return (struct pack){.out = out};
}

struct pack pack_reader(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    return (struct pack){.at = at, .end = at + length};
}

bool pack_done(const struct pack *p)
{
    return !p->bad && p->at == p->end;
}

static void put_varint(struct buf *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        buf_char(out, (char)(n | 0x80));
    buf_char(out, (char)n);
}

static uint64_t get_varint(struct pack *p)
{
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64 && p->at < p->end; shift += 7) {
        uint8_t byte = *p->at++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return n;
    }
    p->bad = true;
    return 0;
}

void pack_int(struct pack *p, int64_t *n)
{
    if (p->out) {
        put_varint(p->out, (uint64_t)*n << 1 ^ (*n < 0 ? UINT64_MAX : 0));
    } else {
        uint64_t zigzag = get_varint(p);
        *n = (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
    }
}

void pack_small(struct pack *p, int *n)
{
    int64_t wide = *n;
    pack_int(p, &wide);
    if (wide < INT_MIN || wide > INT_MAX)
        p->bad = true;
    else
        *n = (int)wide;
}

void pack_count(struct pack *p, size_t *n, size_t most)
{
    int64_t wide = (int64_t)*n;
    pack_int(p, &wide);
    if (wide < 0 || (uint64_t)wide > most) {
        p->bad = true;
        wide = 0;
    }
    *n = (size_t)wide;
}

void pack_bool(struct pack *p, bool *b)
{
    int n = *b;
    pack_small(p, &n);
    *b = n == 1;
    p->bad = p->bad || (n != 0 && n != 1);
}

void pack_double(struct pack *p, double *x)
{
    uint64_t bits = 0;
    if (p->out) {
        memcpy(&bits, x, sizeof bits);
        for (unsigned shift = 0; shift < 64; shift += 8)
            buf_char(p->out, (char)(bits >> shift & 0xff));
        return;
    }
    if (p->end - p->at < 8) {
        p->bad = true;
        return;
    }
    for (unsigned shift = 0; shift < 64; shift += 8)
        bits |= (uint64_t)*p->at++ << shift;
    memcpy(x, &bits, sizeof bits);
}

/* The length of a text about to be read, which is then at p->at. */
static size_t text_length(struct pack *p)
{
    size_t length = 0;
    pack_count(p, &length, (size_t)(p->end - p->at));
    if (length > (size_t)(p->end - p->at) || memchr(p->at, 0, length)) {
        p->bad = true;
        return 0;
    }
    return length;
}

void pack_text(struct pack *p, char *text, size_t size)
{
    size_t length;
    if (p->out) {
        length = strlen(text);
        pack_count(p, &length, size);
        buf_bytes(p->out, text, length);
        return;
    }
    length = text_length(p);
    if (length >= size) {
        p->bad = true;
        return;
    }
    memcpy(text, p->at, length);
    text[length] = 0;
    p->at += length;
}

void pack_string(struct pack *p, char **text)
{
    if (p->out) {
        pack_text(p, *text, SIZE_MAX);
        return;
    }
    size_t length = text_length(p);
    free(*text);
    *text = xstrndup((const char *)p->at, length);
    p->at += length;
}
