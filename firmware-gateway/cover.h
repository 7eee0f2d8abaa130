/* cover: the requests that are in force for a group of metrics: its plan, as the device has corrected it.  Pure;
 * monotonic milliseconds.
 *
 * A device may refuse a request because one register in it is not there (exceptions 2 and 3: MODBUS Application
 * Protocol V1.1b3, 7).  Then the request is cut in halves, between metrics, until a single metric is refused: that one
 * is set aside, and its request not sent any more; all others are read.  After a while everything is tried as planned
 * again: first after a minute, then half as often each time, down to once an hour.
 */
#ifndef QUIETAIR_COVER_H
#define QUIETAIR_COVER_H

#include "firmware-gateway/plan.h"

#include <stdbool.h>

enum { COVER_FIRST_MS = 60000, COVER_MOST_MS = 3600000 };

struct cover_block {
    struct plan_block ask;
    int exception; /* it is set aside, because of this; 0: it is asked */
};

struct cover {
    const struct plan *plan;
    const struct profile_metric *metrics;
    struct cover_block *blocks; /* by address, as the plan's */
    size_t count;
    size_t aside;        /* blocks that are not asked */
    int64_t again_ms;    /* when all is tried again; only with some aside */
    int64_t again_in_ms; /* the present wait */
};

/* The plan and the metrics must outlive the cover. */
void cover_init(struct cover *, const struct plan *, const struct profile_metric *metrics);
void cover_free(struct cover *);

/* Before each poll. */
void cover_refresh(struct cover *, int64_t now_ms);

/* The device refused blocks[at] for good.  True: it was cut, and blocks[at] is now the first half of it; false: it was
 * set aside. */
bool cover_refused(struct cover *, size_t at, int exception, int64_t now_ms);

/* The exceptions that say something about the registers asked for. */
bool cover_is_refusal(int exception);

#endif
