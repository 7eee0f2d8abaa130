/* case_tell: one revision of a case: its row and its payload.  Pure.
 *
 * Payload: id, rev, family, site, name, district, grid, officer, state (open closed lapsed), phase (dismissed proposed
 * confirmed served over ended), step (the highest confirmed), proposed, awaits (in words), wording (the papers' names
 * by step), event, actor, note (of this revision), since, count, incidents (the newest 50, {from, until, band, flags,
 * worst}), confirmed, served (by step, ms), deadlines ({what, due, basis, state}), grade (evidence: there is a reviewed
 * item; else lead), evidence (their ids), missing (for the penalty, in words), officers ({step, did, name, at}).
 */
#ifndef QUIETAIR_RULES_CASE_TELL_H
#define QUIETAIR_RULES_CASE_TELL_H

struct casefile;
struct fold;

void case_tell(struct fold *, struct casefile *, const char *event, const char *actor, const char *note);
/* Its topic is emptied: nothing of it is retained any more. */
void case_untell(struct fold *, const struct casefile *);
/* Where it is retained now: the site may have moved to another grid.  To be freed. */
char *case_topic(const struct fold *, const struct casefile *);

#endif
