/* alerts: what the rules have to say, from the ledger's outbox to the broker, retained, in order, until it is acknowledged.
 * What the broker refuses holds up nothing else: the present state of all is said again ten minutes later.
 * Lives in the loop of the MQTT client.
 */
#ifndef QUIETAIR_ALERTS_H
#define QUIETAIR_ALERTS_H

#include "common/journal.h"
#include "common/mqtt.h"

struct alerts;

struct alerts *alerts_new(const char *state_dir, const char *root, struct journal *, struct mqtt *);
void alerts_free(struct alerts *);
void alerts_connected(struct alerts *); /* everything retained is said again: the broker may have forgotten it */
void alerts_step(struct alerts *, int64_t now_ms);
void alerts_acked(struct alerts *, int mid, bool refused); /* of any message of the client */
uint64_t alerts_refused(const struct alerts *);            /* so many were */
int64_t alerts_done(const struct alerts *);                /* outbox id that the broker has, or refuses */

#endif
