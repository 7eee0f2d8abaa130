/* A journal among system calls that fail, are cut short, or are the last before the power fails: what journal_sync has
 * said is durable is held by whoever opens it next, though he, too, is cut off, and the next.  JOURNAL_LONG=1: all of
 * it. */
#include "tests/unit/calls.h"

#include "tests/unit/common/journal_kit.h"

enum { SMALL = 400 /* a few records a segment */, EVERY_FORM = CUT_FORMS };

/* ---- power cuts
 * ------------------------------------------------------------------------------------------------------ */
/* What must be found, whenever the power fails. */
static struct promise {
    uint64_t from, upto;                /* these records are held */
    uint64_t last_most;                 /* none is later than this */
    uint64_t cursor_least, cursor_most; /* 0: there may be none */
} promise;

enum { STATES_MOST = 50000 };

static struct state { /* of the folder, as a cut may leave it; each only once */
    struct tree tree;
    struct promise promise;
    int depth; /* how many were cut off one after the other */
} * states;
static size_t state_count;
static uint64_t marks[1 << 17];
static int depth, form_step = 1;

static bool is_new(uint64_t mark)
{
    mark = mark ? mark : 1;
    size_t i = mark % (sizeof marks / sizeof *marks);
    while (marks[i] && marks[i] != mark)
        i = (i + 1) % (sizeof marks / sizeof *marks);
    bool fresh = !marks[i];
    marks[i] = mark;
    return fresh;
}

static int cut_here(enum call kind)
{
    (void)kind;
    for (int form = 0; form < CUT_FORMS; form += form_step) {
        struct state s = {.promise = promise, .depth = depth};
        durable_cut(&s.tree, form);
        uint64_t mark = tree_mark(&s.tree);
        for (size_t i = 0; i < sizeof promise / sizeof(uint64_t); i++)
            mark = (mark ^ ((const uint64_t *)&promise)[i]) * 1099511628211u;
        if (is_new(mark)) {
            assert_true(state_count < STATES_MOST);
            states[state_count++] = s;
        } else {
            tree_free(&s.tree);
        }
    }
    return 0;
}

static void keep_promise(struct journal *j)
{
    bool held[RECORDS_MOST] = {0};
    uint64_t cursor = 0, first = journal_first(j);
    assert_in_range(journal_last(j), promise.upto, promise.last_most);
    for (uint64_t n = first; n <= journal_last(j); n++)
        held[n] = true; /* a cut makes no holes */
    if (promise.upto)
        assert_true(first <= promise.from);
    check_records(j, held);
    journal_cursor_load(j, "acked", &cursor);
    assert_in_range(cursor, promise.cursor_least, promise.cursor_most);
}

static void go_on(struct journal *j, uint64_t records)
{
    for (; records; records--) {
        promise.last_most = journal_last(j) + 1;
        assert_int_equal(append(j, journal_last(j) + 1), 0);
        if (records % 3 == 0)
            continue; /* several are synced together */
        assert_int_equal(journal_sync(j), 0);
        promise.upto = journal_last(j);
    }
}

static void save_cursor(struct journal *j, uint64_t value)
{
    promise.cursor_least = value < promise.cursor_least ? value : promise.cursor_least;
    promise.cursor_most = value > promise.cursor_most ? value : promise.cursor_most;
    assert_int_equal(journal_cursor_save(j, "acked", value), 0);
    promise.cursor_least = promise.cursor_most = value;
}

static void a_life(uint64_t records)
{
    struct journal *j = opened(SMALL);
    go_on(j, records);
    save_cursor(j, journal_synced(j) / 2);
    if (journal_first(j) == 1 && promise.upto > 12) { /* the oldest goes */
        promise.from = 9;
        assert_true(journal_drop_oldest(j) > 0);
    }
    go_on(j, 2);
    save_cursor(j, journal_synced(j));
    journal_close(j);
}

