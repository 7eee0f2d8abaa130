/* The draw: fair, repeatable, announced before its seed exists. */
#include "fold_kit.h"

#include "collector/rules/draw_list.h"

#define TOWN                                                                                                                  \
    SITES_HEAD "a1,甲,bar,yudu,g1,李建国,2,boundary,,,,,,,gw-01,\nb2,乙,bar,yudu,g2,陈志强,2,boundary,,,,,,,gw-01,\n" \
               "c3,丙,restaurant,yudu,g1,李建国,,,4,,,,,,gw-01,\nd4,丁,ktv,east,g9,王芳,,,,,,,,,gw-01,\n"

static void parse(const char *body, struct json **root)
{
    *root = json_open(body, strlen(body), NULL);
    assert_non_null(*root);
}

static struct hash seed_of(int n)
{
    return hash_of(&n, sizeof n);
}

/* printf '%s' "$SEED:site:1" | sha256sum | cut -c1-16, SEED = 64 times 0, and arithmetic with bc. */
static void test_by_hand(void **state)
{
    const struct hash zero = {{0}};
    struct lot lots[] = {{"a", 1}, {"b", 2}, {"c", 3}};
    size_t picks[3];
    (void)state;
    lottery_draw(&zero, "site", lots, 3, 3, picks);
    /* ticket 1: ef8c280e69b56fc5 mod 6 = 1: a ends at 1, b at 3.  Ticket 2: 453c57b2886a478f mod 4 = 3: a 1, c 4. */
    assert_int_equal(picks[0], 1);
    assert_int_equal(picks[1], 2);
    assert_int_equal(picks[2], 0);
}

/* 20000 seeds, 3 of 10 drawn: each 6000 times.  Counts of an item have the variance n p (1-p); the sum of squares over
 * n p (1-p) * 10 / 9 is chi-square with 9 degrees of freedom, whose 99.9 % point is 27.88. */
static void test_uniform(void **state)
{
    enum { SEEDS = 20000 };
    struct lot lots[10];
    double seen[10] = {0}, sum = 0;
    size_t picks[3];
    (void)state;
    for (size_t i = 0; i < 10; i++)
        lots[i] = (struct lot){"x", 1};
    for (int n = 0; n < SEEDS; n++) {
        struct hash seed = seed_of(n);
        lottery_draw(&seed, "site", lots, 10, 3, picks);
        assert_true(picks[0] != picks[1] && picks[1] != picks[2] && picks[0] != picks[2]);
        for (size_t i = 0; i < 3; i++)
            seen[picks[i]]++;
    }
    for (size_t i = 0; i < 10; i++)
        sum += (seen[i] - 6000) * (seen[i] - 6000);
    double chi = sum / (SEEDS * 0.3 * 0.7) * 9 / 10;
    printf("chi-square %.2f with 9 degrees of freedom (99.9 %%: 27.88)\n", chi);
    assert_true(chi < 27.88);
}

/* Weights 1, 2, 3, 4: the first drawn is each with 1/10 … 4/10; 3 degrees of freedom, 99.9 %: 16.27. */
static void test_weights(void **state)
{
    enum { SEEDS = 20000 };
    struct lot lots[] = {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}};
    double seen[4] = {0}, chi = 0;
    size_t pick;
    (void)state;
    for (int n = 0; n < SEEDS; n++) {
        struct hash seed = seed_of(n);
        lottery_draw(&seed, "site", lots, 4, 1, &pick);
        seen[pick]++;
    }
    for (size_t i = 0; i < 4; i++) {
        double expected = SEEDS * (double)(i + 1) / 10;
        chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    printf("chi-square %.2f with 3 degrees of freedom (99.9 %%: 16.27)\n", chi);
    assert_true(chi < 16.27);
}

static void expect_answer(const struct kit *k, const char *part)
{
    if (!strstr(k->answer, part))
        fail_msg("%s is not in %s", part, k->answer);
}

/* A draw of one site, with these words. */
static void expect_refused(struct kit *k, const char *words, const char *part)
{
    char args[200];
    snprintf(args, sizeof args, "{\"sites\":1,%s}", words);
    kit_command(k, "draw", args);
    expect_answer(k, "\"ok\":false");
    expect_answer(k, part);
}

