#include "tests/bench/ledger_fixture.h"

#include <math.h>
#include <stdio.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WINDOW = 10 * MINUTE, SITES_A_COMMIT = 20 };

struct making {
    const struct fixture *set;
    const struct sink *to;
    uint64_t seed;
    int64_t rows;
};

/* xorshift64*, Vigna 2016: 0 … n-1. */
static unsigned draw(struct making *m, unsigned n)
{
    m->seed ^= m->seed >> 12;
    m->seed ^= m->seed << 25;
    m->seed ^= m->seed >> 27;
    return (unsigned)(m->seed * 2685821657736338717u >> 33) % n;
}

static bool is_club(size_t i)
{
    return i % 10 == 0;
}

static struct site a_site(const struct making *m, size_t i)
{
    static const enum site_kind kitchens[] = {SITE_RESTAURANT, SITE_RESTAURANT, SITE_BREAKFAST, SITE_BARBECUE,
                                              SITE_CANTEEN},
                                clubs[] = {SITE_KTV, SITE_CLUB, SITE_BAR};
    static const char *const names[] = {"贡江酒家", "晨光早餐", "老街烧烤", "机关食堂", "夜色", "尚座", "红军路小馆"};
    struct site s = {.kind = is_club(i) ? clubs[i / 10 % 3] : kitchens[i % 5],
                     .district = "yudu",
                     .lon = NAN,
                     .lat = NAN,
                     .noise_class = 2,
                     .background_day = NAN,
                     .background_night = NAN,
                     .stoves = is_club(i) ? NAN : 3,
                     .purifier = is_club(i) ? NOT_GIVEN : i % 17 != 3,
                     .cleaning_days = is_club(i) ? NAN : 30 + (double)(i % 4) * 10,
                     .cleaning_hours = NAN,
                     .valid_from_ms = m->set->from - 100LL * DAY};
    snprintf(s.id, sizeof s.id, "site-%05zu", i);
    snprintf(s.name, sizeof s.name, "%s %zu 号", names[i % 7], i);
    snprintf(s.grid, sizeof s.grid, "grid-%02zu", i % m->set->grids);
    snprintf(s.officer, sizeof s.officer, "网格员 %zu", i % m->set->grids);
    return s;
}

static void put_window(struct making *m, const struct site *s, int64_t from, bool noise)
{
    bool over = draw(m, 20) == 0, judged = draw(m, 50) != 0;
    double limit = noise ? 50 : 2, mean = noise ? 40 + draw(m, 100) / 10.0 : draw(m, 1900) / 1000.0;
    if (over)
        mean = noise ? 51 + draw(m, 250) / 10.0 : 2.001 + draw(m, 3000) / 1000.0;
    struct window_row row = {.site = s->id,
                             .district = s->district,
                             .grid = s->grid,
                             .device = noise ? "noise-1" : "hood-1",
                             .rule = noise ? "noise" : "fume",
                             .from = from,
                             .to = from + WINDOW,
                             .outcome = !judged ? OUTCOME_NOT_JUDGED
                                        : over  ? OUTCOME_EXCEEDS
                                                : OUTCOME_COMPLIANT,
                             .reason = judged ? "" : "coverage",
                             .coverage = judged ? 1 : 0.5,
                             .measured = mean,
                             .judged = judged ? mean : NAN,
                             .limit = limit,
                             .l5 = noise ? mean + 4 : NAN,
                             .l10 = noise ? mean + 3 : NAN,
                             .l50 = noise ? mean - 1 : NAN,
                             .l90 = noise ? mean - 5 : NAN,
                             .l95 = noise ? mean - 6 : NAN,
                             .lafmax = noise ? mean + 12 : NAN,
                             .lafmin = noise ? mean - 8 : NAN,
                             .sd = noise ? 3.5 : NAN,
                             .statutory = true};
    m->to->window(m->to->ctx, &row);
    m->rows++;
}

