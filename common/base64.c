#include "common/base64.h"
#include "common/err.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void base64_put(struct buf *out, const void *bytes, size_t length)
{
    size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *text = xmalloc(room);
    sodium_bin2base64(text, room, bytes, length, sodium_base64_VARIANT_ORIGINAL);
    buf_text(out, text);
    free(text);
}

uint8_t *base64_read(const char *text, size_t *length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    if (text[strspn(text, letters)]) /* libsodium 1.0.18 takes some bytes above 0x7f for letters */
        return NULL;
    size_t most = strlen(text) / 4 * 3 + 3;
    uint8_t *bytes = xmalloc(most);
    if (sodium_base642bin(bytes, most, text, strlen(text), NULL, length, NULL, sodium_base64_VARIANT_ORIGINAL) == 0)
        return bytes;
    free(bytes);
    return NULL;
}
