/* Both ends of the stream against each other while boxes are cloned, cards restored, records damaged, torn and trimmed,
 * whole journals lost, and the collector wiped or restored; messages of both directions are late or lost.  At each
 * step:
 *
 *   no number of an epoch is taken with two contents, and no frame onto another chain than its own;
 *   once a gateway has heard the collector as it is now, all that it counts as acked is held there;
 *   no more epochs are begun than there were causes, and one for a second box;
 *
 * and when the harm ends, all comes to rest acked by itself, and every reading ever made is held once, or declared.
 * Random, with printed seed; SEED=n the same again, ROUNDS=n more of it. */
#include "common/file.h"
#include "firmware-gateway/sender.h"
#include "tests/unit/stream/intake_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 INT64_C(1000000)

enum { MADE_MOST = 2048, RECORDS_MOST = 8192, PIPE = 48, PLACES_MOST = 16384 };
enum {
    IMAGE = 1,
    CLONE = 2,
    WIPE = 4,
    RESTORE = 8,
    DAMAGE = 16,
    TORN = 32,
    TRIM = 64,
    UNREAD = 128,
    CURSOR = 256,
    FAULTS = 9
};
static const char topic[] = "quietair/v1/yudu/gateway/gw-1/stream";

struct box {
    char dir[80];
    struct spool *spool;
    struct sender sender;
    unsigned heard; /* the incarnation of the collector that it heard last */
};

struct message {
    char *bytes;
    size_t length;
    unsigned incarnation; /* of an ack: whose */
};

struct place { /* of a reading, or a gap, in a journal of ours, ever: for what a `lost` stands for */
    char epoch[EPOCH_SIZE];
    uint64_t seq;
    int64_t from, to; /* ts */
};

struct taken { /* by the collector as it is now */
    char epoch[EPOCH_SIZE];
    uint64_t from, seq;
    struct hash head;
};

struct world {
    unsigned faults;
    char root[64];
    struct box boxes[2];
    size_t box_count, live;
    bool imaged;
    int64_t now, ts;
    struct intake *intake;
    char *records[RECORDS_MOST]; /* the collector's journal */
    size_t lengths[RECORDS_MOST], count, backup;
    struct taken taken[RECORDS_MOST]; /* of each record */
    unsigned incarnation;
    struct message up[PIPE], down[PIPE];
    size_t up_count, down_count;
    unsigned causes, epochs;
    struct place *places;
    size_t place_count;
    unsigned made; /* readings, by ts - T0 */
    bool is_made[MADE_MOST];
};

static struct box *live(struct world *w)
{
    return &w->boxes[w->live];
}

static unsigned pick(unsigned below)
{
    return (unsigned)rand() % below;
}

/* ---- the gateway ---------------------------------------------------------------------------------------------------
 */
static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b,
              ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[{\"device\":\"n\",\"site\":\"s\","
              "\"profile\":\"p\",\"measurement\":\"noise\",\"interval\":1000,\"metrics\":[]}]",
              reset ? ",\"reset\":true" : "");
    return 0;
}

static void note_place(struct world *w, const struct frame *f, int64_t from, int64_t to)
{
    assert_true(w->place_count < PLACES_MOST);
    struct place *p = &w->places[w->place_count++];
    *p = (struct place){.seq = f->seq, .from = from, .to = to};
    strcpy(p->epoch, f->epoch);
}

static void note_places(struct world *w, struct box *b, uint64_t from)
{
    struct journal_record rec;
    for (uint64_t seq = from; seq <= spool_last(b->spool); seq++) {
        struct frame *f = spool_read(b->spool, seq, &rec) == 1 ? frame_open(rec.bytes, rec.length, NULL) : NULL;
        for (size_t i = 0; f && i < f->reading_count; i++)
            note_place(w, f, f->readings[i].ts, f->readings[i].ts + 1);
        if (f && f->kind == FRAME_GAP)
            note_place(w, f, f->since, f->until);
        frame_close(f);
    }
}

static struct moment moment(struct world *w)
{
    return (struct moment){.ms = ++w->ts};
}

static void start_box(struct world *w, struct box *b)
{
    struct spool_settings set = {.state_dir = b->dir, .gateway = "gw-1", .hello = hello, .max_bytes = 512 * 1024};
    struct fault f = {0};
    if (spool_open(&b->spool, &set, moment(w), &f) != 0)
        fail_msg("%s", f.text);
    sender_init(&b->sender, b->spool, "gw-1", "main", 100);
    sender_connected(&b->sender, w->now);
    note_places(w, b, spool_last(b->spool));
    b->heard = 0;
}

