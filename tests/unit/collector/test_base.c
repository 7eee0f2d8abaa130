/* What intake knows, saved and taken up: from there on both say the same of whatever comes. */
#include "collector/base.h"
#include "collector/rules/pack.h"
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT "quietair/v1"
enum { BOXES = 3, STEPS = 400 };

struct box { /* a gateway, as far as its frames go */
    char name[8], epoch[EPOCH_SIZE];
    uint64_t seq;
    struct hash head;
};

static struct intake *saved_and_taken_up(struct intake *in)
{
    struct buf once = buf_growing(), again = buf_growing();
    struct pack p = pack_writer(&once);
    intake_pack(&p, in);
    struct intake *out = intake_new(ROOT);
    p = pack_reader(once.data, once.length);
    intake_pack(&p, out);
    assert_true(pack_done(&p));
    p = pack_writer(&again);
    intake_pack(&p, out);
    assert_int_equal(once.length, again.length);
    assert_memory_equal(once.data, again.data, once.length);
    buf_free(&once);
    buf_free(&again);
    return out;
}

static void import(struct intake *in, const char *rows)
{
    struct buf body = buf_growing(), record = buf_growing();
    struct record r;
    buf_print(&body,
              "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":\"id,name,kind,district,grid,"
              "gateways\\n%s\"}}",
              rows);
    record_write(&record, RECORD_COMMAND, 1, "", 0, body.data, body.length);
    assert_int_equal(record_read(&r, record.data, record.length), 0);
    intake_apply(in, &r);
    buf_free(&body);
    buf_free(&record);
}

static void payload_of(struct box *b, const char *rest, struct buf *out)
{
    buf_clear(out);
    frame_begin(out, b->name, b->epoch, b->seq + 1, &b->head);
    buf_print(out, ",%s", rest);
    frame_end(out);
}

/* The verdict, and the record that would be journalled. */
static enum intake_verdict judge(struct intake *in, const struct box *b, const struct buf *payload, uint64_t at,
                                 struct buf *record)
{
    char topic[80];
    struct intake_result r;
    snprintf(topic, sizeof topic, ROOT "/yudu/gateway/%s/stream", b->name);
    buf_clear(record);
    intake_judge(in, topic, payload->data, payload->length, 1000000 + (int64_t)at, at, record, &r);
    frame_close(r.frame);
    judged_free(&r.judged);
    return r.verdict;
}

static void body_of(int step, char out[static 400])
{
    if (step % 40 < BOXES)
        snprintf(out, 400,
                 "\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\",\"reset\":%s,\"devices\":[{\"device\":\"d%d\","
                 "\"site\":\"s%d\",\"profile\":\"p\",\"measurement\":\"air\",\"interval\":1000,\"metrics\":[{\"name\":"
                 "\"door\",\"unit\":\"\",\"type\":\"bit\"}]}]",
                 step % 80 < 40 ? "true" : "false", step / 40 % 4, rand() % 4);
    else
        snprintf(
            out, 400,
            "\"kind\":\"readings\",\"readings\":[{\"device\":\"d%d\",\"ts\":%d,\"values\":{\"door\":1}},{\"device\":"
            "\"d%d\",\"ts\":%d,\"values\":{\"door\":0}}]",
            rand() % 5, 1000 + step * 10 - rand() % 30, rand() % 5, 1005 + step * 10);
}