/* A name of more bytes than are kept, a list of more names. */
static void refuse_long_lists(struct kit *k)
{
    struct buf args = buf_growing();
    buf_text(&args, "{\"sites\":1,\"officers\":1,\"officer_list\":[\"");
    for (int i = 0; i < 1000; i++)
        buf_char(&args, 'x');
    buf_text(&args, "\"]}");
    kit_command(k, "draw", args.data);
    expect_answer(k, "officer_list, number 1: a name of 1 to ");
    buf_clear(&args);
    buf_text(&args, "{\"sites\":1,\"officers\":1,\"officer_list\":[\"n\"");
    for (int i = 0; i < 100000; i++)
        buf_print(&args, ",\"%d\"", i);
    buf_text(&args, "]}");
    kit_command(k, "draw", args.data);
    expect_answer(k, "officer_list: at most ");
    buf_free(&args);
}

static void test_refused(void **state)
{
    struct kit *k = kit_new("[rules]\n", TOWN);
    (void)state;
    kit_command(k, "draw", "{\"sites\":5,\"officers\":1}");
    expect_answer(k, "sites 5: only 4 in the register fit");
    kit_command(k, "draw", "{\"sites\":3,\"officers\":1,\"kinds\":[\"bar\"]}");
    expect_answer(k, "sites 3: only 2");
    kit_command(k, "draw", "{\"sites\":1,\"officers\":4}");
    expect_answer(k, "officers 4: only 3 are known");
    kit_command(k, "draw", "{\"sites\":1,\"officers\":1,\"kinds\":[\"disco\"]}");
    expect_answer(k, "kind disco: allowed are restaurant");
    kit_command(k, "draw", "{\"sites\":0,\"officers\":1}");
    expect_answer(k, "sites: how many to draw");
    kit_command(k, "draw", "{\"sites\":1,\"officers\":1,\"officer_list\":[\"a\\nb\"]}");
    expect_answer(k, "officer_list, number 1");
    expect_refused(k, "\"officers\":-1", "officers: how many to draw");
    expect_refused(k, "\"weighted\":true", "officers: how many to draw");
    expect_refused(k, "\"officers\":1,\"district\":\"Yudu\"", "district Yudu: not an id");
    expect_refused(k, "\"officers\":1,\"district\":\"west\"", "sites 1: only 0");
    expect_refused(k, "\"officers\":1,\"grids\":[\"g7\"]", "sites 1: only 0");
    /* not taken for no restriction at all */
    expect_refused(k, "\"officers\":1,\"kinds\":\"bar\"", "lists of texts are expected");
    expect_refused(k, "\"officers\":1,\"kinds\":[7]", "lists of texts are expected");
    expect_refused(k, "\"officers\":1,\"grids\":\"g1\"", "lists of texts are expected");
    expect_refused(k, "\"officers\":1,\"grids\":{\"g1\":1}", "lists of texts are expected");
    expect_refused(k, "\"officers\":1,\"officer_list\":\"王芳\"", "a list of names is expected");
    expect_refused(k, "\"officers\":1,\"officer_list\":[7]", "officer_list, number 1");
    expect_refused(k, "\"officers\":1,\"officer_list\":[\"a\",\"\"]", "officer_list, number 2");
    expect_refused(k, "\"officers\":1,\"officer_list\":[\"a\\u007f\"]", "officer_list, number 1");
    refuse_long_lists(k);
    kit_tick(k, k->receipt_ms + MINUTE);
    assert_int_equal(k->entry_count, 0);
    kit_free(k);
}

