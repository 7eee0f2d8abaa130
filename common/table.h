/* table: cells as aligned columns of text, Chinese included.  Pure.
 *
 * A character of East Asian Width W or F (Unicode Standard Annex 11) takes two columns, a combining one none.  Control
 * characters and bytes that are not UTF-8 are shown as `?`: what a gateway sent must not steer a terminal.
 */
#ifndef QUIETAIR_TABLE_H
#define QUIETAIR_TABLE_H

#include "common/buf.h"

struct table;

/* Headings, ended by NULL, kept by the caller.  One that begins with `>` (not shown) is of a column aligned to the right.
 * All empty: the table has no line of headings. */
struct table *table_new(const char *const *headings);
void table_free(struct table *);

/* The next cell, row by row. */
void table_text(struct table *, const char *text);
void table_print(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_number(struct table *, double, int decimals); /* NAN: a dash */
void table_alarm(struct table *);                        /* the cell just given is bad news: red */

size_t table_rows(const struct table *);

/* With `colour` headings are bold and alarms red (ECMA-48 SGR). */
void table_write(const struct table *, struct buf *, bool colour);

/* Columns that a UTF-8 text takes. */
size_t table_width(const char *text);

#endif
