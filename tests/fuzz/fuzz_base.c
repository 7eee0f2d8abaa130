/* What intake knew, as a damaged file may say it (but for its sum, which fits): taken up and saved it is the same. */
#include "collector/base.h"
#include "collector/rules/pack.h"
#include "common/file.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

static struct buf packed(struct intake *in)
{
    struct buf b = buf_growing();
    struct pack p = pack_writer(&b);
    intake_pack(&p, in);
    return b;
}

static void put_base(const char *dir, const uint8_t *data, size_t size)
{
    char path[120];
    struct buf b = buf_growing();
    struct fault f;
    buf_text(&b, "QABASE2\n");
    buf_bytes(&b, data, size);
    struct hash sum = hash_of(b.data, b.length);
    buf_bytes(&b, sum.b, HASH_BYTES);
    snprintf(path, sizeof path, "%s/journal/intake.base", dir);
    must(file_replace(path, b.data, b.length, 0600, &f) == 0);
    buf_free(&b);
}

/* It may say anything of anybody: what came of it must bear questions, and come back from its own file. */
static void use(const char *dir, struct journal_reader *reader, struct base *base, struct intake *in)
{
    struct hash head;
    struct fault f;
    struct base again;
    struct intake *twin = intake_new("r");
    uint64_t waiting, untold;
    intake_waiting(in, &waiting, &untold);
    intake_position(in, "gw-0", "00000000000000000000000000000001", &head);
    must(base_save(dir, base, in, &f) == 0);
    must(base_load(dir, reader, 3, &again, twin, &f) == 1 && again.seq == base->seq);
    struct buf one = packed(in), other = packed(twin);
    must(one.length == other.length && memcmp(one.data, other.data, one.length) == 0);
    buf_free(&one);
    buf_free(&other);
    intake_free(twin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[120];
    const char *dir = folder();
    struct journal *j;
    struct fault f = {0};
    struct base base;
    snprintf(path, sizeof path, "%s/journal", dir);
    struct journal_settings set = {.dir = path, .mode = 0700};
    must(journal_open(&j, &set, &f) == 0);
    for (int i = 0; i < 3; i++)
        must(journal_append(j, "abc", 3, 1, NULL) == 0);
    must(journal_sync(j) == 0);
    struct journal_reader *reader = journal_reader_new(j);
    struct intake *in = intake_new("r");
    put_base(dir, data, size);
    int code = base_load(dir, reader, 3, &base, in, &f);
    must(code == 1 || (code < 0 && *f.text));
    if (code == 1)
        use(dir, reader, &base, in);
    intake_free(in);
    journal_reader_free(reader);
    journal_close(j);
    return 0;
}
