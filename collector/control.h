/* control: the collector's control socket (Unix): one JSON request and one JSON answer per line; driven by the caller's loop.
 * Whoever may connect is decided by the socket's mode (0660, group of the state folder).
 */
#ifndef QUIETAIR_CONTROL_H
#define QUIETAIR_CONTROL_H

#include "common/err.h"
#include "common/json.h"

#include <poll.h>
#include <stdint.h>

enum { CONTROL_CLIENTS = 16, CONTROL_LINE_MAX = 16 * 1024 * 1024 };

struct control;

/* A whole line has come.  request is the line as text.  Answer now or later with control_answer and the ticket. */
typedef void control_request(void *ctx, uint64_t ticket, const struct json *request, const char *text, size_t length);

int control_open(struct control **, const char *path, control_request *, void *ctx, struct fault *);
void control_close(struct control *);
size_t control_poll(const struct control *, struct pollfd *, size_t room); /* what to wait for */
void control_step(struct control *);
uint64_t control_refused(const struct control *); /* lines that were no JSON object, or longer than CONTROL_LINE_MAX */
/* json: the answer's object; a newline is added.  A client that has gone is passed over. */
void control_answer(struct control *, uint64_t ticket, const char *json, size_t length);

#endif
