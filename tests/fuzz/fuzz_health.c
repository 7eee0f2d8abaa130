/* The counters of a gateway, JSON, as text for Prometheus. */
#include "firmware-gateway/metrics.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = buf_growing();
    metrics_print(&b, (const char *)data, size);
    must(!b.length || b.data[b.length - 1] == '\n');
    buf_free(&b);
    return 0;
}
