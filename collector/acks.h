/* acks: what the collector owes its gateways: positions, and `refused` for payloads that cannot be read.
 * A position is said at most ten times a second per stream, and once a second where it answers something dropped.
 * Bounded: of streams that nobody lists only ACKS_MOST are remembered at a time; one that finds no room is asked for again
 * by its gateway's own timer.
 */
#ifndef QUIETAIR_ACKS_H
#define QUIETAIR_ACKS_H

#include "collector/intake.h"
#include "common/mqtt.h"

enum { ACKS_MOST = 65536 };

struct acks;

struct acks *acks_new(const char *root, const char *collector, const struct intake *);
void acks_free(struct acks *);
void acks_owe(struct acks *, const char *district, const char *gateway, const char *epoch, bool dropped);
/* Says what is due.  Call only when everything taken is durable. */
void acks_pay(struct acks *, struct mqtt *, int64_t now_mono_ms);
void acks_refuse(const struct acks *, struct mqtt *, const struct intake_result *, const void *payload, size_t length);

#endif
