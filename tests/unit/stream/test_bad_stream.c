/* What no honest gateway says (tests/bad): each is refused as it must be, and the sender's next good frame is taken. */
#include "collector/intake.h"
#include "collector/output/live.h"
#include "collector/presence.h"
#include "collector/refusal.h"
#include "common/json.h"
#include "tests/unit/stream/bad_cases.h"

#define TOPIC "quietair/v1/yudu/gateway/gw-9/stream"
#define EPOCH "abababababababababababababababab"
#define NOW   1764000000000

static const int64_t now = 1764000000000;

struct street {
    const char *file;
    struct intake *intake;
    struct hash head, head_before; /* h(seq), h(seq - 1) */
    uint64_t seq;
    int64_t ts; /* of the newest good reading */
    uint64_t refused[REFUSALS];
};

/* ---- what is good ------------------------------------------------------------------------------------------------ */
static enum intake_verdict judge(struct street *s, const char *topic, const char *payload, size_t length,
                                 struct intake_result *r)
{
    struct buf record = buf_growing();
    char *exact = xmalloc(length + !length); /* without a NUL behind: reading on is an error */
    memcpy(exact, payload, length);
    intake_judge(s->intake, topic, exact, length, now, s->seq + 1, &record, r);
    if (r->verdict == INTAKE_TAKEN) {
        s->seq++;
        s->head_before = s->head;
        s->head = chain_next(&s->head, payload, length);
        refusal_count(s->refused, r->frame, &r->judged);
    }
    assert_int_equal(record.length > 0, r->verdict == INTAKE_TAKEN);
    buf_free(&record);
    free(exact);
    return r->verdict;
}

static void done(struct intake_result *r)
{
    frame_close(r->frame);
    judged_free(&r->judged);
}

static void put_frame(const struct street *s, const char *rest, struct buf *out)
{
    frame_begin(out, "gw-9", EPOCH, s->seq + 1, &s->head);
    buf_print(out, ",%s", rest);
    frame_end(out);
}

static void say(struct street *s, const char *name, const char *rest)
{
    struct buf b = buf_growing();
    struct intake_result r;
    put_frame(s, rest, &b);
    if (judge(s, TOPIC, b.data, b.length, &r) != INTAKE_TAKEN)
        bad_fail(s->file, name, "the good frame after it is not taken");
    done(&r);
    buf_free(&b);
}

static void say_good(struct street *s, const char *name)
{
    char rest[200];
    uint64_t before[REFUSALS];
    memcpy(before, s->refused, sizeof before);
    snprintf(rest, sizeof rest,
             "\"kind\":\"readings\",\"readings\":[{\"device\":\"noise-9\",\"ts\":%lld,\"values\":{\"laeq\":50}}]",
             (long long)++s->ts);
    say(s, name, rest);
    if (memcmp(before, s->refused, sizeof before) != 0)
        bad_fail(s->file, name, "the good reading after it is refused");
}

static struct street street_new(const char *file)
{
    static const char import[] = "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":"
                                 "\"id,name,kind,district,grid,gateways\\ns,S,club,yudu,g,gw-9\\n\"}}";
    struct record r = {.kind = RECORD_COMMAND, .body = import, .body_length = sizeof import - 1};
    struct street s = {.file = file, .intake = intake_new("quietair/v1"), .ts = now - 1000000};
    intake_apply(s.intake, &r);
    say(&s, "the hello",
        "\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\",\"reset\":true,\"devices\":[{\"device\":\"noise-9\","
        "\"site\":"
        "\"s\",\"profile\":\"p\",\"measurement\":\"noise\",\"interval\":1000,\"metrics\":[{\"name\":\"laeq\",\"unit\":"
        "\"dB(A)\",\"type\":\"number\"}]}]");
    say_good(&s, "the first");
    return s;
}

