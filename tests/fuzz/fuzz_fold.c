/* All that a street can tell a collector, as lines (world.h), and then a quiet day.  What leaves a fold that was
 * restored on the way is what leaves the one that was not. */
#include "tests/fuzz/world.h"

enum { LINES = 64 };

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
    size_t lines = count_lines(data, size), restore_at = lines ? size % lines : 0, length;
    struct world *w = world_new(NULL);
    struct feed f = {data, size};
    const char *line;
    for (size_t i = 0; i < LINES && (line = feed_line(&f, &length)); i++) {
        if (i == restore_at)
            world_twin(w);
        world_line(w, line, length);
    }
    if (!lines)
        world_twin(w);
    world_line(w, "T 86400", 7);
    compare(&w->log, &w->twin_log);
    world_free(w);
    return 0;
}