/* Opens what a cut has left, cut off at each call itself, and looks. */
static void open_cut_off(const struct state *s, bool lives)
{
    struct journal *j;
    promise = s->promise;
    depth = s->depth + 1;
    put_back(&(struct picture){0});
    tree_lay(&s->tree, dir);
    durable_begin(dir);
    on_call = cut_here;
    if (lives)
        a_life(2); /* and goes on, into another segment too */
    else
        journal_close(opened(SMALL));
    on_call = NULL;
    j = opened(SMALL);
    keep_promise(j);
    go_on(j, 1);
    keep_promise(j);
    journal_close(j);
    durable_end();
}

static void cut_off_at_every_call(void **state)
{
    int deepest = 0;
    (void)state;
    states = xcalloc(STATES_MOST, sizeof *states);
    state_count = 0;
    memset(marks, 0, sizeof marks);
    promise = (struct promise){.from = 1};
    depth = 1;
    durable_begin(dir);
    on_call = cut_here;
    a_life(16);
    on_call = NULL;
    durable_end();
    size_t first = state_count;
    for (size_t i = 0; i < state_count; i++) {
        open_cut_off(&states[i], states[i].depth == 1 || (states[i].depth == 2 && (thorough() || i % 12 == 0)));
        deepest = states[i].depth > deepest ? states[i].depth : deepest;
        tree_free(&states[i].tree);
    }
    print_message("%zu states after one cut, %zu in all, up to %d deep\n", first, state_count, deepest);
    assert_true(deepest >= 3);
    free(states);
}

/* ---- calls that fail ------------------------------------------------------------------------------------------------
 */
static const int errors[] = {EIO, ENOSPC, EDQUOT, EFBIG, EINTR, EMFILE, CALL_SHORT};

/* Records 1 … upto, put as journal.h demands, whatever fails meanwhile.  False: it did not come to an end in `tries`.
 */
static bool put_all(struct journal *j, uint64_t upto, unsigned tries)
{
    for (; tries && journal_synced(j) < upto; tries--) {
        while (journal_last(j) < upto) {
            uint64_t last = journal_last(j), synced = journal_synced(j);
            int r = append(j, last + 1);
            assert_true(r == 0 || r == ERR_IO || r == ERR_FULL);
            assert_int_equal(journal_last(j), r == 0 ? last + 1 : r == ERR_FULL ? last : synced);
            if (r || journal_last(j) % 3 == 0)
                break;
        }
        if (journal_sync(j) != 0)
            assert_int_equal(journal_last(j), journal_synced(j));
    }
    return journal_synced(j) == upto;
}

static void hold_all(uint64_t upto)
{
    bool held[RECORDS_MOST];
    memset(held, 1, sizeof held);
    struct journal *j = opened(SMALL);
    assert_int_equal(journal_last(j), upto);
    check_records(j, held);
    journal_close(j);
}

/* What is on the disk, should the power fail now, without a word more. */
static void survive_a_cut(uint64_t upto)
{
    struct tree t;
    durable_cut(&t, 0);
    durable_end();
    put_back(&(struct picture){0});
    tree_lay(&t, dir);
    tree_free(&t);
    hold_all(upto);
}

