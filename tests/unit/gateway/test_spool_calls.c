/* A gateway's lives among system calls that fail or are the last before the power fails.  A reading that was said to be
 * durable is held, once; any other is held at most once, or lies in a gap that the journal says.  JOURNAL_LONG=1: all
 * of it. */
#include "tests/unit/calls.h"

#include "tests/unit/gateway/spool_kit.h"

static bool thorough;

static int begin(void **state)
{
    (void)state;
    thorough = getenv("JOURNAL_LONG") != NULL;
    make_dir();
    return 0;
}

static int end(void **state)
{
    (void)state;
    calls_succeed();
    durable_end();
    end_life(false);
    return file_remove_tree(dir);
}

static void begin_again(const struct tree *t)
{
    end_life(false);
    assert_int_equal(file_remove_tree(dir), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    if (t)
        tree_lay(t, dir);
}

/* ---- power cuts
 * ------------------------------------------------------------------------------------------------------ */
static struct promise {
    uint64_t durable; /* readings up to this were said to be on the disk */
    uint64_t acked;   /* and up to this to be at the collector: a new epoch may leave them behind */
    uint64_t made;    /* there is none after this */
} promise;

enum { STATES_MOST = 20000 };
static struct state {
    struct tree tree;
    struct promise promise;
    int depth;
} * states;
static size_t state_count;
static uint64_t marks[1 << 16];
static int depth;

static bool is_new(uint64_t mark)
{
    size_t i = (mark |= 1) % (sizeof marks / sizeof *marks);
    while (marks[i] && marks[i] != mark)
        i = (i + 1) % (sizeof marks / sizeof *marks);
    bool fresh = !marks[i];
    marks[i] = mark;
    return fresh;
}

/* Epochs are drawn: a state is marked by everything but their names. */
static uint64_t mark_of(const struct tree *t)
{
    uint64_t h = t->count;
    for (size_t i = 0; i < t->count; i++)
        h = (h ^ (t->leaves[i].length + 31 * t->leaves[i].folder + 977 * i)) * 1099511628211u;
    for (size_t i = 0; i < sizeof promise / sizeof(uint64_t); i++)
        h = (h ^ ((const uint64_t *)&promise)[i]) * 1099511628211u;
    return h;
}

static int cut_here(enum call kind)
{
    (void)kind;
    for (int form = 0; form < CUT_FORMS; form++) {
        struct state s = {.promise = promise, .depth = depth};
        durable_cut(&s.tree, form);
        if (is_new(mark_of(&s.tree))) {
            assert_true(state_count < STATES_MOST);
            states[state_count++] = s;
        } else {
            tree_free(&s.tree);
        }
    }
    return 0;
}

static void put_some(uint64_t count)
{
    for (; count; count--) {
        promise.made++;
        assert_int_equal(put_reading(promise.made), 0);
        promise.durable = promise.made;
    }
}

/* Reading n stands behind a hello and a gap a life; which seq it is, its frame says. */
static uint64_t seq_of(uint64_t n)
{
    struct journal_record rec;
    for (uint64_t seq = spool_first(spool); seq <= spool_last(spool); seq++) {
        struct told t = {0};
        if (spool_read(spool, seq, &rec) == 1)
            tell(&t, rec.bytes, rec.length);
        if (t.held[n] || t.anew[n])
            return seq;
    }
    return 0;
}

static void a_life(bool anew)
{
    assert_int_equal(try_start(promise.made), 0);
    put_some(3);
    uint64_t seq = seq_of(promise.made - 1);
    promise.acked = promise.made - 1;
    spool_save_acked(spool, seq);
    put_some(1);
    if (anew)
        assert_int_equal(spool_anew(spool, seq, (struct moment){.ms = T0 + (int64_t)promise.made * 1000 + 700}), 0);
    put_some(1);
    end_life(true);
}

static void keep_promise(void)
{
    struct told t = all_told();
    for (uint64_t n = 1; n <= promise.made; n++) {
        unsigned count = t.held[n] + t.anew[n];
        if (count > 1 || (count == 0 && n > promise.acked && (n <= promise.durable || !t.gap[n])))
            fail_msg("reading %d of %d (durable %d, acked %d) is held %u times", (int)n, (int)promise.made,
                     (int)promise.durable, (int)promise.acked, count);
    }
}

static void start_cut_off(const struct state *s)
{
    promise = s->promise;
    depth = s->depth + 1;
    begin_again(&s->tree);
    durable_begin(dir);
    on_call = cut_here;
    assert_int_equal(try_start(promise.made + 1), 0);
    on_call = NULL;
    keep_promise();
    end_life(false);
    assert_int_equal(try_start(promise.made + 2), 0); /* again, and nothing lies about */
    keep_promise();
    assert_int_equal(epochs_lying(), 1);
    put_some(1);
    assert_int_not_equal(seq_of(promise.made), 0);
    end_life(false);
    durable_end();
}

static void cut_off_at_every_call(void **state)
{
    int deepest = 0;
    (void)state;
    states = xcalloc(STATES_MOST, sizeof *states);
    promise = (struct promise){0};
    depth = 1;
    durable_begin(dir);
    on_call = cut_here;
    a_life(false);
    a_life(true);
    on_call = NULL;
    durable_end();
    size_t first = state_count, opened = 0;
    for (size_t i = 0; i < state_count; i++) {
        if (states[i].depth <= 3 && (thorough || i < first || i % 12 == 0)) {
            start_cut_off(&states[i]);
            opened++;
            deepest = states[i].depth > deepest ? states[i].depth : deepest;
        }
        tree_free(&states[i].tree);
    }
    print_message("%zu states after one cut, %zu in all, %zu started from, up to %d deep\n", first, state_count, opened,
                  deepest);
    assert_true(deepest >= 3 || !thorough);
    free(states);
}

/* ---- calls that fail
 * -------------------------------------------------------------------------------------------------- */
struct box { /* a gateway that its service starts again when it ends */
    struct keeper keeper;
    bool durable[READINGS_MOST];
    uint64_t made, since; /* readings since this one wait for a turn */
    unsigned lives;
};

static void box_end(struct box *b)
{
    keeper_free(&b->keeper);
    end_life(false);
}

static bool box_start(struct box *b)
{
    if (spool)
        return true;
    if (try_start(b->made) != 0)
        return false;
    keeper_init(&b->keeper, spool, 0);
    b->since = b->made + 1;
    b->lives++;
    return true;
}

/* A second of its life: a reading is made; every third turn they become durable. */
static void box_turn(struct box *b)
{
    bool lives = box_start(b);
    b->made++;
    if (!lives) {
        return;
    }
    size_t length;
    char *text = reading_body(b->made, &length);
    int r = keeper_put(&b->keeper, text, length, T0 + (int64_t)b->made * 1000, (int64_t)b->made * 1000);
    free(text);
    if (r == 0 && b->made % 3 == 0)
        r = keeper_turn(&b->keeper, true, T0 + (int64_t)b->made * 1000, (int64_t)b->made * 1000);
    if (r < 0)
        box_end(b);
    for (; r > 0 && b->since <= b->made; b->since++)
        b->durable[b->since] = true;
}

static void box_check(struct box *b)
{
    struct tree t;
    box_turn(b);
    while (b->made % 3)
        box_turn(b);
    assert_true(b->durable[b->made]); /* it works again, by itself */
    box_end(b);
    durable_cut(&t, 0);
    durable_end();
    begin_again(&t);
    tree_free(&t);
    assert_int_equal(try_start(b->made), 0);
    struct told told = all_told();
    for (uint64_t n = 1; n <= b->made; n++) {
        if (told.held[n] > 1 || told.held[n] < b->durable[n])
            fail_msg("%s %u-%u: %d: reading %d of %d (durable: %d) is held %u times", call_names[failing.kind],
                     failing.from, failing.to, failing.error, (int)n, (int)b->made, b->durable[n], told.held[n]);
        if (!told.held[n] && !told.gap[n])
            fail_msg("reading %d of %d is neither held nor in a gap", (int)n, (int)b->made);
    }
    end_life(false);
}

static const int errors[] = {EIO, ENOSPC, EMFILE, EINTR, CALL_SHORT};

static bool unreadable(enum call kind, int error) /* what is there itself, for good */
{
    return (kind == CALL_OPEN || kind == CALL_PREAD) && (error == EIO || error == ENOSPC);
}

static void each_call_fails(void **state)
{
    unsigned tried = 0;
    (void)state;
    for (enum call kind = 0; kind < CALLS; kind++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (unsigned lasting = 1; lasting <= 1000; lasting *= 1000)
                for (unsigned nth = 1;; nth++) {
                    struct box b = {0};
                    begin_again(NULL);
                    durable_begin(dir);
                    for (int i = 0; i < 4; i++)
                        box_turn(&b);
                    fail_calls(kind, nth, nth + lasting - 1, errors[e]);
                    for (int i = 0; i < 8; i++)
                        box_turn(&b);
                    bool reached = calls_made[kind] >= nth;
                    calls_succeed();
                    box_check(&b);
                    if (!reached || (!thorough && nth > 12))
                        break;
                    tried++;
                }
    print_message("%u failures\n", tried);
    assert_true(tried > 50);
}

/* From the first call of a start on: the epoch, the folders, the life. */
static void each_call_of_a_start_fails(void **state)
{
    unsigned tried = 0, refused = 0;
    (void)state;
    for (enum call kind = 0; kind < CALLS; kind++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (unsigned nth = 1;; nth++) {
                struct box b = {0};
                begin_again(NULL);
                durable_begin(dir);
                for (int i = 0; i < 6; i++)
                    box_turn(&b);
                box_end(&b);
                char epoch[100], *before, *after;
                size_t length;
                snprintf(epoch, sizeof epoch, "%s/epoch", dir);
                before = file_read(epoch, 64, &length, NULL);
                fail_calls(kind, nth, nth, errors[e]);
                refused += !box_start(&b);
                bool reached = calls_made[kind] >= nth;
                calls_succeed();
                box_start(&b);
                after = file_read(epoch, 64, &length, NULL);
                bool lost = unreadable(kind, errors[e]);
                if (!lost)
                    assert_string_equal(before, after); /* the epoch goes on */
                free(before);
                free(after);
                if (!lost)
                    box_check(&b);
                else
                    box_end(&b);
                durable_end();
                if (!reached)
                    break;
                tried++;
            }
    print_message("%u failures, %u starts refused\n", tried, refused);
    assert_true(tried > 60 && refused > 10);
}

/* Nothing can be written for a while. */
static bool full;
static int no_room(enum call kind)
{
    bool writes = kind == CALL_PWRITEV || kind == CALL_PWRITE || kind == CALL_WRITE;
    return full && writes ? ENOSPC : 0;
}

static void a_disk_that_is_full_for_a_while(void **state)
{
    (void)state;
    for (unsigned from = 1; from <= 9; from++)
        for (unsigned lasts = 1; lasts <= 9; lasts++) {
            struct box b = {0};
            begin_again(NULL);
            durable_begin(dir);
            on_call = no_room;
            for (unsigned i = 1; i < from + lasts; i++) {
                full = i >= from;
                box_turn(&b);
            }
            full = false;
            on_call = NULL;
            box_check(&b);
            assert_true(b.lives <= 3);
        }
}

/* Where a new epoch begins, a call fails; the collector says the same again. */
static void each_call_of_a_new_epoch_fails(void **state)
{
    unsigned tried = 0, failed = 0;
    (void)state;
    for (enum call kind = 0; kind < CALLS; kind++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (unsigned lasting = 1; lasting <= 3; lasting++)
                for (unsigned nth = 1;; nth++) {
                    struct box b = {0};
                    begin_again(NULL);
                    durable_begin(dir);
                    for (int i = 0; i < 5; i++) /* two wait for a sync */
                        box_turn(&b);
                    fail_calls(kind, nth, nth + lasting - 1, errors[e]);
                    failed += spool_anew(spool, 0, (struct moment){.ms = T0 + 5600}) != 0;
                    bool reached = calls_made[kind] >= nth;
                    calls_succeed();
                    if (nth % 2)
                        box_end(&b); /* the power fails there */
                    else
                        for (int i = 0; i < 3; i++)
                            box_turn(&b);
                    box_start(&b);
                    struct told told = all_told();
                    for (uint64_t n = 1; n <= b.made; n++) {
                        unsigned count = told.held[n] + told.anew[n];
                        if (count > 1 ||
                            (count == 0 && ((b.durable[n] && !unreadable(kind, errors[e])) || !told.gap[n]) &&
                             n < b.since))
                            fail_msg("%s %u-%u: %d: reading %d of %d is held %u times", call_names[kind], failing.from,
                                     failing.to, failing.error, (int)n, (int)b.made, count);
                    }
                    box_end(&b);
                    box_start(&b);
                    assert_int_equal(epochs_lying(), 1);
                    box_end(&b);
                    durable_end();
                    if (!reached)
                        break;
                    tried++;
                }
    print_message("%u failures, %u new epochs not begun\n", tried, failed);
    assert_true(tried > 60 && failed > 30);
}

/* ---- what is asked for while no descriptor is to be had
 * --------------------------------------------------------------- */
static void no_descriptor_is_no_loss(void **state)
{
    struct sender s;
    char *memory = xmalloc(FRAME_MAX + 1);
    struct buf out = buf_fixed(memory, FRAME_MAX + 1);
    (void)state;
    assert_int_equal(try_start(0), 0);
    for (uint64_t n = 1; n <= 3; n++)
        assert_int_equal(put_reading(n), 0);
    sender_init(&s, spool, "gw-1", "main", 100);
    sender_connected(&s, 0);
    fail_calls(CALL_OPEN, 1, 1000, EMFILE);
    assert_int_equal(sender_next(&s, 0, &out), 0);
    assert_int_not_equal(spool_anew(spool, 0, (struct moment){.ms = T0 + 9000}), 0); /* nor is anything left behind */
    calls_succeed();
    unsigned said = 0;
    for (; sender_next(&s, 0, &out) == 1; said++)
        assert_null(memmem(out.data, out.length, "\"lost\"", 6));
    assert_int_equal(said, 5); /* hello, gap and the three */
    free(memory);
}

/* ---- room that is kept to
 * ----------------------------------------------------------------------------------------------- */
static void the_quota_holds_though_nobody_listens(void **state)
{
    (void)state;
    padding = 8000;
    max_bytes = 512 * 1024;
    assert_int_equal(try_start(0), 0);
    for (uint64_t n = 1; n <= 300; n++) {
        assert_int_equal(put_reading(n), 0);
        assert_true(spool_bytes(spool) <= max_bytes + 80 * 1024);
    }
    assert_true(spool_first(spool) > 150);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {CASE(cut_off_at_every_call),
                                       CASE(each_call_fails),
                                       CASE(each_call_of_a_start_fails),
                                       CASE(a_disk_that_is_full_for_a_while),
                                       CASE(each_call_of_a_new_epoch_fails),
                                       CASE(no_descriptor_is_no_loss),
                                       CASE(the_quota_holds_though_nobody_listens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
