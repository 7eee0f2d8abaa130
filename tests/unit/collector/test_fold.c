/* The fold as a whole: register, streams with holes in them, alerts and their life, and that saving and restoring it
 * between any two records changes nothing. */
#include "collector/rules/cleaning_book.h"
#include "collector/rules/entry.h"
#include "collector/rules/memory.h"
#include "tests/unit/collector/fold_kit.h"

#include <time.h>

#define TEN   "[rules]\nnoise_window = 10s\n"
#define LEVEL "\"values\":{\"laeq\":60}"

static int64_t night(void)
{
    return kit_time(2, 23, 0, 0);
}

static struct kit *club(const char *rules)
{
    struct kit *k = kit_new(rules, SITES_HEAD CLUB);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    return k;
}

/* ---- the register ------------------------------------------------------------------------------------------------ */

static void test_import(void **state)
{
    struct kit *k = kit_new(TEN, SITES_HEAD CLUB HOUSE);
    (void)state;
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":2,\"changed\":0,\"unchanged\":0,\"rows\":2}}");
    assert_int_equal(k->site_count, 2);
    assert_int_equal(k->result, FOLD_COMMIT);
    k->receipt_ms += HOUR;
    kit_import(k, SITES_HEAD CLUB HOUSE); /* the same again */
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":0,\"changed\":0,\"unchanged\":2,\"rows\":2}}");
    assert_int_equal(k->site_count, 2);
    k->receipt_ms -= 2 * HOUR; /* also with the clock set back */
    kit_import(k, SITES_HEAD CLUB);
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":0,\"changed\":0,\"unchanged\":1,\"rows\":1}}");
    k->receipt_ms += 3 * HOUR;
    kit_import(k, SITES_HEAD "club,新俱乐部,club,yudu,hongjun-1,,2,boundary,,,,,,,gw-01,\n");
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":0,\"changed\":1,\"unchanged\":0,\"rows\":1}}");
    assert_int_equal(k->site_count, 3);
    kit_free(k);
}

/* Rows with a date make the version of that moment; the same row again is known. */
static void test_import_versions(void **state)
{
    struct kit *k = kit_new(TEN, SITES_HEAD "club,n,club,yudu,g,,2,,,,,,,,,2026-02-01\n"
                                            "club,n,club,yudu,g,,3,,,,,,,,,2026-04-01\n");
    (void)state;
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":1,\"changed\":1,\"unchanged\":0,\"rows\":2}}");
    kit_import(k, SITES_HEAD "club,n,club,yudu,g,,2,,,,,,,,,2026-02-01\n"
                             "club,n,club,yudu,g,,3,,,,,,,,,2026-04-01\n");
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":0,\"changed\":0,\"unchanged\":2,\"rows\":2}}");
    kit_import(k, SITES_HEAD "club,n,club,yudu,g,,4,,,,,,,,,2026-04-01\n"   /* replaced */
                             "club,n,club,yudu,g,,1,,,,,,,,,2026-01-01\n"   /* before the first */
                             "club,n,club,yudu,g,,2,,,,,,,,,2026-03-01\n"); /* as it was then */
    assert_string_equal(k->answer, "{\"ok\":true,\"result\":{\"added\":0,\"changed\":2,\"unchanged\":1,\"rows\":3}}");
    const struct place *p = place_find(k->fold, "club");
    assert_int_equal(p->count, 3);
    assert_int_equal(place_at(p, civil_ms(2025, 12, 1, 0, 0, 0))->noise_class, 1);
    assert_int_equal(place_at(p, civil_ms(2026, 2, 1, 0, 0, 0) - 1)->noise_class, 1);
    assert_int_equal(place_at(p, civil_ms(2026, 2, 1, 0, 0, 0))->noise_class, 2);
    assert_int_equal(place_at(p, civil_ms(2026, 4, 1, 0, 0, 0))->noise_class, 4);
    kit_free(k);
}

static void test_import_all_or_nothing(void **state)
{
    struct kit *k = kit_new(TEN, NULL);
    (void)state;
    kit_import(k, SITES_HEAD CLUB "house,n,palace,yudu,g,,9,,,,,,,,,\n");
    assert_int_equal(k->site_count, 0);
    assert_non_null(strstr(k->answer, "{\"ok\":false,\"error\":\"nothing was imported: 2 faults\",\"errors\":[\""));
    assert_non_null(strstr(k->answer, "row 3"));
    kit_command(k, "site import", "{}");
    assert_non_null(strstr(k->answer, "csv is missing"));
    kit_command(k, "site explode", "{}");
    assert_string_equal(k->answer, "{\"ok\":false,\"error\":\"unknown command site explode\"}");
    kit_free(k);
}

/* ---- what intake decided ----------------------------------------------------------------------------------------- */

static void readings(struct kit *k, const char *marks, const int64_t *ts, const char *const *contents)
{
    struct buf rest = buf_growing();
    for (size_t i = 0; marks[i]; i++)
        buf_print(&rest, "%s{\"device\":\"noise-1\",\"ts\":%lld,%s}", i ? "," : "\"kind\":\"readings\",\"readings\":[",
                  (long long)ts[i], contents[i]);
    buf_char(&rest, ']');
    kit_frame_from(k, "gw-01", rest.data, marks);
    buf_free(&rest);
}

/* Repeats, refused readings and those of a wrong clock are not there: they move nothing and end nothing. */
static void test_marks(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    for (int i = 0; i <= 10; i++) {
        int64_t ts = night() + i * SECOND;
        const int64_t all[] = {ts, ts - 5 * SECOND, ts + 2LL * DAY, ts};
        const char *const contents[] = {LEVEL, "\"values\":{\"laeq\":120}", "\"values\":{\"laeq\":120}",
                                        "\"error\":\"crc\""};
        readings(k, ".rcx", all, contents);
    }
    assert_int_equal(k->window_count, 1);
    near(k->windows[0].row.coverage, 1);
    near(k->windows[0].row.measured, 60);
    assert_int_equal(k->missing_count, 0);
    kit_free(k);
}

static void test_refused_device(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    k->known[0].refused = true;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 30 * SECOND, SECOND);
    assert_int_equal(k->window_count, 0);
    kit_free(k);
}

