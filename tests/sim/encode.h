/* encode: an engineering value as a meter holds it, and the text that a reader of its registers must come to.  Pure.
 *
 * A raw number is what the registers say; value = raw x scale.  It is kept in 32 bits: the integer (two's complement),
 * the pattern of an IEEE 754 single, or 0/1.  Byte orders are named by where the bytes A (most significant) to D stand
 * on the wire: `abcd` is the order of the Modbus specification (MODBUS Application Protocol V1.1b3, 4.2) for each
 * register, high word first; vendors also ship the other three.
 */
#ifndef QUIETAIR_SIM_ENCODE_H
#define QUIETAIR_SIM_ENCODE_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum raw_type { RAW_BIT, RAW_U16, RAW_S16, RAW_U32, RAW_S32, RAW_F32 };
enum raw_order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA };
extern const char *const raw_types[];  /* by enum raw_type, ends with NULL */
extern const char *const raw_orders[]; /* by enum raw_order, ends with NULL */

struct encoding {
    enum raw_type type;
    enum raw_order order; /* of 32-bit types */
    int32_t scale;        /* the scale is scale / 10^places */
    int places;
};

/* "0.1" → 1 / 10^1.  At most five significant digits and five places, above zero: then value texts are exact. */
bool encode_scale(struct encoding *, const char *text);

size_t encode_words(const struct encoding *); /* registers (or bits) taken: 1 or 2 */
/* The values that the type can hold. */
double encode_lowest(const struct encoding *);
double encode_highest(const struct encoding *);

uint32_t encode_value(const struct encoding *, double value); /* the nearest raw number; value within the limits */
uint32_t encode_count(const struct encoding *, uint64_t n);   /* raw number n; wraps where the type does */

void encode_registers(const struct encoding *, uint32_t raw, uint16_t words[static 2]);
/* raw x scale as decimal text without trailing zeros: 67.3.  A single prints as the shortest text that reads back. */
void encode_text(const struct encoding *, uint32_t raw, struct buf *);

#endif
