/* chain: the running hash of a journal, h(n) = SHA-256(h(n-1) || bytes of n), h(0) = 32 zero bytes. */
#ifndef QUIETAIR_CHAIN_H
#define QUIETAIR_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32, HASH_HEX = 65 /* with NUL */, AFTER_HEX = 17 /* the first 16 digits, with NUL */ };

struct hash {
    uint8_t b[HASH_BYTES];
};

struct hash chain_next(const struct hash *before, const void *bytes, size_t length);
struct hash hash_of(const void *bytes, size_t length); /* plain SHA-256 */
bool hash_equal(const struct hash *, const struct hash *);
void hash_hex(const struct hash *, char out[static HASH_HEX]);
bool hash_parse(struct hash *, const char *hex);                  /* exactly 64 lower-case hex digits */
void hash_after(const struct hash *, char out[static AFTER_HEX]); /* the `after` of the frame that follows */

#endif
