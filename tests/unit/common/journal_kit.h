/* A journal in a folder of its own, whose records the tests know by number, and a picture of the folder that can be put
 * back: for tests that do harm to it.  On disk everything has its place by the published form (docs/architecture.md):
 * 64 bytes of segment header, then for each record 64 bytes and its body. */
#include "common/file.h"
#include "common/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEAD = 64, RECORDS_MOST = 256, PICTURE_MOST = 64 };

static char dir[64];

/* The long form of a test: everything, not a share that fits `make check`. */
static inline bool thorough(void)
{
    return getenv("JOURNAL_LONG") != NULL;
}

static inline int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/quietair-journal-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir);
}

/* Record n is "record n" followed by n % 7 bytes of 'x'. */
static inline size_t body(uint64_t n, char out[static 64])
{
    return (size_t)sprintf(out, "record %llu%.*s", (unsigned long long)n, (int)(n % 7), "xxxxxxx");
}

static inline int try_open(struct journal **j, int64_t segment_bytes)
{
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = segment_bytes};
    struct fault f = {0};
    return journal_open(j, &set, &f);
}

static inline struct journal *opened(int64_t segment_bytes)
{
    struct journal *j = NULL;
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = segment_bytes};
    struct fault f = {0};
    if (journal_open(&j, &set, &f) != 0)
        fail_msg("%s", f.text);
    return j;
}

static inline int append(struct journal *j, uint64_t n)
{
    char text[64];
    return journal_append(j, text, body(n, text), (int64_t)n * 1000, NULL);
}

/* h(n) of the true records. */
static inline struct hash true_hash(uint64_t n)
{
    static struct hash of[RECORDS_MOST];
    static uint64_t known;
    char text[64];
    for (; known < n; known++)
        of[known + 1] = chain_next(&of[known], text, body(known + 1, text));
    return of[n];
}

/* ---- a picture of the folder ---------------------------------------------------------------------------------------
 */
struct picture {
    struct {
        char name[64];
        char *bytes;
        size_t length;
    } files[PICTURE_MOST];
    size_t count;
};

static inline int by_name(const void *a, const void *b)
{
    return strcmp(a, b); /* the name comes first */
}

static inline struct picture take_picture(void)
{
    struct picture p = {0};
    char path[200];
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%.60s", dir, e->d_name);
        if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        assert_true(p.count < PICTURE_MOST);
        strcpy(p.files[p.count].name, e->d_name);
        p.files[p.count].bytes = file_read(path, 1 << 24, &p.files[p.count].length, NULL);
        assert_non_null(p.files[p.count++].bytes);
    }
    closedir(d);
    qsort(p.files, p.count, sizeof *p.files, by_name);
    return p;
}

static inline void write_file(const char *name, const void *bytes, size_t length)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

static inline void put_back(const struct picture *p)
{
    assert_int_equal(file_remove_tree(dir), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    for (size_t i = 0; i < p->count; i++)
        write_file(p->files[i].name, p->files[i].bytes, p->files[i].length);
}

static inline void free_picture(struct picture *p)
{
    while (p->count)
        free(p->files[--p->count].bytes);
}

/* ---- what must hold ------------------------------------------------------------------------------------------------
 */
/* What is read is true, is what `held` says (NULL: any), and stands behind the true hash; hashes that can be told are
 * true. How many there are. */
static inline uint64_t check_records(struct journal *j, const bool *held)
{
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash h, wanted;
    uint64_t count = 0, last = journal_last(j);
    char text[64];
    for (uint64_t n = 1; n <= last; n++) {
        int got = journal_read(r, n, &rec);
        assert_true(got == 1 || got == ERR_MISSING);
        if (held && (got == 1) != held[n])
            fail_msg("record %llu is %s", (unsigned long long)n, got == 1 ? "held" : "not held");
        if (journal_hash(r, n, &h)) {
            wanted = true_hash(n);
            assert_memory_equal(h.b, wanted.b, HASH_BYTES);
        } else {
            assert_int_not_equal(got, 1);
        }
        if (got != 1)
            continue;
        assert_int_equal(journal_read(r, n, &rec), 1); /* again: the hash was asked for in between */
        assert_int_equal(rec.length, body(n, text));
        assert_memory_equal(rec.bytes, text, rec.length);
        wanted = true_hash(n - 1);
        assert_memory_equal(rec.before.b, wanted.b, HASH_BYTES);
        assert_int_equal(rec.time_ms, n * 1000);
        count++;
    }
    uint64_t seen = 0;
    for (uint64_t n = journal_next_held(r, 0); n <= last; n = journal_next_held(r, n))
        seen++;
    assert_int_equal(seen, count);
    journal_reader_free(r);
    return count;
}
