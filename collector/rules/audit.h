/* audit: the weekly audits that were issued, each revision an entry and a retained message for each district.  Pure.
 *
 * The fold does not work an audit out: it keeps what was issued, in order, so that a week has revisions 1, 2, 3 …, no
 * two of the same content next to each other.
 */
#ifndef QUIETAIR_RULES_AUDIT_H
#define QUIETAIR_RULES_AUDIT_H

#include "collector/rules/store.h"
#include "common/buf.h"
#include "common/chain.h"

struct fold;
struct command;
struct pack;

struct audit_issued {
    struct item item; /* audit/WEEK */
    int revision;
    char sha256[HASH_HEX];
};

/* `audit issue` {week, revision, sha256, behind, summary, districts {district: summary}}; summaries are JSON objects as
 * text.  What is issued already is answered as it stands; a revision that is not the next is refused. */
bool audit_issue(struct fold *, const struct command *, struct buf *answer);

/* For save.c. */
struct item *audit_make(struct fold *, const char *key);
void audit_pack(struct fold *, struct pack *, struct item *);
void audit_free_item(struct item *);

#endif
