/* base: what intake knew at the record before the first that the journal still holds, once its beginning was deleted:
 * where the stream of each gateway stands, the devices they have named, which gateways sites list.
 *
 * STATE_DIR/journal/intake.base, written whole (file_replace) before the records that it stands for are deleted.  A
 * start takes it up and applies what the journal holds behind it.
 */
#ifndef QUIETAIR_BASE_H
#define QUIETAIR_BASE_H

#include "collector/intake.h"
#include "common/journal.h"

struct base {
    uint64_t seq;              /* the last record that it knows */
    struct hash head;          /* h(seq); zeros: it could not be told any more */
    uint64_t skipped, skip_to; /* records that the lines reader had skipped until then, and the last of them */
};

/* The intake is only read. */
int base_save(const char *state_dir, const struct base *, struct intake *, struct fault *);

/* 1: *base, and all that it knew is put into the intake, which is new; 0: there is none; ERR_CORRUPT: it is damaged, or
 * not of this journal, and the intake is to be thrown away; ERR_IO. */
int base_load(const char *state_dir, struct journal_reader *, uint64_t synced, struct base *, struct intake *,
              struct fault *);

#endif
