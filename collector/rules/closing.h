/* closing: a site that is no more.  Pure.
 *
 * Verb `site close` {site, date, by, note}: a version of the register valid from 00:00 of the date, with `closed`; it
 * may lie in the past or in the future.  From then on the site's readings are not judged and no flag is raised; flags
 * that are raised end: cleared at the closing, withdrawn if they began after it.  Cases stay as they are: officers
 * close them.  What was judged before stays.  A site opens again by a row of the register with a valid_from after the
 * closing and without `closed`; a row without valid_from leaves it closed.
 *
 * Answer: {"site","closed","ended","withdrawn"}, flags so far.
 */
#ifndef QUIETAIR_RULES_CLOSING_H
#define QUIETAIR_RULES_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct command;
struct flag;
struct fold;

bool closing_command(struct fold *, const struct command *, struct buf *answer);

/* Ends a raised flag whose site is closed now.  False: it is not. */
bool closing_end(struct fold *, const struct flag *, int64_t now);

#endif
