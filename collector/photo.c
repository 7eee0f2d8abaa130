#include "collector/photo.h"
#include "common/chain.h"
#include "common/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void path_of(const char *state_dir, const char *name, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/photos%s%s", state_dir, *name ? "/" : "", name);
}

int photo_put(const char *state_dir, const void *bytes, size_t length, char name[static PHOTO_NAME], struct fault *f)
{
    char path[PATH_MAX], hex[HASH_HEX];
    const char *suffix = photo_suffix(bytes, length);
    if (!suffix)
        return fault(f, ERR_RANGE, "a photo is a JPEG or a PNG");
    if (length > PHOTO_MOST)
        return fault(f, ERR_RANGE, "a photo has at most %d bytes, not %zu", PHOTO_MOST, length);
    struct hash h = hash_of(bytes, length);
    hash_hex(&h, hex);
    snprintf(name, PHOTO_NAME, "%s.%s", hex, suffix);
    if (photo_held(state_dir, name))
        return 0;
    path_of(state_dir, "", path);
    int r = file_make_dirs(path, 0750, f);
    path_of(state_dir, name, path);
    return r ? r : file_replace(path, bytes, length, 0640, f);
}

bool photo_held(const char *state_dir, const char *name)
{
    char path[PATH_MAX];
    path_of(state_dir, name, path);
    return photo_name_valid(name) && access(path, F_OK) == 0;
}