static void put_flag(struct making *m, const struct site *s, int64_t at, bool noise)
{
    struct flag_row row = {.rev = 1,
                           .flag = noise ? FLAG_NOISE_LIMIT : FLAG_FUME_LIMIT,
                           .state = "cleared",
                           .site = s->id,
                           .district = s->district,
                           .grid = s->grid,
                           .device = noise ? "noise-1" : "hood-1",
                           .gateway = "",
                           .since = at,
                           .until = at + 30 * MINUTE,
                           .at = at + 30 * MINUTE,
                           .body = "{}"};
    snprintf(row.id, sizeof row.id, "%06x%010llx", (unsigned)draw(m, 1 << 24), (unsigned long long)m->rows);
    m->to->flag(m->to->ctx, &row);
    m->rows++;
}

static void put_day(struct making *m, const struct site *s, int64_t day, bool noise)
{
    int64_t first = noise ? day : day + 9 * HOUR, last = noise ? day + DAY : day + 21 * HOUR;
    for (int64_t from = first; from < last; from += WINDOW)
        put_window(m, s, from, noise);
    int64_t gap = day + (int64_t)draw(m, 1000) * MINUTE;
    m->to->missing(m->to->ctx,
                   &(struct missing_row){s->id, noise ? "noise-1" : "hood-1", gap, gap + 7 * MINUTE, "timeout"});
    m->rows++;
    if (draw(m, 10) == 0)
        put_flag(m, s, first, noise);
    if (noise)
        return;
    m->to->usage(m->to->ctx, &(struct usage_row){s->id, day, DAY, 10 * HOUR, (int64_t)draw(m, 10) * HOUR + HOUR});
    m->rows++;
}

static void put_cleaning(struct making *m, const struct site *s, int64_t at)
{
    struct cleaning_row row = {.site = s->id,
                               .kind = "clean",
                               .by = "王师傅",
                               .provider = "洁净公司",
                               .note = "",
                               .actor = "clerk",
                               .state = "ok",
                               .verdict = "unconfirmed",
                               .evidence = "{}",
                               .photos = "[]",
                               .cleaned_at = at,
                               .entered_at = at};
    snprintf(row.id, sizeof row.id, "%016llx", (unsigned long long)m->rows);
    m->to->cleaning(m->to->ctx, &row);
    m->rows++;
}

static void put_site(struct making *m, size_t i)
{
    struct site s = a_site(m, i);
    int64_t until = m->set->from + 7LL * DAY * m->set->weeks;
    bool noise = is_club(i);
    m->to->site(m->to->ctx, &s);
    m->to->device(m->to->ctx, &(struct device_row){s.id, noise ? "noise-1" : "hood-1", "gw", "p",
                                                   noise ? "noise" : "hood", "", "", noise ? 1000 : 10000});
    m->rows += 2;
    for (int64_t day = m->set->from; day < until; day += DAY)
        put_day(m, &s, day, noise);
    for (int64_t at = m->set->from + (int64_t)draw(m, 50) * DAY; !noise && at < until; at += 20LL * DAY)
        put_cleaning(m, &s, at);
}

int64_t fixture_write(const char *state_dir, const struct fixture *set)
{
    struct ledger *l;
    int code = ledger_open(&l, state_dir, LEDGER_WRITE, NULL);
    if (code)
        return code;
    struct making m = {.set = set, .to = ledger_sink(l), .seed = 20260101};
    int64_t end = set->from + 7LL * DAY * set->weeks;
    m.to->gateway(m.to->ctx, &(struct gateway_row){"gw", "yudu", "e", 1, end, end});
    for (size_t i = 0; i < set->sites && !code; i++) {
        put_site(&m, i);
        if ((i + 1) % SITES_A_COMMIT == 0 || i + 1 == set->sites)
            code = ledger_commit(l, i + 1, &(struct hash){{0}}, 1);
    }
    ledger_close(l);
    return code ? code : m.rows;
}
