/* plan: which requests read a device's metrics, and how long they keep a line busy.  Pure.
 *
 * Metrics are read in the fewest requests there are: neighbours together, small gaps along with them, never across
 * tables or what is forbidden, and never more than the device or the protocol allows.  Of the plans with the fewest
 * requests, the one that reads the fewest registers.
 */
#ifndef QUIETAIR_PLAN_H
#define QUIETAIR_PLAN_H

#include "firmware-gateway/profile.h"

struct plan_block { /* one request */
    enum profile_table table;
    uint16_t address, count;
    const uint16_t *metrics; /* indices into the device's metrics, by address */
    size_t metric_count;
};

struct plan {
    struct plan_block *blocks;
    size_t count;
    uint16_t *order; /* what the blocks point into */
};

/* A gap of one register costs two characters on the wire, a request of its own 20 (8 asked, 5 answered around the data, 7
 * of silence: MODBUS over Serial Line V1.02, 2.5.1.1): hence max_gap = 8 where a profile does not say.
 * No metric may be longer than max_registers, or forbidden. */
void plan_make(struct plan *, const struct profile_metric *, size_t count, const struct profile_limits *);
void plan_free(struct plan *);

struct line { /* of an RTU bus */
    int64_t baud;
    int parity;
    int64_t stop_bits;
};

int64_t line_char_ns(const struct line *); /* start, 8 data, parity, stop */
/* 3.5 characters; 1.75 ms above 19200 baud: MODBUS over Serial Line V1.02, 2.5.1.1 */
int64_t line_silence_ns(const struct line *);
/* The answer alone, on the wire. */
int64_t line_answer_ns(const struct line *, const struct plan_block *);
/* Request, turnaround, answer, and the silence after each. */
int64_t line_request_ns(const struct line *, const struct plan_block *, int64_t turnaround_ms);

#endif
