/* All that a street can tell a collector, as lines (world.h), and then some quiet days.  What leaves the fold is the
 * same if it was saved and restored on the way. */
#include "tests/fuzz/world.h"

enum { LINES = 64 };

static struct world *live_through(const uint8_t *data, size_t size, size_t restore_at)
{
    struct world *w = world_new();
    struct feed f = {data, size};
    size_t length;
    const char *line;
    for (size_t i = 0; i < LINES && (line = feed_line(&f, &length)); i++) {
        if (i == restore_at)
            world_restore(w);
        world_line(w, line, length);
    }
    world_line(w, "T 600", 5);
    world_line(w, "T 86400", 7);
    return w;
}

static size_t count_lines(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t lines = 0, length;
    while (lines < LINES && feed_line(&f, &length))
        lines++;
    return lines;
}

static void compare(const struct buf *a, const struct buf *b)
{
    size_t same = 0;
    while (same < a->length && same < b->length && a->data[same] == b->data[same])
        same++;
    if (same < a->length || same < b->length)
        fprintf(stderr, "straight:\n%s\nrestored:\n%s\n", a->data + same, b->data + same);
    must(same == a->length && same == b->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t lines = count_lines(data, size);
    struct world *a = live_through(data, size, LINES), *b = live_through(data, size, lines ? size % lines : 0);
    compare(&a->log, &b->log);
    world_free(a);
    world_free(b);
    return 0;
}
