/* asking: requests to a collector over its control socket, one line of JSON each way.  Every request waits for its
 * answer. A connection belongs to one life of the collector: what was answered on it happened in that life, in that
 * order.
 */
#ifndef QUIETAIR_SIM_ASKING_H
#define QUIETAIR_SIM_ASKING_H

#include "common/err.h"
#include "common/json.h"

struct asking;

struct asking *asking_new(const char *socket_path);
void asking_free(struct asking *);
/* Connects where there is no connection, and waits until the fold has passed all that the journal holds.  ERR_LINK. */
int asking_connect(struct asking *);
/* id: the same one again is answered the same.  0 and *answer (json_close it), or ERR_LINK: the connection is gone, and
 * whether it was done is not known. */
int asking_ask(struct asking *, const char *id, const char *actor, const char *verb, const char *args,
               struct json **answer);

#endif
