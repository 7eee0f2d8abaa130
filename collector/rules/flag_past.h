/* flag_past: flags that later data take back or speak of anew, raised or ended.  Pure.
 *
 * A flag is found under its subject until another of the same subject is raised, or until a day after its end.  Who may
 * have to withdraw it later keeps it as it ended.
 */
#ifndef QUIETAIR_FLAG_PAST_H
#define QUIETAIR_FLAG_PAST_H

#include "collector/rules/flag.h"
#include "collector/rules/pack.h"

struct flag_past { /* as it ended */
    enum flag_kind kind;
    char id[17];
    int rev;
    int64_t start, at;
    char *detail; /* on the heap */
};

/* The newest flag of this subject, as it ended at `at`; false: it has not. */
bool flag_ended(const struct fold *, const struct subject *, int64_t at, struct flag_past *);
void flag_past_pack(struct pack *, struct flag_past *);

/* The flag that began at `start` never was: withdrawn, as the next revision; why: JSON members, each with a comma
 * before.  past: as it ended, should a newer one have taken its place; NULL: not kept, then nothing happens. */
void flag_withdraw(struct fold *, const struct subject *, int64_t start, const struct flag_past *past, const char *why,
                   int64_t at);

/* If the newest flag of this subject rests on the window that began at `from`: in revisions to come its note says
 * `instead` where it said `note`; "": nothing. */
void flag_renote(struct fold *, const struct subject *, int64_t from, const char *note, const char *instead);

#endif
