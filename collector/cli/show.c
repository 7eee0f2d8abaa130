#include "collector/cli/show.h"
#include "common/civil.h"
#include "common/table.h"

#include <string.h>

enum { COLUMNS = 16 };

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool is_instant(int64_t n)
{
    return n >= 946684800000 && n < 4102444800000; /* the years 2000 to 2099 */
}

static void put_scalar(struct buf *out, const struct json *value)
{
    const char *text;
    int64_t n;
    double x;
    if (json_text(value, &text)) {
        buf_text(out, text);
    } else if (json_int64(value, &n) && is_instant(n)) {
        char stamp[20];
        civil_stamp(n, stamp);
        buf_text(out, stamp);
    } else if (json_double(value, &x)) {
        buf_number(out, x);
    } else if (value && !json_is_null(value)) {
        json_print(value, out);
    } else {
        buf_text(out, "—");
    }
}

/* `a 3, b 5` of an object, `x, y` of a list. */
static void put_inline(struct buf *out, const struct json *value)
{
    const struct json *member;
    const char *key, *before = "";
    for (size_t i = 0; i < json_count(value); i++) {
        buf_text(out, before);
        put_scalar(out, json_at(value, i));
        before = ", ";
    }
    for (void *at = NULL; json_is_object(value) && (key = json_next(value, &at, &member));) {
        buf_print(out, "%s%s ", before, key);
        put_scalar(out, member);
        before = ", ";
    }
    if (!*before)
        buf_text(out, "—");
}

static bool has_objects(const struct json *value)
{
    const struct json *first = NULL;
    void *at = NULL;
    if (json_is_list(value))
        return json_is_object(json_at(value, 0));
    return json_is_object(value) && json_next(value, &at, &first) && json_is_object(first);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

struct columns {
    const char *keys[COLUMNS + 1]; /* ends with NULL */
    size_t count;
};

static void add_keys(struct columns *c, const struct json *object)
{
    const struct json *value;
    const char *key;
    for (void *at = NULL; (key = json_next(object, &at, &value));) {
        size_t i = 0;
        while (i < c->count && strcmp(c->keys[i], key) != 0)
            i++;
        if (i == c->count && c->count < COLUMNS)
            c->keys[c->count++] = key;
    }
}

static void put_cells(struct table *t, const struct columns *c, size_t first, const struct json *object)
{
    for (size_t i = first; i < c->count; i++) {
        struct buf cell = buf_growing();
        const struct json *value = json_member(object, c->keys[i]);
        if (json_is_list(value) && !has_objects(value))
            put_inline(&cell, value);
        else
            put_scalar(&cell, value);
        table_text(t, cell.data);
        buf_free(&cell);
    }
}

/* Rows with the keys of all objects as columns; of an object of objects, the name goes first. */
static void put_table(struct buf *out, const struct json *rows, bool colour)
{
    struct columns c = {0};
    const struct json *value;
    const char *key;
    bool named = !json_is_list(rows);
    if (named)
        c.keys[c.count++] = "";
    for (size_t i = 0; i < json_count(rows); i++)
        add_keys(&c, json_at(rows, i));
    for (void *at = NULL; named && json_next(rows, &at, &value);)
        add_keys(&c, value);
    struct table *t = table_new(c.keys);
    for (size_t i = 0; i < json_count(rows); i++)
        put_cells(t, &c, 0, json_at(rows, i));
    for (void *at = NULL; named && (key = json_next(rows, &at, &value));) {
        table_text(t, key);
        put_cells(t, &c, 1, value);
    }
    table_write(t, out, colour);
    table_free(t);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void show_object(const struct json *object, struct buf *out, bool colour)
{
    static const char *const headings[] = {"", "", NULL};
    const struct json *value;
    const char *key;
    struct table *t = table_new(headings);
    for (void *at = NULL; (key = json_next(object, &at, &value));) {
        if (has_objects(value))
            continue;
        struct buf cell = buf_growing();
        if (json_is_list(value) || json_is_object(value))
            put_inline(&cell, value);
        else
            put_scalar(&cell, value);
        table_text(t, key);
        table_text(t, cell.data);
        buf_free(&cell);
    }
    table_write(t, out, colour);
    table_free(t);
    for (void *at = NULL; (key = json_next(object, &at, &value));) {
        if (!has_objects(value))
            continue;
        buf_print(out, "\n%s\n", key);
        put_table(out, value, colour);
    }
}

void show_json(const struct json *root, struct buf *out, bool colour)
{
    if (json_is_list(root))
        put_table(out, root, colour);
    else if (json_is_object(root))
        show_object(root, out, colour);
}

int show_print(const struct cli *cli, struct buf *json)
{
    struct buf shown = buf_growing();
    struct json *root = cli->json ? NULL : json_open(json->data, json->length, NULL);
    if (cli->json)
        buf_print(&shown, "%s\n", json->data);
    else
        show_json(root, &shown, cli->colour);
    json_close(root);
    buf_free(json);
    return cli_print(&shown);
}
