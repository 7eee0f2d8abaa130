/* mqtt_dial: a connection to a broker in the making.
 *
 * libmosquitto does it in one piece and without asking whether we would rather stop: the name is looked up, each of its
 * addresses is tried.  So it is an errand, with a client that nobody else knows yet.
 * One address is waited for 15 s (the system itself gives a silent one up after two minutes).
 */
#ifndef QUIETAIR_MQTT_DIAL_H
#define QUIETAIR_MQTT_DIAL_H

#include "common/mqtt.h"

struct mosquitto;
struct dial;

struct dial_result {
    struct mosquitto *client; /* the caller's, to destroy even where it failed */
    bool failed;
    int error;        /* errno, where it failed */
    char why[400];    /* where it failed: host, port and the reason */
    char detail[200]; /* what the library itself had to say, if anything */
};

/* What the library logs as an error, for people: what stands last of "OpenSSL Error[0]: error:0A000086:…:verify
 * failed". */
void dial_keep_detail(char detail[static 200], int level, const char *text);

/* ERR_AGAIN, with nothing to tell: one that was left has not come back yet, and should it still get through, it would
 * connect under our id and throw us out.  Else an error with a fault: no password to be had, no thread. */
int dial_begin(struct dial **, const struct mqtt_settings *, const char *client_id, const struct mqtt_will *,
               bool old_protocol, struct fault *);
bool dial_step(struct dial *); /* true: it is done, dial_end gives what came of it */
void dial_end(struct dial *, struct dial_result *out);
void dial_leave(struct dial *); /* done or not; NULL is fine */
bool dial_any_left(void);       /* some that were left use the library still */

#endif
