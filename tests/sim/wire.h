/* wire: an RS-485 line as time sees it: bytes that really take their time, frames told apart, silences measured.  Pure:
 * whoever owns the pty tells it what was heard and when, and asks what is due.  All times: ns of the monotonic clock.
 *
 * Sources: MODBUS over Serial Line V1.02, 2.5.1.1: a frame ends with a silence of at least 3.5 characters (above
 * 19200 baud fixed at 1.750 ms).  A character has 1 start bit, 8 data bits, 0 or 1 parity bit, 1 or 2 stop bits.
 *
 * The master's bytes begin on the wire when they are heard, or when the wire is free.  Read requests (and single
 * writes) are whole at eight bytes; other frames end by silence.  An answer begins when it is due and the wire has been
 * silent for t3.5.  The line is kind: what a master sends too early it counts as a violation, and then carries it all
 * the same.
 */
#ifndef QUIETAIR_SIM_WIRE_H
#define QUIETAIR_SIM_WIRE_H

#include "tests/sim/meter.h"

enum { WIRE_QUEUE = 16, WIRE_TOLERANCE_NS = 50000 };

struct wire_frame {
    size_t length;
    uint8_t bytes[ADU_MAX];
    int64_t end_ns;  /* its last byte has left the wire */
    bool by_silence; /* ended so, not by its length */
};

struct wire_answer {
    int64_t due_ns;
    struct answer answer;
};

struct wire_figures {
    int64_t requests, answers, exceptions; /* answers: handed over whole, exceptions among them */
    int64_t violations;                    /* silences before a request shorter than t3.5 - 50 us */
    int64_t shortest_ns;                   /* silence before a request; INT64_MAX: none measured */
    int64_t legal_ns;          /* what the traffic needs at least: its characters, and t3.5 after each frame */
    int64_t first_ns, last_ns; /* begin of the first frame, end of the last one */
};

struct wire {
    int64_t char_ns, t35_ns;
    int64_t free_ns;      /* the end of everything known to go over the wire */
    struct wire_frame rx; /* being received */
    size_t heard_count;
    struct wire_frame heard[WIRE_QUEUE]; /* received, perhaps not at its end yet */
    size_t waiting_count;
    struct wire_answer waiting[WIRE_QUEUE];
    bool sending;
    size_t sent;
    int64_t send_ns; /* begin of what is being sent */
    struct answer tx;
    struct wire_figures figures;
};

void wire_init(struct wire *, int64_t baud, int bits_per_character);

/* Bytes of the master, heard at now_ns. */
void wire_hear(struct wire *, const uint8_t *bytes, size_t length, int64_t now_ns);
/* The next frame that is whole by now_ns; false: none. */
bool wire_request(struct wire *, int64_t now_ns, struct wire_frame *out);
/* An answer to a frame that ended at end_ns, after the meter's turnaround (never under t3.5). */
void wire_reply(struct wire *, const struct answer *, int64_t end_ns, int64_t turnaround_ns);
/* The next byte to hand over by now_ns, *last with the last one of its answer (which stands in wire->tx); -1: none. */
int wire_byte(struct wire *, int64_t now_ns, bool *last);
/* When to look again; INT64_MAX: not before something is heard. */
int64_t wire_due(const struct wire *);

#endif
