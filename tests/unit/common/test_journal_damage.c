/* A journal's files after a bad night: every bit, every length, files that are missing, exchanged, empty, of another
 * version, or no files at all.  It always opens, gives out nothing but what was written, loses the touched records
 * only, and goes on. JOURNAL_LONG=1: every bit of 64 records, not a share of them. */
#include "tests/unit/common/journal_kit.h"

enum { SMALL = 600 /* bytes: a handful of records a segment */, MANY = 30 };

static void fill(int64_t segment_bytes, uint64_t from, uint64_t to)
{
    struct journal *j = opened(segment_bytes);
    for (uint64_t n = from; n <= to; n++) {
        assert_int_equal(append(j, n), 0);
        assert_int_equal(journal_sync(j), 0);
    }
    journal_close(j);
}

/* Opens it, and once more behind a record that goes on with it. */
static void check(int64_t segment_bytes, const bool *held, uint64_t last)
{
    bool also[RECORDS_MOST] = {0};
    uint64_t count = 0;
    struct journal *j;
    struct fault f = {0};
    for (uint64_t n = 1; n <= last; n++)
        count += also[n] = held[n];
    assert_int_equal(journal_open_read(&j, dir, &f), 0); /* another process sees the same, and leaves it alone */
    assert_int_equal(journal_last(j), last);
    assert_int_equal(check_records(j, held), count);
    journal_close(j);
    j = opened(segment_bytes);
    assert_int_equal(journal_last(j), last);
    assert_int_equal(check_records(j, held), count);
    assert_int_equal(append(j, last + 1), 0);
    assert_int_equal(journal_sync(j), 0);
    journal_close(j);
    also[last + 1] = true;
    j = opened(segment_bytes);
    assert_int_equal(journal_last(j), last + 1);
    assert_int_equal(check_records(j, also), count + 1);
    assert_int_equal(journal_cut_bytes(j), 0);
    assert_int_equal(journal_set_aside(j), 0); /* once is enough */
    journal_close(j);
}

/* ---- one segment ---------------------------------------------------------------------------------------------------
 */
static uint64_t record_at(size_t offset, uint64_t last) /* the record that this byte belongs to; 0: the header */
{
    char text[64];
    size_t end = HEAD;
    uint64_t n = 0;
    while (offset >= end && n < last)
        end += HEAD + body(++n, text);
    return offset < HEAD ? 0 : n;
}

