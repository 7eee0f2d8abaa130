/* Profiles: the text is read as one; if it is one, its own bytes are what the meter answers. */
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults = {0};
    struct conf *conf = conf_open_text("fuzz", (const char *)data, size, &faults);
    struct profile *p = conf ? profile_read(conf, "fuzz", &faults) : NULL;
    must(p || faults.count);
    if (p) {
        struct feed f = {data, size};
        must(p->metric_count <= PROFILE_METRICS_MAX);
        decode_all(p, &f);
    }
    profile_free(p);
    faults_free(&faults);
    return 0;
}
