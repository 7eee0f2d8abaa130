/* ledger: what the fold has found, kept in a database: sites, windows, flags, cleanings, and what is still to be sent.
 *
 * The ledger is a fold of the collector's journal and can be made again from it.  One process writes (the collector),
 * through a struct sink, in transactions that end with the journal position they stand for; any number of processes
 * read.  Every reading function sees committed rows only, on a writer's ledger too.  The rows come back the way they
 * went in: through a struct sink, of which only the function for that kind of row is called.
 *
 * ledger.db in the state directory, 0640, with ledger.db-wal and -shm beside it.  One thread at a time uses a ledger.
 * Only collector/ledger speaks SQL.
 *
 * Errors: ERR_CORRUPT (set it aside and fold anew), ERR_FULL (no room on the disk), ERR_AGAIN (locked), ERR_IO;
 * ledger_error tells them in words.
 */
#ifndef QUIETAIR_LEDGER_H
#define QUIETAIR_LEDGER_H

#include "collector/rules/rule.h"
#include "common/chain.h"

#include <stdio.h>

enum { LEDGER_SCHEMA = 2 }; /* of the tables; raised when they change: the ledger is then folded anew */

struct ledger;
enum ledger_mode { LEDGER_WRITE, LEDGER_READ, LEDGER_SCRATCH };

/* LEDGER_WRITE creates it.  LEDGER_SCRATCH is the same for one that nobody else looks at until it is whole: its commits
 * do not wait for the disk.  ERR_MISSING: LEDGER_READ and there is none; ERR_RANGE: of another schema; ERR_AGAIN:
 * another process writes; ERR_CORRUPT, ERR_IO. */
int ledger_open(struct ledger **, const char *state_dir, enum ledger_mode, struct fault *);
void ledger_close(struct ledger *);              /* what is not committed is rolled back; NULL is fine */
const char *ledger_error(const struct ledger *); /* why the last function failed, "" */

/* Makes a closed LEDGER_SCRATCH durable.  ERR_IO. */
int ledger_sync(const char *state_dir, struct fault *);

/* A copy of the ledger as it is committed now, in another folder where there is none: whole, of one file, durable, made
 * through a connection that cannot write.  The writer may go on meanwhile.  ERR_MISSING: there is none; ERR_*. */
int ledger_copy(const char *state_dir, const char *to_dir, struct fault *);

/* Moves ledger.db out of the way, to ledger.db.aside-<now_ms>.  Nobody may have it open.  None there: 0. */
int ledger_set_aside(const char *state_dir, int64_t now_ms, struct fault *);

/* ---- writing (LEDGER_WRITE) ----------------------------------------------------------------------------------- */

/* Rows given to the sink belong to one transaction, begun with the first of them.  Errors show at ledger_commit. */
const struct sink *ledger_sink(struct ledger *);

/* Ends the transaction: the rows and the position they stand for become durable together.  On an error nothing of it is
 * kept, and what was folded since the last commit must be folded again from there. */
int ledger_commit(struct ledger *, uint64_t seq, const struct hash *head, int fold_version);
void ledger_rollback(struct ledger *);

/* Where the last commit stands: journal seq, h(seq), and the version of the fold.  False: nothing was committed yet. */
bool ledger_position(struct ledger *, uint64_t *seq, struct hash *head, int *fold_version);

/* The fold's memory as of the last commit, piece by piece; ends early when `piece` returns non-zero, and returns that.
 */
int ledger_restore(struct ledger *, int (*piece)(void *ctx, const char *key, const void *bytes, size_t length),
                   void *ctx);

/* ---- to be sent ------------------------------------------------------------------------------------------------ */

enum outbox { OUTBOX_ALERT, OUTBOX_LINE };

struct outbox_row {      /* texts live until the next call on the same ledger */
    int64_t id;          /* 1, 2, 3 … per outbox, never used again */
    const char *topic;   /* alerts: below the root */
    const char *payload; /* alerts: NULL empties the topic */
    const char *line;    /* lines */
    int64_t at_ms;       /* alerts: when it became true */
};

/* The oldest row with an id above after_id.  1: there is one; 0: none; ERR_*. */
int ledger_outbox_next(struct ledger *, enum outbox, int64_t after_id, struct outbox_row *);
int64_t ledger_outbox_last(struct ledger *, enum outbox); /* the newest id ever given; 0 none */
/* Drops the rows with ids up to upto_id (LEDGER_WRITE): at once, or with the transaction that is open. */
int ledger_outbox_forget(struct ledger *, enum outbox, int64_t upto_id);

/* Every topic that should be retained by the broker, with its newest payload, ordered by topic: the first after
 * after_topic ("" to begin).  1, 0 or ERR_* as above; id is 0. */
int ledger_retained_next(struct ledger *, const char *after_topic, struct outbox_row *);

/* The committed answer to a command, appended to *json.  False: none (yet). */
bool ledger_answer(struct ledger *, const char *request, struct buf *json);

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* From here on this ledger reads what is committed now, so that several questions are answered from one moment. */
int ledger_freeze(struct ledger *);

/* Each of these calls one function of the sink for every row, in the order given, and returns 0 or ERR_*.  The function
 * may ask further questions of the ledger, other than the one it answers.  Texts live until it returns.
 * NULL for a site means all sites.  [from, until) in ms; a row is in it when it overlaps it. */
int ledger_sites(struct ledger *, int64_t at_ms, const struct sink *); /* the version valid then, or the first; by id */
int ledger_site_versions(struct ledger *, const char *site, const struct sink *); /* by id and valid_from */
int ledger_devices(struct ledger *, const char *site, const struct sink *);       /* by site and device */
int ledger_gateways(struct ledger *, const struct sink *);                        /* by id */
int ledger_cleanings(struct ledger *, const char *site, const struct sink *);     /* by site and date */
int ledger_usage(struct ledger *, const char *site, int64_t from, int64_t until, const struct sink *);
int ledger_missing(struct ledger *, const char *site, int64_t from, int64_t until, const struct sink *);
/* The newest rev of each flag, by since and id. */
int ledger_flags(struct ledger *, int64_t from, int64_t until, const struct sink *);
int ledger_cases(struct ledger *, const char *site, const struct sink *); /* newest rev; by site, since and id */
/* Every revision of every case made in [from, until), by time. */
int ledger_case_events(struct ledger *, int64_t from, int64_t until, const struct sink *);
/* The newest rev of each entry of this kind that speaks of [from, until), by `at` and id. */
int ledger_entries(struct ledger *, const char *kind, const char *site, int64_t from, int64_t until,
                   const struct sink *);
/* Windows of one device, by start; none is longer than a day. */
int ledger_windows(struct ledger *, const char *site, const char *device, const char *rule, int64_t from, int64_t until,
                   const struct sink *);
/* Start of the first window ever of one device under one rule: 1 and *from, or 0: none. */
int ledger_first_window(struct ledger *, const char *site, const char *device, const char *rule, int64_t *from);

/* Begin of the oldest case that is not closed: 1, *since and its id; or 0: none is open. */
int ledger_oldest_case(struct ledger *, int64_t *since, char id[static 17]);

/* Does the engine find all pages and indices in order?  Reads all of it.  ERR_CORRUPT. */
int ledger_check(struct ledger *, struct fault *);

/* The whole ledger as JSON lines {"table":…, columns…}, sorted by table and key: equal ledgers, equal bytes.  Without
 * what serves delivery and restart only (outboxes, retained topics, answers, position, state). */
int ledger_dump(struct ledger *, FILE *);

#endif
