/* kitchen_kit: one kitchen with its meters, on top of fold_kit, for the tests of what is judged in a kitchen.
 *
 * With `kitchen_restored` set, the fold is saved, thrown away and restored before every record: whatever a test expects
 * must come out the same.  kitchen_main runs all tests both ways.
 */
#ifndef QUIETAIR_KITCHEN_KIT_H
#define QUIETAIR_KITCHEN_KIT_H

#include "tests/unit/collector/fold_kit.h"

#define KITCHEN_HEAD "id,name,kind,district,grid,stoves,airflow,purifier_installed,opening_hours,gateways,valid_from\n"
#define KITCHEN(stoves, airflow, purifier)                                                                             \
    KITCHEN_HEAD "house,贡江酒家,restaurant,yudu,g1," stoves "," airflow "," purifier ",mo-su 10:00-21:30,gw-01,\n"

/* ---- restored before every record -------------------------------------------------------------------------------- */

struct kitchen_piece {
    char *key, *bytes;
    size_t length;
};

struct kitchen_memory { /* what a ledger would hold */
    struct kitchen_piece pieces[40];
    size_t count;
};

static bool kitchen_restored;

static void kitchen_keep(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct kitchen_memory *m = ctx;
    size_t i = 0;
    while (i < m->count && strcmp(m->pieces[i].key, key) != 0)
        i++;
    assert_true(i < sizeof m->pieces / sizeof *m->pieces);
    struct kitchen_piece *p = &m->pieces[i];
    if (i == m->count)
        m->pieces[m->count++] = (struct kitchen_piece){.key = xstrdup(key)};
    free(p->bytes);
    p->bytes = length ? memcpy(xmalloc(length), bytes, length) : NULL;
    p->length = length;
}

static void kitchen_keep_gateway(void *ctx, const struct gateway_row *row)
{
    (void)ctx, (void)row;
}

static void kitchen_restore(struct kit *k, const struct record *r)
{
    struct kitchen_memory *m = k->before_ctx;
    struct sink sink = {.ctx = m, .state = kitchen_keep, .gateway = kitchen_keep_gateway};
    (void)r;
    fold_save(k->fold, &sink);
    fold_free(k->fold);
    k->fold = fold_new();
    for (size_t i = 0; i < m->count; i++) {
        const struct kitchen_piece *p = &m->pieces[i];
        if (p->length)
            assert_int_equal(fold_restore(k->fold, p->key, p->bytes, p->length), 0);
    }
}

/* ---- the kitchen ------------------------------------------------------------------------------------------------- */

/* With one device, hood-1, that reports every `interval`. */
static inline struct kit *kitchen_new(const char *rules, const char *sites, const char *metrics, int64_t interval)
{
    struct kit *k = kit_new(rules, sites);
    if (kitchen_restored) {
        k->before = kitchen_restore;
        k->before_ctx = xcalloc(1, sizeof(struct kitchen_memory));
    }
    if (metrics)
        kit_hello(k, "gw-01", "house", "hood-1", interval, metrics, "");
    return k;
}

static inline void kitchen_free(struct kit *k)
{
    struct kitchen_memory *m = k->before_ctx;
    for (size_t i = 0; m && i < m->count; i++) {
        free(m->pieces[i].key);
        free(m->pieces[i].bytes);
    }
    free(m);
    kit_free(k);
}

/* hood-1 says `content` every `step` in [from, to). */
static inline void kitchen_play(struct kit *k, int64_t from, int64_t to, int64_t step, const char *content)
{
    for (int64_t ts = from; ts < to; ts += step)
        kit_reading(k, "hood-1", ts, content);
}

/* ---- what is looked at ------------------------------------------------------------------------------------------- */

/* The n-th window of a rule, from 0; NULL: there are fewer. */
static inline const struct kit_window *kitchen_window(const struct kit *k, const char *rule, size_t n)
{
    for (size_t i = 0; i < k->window_count; i++) {
        if (strcmp(k->windows[i].rule, rule) == 0 && n-- == 0)
            return &k->windows[i];
    }
    return NULL;
}

static inline size_t kitchen_windows(const struct kit *k, const char *rule)
{
    size_t n = 0;
    while (kitchen_window(k, rule, n))
        n++;
    return n;
}

/* The n-th revision of flags of this name. */
static inline const struct kit_flag *kitchen_flag(const struct kit *k, const char *flag, size_t n)
{
    for (size_t i = 0; i < k->flag_count; i++) {
        if (strcmp(k->flags[i].flag, flag) == 0 && n-- == 0)
            return &k->flags[i];
    }
    return NULL;
}

static inline size_t kitchen_flags(const struct kit *k, const char *flag)
{
    size_t n = 0;
    while (kitchen_flag(k, flag, n))
        n++;
    return n;
}

static inline bool kitchen_same(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) < 1e-9;
}

static const char *const kitchen_outcomes[] = {"compliant", "exceeds", "not judged"};

/* judged NAN: none. */
static inline void kitchen_expect(const struct kit_window *w, const char *outcome, const char *reason, double measured,
                                  double judged, double limit, bool statutory)
{
    assert_non_null(w);
    assert_string_equal(kitchen_outcomes[w->row.outcome], outcome);
    assert_string_equal(w->reason, reason);
    if (!kitchen_same(w->row.measured, measured) || !kitchen_same(w->row.judged, judged) ||
        !kitchen_same(w->row.limit, limit))
        fail_msg("%s: measured %.10g judged %.10g limit %.10g", w->rule, w->row.measured, w->row.judged, w->row.limit);
    assert_int_equal(w->row.statutory, statutory);
}

static inline void kitchen_says(const struct kit_flag *flag, const char *words)
{
    assert_non_null(flag);
    if (!strstr(flag->body, words))
        fail_msg("%s is not in %s", words, flag->body);
}

#define kitchen_main(tests)                                                                                            \
    int failed = cmocka_run_group_tests_name("straight on", tests, NULL, NULL);                                        \
    kitchen_restored = true;                                                                                           \
    return failed + cmocka_run_group_tests_name("restored before every record", tests, NULL, NULL)

#endif