static void test_announced_and_drawn(void **state)
{
    struct kit *k = kit_new("[rules]\n", TOWN);
    struct buf differs = buf_growing();
    struct json *root;
    char topic[64];
    (void)state;
    kit_command(k, "draw", "{\"sites\":2,\"officers\":1,\"district\":\"yudu\"}");
    assert_int_equal(k->entry_count, 1);
    const struct kit_entry *e = &k->entries[0];
    assert_string_equal(e->state, "announced");
    assert_non_null(strstr(e->body, "\"officer_list\":[\"李建国\",\"陈志强\"]"));
    assert_null(strstr(e->body, "d4"));
    assert_null(strstr(e->body, "seed"));
    k->request--; /* the same request again */
    kit_command(k, "draw", "{\"sites\":2,\"officers\":1,\"district\":\"yudu\"}");
    expect_answer(k, e->id);
    kit_tick(k, k->receipt_ms + MINUTE);
    kit_tick(k, k->receipt_ms + 2 * MINUTE);
    k->request--;
    kit_command(k, "draw", "{\"sites\":2,\"officers\":1,\"district\":\"yudu\"}");
    kit_tick(k, k->receipt_ms + 3 * MINUTE);
    assert_int_equal(k->entry_count, 2);
    e = &k->entries[1];
    assert_string_equal(e->state, "drawn");
    assert_int_equal(e->rev, 2);
    assert_string_equal(e->id, k->entries[0].id);
    snprintf(topic, sizeof topic, "yudu/draw/%s", e->id);
    assert_int_equal(k->alert_count, 2);
    assert_string_equal(k->alerts[1].topic, topic);
    assert_string_equal(k->alerts[1].payload, e->body);
    parse(e->body, &root);
    draw_list_verify(root, &differs);
    assert_int_equal(differs.length, 0);
    json_close(root);
    kit_tick(k, k->receipt_ms + 91LL * DAY);
    assert_null(k->alerts[k->alert_count - 1].payload);
    buf_free(&differs);
    kit_free(k);
}

static void verify(const char *body, const char *from, const char *to, const char *said)
{
    struct buf changed = buf_growing(), differs = buf_growing();
    struct json *root;
    const char *at = strstr(body, from);
    assert_non_null(at);
    buf_bytes(&changed, body, (size_t)(at - body));
    buf_text(&changed, to);
    buf_text(&changed, at + strlen(from));
    parse(changed.data, &root);
    draw_list_verify(root, &differs);
    if (!differs.length || !strstr(differs.data, said))
        fail_msg("%s is not in: %s", said, differs.length ? differs.data : "match");
    json_close(root);
    buf_free(&changed);
    buf_free(&differs);
}

/* All drawn, so any other order is another draw. */
static void test_verify_finds(void **state)
{
    struct kit *k = kit_new("[rules]\n", TOWN);
    (void)state;
    kit_command(k, "draw", "{\"sites\":4,\"officers\":0,\"officer_list\":[\"x\"]}");
    kit_tick(k, k->receipt_ms + MINUTE);
    const char *body = k->entries[1].body;
    assert_non_null(strstr(body, "\"officers\":[]"));
    verify(body, "\"seed\":\"", "\"seed\":\"x", "seed: there is none");
    verify(body, "\"weight\":1", "\"weight\":2", "list_sha256: announced was");
    verify(body, "\"officers\":[]", "\"officers\":[\"x\"]", "officers: 1 are said to be drawn, 0 are");
    verify(body, "\"sites\":[\"", "\"sites\":[\"z", "sites, number 1: said to be z");
    verify(body, "\"candidates\":[", "\"candidates\":[7,", "lists cannot be read");
    kit_free(k);
}

/* One flag raised for b2: it counts twice. */
static void test_flags_weigh(void **state)
{
    struct kit *k = kit_new("[rules]\nnoise_window = 10s\n", TOWN);
    int64_t night = kit_time(4, 23, 0, 0);
    (void)state;
    kit_hello(k, "gw-01", "b2", "noise-1", 1000, "laeq", "");
    kit_series(k, "noise-1", "laeq", 70, night, night + 11 * SECOND, SECOND);
    kit_command(k, "draw", "{\"sites\":1,\"officers\":1,\"weighted\":true}");
    assert_non_null(strstr(k->entries[0].body,
                           "\"site\":\"b2\",\"name\":\"乙\",\"grid\":\"g2\",\"weight\":2,\"flags\":[\"noise-limit\"]"));
    assert_non_null(strstr(k->entries[0].body, "\"weight\":1,\"flags\":[]"));
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_announced_and_drawn),
        cmocka_unit_test(test_verify_finds),
        cmocka_unit_test(test_flags_weigh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
