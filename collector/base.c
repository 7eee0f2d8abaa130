#include "collector/base.h"
#include "collector/rules/pack.h"
#include "common/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes: magic, the members and intake's packed, SHA-256 of all that.  Another form gets another magic. */
static const char magic[] = "QABASE2\n";
enum { MAGIC = sizeof magic - 1, MOST = 1 << 30, MODE = 0640 };

static void path_of(char path[static PATH_MAX], const char *state_dir)
{
    snprintf(path, PATH_MAX, "%s/journal/intake.base", state_dir);
}

static void pack_base(struct pack *p, struct base *b)
{
    int64_t seq = (int64_t)b->seq, skipped = (int64_t)b->skipped, skip_to = (int64_t)b->skip_to;
    char hex[HASH_HEX];
    hash_hex(&b->head, hex);
    pack_int(p, &seq);
    pack_text(p, hex, sizeof hex);
    pack_int(p, &skipped);
    pack_int(p, &skip_to);
    b->seq = (uint64_t)seq;
    b->skipped = (uint64_t)skipped;
    b->skip_to = (uint64_t)skip_to;
    p->bad = p->bad || seq < 0 || !hash_parse(&b->head, hex);
}

int base_save(const char *state_dir, const struct base *base, struct intake *intake, struct fault *f)
{
    char path[PATH_MAX];
    struct buf b = buf_growing();
    struct base copy = *base;
    buf_bytes(&b, magic, MAGIC);
    struct pack p = pack_writer(&b);
    pack_base(&p, &copy);
    intake_pack(&p, intake);
    struct hash sum = hash_of(b.data, b.length);
    buf_bytes(&b, sum.b, HASH_BYTES);
    path_of(path, state_dir);
    int code = file_replace(path, b.data, b.length, MODE, f);
    buf_free(&b);
    return code;
}

static bool parse(const char *bytes, size_t length, struct base *base, struct intake *into)
{
    if (length < MAGIC + HASH_BYTES || memcmp(bytes, magic, MAGIC) != 0)
        return false;
    struct hash sum = hash_of(bytes, length - HASH_BYTES);
    if (memcmp(sum.b, bytes + length - HASH_BYTES, HASH_BYTES) != 0)
        return false;
    struct pack p = pack_reader(bytes + MAGIC, length - MAGIC - HASH_BYTES);
    pack_base(&p, base);
    intake_pack(&p, into);
    return pack_done(&p);
}

int base_load(const char *state_dir, struct journal_reader *reader, uint64_t synced, struct base *base,
              struct intake *into, struct fault *f)
{
    char path[PATH_MAX];
    size_t length;
    const struct hash untold = {0};
    struct hash held;
    struct fault why = {0};
    *base = (struct base){0};
    path_of(path, state_dir);
    char *bytes = file_read(path, MOST, &length, &why);
    if (!bytes)
        return why.code == ERR_MISSING ? 0 : fault(f, why.code, "%s", why.text);
    bool good = parse(bytes, length, base, into);
    free(bytes);
    if (!good)
        return fault(f, ERR_CORRUPT, "%s: is damaged, or was written by another version of this program", path);
    if (base->seq > synced || (!hash_equal(&base->head, &untold) && journal_hash(reader, base->seq, &held) &&
                               !hash_equal(&held, &base->head)))
        return fault(f, ERR_CORRUPT, "%s: stands for record %llu of another journal", path,
                     (unsigned long long)base->seq);
    return 1;
}
