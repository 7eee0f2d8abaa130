#include "firmware-gateway/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPONENT_LIMIT = 400 }; /* of a text: past what a double holds */

bool decimal_parse(const char *text, struct decimal *out)
{
    bool minus = *text == '-', point = false;
    struct decimal d = {0};
    int digits = 0;
    const char *at = text + (*text == '-' || *text == '+');
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        digits++;
        if (__builtin_mul_overflow(d.mantissa, 10, &d.mantissa) ||
            __builtin_add_overflow(d.mantissa, *at - '0', &d.mantissa))
            return false;
        d.exponent -= point;
    }
    if (!digits)
        return false;
    if (*at == 'e' || *at == 'E') {
        char *end;
        if (!strchr("0123456789+-", at[1]) || !at[1])
            return false;
        long e = strtol(at + 1, &end, 10);
        if (end == at + 1 || e > EXPONENT_LIMIT || e < -EXPONENT_LIMIT)
            return false;
        d.exponent += (int)e;
        at = end;
    }
    if (*at)
        return false;
    if (minus)
        d.mantissa = -d.mantissa;
    *out = d;
    return true;
}

static struct decimal without_zeros(struct decimal d)
{
    if (!d.mantissa)
        return (struct decimal){0};
    for (; d.mantissa % 10 == 0; d.exponent++)
        d.mantissa /= 10;
    return d;
}

static bool multiply(struct decimal a, struct decimal b, struct decimal *out)
{
    struct decimal product = {.exponent = a.exponent + b.exponent};
    if (__builtin_mul_overflow(a.mantissa, b.mantissa, &product.mantissa))
        return false;
    *out = product;
    return true;
}

bool decimal_multiply(struct decimal a, struct decimal b, struct decimal *out)
{
    return multiply(a, b, out) || multiply(without_zeros(a), without_zeros(b), out);
}

/* The same number with a smaller exponent. */
static bool lower(struct decimal *d, int exponent)
{
    if (!d->mantissa)
        d->exponent = exponent;
    for (; d->exponent > exponent; d->exponent--)
        if (__builtin_mul_overflow(d->mantissa, 10, &d->mantissa))
            return false;
    return true;
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *out)
{
    int exponent = !b.mantissa || (a.mantissa && a.exponent < b.exponent) ? a.exponent : b.exponent;
    struct decimal sum = {.exponent = exponent};
    if (!lower(&a, exponent) || !lower(&b, exponent) || __builtin_add_overflow(a.mantissa, b.mantissa, &sum.mantissa))
        return false;
    *out = sum;
    return true;
}

bool decimal_equal(struct decimal a, struct decimal b)
{
    a = without_zeros(a);
    b = without_zeros(b);
    return a.mantissa == b.mantissa && a.exponent == b.exponent;
}

static uint64_t magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

struct decimal decimal_round(struct decimal d, int decimals)
{
    int drop = -decimals - d.exponent;
    if (drop <= 0)
        return d;
    uint64_t whole = 0, rest = magnitude(d.mantissa), unit = 1;
    if (drop < 20) { /* 10^19 is the largest power that fits */
        for (int i = 0; i < drop; i++)
            unit *= 10;
        whole = rest / unit;
        rest %= unit;
        whole += rest > unit - rest || (rest == unit - rest && whole % 2);
    }
    return (struct decimal){.mantissa = d.mantissa < 0 ? -(int64_t)whole : (int64_t)whole, .exponent = -decimals};
}

double decimal_double(struct decimal d)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    /* Both are doubles exactly, so that IEEE 754 division rounds once, to the nearest. */
    if (magnitude(d.mantissa) <= 1ULL << 53 && d.exponent <= 0 && d.exponent >= -22)
        return (double)d.mantissa / tens[-d.exponent];
    char text[48];
    snprintf(text, sizeof text, "%llde%d", (long long)d.mantissa, d.exponent);
    return strtod(text, NULL);
}

bool decimal_int(struct decimal d, int64_t *out)
{
    for (; d.exponent < 0 && d.mantissa; d.exponent++) {
        if (d.mantissa % 10)
            return false;
        d.mantissa /= 10;
    }
    if (!lower(&d, 0))
        return false;
    *out = d.mantissa;
    return true;
}
