/* sender: what the gateway says next on its stream, and what it makes of the collector's answers.  No socket, no clock:
 * it is asked, told and given the time; it reads the spool.  docs/architecture.md has the rules it follows.
 */
#ifndef QUIETAIR_SENDER_H
#define QUIETAIR_SENDER_H

#include "firmware-gateway/spool.h"

enum { SENDER_WINDOW = 20, SENDER_BACKLOG = 100, SENDER_KEPT = 64 };

enum unheeded {
    UNHEEDED_UNREADABLE, /* neither ack nor refused */
    UNHEEDED_BY,         /* of another collector */
    UNHEEDED_EPOCH,      /* of another epoch: one that has ended */
    UNHEEDED_BYTES,      /* refused: bytes that are not under way */
    UNHEEDED_RETAINED,   /* an old one that the broker kept */
    UNHEEDED_KINDS
};
extern const char *const unheeded_words[UNHEEDED_KINDS];

struct sender {
    struct spool *spool;
    const char *gateway, *collector; /* heeded: acks by this collector */
    int64_t resend_ms;
    uint64_t acked, sent; /* the position, and the newest seq published */
    uint64_t acked_most;  /* the highest position ever in this epoch: a wiped collector had that once */
    bool stopped;         /* the broker said that nobody listens: wait for an ack or the timer */
    int64_t progress_ms;  /* when something was last acked, or sending began */
    int64_t wait_ms;      /* the present length of the timer */
    struct {
        uint64_t seq;
        struct hash hash;
    } kept[SENDER_KEPT];                  /* h(seq) of what was sent lately, by seq modulo */
    uint64_t lost_said, resends, refused; /* counters */
    uint64_t unheeded[UNHEEDED_KINDS];    /* answers that were none, by why; unheeded_words */
};

void sender_init(struct sender *, struct spool *, const char *gateway, const char *collector, int64_t resend_ms);
/* Other settings from now on. */
void sender_use(struct sender *, const char *gateway, const char *collector, int64_t resend_ms);
void sender_connected(struct sender *, int64_t now_ms);

/* 1: *out (at least FRAME_MAX + 1 bytes) is the next message; 0: nothing to say now. */
int sender_next(struct sender *, int64_t now_ms, struct buf *out);

enum sender_heard { SENDER_IGNORED, SENDER_HEEDED, SENDER_ANEW /* the spool must begin an epoch: call sender_anew */ };
enum sender_heard sender_hear(struct sender *, const char *payload, size_t length, int64_t now_ms);
/* One that did not come to sender_hear, or was not heeded there: counted. */
enum sender_heard sender_unheeded(struct sender *, enum unheeded);
int sender_anew(struct sender *, struct moment now);
void sender_puback(struct sender *, int reason);
void sender_timer(struct sender *, int64_t now_ms);
bool sender_done(const struct sender *); /* all that is durable is acked */

#endif
