/* html: pages that are printed: one file that needs no other, A4, in Chinese; tables whose headings are repeated on
 * every page, and bars as inline SVG.  Everything that is given as text is escaped.  Pure.
 */
#ifndef QUIETAIR_HTML_H
#define QUIETAIR_HTML_H

#include "common/buf.h"

void html_begin(struct buf *, const char *title);
void html_end(struct buf *);
/* The text with & < > " ' as entities; control characters are left out. */
void html_text(struct buf *, const char *text);
void html_heading(struct buf *, const char *text);
void html_paragraph(struct buf *, const char *text);

/* ---- tables ------------------------------------------------------------------------------------------------------ */

void html_table_begin(struct buf *, const char *const *headings); /* ended by NULL */
void html_table_end(struct buf *);
void html_row_begin(struct buf *);
void html_row_end(struct buf *);
void html_cell(struct buf *, const char *text);
void html_cell_number(struct buf *, double, int decimals); /* NAN: a dash */
void html_cell_percent(struct buf *, double share);        /* 0..1; NAN: a dash */
void html_cell_date(struct buf *, int64_t ms);             /* civil; 0: a dash */
void html_cell_stamp(struct buf *, int64_t ms);

/* ---- bars -------------------------------------------------------------------------------------------------------- */

enum { HTML_SERIES = 3 };

struct html_bar {
    const char *label;
    double values[HTML_SERIES]; /* NAN: no bar, a dash */
};

struct html_chart {
    const char *caption;
    const char *series[HTML_SERIES]; /* their names; NULL ends them */
    const char *unit;                /* stands behind each value */
    double most;                     /* what the longest possible bar stands for; 0: the greatest value */
    int decimals;
};

void html_bars(struct buf *, const struct html_chart *, const struct html_bar *, size_t count);

#endif
