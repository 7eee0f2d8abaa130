/* cleaning: when a purifier is due to be cleaned; flags cleaning-due and cleaning-overdue.  Pure.
 *
 * For sites with a purifier and an interval (interval.h).  It runs from the newest cleaning of kind `clean` (the
 * register's last_cleaned, or an entry that was not contradicted, also while its verdict is pending), else from the
 * purifier's installation, else from the first import.
 *
 * cleaning-due is raised [rules] cleaning_due_before ahead of the due day (by hours of the fan: on that day, since
 * nobody knew before) and ends with the cleaning, or when cleaning-overdue begins: at 00:00 local of the day after due
 * day and grace.  The start of both is the due instant.  What ends them: entered in time, cleaned after the flag's
 * begin        cleared at the cleaning entered in time, cleaned before it                     withdrawn: it never was
 * due entered more than 3 days after the cleaning (`late`)   cleared at the entry, never withdrawn no interval any
 * more, or another one                   withdrawn When a cleaning is contradicted the interval runs from the one
 * before it again, and the flags come back: the same ids, their next revisions.
 *
 * No national rule sets an interval.  cleaning-overdue is statutory only where the policy's interval is confirmed, or,
 * for the register's own, the site's standard has a confirmed [duty cleaning-overdue].
 */
#ifndef QUIETAIR_RULES_CLEANING_H
#define QUIETAIR_RULES_CLEANING_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct command;
struct fold;
struct place;

#define CLEANING_LATE_MS (3LL * 24 * 3600 * 1000) /* an entry this long after the cleaning undoes nothing */

/* Verb `cleaning add`: site, cleaned_at (also: date), by; provider, kind, note, photos (a list of names of files that
 * the collector holds).  The answer is written either way; false: refused. */
bool cleaning_add(struct fold *, const struct command *, struct buf *answer);

void cleaning_changed(struct fold *, struct place *);                          /* its register or ledger changed */
void cleaning_day(struct fold *, struct place *, int64_t day, int64_t fan_ms); /* a day of its fan is complete */
void cleaning_tick(struct fold *, int64_t now);

#endif
