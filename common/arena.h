/* arena: memory that a library takes piece by piece and that is given back all at once.
 *
 * Between arena_begin and arena_end the calling thread's pieces come from one arena, and arena_give keeps them; without
 * one they are the C library's.  Made for a parser whose tree is built in one call and never changed: to drop it costs
 * a few calls, not one for each node.
 */
#ifndef QUIETAIR_ARENA_H
#define QUIETAIR_ARENA_H

#include <stddef.h>

enum { ARENA_PIECE = 4096 }; /* what is larger is a block of its own, by which its arena cannot be found */

void arena_begin(void);       /* one at a time in a thread */
void arena_end(void);         /* the arena stays until it is freed; one from which nothing was taken is no more */
void arena_drop(void);        /* arena_end, and frees it */
void arena_free(void *piece); /* the whole arena that this piece, of at most ARENA_PIECE, was taken from */

/* As malloc and free; aborts when there is no memory. */
void *arena_take(size_t);
void arena_give(void *);

#endif
