/* late: a version of the register that begins before what was judged already.  Pure.
 *
 * Due dates (cleaning, installation) are reckoned anew at once, and flags for them end as cleared or withdrawn.  Closed
 * windows are not remembered, so what the meters said is not judged a second time: the version holds for readings after
 * `judged_until`.  That is never silent: the answer says so, and the ledger keeps an entry `register`, state `late`.
 * `quietair replay --register now` judges the period again by what is known now and shows what differs.
 */
#ifndef QUIETAIR_RULES_LATE_H
#define QUIETAIR_RULES_LATE_H

struct buf;
struct command;
struct fold;
struct place;
struct site;

/* Before this version is put: does it change how readings that were judged should have been?  Then {"site",
 * "valid_from","judged_until"} is added to the list, and the entry leaves. */
void late_note(struct fold *, const struct command *, const struct place *, const struct site *version,
               struct buf *list);

#endif
