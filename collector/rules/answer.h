/* answer: what one reading says of its device: did it answer, and could it measure?  Pure.
 *
 * A device is known by one metric: `laeq`, else `la`, else `fume`.  A reading that says nothing of it (of another block
 * of registers) shows that the device answers, no more.  A device without any of them measures when it gives a number.
 */
#ifndef QUIETAIR_ANSWER_H
#define QUIETAIR_ANSWER_H

#include "common/frame.h"

struct device;

enum answer_kind {
    ANSWER_NONE,   /* timeout, unplugged, suspended, and words that we do not know */
    ANSWER_FAULTY, /* exception-N, garbage, crc; marked range, or a level that no meter measures */
    ANSWER_GOOD,
    ANSWER_OTHER /* it is there; nothing is learnt of whether it measures */
};

struct answer {
    enum answer_kind kind;
    const char *reason; /* NONE, FAULTY: the word; lives as long as the reading */
    double value;       /* GOOD: of its metric; NAN: it has none of the three */
};

struct answer answer_of(const struct device *, const struct reading *);

/* Its enum metric; METRICS: none of the three. */
int answer_metric(const struct device *);

#endif
