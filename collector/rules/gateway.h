/* gateway: has a gateway been heard of lately?  Flag gateway-offline.  Pure.
 *
 * Offline: no frame and no `online` for gateway_offline_after, by receipt, judged at ticks.  Not while our own link to
 * the broker is down; after a start or a reconnect the time counts anew.  Only gateways that have been heard once and
 * that some site lists are waited for.
 */
#ifndef QUIETAIR_RULES_GATEWAY_H
#define QUIETAIR_RULES_GATEWAY_H

#include "collector/record.h"

struct fold;
struct gateway;

void gateway_heard(struct fold *, struct gateway *);
void gateway_presence(struct fold *, const struct record *); /* a `presence` record */
void gateway_link(struct fold *, const struct record *);     /* `link`, `start`, `stop` */
void gateway_tick(struct fold *, int64_t now);

#endif