static void test_hello(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    assert_int_equal(k->device_count, 1);
    assert_non_null(strstr(k->log.data, "device club noise-1 gw-01 p m   1000\n"));
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 5 * SECOND, SECOND);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", ""); /* nothing new: the sample goes on holding */
    kit_series(k, "noise-1", "laeq", 60, night() + 5 * SECOND, night() + 11 * SECOND, SECOND);
    near(kit_last_window(k)->row.coverage, 1);
    kit_hello(k, "gw-01", "club", "noise-1", 2000, "laeq", ""); /* another interval: it ends */
    kit_reading(k, "noise-1", night() + 12 * SECOND, LEVEL);
    kit_reading(k, "noise-1", night() + 14 * SECOND, LEVEL);
    kit_reading(k, "noise-1", night() + 16 * SECOND, LEVEL);
    kit_reading(k, "noise-1", night() + 18 * SECOND, LEVEL);
    kit_reading(k, "noise-1", night() + 20 * SECOND, LEVEL);
    near(kit_last_window(k)->row.coverage, 0.8);
    kit_free(k);
}

/* ---- holes ------------------------------------------------------------------------------------------------------- */

static void expect_missing(const struct kit *k, size_t i, int64_t from, int64_t to, const char *reason)
{
    assert_true(i < k->missing_count);
    assert_int_equal(k->missing[i].from, from);
    assert_int_equal(k->missing[i].to, to);
    assert_string_equal(k->missing[i].reason, reason);
}

/* Readings to 7 s, killed, back at 23:00:30: the window closes with the gap, its coverage ends at the newest reading.
 */
static void test_gap(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 8 * SECOND, SECOND);
    kit_gap(k, "gw-01", night() + 7 * SECOND, night() + 30 * SECOND, "killed");
    assert_int_equal(k->window_count, 1);
    near(k->windows[0].row.coverage, 0.7);
    expect_missing(k, 0, night() + 7 * SECOND, night() + 30 * SECOND, "killed");
    kit_series(k, "noise-1", "laeq", 60, night() + 30 * SECOND, night() + 41 * SECOND, SECOND);
    assert_int_equal(k->window_count, 2);
    assert_int_equal(k->windows[1].row.from, night() + 30 * SECOND); /* of what the gap swallows there are no windows */
    near(k->windows[1].row.coverage, 1);
    kit_free(k);
}

/* A gap that ends in the future (a clock set wrong) does not take the stream there. */
static void test_gap_into_the_future(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 5 * SECOND, SECOND);
    k->receipt_ms = night() + 20 * SECOND;
    char rest[160];
    snprintf(rest, sizeof rest, "\"kind\":\"gap\",\"since\":%lld,\"until\":%lld,\"reason\":\"power\"",
             (long long)night() + 4 * SECOND, (long long)kit_time(2, 23, 0, 0) + 400LL * DAY);
    kit_frame_from(k, "gw-01", rest, "");
    kit_series(k, "noise-1", "laeq", 60, night() + 30 * SECOND, night() + 41 * SECOND, SECOND);
    near(kit_last_window(k)->row.coverage, 1);
    kit_free(k);
}

static void lose(struct kit *k)
{
    char rest[200];
    k->seq += 9;
    snprintf(rest, sizeof rest,
             "\"kind\":\"lost\",\"from\":%llu,\"to\":%llu,\"reason\":\"quota\",\"head\":"
             "\"0000000000000000000000000000000000000000000000000000000000000000\"",
             (unsigned long long)k->seq - 8, (unsigned long long)k->seq + 1);
    kit_frame_from(k, "gw-01", rest, "");
}

/* Lost frames tell no times: what held ends at once, the next reading tells until when it was. */
static void test_lost(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 6 * SECOND, SECOND);
    lose(k);
    assert_int_equal(k->missing_count, 0);
    kit_reading(k, "noise-1", night() + 9 * SECOND, LEVEL);
    expect_missing(k, 0, night() + 5 * SECOND, night() + 9 * SECOND, "lost");
    kit_reading(k, "noise-1", night() + 10 * SECOND, LEVEL);
    near(kit_last_window(k)->row.coverage, 0.6); /* 0 to 5 s, 9 to 10 s */
    kit_free(k);
}

static void open_epoch(struct kit *k, int number)
{
    snprintf(k->epoch, sizeof k->epoch, "%032d", number);
    k->seq = 0;
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
}

/* The opening of an epoch is a gap from the newest ts of the former ones to the first of the new one. */
static void test_epoch(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 6 * SECOND, SECOND);
    open_epoch(k, 2);
    kit_reading(k, "noise-1", night() + 6 * SECOND, LEVEL); /* a second later, as if nothing had been */
    expect_missing(k, 0, night() + 5 * SECOND, night() + 6 * SECOND, "epoch");
    kit_series(k, "noise-1", "laeq", 60, night() + 7 * SECOND, night() + 11 * SECOND, SECOND);
    near(kit_last_window(k)->row.coverage, 0.9);
    kit_free(k);
}

/* Framed anew: the new epoch begins with readings that are held already, so nothing is missing between. */
static void test_framed_anew(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 6 * SECOND, SECOND);
    open_epoch(k, 2);
    const int64_t ts[] = {night() + 4 * SECOND, night() + 5 * SECOND, night() + 6 * SECOND};
    const char *const contents[] = {LEVEL, LEVEL, LEVEL};
    readings(k, "rr.", ts, contents);
    kit_series(k, "noise-1", "laeq", 60, night() + 7 * SECOND, night() + 11 * SECOND, SECOND);
    assert_int_equal(k->missing_count, 0);
    near(kit_last_window(k)->row.coverage, 1);
    kit_free(k);
}

/* A new epoch that begins with a gap of its own: two reasons, one after the other. */
static void test_epoch_with_gap(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 6 * SECOND, SECOND);
    open_epoch(k, 2);
    kit_gap(k, "gw-01", night() + 8 * SECOND, night() + 9 * SECOND, "power");
    expect_missing(k, 0, night() + 5 * SECOND, night() + 8 * SECOND, "epoch");
    expect_missing(k, 1, night() + 8 * SECOND, night() + 9 * SECOND, "power");
    kit_reading(k, "noise-1", night() + 9 * SECOND, LEVEL);
    assert_int_equal(k->missing_count, 2);
    /* the old epoch goes on (two boxes of one name): known, no opening */
    snprintf(k->epoch, sizeof k->epoch, "%032d", 1);
    kit_reading(k, "noise-1", night() + 10 * SECOND, LEVEL);
    assert_int_equal(k->missing_count, 2);
    kit_free(k);
}