static void each_call_while_it_appends(void **state)
{
    enum { UPTO = 14 };
    unsigned tried = 0;
    (void)state;
    for (enum call kind = 0; kind < CALLS; kind++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (unsigned lasting = 1; lasting <= 30; lasting += 29) {
                if (errors[e] == CALL_SHORT && kind != CALL_PWRITE && kind != CALL_PWRITEV)
                    continue;
                for (unsigned nth = 1;; nth++) {
                    put_back(&(struct picture){0});
                    struct journal *j = opened(SMALL);
                    durable_begin(dir);
                    fail_calls(kind, nth, nth + lasting - 1, errors[e]);
                    put_all(j, UPTO, 40);
                    bool reached = calls_made[kind] >= nth;
                    on_call = NULL;
                    assert_true(put_all(j, UPTO, 2)); /* there is room again */
                    journal_close(j);
                    survive_a_cut(UPTO);
                    if (!reached)
                        break;
                    tried++;
                }
            }
    print_message("%u failures\n", tried);
    assert_true(tried > 100);
}

static void each_call_while_it_opens(void **state)
{
    enum { UPTO = 20 };
    unsigned tried = 0, refused = 0;
    (void)state;
    struct journal *j = opened(SMALL);
    assert_true(put_all(j, UPTO, 20));
    journal_close(j);
    struct picture whole = take_picture(), torn = take_picture();
    write_file(torn.files[torn.count - 1].name, torn.files[torn.count - 1].bytes,
               torn.files[torn.count - 1].length - 1);
    free_picture(&torn);
    torn = take_picture();
    for (int cut = 0; cut < 2; cut++)
        for (enum call kind = 0; kind < CALLS; kind++)
            for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
                for (unsigned nth = 1;; nth++) {
                    struct fault f;
                    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = SMALL};
                    put_back(cut ? &torn : &whole);
                    /* What cannot be read for good is lost; what passes is waited for. */
                    bool passes =
                        errors[e] == EMFILE || errors[e] == EINTR || (kind != CALL_OPEN && kind != CALL_PREAD);
                    fail_calls(kind, nth, nth, errors[e]);
                    int r = journal_open(&j, &set, &f);
                    bool reached = calls_made[kind] >= nth;
                    on_call = NULL;
                    if (r == 0)
                        journal_close(j);
                    refused += r != 0;
                    if (passes)
                        hold_all(UPTO - (uint64_t)cut);
                    else
                        journal_close(opened(SMALL));
                    if (!reached)
                        break;
                    tried++;
                }
    print_message("%u failures, %u of them refused to open\n", tried, refused);
    assert_true(tried > 100 && refused > 10);
    free_picture(&whole);
    free_picture(&torn);
}

/* A segment whose fdatasync has failed is never asked again: what is written after stands in another file. */
static void a_failed_sync_is_fatal_for_its_segment(void **state)
{
    struct stat before, after;
    char path[160];
    (void)state;
    for (uint64_t good = 0; good < 5; good++) {
        put_back(&(struct picture){0});
        struct journal *j = opened(0);
        assert_true(good == 0 || put_all(j, good, 10));
        for (uint64_t n = good + 1; n <= good + 2; n++)
            assert_int_equal(append(j, n), 0);
        snprintf(path, sizeof path, "%s/%020d.seg", dir, 1);
        assert_int_equal(stat(path, &before), 0);
        durable_begin(dir);
        fail_calls(CALL_FDATASYNC, 1, 1, EIO);
        assert_int_equal(journal_sync(j), ERR_IO);
        assert_int_equal(journal_last(j), good);
        assert_true(journal_begins_segment(j));
        on_call = NULL;
        assert_true(put_all(j, good + 2, 4));
        assert_int_equal(stat(path, &after), 0);
        if (good == 0)
            assert_int_not_equal(before.st_ino, after.st_ino);
        else
            assert_true(after.st_size < before.st_size); /* and what was not durable is gone from it */
        journal_close(j);
        survive_a_cut(good + 2);
    }
}

/* The same at opening: what a killed life had written is on the disk before anyone is told of it. */
static void what_a_killed_life_wrote_is_synced_first(void **state)
{
    char new_path[200];
    (void)state;
    for (int how = 0; how < 3; how++) {
        put_back(&(struct picture){0});
        durable_begin(dir);
        struct journal *j = opened(SMALL);
        on_call = fail_some;
        failing.to = 0;
        while (journal_bytes(j) < 2 * SMALL || journal_begins_segment(j) || journal_last(j) % 4 != 3) {
            assert_int_equal(append(j, journal_last(j) + 1), 0);
            if (journal_last(j) % 4 == 0)
                assert_int_equal(journal_sync(j), 0);
        }
        uint64_t last = journal_last(j), newest = journal_synced(j);
        assert_true(newest < last);
        journal_close(j); /* killed */
        snprintf(new_path, sizeof new_path, "%s/%020d.seg.new", dir, 1);
        if (how)
            fail_calls(CALL_FDATASYNC, 1, how == 1 ? 1 : 2, EIO);
        if (how == 2) { /* and what is written instead cannot be synced either; the next start does not trust the old */
            struct fault f;
            struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = SMALL};
            assert_int_equal(journal_open(&j, &set, &f), ERR_IO);
        }
        j = opened(SMALL);
        on_call = NULL;
        assert_int_equal(journal_synced(j), last);
        journal_close(j);
        survive_a_cut(last);
    }
}

