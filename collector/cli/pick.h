/* pick: bodies of the ledger (cases, entries) as the objects of a JSON list: whole, or some of their members, as the
 * columns of a table. */
#ifndef QUIETAIR_CLI_PICK_H
#define QUIETAIR_CLI_PICK_H

#include "collector/cli/cli.h"

struct picked { /* ctx of the functions below */
    struct buf *out;
    const char *const *keys; /* ends with NULL; NULL: whole */
    size_t count;            /* so far: a comma goes before all but the first */
};

void pick_body(struct picked *, const char *body);
void pick_entry(void *ctx, const struct entry_row *);

extern const struct cli_option pick_of_site[]; /* --site, for lists */

/* The newest revisions of the entries of one kind, by time; the exit status. */
int pick_entries(const struct cli *, const char *kind, const char *site, const char *const *keys);

#endif