/* A dead device: its interval grows at ticks, and has the reason of its first error. */
static void test_dead_device(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    for (int i = 0; i < 100; i++)
        kit_reading(k, "noise-1", night() + i * SECOND, "\"error\":\"timeout\"");
    assert_int_equal(k->missing_count, 0);
    kit_tick(k, night() + 100 * SECOND);
    kit_tick(k, night() + 160 * SECOND);
    assert_int_equal(k->missing_count, 1);
    expect_missing(k, 0, night(), night() + 99 * SECOND, "timeout");
    kit_reading(k, "noise-1", night() + 101 * SECOND, LEVEL);
    expect_missing(k, 1, night(), night() + 101 * SECOND, "timeout");
    assert_int_equal(k->window_count, 0); /* nothing was measured, missing rows say why */
    kit_free(k);
}

/* ---- configuration ----------------------------------------------------------------------------------------------- */

/* The window under way keeps its length; the next begins where it ends. */
static void test_window_length_changes(void **state)
{
    struct kit *k = club("[rules]\nnoise_window = 40s\n");
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 20 * SECOND, SECOND);
    kit_configure(k, "[rules]\nnoise_window = 1min\n");
    kit_series(k, "noise-1", "laeq", 60, night() + 20 * SECOND, night() + 61 * SECOND, SECOND);
    assert_int_equal(k->window_count, 2);
    assert_int_equal(k->windows[0].row.to, night() + 40 * SECOND);
    assert_int_equal(k->windows[1].row.from, night() + 40 * SECOND);
    assert_int_equal(k->windows[1].row.to, night() + MINUTE);
    near(k->windows[1].row.coverage, 1);
    kit_free(k);
}

/* Without a configuration, and with one that cannot be read, nothing breaks and nothing is judged. */
static void test_bad_config(void **state)
{
    struct kit *k = xcalloc(1, sizeof *k);
    (void)state;
    k->fold = fold_new();
    k->log = buf_growing();
    k->receipt_ms = night();
    snprintf(k->epoch, sizeof k->epoch, "%032d", 1);
    kit_body(k, RECORD_CONFIG, "{\"timezone\":\"Mars/Olympus\",\"rules\":\"[rules]\\nrounding = up\\n\"}");
    kit_body(k, RECORD_CONFIG, "no JSON");
    kit_import(k, SITES_HEAD CLUB);
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 11 * MINUTE, SECOND);
    assert_int_equal(k->window_count, 1);
    assert_string_equal(k->windows[0].reason, "no-limit");
    kit_free(k);
}

/* clock = journal: only ticks tell the time. */
static void test_journal_clock(void **state)
{
    struct kit *k = kit_new(TEN, SITES_HEAD HOUSE);
    struct buf body = buf_growing();
    (void)state;
    kit_put_config(&body, TEN, "journal");
    kit_body(k, RECORD_CONFIG, body.data);
    kit_tick(k, kit_time(20, 12, 0, 0));
    k->receipt_ms = kit_time(1, 0, 0, 0); /* says nothing */
    kit_command(k, "cleaning add", "{\"site\":\"house\",\"cleaned_at\":\"2026-03-19\",\"by\":\"x\"}");
    assert_non_null(strstr(k->answer, "\"ok\":true"));
    assert_string_equal(k->cleaning_state, "ok");
    buf_free(&body);
    kit_free(k);
}

static void test_ticks_never_go_back(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_tick(k, night());
    assert_int_equal(k->result, FOLD_COMMIT);
    kit_tick(k, night() - HOUR);
    assert_int_equal(k->result, FOLD_QUIET);
    kit_body(k, RECORD_TICK, "soon");
    assert_int_equal(k->result, FOLD_QUIET);
    kit_free(k);
}

/* ---- alerts ------------------------------------------------------------------------------------------------------ */

static struct kit *raised_and_cleared(void)
{
    struct kit *k = club("[rules]\nnoise_window = 10s\nclear_after = 1\n");
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 10 * SECOND, SECOND);
    kit_series(k, "noise-1", "laeq", 40, night() + 10 * SECOND, night() + 21 * SECOND, SECOND);
    assert_int_equal(k->alert_count, 2);
    return k;
}

/* A day after `cleared`, at a tick, the topic is emptied. */
static void test_retained_for_a_day(void **state)
{
    struct kit *k = raised_and_cleared();
    int64_t cleared = night() + 20 * SECOND;
    (void)state;
    kit_tick(k, cleared + DAY - 1);
    assert_int_equal(k->alert_count, 2);
    kit_tick(k, cleared + DAY);
    assert_int_equal(k->alert_count, 3);
    assert_null(k->alerts[2].payload);
    assert_string_equal(k->alerts[2].topic, k->alerts[0].topic);
    kit_tick(k, cleared + 2LL * DAY);
    assert_int_equal(k->alert_count, 3);
    kit_free(k);
}

/* The site moves to another grid while the flag is raised: the old topic is emptied first. */
static void test_another_grid(void **state)
{
    struct kit *k = club(TEN);
    (void)state;
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 11 * SECOND, SECOND);
    assert_int_equal(k->alert_count, 1);
    kit_import(k, SITES_HEAD "club,尚座俱乐部,club,yudu,hongjun-9,张伟,2,boundary,,,,,,,gw-01,\n");
    kit_tick(k, night() + MINUTE);
    assert_int_equal(k->alert_count, 3);
    assert_string_equal(k->alerts[1].topic, "yudu/alert/hongjun-1/club/noise-limit/noise-1");
    assert_null(k->alerts[1].payload);
    assert_string_equal(k->alerts[2].topic, "yudu/alert/hongjun-9/club/noise-limit/noise-1");
    assert_non_null(strstr(k->alerts[2].payload, "\"rev\":2,\"flag\":\"noise-limit\",\"state\":\"raised\""));
    assert_non_null(strstr(k->alerts[2].payload, "\"grid\":\"hongjun-9\",\"officer\":\"张伟\""));
    assert_int_equal(k->flag_count, 2);
    assert_int_equal(k->line_count, 2); /* window and flag; the move is no new point */
    kit_tick(k, night() + 2 * MINUTE);
    assert_int_equal(k->alert_count, 3);
    kit_free(k);
}

