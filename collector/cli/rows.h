/* rows: the ledger's rows as the objects of a JSON list, through struct sink. */
#ifndef QUIETAIR_CLI_ROWS_H
#define QUIETAIR_CLI_ROWS_H

#include "collector/rules/rule.h"
#include "common/buf.h"

struct rows { /* ctx of the functions below */
    struct buf *out;
    size_t count; /* written so far: a comma goes before all but the first */
    bool brief;   /* for a table on a terminal: without what is long */
};

void rows_put_device(void *ctx, const struct device_row *);
void rows_put_cleaning(void *ctx, const struct cleaning_row *);

#endif
