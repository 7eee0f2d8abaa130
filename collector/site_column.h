/* site_column: the columns of the register as a table, private to site.c (JSON), site_cell.c and site_csv.c (the
 * clerk's file). */
#ifndef QUIETAIR_SITE_COLUMN_H
#define QUIETAIR_SITE_COLUMN_H

#include "collector/site.h"

/* The member at `offset` is a … */
enum column_kind {
    COLUMN_ID,       /* char[ID_SIZE] */
    COLUMN_TEXT,     /* char[size], UTF-8 */
    COLUMN_HOURS,    /* char[size], opening hours */
    COLUMN_DEVICE,   /* char[size], site/device */
    COLUMN_CHOICE,   /* int, index into choices */
    COLUMN_NUMBER,   /* double, min..max, NAN: not given */
    COLUMN_CLASS,    /* int, of noise_classes, NOT_GIVEN */
    COLUMN_CLOCK,    /* int, minutes after midnight, NOT_GIVEN */
    COLUMN_TIME,     /* int64_t ms, 0: not given */
    COLUMN_PURIFIER, /* purifier and purifier_installed_ms */
    COLUMN_GATEWAYS  /* gateway_count and gateways */
};

struct site_column {
    const char *name; /* in the header of the file and as a JSON key; NULL ends the table */
    enum column_kind kind;
    size_t offset, size;
    double min, max;
    const char *const *choices;
    bool mandatory;
};

extern const struct site_column site_columns[];
extern const struct site site_blank; /* nothing given */

/* The text of one cell, not empty, into its member(s).  False: not allowed; what is allowed, in words. */
bool site_cell_read(const struct site_column *, const char *cell, struct site *);
bool site_clock_read(const char *text, int *minutes); /* 22:00, 9:30, or with :00 behind as a spreadsheet saves it */
void site_cell_allowed(struct buf *, const struct site_column *);

#endif
