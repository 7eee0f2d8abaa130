#include "collector/rules/store.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

/* The place of the first key that is not less. */
static size_t lower_bound(const struct store *s, const char *key)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->items[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const struct store *s, size_t at, const char *key)
{
    return at < s->count && strcmp(s->items[at]->key, key) == 0;
}

void *store_find(const struct store *s, const char *key)
{
    size_t at = lower_bound(s, key);
    return holds(s, at, key) ? s->items[at] : NULL;
}

size_t store_from(const struct store *s, const char *key)
{
    return lower_bound(s, key);
}

void store_add(struct store *s, struct item *item)
{
    size_t at = lower_bound(s, item->key);
    assert(!holds(s, at, item->key));
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->items = xrealloc(s->items, s->capacity * sizeof(struct item *));
    }
    memmove(s->items + at + 1, s->items + at, (s->count - at) * sizeof(struct item *));
    s->items[at] = item;
    s->count++;
}

void store_remove(struct store *s, struct changes *changes, struct item *item)
{
    size_t at = lower_bound(s, item->key);
    assert(at < s->count && s->items[at] == item);
    s->count--;
    memmove(s->items + at, s->items + at + 1, (s->count - at) * sizeof(struct item *));
    item->gone = true;
    store_touch(changes, item);
}

void store_touch(struct changes *changes, struct item *item)
{
    if (item->dirty)
        return;
    item->dirty = true;
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity ? 2 * changes->capacity : 64;
        changes->items = xrealloc(changes->items, changes->capacity * sizeof(struct item *));
    }
    changes->items[changes->count++] = item;
}
