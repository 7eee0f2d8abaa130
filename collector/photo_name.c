#include "collector/photo_name.h"
#include "common/chain.h"

#include <stdio.h>
#include <string.h>

const char *photo_suffix(const void *bytes, size_t length)
{
    static const char png[] = "\x89PNG\r\n\x1a\n", jpeg[] = "\xff\xd8\xff";
    if (length >= sizeof png - 1 && memcmp(bytes, png, sizeof png - 1) == 0)
        return "png";
    return length >= sizeof jpeg - 1 && memcmp(bytes, jpeg, sizeof jpeg - 1) == 0 ? "jpg" : NULL;
}

bool photo_name_valid(const char *name)
{
    const char *suffix = name + HASH_HEX - 1;
    return strspn(name, "0123456789abcdef") == HASH_HEX - 1 &&
           (strcmp(suffix, ".jpg") == 0 || strcmp(suffix, ".png") == 0);
}

bool photo_name(const void *bytes, size_t length, char name[static PHOTO_NAME])
{
    char hex[HASH_HEX];
    const char *suffix = photo_suffix(bytes, length);
    if (!suffix)
        return false;
    struct hash h = hash_of(bytes, length);
    hash_hex(&h, hex);
    snprintf(name, PHOTO_NAME, "%s.%s", hex, suffix);
    return true;
}
