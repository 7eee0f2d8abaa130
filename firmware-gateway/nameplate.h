/* nameplate: what meters say they are (serial, model, firmware), for the `hello`.  Safe between threads: the workers
 * put, the journal and the uplink read.
 */
#ifndef QUIETAIR_NAMEPLATE_H
#define QUIETAIR_NAMEPLATE_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct nameplates;

struct nameplates *nameplates_new(size_t device_count);
void nameplates_free(struct nameplates *);

/* name: one of profile_text_names.  text: at most DECODE_STRING_SIZE with its NUL; copied. */
void nameplates_put(struct nameplates *, size_t device, const char *name, const char *text);

/* What one device said, for another: it is the same one, listed elsewhere. */
void nameplates_copy(struct nameplates *to, size_t device, struct nameplates *from, size_t as);

/* A device of which something is new since this was last asked about it.  False: none. */
bool nameplates_take_changed(struct nameplates *, size_t *device);

/* `,"serial":"…","model":"…"`: what is known.  `serial` stands in for that of a meter that has not said its own. */
void nameplates_print(struct nameplates *, size_t device, const char *serial, struct buf *);

#endif
