/* retention: when the oldest segment of the collector's journal may be deleted.  Pure.
 *
 * It must when the journal is larger than max_bytes, or the segment's newest record older than max_age; it may not
 *
 *   - before min_age, which is the law's: raw records of monitoring are kept for at least five years where nothing else
 *     is set (Regulations on Ecological Environment Monitoring, State Council Decree 820, in force 2026-01-01, art.
 * 26);
 *   - before the rules have passed it: the ledger stands behind it, committed;
 *   - while a case is open that began less than a day after it, or before: what it rests on can be judged again.
 *
 * A clock that runs ahead would make evidence old.  What goes by the clock therefore waits until it has been due for a
 * whole day of the machine's own time.
 */
#ifndef QUIETAIR_RETENTION_H
#define QUIETAIR_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#define RETENTION_MIN_AGE  "1827d" /* five years with two leap days */
#define RETENTION_LEGAL_MS (1827 * INT64_C(86400000))

struct retention_rule { /* [journal] */
    int64_t max_bytes;  /* 0: no limit */
    int64_t max_age_ms, min_age_ms;
};

struct retention_view {
    uint64_t last;    /* the newest record of the oldest segment, */
    int64_t until_ms; /* and about when it came; 0: not known */
    int64_t bytes;    /* of the journal */
    int64_t now_ms;
    uint64_t rules_at;     /* where the committed ledger stands */
    int64_t case_since_ms; /* begin of the oldest open case; 0: none */
};

enum retention {
    RETENTION_KEEPS, /* within its limits */
    RETENTION_WAITS, /* due by the clock: will go */
    RETENTION_GOES,
    RETENTION_LAW, /* due, and held: by min_age, */
    RETENTION_RULES,
    RETENTION_CASE,
    RETENTION_BACKUP /* by somebody who reads (hold.h; not judged here) */
};
extern const char *const retention_words[]; /* for the status; "" where nothing holds it */

/* since_ms: since when (machine's time, ms; 0: not) a segment has been due by the clock; kept between calls. */
enum retention retention_judge(const struct retention_rule *, const struct retention_view *, int64_t mono_ms,
                               int64_t *since_ms);

#endif
