#include "common/chain.h"

#include <sodium.h>
#include <string.h>

struct hash chain_next(const struct hash *before, const void *bytes, size_t length)
{
    struct hash out;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, before->b, sizeof before->b);
    crypto_hash_sha256_update(&state, bytes, length);
    crypto_hash_sha256_final(&state, out.b);
    return out;
}

struct hash hash_of(const void *bytes, size_t length)
{
    struct hash out;
    crypto_hash_sha256(out.b, bytes, length);
    return out;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void hash_hex(const struct hash *h, char out[static HASH_HEX])
{
    sodium_bin2hex(out, HASH_HEX, h->b, sizeof h->b);
}

bool hash_parse(struct hash *h, const char *hex)
{
    size_t length = 0;
    if (strspn(hex, "0123456789abcdef") != HASH_HEX - 1 || hex[HASH_HEX - 1])
        return false;
    return sodium_hex2bin(h->b, sizeof h->b, hex, HASH_HEX - 1, NULL, &length, NULL) == 0 && length == HASH_BYTES;
}

void hash_after(const struct hash *h, char out[static AFTER_HEX])
{
    sodium_bin2hex(out, AFTER_HEX, h->b, (AFTER_HEX - 1) / 2);
}