/* ---- saving and restoring ---------------------------------------------------------------------------------------- */

struct piece {
    char *key, *bytes;
    size_t length;
};

struct memory { /* what a ledger would hold */
    struct piece pieces[200];
    size_t count;
    size_t gateways;
    size_t at, every, phase; /* restored before record number `at` where at % every = phase */
    bool shuffle;
};

static void keep(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct memory *m = ctx;
    size_t i = 0;
    while (i < m->count && strcmp(m->pieces[i].key, key) != 0)
        i++;
    if (i == m->count) {
        assert_true(m->count < 200);
        m->pieces[m->count++] = (struct piece){.key = xstrdup(key)};
    }
    free(m->pieces[i].bytes);
    m->pieces[i].bytes = xmalloc(length);
    memcpy(m->pieces[i].bytes, bytes ? bytes : "", length);
    m->pieces[i].length = length;
    if (length)
        return;
    free(m->pieces[i].key);
    free(m->pieces[i].bytes);
    m->pieces[i] = m->pieces[--m->count];
}

static void keep_gateway(void *ctx, const struct gateway_row *row)
{
    ((struct memory *)ctx)->gateways++;
    assert_true(*row->gateway && *row->district);
}

static void save(struct memory *m, struct fold *f)
{
    struct sink sink = {.ctx = m, .state = keep, .gateway = keep_gateway};
    fold_save(f, &sink);
}

static void forget(struct memory *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->pieces[i].key);
        free(m->pieces[i].bytes);
    }
}

static struct fold *restored(struct memory *m)
{
    struct fold *f = fold_new();
    size_t order[200];
    for (size_t i = 0; i < m->count; i++)
        order[i] = i;
    for (size_t i = m->count; i > 1 && m->shuffle; i--) { /* in whatever order they come */
        size_t other = (size_t)random() % i, swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
    for (size_t i = 0; i < m->count; i++) {
        const struct piece *p = &m->pieces[order[i]];
        if (fold_restore(f, p->key, p->bytes, p->length) != 0)
            fail_msg("%s could not be restored", p->key);
    }
    return f;
}

/* ---- what is remembered, compared whole: all members that are not marked as not saved ---------------------------- */

static void same_place(const struct place *a, const struct place *b)
{
    struct place x = *a, y = *b;
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_true(site_equal(&a->versions[i], &b->versions[i]));
        assert_int_equal(a->versions[i].valid_from_ms, b->versions[i].valid_from_ms);
    }
    assert_int_equal(a->device_count, b->device_count);
    for (size_t i = 0; i < a->device_count; i++)
        assert_string_equal(a->devices[i]->id, b->devices[i]->id);
    x.versions = y.versions = NULL;
    x.devices = y.devices = NULL;
    x.cleaning_check_ms = y.cleaning_check_ms = x.install_check_ms = y.install_check_ms = 0;
    x.fan_left_ms = y.fan_left_ms = 0;
    assert_memory_equal(x.id, y.id, sizeof x - offsetof(struct place, id));
}

/* Then out of the way: a copied struct has whatever between its members. */
static void same_window(struct window *a, struct window *b)
{
    assert_int_equal(a->from, b->from);
    assert_int_equal(a->to, b->to);
    assert_int_equal(a->night, b->night);
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
}

static void same_device(const struct device *a, const struct device *b)
{
    struct device x = *a, y = *b;
    for (size_t i = 0; i < LEVEL_CLASSES; i++) { /* none, or all empty, is the same */
        uint32_t m = a->noise.sum.classes ? a->noise.sum.classes[i] : 0;
        assert_int_equal(m, b->noise.sum.classes ? b->noise.sum.classes[i] : 0);
    }
    assert_string_equal(a->place->id, b->place->id);
    x.noise.sum.classes = y.noise.sum.classes = NULL;
    x.place = y.place = NULL;
    x.rests = y.rests = NULL;
    x.calibration_check_ms = y.calibration_check_ms = 0;
    same_window(&x.noise.window, &y.noise.window);
    same_window(&x.fume.window, &y.fume.window);
    assert_memory_equal(x.site, y.site, sizeof x - offsetof(struct device, site));
}

static void same_gateway(const struct gateway *a, const struct gateway *b)
{
    struct gateway x = *a, y = *b;
    assert_int_equal(a->device_count, b->device_count);
    for (size_t i = 0; i < a->device_count; i++)
        assert_string_equal(a->devices[i]->item.key, b->devices[i]->item.key);
    x.devices = y.devices = NULL;
    x.device_capacity = y.device_capacity = 0;
    x.passage.check_ms = y.passage.check_ms = 0;
    assert_memory_equal(x.id, y.id, sizeof x - offsetof(struct gateway, id));
}

static void same_flag(const struct flag *a, const struct flag *b)
{
    struct flag x = *a, y = *b;
    assert_string_equal(a->detail, b->detail);
    assert_string_equal(a->topic, b->topic);
    x.detail = y.detail = x.topic = y.topic = NULL;
    assert_memory_equal(&x.kind, &y.kind, sizeof x - offsetof(struct flag, kind));
}

static void same_draw(const struct draw *a, const struct draw *b)
{
    assert_string_equal(a->body, b->body);
    assert_string_equal(a->actor, b->actor);
    assert_string_equal(a->topic, b->topic);
    assert_string_equal(a->answer, b->answer);
    assert_int_equal(a->at, b->at);
    assert_int_equal(a->forget_ms, b->forget_ms);
}

static void same_usage(const struct usage *a, const struct usage *b)
{
    assert_memory_equal(a->site, b->site, sizeof *a - offsetof(struct usage, site));
}

static void same_weather(const struct weather *a, const struct weather *b)
{
    assert_memory_equal(&a->newest, &b->newest, sizeof *a - offsetof(struct weather, newest));
}

static void same_waiting(const struct waiting *a, const struct waiting *b)
{
    assert_string_equal(a->station, b->station);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->past_count, b->past_count);
}

static void same_rests(const struct rests *a, const struct rests *b)
{
    assert_int_equal(a->begin, b->begin);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->items, b->items, a->count * sizeof *a->items);
}