/* In a segment that has a successor, so that opening leaves the file as it is; and in the newest. */
static void every_bit(void **state)
{
    enum { FULL = 64 };
    (void)state;
    fill(0, 1, FULL);
    struct picture newest = take_picture();
    size_t length = newest.files[0].length;
    assert_int_equal(record_at(length - 1, FULL), FULL);
    fill(1, FULL + 1, FULL + 1);
    struct picture followed = take_picture();
    assert_int_equal(followed.count, 2);
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, followed.files[0].name);
    int fd = open(path, O_RDWR);
    for (size_t bit = 0; bit < length * 8; bit += thorough() || bit / 8 < HEAD + 20 ? 1 : 23) {
        uint64_t touched = record_at(bit / 8, FULL);
        char byte = (char)(followed.files[0].bytes[bit / 8] ^ 1 << bit % 8);
        bool held[RECORDS_MOST];
        for (uint64_t n = 1; n <= FULL + 1; n++)
            held[n] = n != touched;
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
        struct journal *j = opened(1);
        check_records(j, held);
        assert_int_equal(journal_last(j), FULL + 1);
        journal_close(j);
        assert_int_equal(pwrite(fd, &followed.files[0].bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    for (size_t bit = 0; bit < length * 8; bit += thorough() || bit / 8 > length - 70 ? 1 : 97) {
        uint64_t touched = record_at(bit / 8, FULL);
        bool held[RECORDS_MOST];
        for (uint64_t n = 1; n <= FULL; n++)
            held[n] = n != touched;
        newest.files[0].bytes[bit / 8] ^= (char)(1 << bit % 8);
        put_back(&newest);
        newest.files[0].bytes[bit / 8] ^= (char)(1 << bit % 8);
        check(0, held, touched == FULL ? FULL - 1 : FULL);
    }
    free_picture(&newest);
    free_picture(&followed);
}

/* The newest segment ends at any byte of it; also with zeros or with noise behind, as a disk may have it. */
static void every_end(void **state)
{
    enum { FULL = 12 };
    (void)state;
    fill(0, 1, FULL);
    struct picture p = take_picture();
    size_t length = p.files[0].length;
    char *torn = xcalloc(1, length + 300);
    bool held[RECORDS_MOST];
    memset(held, 1, sizeof held);
    for (size_t end = 0; end <= length; end++) {
        uint64_t whole = end < HEAD ? 0 : record_at(end, FULL + 1) - 1;
        if (end == length)
            whole = FULL;
        for (int kind = 0; kind < 3; kind++) {
            char name[64];
            size_t more = kind && end < length ? 300 : 0;
            memcpy(torn, p.files[0].bytes, end);
            for (size_t i = 0; i < more; i++)
                torn[end + i] = kind == 1 ? 0 : "QREC\x01\xff"[i % 6];
            strcpy(name, p.files[0].name);
            put_back(&(struct picture){0});
            write_file(name, torn, end + more);
            check(0, held, whole);
        }
    }
    free(torn);
    free_picture(&p);
}

/* ---- several segments: what is done to the file of one -------------------------------------------------------------
 */
static struct picture several;
static uint64_t begins[PICTURE_MOST]; /* by segment; behind the last one: MANY + 1 */
static size_t segments;

static int begin_several(void **state)
{
    setup(state);
    fill(SMALL, 1, MANY);
    several = take_picture();
    segments = several.count;
    for (size_t i = 0; i < segments; i++)
        begins[i] = strtoull(several.files[i].name, NULL, 10);
    begins[segments] = MANY + 1;
    assert_true(segments >= 4 && begins[0] == 1);
    return 0;
}

static int end_several(void **state)
{
    free_picture(&several);
    return teardown(state);
}

static void path_of(size_t i, char out[static 160])
{
    snprintf(out, 160, "%s/%s", dir, several.files[i].name);
}

/* All but the records of segment i are held; of the newest, also their numbers are free again. */
static void check_without(size_t i)
{
    bool held[RECORDS_MOST];
    for (uint64_t n = 1; n <= MANY; n++)
        held[n] = n < begins[i] || n >= begins[i + 1];
    check(SMALL, held, i + 1 == segments ? begins[i] - 1 : MANY);
}

static void missing(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void short_header(const char *path)
{
    assert_int_equal(truncate(path, 37), 0);
}

static void noise(const char *path)
{
    char bytes[777];
    unsigned x = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)((x = x * 1103515245 + 12345) >> 16);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
}

static void zeros(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, st.st_size), 0);
}

/* A header that is whole, and says another version: the form of what follows is not known. */
static void foreign_version(const char *path)
{
    uint8_t head[HEAD];
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, head, HEAD, 0), HEAD);
    head[6] = '2';
    uint32_t crc = 0xffffffff; /* CRC-32 as in ISO 3309, bit by bit */
    for (int i = 0; i < 60; i++) {
        crc ^= head[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++)
        head[60 + i] = (uint8_t)(crc >> 8 * i);
    assert_int_equal(pwrite(fd, head, HEAD, 0), HEAD);
    close(fd);
}

