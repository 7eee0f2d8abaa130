/* json: strict JSON in, as a read-only tree.  The only place that knows jansson.
 *
 * Refused: duplicate keys, trailing bytes, NaN and infinities, broken UTF-8, NUL in strings, nesting deeper than
 * JSON_DEPTH, anything after the value.  A number may be any real; whether it was written as an integer is kept.
 * Writing is done with buf.h (a library would print 67.3 as 67.299999999999997).
 */
#ifndef QUIETAIR_JSON_H
#define QUIETAIR_JSON_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSON_DEPTH = 12 };

struct json; /* a node; valid until json_close of its root */

struct json *json_open(const char *text, size_t length, struct fault *); /* NULL: *fault says where and what */
void json_close(struct json *root);                                      /* NULL is fine */

bool json_is_object(const struct json *);
bool json_is_list(const struct json *);
const struct json *json_member(const struct json *object, const char *key); /* NULL: absent, or not an object */
size_t json_count(const struct json *list);                                 /* 0 if it is no list */
const struct json *json_at(const struct json *list, size_t);

/* Scalars: false, and *out untouched, when the node is NULL or of another kind. */
bool json_text(const struct json *, const char **out); /* the text belongs to the tree */
bool json_int64(const struct json *, int64_t *out);    /* written as an integer */
bool json_double(const struct json *, double *out);    /* any number */
bool json_bool(const struct json *, bool *out);
bool json_is_null(const struct json *);

/* Members of an object in the order in which they stand: start with *at = NULL; NULL ends. */
const char *json_next(const struct json *object, void **at, const struct json **value);

/* Compact text of a node, keys in order, numbers as buf_number has them: what json_open takes as the same again.  NULL:
 * nothing. */
struct buf;
void json_print(const struct json *, struct buf *);

#endif
