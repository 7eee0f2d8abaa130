/* book: a workbook of tables (XLSX), the same bytes for the same contents.  The only place that knows xlsxwriter.h.
 *
 * Each sheet has one line of headings, frozen and repeated on every printed page, and is filled row by row, cell by
 * cell. Text is written as text: nothing in it is ever run as a formula.  The library needs room for temporary files
 * (TMPDIR, else /tmp).
 */
#ifndef QUIETAIR_BOOK_H
#define QUIETAIR_BOOK_H

#include "common/buf.h"

struct book;

struct book_column {
    const char *heading;
    double width; /* in characters of the usual font; a Chinese one takes two */
};

struct book *book_new(const char *title, int64_t created_ms); /* NULL: no room for temporary files */
/* The file's bytes, and the book is gone.  False: it could not be written. */
bool book_close(struct book *, struct buf *out);

/* The next sheet; a column without heading ends the list. */
void book_sheet(struct book *, const char *name, const struct book_column *columns);
void book_row(struct book *); /* the next row; a sheet begins with its first */

/* The next cell of the row. */
void book_text(struct book *, const char *text);
void book_number(struct book *, double);        /* NAN: empty */
void book_minutes(struct book *, int64_t ms);   /* a number with one decimal */
void book_percent(struct book *, double share); /* 0..1, NAN: empty */
void book_date(struct book *, int64_t ms);      /* civil; 0: empty */
void book_stamp(struct book *, int64_t ms);     /* with the time of day */

#endif
