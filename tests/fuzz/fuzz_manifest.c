/* A backup whose manifest is the input, with the sum that fits it: checked, and where it is whole put back. */
#include "collector/backup.h"
#include "common/buf.h"
#include "common/chain.h"
#include "common/file.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

#include <sys/stat.h>

enum { PATH = 160 };

static void put(const char *dir, const char *name, const void *bytes, size_t length)
{
    char path[PATH];
    struct fault f;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    must(file_replace(path, bytes, length, 0600, &f) == 0);
}

static void put_manifest(const char *src, const uint8_t *data, size_t size)
{
    char hex[HASH_HEX], line[128];
    struct hash sum = hash_of(data, size);
    hash_hex(&sum, hex);
    int n = snprintf(line, sizeof line, "%s  manifest.json\n", hex);
    put(src, "manifest.json", data, size);
    put(src, "manifest.sha256", line, (size_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char src[PATH], state[PATH];
    struct backup_summary read, restored;
    struct fault f = {0};
    const char *dir = folder();
    snprintf(src, sizeof src, "%s/src", dir);
    snprintf(state, sizeof state, "%s/src/state", dir);
    must(file_make_dirs(state, 0700, &f) == 0);
    put(state, "a", "x", 1);
    put_manifest(src, data, size);
    int code = backup_check(src, NULL, &read, &f);
    must(code <= 0 && (code == 0 || *f.text));
    snprintf(state, sizeof state, "%s/into", dir);
    must(backup_restore(src, state, NULL, &restored, &f) == code);
    struct stat st;
    must(code == 0 || stat(state, &st) != 0); /* nothing was written */
    must(code != 0 || (read.files == 1 && read.bytes == 1 && restored.files == 1));
    must(!backup_unfinished(state));
    return 0;
}