/* ---- reading --------------------------------------------------------------------------------------------------------
 */
static void no_descriptor_is_no_loss(void **state)
{
    (void)state;
    struct journal *j = opened(SMALL);
    assert_true(put_all(j, 20, 20));
    struct journal_reader *r = journal_reader_new(j);
    struct journal_record rec;
    struct hash h;
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN};
    for (size_t i = 0; i < 5; i++) {
        fail_calls(CALL_OPEN, 1, 1000, passing[i]);
        assert_int_equal(journal_read(r, 3, &rec), ERR_IO);
        assert_int_equal(journal_next_held(r, 3), 0);
        assert_false(journal_hash(r, 3, &h));
        on_call = NULL;
        assert_int_equal(journal_read(r, 3, &rec), 1);
        journal_reader_free(r);
        r = journal_reader_new(j);
    }
    fail_calls(CALL_OPEN, 1, 1, EACCES);
    assert_int_equal(journal_read(r, 3, &rec), ERR_MISSING);
    on_call = NULL;
    journal_reader_free(r);
    journal_close(j);
}

/* A bad sector: what lies in it is lost, and what lies behind is neither lost nor cut. */
static void a_page_that_cannot_be_read(void **state)
{
    enum { UPTO = 250 };
    char text[64], path[160];
    struct stat st;
    (void)state;
    struct journal *j = opened(0);
    assert_true(put_all(j, UPTO, UPTO));
    int64_t length = journal_bytes(j);
    journal_close(j);
    snprintf(path, sizeof path, "%s/%020d.seg", dir, 1);
    assert_true(length > 4 * 4096);
    for (int64_t page = 0; page < length; page += 4096) {
        bool held[RECORDS_MOST];
        uint64_t last = 0;
        int64_t at = HEAD;
        bad_from = page, bad_to = page + 4096;
        for (uint64_t n = 1; n <= UPTO; n++) {
            int64_t end = at + HEAD + (int64_t)body(n, text);
            held[n] = end <= bad_from || at >= bad_to;
            last = held[n] ? n : last;
            at = end;
        }
        j = opened(0);
        assert_int_equal(journal_last(j), last);
        check_records(j, held);
        assert_true(stat(path, &st) == 0 && st.st_size == length);
        bool whole[RECORDS_MOST];
        memset(whole, 1, sizeof whole);
        bad_from = bad_to = 0; /* it was the cable */
        if (last == UPTO)
            check_records(j, whole);
        journal_close(j);
        struct picture p = take_picture();
        assert_int_equal(p.count, 1);
        free_picture(&p);
    }
    /* It goes on in another segment, since nobody knows what stands in that page. */
    bad_from = 4096, bad_to = 8192;
    j = opened(0);
    assert_int_equal(append(j, UPTO + 1), 0);
    assert_int_equal(journal_sync(j), 0);
    assert_true(stat(path, &st) == 0 && st.st_size == length);
    journal_close(j);
    bad_from = bad_to = 0;
    hold_all(UPTO + 1);
}

/* ---- files that may not be written, read or removed -----------------------------------------------------------------
 */
static int deny_writing(enum call kind)
{
    return kind == CALL_OPEN && (open_flags & O_ACCMODE) == O_RDWR && !(open_flags & O_CREAT) ? EACCES : 0;
}

