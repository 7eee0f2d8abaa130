/* subscriber: takes a gateway's stream from the broker in the collector's place, in a thread of its own: acknowledges
 * it, counts the readings in it, and notes how old each was when it came (from its `ts`, the wall clock at the last
 * byte of the meter's answer, to its coming here; whole milliseconds, rounded up).  Of other programs it counts the
 * messages. */
#ifndef QUIETAIR_SUBSCRIBER_H
#define QUIETAIR_SUBSCRIBER_H

#include <stdint.h>

struct subscriber;

/* The gateway is gw-1 of district yudu, under the usual root.  Returns once it listens; NULL: it cannot.
 * tls: a folder with ca.crt; NULL: plain. */
struct subscriber *subscriber_start(int port, const char *tls);
void subscriber_stop(struct subscriber *);

uint64_t subscriber_readings(struct subscriber *); /* with values, ever */
/* How old what is known from `now` was at most since the last call, in ms: just before the next one came.  At the call
 * it counts as new. */
int64_t subscriber_now_age_ms(struct subscriber *);
/* With values, below PEER_TOPICS, ever; what mqmgateway says of its own availability is none. */
uint64_t subscriber_peer_messages(struct subscriber *);
void subscriber_forget_ages(struct subscriber *);
/* How old 99 % (percent) of the readings since were at most, in ms. */
int subscriber_age_ms(struct subscriber *, double percent);

#endif
