/* register: the versions of all sites, as the clerk imports them.  Pure.
 *
 * Verb `site import` {csv}: an upsert, all or nothing (site.h).  A row that says what is already known changes nothing;
 * a row with valid_from makes the version of that moment, or replaces it; one without makes a version valid from now,
 * and leaves a site closed that is (closing.h).
 * Answer: {"added","changed","unchanged","rows",and where there are any
 * "late":[{"site","valid_from","judged_until"}] (late.h)}.
 */
#ifndef QUIETAIR_REGISTER_H
#define QUIETAIR_REGISTER_H

#include <stdbool.h>

struct buf;
struct command;
struct fold;

struct place;
struct site;
/* A version more, or another of the same moment, told. */
void register_put(struct fold *, struct place *, const struct site *);

bool register_import(struct fold *, const struct command *, struct buf *answer);

#endif