/* ---- words of the cases ------------------------------------------------------------------------------------------ */
static bool put_number(const char *word, char letter, int64_t of, struct buf *out)
{
    char *end;
    if (*word != letter)
        return false;
    int64_t more = word[1] ? strtoll(word + 1, &end, 10) : 0;
    if (word[1] && *end)
        return false;
    buf_int(out, of + more);
    return true;
}

static bool word(void *ctx, const char *word, struct buf *out)
{
    struct street *s = ctx;
    char after[AFTER_HEX];
    const struct {
        const char *word, *text;
    } texts[] = {{"v", "\"v\":1"},
                 {"gateway", "\"gateway\":\"gw-9\""},
                 {"epoch", "\"epoch\":\"" EPOCH "\""},
                 {"E", EPOCH},
                 {"A", after},
                 {"R", "\"kind\":\"readings\",\"readings\":[]"}};
    hash_after(&s->head, after);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(word, texts[i].word) == 0) {
            buf_text(out, texts[i].text);
            return true;
        }
    if (strcmp(word, "seq") == 0)
        buf_print(out, "\"seq\":%llu", (unsigned long long)s->seq + 1);
    else if (strcmp(word, "after") == 0)
        buf_print(out, "\"after\":\"%s\"", after);
    else if (strcmp(word, "envelope") == 0)
        buf_print(out, "\"v\":1,\"gateway\":\"gw-9\",\"epoch\":\"" EPOCH "\",\"seq\":%llu,\"after\":\"%s\"",
                  (unsigned long long)s->seq + 1, after);
    else
        return put_number(word, 'n', (int64_t)s->seq + 1, out) || put_number(word, 't', ++s->ts, out);
    return true;
}

/* ---- each file -----------------------------------------------------------------------------------------------------
 */
static void refused_as_a_whole(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    struct intake_result r;
    enum intake_verdict verdict = judge(s, TOPIC, c->payload.data, c->payload.length, &r);
    if (strcmp(intake_words[verdict], c->expected) != 0)
        bad_fail(s->file, c->name, intake_words[verdict]);
    done(&r);
    say_good(s, c->name);
}

static void refused_as_a_reading(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    struct buf rest = buf_growing(), frame = buf_growing();
    struct intake_result r;
    static const char good[] = "{\"device\":\"noise-9\",\"ts\":%lld,\"values\":{\"laeq\":50}}";
    uint64_t before = s->refused[REFUSED_READING];
    buf_text(&rest, "\"kind\":\"readings\",\"readings\":[");
    buf_print(&rest, good, (long long)++s->ts);
    buf_char(&rest, ',');
    buf_bytes(&rest, c->payload.data, c->payload.length);
    buf_char(&rest, ',');
    buf_print(&rest, good, (long long)++s->ts);
    buf_char(&rest, ']');
    put_frame(s, rest.data, &frame);
    if (judge(s, TOPIC, frame.data, frame.length, &r) != INTAKE_TAKEN)
        bad_fail(s->file, c->name, "the frame around it is refused");
    if (!r.frame->refused[1] || strcmp(r.frame->refused[1], c->expected) != 0)
        bad_fail(s->file, c->name, r.frame->refused[1] ? r.frame->refused[1] : "taken");
    assert_string_equal(r.judged.marks, ".x.");
    assert_int_equal(s->refused[REFUSED_READING], before + 1);
    done(&r);
    buf_free(&rest);
    buf_free(&frame);
}

/* `reading=1 body=2`, and nothing else. */
static void expect_counts(const struct street *s, const struct bad_case *c, const uint64_t *before)
{
    struct buf said = buf_growing();
    for (size_t k = 0; k < REFUSALS; k++)
        if (s->refused[k] > before[k])
            buf_print(&said, "%s%s=%llu", said.length ? " " : "", refusal_reasons[k],
                      (unsigned long long)(s->refused[k] - before[k]));
    if (!said.length || strcmp(said.data, c->expected) != 0)
        bad_fail(s->file, c->name, said.length ? said.data : "nothing is counted");
    buf_free(&said);
}

