/* decodings: what registers may mean: every plausible decoding of them, side by side.  Pure. */
#ifndef QUIETAIR_DECODINGS_H
#define QUIETAIR_DECODINGS_H

#include "common/buf.h"
#include "firmware-gateway/profile.h"

/* The words read as this type in this order, as a profile with such a metric would give them; "-" where that is no
 * value, or a float that no meter means (beyond 1e12, or nearer to 0 than 1e-6 without being 0). */
void decoding_put(struct buf *, enum profile_type, enum profile_order, const uint16_t *words);

/* "0001 1111 0100 0000" */
void decoding_bits(struct buf *, uint16_t word);
/* The two bytes as characters, a dot for what is none. */
void decoding_characters(struct buf *, uint16_t word);

#endif
