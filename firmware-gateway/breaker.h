/* breaker: keeps a dead device from taking the bus away from the living.  Pure; monotonic milliseconds.
 *
 * closed     polls as scheduled; BREAKER_FAILURES polls in a row without any answer open it
 * open       no polls until the back-off has passed: the longer of two seconds and the interval, doubling up to a
 *            minute (or to the interval, where that is longer)
 * half-open  one poll without retries; an answer closes, none opens it again for twice as long
 */
#ifndef QUIETAIR_BREAKER_H
#define QUIETAIR_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Besides, all open breakers of a bus share a twentieth of its time: after a poll that cost t in vain none of their
 * devices is asked for the next 19 t. */
enum { BREAKER_SHARE = 20 };

enum { BREAKER_FAILURES = 3, BREAKER_FIRST_MS = 2000, BREAKER_MOST_MS = 60000 };

struct breaker {
    unsigned failures;   /* in a row */
    int64_t back_off_ms; /* the present one; 0: closed */
};

/* May a failed request of this poll be repeated?  Not while the device is suspected: silence is the dearest answer. */
bool breaker_retries(const struct breaker *);
bool breaker_is_open(const struct breaker *);

/* The device answered (with an exception, too).  True: it had been given up before. */
bool breaker_success(struct breaker *);
/* Nothing came.  Returns for how long not to ask again; 0: go on as scheduled. */
int64_t breaker_failure(struct breaker *, int64_t interval_ms);

/* After a poll of a device with an open breaker took from..to in vain: when the next of them on this bus may be asked.
 */
int64_t breaker_share_until(int64_t from_ms, int64_t to_ms);

#endif
