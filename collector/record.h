/* record: what stands in one record of the collector's journal: kind, receipt, a head of text lines, a body.  Pure.
 *
 * On disk:  `KIND RECEIPT HEADLENGTH\n` head `\n` body.   Kinds, heads and bodies:
 *   frame     head: topic and what intake decided (struct judged)      body: the payload as received
 *   repair    head: likewise, with the offset of the boot's clock      body: that of a frame record before, again
 *   command   head: empty                                             body: the request, {"id","actor","verb","args"}
 *   config    head: empty   body: {"name","timezone","clock","rules":"[rules] section as INI
 * text","standards":{"name":"INI text"}, "calendars":{"cn-2026":"INI text"}} presence  head: empty body:
 * {"district","gateway","state","epoch","last"} tick      head: empty                       body: ms, decimal: "now is
 * >= this" start, stop  head: empty                    body: {"version"} link      head: empty body:
 * {"state":"up|down"}   (the collector's own link to the broker)
 *   skip      head: empty   body: {"reader":"lines","from","to","records","why":"deleted|damaged"}: records of this
 *             journal, from and to with them, that this reader passed over because they were not held any more
 */
#ifndef QUIETAIR_RECORD_H
#define QUIETAIR_RECORD_H

#include "common/buf.h"
#include "common/chain.h"
#include "common/err.h"
#include "common/id.h"

struct frame;
struct judged;

enum record_kind {
    RECORD_FRAME,
    RECORD_COMMAND,
    RECORD_CONFIG,
    RECORD_PRESENCE,
    RECORD_TICK,
    RECORD_START,
    RECORD_STOP,
    RECORD_LINK,
    RECORD_REPAIR,
    RECORD_SKIP,
    RECORD_KINDS
};

struct record {
    enum record_kind kind;
    int64_t receipt_ms;
    const char *head, *body; /* into the bytes given; head is not NUL-terminated */
    size_t head_length, body_length;
    /* Not in its bytes: */
    uint64_t seq;                /* where it stands in the journal; 0: not told */
    const struct hash *chain;    /* of a tick: h of this record in the journal's chain; else NULL */
    const struct judged *judged; /* of a frame that was opened before: what its head says, */
    const struct frame *frame;   /* and its body; NULL: not opened yet, or not to be opened */
};

void record_write(struct buf *, enum record_kind, int64_t receipt_ms, const char *head, size_t head_length,
                  const void *body, size_t body_length);
int record_read(struct record *, const void *bytes, size_t length); /* ERR_SYNTAX */

/* What intake decided about a frame, so that all readers agree: the head of a frame record. */
struct permit { /* one device named in the frame */
    char device[ID_SIZE];
    char site[ID_SIZE];
    char district[ID_SIZE];
    char measurement[ID_SIZE];
    char refused[24]; /* "" or the reason: unknown-device unknown-site not-permitted wrong-district */
    char bits[256];   /* its metrics of 0/1 kind, each between commas: ",door,open," ; integers in the time series */
};

enum mark { /* one per reading of the frame, in order */
            MARK_GOOD = '.',
            MARK_CLOCK = 'c',  /* ts more than 5 min after receipt, or not after this device's newest: suspect */
            MARK_REPEAT = 'r', /* framed anew and already held: skip */
            MARK_WAITS =
                'w', /* told by the clock of a boot: comes again in a `repair` record, once its time is known */
            MARK_REFUSED = 'x' /* no reading, or its device is refused: skip */
};

struct judged {
    char topic[256];
    char district[ID_SIZE], gateway[ID_SIZE];
    size_t permit_count;
    struct permit *permits; /* freed by judged_free */
    char *marks;            /* NUL-terminated, as long as the frame has readings; freed by judged_free */

    /* Of a `repair` record: */
    uint64_t repairs; /* the frame record, by its seq in the collector's journal; 0 in a `frame` record */
    int64_t offset;   /* ms, to be added to `mono` */
};

/* Opens a `frame` or `repair` record, of the latter with the times that it gives.  NULL: it is neither, or cannot be
 * read; else the caller closes the frame and frees the judged. */
struct frame *judged_open(struct judged *, const struct record *);

void judged_write(struct buf *, const struct judged *);
int judged_read(struct judged *, const char *head, size_t length); /* ERR_SYNTAX */
void judged_free(struct judged *);
const struct permit *judged_permit(const struct judged *, const char *device); /* NULL: not named */

#endif