static void stop_box(struct box *b)
{
    spool_close(b->spool, pick(2));
    b->spool = NULL;
}

static void make_reading(struct world *w)
{
    struct box *b = &w->boxes[pick((unsigned)w->box_count)];
    struct buf body = buf_growing();
    struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = 50}};
    struct reading r = {.device = "n", .ts = moment(w).ms, .values = &level, .value_count = 1};
    buf_text(&body, ",\"kind\":\"readings\",\"readings\":[");
    frame_put_reading(&body, &r);
    buf_char(&body, ']');
    if (w->faults & TRIM)
        buf_print(&body, ",\"filler\":\"%016000d\"", 0); /* four a segment */
    w->is_made[w->ts - T0] = true;
    assert_int_equal(spool_append(b->spool, body.data, body.length, w->ts), 0);
    assert_int_equal(spool_sync(b->spool), 0);
    note_places(w, b, spool_last(b->spool));
    buf_free(&body);
}

/* ---- the collector -------------------------------------------------------------------------------------------------
 */
static const struct taken *newest_of(const struct world *w, const char *epoch)
{
    for (size_t i = w->count; i--;)
        if (strcmp(w->taken[i].epoch, epoch) == 0)
            return &w->taken[i];
    return NULL;
}

static const struct taken *taken_as(const struct world *w, const char *epoch, uint64_t seq)
{
    for (size_t i = w->count; i--;)
        if (w->taken[i].seq == seq && strcmp(w->taken[i].epoch, epoch) == 0)
            return &w->taken[i];
    return NULL;
}

static void keep_record(struct world *w, const struct buf *record, const struct frame *f, const struct message *m)
{
    const struct taken *last = newest_of(w, f->epoch);
    struct hash before = last ? last->head : (struct hash){0};
    struct taken t = {.from = f->from, .seq = f->seq, .head = f->head};
    char after[AFTER_HEX];
    hash_after(&before, after);
    strcpy(t.epoch, f->epoch);
    assert_true(w->count < RECORDS_MOST);
    assert_true(f->seq > (last ? last->seq : 0)); /* not with two contents */
    assert_true(f->from <= (last ? last->seq : 0) + 1);
    if (f->kind != FRAME_LOST) {
        assert_string_equal(f->after, after); /* onto its own chain */
        t.head = chain_next(&before, m->bytes, m->length);
    }
    w->records[w->count] = xmalloc(record->length);
    memcpy(w->records[w->count], record->data, w->lengths[w->count] = record->length);
    w->taken[w->count++] = t;
}

static void start_intake(struct world *w, size_t upto)
{
    w->incarnation += w->count > upto;
    while (w->count > upto)
        free(w->records[--w->count]);
    w->backup = w->backup > w->count ? w->count : w->backup;
    intake_free(w->intake);
    w->intake = intake_started(w->records, w->lengths, w->count);
}

static void say_position(struct world *w)
{
    char text[320], hex[HASH_HEX];
    struct hash head;
    const char *epoch = spool_epoch(live(w)->spool);
    uint64_t seq = intake_position(w->intake, "gw-1", epoch, &head);
    hash_hex(&head, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                     epoch, (unsigned long long)seq, hex);
    if (w->down_count < PIPE)
        w->down[w->down_count++] = (struct message){xstrndup(text, (size_t)n), (size_t)n, w->incarnation};
}

/* ---- the pipes -----------------------------------------------------------------------------------------------------
 */
static struct message shift(struct message *pipe, size_t *count)
{
    struct message m = pipe[0];
    memmove(pipe, pipe + 1, --*count * sizeof *pipe);
    return m;
}

static void drop_some(struct message *pipe, size_t *count, unsigned one_in)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (pick(one_in) == 0)
            free(pipe[i].bytes);
        else
            pipe[kept++] = pipe[i];
    *count = kept;
}

static void send_some(struct world *w, unsigned most)
{
    char *memory = xmalloc(FRAME_MAX + 1);
    struct buf b = buf_fixed(memory, FRAME_MAX + 1);
    for (; most && w->up_count < PIPE && sender_next(&live(w)->sender, w->now, &b) == 1; most--)
        w->up[w->up_count++] = (struct message){xstrndup(b.data, b.length), b.length, 0};
    free(memory);
}

