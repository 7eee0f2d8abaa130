/* bench_fold [--smoke | JOURNAL]: how many readings a second the fold takes, beside a bare jansson parse of the same
 * payloads.  JOURNAL: a collector's STATE/journal; without it a street for a week, made here, with a frame an hour.
 *
 * Records are held in memory and what leaves the fold is dropped, so that nothing but the fold is measured.
 */
#include "collector/record.h"
#include "collector/rules/fold.h"
#include "common/civil.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/journal.h"
#include "tests/bench/bare.h"
#include "tests/bench/street_fixture.h"
#include "tests/bench/times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEEK_HOURS = 7 * 24, SMOKE_HOURS = 6 };

struct load {
    struct buf bytes; /* all records, one behind the other */
    size_t *ends;     /* of each */
    size_t count, room;
    uint64_t readings;
};

static void add(struct load *l, const void *bytes, size_t length)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 1024;
        l->ends = xrealloc(l->ends, l->room * sizeof *l->ends);
    }
    buf_bytes(&l->bytes, bytes, length);
    l->ends[l->count++] = l->bytes.length;
}

static struct record at(const struct load *l, size_t i)
{
    struct record r;
    size_t from = i ? l->ends[i - 1] : 0;
    if (record_read(&r, l->bytes.data + from, l->ends[i] - from) != 0)
        abort();
    return r;
}

static void count_readings(struct load *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct record r = at(l, i);
        struct frame *f = r.kind == RECORD_FRAME ? frame_open(r.body, r.body_length, NULL) : NULL;
        l->readings += f ? f->reading_count : 0;
        frame_close(f);
    }
}

static void load_journal(struct load *l, const char *dir)
{
    struct fault f;
    struct journal *j;
    struct journal_record rec;
    struct record r;
    if (journal_open_read(&j, dir, &f) < 0) {
        fprintf(stderr, "%s\n", f.text);
        exit(1);
    }
    struct journal_reader *reader = journal_reader_new(j);
    for (uint64_t n = journal_next_held(reader, 0); n <= journal_synced(j); n = journal_next_held(reader, n))
        if (journal_read(reader, n, &rec) == 1 && record_read(&r, rec.bytes, rec.length) == 0)
            add(l, rec.bytes, rec.length);
    journal_reader_free(reader);
    journal_close(j);
}

static void add_made(void *ctx, const void *bytes, size_t length, int64_t now_ms)
{
    (void)now_ms;
    add(ctx, bytes, length);
}

/* ---- a sink that drops all --------------------------------------------------------------------------------------- */
/* clang-format off */
static void no_flag(void *c, const struct flag_row *r) { (void)c, (void)r; }
static void count_window(void *c, const struct window_row *r) { (void)r, ++*(uint64_t *)c; }
static void no_noise_day(void *c, const struct noise_day_row *r) { (void)c, (void)r; }
static void no_usage(void *c, const struct usage_row *r) { (void)c, (void)r; }
static void no_missing(void *c, const struct missing_row *r) { (void)c, (void)r; }
static void no_device(void *c, const struct device_row *r) { (void)c, (void)r; }
static void no_gateway(void *c, const struct gateway_row *r) { (void)c, (void)r; }
static void no_site(void *c, const struct site *r) { (void)c, (void)r; }
static void no_cleaning(void *c, const struct cleaning_row *r) { (void)c, (void)r; }
static void no_case(void *c, const struct case_row *r) { (void)c, (void)r; }
static void no_entry(void *c, const struct entry_row *r) { (void)c, (void)r; }
static void no_alert(void *c, const char *t, const char *p, int64_t at_ms) { (void)c, (void)t, (void)p, (void)at_ms; }
static void no_line(void *c, const char *line) { (void)c, (void)line; }
static void no_answer(void *c, const char *id, const char *json) { (void)c, (void)id, (void)json; }
static void no_state(void *c, const char *key, const void *b, size_t n) { (void)c, (void)key, (void)b, (void)n; }
/* clang-format on */

static const struct sink nowhere = {.flag = no_flag,
                                    .window = count_window,
                                    .noise_day = no_noise_day,
                                    .usage = no_usage,
                                    .missing = no_missing,
                                    .device = no_device,
                                    .gateway = no_gateway,
                                    .site = no_site,
                                    .cleaning = no_cleaning,
                                    .case_ = no_case,
                                    .entry = no_entry,
                                    .alert = no_alert,
                                    .line = no_line,
                                    .answer = no_answer,
                                    .state = no_state};

/* ---- measuring --------------------------------------------------------------------------------------------------- */

static double fold_all(const struct load *l, uint64_t *windows)
{
    struct sink sink = nowhere;
    sink.ctx = windows;
    *windows = 0;
    int64_t began = clock_mono_ns();
    struct fold *f = fold_new();
    for (size_t i = 0; i < l->count; i++) {
        struct record r = at(l, i);
        if (fold_record(f, &r, &sink) == FOLD_COMMIT && r.kind == RECORD_TICK)
            fold_save(f, &sink);
    }
    fold_free(f);
    return seconds_since(began);
}

static double parse_all(const struct load *l)
{
    int64_t began = clock_mono_ns();
    bare_begin();
    for (size_t i = 0; i < l->count; i++) {
        struct record r = at(l, i);
        if (r.kind == RECORD_FRAME)
            bare_parse(r.body, r.body_length);
    }
    bare_end();
    return seconds_since(began);
}

int main(int argc, char **argv)
{
    struct load l = {.bytes = buf_growing()};
    struct times fold = {0}, parse = {0};
    uint64_t windows = 0;
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    struct street street = {smoke ? SMOKE_HOURS : WEEK_HOURS, 60, add_made, &l};
    civil_zone("Asia/Shanghai", NULL);
    if (argc > 1 && !smoke)
        load_journal(&l, argv[1]);
    else
        street_make(&street);
    count_readings(&l);
    for (int i = 0; i < (smoke ? 1 : TIMES); i++) {
        times_add(&fold, fold_all(&l, &windows));
        times_add(&parse, parse_all(&l));
    }
    printf("bench_fold: %llu readings in %zu records, %.1f MB, %llu windows\n", (unsigned long long)l.readings, l.count,
           (double)l.bytes.length / 1e6, (unsigned long long)windows);
    times_print("bare jansson", &parse, l.readings);
    times_print("the fold", &fold, l.readings);
    printf("  the fold comes to %.2f of the rate of the parse\n", times_ratio(&parse, &fold));
    free(l.ends);
    buf_free(&l.bytes);
    return windows ? 0 : 1;
}
