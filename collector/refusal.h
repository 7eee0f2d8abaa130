/* refusal: what the collector has refused beside frames as a whole (enum intake_verdict has those), by reason; shown in
 * its status.  Pure.
 */
#ifndef QUIETAIR_REFUSAL_H
#define QUIETAIR_REFUSAL_H

#include "collector/record.h"
#include "common/frame.h"

enum refusal {
    REFUSED_DEVICE,     /* readings of a device that its gateway has not named, */
    REFUSED_SITE,       /* for a site that nobody has registered, */
    REFUSED_PERMISSION, /* for one that does not list the gateway, */
    REFUSED_READING,    /* and such that cannot be read */
    REFUSED_BODY,       /* parts of a frame that cannot be read, other than readings */
    REFUSED_KIND,       /* frames of a kind that is not known here: kept, not read */
    REFUSED_STATUS,     /* a gateway's `status`, */
    REFUSED_NOW,        /* and devices in its `now`, that cannot be read */
    REFUSED_RETAINED,   /* of what is never retained, an old message that the broker kept */
    REFUSED_REQUEST,    /* of the control socket: never journalled */
    REFUSALS
};
extern const char *const refusal_reasons[REFUSALS];

/* Of a frame that was taken: its readings, and what else of it was passed over. */
void refusal_count(uint64_t counts[static REFUSALS], const struct frame *, const struct judged *);

#endif
