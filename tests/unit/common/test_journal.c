/* The journal against torn tails (at every byte), damage, failed places and other processes' readers. */
#include "common/file.h"
#include "common/journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static struct journal *opened(int64_t segment_bytes, int64_t max_bytes)
{
    struct journal *j = NULL;
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = segment_bytes, .max_bytes = max_bytes};
    struct fault f = {0};
    if (journal_open(&j, &set, &f) != 0)
        fail_msg("%s", f.text);
    return j;
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-journal-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir);
}

/* Record n is "record n" followed by n % 7 bytes of 'x'. */
static size_t body(uint64_t n, char out[static 64])
{
    return (size_t)sprintf(out, "record %llu%.*s", (unsigned long long)n, (int)(n % 7), "xxxxxxx");
}

static void put(struct journal *j, uint64_t from, uint64_t to)
{
    char text[64];
    for (uint64_t n = from; n <= to; n++) {
        uint64_t seq = 0;
        assert_int_equal(journal_append(j, text, body(n, text), (int64_t)n * 1000, &seq), 0);
        assert_int_equal(seq, n);
    }
    assert_int_equal(journal_sync(j), 0);
}

/* How many of 1..upto are held; what is held must be true. */
static uint64_t held(struct journal *j, uint64_t upto)
{
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    uint64_t count = 0;
    char text[64];
    for (uint64_t n = 1; n <= upto; n++) {
        int got = journal_read(r, n, &rec);
        if (got != 1)
            continue;
        assert_int_equal(rec.length, body(n, text));
        assert_memory_equal(rec.bytes, text, rec.length);
        assert_int_equal(rec.time_ms, (int64_t)n * 1000);
        count++;
    }
    journal_reader_free(r);
    return count;
}

static void chain_is_the_running_sha256(void **state)
{
    /* python: h=bytes(32); for b in (b"record 1x", b"record 2xx"): h=hashlib.sha256(h+b).digest() */
    static const char wanted[] = "ffdb1fbf7cd976d04aa357e9ea0324cae656e94e1e5dee093320a94a2e7e57ee";
    char hex[HASH_HEX];
    struct journal *j = opened(0, 0);
    struct hash h;
    (void)state;
    put(j, 1, 2);
    h = journal_head(j);
    hash_hex(&h, hex);
    assert_string_equal(hex, wanted);
    put(j, 3, 5);
    struct journal_reader *r = journal_reader_new(j);
    assert_true(journal_hash(r, 2, &h));
    hash_hex(&h, hex);
    assert_string_equal(hex, wanted);
    journal_reader_free(r);
    journal_close(j);
}

/* Asking for the hash of what was just read neither loses the reader's place nor reads the segment from its start. */
static void the_hash_of_what_was_just_read(void **state)
{
    struct journal *j = opened(600, 0); /* several segments */
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash h, before = {0};
    (void)state;
    put(j, 1, 30);
    for (uint64_t n = 1; n <= 30; n++) {
        assert_int_equal(journal_read(r, n, &rec), 1);
        assert_true(hash_equal(&rec.before, &before));
        before = chain_next(&before, rec.bytes, rec.length);
        for (int twice = 0; twice < 2; twice++) {
            assert_true(journal_hash(r, n, &h));
            assert_true(hash_equal(&h, &before));
        }
        if (n % 3 == 0) { /* and read again */
            assert_int_equal(journal_read(r, n, &rec), 1);
            assert_int_equal(rec.seq, n);
        }
    }
    journal_reader_free(r);
    journal_close(j);
}

static void nothing_is_seen_before_it_is_synced(void **state)
{
    struct journal *j = opened(0, 0);
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    (void)state;
    assert_int_equal(journal_append(j, "a", 1, 1, NULL), 0);
    assert_int_equal(journal_read(r, 1, &rec), 0);
    assert_int_equal(journal_sync(j), 0);
    assert_int_equal(journal_read(r, 1, &rec), 1);
    journal_reader_free(r);
    journal_close(j);
}

static void segment_file(char out[static 128])
{
    snprintf(out, 128, "%s/%020d.seg", dir, 1);
}

static void a_torn_tail_costs_only_the_torn_records(void **state)
{
    char path[128];
    struct stat st;
    size_t length;
    (void)state;
    struct journal *j = opened(0, 0);
    put(j, 1, 5);
    journal_close(j);
    segment_file(path);
    char *whole = file_read(path, 1 << 20, &length, NULL);
    assert_non_null(whole);
    int64_t ends[6] = {64};
    char text[64];
    for (uint64_t n = 1; n <= 5; n++)
        ends[n] = ends[n - 1] + 64 + (int64_t)body(n, text);
    assert_int_equal(ends[5], length);
    for (int64_t cut = ends[2]; cut <= ends[5]; cut++) {
        assert_int_equal(file_replace(path, whole, (size_t)cut, 0600, NULL), 0);
        uint64_t whole_records = cut >= ends[5] ? 5 : cut >= ends[4] ? 4 : cut >= ends[3] ? 3 : 2;
        j = opened(0, 0);
        assert_int_equal(journal_last(j), whole_records);
        assert_int_equal(held(j, 5), whole_records);
        put(j, whole_records + 1, 6); /* and it goes on */
        assert_int_equal(held(j, 6), 6);
        journal_close(j);
    }
    assert_int_equal(stat(path, &st), 0);
    free(whole);
}

