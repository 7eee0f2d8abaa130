/* What the collector takes into its journal, from whom, and what of it counts: rule by rule. */
#include "collector/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define E1 "abababababababababababababababab"
#define E2 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static struct intake *in;
static uint64_t at; /* where the next record stands in the collector's journal */
static char marks[16], refused[24], written[8192];
static size_t written_length;

static void import(const char *verb, const char *rows)
{
    char text[1200];
    struct record r = {.kind = RECORD_COMMAND, .body = text};
    r.body_length = (size_t)snprintf(text, sizeof text,
                                     "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"%s\",\"args\":{\"csv\":\"id,name,kind,"
                                     "district,grid,gateways\\n%s\"}}",
                                     verb, rows);
    intake_apply(in, &r);
}

static int begin(void **state)
{
    (void)state;
    in = intake_new("quietair/v1");
    at = 0;
    import("site import", "m,M,club,yudu,g,gw-1;gw-5\\n");
    import("site import", "a,A,club,yudu,g,gw-3\\nz,Z,club,yudu,g,gw-2\\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    intake_free(in);
    intake_free(NULL);
    return 0;
}

static enum intake_verdict hear_on(const char *topic, const char *payload, size_t length, int64_t receipt)
{
    struct buf record = buf_fixed(written, sizeof written);
    struct intake_result r;
    intake_judge(in, topic, payload, length, receipt, at + 1, &record, &r);
    written_length = record.length;
    at += r.verdict == INTAKE_TAKEN;
    snprintf(marks, sizeof marks, "%s", r.judged.marks ? r.judged.marks : "");
    snprintf(refused, sizeof refused, "%s", r.judged.permit_count ? r.judged.permits[0].refused : "");
    assert_int_equal(r.frame != NULL, r.verdict == INTAKE_TAKEN);
    frame_close(r.frame);
    judged_free(&r.judged);
    return r.verdict;
}

/* A frame of a gateway, behind the hash before it. */
struct chained {
    const char *gateway, *epoch;
    uint64_t seq;
    struct hash head;
};

static void import_dated(const char *row, int64_t receipt)
{
    char text[400];
    struct record r = {.kind = RECORD_COMMAND, .body = text, .receipt_ms = receipt};
    r.body_length =
        (size_t)snprintf(text, sizeof text,
                         "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":\"id,name,kind,"
                         "district,grid,gateways,valid_from\\n%s\"}}",
                         row);
    intake_apply(in, &r);
}

static size_t compose(const struct chained *c, const struct hash *before, const char *rest, char out[static 2048])
{
    char after[AFTER_HEX];
    hash_after(before, after);
    return (size_t)snprintf(out, 2048, "{\"v\":1,\"gateway\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"after\":\"%s\",%s}",
                            c->gateway, c->epoch, (unsigned long long)c->seq, after, rest);
}

static enum intake_verdict hear(struct chained *c, const char *rest)
{
    char text[2048], topic[100];
    c->seq++;
    size_t length = compose(c, &c->head, rest, text);
    c->head = chain_next(&c->head, text, length);
    snprintf(topic, sizeof topic, "quietair/v1/yudu/gateway/%s/stream", c->gateway);
    return hear_on(topic, text, length, 1000000);
}

static enum intake_verdict hear_lost(const struct chained *c, uint64_t from, uint64_t to, const struct hash *before,
                                     const struct hash *head)
{
    char text[2048], rest[200], hex[HASH_HEX], topic[100], after[64] = "", digits[AFTER_HEX];
    hash_hex(head, hex);
    snprintf(rest, sizeof rest, "\"kind\":\"lost\",\"from\":%llu,\"to\":%llu,\"head\":\"%s\"", (unsigned long long)from,
             (unsigned long long)to, hex);
    if (before) {
        hash_after(before, digits);
        snprintf(after, sizeof after, ",\"after\":\"%s\"", digits);
    }
    int n = snprintf(text, sizeof text, "{\"v\":1,\"gateway\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu%s,%s}", c->gateway,
                     c->epoch, (unsigned long long)to, after, rest);
    snprintf(topic, sizeof topic, "quietair/v1/yudu/gateway/%s/stream", c->gateway);
    return hear_on(topic, text, (size_t)n, 1000000);
}

static void stands_at(const struct chained *c, uint64_t seq, const struct hash *head)
{
    struct hash h;
    assert_int_equal(intake_position(in, c->gateway, c->epoch, &h), seq);
    assert_memory_equal(h.b, head->b, HASH_BYTES);
}

static const char empty[] = "\"kind\":\"readings\",\"readings\":[]";

/* ---- order
 * ------------------------------------------------------------------------------------------------------------ */
static void next_in_order_or_not(void **state)
{
    struct chained c = {"gw-1", E1}, other = {"gw-1", E1}, second = {"gw-1", E2};
    (void)state;
    stands_at(&c, 0, &(struct hash){0});
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    struct chained one = c;
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    stands_at(&c, 2, &c.head);
    assert_int_equal(hear(&other, empty), INTAKE_REPEAT);
    other = (struct chained){"gw-1", E1};
    assert_int_equal(hear(&other, "\"kind\":\"seal\""), INTAKE_FORK); /* 1 with other bytes */
    assert_int_equal(hear(&other, "\"kind\":\"seal\""), INTAKE_FORK); /* 2 likewise */
    assert_int_equal(hear(&other, "\"kind\":\"seal\""), INTAKE_FORK); /* 3 behind another 2 */
    assert_int_equal(hear(&other, "\"kind\":\"seal\""), INTAKE_AHEAD);
    stands_at(&c, 2, &c.head);
    assert_int_equal(hear(&one, empty), INTAKE_REPEAT);
    assert_int_equal(hear(&second, empty), INTAKE_TAKEN); /* an epoch is a stream of its own */
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
}

static void a_lost_reaches_over_what_is_missing(void **state)
{
    struct chained c = {"gw-1", E1};
    struct hash far = {{9}}, further = {{10}};
    (void)state;
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    struct hash one = c.head;
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    assert_int_equal(hear_lost(&c, 4, 9, &c.head, &far), INTAKE_AHEAD);
    assert_int_equal(hear_lost(&c, 3, 9, &one, &far), INTAKE_FORK);
    assert_int_equal(hear_lost(&c, 2, 9, &one, &far), INTAKE_TAKEN); /* it may begin below */
    stands_at(&c, 9, &far);
    assert_int_equal(hear_lost(&c, 2, 9, &one, &far), INTAKE_REPEAT);
    assert_int_equal(hear_lost(&c, 2, 9, &one, &further), INTAKE_FORK);
    assert_int_equal(hear_lost(&c, 5, 12, NULL, &further),
                     INTAKE_TAKEN); /* who does not know what was before says nothing */
    stands_at(&c, 12, &further);
    assert_int_equal(hear_lost(&c, 7, 8, NULL, &far), INTAKE_REPEAT); /* of 8 no hash was ever known here */
    c.seq = 12;
    c.head = further;
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    assert_int_equal(hear_lost(&c, 14, 15, NULL, &far), INTAKE_TAKEN); /* it need not say what we know */
}

static void hashes_of_long_ago_are_not_compared(void **state)
{
    struct chained c = {"gw-1", E1}, old = {"gw-1", E1};
    (void)state;
    for (int i = 0; i < INTAKE_HEADS + 5; i++)
        assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    assert_int_equal(hear(&old, "\"kind\":\"seal\""), INTAKE_REPEAT); /* 1 with other bytes: who could tell */
    old.seq = 5;
    assert_int_equal(hear(&old, empty), INTAKE_REPEAT); /* 6 is the first that is kept, and 5 is not */
    struct hash h = {{1}};
    assert_int_equal(hear_lost(&c, 3, c.seq + 1, &h, &h), INTAKE_TAKEN); /* likewise: nothing speaks against it */
}

static void other_messages(void **state)
{
    static const char *const topics[] = {"quietair/v1/yudu/gateway/gw-1/now",
                                         "other/yudu/gateway/gw-1/stream",
                                         "quietair/v1/yudu/gateway/gw-1/stream/x",
                                         "quietair/v1/yudu/gateway/-1/stream",
                                         "quietair/v1/-x/gateway/gw-1/stream",
                                         "quietair/v1/yudu/gateway/gw-1",
                                         "quietair/v1",
                                         "quietair/v1x/yudu/gateway/gw-1/stream"};
    struct chained c = {"gw-9", E1};
    char text[2048];
    (void)state;
    size_t length = compose(&c, &c.head, empty, text);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        assert_int_equal(hear_on(topics[i], text, length, 0), INTAKE_TOPIC);
    assert_int_equal(hear_on("quietair/v1/yudu/gateway/gw-1/stream", text, length, 0), INTAKE_ENVELOPE); /* seq 0 */
    c.seq = 1;
    length = compose(&c, &c.head, empty, text);
    assert_int_equal(hear_on("quietair/v1/yudu/gateway/gw-1/stream", text, length, 0), INTAKE_ENVELOPE); /* another's */
    assert_int_equal(hear_on("quietair/v1/yudu/gateway/gw-9/stream", text, length, 0), INTAKE_UNKNOWN_GATEWAY);
    char *big = xcalloc(1, FRAME_MAX + 1);
    assert_int_equal(hear_on("quietair/v1/yudu/gateway/gw-1/stream", big, FRAME_MAX + 1, 0), INTAKE_SIZE);
    free(big);
    struct intake *nobody = intake_new("quietair/v1");
    struct buf record = buf_growing();
    struct intake_result r;
    intake_judge(nobody, "quietair/v1/yudu/gateway/gw-9/stream", text, length, 0, 1, &record, &r);
    assert_int_equal(r.verdict, INTAKE_UNKNOWN_GATEWAY);
    buf_free(&record);
    intake_free(nobody);
}

/* A record of the collector's own journal cannot be read any more: what is told is never a hash that the gateway has,
 * so that it goes on in another epoch. */
static void a_hole_in_the_own_journal(void **state)
{
    struct chained c = {"gw-1", E1};
    struct intake *again = intake_new("quietair/v1");
    (void)state;
    for (uint64_t seq = 1; seq <= 6; seq++) {
        struct record r;
        assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
        assert_int_equal(record_read(&r, written, written_length), 0);
        r.seq = seq;
        if (seq != 3)
            intake_apply(again, &r);
    }
    struct hash h;
    assert_int_equal(intake_position(again, "gw-1", E1, &h), 6);
    assert_memory_not_equal(h.b, c.head.b, HASH_BYTES);
    intake_free(again);
}

/* ---- content
 * ---------------------------------------------------------------------------------------------------------- */
static const char hello[] =
    "\"kind\":\"hello\",\"reset\":true,\"devices\":["
    "{\"device\":\"n\",\"site\":\"m\",\"measurement\":\"noise\",\"metrics\":[{\"name\":\"laeq\",\"unit\":"
    "\"dB\"},{\"name\":\"door\",\"type\":\"bit\"},{\"name\":\"open\",\"type\":\"bit\"}]},"
    "{\"device\":\"far\",\"site\":\"zz-nowhere\",\"measurement\":\"noise\"},"
    "{\"device\":\"foreign\",\"site\":\"z\",\"measurement\":\"noise\"}]";

static enum intake_verdict hear_reading(struct chained *c, const char *device, int64_t ts, bool anew)
{
    char rest[300];
    snprintf(rest, sizeof rest,
             "%s\"kind\":\"readings\",\"readings\":[{\"device\":\"%s\",\"ts\":%lld,\"values\":{\"laeq\":1}}]",
             anew ? "\"anew\":true," : "", device, (long long)ts);
    return hear(c, rest);
}

static void who_may_report_what(void **state)
{
    struct chained c = {"gw-1", E1};
    const char *district, *units, *why;
    (void)state;
    assert_null(intake_device(in, "gw-1", "n", 100, &district, &units, &why));
    assert_string_equal(why, "unknown-device");
    assert_int_equal(hear_reading(&c, "n", 1, false), INTAKE_TAKEN);
    assert_string_equal(refused, "unknown-device");
    assert_int_equal(hear(&c, hello), INTAKE_TAKEN);
    static const struct {
        const char *device, *refused;
    } cases[] = {{"n", ""}, {"far", "unknown-site"}, {"foreign", "not-permitted"}, {"x", "unknown-device"}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(hear_reading(&c, cases[i].device, 100, false), INTAKE_TAKEN);
        assert_string_equal(refused, cases[i].refused);
        assert_string_equal(marks, *cases[i].refused ? "x" : ".");
    }
    assert_string_equal(intake_device(in, "gw-1", "n", 100, &district, &units, &why), "m");
    assert_string_equal(district, "yudu");
    assert_string_equal(units, "{\"laeq\":\"dB\",\"door\":\"\",\"open\":\"\"}");
    assert_null(intake_device(in, "gw-1", "foreign", 100, &district, &units, &why));
    assert_string_equal(why, "not-permitted");
    assert_int_equal(hear(&c, "\"kind\":\"hello\",\"reset\":true,\"devices\":[]"), INTAKE_TAKEN);
    assert_int_equal(hear_reading(&c, "n", 200, false), INTAKE_TAKEN);
    assert_string_equal(refused, "unknown-device"); /* named no more */
    assert_int_equal(
        hear(&c, "\"kind\":\"hello\",\"devices\":[{\"device\":\"n\",\"site\":\"m\",\"measurement\":\"noise\"}]"),
        INTAKE_TAKEN);
    assert_int_equal(hear_reading(&c, "n", 200, false), INTAKE_TAKEN);
    assert_string_equal(marks, ".");
}

static void what_counts_of_time(void **state)
{
    struct chained c = {"gw-1", E1};
    (void)state;
    assert_int_equal(hear(&c, hello), INTAKE_TAKEN);
    assert_int_equal(hear_reading(&c, "n", 1000000 + INTAKE_AHEAD_MS + 1, false), INTAKE_TAKEN);
    assert_string_equal(marks, "c"); /* ahead of us by more than 5 min: it moves nothing */
    assert_int_equal(hear_reading(&c, "n", 1000000 + INTAKE_AHEAD_MS, false), INTAKE_TAKEN);
    assert_string_equal(marks, ".");
    assert_int_equal(hear_reading(&c, "n", 1000000 + INTAKE_AHEAD_MS, false), INTAKE_TAKEN);
    assert_string_equal(marks, "c");
    assert_int_equal(hear_reading(&c, "n", 1000000 + INTAKE_AHEAD_MS, true), INTAKE_TAKEN);
    assert_string_equal(marks, "r");
    assert_int_equal(
        hear(&c, "\"kind\":\"hello\",\"devices\":[{\"device\":\"n\",\"site\":\"a\",\"measurement\":\"noise\"}]"),
        INTAKE_TAKEN);
    import("site import", "a,A,club,yudu,g,gw-1\\n"); /* a newer version of that site */
    assert_int_equal(hear_reading(&c, "n", 5, false), INTAKE_TAKEN);
    assert_string_equal(marks, "."); /* another site's series begins anew */
}

static void commands_that_change_no_site(void **state)
{
    struct chained c = {"gw-7", E1};
    (void)state;
    import("cleaning add", "y,Y,club,yudu,g,gw-7\\n");
    import("site import", "y,Y,discotheque,yudu,g,gw-7\\n");
    struct record odd = {.kind = RECORD_COMMAND, .body = "{\"verb\":\"site import\"}", .body_length = 22};
    intake_apply(in, &odd);
    odd.body = "?", odd.body_length = 1;
    intake_apply(in, &odd);
    assert_int_equal(hear(&c, empty), INTAKE_UNKNOWN_GATEWAY);
    import("site import", "y,Y,club,yudu,g,gw-7\\n");
    c = (struct chained){"gw-7", E1};
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
}

/* ---- several gateways
 * ------------------------------------------------------------------------------------------------- */
static void list(void *ctx, const char *district, const char *gateway, const char *epoch, uint64_t seq, int64_t heard)
{
    struct buf *b = ctx;
    buf_print(b, "%s %s %.2s %d %d;", district, gateway, epoch, (int)seq, (int)heard);
}

static void each_gateway_by_name(void **state)
{
    struct chained c[] = {{"gw-3", E1}, {"gw-1", E1}, {"gw-5", E1}, {"gw-2", E1}, {"gw-1", E2}};
    struct buf b = buf_growing();
    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(hear(&c[i], empty), INTAKE_TAKEN);
    assert_int_equal(hear(&c[1], empty), INTAKE_TAKEN); /* it spoke last in its older epoch */
    intake_each(in, list, &b);
    assert_string_equal(b.data,
                        "yudu gw-1 ab 2 1000000;yudu gw-2 ab 1 1000000;yudu gw-3 ab 1 1000000;yudu gw-5 ab 1 1000000;");
    buf_free(&b);
}

/* ---- times that come later
 * --------------------------------------------------------------------------------------------- */
static void waits(uint64_t waiting, uint64_t untold)
{
    uint64_t w, u;
    intake_waiting(in, &w, &u);
    assert_int_equal(w, waiting);
    assert_int_equal(u, untold);
}

static void a_record_that_can_no_longer_be_repaired(void **state)
{
    static const char of_boot[] =
        "\"kind\":\"readings\",\"boot\":\"b-1\",\"readings\":[{\"device\":\"n\",\"mono\":5,\"values\":{}}]";
    static const char told[] = "\"kind\":\"time\",\"boot\":\"b-1\",\"offset\":900000,\"error\":1,\"from\":1,\"to\":3";
    struct chained c = {"gw-5", E1}, other = {"gw-3", E1};
    char first[2048];
    size_t first_length;
    struct buf record = buf_growing();
    struct record held;
    (void)state;
    intake_repair(in, NULL, 0, &record); /* nothing is owed */
    assert_int_equal(record.length, 0);
    assert_int_equal(hear(&other, empty), INTAKE_TAKEN);
    assert_int_equal(hear(&c, hello), INTAKE_TAKEN);
    assert_int_equal(hear(&c, of_boot), INTAKE_TAKEN);
    assert_string_equal(marks, "w");
    memcpy(first, written, first_length = written_length);
    assert_int_equal(hear(&c, of_boot), INTAKE_TAKEN);
    waits(2, 0);
    assert_int_equal(intake_owed(in), 0);
    assert_int_equal(hear(&c, told), INTAKE_TAKEN);
    assert_int_equal(intake_owed(in), 3);
    struct chained next = c;
    assert_int_equal(hear(&next, empty), INTAKE_REPAIRING);
    assert_int_equal(hear(&other, empty), INTAKE_TAKEN); /* others go on */
    assert_int_equal(record_read(&held, first, first_length), 0);
    held.seq = 3;
    intake_repair(in, &held, 2000000, &record);
    assert_true(record.length > 0);
    struct intake *fresh = intake_new("quietair/v1"); /* whose journal has lost all before this record */
    struct record repair;
    assert_int_equal(record_read(&repair, record.data, record.length), 0);
    intake_apply(fresh, &repair);
    struct buf listed = buf_growing();
    intake_each(fresh, list, &listed);
    assert_string_equal(listed.data, "yudu gw-5  0 0;");
    buf_free(&listed);
    intake_free(fresh);
    buf_clear(&record);
    assert_int_equal(intake_owed(in), 4);
    intake_repair(in, NULL, 0, &record);
    assert_int_equal(record.length, 0);
    waits(0, 1);
    assert_int_equal(intake_owed(in), 0);
    assert_int_equal(hear(&c, empty), INTAKE_TAKEN);
    buf_free(&record);
}

/* What it would say to the first frame of a gateway, which has one device for site v: its refusal, or the verdict. */
static void expect_heard(int64_t receipt, const char *gateway, const char *words)
{
    static unsigned life;
    char epoch[EPOCH_SIZE], text[2048], topic[100];
    const struct chained c = {gateway, epoch, 1};
    snprintf(epoch, sizeof epoch, "%032u", ++life);
    size_t length = compose(&c, &c.head,
                            "\"kind\":\"hello\",\"reset\":true,\"devices\":[{\"device\":\"n\",\"site\":\"v\","
                            "\"measurement\":\"noise\"}]",
                            text);
    snprintf(topic, sizeof topic, "quietair/v1/yudu/gateway/%s/stream", gateway);
    enum intake_verdict verdict = hear_on(topic, text, length, receipt);
    assert_string_equal(verdict == INTAKE_TAKEN ? refused : intake_words[verdict], words);
}

/* A version is heeded from its time on: neither before, nor instead of a later one. */
static void a_version_is_heeded_while_it_is_in_force(void **state)
{
    const int64_t june = 1780272000000, next_year = 1801440000000; /* 2026-06-01, 2027-02-01 */
    (void)state;
    import_dated("v,V,club,yudu,g,gw-7,2026-01-01", june);
    expect_heard(june, "gw-7", "");
    import_dated("v,V,club,yudu,g,gw-8,2027-01-01", june + 10);
    expect_heard(june + 20, "gw-7", "");
    expect_heard(june + 20, "gw-8", "unknown-gateway");
    expect_heard(next_year, "gw-8", "");
    expect_heard(next_year, "gw-7", "unknown-gateway");
    import_dated("v,V,club,yudu,g,gw-6,2025-01-01", june + 30);
    expect_heard(june + 40, "gw-7", "");
    expect_heard(june + 40, "gw-6", "unknown-gateway");
    import_dated("v,V,club,yudu,g,gw-1,", june + 120000); /* from now on */
    expect_heard(june + 120001, "gw-1", "");
    expect_heard(june + 120001, "gw-7", "unknown-gateway");
    expect_heard(next_year, "gw-8", "");
    expect_heard(next_year, "gw-1", "not-permitted");     /* another site lists it */
    import_dated("v,V,club,yudu,g,gw-1,", june + 360000); /* changes nothing, so it is no version */
    import_dated("v,V,club,yudu,g,gw-5,2026-06-01T00:04", june + 380000);
    expect_heard(june + 400000, "gw-5", "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {CASE(next_in_order_or_not),
                                       CASE(a_lost_reaches_over_what_is_missing),
                                       CASE(hashes_of_long_ago_are_not_compared),
                                       CASE(other_messages),
                                       CASE(a_hole_in_the_own_journal),
                                       CASE(who_may_report_what),
                                       CASE(a_version_is_heeded_while_it_is_in_force),
                                       CASE(what_counts_of_time),
                                       CASE(commands_that_change_no_site),
                                       CASE(each_gateway_by_name),
                                       CASE(a_record_that_can_no_longer_be_repaired)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
