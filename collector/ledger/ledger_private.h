/* ledger_private: what the files of collector/ledger share. */
#ifndef QUIETAIR_LEDGER_PRIVATE_H
#define QUIETAIR_LEDGER_PRIVATE_H

#include "collector/ledger/ledger.h"
#include "collector/ledger/sql.h"

enum write_statement {
    WRITE_SITE,
    WRITE_DEVICE,
    WRITE_GATEWAY,
    WRITE_WINDOW,
    WRITE_NOISE_DAY,
    WRITE_USAGE,
    WRITE_MISSING,
    WRITE_FLAG,
    WRITE_CLEANING,
    WRITE_CASE,
    WRITE_ENTRY,
    WRITE_ALERT,
    WRITE_RETAINED,
    WRITE_UNRETAINED,
    WRITE_LINE,
    WRITE_ANSWER,
    WRITE_STATE,
    WRITE_STATE_GONE,
    WRITE_POSITION,
    WRITE_ALERTS_GONE,
    WRITE_LINES_GONE,
    WRITE_BEGIN,
    WRITE_COMMIT,
    WRITE_STATEMENTS
};

enum read_statement {
    READ_POSITION,
    READ_STATES,
    READ_ANSWER,
    READ_ALERT,
    READ_LINE,
    READ_RETAINED,
    READ_SITES,
    READ_VERSIONS,
    READ_SITE_VERSIONS,
    READ_DEVICES,
    READ_SITE_DEVICES,
    READ_GATEWAYS,
    READ_CLEANINGS,
    READ_SITE_CLEANINGS,
    READ_USAGE,
    READ_SITE_USAGE,
    READ_MISSING,
    READ_SITE_MISSING,
    READ_FLAGS,
    READ_WINDOWS,
    READ_FIRST_WINDOW,
    READ_CASES,
    READ_SITE_CASES,
    READ_CASE_EVENTS,
    READ_ENTRIES,
    READ_SITE_ENTRIES,
    READ_OLDEST_CASE,
    READ_CHECK,
    READ_BEGIN,
    READ_ALL_CASES,
    READ_ALL_CLEANINGS,
    READ_ALL_DEVICES,
    READ_ALL_ENTRIES,
    READ_ALL_FLAGS,
    READ_ALL_GATEWAYS,
    READ_ALL_MISSING,
    READ_ALL_NOISE_DAYS,
    READ_ALL_SITES,
    READ_ALL_USAGE_DAYS,
    READ_ALL_WINDOWS,
    READ_STATEMENTS
};

struct ledger_table { /* one that belongs into the dump */
    const char *name;
    enum read_statement all; /* reads all of it, in order of its key */
};

extern const char ledger_schema[];
extern const char *const ledger_write_texts[];
extern const char *const ledger_read_texts[];
extern const struct ledger_table ledger_tables[]; /* ends with a NULL name */

extern const struct sink ledger_writer; /* write.c; without ctx */

struct ledger {
    struct sql *writer; /* NULL: LEDGER_READ */
    struct sql *view;   /* a connection of its own, so that what is read is committed */
    struct sql_statement *write[WRITE_STATEMENTS];
    struct sql_statement *read[READ_STATEMENTS];
    struct sink sink;
    bool in_transaction;
    int64_t last_id[2];      /* by enum outbox: the newest id given, */
    int64_t committed_id[2]; /* and the newest that was committed */
    struct buf kept[2];      /* the texts of the last outbox_row */
    char error[256];
};

/* For write.c: the statement, with a transaction open. */
struct sql_statement *ledger_put(struct ledger *, enum write_statement);
/* For read.c: the statement, after errors of earlier readings were forgotten; then the outcome of this one. */
struct sql_statement *ledger_get(struct ledger *, enum read_statement);
int ledger_got(struct ledger *);

#endif
