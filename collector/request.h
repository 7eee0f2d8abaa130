/* request: what the args of a request on the control socket may be, looked at before anything of it is journalled.  Pure.
 *
 * Each verb has its args, each of one type.  What is of another type, or is none of them, is refused with what is allowed:
 * to the rules a mistyped arg would read as one that was not given.  Whether values make sense the rules say
 * (docs/requests.md has both).
 */
#ifndef QUIETAIR_REQUEST_H
#define QUIETAIR_REQUEST_H

#include "common/err.h"
#include "common/json.h"

/* 0, also for verbs that are not known here; ERR_SYNTAX: an arg of another type; ERR_RANGE: one that this verb has not. */
int request_check(const char *verb, const struct json *args, struct fault *);

#endif
