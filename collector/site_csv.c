/* The register as a spreadsheet saves it (RFC 4180, comma), through libcsv. */
#include "collector/site_column.h"

#include <csv.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 64, SHOWN_MAX = 48 /* bytes of a bad cell that a message repeats */ };

/* ---- text to UTF-8 -------------------------------------------------------------------------------------------- */

/* NULL: the text is not in this encoding. */
static char *decode(const char *encoding, const char *text, size_t length, size_t *out_length)
{
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (converter == (iconv_t)-1)
        return NULL;
    size_t room = 2 * length + 4; /* two bytes of GB18030 become at most three of UTF-8, four become four */
    char *out = xmalloc(room + 1), *to = out, *from = (char *)(uintptr_t)text;
    size_t bad = iconv(converter, &from, &length, &to, &room);
    iconv_close(converter);
    if (bad == (size_t)-1) {
        free(out);
        return NULL;
    }
    *to = 0;
    *out_length = (size_t)(to - out);
    return out;
}

/* Text that is valid UTF-8 is UTF-8: Chinese in GB18030 practically never is. */
char *site_csv_utf8(const char *text, size_t length, size_t *out_length, struct faults *faults)
{
    static const char bom[] = "\xef\xbb\xbf"; /* U+FEFF, however it was encoded */
    if (memchr(text, 0, length)) {
        faults_add(faults, "the file holds NUL bytes (UTF-16, or no text): save it as CSV in UTF-8 or GB18030");
        return NULL;
    }
    char *utf8 = decode("UTF-8", text, length, out_length);
    if (!utf8)
        utf8 = decode("GB18030", text, length, out_length);
    if (!utf8)
        faults_add(faults, "the file is neither UTF-8 nor GB18030: save it as CSV in one of the two");
    if (utf8 && *out_length >= 3 && memcmp(utf8, bom, 3) == 0) {
        *out_length -= 3;
        memmove(utf8, utf8 + 3, *out_length + 1);
    }
    return utf8;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

struct sheet {
    struct faults *faults;
    size_t row;        /* as the spreadsheet numbers them, from 1 */
    size_t cell;       /* of the cell to come, from 0 */
    bool after_return; /* the row before ended with CR: an LF now ends nothing */
    bool has_text;     /* the row under way does; rows without are skipped, they are common at the end of a file */
    bool header_done, header_bad;
    const struct site_column *columns[COLUMNS_MAX]; /* by position; NULL: no name, or a bad one */
    size_t column_count;
    struct site site; /* the row under way */
    bool filled[COLUMNS_MAX];
    struct site *sites;
    size_t *rows; /* in which row each site stands */
    size_t count, capacity;
};

static void put_shown(struct buf *out, const char *text)
{
    size_t n = strlen(text);
    bool clipped = n > SHOWN_MAX;
    if (clipped) {
        for (n = SHOWN_MAX; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
            ;
    }
    buf_json_n(out, text, n);
    if (clipped)
        buf_text(out, "…");
}

/* cell NULL: it is empty and must not be. */
static void refuse_cell(struct sheet *t, const struct site_column *c, const char *cell)
{
    struct buf why = buf_growing();
    if (cell)
        put_shown(&why, cell);
    else
        buf_text(&why, "missing");
    buf_text(&why, " (allowed: ");
    site_cell_allowed(&why, c);
    faults_add(t->faults, "row %zu, column %s: %s)", t->row, c->name, why.data);
    buf_free(&why);
}

static void refuse_name(struct sheet *t, const char *cell, const char *why)
{
    struct buf shown = buf_growing();
    put_shown(&shown, cell);
    faults_add(t->faults, "row %zu, cell %zu: %s %s", t->row, t->cell + 1, shown.data, why);
    buf_free(&shown);
    t->header_bad = true;
}

static size_t position_of(const struct sheet *t, const struct site_column *c)
{
    size_t i = 0;
    while (i < t->column_count && t->columns[i] != c)
        i++;
    return i;
}

static const struct site_column *column_named(const char *name)
{
    for (const struct site_column *c = site_columns; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

static void header_cell(struct sheet *t, const char *cell)
{
    if (t->column_count == COLUMNS_MAX) {
        if (*cell)
            refuse_name(t, cell, "is one column too many");
        return;
    }
    const struct site_column *c = column_named(cell);
    if (*cell && !c)
        refuse_name(t, cell, "is not the name of a column");
    if (c && position_of(t, c) < t->column_count)
        refuse_name(t, cell, "stands twice in the header");
    t->columns[t->column_count++] = c;
}

static void header_end(struct sheet *t)
{
    t->header_done = true;
    for (const struct site_column *c = site_columns; c->name; c++) {
        if (c->mandatory && position_of(t, c) == t->column_count) {
            faults_add(t->faults, "row %zu: the header lacks the column %s", t->row, c->name);
            t->header_bad = true;
        }
    }
    if (t->header_bad) {
        struct buf names = buf_growing();
        for (const struct site_column *c = site_columns; c->name; c++)
            buf_print(&names, " %s%s", c->name, c->mandatory ? "*" : "");
        faults_add(t->faults, "the columns are, in any order, * mandatory:%s", names.data);
        buf_free(&names);
    }
}

static void row_cell(struct sheet *t, const char *cell)
{
    const struct site_column *c = t->cell < t->column_count ? t->columns[t->cell] : NULL;
    if (!*cell)
        return;
    if (c) {
        t->filled[t->cell] = true;
        if (!site_cell_read(c, cell, &t->site))
            refuse_cell(t, c, cell);
    } else if (!t->header_bad) {
        faults_add(t->faults, "row %zu, cell %zu: the header names no column here", t->row, t->cell + 1);
    }
}

static void row_end(struct sheet *t)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (t->columns[i] && t->columns[i]->mandatory && !t->filled[i])
            refuse_cell(t, t->columns[i], NULL);
        t->filled[i] = false;
    }
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 64;
        t->sites = xrealloc(t->sites, t->capacity * sizeof *t->sites);
        t->rows = xrealloc(t->rows, t->capacity * sizeof *t->rows);
    }
    t->sites[t->count] = t->site;
    t->rows[t->count++] = t->row;
}

/* libcsv's two callbacks: a cell (NUL-terminated), and the end of a row. */
static void on_cell(void *bytes, size_t length, void *ctx)
{
    struct sheet *t = ctx;
    t->after_return = false;
    t->has_text |= length > 0;
    if (t->header_done)
        row_cell(t, bytes);
    else
        header_cell(t, bytes);
    t->cell++;
}

static void on_end(int terminator, void *ctx)
{
    struct sheet *t = ctx;
    if (terminator == '\n' && t->after_return) {
        t->after_return = false;
        return;
    }
    t->after_return = terminator == '\r';
    if (t->has_text && t->header_done)
        row_end(t);
    else if (t->has_text)
        header_end(t);
    else if (!t->header_done)
        t->column_count = 0;
    t->row++;
    t->cell = 0;
    t->has_text = false;
    t->site = site_blank;
}

/* ---- the file ------------------------------------------------------------------------------------------------- */

struct order {
    const struct site *site;
    size_t row;
};

static int by_version(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    int c = strcmp(a->site->id, b->site->id);
    if (!c)
        c = (a->site->valid_from_ms > b->site->valid_from_ms) - (a->site->valid_from_ms < b->site->valid_from_ms);
    return c ? c : (a->row > b->row) - (a->row < b->row);
}

/* A site may stand in a file with several versions, not with two that begin at the same moment. */
static void refuse_twins(const struct sheet *t)
{
    struct order *order = xcalloc(t->count, sizeof *order);
    for (size_t i = 0; i < t->count; i++)
        order[i] = (struct order){&t->sites[i], t->rows[i]};
    qsort(order, t->count, sizeof *order, by_version);
    for (size_t i = 1; i < t->count; i++) {
        const struct site *a = order[i - 1].site, *b = order[i].site;
        if (*a->id && strcmp(a->id, b->id) == 0 && a->valid_from_ms == b->valid_from_ms)
            faults_add(t->faults, "row %zu, column id: %s stands in row %zu already, with the same valid_from",
                       order[i].row, b->id, order[i - 1].row);
    }
    free(order);
}

static void read_rows(struct sheet *t, const char *text, size_t length)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL) != 0)
        abort(); /* it fails on a NULL pointer only */
    if (csv_parse(&parser, text, length, on_cell, on_end, t) != length)
        faults_add(t->faults,
                   "row %zu, cell %zu: a quotation mark in the middle of a cell (allowed: a cell quoted "
                   "whole, with \"\" for each mark in it); what follows was not read",
                   t->row, t->cell + 1);
    else if (csv_fini(&parser, on_cell, on_end, t) != 0)
        faults_add(t->faults, "row %zu, cell %zu: a quotation mark opens this cell and none closes it", t->row,
                   t->cell + 1);
    csv_free(&parser);
}

int site_csv_read(const char *text, size_t length, struct site **rows, size_t *count, struct faults *faults)
{
    struct sheet t = {.faults = faults, .row = 1, .site = site_blank};
    size_t before = faults->count, utf8_length = 0;
    char *utf8 = site_csv_utf8(text, length, &utf8_length, faults);
    if (utf8) {
        read_rows(&t, utf8, utf8_length);
        refuse_twins(&t);
        if (faults->count == before && !t.count)
            faults_add(faults, "the file holds no site: a header with the names of the columns, then one row for each");
    }
    free(utf8);
    free(t.rows);
    if (faults->count > before) {
        free(t.sites);
        return ERR_RANGE;
    }
    *rows = t.sites;
    *count = t.count;
    return 0;
}