static void a_newest_segment_that_may_not_be_written(void **state)
{
    (void)state;
    for (int torn = 0; torn < 2; torn++) {
        put_back(&(struct picture){0});
        struct journal *j = opened(0);
        assert_true(put_all(j, 5, 5));
        journal_close(j);
        struct picture p = take_picture();
        if (torn)
            write_file(p.files[0].name, p.files[0].bytes, p.files[0].length - 3);
        free_picture(&p);
        on_call = deny_writing;
        j = opened(0);
        on_call = NULL;
        uint64_t last = torn ? 4 : 5;
        assert_int_equal(journal_last(j), last);
        assert_true(journal_begins_segment(j));
        assert_true(put_all(j, 9, 9));
        journal_close(j);
        hold_all(9);
    }
}

static void a_segment_that_may_not_be_read(void **state)
{
    bool held[RECORDS_MOST];
    (void)state;
    struct journal *j = opened(SMALL);
    assert_true(put_all(j, 20, 20));
    journal_close(j);
    struct picture p = take_picture();
    uint64_t begin = strtoull(p.files[1].name, NULL, 10), end = strtoull(p.files[2].name, NULL, 10);
    memset(held, 1, sizeof held);
    if (geteuid() == 0) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", dir, p.files[1].name);
        assert_int_equal(chown(dir, 65534, 65534), 0);
        for (size_t i = 0; i < p.count; i++) {
            snprintf(path, sizeof path, "%s/%s", dir, p.files[i].name);
            assert_int_equal(chown(path, 65534, 65534), 0);
        }
        snprintf(path, sizeof path, "%s/%s", dir, p.files[1].name);
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    for (uint64_t n = begin; n < end && geteuid() == 65534; n++)
        held[n] = false;
    j = opened(SMALL);
    assert_int_equal(journal_last(j), 20);
    check_records(j, held);
    journal_limit(j, 1, 0); /* it does not stand in the way of trimming */
    journal_trim(j, 0);
    assert_true(journal_first(j) >= end);
    journal_close(j);
    if (geteuid() == 65534)
        assert_int_equal(seteuid(0), 0);
    free_picture(&p);
}

static void a_segment_that_cannot_be_removed_stays_held(void **state)
{
    bool held[RECORDS_MOST];
    (void)state;
    memset(held, 1, sizeof held);
    struct journal *j = opened(SMALL);
    assert_true(put_all(j, 20, 20));
    journal_limit(j, 1, 0);
    fail_calls(CALL_UNLINK, 1, 1000, EIO);
    assert_int_equal(journal_drop_oldest(j), 0);
    assert_int_equal(journal_trim(j, 0), 0);
    assert_int_equal(calls_made[CALL_UNLINK], 2);
    on_call = NULL;
    check_records(j, held);
    assert_true(journal_trim(j, 0) > 0);
    journal_close(j);
}

/* Something else bears the name that the next segment is to have. */
static void a_name_that_is_taken(void **state)
{
    char path[160], aside[200];
    (void)state;
    for (int what = 0; what < 3; what++) {
        put_back(&(struct picture){0});
        struct journal *j = opened(1);
        assert_true(put_all(j, 3, 5));
        snprintf(path, sizeof path, "%s/%020d.seg", dir, 4);
        snprintf(aside, sizeof aside, "%s.bad", path);
        if (what == 0)
            assert_int_equal(mkdir(path, 0700), 0);
        else if (what == 1)
            assert_int_equal(symlink("/nonexistent/target", path), 0);
        else
            write_file(path + strlen(dir) + 1, "somebody's", 10);
        assert_int_equal(append(j, 4), 0);
        assert_int_equal(journal_sync(j), 0);
        assert_int_equal(journal_set_aside(j), 1);
        struct stat st;
        assert_int_equal(lstat(aside, &st), 0);
        journal_close(j);
        hold_all(4);
    }
}