static void same_book(const struct book *a, const struct book *b)
{
    assert_string_equal(a->site, b->site);
    assert_int_equal(a->claim_count, b->claim_count);
    assert_int_equal(a->detection_count, b->detection_count);
    assert_int_equal(a->day_count, b->day_count);
    for (size_t i = 0; i < a->claim_count; i++) {
        assert_string_equal(a->claims[i].id, b->claims[i].id);
        assert_int_equal(a->claims[i].cleaned_at, b->claims[i].cleaned_at);
        assert_int_equal(a->claims[i].whole_day, b->claims[i].whole_day);
    }
    for (size_t i = 0; i < a->detection_count; i++) {
        assert_string_equal(a->detections[i].id, b->detections[i].id);
        assert_int_equal(a->detections[i].to, b->detections[i].to);
    }
    for (size_t i = 0; i < a->day_count; i++)
        assert_memory_equal(&a->days[i], &b->days[i], sizeof a->days[i]);
    assert_int_equal(a->due_last, b->due_last);
    assert_int_equal(a->overdue_last, b->overdue_last);
}

static void same_case(const struct casefile *a, const struct casefile *b)
{
    struct casefile x = *a, y = *b;
    assert_string_equal(a->topic, b->topic);
    assert_int_equal(a->kept, b->kept);
    for (size_t i = 0; i < a->kept; i++) {
        assert_int_equal(a->incidents[i].period, b->incidents[i].period);
        assert_int_equal(a->incidents[i].until, b->incidents[i].until);
        assert_int_equal(a->incidents[i].kinds, b->incidents[i].kinds);
        assert_int_equal(a->incidents[i].carriers, b->incidents[i].carriers);
    }
    x.topic = y.topic = NULL;
    x.incidents = y.incidents = NULL;
    x.check_ms = y.check_ms = 0;
    assert_memory_equal(&x.family, &y.family, sizeof x - offsetof(struct casefile, family));
}

static void same_entry(const struct entry *a, const struct entry *b)
{
    struct entry x = *a, y = *b;
    assert_string_equal(a->why, b->why);
    assert_string_equal(a->facts, b->facts);
    x.why = y.why = x.facts = y.facts = NULL;
    assert_memory_equal(x.kind, y.kind, sizeof x - offsetof(struct entry, kind));
}

#define SAME_STORE(member, type, same)                                                                                 \
    assert_int_equal(a->member.count, b->member.count);                                                                \
    for (size_t i = 0; i < a->member.count; i++) {                                                                     \
        assert_string_equal(a->member.items[i]->key, b->member.items[i]->key);                                         \
        same((const struct type *)a->member.items[i], (const struct type *)b->member.items[i]);                        \
    }

static void same_fold(const struct fold *a, const struct fold *b)
{
    SAME_STORE(places, place, same_place);
    SAME_STORE(devices, device, same_device);
    SAME_STORE(gateways, gateway, same_gateway);
    SAME_STORE(flags, flag, same_flag);
    SAME_STORE(usage, usage, same_usage);
    SAME_STORE(draws, draw, same_draw);
    SAME_STORE(weathers, weather, same_weather);
    SAME_STORE(waits, waiting, same_waiting);
    SAME_STORE(books, book, same_book);
    SAME_STORE(rests, rests, same_rests);
    SAME_STORE(cases, casefile, same_case);
    SAME_STORE(entries, entry, same_entry);
    assert_memory_equal(&a->watch.now, &b->watch.now, sizeof a->watch - offsetof(struct watch, now));
    assert_int_equal(a->config.length, b->config.length);
    assert_int_equal(a->config.journal_clock, b->config.journal_clock);
}

static void restore_before(struct kit *k, const struct record *r)
{
    struct memory *m = k->before_ctx;
    (void)r;
    if (m->at++ % m->every != m->phase)
        return;
    save(m, k->fold);
    struct fold *again = restored(m);
    same_fold(k->fold, again);
    fold_free(k->fold);
    k->fold = again;
}

struct taped {
    struct record record;
    char *head, *body;
};

struct tape {
    struct taped records[3000];
    size_t count;
};

static void tape_record(struct kit *k, const struct record *r)
{
    struct tape *t = k->before_ctx;
    assert_true(t->count < 3000);
    struct taped *x = &t->records[t->count++];
    *x = (struct taped){.record = *r, .head = xmalloc(r->head_length + 1), .body = xmalloc(r->body_length + 1)};
    memcpy(x->head, r->head, r->head_length);
    memcpy(x->body, r->body, r->body_length);
    x->record.head = x->head;
    x->record.body = x->body;
}

static struct kit *bare_kit(void (*before)(struct kit *, const struct record *), void *ctx)
{
    struct kit *k = xcalloc(1, sizeof *k);
    civil_zone("Asia/Shanghai", NULL);
    k->fold = fold_new();
    k->log = buf_growing();
    k->before = before;
    k->before_ctx = ctx;
    snprintf(k->epoch, sizeof k->epoch, "%032d", 1);
    return k;
}

static void replay(struct kit *k, const struct tape *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct record *r = &t->records[i].record;
        k->receipt_ms = r->receipt_ms;
        kit_record(k, r->kind, r->head, r->head_length, r->body, r->body_length);
        kit_note(&k->log, "= %d", k->result);
    }
}

/* ---- a random life ----------------------------------------------------------------------------------------------- */

struct life {
    struct kit *kit;
    int64_t now, tick, next[16];
    int epoch;
};

static long chance(long n)
{
    return random() % n;
}

static const struct {
    const char *gateway, *site, *device, *metrics, *more;
    int64_t interval;
} meters[] = {
    {"gw-01", "club", "noise-1", "laeq lafmax lafmin", ",\"calibrated\":\"2025-03-05\"", 1000},
    {"gw-01", "club", "noise-2", "laeq", ",\"integration\":\"interval\"", 1000},
    {"gw-02", "club", "noise-3", "la", "", 2000},
    {"gw-01", "house", "hood-1", "fume fan purifier airflow dp", "", 1000},
    {"gw-02", "house", "hood-2", "fan purifier purifier_current door clean", ",\"calibrated\":\"2025-03-05\"", 3000},
    {"gw-01", "grill", "power-1", "fan_current", "", 1000},
    {"gw-02", "grill", "hood-3", "fume purifier_current", "", 1000},
    {"gw-02", "grill", "sky-1", "wind rain", "", 10000},
    {"gw-01", "house", "inlet-1", "fume_in airflow dp", "", 1000},
    {"gw-02", "stall", "fan-1", "fan", "", 1000},
};
enum { METERS = sizeof meters / sizeof *meters };

