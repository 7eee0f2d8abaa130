/* sql: what the ledger asks of a database engine, private to collector/ledger.
 *
 * Values are given and taken in the order in which they stand in the statement.  The first error of a connection
 * sticks: what follows does nothing, and sql_error tells it, so that a whole transaction is written item by item and
 * checked once.  One thread at a time uses a connection.
 */
#ifndef QUIETAIR_LEDGER_SQL_H
#define QUIETAIR_LEDGER_SQL_H

#include "common/buf.h"
#include "common/err.h"

struct sql;
struct sql_statement;

enum sql_mode { SQL_WRITE, SQL_READ, SQL_SCRATCH };

/* SQL_WRITE creates the file (0640); so does SQL_SCRATCH, whose commits do not wait for the disk (sql_sync does).
 *  ERR_MISSING: SQL_READ and no file; ERR_CORRUPT: not a database of this engine. */
int sql_open(struct sql **, const char *path, enum sql_mode, struct fault *);
void sql_close(struct sql *); /* with its statements; NULL is fine */

int sql_sync(const char *path, struct fault *); /* the contents and the name of a file nobody has open: ERR_IO */

int sql_copy(const char *from, const char *to, struct fault *); /* as committed now; `to` must not exist; durable */

/* Makes the file's parts durable in its folder under another name: nobody may have it open. */
int sql_rename(const char *from, const char *to, struct fault *);

bool sql_is_empty(struct sql *);               /* no table at all */
int sql_run(struct sql *, const char *script); /* statements without values and rows */

int sql_error(const struct sql *);              /* 0 or the first error: ERR_CORRUPT ERR_FULL ERR_AGAIN ERR_IO */
const char *sql_error_text(const struct sql *); /* in the engine's words */
void sql_forgive(struct sql *);                 /* after a rollback: forget the error */
void sql_spoil(struct sql *, int code,
               const char *text); /* what was read is not what was written: the same stickiness */

/* Prepared once, kept until sql_close.  Never NULL: what cannot be prepared sticks as the connection's error. */
struct sql_statement *sql_prepare(struct sql *, const char *text);

void sql_put_text(struct sql_statement *, const char *); /* NULL is NULL */
void sql_put_int(struct sql_statement *, int64_t);
void sql_put_real(struct sql_statement *, double); /* NAN is NULL */
void sql_put_bytes(struct sql_statement *, const void *, size_t length);

void sql_do(struct sql_statement *);   /* runs it for its effect, ready for the next values */
bool sql_next(struct sql_statement *); /* the next row; false: no more (or an error), ready for the next values */
void sql_stop(struct sql_statement *); /* no more rows are wanted */

/* Of the present row; texts and bytes live until the next sql_next or sql_stop. */
const char *sql_get_text(struct sql_statement *); /* NULL reads "" */
int64_t sql_get_int(struct sql_statement *);
double sql_get_real(struct sql_statement *); /* NULL reads NAN */
const void *sql_get_bytes(struct sql_statement *, size_t *length);
bool sql_at_null(struct sql_statement *); /* is the value that comes next NULL? */

/* The present row as members of a JSON object, `"site":"nice-club","from_ms":17…`; columns named body, evidence and
 * photos are JSON themselves. */
void sql_put_row_json(struct sql_statement *, struct buf *);

#endif
