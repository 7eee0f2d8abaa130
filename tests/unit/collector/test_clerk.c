/* The clerk on a journal of its own: it goes on where the ledger stands, and begins anew where that cannot be. */
#include "collector/clerk.h"
#include "collector/ledger/ledger.h"
#include "collector/record.h"
#include "collector/rules/fold.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/service.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 60000 };
#define BEGIN 1795449600000LL /* 2026-11-24 */

static char dir[32], path[96];
static struct journal *journal;
static int bell;

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void open_journal(const char *name, int64_t segment_bytes)
{
    struct journal_settings set = {.dir = at(name), .mode = 0750, .segment_bytes = segment_bytes};
    assert_int_equal(journal_open(&journal, &set, NULL), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-clerk-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    bell = bell_new();
    open_journal("journal", 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    journal_close(journal);
    close(bell);
    return file_remove_tree(dir);
}

/* Ticks, one a minute. */
static void ticks(int from, int to)
{
    for (int i = from; i <= to; i++) {
        char ms[24];
        uint64_t seq;
        struct buf b = buf_growing();
        int n = snprintf(ms, sizeof ms, "%lld", BEGIN + i * 60000LL);
        record_write(&b, RECORD_TICK, BEGIN + i * 60000LL, "", 0, ms, (size_t)n);
        assert_int_equal(journal_append(journal, b.data, b.length, BEGIN, &seq), 0);
        assert_int_equal(seq, i);
        buf_free(&b);
    }
    assert_int_equal(journal_sync(journal), 0);
}

static struct clerk *started(void)
{
    struct clerk *c;
    struct fault f = {0};
    if (clerk_start(&c, journal, dir, bell, &f) != 0)
        fail_msg("%s", f.text);
    return c;
}

/* Until seq is committed; false: not within the deadline. */
static bool commits(struct clerk *c, uint64_t seq)
{
    clerk_ask(c, seq);
    for (int64_t until = clock_mono_ms() + DEADLINE_MS; clerk_committed(c) < seq && clock_mono_ms() < until;) {
        struct pollfd p = {.fd = bell, .events = POLLIN};
        poll(&p, 1, 100);
        bell_quiet(bell);
    }
    return clerk_committed(c) >= seq;
}

/* The ledger on disk stands at seq, and that is the journal's. */
static void expect_ledger(uint64_t seq)
{
    struct ledger *l;
    struct hash head, ours;
    uint64_t stands = 0;
    int version;
    struct journal_reader *reader = journal_reader_new(journal);
    assert_int_equal(ledger_open(&l, dir, LEDGER_READ, NULL), 0);
    assert_true(ledger_position(l, &stands, &head, &version));
    assert_int_equal(stands, seq);
    assert_int_equal(version, FOLD_VERSION);
    assert_true(journal_hash(reader, seq, &ours));
    assert_true(hash_equal(&head, &ours));
    ledger_close(l);
    journal_reader_free(reader);
}

static int count_aside(void)
{
    int count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        count +=
            strncmp(e->d_name, "ledger.db.aside-", 16) == 0 && !strstr(e->d_name, "-wal") && !strstr(e->d_name, "-shm");
    closedir(d);
    return count;
}

/* Starts, takes all in, stops. */
static void fold_all(uint64_t last)
{
    struct clerk *c = started();
    assert_true(commits(c, last));
    clerk_stop(c);
    expect_ledger(last);
}

static void it_goes_on_where_it_stood(void **state)
{
    (void)state;
    ticks(1, 5);
    fold_all(5);
    struct clerk *c = started();
    assert_int_equal(clerk_committed(c), 5); /* at once: nothing is folded twice */
    ticks(6, 9);
    clerk_wake(c);
    assert_true(commits(c, 9));
    ticks(10, 12);
    clerk_stop(c); /* at once: what it has not folded waits for the next start */
    fold_all(12);
    assert_int_equal(count_aside(), 0);
}

static void another_journal_is_another_ledger(void **state)
{
    (void)state;
    ticks(1, 5);
    fold_all(5);
    journal_close(journal);
    open_journal("other", 0);
    ticks(1, 3); /* a journal restored from before: the ledger is ahead of it */
    fold_all(3);
    assert_int_equal(count_aside(), 1);
    journal_close(journal);
    open_journal("third", 0);
    char text[] = "another first record";
    uint64_t seq;
    assert_int_equal(journal_append(journal, text, strlen(text), BEGIN, &seq), 0);
    ticks(2, 4); /* as long, and different */
    fold_all(4);
    assert_int_equal(count_aside(), 2);
    fold_all(4);
    assert_int_equal(count_aside(), 2);
}

static void damage_is_set_aside(void **state)
{
    (void)state;
    ticks(1, 5);
    assert_int_equal(file_replace(at("ledger.db"), "no database at all", 18, 0640, NULL), 0);
    fold_all(5);
    assert_int_equal(count_aside(), 1);

    struct ledger *l; /* one whose version of the fold is not ours */
    struct hash head = journal_head(journal);
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, NULL), 0);
    assert_int_equal(ledger_commit(l, 5, &head, FOLD_VERSION + 1), 0);
    ledger_close(l);
    fold_all(5);
    assert_int_equal(count_aside(), 2);
}