static void live_hello(struct life *l, size_t i, bool same)
{
    kit_hello(l->kit, meters[i].gateway, meters[i].site, meters[i].device,
              same ? meters[i].interval : 500 + chance(3000), same || chance(2) ? meters[i].metrics : "laeq fume fan",
              meters[i].more);
}

static void live_reading(struct life *l, size_t i, bool loud)
{
    struct buf content = buf_growing();
    char *words = xstrdup(meters[i].metrics), *at = words, *word;
    const char *before = "\"values\":{";
    while ((word = strtok_r(at, " ", &at))) {
        bool level = *word == 'l', fume = strcmp(word, "fume") == 0, air = *word == 'a';
        bool inlet = strcmp(word, "fume_in") == 0, dp = strcmp(word, "dp") == 0;
        double x = inlet               ? (loud ? 4 : 3) + (double)chance(30) / 100
                   : dp                ? (loud ? 350 : 100)
                   : level             ? (loud ? 75 : 40) + (double)chance(60) / 10
                   : fume              ? (loud ? 2.5 : 0) + (double)chance(30) / 100
                   : air               ? 6000 + (double)chance(4000)
                   : strchr(word, '_') ? (double)chance(8) / 10
                                       : (double)(chance(9) > 0);
        if (strcmp(word, "purifier") == 0 && loud)
            x = 0;
        buf_print(&content, "%s\"%s\":%.10g", before, word, x);
        before = ",";
    }
    buf_char(&content, '}');
    if (chance(25) == 0)
        buf_text(&content, ",\"quality\":\"suspect\",\"why\":[\"stuck\"]");
    kit_reading_from(l->kit, meters[i].gateway, meters[i].device, l->now + (int64_t)i,
                     chance(30)  ? content.data
                     : chance(2) ? "\"error\":\"timeout\""
                                 : "\"error\":\"exception-2\"");
    buf_free(&content);
    free(words);
}

static void live_marked(struct life *l)
{
    const char *mark = chance(2) ? "r" : "c";
    char rest[160];
    snprintf(rest, sizeof rest, "\"kind\":\"readings\",\"readings\":[{\"device\":\"noise-1\",\"ts\":%lld,%s}]",
             (long long)l->now - 3 * SECOND, LEVEL);
    kit_frame_from(l->kit, "gw-01", rest, mark);
}

static void live_command(struct life *l)
{
    char csv[700], args[200];
    if (chance(4) == 0) {
        kit_command(l->kit, "draw", "{\"sites\":2,\"officers\":0,\"weighted\":true}");
    } else if (chance(2)) {
        snprintf(csv, sizeof csv,
                 SITES_HEAD "club,n,club,yudu,g%ld,,%ld,boundary,,,,,,,gw-01 gw-02,\n"
                            "house,n,restaurant,yudu,g%ld,o,,,3,,2023-11-08,%ld,,mo-su 10:00-21:30,gw-01 gw-02,%s\n"
                            "grill,n,barbecue,yudu,g1,,,,,%s,%s,1,,,gw-02,\n",
                 chance(3), chance(5), chance(3), 1 + chance(3), chance(2) ? "2026-03-04" : "",
                 chance(2) ? "beijing-db11-1488-2018" : "", chance(3) ? "yes" : "no");
        kit_import(l->kit, csv);
    } else {
        char day[11];
        civil_date(l->now - chance(6) * DAY, day);
        snprintf(args, sizeof args, "{\"site\":\"%s\",\"cleaned_at\":\"%s\",\"by\":\"x\"}",
                 chance(2) ? "house" : "grill", day);
        kit_command(l->kit, "cleaning add", args);
    }
}

#define LIFE                                                                                                           \
    "[rules]\nnoise_window = 10s\nfume_window = 10s\npurifier_off_after = 5s\nclear_after = 1\nfume_near = 0.05\n"     \
    "standards = gb22337-2008 gb12348-2008 gb18483-2001\npeak_margin = gb12348-2008:frequent\n"                        \
    "duct_airflow_min = 7000\nduct_dp_max = 300\nduct_blocked_after = 2s\n"

/* Whether it fits or not. */
static void live_officer(struct life *l)
{
    struct kit *k = l->kit;
    char day[11], args[400];
    const char *id = k->case_count
                         ? k->cases[k->case_count - 1 - (size_t)chance(k->case_count < 8 ? (long)k->case_count : 8)].id
                         : "";
    const char *entry = k->entry_count ? k->entries[(size_t)chance((long)k->entry_count)].id : "";
    static const char *const verbs[] = {"case confirm",      "case serve",      "case dismiss",    "case close",
                                        "measurement add",   "inspection add",  "complaint add",   "measurement review",
                                        "inspection review", "complaint close", "complaint erase", "case confirm",
                                        "case serve"};
    civil_date(l->now, day);
    snprintf(args, sizeof args,
             "{\"case\":\"%s\",\"id\":\"%s\",\"at\":\"%s\",\"by\":\"y\",\"reason\":\"r\",\"result\":\"fault\",\"in_"
             "use\":\"no\","
             "\"cleaned\":\"no\",\"officers\":\"x;y\",\"value\":70,\"class\":2,\"calibration_before\":93.8,"
             "\"calibration_after\":%s,\"instrument\":\"i\",\"about\":\"noise\",\"text\":\"t\",\"site\":\"%s\"}",
             chance(20) ? id : "0", entry, day, chance(2) ? "93.9" : "95", chance(2) ? "club" : "house");
    const char *verb = verbs[chance(13)];
    char *without = strstr(args, "\"case\""); /* measurements need not name one */
    if (strcmp(verb, "measurement add") == 0 && without)
        memcpy(without, "\"CASE\"", 6);
    kit_command(k, verb, args);
}

