/* backup: all that a collector keeps, copied while it runs or stands still, and put back on a bare machine.
 *
 *   DEST/manifest.json     what was copied when: place of journal and ledger, size and SHA-256 of every file
 *   DEST/manifest.sha256   of that one, as sha256sum writes it
 *   DEST/state/            ledger.db, journal/, and whatever else lay in the state folder (photos, identities, keys)
 *   DEST/config/           collector.ini, standards/, calendars/ as they stand now (what is in force is in the journal)
 *
 * The order makes it consistent: cursors before what they point into, the ledger before the journal it is folded from,
 * photos after the entries that name them.  So no cursor stands past the ledger, and the ledger not past the journal;
 * both are looked at again in the copy.  The collector's files are only read.
 */
#ifndef QUIETAIR_BACKUP_H
#define QUIETAIR_BACKUP_H

#include "collector/settings.h"
#include "common/chain.h"

struct backup_summary {
    char version[32], name[64]; /* of the program and of the collector that it is of */
    int64_t made_ms;
    uint64_t ledger_seq, journal_first, journal_last; /* the ledger stands at 0: nothing committed */
    struct hash ledger_head, journal_head;            /* h of ledger_seq and journal_last */
    int fold_version;                                 /* of the ledger */
    size_t files;
    int64_t bytes;
    char damage[480]; /* "" or what is damaged in the journal or the ledger itself: it was copied as it is */
};

struct backup_view {                                                          /* who looks on; NULL: nobody */
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t all); /* all 0: not known */
    void *ctx;
};

/* Makes DEST, which must not exist: under another name until it is whole and durable.  ERR_DENIED: it exists;
 * ERR_MISSING: there is no ledger to copy; ERR_CORRUPT: the ledger is not one of this journal; ERR_FULL, ERR_IO. */
int backup_make(const struct collector_settings *, const char *dest, const struct backup_view *,
                struct backup_summary *, struct fault *);

/* Reads all of it: is every file there as it was written, and no other?  ERR_CORRUPT names the first that is not. */
int backup_check(const char *src, const struct backup_view *, struct backup_summary *, struct fault *);

/* The same, and then its state/ becomes state_dir, which must be empty or missing (ERR_DENIED); an unfinished restore
 * there is begun anew. */
int backup_restore(const char *src, const char *state_dir, const struct backup_view *, struct backup_summary *,
                   struct fault *);

/* Does an unfinished restore stand there?  Then there is no state to start with. */
bool backup_unfinished(const char *state_dir);

#endif
