/* decimal: numbers as people write them, mantissa * 10^exponent, so that 673 * 0.1 is 67.3.  Pure. */
#ifndef QUIETAIR_DECIMAL_H
#define QUIETAIR_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

struct decimal {
    int64_t mantissa;
    int exponent;
};

/* "0.1", "-12.50", "1e-3": at most 18 significant digits.  False: not such a number. */
bool decimal_parse(const char *text, struct decimal *);

/* False, and *out untouched, when the exact result has more digits than fit. */
bool decimal_multiply(struct decimal, struct decimal, struct decimal *out);
bool decimal_add(struct decimal, struct decimal, struct decimal *out);

bool decimal_equal(struct decimal, struct decimal);

struct decimal decimal_round(struct decimal, int decimals); /* half to even */
double decimal_double(struct decimal);                      /* the nearest */
bool decimal_int(struct decimal, int64_t *out);             /* false: it has a fraction, or does not fit */

#endif