static void folder(const char *path)
{
    missing(path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void pipe_of_that_name(const char *path)
{
    missing(path);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void link_to_nothing(const char *path)
{
    missing(path);
    assert_int_equal(symlink("/nonexistent/target", path), 0);
}

/* A link to a copy that is as good as it was: still it is no segment, and what it leads to stays as it is. */
static void link_to_a_copy(const char *path)
{
    char copy[160];
    snprintf(copy, sizeof copy, "%s/copy", dir);
    assert_int_equal(rename(path, copy), 0);
    assert_int_equal(symlink(copy, path), 0);
}

static void each_segment_in_turn(void **state)
{
    static void (*const harms[])(const char *) = {missing,         empty,           short_header, noise,
                                                  zeros,           foreign_version, folder,       pipe_of_that_name,
                                                  link_to_nothing, link_to_a_copy};
    char path[160], copy[160];
    struct stat before, after;
    (void)state;
    for (size_t k = 0; k < sizeof harms / sizeof *harms; k++)
        for (size_t i = 0; i < segments; i++) {
            put_back(&several);
            path_of(i, path);
            harms[k](path);
            snprintf(copy, sizeof copy, "%s/copy", dir);
            bool linked = stat(copy, &before) == 0;
            check_without(i);
            if (linked) {
                assert_int_equal(stat(copy, &after), 0);
                assert_true(before.st_size == after.st_size && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
            }
        }
}

static void every_pair_missing_or_swapped(void **state)
{
    char a[160], b[160], between[160];
    (void)state;
    for (size_t i = 0; i < segments; i++)
        for (size_t k = i + 1; k < segments; k++)
            for (int swapped = 0; swapped < 2; swapped++) {
                bool held[RECORDS_MOST];
                put_back(&several);
                path_of(i, a);
                path_of(k, b);
                snprintf(between, sizeof between, "%s/between", dir);
                if (swapped)
                    assert_true(rename(a, between) == 0 && rename(b, a) == 0 && rename(between, b) == 0);
                else
                    assert_true(unlink(a) == 0 && unlink(b) == 0);
                uint64_t last = MANY;
                for (size_t s = segments; s-- && (s == i || s == k);)
                    last = begins[s] - 1;
                for (uint64_t n = 1; n <= MANY; n++)
                    held[n] = !((n >= begins[i] && n < begins[i + 1]) || (n >= begins[k] && n < begins[k + 1]));
                if (swapped && k + 1 == segments &&
                    k == i + 1) { /* the last two: without the one that cannot be, the */
                    last = MANY;  /* other is the newest, and its numbers rise */
                    for (uint64_t n = begins[k]; n <= MANY; n++)
                        held[n] = true;
                }
                check(SMALL, held, last);
            }
}

static void copies_under_other_names(void **state)
{
    char name[64];
    bool held[RECORDS_MOST];
    (void)state;
    for (size_t i = 0; i < segments; i++) {
        const uint64_t names[] = {MANY + 100, UINT64_MAX, UINT64_MAX - 1};
        for (size_t k = 0; k < 3; k++) {
            put_back(&several);
            snprintf(name, sizeof name, "%020llu.seg", (unsigned long long)names[k]);
            write_file(name, several.files[i].bytes, several.files[i].length);
            memset(held, 1, sizeof held);
            check(SMALL, held, MANY); /* set aside: nothing in it is in its place */
        }
        static const char *const strangers[] = {"00000000000000000001.seg.new",
                                                "00000000000000000001.seg.bad",
                                                "+0000000000000000001.seg",
                                                "                   1.seg",
                                                "99999999999999999999.seg",
                                                "00000000000000000000.seg",
                                                "1.seg",
                                                "acked.cursor.new"};
        put_back(&several);
        for (size_t k = 0; k < sizeof strangers / sizeof *strangers; k++)
            write_file(strangers[k], several.files[i].bytes, several.files[i].length);
        check(SMALL, held, MANY);
    }
}

/* Under a later number it holds what that number and its successor's leave of it. */
static void renamed(void **state)
{
    char path[160], name[64], to[240];
    (void)state;
    for (size_t i = 0; i < segments; i++)
        for (uint64_t first = begins[i] + 1; first < begins[i + 1]; first++) {
            bool held[RECORDS_MOST];
            put_back(&several);
            path_of(i, path);
            snprintf(name, sizeof name, "%020llu.seg", (unsigned long long)first);
            snprintf(to, sizeof to, "%s/%s", dir, name);
            assert_int_equal(rename(path, to), 0);
            for (uint64_t n = 1; n <= MANY; n++)
                held[n] = n < begins[i] || n >= first;
            check(SMALL, held, MANY);
        }
}

static void headers_of_all_are_gone(void **state)
{
    char path[160];
    bool held[RECORDS_MOST];
    (void)state;
    memset(held, 1, sizeof held);
    for (size_t i = 0; i < segments; i++) {
        path_of(i, path);
        int fd = open(path, O_WRONLY);
        assert_int_equal(pwrite(fd, "ruined header", 13, 0), 13);
        close(fd);
    }
    check(SMALL, held, MANY);
}

static void nothing_is_left(void **state)
{
    bool held[RECORDS_MOST] = {0};
    char path[160];
    (void)state;
    for (size_t i = 0; i < segments; i++) {
        path_of(i, path);
        noise(path);
    }
    check(SMALL, held, 0);
}

/* Random harm to random places of all segments at once: what was not touched is held. */
static void harm_all_over(void **state)
{
    unsigned x = 20261124;
    (void)state;
    for (int round = 0; round < (thorough() ? 10000 : 150); round++) {
        bool held[RECORDS_MOST];
        memset(held, 1, sizeof held);
        put_back(&several);
        for (unsigned harms = 1 + (x = x * 1103515245 + 12345) / 65536 % 20; harms; harms--) {
            size_t i = (x = x * 1103515245 + 12345) / 65536 % segments;
            size_t at = (x = x * 1103515245 + 12345) / 65536 % several.files[i].length, offset = HEAD;
            char path[160], text[64], byte = several.files[i].bytes[at] ^ 0x55;
            uint64_t n = begins[i];
            path_of(i, path);
            int fd = open(path, O_WRONLY);
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
            close(fd);
            while (at >= HEAD && at >= (offset += HEAD + body(n, text)))
                n++;
            if (at >= HEAD)
                held[n] = false;
        }
        uint64_t last = MANY;
        while (last && !held[last] && last >= begins[segments - 1])
            last--;
        struct journal *j = opened(SMALL);
        bool none = last < begins[segments - 1]; /* of the newest: whether its header tells, is the next test's */
        if (!none) {
            assert_int_equal(journal_last(j), last);
            check_records(j, held);
        }
        journal_close(j);
    }
}

/* ---- trimming ------------------------------------------------------------------------------------------------------
 */
static void an_unreadable_header_does_not_keep_the_old_ones(void **state)
{
    char path[160];
    (void)state;
    path_of(1, path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "ruined header", 13, 0), 13);
    close(fd);
    struct journal *j = opened(SMALL);
    journal_limit(j, 0, 1);
    assert_int_equal(journal_trim(j, 1 << 30), begins[segments - 1] - 1);
    assert_int_equal(journal_first(j), begins[segments - 1]);
    journal_close(j);
}

/* ---- cursors -------------------------------------------------------------------------------------------------------
 */
static void cursors(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        bool good;
        uint64_t value;
    } cases[] = {{"12\n", 3, true, 12},
                 {"18446744073709551615\n", 21, true, UINT64_MAX},
                 {"", 0, false, 0},
                 {"12", 2, false, 0},
                 {"\n", 1, false, 0},
                 {"-1\n", 3, false, 0},
                 {"18446744073709551616\n", 21, false, 0},
                 {"12\n13\n", 6, false, 0},
                 {"1\0002\n", 4, false, 0},
                 {"\0\0\0", 3, false, 0},
                 {"0000000000000000000000000000000000000000000000000000000000000000012\n", 68, false, 0}};
    struct journal *j = opened(SMALL);
    char path[160];
    uint64_t n;
    (void)state;
    snprintf(path, sizeof path, "%s/acked.cursor", dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("acked.cursor", cases[i].bytes, cases[i].length);
        n = 77;
        assert_int_equal(journal_cursor_load(j, "acked", &n), cases[i].good);
        assert_true(n == (cases[i].good ? cases[i].value : 77));
    }
    assert_int_equal(unlink(path), 0); /* a leftover, and one that may not be written */
    write_file("acked.cursor.new", "99", 2);
    snprintf(path, sizeof path, "%s/acked.cursor.new", dir);
    assert_int_equal(chmod(path, 0400), 0);
    assert_false(journal_cursor_load(j, "acked", &n));
    assert_int_equal(journal_cursor_save(j, "acked", 5), 0);
    assert_true(journal_cursor_load(j, "acked", &n) && n == 5);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(symlink("/dev/null", path), 0); /* nothing is written through a link */
    assert_int_equal(journal_cursor_save(j, "acked", 6), 0);
    assert_true(journal_cursor_load(j, "acked", &n) && n == 6);
    journal_close(j);
}

int main(void)
{
#define CASE(name)    cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SEVERAL(name) cmocka_unit_test_setup_teardown(name, begin_several, end_several)
    const struct CMUnitTest tests[] = {CASE(every_bit),
                                       CASE(every_end),
                                       SEVERAL(each_segment_in_turn),
                                       SEVERAL(every_pair_missing_or_swapped),
                                       SEVERAL(copies_under_other_names),
                                       SEVERAL(renamed),
                                       SEVERAL(headers_of_all_are_gone),
                                       SEVERAL(nothing_is_left),
                                       SEVERAL(harm_all_over),
                                       SEVERAL(an_unreadable_header_does_not_keep_the_old_ones),
                                       SEVERAL(cursors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