/* Frames that fit, repeats, such that run ahead, and new epochs; at some step `twin` becomes what was saved of `in`. */
static void both_say_the_same(unsigned seed, int save_at)
{
    struct intake *in = intake_new(ROOT), *twin = NULL;
    struct box boxes[BOXES] = {{"gw-0", "00", 0, {{0}}}, {"gw-1", "11", 0, {{0}}}, {"gw-2", "22", 0, {{0}}}};
    struct buf payload = buf_growing(), one = buf_growing(), other = buf_growing();
    char body[400];
    srand(seed);
    for (int i = 0; i < BOXES; i++)
        snprintf(boxes[i].epoch, EPOCH_SIZE, "%032d", i + 1);
    import(in, "s0,A,other,yudu,g,gw-0;gw-1\\ns1,B,other,yudu,g,gw-2\\ns2,C,other,yudu,g,\\n");
    for (int step = 0; step < STEPS; step++) {
        struct box *b = &boxes[step % BOXES], odd = *b;
        if (step == save_at)
            twin = saved_and_taken_up(in);
        if (step == STEPS / 2) {
            import(in, "s1,B,other,jing,g,gw-0\\ns3,D,other,yudu,g,gw-1;gw-2\\n");
            if (twin)
                import(twin, "s1,B,other,jing,g,gw-0\\ns3,D,other,yudu,g,gw-1;gw-2\\n");
        }
        if (rand() % 50 == 0)
            *b = (struct box){.seq = 0}, strcpy(b->name, odd.name), snprintf(b->epoch, EPOCH_SIZE, "%032d", step + 10),
            odd = *b;
        if (rand() % 10 == 0) /* again with other bytes, or ahead */
            odd.seq += rand() % 2 ? (uint64_t)1 : (odd.seq ? (uint64_t)-1 : 0);
        body_of(step, body);
        payload_of(&odd, body, &payload);
        enum intake_verdict verdict = judge(in, b, &payload, (uint64_t)step + 1, &one);
        if (twin) {
            enum intake_verdict said = judge(twin, b, &payload, (uint64_t)step + 1, &other);
            /* Of what was before only the newest hash is saved: an older fork is a repeat. */
            assert_true(said == verdict || (verdict == INTAKE_FORK && said == INTAKE_REPEAT));
            assert_int_equal(one.length, other.length);
            assert_memory_equal(one.data, other.data, one.length);
        }
        if (verdict == INTAKE_TAKEN) {
            b->seq = odd.seq + 1;
            b->head = chain_next(&odd.head, payload.data, payload.length);
        }
    }
    for (int i = 0; i < BOXES && twin; i++) {
        struct hash a, c;
        assert_int_equal(intake_position(in, boxes[i].name, boxes[i].epoch, &a),
                         intake_position(twin, boxes[i].name, boxes[i].epoch, &c));
        assert_true(hash_equal(&a, &c));
    }
    intake_free(in);
    intake_free(twin);
    buf_free(&payload);
    buf_free(&one);
    buf_free(&other);
}

static void whatever_comes_after_is_judged_alike(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++)
        both_say_the_same(seed, (int)(seed * 37 % STEPS));
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static char dir[64];
static struct journal *journal;
static struct journal_reader *reader;
static struct base base;

static int setup(void **state)
{
    (void)state;
    char path[96];
    strcpy(dir, "/tmp/quietair-base-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/journal", dir);
    struct journal_settings set = {.dir = path, .mode = 0700};
    struct fault f;
    if (journal_open(&journal, &set, &f) != 0)
        return -1;
    for (int i = 0; i < 5; i++)
        journal_append(journal, "abc", 3, 1, NULL);
    journal_sync(journal);
    reader = journal_reader_new(journal);
    base = (struct base){.seq = 3, .skipped = 7, .skip_to = 2};
    return journal_hash(reader, 3, &base.head) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    journal_reader_free(reader);
    journal_close(journal);
    return file_remove_tree(dir);
}

static int load(struct base *out, struct fault *f)
{
    struct intake *in = intake_new(ROOT);
    int code = base_load(dir, reader, journal_synced(journal), out, in, f);
    intake_free(in);
    return code;
}

static void save(void)
{
    struct intake *in = intake_new(ROOT);
    struct fault f;
    import(in, "s0,A,other,yudu,g,gw-0\\n");
    assert_int_equal(base_save(dir, &base, in, &f), 0);
    intake_free(in);
}

static void it_comes_back(void **state)
{
    (void)state;
    struct base out;
    struct fault f;
    assert_int_equal(load(&out, &f), 0); /* there is none */
    save();
    assert_int_equal(load(&out, &f), 1);
    assert_int_equal(out.seq, 3);
    assert_int_equal(out.skipped, 7);
    assert_int_equal(out.skip_to, 2);
    assert_true(hash_equal(&out.head, &base.head));
}

static void every_byte_of_it_counts(void **state)
{
    (void)state;
    char path[96];
    size_t length;
    struct base out;
    struct fault f;
    save();
    snprintf(path, sizeof path, "%s/journal/intake.base", dir);
    char *good = file_read(path, 1 << 20, &length, &f);
    assert_non_null(good);
    for (size_t i = 0; i < length; i++) {
        good[i] ^= 4;
        assert_int_equal(file_replace(path, good, length, 0600, &f), 0);
        assert_int_equal(load(&out, &f), ERR_CORRUPT);
        good[i] ^= 4;
    }
    for (size_t n = 0; n < length; n++) {
        assert_int_equal(file_replace(path, good, n, 0600, &f), 0);
        assert_int_equal(load(&out, &f), ERR_CORRUPT);
    }
    free(good);
}

static void of_another_journal_it_is_refused(void **state)
{
    (void)state;
    struct base out;
    struct fault f;
    base.head.b[0] ^= 1;
    save();
    assert_int_equal(load(&out, &f), ERR_CORRUPT);
    base.head.b[0] ^= 1;
    base.seq = 6; /* further than the journal reaches */
    save();
    assert_int_equal(load(&out, &f), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_after_is_judged_alike),
        cmocka_unit_test_setup_teardown(it_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_it_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(of_another_journal_it_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
