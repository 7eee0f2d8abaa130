#include "common/arena.h"
#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK = 16 * 1024, ALIGNMENT = 16 };

/* Blocks lie at multiples of their size, so that from a piece in one its head is found; all of an arena hang on its
 * first. */
struct block {
    struct block *first, *next; /* of the first: the newest */
    size_t used;
    _Alignas(ALIGNMENT) char bytes[];
};

static _Thread_local struct {
    bool begun;
    struct block *first, *filling;
} arena;

static struct block *add_block(size_t size)
{
    struct block *b = size == BLOCK ? or_end(aligned_alloc(BLOCK, BLOCK)) : xmalloc(size);
    b->used = 0;
    b->first = arena.first ? arena.first : b;
    b->next = arena.first ? arena.first->next : NULL;
    if (arena.first)
        arena.first->next = b;
    return b;
}

static void free_blocks(struct block *first)
{
    for (struct block *b = first; b;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_begin(void)
{
    arena.begun = true;
}

void arena_end(void)
{
    arena.begun = false;
    arena.first = arena.filling = NULL;
}

void arena_drop(void)
{
    free_blocks(arena.first);
    arena_end();
}

void arena_free(void *piece)
{
    struct block *b = (struct block *)((uintptr_t)piece & ~(uintptr_t)(BLOCK - 1));
    free_blocks(b->first);
}

void *arena_take(size_t size)
{
    if (!arena.begun)
        return xmalloc(size);
    if (!arena.filling)
        arena.first = arena.filling = add_block(BLOCK);
    if (size > ARENA_PIECE)
        return add_block(sizeof(struct block) + size)->bytes;
    size_t wanted = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (sizeof(struct block) + arena.filling->used + wanted > BLOCK)
        arena.filling = add_block(BLOCK);
    void *piece = arena.filling->bytes + arena.filling->used;
    arena.filling->used += wanted;
    return piece;
}

void arena_give(void *piece)
{
    if (!arena.begun)
        free(piece);
}
