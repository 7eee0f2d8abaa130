/* store: what the fold remembers of one kind: items under a key, sorted by it, and a list of those that changed.  Pure.
 *
 * An item is the first member of the caller's struct.  Sorted arrays: found in O(log n), walked in the order of their
 * keys, the same on every machine.
 */
#ifndef QUIETAIR_STORE_H
#define QUIETAIR_STORE_H

#include <stdbool.h>
#include <stddef.h>

enum { ITEM_KEY = 96 };

struct item {
    char key[ITEM_KEY]; /* unique among all kinds: "device/nice-club/noise-1" */
    bool dirty;         /* stands in the list of changes */
    bool gone;          /* removed; freed once that is saved */
};

struct store {
    struct item **items; /* by key */
    size_t count, capacity;
};

struct changes { /* in the order in which they first changed */
    struct item **items;
    size_t count, capacity;
};

void *store_find(const struct store *, const char *key);
size_t store_from(const struct store *, const char *key); /* the place of the first key that is not less */
void store_add(struct store *, struct item *);            /* its key must not be in it */
void store_remove(struct store *, struct changes *, struct item *);
void store_touch(struct changes *, struct item *); /* it changed since the last save */

#endif