/* All pages but the first, which says what tables there are. */
static void spoil_pages(void)
{
    size_t length;
    char *bytes = file_read(at("ledger.db"), 1 << 24, &length, NULL);
    assert_non_null(bytes);
    memset(bytes, 0xa5, length);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0 && length > 8192);
    assert_int_equal(pwrite(fd, bytes, length - 4096, 4096), length - 4096);
    close(fd);
    free(bytes);
}

static int failure_of(struct clerk *c, struct fault *f)
{
    for (int64_t until = clock_mono_ms() + DEADLINE_MS; !clerk_failed(c, f) && clock_mono_ms() < until;) {
        struct pollfd p = {.fd = bell, .events = POLLIN};
        poll(&p, 1, 100);
        bell_quiet(bell);
    }
    return clerk_failed(c, f);
}

/* A clerk whose ledger is damaged once it has begun, asked for the next ticks. */
static struct clerk *started_and_spoiled(int from, int to)
{
    struct fault f;
    struct clerk *c = started();
    assert_int_equal(clerk_failed(c, &f), 0);
    spoil_pages();
    ticks(from, to);
    clerk_ask(c, (uint64_t)to);
    return c;
}

static void damage_while_it_runs_ends_it(void **state)
{
    struct fault f = {0};
    (void)state;
    ticks(1, 5);
    fold_all(5);
    struct clerk *c = started_and_spoiled(6, 9);
    assert_int_equal(failure_of(c, &f), ERR_CORRUPT);
    assert_non_null(strstr(f.text, "is set aside"));
    clerk_stop(c);
    assert_int_equal(count_aside(), 1);
    fold_all(9);
    assert_int_equal(count_aside(), 1);
}

/* A journal without its beginning cannot make a ledger again: the damaged one stays where it is. */
static void damage_that_cannot_be_made_good_is_left(void **state)
{
    struct fault f = {0};
    (void)state;
    journal_close(journal);
    open_journal("journal", 4096);
    ticks(1, 200); /* a segment begins after a sync only */
    ticks(201, 400);
    fold_all(400);
    assert_true(journal_drop_oldest(journal) > 0);
    struct clerk *c = started_and_spoiled(401, 409);
    assert_int_equal(failure_of(c, &f), ERR_DENIED);
    assert_non_null(strstr(f.text, "Restore a backup"));
    clerk_stop(c);
    assert_int_equal(count_aside(), 0);
}

static void nobody_else_may_write_it(void **state)
{
    struct ledger *held;
    struct clerk *c;
    struct fault f = {0};
    (void)state;
    ticks(1, 5);
    assert_int_equal(ledger_open(&held, dir, LEDGER_WRITE, NULL), 0);
    assert_int_equal(clerk_start(&c, journal, dir, bell, &f), ERR_AGAIN);
    assert_non_null(strstr(f.text, "another process writes this ledger"));
    assert_int_equal(count_aside(), 0);
    ledger_close(held);
    fold_all(5);
}

/* One bit in the middle of the only segment: the record there is not held any more, the others are. */
static void holes_are_passed_over(void **state)
{
    struct fault f;
    size_t length;
    uint64_t held = 0;
    struct journal_record rec;
    (void)state;
    ticks(1, 9);
    journal_close(journal);
    DIR *d = opendir(at("journal"));
    struct dirent *e;
    do
        e = readdir(d);
    while (e && strncmp(e->d_name, "0000", 4) != 0);
    assert_non_null(e);
    snprintf(path, sizeof path, "%s/journal/%.30s", dir, e->d_name);
    closedir(d);
    char *bytes = file_read(path, 1 << 20, &length, &f);
    assert_non_null(bytes);
    bytes[length / 2] ^= 1;
    assert_int_equal(file_replace(path, bytes, length, 0640, &f), 0);
    free(bytes);
    open_journal("journal", 0);
    struct journal_reader *reader = journal_reader_new(journal);
    for (uint64_t seq = 1; seq <= 9; seq++)
        held += journal_read(reader, seq, &rec) == 1;
    journal_reader_free(reader);
    assert_int_equal(held, 8);
    fold_all(9);
}

/* No room on the disk: here a limit on the size of files.  What was folded and not committed is folded again. */
static void a_full_disk_is_waited_for(void **state)
{
    struct rlimit before, tight;
    (void)state;
    ticks(1, 5);
    struct clerk *c = started();
    assert_true(commits(c, 5));
    ticks(6, 9);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = (struct rlimit){1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    clerk_ask(c, 9);
    for (int64_t until = clock_mono_ms() + 1500; clock_mono_ms() < until;) { /* longer than it waits to try again */
        clerk_wake(c);
        assert_int_equal(clerk_committed(c), 5);
        struct pollfd p = {.fd = bell, .events = POLLIN};
        poll(&p, 1, 50);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(commits(c, 9));
    clerk_stop(c);
    expect_ledger(9);
    assert_int_equal(count_aside(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_goes_on_where_it_stood, setup, teardown),
        cmocka_unit_test_setup_teardown(another_journal_is_another_ledger, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_while_it_runs_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_that_cannot_be_made_good_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_may_write_it, setup, teardown),
        cmocka_unit_test_setup_teardown(holes_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