static void live_event(struct life *l)
{
    static const char *const rules[] = {
        LIFE,
        "[rules]\nnoise_window = 15s\nfume_window = 20s\nraise_after = 2\nrounding = none\ngateway_offline_after = "
        "30s\n"
        "purifier_off_after = 4s\nnight_start = 21:30\ndevice_silent_after = 5s\ndevice_fault_after = 3s\nstuck_after "
        "= 4s\n"
        "stuck_readings = 3\nfloor_band = 4\nfloor_after = 8s\ntwin_readings = 12\nduct_blocked_after = 3s\nfume_near "
        "= 0.2\n",
    };
    struct kit *k = l->kit;
    char body[120];
    switch (chance(16)) {
    case 0:
        kit_gap(k, chance(2) ? "gw-01" : "gw-02", l->now - chance(20) * SECOND, l->now, "power");
        break;
    case 1:
        lose(k);
        break;
    case 2:
        snprintf(k->epoch, sizeof k->epoch, "%032d", chance(3) ? ++l->epoch : 1 + (int)chance(20));
        live_hello(l, (size_t)chance(METERS), true);
        break;
    case 3:
        live_hello(l, (size_t)chance(METERS), chance(3) > 0);
        break;
    case 4:
        live_marked(l);
        break;
    case 5:
    case 6:
        live_command(l);
        break;
    case 7:
        kit_configure(k, rules[chance(2)]);
        break;
    case 8:
        snprintf(body, sizeof body, "{\"state\":\"%s\"}", chance(4) ? "up" : "down");
        kit_body(k, RECORD_LINK, body);
        break;
    case 9:
        kit_body(k, chance(2) ? RECORD_START : RECORD_STOP, "{\"version\":\"1\"}");
        break;
    case 10:
        snprintf(body, sizeof body,
                 "{\"district\":\"yudu\",\"gateway\":\"gw-0%ld\",\"state\":\"%s\",\"epoch\":\"\",\"last\":1}",
                 1 + chance(2), chance(2) ? "online" : "offline");
        kit_body(k, RECORD_PRESENCE, body);
        break;
    case 12:
    case 13:
    case 14:
    case 15:
        for (long acts = chance(10); acts >= 0; acts--)
            live_officer(l);
        break;
    case 11: /* time passes while nothing comes */
        l->now += chance(5) ? chance(200) * SECOND : chance(30) * HOUR;
        break;
    }
}

static void live_tick(struct life *l)
{
    if (l->now < l->tick)
        return;
    l->tick = l->now + MINUTE;
    kit_tick(l->kit, l->now);
}

/* One second: most meters report. */
static void live_second(struct life *l, bool loud)
{
    l->kit->receipt_ms = l->now;
    for (size_t i = 0; i < METERS; i++) {
        if (chance(12) && l->now >= l->next[i]) {
            live_reading(l, i, loud);
            l->next[i] = l->now + meters[i].interval - 200;
        }
    }
}

/* Every life has seen each flag once: loud, quiet, three days of silence, and back; a notice was served. */
static void live_youth(struct life *l)
{
    char id[64], day[11], args[80];
    l->kit->receipt_ms = l->now;
    kit_configure(l->kit, LIFE);
    kit_import(l->kit, SITES_HEAD CLUB HOUSE "grill,n,barbecue,yudu,g1,,,,,,yes,1,,,gw-02,\n"
                                             "stall,n,barbecue,yudu,g1,,,,1,,no,,,,gw-02,\n");
    kit_body(l->kit, RECORD_LINK, "{\"state\":\"up\"}");
    for (size_t i = 0; i < METERS; i++)
        live_hello(l, i, true);
    for (int second = 0; second < 60; second++, l->now += SECOND)
        live_second(l, second < 30);
    l->now += 3LL * DAY;
    live_tick(l);
    l->kit->receipt_ms = l->now;
    snprintf(id, sizeof id, "{\"case\":\"%s\",\"by\":\"y\",\"at\":\"", l->kit->cases[l->kit->case_count - 1].id);
    civil_date(l->now, day);
    snprintf(args, sizeof args, "%s%s\"}", id, day);
    kit_command(l->kit, "case confirm", args);
    kit_command(l->kit, "case serve", args);
}

static void live(struct life *l, int seconds)
{
    bool loud = false;
    live_youth(l);
    for (int second = 0; second < seconds; second++) {
        if (chance(20) == 0)
            loud = !loud;
        live_second(l, loud);
        if (chance(6) == 0)
            live_event(l);
        live_tick(l);
        l->now += 900 + chance(200);
    }
}

static size_t times(const char *text, const char *words)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, words)); at++)
        n++;
    return n;
}

static void compare_logs(const char *plain, const char *other)
{
    size_t line = 1, i = 0;
    for (; plain[i] && plain[i] == other[i]; i++)
        line += plain[i] == '\n';
    if (plain[i] != other[i])
        fail_msg("line %zu differs: %.200s\nand\n%.200s", line, plain + i, other + i);
}

static void same_memory(const struct memory *a, const struct memory *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        size_t j = 0;
        while (j < b->count && strcmp(a->pieces[i].key, b->pieces[j].key) != 0)
            j++;
        assert_true(j < b->count);
        if (a->pieces[i].length != b->pieces[j].length ||
            memcmp(a->pieces[i].bytes, b->pieces[j].bytes, a->pieces[i].length) != 0)
            fail_msg("%s was saved differently", a->pieces[i].key);
    }
}

static void compare_runs(const struct tape *tape, const char *plain, const struct memory *plain_memory, size_t every)
{
    struct memory *m = xcalloc(1, sizeof *m);
    m->every = every;
    m->phase = (size_t)random() % every;
    m->shuffle = true;
    struct kit *k = bare_kit(restore_before, m);
    replay(k, tape);
    save(m, k->fold);
    compare_logs(plain, k->log.data);
    same_memory(plain_memory, m);
    kit_free(k);
    forget(m);
    free(m);
}

static const char *const wanted[] = {"noise-limit cleared",
                                     "noise-peak cleared",
                                     "noise-day",
                                     "fume-limit cleared",
                                     "purifier-off cleared",
                                     "cleaning-overdue",
                                     "gateway-offline cleared",
                                     "missing ",
                                     "open confirmed",
                                     "open served",
                                     "entry measurement",
                                     "entry inspection",
                                     "entry complaint",
                                     "fume-near cleared",
                                     "fume-efficiency raised",
                                     "duct-blocked cleared",
                                     " fume_run ",
                                     " no-purifier ",
                                     " quality ",
                                     "device-silent cleared",
                                     "device-stuck cleared",
                                     "drawn"};
