/* silence: a device that answers nothing while its gateway's stream goes on; flag device-silent.  Pure.
 *
 * Judged on the time of the gateway's stream (health.h), never by a tick, so that it makes no difference whether the
 * gateway says `timeout` or leaves the device out.  A spell begins at the end of the last answer: when its values cease
 * to hold, or with the failed reading before that.  Time in which nothing is known of the whole gateway does not count;
 * a spell that would begin in it begins at its end.  Any answer ends the spell; one that measures nothing is the matter
 * of defect.h.  A flag that later data contradict (the reading came after all, behind those of the others) is
 * withdrawn.
 */
#ifndef QUIETAIR_SILENCE_H
#define QUIETAIR_SILENCE_H

#include "collector/rules/missing.h"
#include "collector/rules/pattern.h"

struct silence {
    int64_t since;    /* end of the last answer, or of the gap in which it lay; 0: not known yet */
    int64_t blind_ms; /* since then, that do not count */
    struct pattern pattern;
    bool raised;
    bool unlisted;            /* its gateway no longer has it, or may not report for it */
    char reason[REASON_SIZE]; /* of the last failed reading of the spell; "" none */
};

/* It answered at d->now, when its gateway's stream had come to `stream`.  An answer that comes behind those of others
 * (of a gateway that sends what it held device by device) is no sign of silence until the stream has gone on from
 * there. */
void silence_answer(struct fold *, struct device *, int64_t stream);
/* A reading failed at d->now. */
void silence_failure(struct fold *, struct device *, const char *reason);
/* Nothing is known of its gateway in [from, until). */
void silence_blind(struct fold *, struct device *, int64_t from, int64_t until);
/* The stream has come to `now`: raises what is due.  The moment at which it is due; INT64_MAX: raised already. */
int64_t silence_judge(struct fold *, struct device *, int64_t now);
/* Before an answer at d->now: was it due in between?  One frame may hold a whole spell and the answer that ends it. */
void silence_look_back(struct fold *, struct device *, int64_t stream);
/* It is waited for no longer. */
void silence_drop(struct fold *, struct device *, int64_t at);
void silence_pack(struct pack *, struct silence *);

#endif