/* Where something stands in the way and cannot be moved, it is an error, and tried again. */
static void what_cannot_be_set_aside(void **state)
{
    struct journal_settings set = {.dir = dir, .mode = 0700};
    struct journal *j;
    struct fault f;
    (void)state;
    write_file("00000000000000000007.seg", "no segment, and longer than the head of one would be ............", 65);
    fail_calls(CALL_RENAME, 1, 1, EIO);
    assert_int_equal(journal_open(&j, &set, &f), ERR_IO);
    calls_succeed();
    j = opened(0);
    assert_int_equal(journal_set_aside(j), 1);
    write_file("00000000000000000001.seg", "", 0);
    fail_calls(CALL_RENAME, 1, 1, EIO);
    assert_int_equal(append(j, 1), ERR_IO);
    calls_succeed();
    assert_int_equal(append(j, 1), 0);
    assert_int_equal(journal_sync(j), 0);
    journal_close(j);
    hold_all(1);
}

/* Each call of writing the newest segment anew, where nobody knows what of it is on the disk. */
static int sync_fails_then(enum call kind)
{
    if (kind == CALL_FDATASYNC && calls_made[CALL_FDATASYNC] == 1)
        return EIO;
    return kind == failing.kind && (kind != CALL_OPEN || open_flags & O_CREAT) &&
                   (kind != CALL_FSYNC || calls_made[kind] > 1)
               ? failing.error
               : 0;
}

static void a_segment_that_cannot_be_written_anew(void **state)
{
    static const struct {
        enum call kind;
        int error;
    } cases[] = {
        {CALL_OPEN, ENOSPC}, {CALL_PWRITE, ENOSPC}, {CALL_PWRITE, CALL_SHORT}, {CALL_RENAME, EIO}, {CALL_FSYNC, EIO}};
    struct journal_settings set = {.dir = dir, .mode = 0700};
    struct journal *j;
    struct fault f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_back(&(struct picture){0});
        j = opened(0);
        assert_true(put_all(j, 9, 9));
        journal_close(j);
        durable_begin(dir);
        memset(calls_made, 0, sizeof calls_made);
        failing.kind = cases[i].kind, failing.error = cases[i].error;
        on_call = sync_fails_then;
        assert_int_equal(journal_open(&j, &set, &f), ERR_IO);
        calls_succeed();
        hold_all(9);
        survive_a_cut(9);
    }
    bool held[RECORDS_MOST]; /* and where a page of it cannot be read, it is damage like any other */
    put_back(&(struct picture){0});
    j = opened(0);
    assert_true(put_all(j, 150, 150));
    journal_close(j);
    bad_from = 4096, bad_to = 8192;
    char text[64];
    int64_t at = HEAD;
    for (uint64_t n = 1; n <= 150; n++) {
        int64_t end = at + HEAD + (int64_t)body(n, text);
        held[n] = end <= bad_from || at >= bad_to;
        at = end;
    }
    fail_calls(CALL_FDATASYNC, 1, 1, EIO);
    j = opened(0);
    calls_succeed();
    check_records(j, held);
    assert_false(journal_begins_segment(j)); /* it is whole again, but for that */
    journal_close(j);
}

static void another_process_reads_while_calls_fail(void **state)
{
    struct journal *j;
    struct fault f;
    (void)state;
    j = opened(SMALL);
    assert_true(put_all(j, 20, 20));
    journal_close(j);
    fail_calls(CALL_OPENDIR, 1, 1, EMFILE);
    assert_int_equal(journal_open_read(&j, dir, &f), ERR_IO);
    fail_calls(CALL_OPEN, 2, 2, ENFILE);
    assert_int_equal(journal_open_read(&j, dir, &f), ERR_IO);
    calls_succeed();
    struct picture p = take_picture();
    uint64_t newest = strtoull(p.files[p.count - 1].name, NULL, 10);
    fail_calls(CALL_OPEN, (unsigned)p.count + 1, (unsigned)p.count + 1, EACCES); /* the newest, to be read */
    assert_int_equal(journal_open_read(&j, dir, &f), 0);
    calls_succeed();
    assert_int_equal(journal_last(j), newest - 1);
    journal_close(j);
    free_picture(&p);
}

