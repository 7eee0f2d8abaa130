/* reach: a TCP connection to a host and a port, within a time, and given up at once when the bus is stopped.
 *
 * A name is looked up by a thread of its own (common/errand): a resolver that never answers holds nobody up.  A look-up
 * that is not done in time is not begun again but waited for the next time.  Addresses are tried in the resolver's order.
 */
#ifndef QUIETAIR_REACH_H
#define QUIETAIR_REACH_H

#include <stddef.h>
#include <stdint.h>

struct reach;

struct reach *reach_new(const char *host, const char *port); /* both must outlive it */
void reach_free(struct reach *);                             /* at once; NULL is fine */

/* A connected socket that does not block, with Nagle's algorithm off and closed on exec; or -1, with words in `why`.
 * `stop`: gives up as soon as it is readable; -1: none. */
int reach_open(struct reach *, int64_t timeout_ms, int stop, char *why, size_t size);

#endif
