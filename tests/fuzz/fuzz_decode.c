/* Registers of each shipped profile: the first byte says which one, the words follow. */
#include "tests/fuzz/decoding.h"

#include <glob.h>

static struct profile *profiles[64];
static size_t profile_count;

static void open_profiles(void)
{
    glob_t found;
    must(glob("config/profiles/*.ini", 0, NULL, &found) == 0);
    for (size_t i = 0; i < found.gl_pathc && i < 64; i++) {
        struct faults faults = {0};
        profiles[profile_count++] = profile_read(conf_open(found.gl_pathv[i], &faults), "shipped", &faults);
        must(profiles[i] && !faults.count);
    }
    globfree(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    if (!profile_count)
        open_profiles();
    decode_all(profiles[feed_byte(&f) % profile_count], &f);
    return 0;
}