static void bounds(void **state)
{
    char longer[PATH_MAX + 10], *big = xcalloc(1, JOURNAL_RECORD_MAX + 1);
    struct journal_settings set = {.dir = longer, .mode = 0700};
    struct journal *j = opened(0);
    struct fault f;
    (void)state;
    assert_int_equal(journal_append(j, big, JOURNAL_RECORD_MAX + 1, 0, NULL), ERR_RANGE);
    assert_int_equal(journal_last(j), 0);
    journal_close(j);
    free(big);
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = 0;
    assert_int_equal(journal_open(&j, &set, &f), ERR_RANGE);
    assert_int_not_equal(journal_open_read(&j, longer, &f), 0);
}

/* A write falls short, and what it wrote cannot be taken back: what waited for a sync goes too, and that is said. */
static int short_for_good(enum call kind)
{
    return kind == CALL_PWRITEV ? CALL_SHORT : kind == CALL_FTRUNCATE ? EIO : 0;
}

static void a_short_write_that_cannot_be_taken_back(void **state)
{
    (void)state;
    struct journal *j = opened(0);
    assert_true(put_all(j, 3, 3));
    assert_int_equal(append(j, 4), 0);
    on_call = short_for_good;
    assert_int_equal(append(j, 5), ERR_IO);
    assert_int_equal(journal_last(j), 3);
    calls_succeed();
    assert_true(put_all(j, 6, 6));
    journal_close(j);
    hold_all(6);
}

static unsigned listed; /* openings that list the segments */
static int deny_the_newest(enum call kind)
{
    return kind == CALL_OPEN && calls_made[CALL_OPEN] > listed ? EACCES : 0;
}

static int deny_then_no_more(enum call kind)
{
    return kind == CALL_OPEN && calls_made[CALL_OPEN] > listed ? (open_flags & O_ACCMODE) == O_RDWR ? EACCES : EMFILE
                                                               : 0;
}

static void a_newest_segment_that_may_not_be_read(void **state)
{
    struct journal_settings set = {.dir = dir, .mode = 0700, .segment_bytes = SMALL};
    struct journal *j;
    struct fault f;
    (void)state;
    j = opened(SMALL);
    assert_true(put_all(j, 20, 20));
    journal_close(j);
    struct picture p = take_picture();
    uint64_t newest = strtoull(p.files[p.count - 1].name, NULL, 10);
    listed = (unsigned)p.count + 1; /* and the folder that it stands in */
    memset(calls_made, 0, sizeof calls_made);
    on_call = deny_then_no_more;
    assert_int_equal(journal_open(&j, &set, &f), ERR_IO);
    calls_succeed();
    hold_all(20);
    memset(calls_made, 0, sizeof calls_made);
    listed = (unsigned)p.count + 1;
    on_call = deny_the_newest; /* every one in turn is the newest, then */
    assert_int_equal(journal_open(&j, &set, &f), 0);
    calls_succeed();
    assert_int_equal(journal_last(j), 0);
    assert_int_equal(journal_set_aside(j), p.count);
    journal_close(j);
    assert_true(newest > 1);
    free_picture(&p);
}

/* A read that fails once, anywhere: what it did not see is not cut. */
static void a_read_that_fails_once(void **state)
{
    struct journal *j;
    (void)state;
    j = opened(0);
    assert_true(put_all(j, 250, 250));
    journal_close(j);
    for (unsigned nth = 1; nth < 12; nth++) {
        fail_calls(CALL_PREAD, nth, nth, EIO);
        journal_close(opened(0));
        calls_succeed();
        hold_all(250);
    }
}

