/* audit: the audit of a week as a ledger has it now, with its digest and the revision that is due to it. */
#ifndef QUIETAIR_AUDIT_H
#define QUIETAIR_AUDIT_H

#include "collector/audit/issue.h"
#include "collector/ledger/ledger.h"
#include "common/conf.h"

#include <stdatomic.h>

struct audit {
    struct weekly_draft *draft;
    const struct weekly *week; /* belongs to the draft */
    struct issued issued;
    char sha256[HASH_HEX];
};

/* Freeze the ledger first where it is being written.  0, or as weekly_read; audit_free either way. */
int audit_read(struct audit *, struct ledger *, const struct weekly_settings *, const atomic_bool *stop);
void audit_free(struct audit *);

/* What was issued of a week before; none: revision 0. */
int audit_issued(struct ledger *, const struct weekly_settings *, struct issued *);
struct collector_settings;
/* When a cleaning counts as due and as overdue: section [rules] of collector.ini and the cleaning policy that it names;
 * and the wording of the second step.  *from must live as long. False: with faults.  Needs audit_rules_free either way.
 */
bool audit_rules(const struct collector_settings *, struct weekly_settings *, struct faults *);
void audit_rules_free(struct weekly_settings *);

#endif