static void deliver_some(struct world *w, unsigned most)
{
    for (; most && w->up_count; most--) {
        struct message m = shift(w->up, &w->up_count);
        struct buf record = buf_growing();
        struct intake_result r;
        intake_judge(w->intake, topic, m.bytes, m.length, w->ts, w->count + 1, &record, &r);
        assert_int_not_equal(r.verdict, INTAKE_ENVELOPE);
        if (r.verdict == INTAKE_TAKEN)
            keep_record(w, &record, r.frame, &m);
        frame_close(r.frame);
        judged_free(&r.judged);
        buf_free(&record);
        free(m.bytes);
        if (pick(4) == 0)
            say_position(w);
    }
}

static void hear_some(struct world *w, unsigned most)
{
    for (; most && w->down_count; most--) {
        struct box *b = live(w);
        struct message m = shift(w->down, &w->down_count);
        enum sender_heard heard = sender_hear(&b->sender, m.bytes, m.length, w->now);
        if (heard == SENDER_ANEW) {
            assert_int_equal(sender_anew(&b->sender, moment(w)), 0);
            note_places(w, b, 1);
            w->epochs++;
            b->heard = 0;
        } else if (heard == SENDER_HEEDED) {
            b->heard = m.incarnation;
        }
        free(m.bytes);
    }
}

/* ---- faults
 * ---------------------------------------------------------------------------------------------------------- */
static void copy(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s && cp -rp %s %s", to, from, to);
    assert_int_equal(system(command), 0);
}

/* A segment of a box; its path and length.  which: 0 any, 1 the newest. */
static bool a_segment(struct box *b, int which, char path[static 300], off_t *length)
{
    char folder[200];
    unsigned seen = 0;
    struct stat st;
    snprintf(folder, sizeof folder, "%s/journal/%s", b->dir, spool_epoch(b->spool));
    *path = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strlen(e->d_name) != 24)
            continue;
        if (which ? strcmp(e->d_name, *path ? path + strlen(path) - 24 : "") > 0 : pick(++seen) == 0)
            snprintf(path, 300, "%s/%.30s", folder, e->d_name);
    }
    if (d)
        closedir(d);
    if (!*path || stat(path, &st) != 0)
        return false;
    *length = st.st_size;
    return true;
}

static void damage(struct world *w, struct box *b)
{
    char path[300], byte;
    off_t length;
    if (!a_segment(b, 0, path, &length) || length <= 64)
        return;
    off_t at = (off_t)pick((unsigned)length);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= (char)(1 << pick(8));
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
    w->causes++;
}

static void tear(struct world *w, struct box *b)
{
    char path[300];
    off_t length;
    bool there = a_segment(b, 1, path, &length);
    stop_box(b);
    if (there && length > 64) {
        assert_int_equal(truncate(path, length - 1 - (off_t)pick(length < 900 ? (unsigned)length - 1 : 900)), 0);
        w->causes++;
    }
    start_box(w, b);
}

static void remove_below(struct box *b, const char *what)
{
    char command[300];
    snprintf(command, sizeof command, "rm -f %s/journal/*/%s", b->dir, what);
    assert_int_equal(system(command), 0);
}

static void fault_now(struct world *w, unsigned which)
{
    char image[100];
    struct box *b = &w->boxes[pick((unsigned)w->box_count)];
    snprintf(image, sizeof image, "%s/image", w->root);
    if (which == IMAGE && (!w->imaged || pick(3))) {
        copy(w->boxes[0].dir, image);
        w->imaged = true;
    } else if (which == IMAGE) {
        stop_box(&w->boxes[0]);
        copy(image, w->boxes[0].dir);
        start_box(w, &w->boxes[0]);
        w->causes++;
    } else if (which == CLONE && w->box_count == 1) {
        snprintf(w->boxes[1].dir, sizeof w->boxes[1].dir, "%s/b", w->root);
        copy(w->boxes[0].dir, w->boxes[1].dir);
        w->box_count = 2;
        start_box(w, &w->boxes[1]);
        w->causes++;
    } else if (which == WIPE) {
        start_intake(w, 0);
    } else if (which == RESTORE && pick(2)) {
        w->backup = w->count;
    } else if (which == RESTORE) {
        start_intake(w, w->backup);
    } else if (which == DAMAGE) {
        damage(w, b);
    } else if (which == TORN) {
        tear(w, b);
    } else if (which == TRIM) {
        spool_limit(b->spool, 1, 0);
        spool_trim(b->spool, w->ts);
        spool_limit(b->spool, 512 * 1024, 0);
    } else if (which == UNREAD) {
        stop_box(b);
        remove_below(b, "*.seg");
        start_box(w, b);
        w->causes++;
    } else if (which == CURSOR) {
        stop_box(b);
        remove_below(b, "*.cursor");
        start_box(w, b);
    }
}