static void back_by_one_and_again(void **state)
{
    (void)state;
    struct journal *j = opened(0);
    struct journal_record rec;
    struct hash h, wanted;
    assert_true(put_all(j, 9, 9));
    struct journal_reader *r = journal_reader_new(j);
    assert_int_equal(journal_read(r, 0, &rec), ERR_MISSING);
    assert_int_equal(journal_read(r, 10, &rec), 0);
    assert_false(journal_hash(r, 10, &h));
    for (uint64_t n = 8; n > 1; n--) {
        assert_int_equal(journal_read(r, n, &rec), 1);
        assert_true(journal_hash(r, n, &h));
        wanted = true_hash(n);
        assert_memory_equal(h.b, wanted.b, HASH_BYTES);
        assert_int_equal(journal_read(r, n - 1, &rec), 1);
        assert_int_equal(rec.seq, n - 1);
    }
    journal_reader_free(r);
    journal_close(j);
}

static void age(void **state)
{
    (void)state;
    struct journal *j = opened(SMALL); /* record n is of second n; a segment tells when it was begun */
    assert_true(put_all(j, 20, 20));
    journal_limit(j, 0, 1000);
    assert_int_equal(journal_trim(j, 2000), 0);
    assert_int_equal(journal_first(j), 1);
    assert_true(journal_trim(j, 12000) > 0);
    uint64_t first = journal_first(j);
    assert_in_range(first, 4, 11); /* nothing younger than second 11 goes */
    char path[160];
    snprintf(path, sizeof path, "%s/%020llu.seg", dir, (unsigned long long)first);
    assert_int_equal(unlink(path), 0); /* somebody was there before */
    assert_true(journal_drop_oldest(j) > 0);
    assert_true(journal_trim(j, 1 << 30) > 0);
    assert_int_equal(journal_trim(j, 1 << 30), 0); /* the newest stays */
    journal_close(j);
    put_back(&(struct picture){0}); /* of a time that is not known nothing is too old */
    j = opened(SMALL);
    for (int i = 0; i < 20; i++)
        assert_true(journal_append(j, "body of a record", 16, 0, NULL) == 0 && journal_sync(j) == 0);
    journal_limit(j, 0, 1);
    assert_int_equal(journal_trim(j, 1 << 30), 0);
    journal_close(j);
}

static void set_aside_as_often_as_it_takes(void **state)
{
    (void)state;
    struct journal *j = opened(0);
    assert_true(put_all(j, 3, 5));
    journal_close(j);
    char path[160], name[64];
    for (int i = 0; i < 102; i++) {
        char noise[300];
        memset(noise, 'n', sizeof noise);
        snprintf(name, sizeof name, "%020d.seg", 50);
        write_file(name, noise, sizeof noise);
        hold_all(3);
        snprintf(path, sizeof path, "%s/%s.bad%.0d", dir, name, i < 100 ? i : 99);
        assert_int_equal(access(path, F_OK), 0);
    }
}

static int end(void **state)
{
    calls_succeed();
    return teardown(state);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, end)
    const struct CMUnitTest tests[] = {CASE(cut_off_at_every_call),
                                       CASE(each_call_while_it_appends),
                                       CASE(each_call_while_it_opens),
                                       CASE(a_failed_sync_is_fatal_for_its_segment),
                                       CASE(what_a_killed_life_wrote_is_synced_first),
                                       CASE(no_descriptor_is_no_loss),
                                       CASE(a_page_that_cannot_be_read),
                                       CASE(a_newest_segment_that_may_not_be_written),
                                       CASE(a_segment_that_may_not_be_read),
                                       CASE(a_segment_that_cannot_be_removed_stays_held),
                                       CASE(a_name_that_is_taken),
                                       CASE(what_cannot_be_set_aside),
                                       CASE(a_segment_that_cannot_be_written_anew),
                                       CASE(another_process_reads_while_calls_fail),
                                       CASE(bounds),
                                       CASE(age),
                                       CASE(a_short_write_that_cannot_be_taken_back),
                                       CASE(a_newest_segment_that_may_not_be_read),
                                       CASE(a_read_that_fails_once),
                                       CASE(back_by_one_and_again),
                                       CASE(set_aside_as_often_as_it_takes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