enum { WANTED = sizeof wanted / sizeof *wanted };

/* Something that a life should have had was in none. */
static bool is_dull(const size_t seen[static WANTED])
{
    for (size_t i = 0; i < WANTED; i++)
        if (!seen[i])
            return true;
    return false;
}

/* A random life of a county, folded straight on, and with saving and restoring between all records (in the first
 * round), at some boundaries, at one: every call that leaves the fold is the same, byte for byte, and so is what it
 * remembers at the end. */
static void test_restore_changes_nothing(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    const char *given = getenv("SEED");
    size_t seen[WANTED] = {0};
    (void)state;
    if (given)
        seed = (unsigned)strtoul(given, NULL, 10);
    printf("seed %u (SEED=… to repeat)\n", seed);
    srandom(seed);
    for (int round = 0; round < 4 || (is_dull(seen) && round < 40); round++) {
        struct tape *tape = xcalloc(1, sizeof *tape);
        struct memory *plain_memory = xcalloc(1, sizeof *plain_memory);
        struct life l = {.kit = bare_kit(tape_record, tape),
                         .now = kit_time(2, 20, 0, 0) + (round ? chance(10) : 3) * HOUR,
                         .epoch = 20};
        live(&l, 250);
        kit_free(l.kit);
        struct kit *plain = bare_kit(NULL, NULL);
        replay(plain, tape);
        save(plain_memory, plain->fold);
        compare_runs(tape, plain->log.data, plain_memory, round ? 17 : 1);
        for (int i = 0; i < 4; i++)
            compare_runs(tape, plain->log.data, plain_memory, tape->count);
        for (size_t i = 0; i < WANTED; i++)
            seen[i] += times(plain->log.data, wanted[i]);
        for (size_t i = 0; i < tape->count; i++) {
            free(tape->records[i].head);
            free(tape->records[i].body);
        }
        kit_free(plain);
        forget(plain_memory);
        free(plain_memory);
        free(tape);
    }
    for (size_t i = 0; i < WANTED; i++) {
        printf("%s %zu\n", wanted[i], seen[i]);
        assert_true(seen[i] > 0); /* else the lives were too dull to prove anything */
    }
}

/* Only what changed is saved, and it is small. */
static void test_saves_little(void **state)
{
    struct memory *m = xcalloc(1, sizeof *m);
    struct kit *k = kit_new("[rules]\n", SITES_HEAD CLUB HOUSE);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_hello(k, "gw-01", "house", "hood-1", 1000, "fume fan purifier", "");
    kit_reading(k, "noise-1", night() - SECOND, LEVEL);
    save(m, k->fold);
    assert_int_equal(m->count, 6); /* config, two sites, two devices, gateway */
    forget(m);
    *m = (struct memory){0};
    for (int i = 0; i < 300; i++) {
        char content[40];
        snprintf(content, sizeof content, "\"values\":{\"laeq\":%.1f}", 50 + (double)(i % 200) / 10);
        kit_reading(k, "noise-1", night() + i * SECOND, content);
    }
    save(m, k->fold);
    assert_int_equal(m->count, 2); /* the device and its gateway */
    for (size_t i = 0; i < m->count; i++)
        assert_true(m->pieces[i].length < 760);
    forget(m);
    *m = (struct memory){0};
    save(m, k->fold);
    assert_int_equal(m->count, 0);
    kit_free(k);
    free(m);
}

/* A piece that is not what was saved is refused, whatever it is; never a crash. */
static void test_damaged_pieces(void **state)
{
    struct memory *m = xcalloc(1, sizeof *m);
    struct kit *k = kit_new("[rules]\nnoise_window = 10s\n", SITES_HEAD CLUB HOUSE);
    (void)state;
    kit_hello(k, "gw-01", "club", "noise-1", 1000, "laeq", "");
    kit_hello(k, "gw-01", "house", "hood-1", 1000, "fume fan purifier", "");
    kit_series(k, "noise-1", "laeq", 60, night(), night() + 15 * SECOND, SECOND);
    kit_series(k, "hood-1", "fume", 3, night(), night() + 15 * SECOND, SECOND);
    kit_reading(k, "hood-1", night() + 16 * SECOND, "\"values\":{\"fume\":3,\"fan\":1,\"purifier\":1}");
    kit_reading(k, "hood-1", night() + 17 * SECOND, "\"values\":{\"fume\":3,\"fan\":1,\"purifier\":1}");
    kit_tick(k, night() + MINUTE);
    save(m, k->fold);
    for (size_t i = 0; i < m->count; i++) {
        const struct piece *p = &m->pieces[i];
        size_t step = p->length / 50 + 1;
        for (size_t cut = 0; cut < p->length; cut += step) {
            struct fold *f = fold_new();
            assert_int_equal(fold_restore(f, p->key, p->bytes, cut), ERR_CORRUPT);
            fold_free(f);
        }
        for (size_t at = 0; at < p->length; at += step) { /* a flipped byte may pass, but does no harm */
            struct fold *f = fold_new();
            p->bytes[at] ^= 0x55;
            fold_restore(f, p->key, p->bytes, p->length);
            p->bytes[at] ^= 0x55;
            fold_free(f);
        }
    }
    struct fold *f = fold_new();
    assert_int_equal(fold_restore(f, "moon/1", "x", 1), ERR_CORRUPT);
    assert_int_equal(fold_restore(f, "device/club", "x", 1), ERR_CORRUPT);
    assert_int_equal(fold_restore(f, "site/CLUB", "x", 1), ERR_CORRUPT);
    fold_free(f);
    forget(m);
    free(m);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_import_versions),
        cmocka_unit_test(test_import_all_or_nothing),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_refused_device),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_gap_into_the_future),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_framed_anew),
        cmocka_unit_test(test_epoch_with_gap),
        cmocka_unit_test(test_dead_device),
        cmocka_unit_test(test_window_length_changes),
        cmocka_unit_test(test_bad_config),
        cmocka_unit_test(test_journal_clock),
        cmocka_unit_test(test_ticks_never_go_back),
        cmocka_unit_test(test_retained_for_a_day),
        cmocka_unit_test(test_another_grid),
        cmocka_unit_test(test_restore_changes_nothing),
        cmocka_unit_test(test_saves_little),
        cmocka_unit_test(test_damaged_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