/* ---- steps
 * ----------------------------------------------------------------------------------------------------------- */
static void connect_box(struct world *w, size_t box)
{
    drop_some(w->up, &w->up_count, 2);
    drop_some(w->down, &w->down_count, 2);
    w->live = box;
    sender_connected(&live(w)->sender, w->now);
    say_position(w);
}

static void step(struct world *w)
{
    w->now += 10;
    unsigned dice = pick(100);
    if (dice < 30)
        make_reading(w);
    else if (dice < 50)
        send_some(w, 1 + pick(8));
    else if (dice < 70)
        deliver_some(w, 1 + pick(8));
    else if (dice < 78)
        hear_some(w, 1 + pick(3));
    else if (dice < 82)
        say_position(w);
    else if (dice < 84)
        connect_box(w, pick((unsigned)w->box_count));
    else if (dice < 86)
        spool_save_acked(live(w)->spool, live(w)->sender.acked);
    else if (dice < 88)
        drop_some(w->down, &w->down_count, 4);
    else if (dice < 90)
        drop_some(w->up, &w->up_count, 4);
    else if (dice < 92)
        start_intake(w, w->count); /* killed */
    else if (dice < 94) {
        struct box *b = &w->boxes[pick((unsigned)w->box_count)];
        stop_box(b);
        start_box(w, b);
    } else if (dice < 96) {
        w->now += 200;
        sender_timer(&live(w)->sender, w->now);
    } else {
        unsigned which = 1u << pick(FAULTS);
        while (!(w->faults & which))
            which = 1u << pick(FAULTS);
        fault_now(w, which);
    }
}

static void check_step(struct world *w)
{
    struct box *b = live(w);
    const struct taken *last = newest_of(w, spool_epoch(b->spool));
    assert_true(b->sender.sent >= b->sender.acked);
    if (b->heard == w->incarnation && b->sender.acked) {
        struct hash own;
        const struct taken *there = taken_as(w, spool_epoch(b->spool), b->sender.acked);
        if (!last || last->seq < b->sender.acked)
            fail_msg("acked %llu, but the collector has %llu", (unsigned long long)b->sender.acked,
                     (unsigned long long)(last ? last->seq : 0));
        if (there && spool_hash(b->spool, b->sender.acked, &own))
            assert_memory_equal(own.b, there->head.b, HASH_BYTES);
    }
    if (w->epochs > w->causes + (w->box_count > 1))
        fail_msg("%u epochs begun for %u causes", w->epochs, w->causes);
}

/* No more harm: without a hand, each box in turn comes to where all is acked. */
static void settle(struct world *w)
{
    for (size_t k = 0; k < w->box_count; k++) {
        connect_box(w, k);
        for (int turn = 0; turn < 3000; turn++) {
            say_position(w);
            hear_some(w, PIPE);
            send_some(w, PIPE);
            deliver_some(w, PIPE);
            say_position(w);
            hear_some(w, PIPE);
            check_step(w);
            if (sender_done(&live(w)->sender) && live(w)->heard == w->incarnation)
                break;
            w->now += 100000;
            sender_timer(&live(w)->sender, w->now);
        }
        if (!sender_done(&live(w)->sender))
            fail_msg("box %zu stands still: acked %llu of %llu", k, (unsigned long long)live(w)->sender.acked,
                     (unsigned long long)spool_last(live(w)->spool));
    }
}

/* ---- the readings
 * ------------------------------------------------------------------------------------------------------ */
struct seen {
    unsigned good[MADE_MOST], any[MADE_MOST];
    bool declared[MADE_MOST], refused[MADE_MOST];
};

static void declare(struct seen *s, int64_t from, int64_t to)
{
    for (int64_t ts = from < T0 ? T0 : from; ts < to && ts < T0 + MADE_MOST; ts++)
        s->declared[ts - T0] = true;
}

static void see_lost(struct world *w, struct seen *s, const struct frame *f)
{
    for (size_t i = 0; i < w->place_count; i++)
        if (strcmp(w->places[i].epoch, f->epoch) == 0 && w->places[i].seq >= f->from && w->places[i].seq <= f->seq)
            declare(s, w->places[i].from, w->places[i].to);
}

