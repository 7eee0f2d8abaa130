/* identity: who complained, kept outside the journal and the ledger, so that it can be erased.
 *
 * A file for each complaint, STATE_DIR/identities/ID.json (0640), with name and phone, under the complaint's id, which
 * tells nothing of either.  Only the collector writes and removes them, before it journals the request.
 */
#ifndef QUIETAIR_IDENTITY_H
#define QUIETAIR_IDENTITY_H

#include "common/buf.h"
#include "common/err.h"
#include "common/json.h"

/* A request of verb `complaint add`: what is to be journalled instead of it goes to *journalled, name and phone to
 * their file.  ERR_SYNTAX: a request without an object of args; ERR_IO: they could not be kept, and nothing may be
 * journalled. */
int identity_take(const char *state_dir, const struct json *request, struct buf *journalled, struct fault *);
/* That of one complaint: removed for good; none there is fine.  ERR_RANGE: no id. */
int identity_erase(const char *state_dir, const char *complaint, struct fault *);
/* The same after `complaint add` was refused: nobody will ask for it. */
void identity_drop(const char *state_dir, const char *request_id);
/* As JSON, to be freed; NULL: none is kept, or it may not be read. */
char *identity_read(const char *state_dir, const char *complaint);

#endif
