/* What the collector says to its gateways, and how often.  The client is the test's: it keeps what is published. */
#include "collector/acks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH "abababababababababababababababab"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static bool connected, refuses;
static unsigned said;
static char topic[400], text[400];

bool mqtt_is_connected(const struct mqtt *m)
{
    (void)m;
    return connected;
}

int mqtt_publish(struct mqtt *m, const char *to, const void *payload, size_t length, int qos, bool retain, int *mid)
{
    (void)m, (void)mid;
    assert_true(qos == 1 && !retain);
    if (refuses)
        return ERR_LINK;
    said++;
    snprintf(topic, sizeof topic, "%s", to);
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)payload);
    return 0;
}

struct world {
    struct intake *intake;
    struct acks *acks;
};

static int begin(void **state)
{
    static const char command[] = "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":"
                                  "\"id,name,kind,district,grid,gateways\\ns,S,club,yudu,g,gw-1\\n\"}}";
    struct record r = {.kind = RECORD_COMMAND, .body = command, .body_length = sizeof command - 1};
    struct world *w = xcalloc(1, sizeof *w);
    w->intake = intake_new("quietair/v1");
    intake_apply(w->intake, &r);
    w->acks = acks_new("quietair/v1", "main", w->intake);
    connected = true;
    refuses = false;
    said = 0;
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    acks_free(w->acks);
    acks_free(NULL);
    intake_free(w->intake);
    free(w);
    return 0;
}

static void an_unknown_epoch_stands_at_0(void **state)
{
    struct world *w = *state;
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, false);
    acks_pay(w->acks, NULL, 0);
    assert_int_equal(said, 1);
    assert_string_equal(topic, "quietair/v1/yudu/gateway/gw-1/ack");
    assert_string_equal(text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"" EPOCH "\",\"seq\":0,\"head\":\"" ZEROS "\"}");
    acks_pay(w->acks, NULL, 5000); /* once */
    assert_int_equal(said, 1);
}

static void the_position_and_its_hash(void **state)
{
    static const char payload[] = "{\"v\":1,\"gateway\":\"gw-1\",\"epoch\":\"" EPOCH
                                  "\",\"seq\":1,\"after\":\"0000000000000000\",\"kind\":\"seal\"}";
    struct world *w = *state;
    struct buf record = buf_growing();
    struct intake_result r;
    intake_judge(w->intake, "quietair/v1/yudu/gateway/gw-1/stream", payload, sizeof payload - 1, 1000, 1, &record, &r);
    assert_int_equal(r.verdict, INTAKE_TAKEN);
    acks_owe(w->acks, r.district, r.gateway, r.epoch, false);
    acks_pay(w->acks, NULL, 0);
    /* python: hashlib.sha256(bytes(32) + payload).hexdigest() */
    assert_non_null(
        strstr(text, "\"seq\":1,\"head\":\"bf2e7ee08002cb89ea7ec1553dea481e42dd6fdd7522571af0321dd5bf0989e3\"}"));
    frame_close(r.frame);
    judged_free(&r.judged);
    buf_free(&record);
}

static void ten_a_second_and_one_for_what_is_dropped(void **state)
{
    struct world *w = *state;
    for (int64_t now = 0; now < 1000; now += 10) {
        acks_owe(w->acks, "yudu", "gw-1", EPOCH, false);
        acks_pay(w->acks, NULL, now);
    }
    assert_int_equal(said, 10);
    said = 0;
    for (int64_t now = 10000; now < 13000; now += 10) {
        acks_owe(w->acks, "yudu", "gw-1", EPOCH, true);
        acks_pay(w->acks, NULL, now);
    }
    assert_int_equal(said, 3);
    said = 0; /* something taken among the dropped is answered at once, and the other way round */
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, true);
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, false);
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, true);
    acks_pay(w->acks, NULL, 13000);
    assert_int_equal(said, 1);
}

static void streams_are_answered_each_for_itself(void **state)
{
    struct world *w = *state;
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, false);
    acks_owe(w->acks, "yudu", "gw-2", EPOCH, false);
    acks_owe(w->acks, "yudu", "gw-1", "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", false);
    acks_pay(w->acks, NULL, 0);
    assert_int_equal(said, 3);
}

static void nothing_is_forgotten_while_nobody_is_there(void **state)
{
    struct world *w = *state;
    connected = false;
    acks_owe(w->acks, "yudu", "gw-1", EPOCH, false);
    acks_pay(w->acks, NULL, 0);
    assert_int_equal(said, 0);
    connected = true;
    refuses = true;
    acks_pay(w->acks, NULL, 2000);
    assert_int_equal(said, 0);
    refuses = false;
    acks_pay(w->acks, NULL, 2001);
    assert_int_equal(said, 1);
}

static void what_is_remembered_is_bounded(void **state)
{
    struct world *w = *state;
    connected = false;
    for (unsigned i = 0; i < 300; i++) { /* the bound itself is too far for a linear list in a test */
        char gateway[ID_SIZE];
        snprintf(gateway, sizeof gateway, "gw-%u", i);
        acks_owe(w->acks, "yudu", gateway, EPOCH, true);
    }
    connected = true;
    acks_pay(w->acks, NULL, 0);
    assert_int_equal(said, 300);
    acks_pay(w->acks, NULL, 1000); /* forgotten: the next is answered at once */
    acks_owe(w->acks, "yudu", "gw-7", EPOCH, true);
    acks_pay(w->acks, NULL, 1001);
    assert_int_equal(said, 301);
}

static void a_refusal_names_the_bytes(void **state)
{
    struct world *w = *state;
    struct intake_result r = {.verdict = INTAKE_ENVELOPE, .district = "yudu", .gateway = "gw-1"};
    acks_refuse(w->acks, NULL, &r, "abc", 3); /* SHA-256 of "abc": FIPS 180-2, B.1 */
    assert_string_equal(topic, "quietair/v1/yudu/gateway/gw-1/ack");
    assert_string_equal(
        text, "{\"v\":1,\"by\":\"main\",\"sha256\":"
              "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"reason\":\"envelope\"}");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {CASE(an_unknown_epoch_stands_at_0),
                                       CASE(the_position_and_its_hash),
                                       CASE(ten_a_second_and_one_for_what_is_dropped),
                                       CASE(streams_are_answered_each_for_itself),
                                       CASE(nothing_is_forgotten_while_nobody_is_there),
                                       CASE(what_is_remembered_is_bounded),
                                       CASE(a_refusal_names_the_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
