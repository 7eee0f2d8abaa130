/* draw_list: what a draw is made from, as the body of its entry says it, and the draw itself.  Pure.
 *
 * The announcement commits to the canonical text, of which `list_sha256` is the SHA-256; each line ends with \n:
 *
 *   draw SITES OFFICERS           how many of each
 *   site ID WEIGHT                the candidates, by id
 *   officer NAME                  by the bytes of the name (UTF-8)
 *
 * Sites are drawn from the drum `site`, officers, each with weight 1, from the drum `officer` (lottery.h).
 */
#ifndef QUIETAIR_DRAW_LIST_H
#define QUIETAIR_DRAW_LIST_H

#include "collector/rules/lottery.h"
#include "common/buf.h"
#include "common/json.h"

struct draw_list {
    size_t sites_wanted, officers_wanted;
    struct lot *sites, *officers; /* names belong to the body */
    size_t site_count, officer_count;
};

/* Of `wanted`, `candidates` and `officer_list`; false: they are not those of a draw that can be made. */
bool draw_list_read(struct draw_list *, const struct json *body);
void draw_list_free(struct draw_list *);
struct hash draw_list_hash(const struct draw_list *);
/* `"sites":["…"],"officers":["…"]` in the order drawn. */
void draw_list_draw(const struct draw_list *, const struct hash *seed, struct buf *out);

/* Repeats a draw from the body of its entry alone.  "": all is as it says; else where it differs. */
void draw_list_verify(const struct json *body, struct buf *differs);

#endif
