/* intake: decides whether a frame is next in its stream (order), and which of its readings may count (content).
 * Pure: a fold over what stands in the collector's journal, so that a start finds it again by reading that.
 *
 * Order: per gateway and epoch it keeps the last seq and the hashes of the last INTAKE_HEADS.  A frame is taken when
 * from <= last+1 <= seq and its `after` fits; anything else is dropped, counted and answered with the position.
 * Content: devices are known from `hello`; a site admits the gateways that its version in force at the
 * receipt lists.
 */
#ifndef QUIETAIR_INTAKE_H
#define QUIETAIR_INTAKE_H

#include "collector/record.h"
#include "common/frame.h"

enum { INTAKE_HEADS = 256, INTAKE_AHEAD_MS = 5 * 60000 /* a ts later than receipt by more is the clock's fault */ };

enum intake_verdict {
    INTAKE_TAKEN,
    INTAKE_REPEAT,
    INTAKE_AHEAD,
    INTAKE_FORK,
    INTAKE_UNKNOWN_GATEWAY,
    INTAKE_REPAIRING, /* frames of this gateway that a `time` made readable come first (held.h) */
    INTAKE_ENVELOPE,  /* answered with `refused` */
    INTAKE_SIZE,      /* likewise */
    INTAKE_TOPIC,     /* not a stream topic of ours: not answered */
    INTAKE_VERDICTS
};
extern const char *const intake_words[]; /* by verdict */

struct intake;
struct intake *intake_new(const char *root);
void intake_free(struct intake *);

/* Applies a record that stands in the journal, where its seq says (frames, repairs, and site imports among commands).
 */
void intake_apply(struct intake *, const struct record *);

/* One walk that writes all it knows, or reads it back into a new one (rules/pack.h). */
struct pack;
void intake_pack(struct pack *, struct intake *);

/* Judges a payload.  Taken: the record to be journalled is written into *record, and is already applied here: journal
 * it, or end the process.  at: where it will stand there.  gateway and epoch (EPOCH_SIZE, "" when unreadable) say whom
 * to answer. */
struct intake_result {
    enum intake_verdict verdict;
    char district[ID_SIZE], gateway[ID_SIZE], epoch[EPOCH_SIZE];
    struct judged judged; /* of a taken frame; judged_free */
    struct frame *frame;  /* of a taken frame; frame_close */
};
void intake_judge(struct intake *, const char *topic, const char *payload, size_t length, int64_t receipt_ms,
                  uint64_t at, struct buf *record, struct intake_result *);

/* The next frame record that is to be journalled again with its times, by its seq in the journal; 0: none is owed. */
uint64_t intake_owed(struct intake *);
/* Writes the `repair` record of the frame record that intake_owed named; it is already applied here, as with
 * intake_judge. NULL: that record can no longer be read; nothing is written, and it is owed no more. */
void intake_repair(struct intake *, const struct record *frame, int64_t receipt_ms, struct buf *record);

/* seq and h(seq) of an epoch of a gateway; an unknown one: 0 and zeros. */
uint64_t intake_position(const struct intake *, const char *gateway, const char *epoch, struct hash *head);

/* Splits ROOT/<district>/gateway/<gateway>/<leaf>. */
bool intake_topic(const char *root, const char *topic, char district[static ID_SIZE], char gateway[static ID_SIZE],
                  char leaf[static 16]);

/* Frames whose time is not known yet, and such that will never have one. */
void intake_waiting(const struct intake *, uint64_t *waiting, uint64_t *untold);

/* For `live`: the site of a device that may report for it, and its units as a JSON object; NULL: it may not, *why as in
 * struct permit. */
const char *intake_device(const struct intake *, const char *gateway, const char *device, int64_t now,
                          const char **district, const char **units, const char **why);

/* Every gateway with its newest epoch, for the status. */
void intake_each(const struct intake *,
                 void (*each)(void *ctx, const char *district, const char *gateway, const char *epoch, uint64_t seq,
                              int64_t heard_ms),
                 void *ctx);

#endif