static void see_all(struct world *w, struct seen *s)
{
    int64_t newest = T0;
    char epoch[EPOCH_SIZE] = "";
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < w->count; i++) {
        struct record r;
        struct judged j;
        assert_int_equal(record_read(&r, w->records[i], w->lengths[i]), 0);
        struct frame *f = judged_open(&j, &r);
        assert_non_null(f);
        bool opens = strcmp(epoch, f->epoch) != 0 && (f->reading_count || f->kind == FRAME_GAP);
        if (opens)
            memcpy(epoch, f->epoch, EPOCH_SIZE);
        if (f->kind == FRAME_LOST)
            see_lost(w, s, f);
        if (f->kind == FRAME_GAP)
            declare(s, opens && newest < f->since ? newest : f->since, f->until);
        for (size_t k = 0; k < f->reading_count; k++) {
            int64_t ts = f->readings[k].ts;
            if (opens)
                declare(s, newest, ts);
            s->any[ts - T0]++;
            s->good[ts - T0] += j.marks[k] == MARK_GOOD;
            s->refused[ts - T0] |=
                j.marks[k] == MARK_REFUSED && w->faults & DAMAGE; /* its `hello` was the damaged record */
            if (j.marks[k] != MARK_GOOD && j.marks[k] != MARK_REPEAT && !s->refused[ts - T0] && w->box_count == 1 &&
                !(w->faults & IMAGE)) /* frames of an older life come behind newer ones: kept, and suspect */
                fail_msg("reading %d is marked %c", (int)(ts - T0), j.marks[k]);
            newest = ts > newest ? ts : newest;
        }
        frame_close(f);
        judged_free(&j);
    }
}

static void check_readings(struct world *w)
{
    static struct seen s;
    see_all(w, &s);
    for (int i = 0; i < MADE_MOST; i++) {
        bool held = w->box_count > 1 ? s.any[i] > 0 : s.good[i] > 0;
        if (s.good[i] > 1 || (w->is_made[i] && !held && !s.declared[i] && !s.refused[i]))
            fail_msg("reading %d: counts %u times, journalled %u times, declared %d", i, s.good[i], s.any[i],
                     s.declared[i]);
    }
}

/* ---- rounds
 * -------------------------------------------------------------------------------------------------------------- */
static unsigned draw_faults(void)
{
    unsigned faults = 0;
    for (unsigned n = 1 + pick(3); n; n--)
        faults |= 1u << pick(FAULTS);
    if (faults & CLONE)
        faults &=
            ~(unsigned)(WIPE | RESTORE); /* what only one of two boxes had acked is not declared to a wiped collector */
    return faults;
}

static void one_round(unsigned seed, unsigned long totals[static 4])
{
    struct world *w = xcalloc(1, sizeof *w);
    srand(seed);
    w->faults = draw_faults();
    w->places = xcalloc(PLACES_MOST, sizeof *w->places);
    snprintf(w->root, sizeof w->root, "%s/quietair-forks-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(w->root));
    snprintf(w->boxes[0].dir, sizeof w->boxes[0].dir, "%s/a", w->root);
    w->box_count = 1;
    w->ts = T0;
    w->incarnation = 1;
    start_intake(w, 0);
    start_box(w, &w->boxes[0]);
    for (int i = 0; i < 400; i++) {
        step(w);
        check_step(w);
    }
    settle(w);
    check_readings(w);
    totals[0] += 400, totals[1] += w->causes, totals[2] += w->epochs, totals[3] += w->incarnation - 1;
    for (size_t k = 0; k < w->box_count; k++)
        spool_close(w->boxes[k].spool, true);
    while (w->count)
        free(w->records[--w->count]);
    while (w->up_count)
        free(w->up[--w->up_count].bytes);
    while (w->down_count)
        free(w->down[--w->down_count].bytes);
    intake_free(w->intake);
    free(w->places);
    file_remove_tree(w->root);
    free(w);
}

static void forks_and_restores(void **state)
{
    const char *given = getenv("SEED"), *more = getenv("ROUNDS");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    unsigned rounds = more ? (unsigned)strtoul(more, NULL, 10) : 30;
    unsigned long totals[4] = {0};
    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        print_message("SEED=%u ROUNDS=1\n", seed + round);
        one_round(seed + round, totals);
    }
    print_message("%lu steps, %lu faults at gateways, %lu epochs begun, %lu times a collector knew less\n", totals[0],
                  totals[1], totals[2], totals[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forks_and_restores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
