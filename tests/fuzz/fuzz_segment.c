/* Segment files of a journal after a bad night.  Where the input has a segment's magic again, another file begins,
 * which is named as its header says. */
#include "common/file.h"
#include "common/journal.h"
#include "common/segment.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

enum { FILES = 4, READ_MOST = 200 };

static void put_segment(const char *dir, const uint8_t *bytes, size_t length, size_t index)
{
    char path[120];
    uint64_t first = 1 + 100 * index;
    if (length >= 16 && index)
        first = bytes[8] | (uint64_t)bytes[9] << 8;
    snprintf(path, sizeof path, "%s/%020llu.seg", dir, (unsigned long long)first);
    must(folder_put(path, bytes, length));
}

static void put_all(const char *dir, const uint8_t *bytes, size_t left)
{
    for (size_t i = 0; i < FILES && (left || !i); i++) {
        const uint8_t *next = left > 8 ? memmem(bytes + 1, left - 1, "QAJSEG1\n", 8) : NULL;
        size_t length = next && i + 1 < FILES ? (size_t)(next - bytes) : left;
        put_segment(dir, bytes, length, i);
        bytes += length;
        left -= length;
    }
}

static void read_all(struct journal *j)
{
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash h;
    uint64_t seq = journal_first(j) - 1;
    for (unsigned i = 0; i < READ_MOST && (seq = journal_next_held(r, seq)) <= journal_synced(j); i++) {
        must(journal_read(r, seq, &rec) == 1 && rec.seq == seq);
        must(journal_hash(r, seq, &h));
    }
    journal_reader_free(r);
}

static void append_one(struct journal *j, uint64_t *seq)
{
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash head = journal_head(j);
    must(journal_append(j, "after", 5, 1772294400000, seq) == 0 && journal_sync(j) == 0);
    must(journal_read(r, *seq, &rec) == 1 && rec.length == 5 && memcmp(rec.bytes, "after", 5) == 0);
    must(hash_equal(&rec.before, &head));
    journal_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal *j;
    struct fault f = {0};
    uint64_t seq;
    struct journal_settings set = {.dir = folder(), .mode = 0700, .max_bytes = 1 << 20};
    put_all(set.dir, data, size);
    must(journal_open_read(&j, set.dir, &f) == 0);
    uint64_t last = journal_last(j);
    read_all(j);
    journal_close(j);
    must(journal_open(&j, &set, &f) == 0 && journal_last(j) == last);
    read_all(j);
    append_one(j, &seq);
    must(seq == last + 1);
    journal_close(j);
    must(journal_open(&j, &set, &f) == 0 && journal_last(j) == seq && journal_cut_bytes(j) == 0);
    read_all(j);
    journal_close(j);
    return 0;
}
