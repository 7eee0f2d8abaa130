/* issue: which weeks are audited by themselves, when again, and which revision an audit is.  Pure.
 *
 * The last ISSUE_WEEKS complete weeks are kept up to date; any other is issued on demand.  An audit is issued once its
 * week has ended `audit_after` ago.  It is issued again, as the next revision, when its content has changed: at once
 * when the last stream has caught up that was behind, else at most once in an hour.
 */
#ifndef QUIETAIR_ISSUE_H
#define QUIETAIR_ISSUE_H

#include "collector/audit/weekly.h"
#include "common/chain.h"

enum { ISSUE_WEEKS = 2, ISSUE_ID = 64 };

struct issued { /* the newest revision of a week's audit; 0: none */
    int revision;
    char sha256[HASH_HEX]; /* issue_digest of it */
    bool behind;           /* streams were behind then */
    int64_t at;
};

struct issue_check { /* what the last look at a week has shown; all 0: none yet */
    uint64_t seq;    /* the ledger stood here */
    int64_t at;      /* by the tick */
    int64_t took;    /* ms; 0 with clock = journal, where the work of a machine must not decide what is issued */
};

/* Name and span of the newest week that has ended `after` ms before now, or of the one `back` weeks before it. */
void issue_week(int64_t now, int64_t after, int back, struct weekly_settings *);

/* Is it time to look at a week anew?  behind: streams are behind now; seq: where the ledger stands.  Looking takes at
 * most a sixtieth of the time. */
bool issue_is_due(const struct issued *, const struct issue_check *last, bool behind, uint64_t seq, int64_t now);

/* SHA-256 of the whole audit but for its revision, as hex. */
void issue_digest(const struct weekly *, char out[static HASH_HEX]);

/* The same content is the same revision; another is the next. */
int issue_revision(const struct issued *, const char *digest);

/* The command `audit issue`: the id of the request, the same for the same audit, and its args. */
void issue_request_id(const struct weekly *, const char *digest, char out[static ISSUE_ID]);
void issue_request(struct buf *args, const struct weekly *, const char *digest);

#endif