static void counted_in_a_frame(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    uint64_t before[REFUSALS];
    struct buf b = buf_growing();
    struct intake_result r;
    memcpy(before, s->refused, sizeof before);
    buf_bytes(&b, c->payload.data, c->payload.length);
    struct buf frame = buf_growing();
    put_frame(s, b.data, &frame);
    if (judge(s, TOPIC, frame.data, frame.length, &r) != INTAKE_TAKEN)
        bad_fail(s->file, c->name, "the frame is not taken");
    expect_counts(s, c, before);
    done(&r);
    buf_free(&b);
    buf_free(&frame);
    say_good(s, c->name);
}

static void refused_by_its_topic(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    struct buf topic = buf_growing(), frame = buf_growing();
    struct intake_result r;
    buf_text(&topic, "quietair/v1/");
    buf_bytes(&topic, c->payload.data, c->payload.length); /* as C sees it: it ends with a NUL */
    put_frame(s, "\"kind\":\"readings\",\"readings\":[]", &frame);
    if (judge(s, topic.data, frame.data, frame.length, &r) != INTAKE_TOPIC)
        bad_fail(s->file, c->name, "it is taken for a topic of ours");
    buf_free(&topic);
    buf_free(&frame);
    say_good(s, c->name);
}

static void no_presence(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    struct presence p;
    assert_string_equal(c->expected, "status=1");
    if (presence_read(&p, c->payload.data ? c->payload.data : "", c->payload.length))
        bad_fail(s->file, c->name, "it is taken for a status");
}

static void said(void *ctx, const char *topic, const char *payload, size_t length)
{
    (void)topic, (void)payload, (void)length;
    ++*(size_t *)ctx;
}

static void not_live(void *ctx, const struct bad_case *c)
{
    struct street *s = ctx;
    size_t live = 0;
    char text[64];
    struct live_sink out = {&live, said};
    snprintf(text, sizeof text, "now=%zu",
             live_put(s->intake, "gw-9", c->payload.data ? c->payload.data : "", c->payload.length, NOW, &out).unread);
    if (strcmp(text, c->expected) != 0)
        bad_fail(s->file, c->name, text);
    assert_int_equal(live, 0);
}

/* ---- tests ---------------------------------------------------------------------------------------------------------
 */
static void given(const char *file, void (*each)(void *, const struct bad_case *), size_t at_least)
{
    struct street s = street_new(file);
    assert_true(bad_each(file, word, each, &s) >= at_least);
    intake_free(s.intake);
}

static void payloads_are_refused_and_the_stream_goes_on(void **state)
{
    (void)state;
    given("stream.txt", refused_as_a_whole, 190);
}

static void readings_are_refused_alone(void **state)
{
    (void)state;
    given("reading.txt", refused_as_a_reading, 90);
}

static void what_is_passed_over_in_a_body_is_counted(void **state)
{
    (void)state;
    given("body.txt", counted_in_a_frame, 70);
}

static void topics_that_are_none_of_ours(void **state)
{
    (void)state;
    given("topic.txt", refused_by_its_topic, 30);
}

static void a_status_that_says_nothing(void **state)
{
    (void)state;
    given("status.txt", no_presence, 30);
    struct presence p;
    assert_true(presence_read(&p, "{\"state\":\"offline\"}", 19));
    assert_false(p.online);
    static const char online[] =
        "{\"state\":\"online\",\"ts\":1,\"version\":\"x\",\"epoch\":\"" EPOCH "\",\"last\":42}";
    assert_true(presence_read(&p, online, sizeof online - 1));
    assert_true(p.online && p.last == 42);
    assert_string_equal(p.epoch, EPOCH);
}

