#include "collector/photo.h"
#include "common/file.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void path_of(const char *state_dir, const char *name, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/photos%s%s", state_dir, *name ? "/" : "", name);
}

int photo_put(const char *state_dir, const void *bytes, size_t length, char name[static PHOTO_NAME], struct fault *f)
{
    char path[PATH_MAX];
    if (!photo_name(bytes, length, name))
        return fault(f, ERR_RANGE, "a photo is a JPEG or a PNG");
    if (length > PHOTO_MOST)
        return fault(f, ERR_RANGE, "a photo has at most %d bytes, not %zu", PHOTO_MOST, length);
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
