/* master: what a Modbus master may send next and when, and what it believes of what comes back.  Pure: it is told the
 * time (monotonic ns) and the bytes; link.c moves them.
 *
 * When.  Before each request the line is silent for 3.5 characters (MODBUS over Serial Line V1.02, 2.5.1.1), or for the
 * pause between frames, between units or after a connect, whichever is longer.  After a request without a good answer
 * it is silent until the device's worst answer time is over and whatever came has ended; that is read and thrown away.
 * One deadline holds for the whole answer, so that a device that dribbles bytes cannot keep the line.
 *
 * What.  A TCP answer names its transaction: no other is believed.  An RTU answer says only unit, function and length
 * (its form).  Let a request be `owed` from when it was given up until one of these:
 *
 *  - an answer of its form came when none of that form was asked for: nobody answers twice;
 *  - MASTER_PATIENCE worst answer times have passed since it began, and since the last answer that came late, or may
 *    have been one and was damaged: some devices work off a queue of requests.
 *
 * Claim: if nothing comes later than that, no answer is ever taken for one from other registers.
 *
 * Let an answer be believed for question Q.  It has Q's form, so it answers Q, or an earlier request E of that form to
 * the same unit that had no answer yet.  E was given up, or was believed to be answered by what answered a yet earlier
 * one, in whose place it is owed then: so E is owed, or past its time.  master_free_ns forbids to ask Q while something
 * of its form and of other registers is owed.  So E reads the same registers as Q.
 *
 * If the unit has other questions of Q's form at all (`rivalled`), Q is not asked even while it is owed itself, so that
 * the debt ends and the others' turn comes.  In which order a device answers is not relied on.  Most devices have no
 * two questions of one form, and are asked again at once.
 *
 * An exception has no form but its function.  While the unit owes any answer to that function it is reported but not
 * `sure`: nothing is concluded from it about a register, and its question counts as owed and is not asked until then.
 */
#ifndef QUIETAIR_MASTER_H
#define QUIETAIR_MASTER_H

#include "firmware-gateway/adu.h"

enum { MASTER_PATIENCE = 16, MASTER_OWED = 64, MASTER_HEARD = 1024 };

enum answer_kind {
    ANSWER_VALUES,
    ANSWER_EXCEPTION, /* the device said no */
    ANSWER_TIMEOUT,   /* nothing, or not all of it in time */
    ANSWER_CRC,
    ANSWER_GARBAGE,  /* not an answer to this request */
    ANSWER_UNPLUGGED /* the link is not there, or broke */
};
enum { ANSWER_KINDS = ANSWER_UNPLUGGED + 1 };

/* Why bytes were not believed. */
enum refusal {
    REFUSED_ECHO,        /* our own request, which some adapters return */
    REFUSED_FOREIGN,     /* another unit's message */
    REFUSED_LATE,        /* an answer to a request that was given up */
    REFUSED_FUNCTION,    /* the unit answers to what it was not asked */
    REFUSED_LENGTH,      /* more or less than was asked for */
    REFUSED_TRANSACTION, /* TCP: another transaction's */
    REFUSED_CRC,         /* an answer by its beginning, damaged */
    REFUSED_NOISE,       /* no message at all */
    REFUSED_SHORT,       /* an answer that was not whole in time */
    REFUSALS
};
extern const char *const refusal_words[REFUSALS];

struct master_rules {
    enum framing framing;
    int64_t char_ns;                                         /* RTU: of the line, for deadlines */
    int64_t silence_ns;                                      /* RTU: 3.5 characters; TCP: 0 */
    int64_t frame_pause_ns, unit_pause_ns, connect_pause_ns; /* where longer: between frames, units, after a connect */
};

struct asked { /* one question with what belongs to it */
    struct question q;
    bool rivalled;      /* the unit has other questions of its form */
    int64_t timeout_ns; /* until its answer begins */
    int64_t worst_ns;   /* the latest answer ever, from the request's beginning; at least timeout_ns */
};

struct owed {
    struct question q;
    bool barred; /* not asked itself either, until then */
    int64_t until_ns, patience_ns;
};

struct verdict {
    enum answer_kind kind;
    int exception;       /* ANSWER_EXCEPTION: code */
    bool sure;           /* ANSWER_EXCEPTION: it cannot be an earlier question's */
    const uint8_t *data; /* ANSWER_VALUES: question_bytes of them, until the next call */
};

struct master {
    struct master_rules rules;
    bool asking;
    struct asked now;
    int64_t begun_ns, deadline_ns; /* of the question under way */
    int64_t quiet_ns;              /* nothing is sent before */
    int64_t last_ns;               /* end of what was last sent or heard */
    int unit;                      /* last asked; -1: none yet */
    uint16_t transaction;
    uint8_t sent[ADU_MAX], heard[MASTER_HEARD];
    size_t sent_length, heard_length;
    struct owed *owed; /* room for MASTER_OWED, the caller's; TCP: NULL, each answer names its question */
    size_t owed_count;
    uint64_t refused[REFUSALS]; /* ever */
};

/* `owed`: room for MASTER_OWED on a line, which stays the caller's; may be NULL on TCP. */
void master_init(struct master *, const struct master_rules *, struct owed *owed);
void master_opened(struct master *, int64_t now_ns); /* the link was opened (again): what was owed may still come */

/* The line is silent: what was heard without being asked for is judged, and thrown away. */
void master_settle(struct master *);

/* From when the form of this question's answer is nobody else's; 0: now. */
int64_t master_free_ns(const struct master *, const struct asked *, int64_t now_ns);
/* From when the line is free for it; to be asked again when bytes were heard meanwhile. */
int64_t master_ready_ns(const struct master *, const struct asked *);

/* Begins a question: ready, free, and none under way.  Returns the length of what to send. */
size_t master_ask(struct master *, const struct asked *, int64_t now_ns, uint8_t out[ADU_MAX]);
/* When to call master_end. */
int64_t master_deadline_ns(const struct master *);

/* Bytes came, asked for or not.  True: *v is the end of the question under way. */
bool master_hear(struct master *, const uint8_t *bytes, size_t length, int64_t now_ns, struct verdict *v);
/* The deadline has passed, or (`broken`) the link broke. */
void master_end(struct master *, bool broken, int64_t now_ns, struct verdict *v);

#endif
