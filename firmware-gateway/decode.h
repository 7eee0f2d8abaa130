/* decode: from registers to values, by a profile's metric.  Pure; allocates nothing.
 *
 * Integers are scaled in decimal: 673 with scale 0.1 is 67.3.  What comes of them is exact or refused: a value that
 * would lose digits on its way as a double is none, but whole numbers are kept up to 63 bits.  A float without scale is
 * the shortest decimal that reads back as the same float; with scale it is the double nearest to that decimal, scaled
 * (where that takes more than 63 bits: to the 15 digits that a double is sure of).  `decimals` rounds half to even.
 */
#ifndef QUIETAIR_DECODE_H
#define QUIETAIR_DECODE_H

#include "common/frame.h"
#include "firmware-gateway/plan.h"
#include "firmware-gateway/profile.h"

enum { DECODE_STRING_SIZE = 2 * REGISTERS_MAX + 1 };

/* What one answered request says, in lists that are the caller's, with room for all metrics of the block.  Strings are
 * the profile's. */
struct decoded {
    struct datum *values;
    size_t value_count;
    struct metric_error *errors; /* metrics that came as garbage */
    size_t error_count;
    unsigned quality; /* QUALITY_RANGE if a value is outside min..max; the value is kept */
};

/* `words` are the block's registers (or bits, one a word) as read, from its first on. */
void decode_block(const struct profile_metric *metrics, const struct plan_block *, const uint16_t *words,
                  struct decoded *);

/* One metric from its own first word.  False: no value; *why (NULL: not asked for) says what is wrong, for people. */
bool decode_metric(const struct profile_metric *, const uint16_t *words, struct value *, unsigned *quality,
                   const char **why);

/* A string (TYPE_STRING) from its own first word: up to the first NUL, without the padding (spaces, NUL, 0xFF) at its end.
 * False: nothing but padding, or not printable ASCII. */
bool decode_string(const struct profile_metric *, const uint16_t *words, char text[static DECODE_STRING_SIZE]);

#endif