static void a_flipped_bit_costs_one_record_and_never_gives_a_wrong_one(void **state)
{
    enum { RECORDS = 12 };
    char path[128];
    size_t length;
    (void)state;
    struct journal *j = opened(0, 0);
    put(j, 1, RECORDS);
    journal_close(j);
    segment_file(path);
    char *whole = file_read(path, 1 << 20, &length, NULL);
    assert_non_null(whole);
    for (size_t bit = 0; bit < length * 8; bit++) {
        whole[bit / 8] ^= (char)(1 << bit % 8);
        int fd = open(path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, whole, length), length);
        close(fd);
        whole[bit / 8] ^= (char)(1 << bit % 8);
        j = opened(0, 0);
        assert_true(held(j, RECORDS) >= RECORDS - 1);
        journal_close(j);
    }
    free(whole);
}

static void the_oldest_whole_segments_go_when_room_is_short(void **state)
{
    struct journal *j = opened(64 * 1024, 512 * 1024);
    char *big = xcalloc(1, 10000);
    (void)state;
    for (int n = 1; n <= 200; n++) {
        assert_int_equal(journal_append(j, big, 10000, n, NULL), 0);
        assert_int_equal(journal_sync(j), 0);
        journal_trim(j, n);
        assert_true(journal_bytes(j) <= 512 * 1024 + 80 * 1024);
    }
    uint64_t first = journal_first(j);
    assert_true(first > 100);
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash h;
    assert_int_equal(journal_read(r, first - 1, &rec), ERR_MISSING);
    assert_int_equal(journal_next_held(r, 0), first);
    assert_true(journal_hash(r, first - 1, &h)); /* the next segment's header knows it */
    assert_false(journal_hash(r, first - 2, &h));
    journal_reader_free(r);
    free(big);
    journal_close(j);
}

/* At every byte that its last append may have reached: the reader sees the whole records, and leaves the file alone. */
static void another_process_reads_what_is_whole(void **state)
{
    (void)state;
    char path[128], text[64];
    struct stat before, after;
    struct fault f;
    struct journal *j = opened(0, 0), *reading = NULL;
    put(j, 1, 5);
    int64_t whole = journal_bytes(j), length = whole;
    put(j, 6, 6);
    length = journal_bytes(j);
    struct hash head = journal_head(j), seen;
    snprintf(path, sizeof path, "%s/%020d.seg", dir, 1);
    assert_int_equal(journal_open_read(&reading, dir, &f), 0); /* beside the writer */
    assert_int_equal(journal_synced(reading), 6);
    seen = journal_head(reading);
    assert_true(hash_equal(&seen, &head) && held(reading, 6) == 6);
    journal_close(reading);
    journal_close(j);
    for (int64_t end = length; end >= whole; end--) {
        assert_int_equal(truncate(path, end), 0);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(journal_open_read(&reading, dir, &f), 0);
        assert_int_equal(journal_synced(reading), end == length ? 6 : 5);
        assert_int_equal(held(reading, 6), end == length ? 6 : 5);
        journal_close(reading);
        assert_int_equal(stat(path, &after), 0);
        assert_true(after.st_size == before.st_size && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    }
    assert_int_equal(journal_open_read(&reading, "/nonexistent/journal", &f), ERR_MISSING);
    snprintf(text, sizeof text, "%.40s/empty", dir);
    assert_int_equal(mkdir(text, 0700), 0);
    assert_int_equal(journal_open_read(&reading, text, &f), 0);
    assert_int_equal(journal_synced(reading), 0);
    journal_close(reading);
}

static void cursors_survive(void **state)
{
    struct journal *j = opened(0, 0);
    uint64_t n = 0;
    (void)state;
    assert_false(journal_cursor_load(j, "lines", &n));
    assert_int_equal(journal_cursor_save(j, "lines", 123456789012345), 0);
    assert_true(journal_cursor_load(j, "lines", &n));
    assert_true(n == 123456789012345);
    journal_close(j);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {CASE(chain_is_the_running_sha256),
                                       CASE(the_hash_of_what_was_just_read),
                                       CASE(nothing_is_seen_before_it_is_synced),
                                       CASE(a_torn_tail_costs_only_the_torn_records),
                                       CASE(a_flipped_bit_costs_one_record_and_never_gives_a_wrong_one),
                                       CASE(the_oldest_whole_segments_go_when_room_is_short),
                                       CASE(another_process_reads_what_is_whole),
                                       CASE(cursors_survive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
