/* The register of sites as CSV, in whatever encoding: what is read can be written and read again. */
#include "collector/opening.h"
#include "collector/site.h"
#include "common/civil.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

static void check(const struct site *s)
{
    struct buf b = buf_growing();
    struct site again;
    site_write(&b, s);
    struct json *root = json_open(b.data, b.length, NULL);
    must(root && site_read(&again, root));
    must(site_equal(s, &again));
    must(!*s->opening_hours || opening_valid(s->opening_hours));
    site_open_at(s, 1772294400000);
    json_close(root);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults = {0};
    struct site *rows = NULL;
    size_t count = 0, length;
    civil_zone("Asia/Shanghai", NULL);
    if (site_csv_read((const char *)data, size, &rows, &count, &faults) == 0)
        for (size_t i = 0; i < count; i++)
            check(&rows[i]);
    else
        must(faults.count);
    free(rows);
    free(site_csv_utf8((const char *)data, size, &length, &faults));
    faults_free(&faults);
    return 0;
}
