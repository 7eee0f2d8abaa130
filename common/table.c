#include "common/table.h"
#include "common/err.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, COLUMNS_MAX = 32 };

struct cell {
    char *text;
    size_t width;
    bool alarm;
};

struct table {
    const char *const *headings;
    size_t columns;
    struct cell *cells;
    size_t count, capacity;
};

/* ---- width ------------------------------------------------------------------------------------------------------- */

struct range {
    uint32_t first, last;
};

/* From EastAsianWidth.txt: the W and F characters of all scripts and their punctuation; of symbols the emoji blocks
 * only. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},
    {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* Combining marks and what joins or directs its neighbours. */
static const struct range narrow[] = {
    {0x300, 0x36f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e},   {0x2060, 0x2069},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

static size_t width_of(uint32_t c)
{
    if (within(narrow, sizeof narrow / sizeof *narrow, c))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

/* Length of the well-formed sequence at `s` (RFC 3629) and its code point; 0: none. */
static size_t sequence(const char *s, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint8_t length_of[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4}; /* by the upper four bits */
    unsigned char lead = (unsigned char)*s;
    size_t n = lead < 0xf8 ? length_of[lead >> 4] : 0;
    *c = n > 1 ? lead & (0x7fu >> n) : lead;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    bool surrogate = *c >= 0xd800 && *c <= 0xdfff;
    return n && *c >= least[n] && *c <= 0x10ffff && !surrogate ? n : 0;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e);
}

/* The text as it can be shown, appended to `out` (NULL: only measured); its width. */
static size_t show(const char *text, struct buf *out)
{
    size_t width = 0;
    while (*text) {
        uint32_t c;
        size_t n = sequence(text, &c);
        bool bad = !n || is_control(c);
        width += bad ? 1 : width_of(c);
        n = n ? n : 1;
        if (out && bad)
            buf_char(out, '?');
        else if (out)
            buf_bytes(out, text, n);
        text += n;
    }
    return width;
}

size_t table_width(const char *text)
{
    return show(text, NULL);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

struct table *table_new(const char *const *headings)
{
    struct table *t = xcalloc(1, sizeof *t);
    t->headings = headings;
    while (headings[t->columns] && t->columns < COLUMNS_MAX)
        t->columns++;
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t);
}

void table_text(struct table *t, const char *text)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 64;
        t->cells = xrealloc(t->cells, t->capacity * sizeof *t->cells);
    }
    struct buf shown = buf_growing();
    size_t width = show(text, &shown);
    t->cells[t->count++] = (struct cell){.text = shown.data, .width = width};
}

void table_print(struct table *t, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    table_text(t, text);
}

void table_number(struct table *t, double x, int decimals)
{
    if (isnan(x))
        table_text(t, "—");
    else
        table_print(t, "%.*f", decimals, x);
}

void table_alarm(struct table *t)
{
    t->cells[t->count - 1].alarm = true;
}

size_t table_rows(const struct table *t)
{
    return t->columns ? t->count / t->columns : 0;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool to_the_right(const struct table *t, size_t column)
{
    return t->headings[column][0] == '>';
}

static const char *heading(const struct table *t, size_t column)
{
    return t->headings[column] + to_the_right(t, column);
}

static void pad(struct buf *out, size_t count)
{
    while (count--)
        buf_char(out, ' ');
}

/* One row of cells; spaces at the end of a line are left out. */
static void write_row(const struct table *t, const struct cell *cells, const size_t *widths, const char *style,
                      struct buf *out)
{
    size_t owed = 0;
    for (size_t i = 0; i < t->columns; i++) {
        size_t rest = widths[i] - cells[i].width;
        const char *sgr = style ? style : cells[i].alarm ? "31" : "";
        pad(out, owed + (to_the_right(t, i) ? rest : 0));
        if (*sgr)
            buf_print(out, "\x1b[%sm", sgr);
        buf_text(out, cells[i].text);
        if (*sgr)
            buf_text(out, "\x1b[0m");
        owed = GAP + (to_the_right(t, i) ? 0 : rest);
    }
    while (out->length && out->data[out->length - 1] == ' ')
        out->data[--out->length] = 0;
    buf_char(out, '\n');
}

void table_write(const struct table *t, struct buf *out, bool colour)
{
    struct cell head[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
    bool headed = false;
    for (size_t i = 0; i < t->columns; i++) {
        head[i] = (struct cell){.text = (char *)(uintptr_t)heading(t, i), .width = table_width(heading(t, i))};
        headed |= head[i].width > 0;
        widths[i] = head[i].width;
        for (size_t k = i; k < t->count; k += t->columns) {
            if (t->cells[k].width > widths[i])
                widths[i] = t->cells[k].width;
        }
    }
    if (headed)
        write_row(t, head, widths, colour ? "1" : "", out);
    for (size_t k = 0; t->columns && k + t->columns <= t->count; k += t->columns)
        write_row(t, t->cells + k, widths, colour ? NULL : "", out);
}
