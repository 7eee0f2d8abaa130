#include "tests/bench/bare.h"

#include <jansson.h>
#include <stdlib.h>

static json_malloc_t take;
static json_free_t give;

void bare_begin(void)
{
    json_get_alloc_funcs(&take, &give);
    json_set_alloc_funcs(malloc, free);
}

void bare_parse(const char *json, size_t length)
{
    json_t *root = json_loadb(json, length, 0, NULL);
    if (!root)
        abort();
    json_decref(root);
}

void bare_end(void)
{
    json_set_alloc_funcs(take, give);
}
