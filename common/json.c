#include "common/json.h"
#include "common/arena.h"
#include "common/buf.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#undef json_is_object /* macros there, functions of ours */
#undef json_is_null

/* struct json is never defined: a node is jansson's own, seen through a pointer of our name. */
static json_t *raw(const struct json *node)
{
    return (json_t *)(uintptr_t)node;
}

static int depth_of(const char *text, size_t length)
{
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

static void use_arenas(void)
{
    json_set_alloc_funcs(arena_take, arena_give);
}

struct json *json_open(const char *text, size_t length, struct fault *f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    json_error_t error;
    if (depth_of(text, length) > JSON_DEPTH) {
        fault(f, ERR_SYNTAX, "nested deeper than %d", JSON_DEPTH);
        return NULL;
    }
    pthread_once(&once, use_arenas);
    arena_begin();
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (root) {
        arena_end();
    } else {
        arena_drop();
        fault(f, ERR_SYNTAX, "byte %d: %s", error.position, error.text);
    }
    return (struct json *)root;
}

void json_close(struct json *root)
{
    if (root)
        arena_free(root);
}

bool json_is_object(const struct json *node)
{
    return node && json_typeof(raw(node)) == JSON_OBJECT;
}

bool json_is_list(const struct json *node)
{
    return node && json_typeof(raw(node)) == JSON_ARRAY;
}

bool json_is_null(const struct json *node)
{
    return node && json_typeof(raw(node)) == JSON_NULL;
}

const struct json *json_member(const struct json *object, const char *key)
{
    return (const struct json *)json_object_get(raw(object), key);
}

size_t json_count(const struct json *list)
{
    return json_array_size(raw(list));
}

const struct json *json_at(const struct json *list, size_t i)
{
    return (const struct json *)json_array_get(raw(list), i);
}

bool json_text(const struct json *node, const char **out)
{
    if (!node || json_typeof(raw(node)) != JSON_STRING)
        return false;
    *out = json_string_value(raw(node));
    return true;
}

bool json_int64(const struct json *node, int64_t *out)
{
    if (!node || json_typeof(raw(node)) != JSON_INTEGER)
        return false;
    *out = json_integer_value(raw(node));
    return true;
}

bool json_double(const struct json *node, double *out)
{
    if (!node || (json_typeof(raw(node)) != JSON_INTEGER && json_typeof(raw(node)) != JSON_REAL))
        return false;
    *out = json_number_value(raw(node));
    return true;
}

bool json_bool(const struct json *node, bool *out)
{
    if (!node || (json_typeof(raw(node)) != JSON_TRUE && json_typeof(raw(node)) != JSON_FALSE))
        return false;
    *out = json_typeof(raw(node)) == JSON_TRUE;
    return true;
}

const char *json_next(const struct json *object, void **at, const struct json **value)
{
    *at = *at ? json_object_iter_next(raw(object), *at) : json_object_iter(raw(object));
    if (!*at)
        return NULL;
    *value = (const struct json *)json_object_iter_value(*at);
    return json_object_iter_key(*at);
}

static int into_buf(const char *bytes, size_t length, void *to)
{
    buf_bytes(to, bytes, length);
    return 0;
}

static void print_object(const struct json *object, struct buf *out)
{
    const struct json *value;
    void *at = NULL;
    char before = '{';
    for (const char *key; (key = json_next(object, &at, &value)); before = ',') {
        buf_char(out, before);
        buf_json(out, key);
        buf_char(out, ':');
        json_print(value, out);
    }
    buf_text(out, before == '{' ? "{}" : "}");
}

static void print_list(const struct json *list, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < json_count(list); i++) {
        buf_text(out, i ? "," : "");
        json_print(json_at(list, i), out);
    }
    buf_char(out, ']');
}

void json_print(const struct json *node, struct buf *out)
{
    if (json_is_object(node))
        print_object(node, out);
    else if (json_is_list(node))
        print_list(node, out);
    else if (node && json_typeof(raw(node)) == JSON_REAL)
        buf_number(out, json_real_value(raw(node)));
    else
        json_dump_callback(raw(node), into_buf, out, JSON_ENCODE_ANY);
}