static void a_now_that_says_nothing(void **state)
{
    (void)state;
    given("now.txt", not_live, 30);
    static const char good[] =
        "{\"ts\":1,\"devices\":{\"noise-9\":{\"ts\":1764000000000,\"values\":{\"laeq\":67.3,\"model\":"
        "\"x\"}},\"noise-8\":{\"ts\":1764000000000,\"values\":{\"laeq\":1}}}}",
                      early[] =
                          "{\"boot\":\"b\",\"mono\":7,\"devices\":{\"noise-9\":{\"mono\":5,\"values\":{\"laeq\":1}}}}";
    struct street s = street_new("now.txt");
    size_t live = 0;
    struct live_sink out = {&live, said};
    struct live_told told = live_put(s.intake, "gw-9", good, sizeof good - 1, NOW, &out);
    assert_int_equal(live, 1);
    assert_int_equal(told.unread, 0);
    assert_int_equal(told.refused, 1); /* nobody has named noise-8 */
    assert_string_equal(told.device, "noise-8");
    assert_string_equal(told.why, "unknown-device");
    told = live_put(s.intake, "gw-9", early, sizeof early - 1, NOW, &out);
    assert_int_equal(live, 1);
    assert_true(!told.unread && !told.refused);
    intake_free(s.intake);
}

static void keep_quality(void *ctx, const char *topic, const char *payload, size_t length)
{
    struct json *root = json_open(payload, length, NULL);
    const char *quality = "";
    assert_true(json_text(json_member(root, "quality"), &quality));
    assert_string_equal(topic, "yudu/live/s/noise-9");
    strcpy(ctx, quality);
    json_close(root);
}

static void live_says_what_is_suspect(void **state)
{
    (void)state;
    static const struct {
        const char *device, *quality;
    } cases[] = {{"\"ts\":1764000000000", "good"},
                 {"\"ts\":1764000000000,\"quality\":\"good\"", "good"},
                 {"\"ts\":1764000000000,\"quality\":\"suspect\"", "suspect"},
                 {"\"ts\":1764000000000,\"quality\":\"doubtful\"", "suspect"},
                 {"\"ts\":1764000300000", "good"},
                 {"\"ts\":1764000300001", "suspect"}}; /* more than 5 min ahead */
    struct street s = street_new("now.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200], quality[16] = "";
        struct live_sink out = {quality, keep_quality};
        int n = snprintf(text, sizeof text, "{\"ts\":1,\"devices\":{\"noise-9\":{%s,\"values\":{\"laeq\":1}}}}",
                         cases[i].device);
        struct live_told told = live_put(s.intake, "gw-9", text, (size_t)n, NOW, &out);
        assert_true(!told.unread && !told.refused);
        assert_string_equal(quality, cases[i].quality);
    }
    intake_free(s.intake);
}

static void devices_that_may_not_report_count_as_long_as_they_are_told_of(void **state)
{
    (void)state;
    struct live_refused r = {0};
    assert_int_equal(live_refused_sum(&r), 0);
    assert_false(live_refused_set(&r, "gw-1", 0));
    assert_false(live_refused_set(&r, "gw-1", 2));
    assert_true(live_refused_set(&r, "gw-1", 2));  /* it stays so: to be said */
    assert_false(live_refused_set(&r, "gw-1", 2)); /* and was */
    assert_false(live_refused_set(&r, "gw-2", 1));
    assert_int_equal(live_refused_sum(&r), 3);
    assert_false(live_refused_set(&r, "gw-1", 1));
    assert_int_equal(live_refused_sum(&r), 2);
    assert_false(live_refused_set(&r, "gw-1", 0));
    assert_false(live_refused_set(&r, "gw-2", 0));
    assert_int_equal(live_refused_sum(&r), 0);
    live_refused_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_are_refused_and_the_stream_goes_on),
        cmocka_unit_test(readings_are_refused_alone),
        cmocka_unit_test(what_is_passed_over_in_a_body_is_counted),
        cmocka_unit_test(topics_that_are_none_of_ours),
        cmocka_unit_test(a_status_that_says_nothing),
        cmocka_unit_test(a_now_that_says_nothing),
        cmocka_unit_test(live_says_what_is_suspect),
        cmocka_unit_test(devices_that_may_not_report_count_as_long_as_they_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
