/* draw: which sites are inspected by which officers, drawn at random (双随机).  Pure.
 *
 * Verb `draw` {sites, officers, kinds?, grids?, district?, weighted?, officer_list?}: announces a draw at once, as an
 * entry of kind `draw` (rev 1, `announced`) with all candidates and the SHA-256 of their list.  Its seed does not exist
 * yet: it is the head of the journal's chain at the next tick, which hangs on every record up to then.  At that tick it
 * is drawn (draw_list.h): rev 2, `drawn`, with seed, tick, sites and officers.  Both are retained under
 * DISTRICT or -/draw/ID, for [rules] lookback after the draw.
 *
 * Candidates are the sites of the register as it stands, filtered; officers those given, else the officers of the
 * register's sites in that district.  Weighted: 1 and one for each flag that is raised for the site.
 * Answer: {"id","state","candidates","officers","list_sha256"}; the same request again gets the same and draws nothing.
 */
#ifndef QUIETAIR_DRAW_H
#define QUIETAIR_DRAW_H

#include "collector/rules/pack.h"
#include "collector/rules/store.h"
#include "common/chain.h"

struct command;
struct fold;

struct draw {
    struct item item; /* draw/ID */
    char *body;       /* members of the announcement, without id, rev and state; "" once drawn */
    char *actor, *topic, *answer;
    int64_t at;        /* announced */
    int64_t forget_ms; /* 0: not drawn yet */
};

bool draw_command(struct fold *, const struct command *, struct buf *answer);
void draw_tick(struct fold *, int64_t now, const struct hash *chain); /* chain NULL: not known; the next tick draws */

struct item *draw_make(struct fold *, const char *key);
void draw_pack(struct fold *, struct pack *, struct item *);
void draw_free(struct item *);

#endif
