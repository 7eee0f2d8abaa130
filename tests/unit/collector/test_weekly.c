/* The weekly audit against figures worked out by hand; instants and dates from python's zoneinfo. */
#include "collector/audit/formats.h"
#include "collector/audit/weekly.h"
#include "collector/audit/weekly_read.h"
#include "collector/ledger/ledger.h"
#include "common/civil.h"
#include "tests/unit/collector/rows_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zlib.h>

#include <cmocka.h>

/* 2026-W47, Asia/Shanghai: Monday 2026-11-16 00:00 to Monday 2026-11-23 00:00. */
#define FROM  1794758400000
#define UNTIL 1795363200000

static const struct weekly_settings w47 = {"2026-W47", FROM, UNTIL, 1, 7 * DAY, 0};

static struct site a_site(const char *id, enum site_kind kind, const char *grid)
{
    return row_site(id, kind, grid, FROM - 100 * DAY);
}

static struct site a_kitchen(const char *id, double days, int64_t last_cleaned)
{
    struct site s = a_site(id, SITE_RESTAURANT, "g1");
    s.purifier = 1;
    s.cleaning_days = days;
    s.last_cleaned_ms = last_cleaned;
    return s;
}

static const struct weekly_site *find(const struct weekly *w, const char *id)
{
    for (size_t i = 0; i < w->site_count; i++) {
        if (strcmp(w->sites[i].site->id, id) == 0)
            return &w->sites[i];
    }
    return NULL;
}

/* One site, its cleanings and usage: what the audit says about its cleaning. */
static struct weekly_site judge(const struct weekly_settings *settings, const struct site *site,
                                const struct cleaning_row *cleaning, const struct usage_row *usage, size_t usage_count)
{
    struct weekly_draft *d = weekly_draft_new(settings);
    const struct sink *to = weekly_draft_sink(d);
    to->site(to->ctx, site);
    if (cleaning)
        to->cleaning(to->ctx, cleaning);
    for (size_t i = 0; i < usage_count; i++)
        to->usage(to->ctx, &usage[i]);
    const struct weekly *w = weekly_draft_finish(d);
    assert_int_equal(w->site_count, 1);
    struct weekly_site out = w->sites[0];
    weekly_draft_free(d);
    return out;
}

/* ---- cleaning ---------------------------------------------------------------------------------------------------- */

static void due_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t last;
        double days;
        int64_t grace;
        enum weekly_cleaning cleaning;
        int overdue;
        size_t cleaned;
        int64_t due;
    } cases[] = {
        /* cleaned 2026-09-22, 60 days: due Saturday 11-21; Sunday is one day over */
        {1790006400000, 60, 0, CLEANING_OVERDUE, 1, 0, 1795190400000},
        /* 2026-09-23: due on Sunday 11-22, the last day of the week: within */
        {1790092800000, 60, 0, CLEANING_DUE, 0, 1, 1795276800000},
        /* the same with a time of day: it is the date that counts */
        {1790092800000 + 15 * 3600000LL, 60, 0, CLEANING_DUE, 0, 1, 1795276800000},
        /* 2026-09-21: due Friday 11-20, two days over; with two days of grace not within, not overdue */
        {1789920000000, 60, 0, CLEANING_OVERDUE, 2, 0, 1795104000000},
        {1789920000000, 60, 2 * DAY, CLEANING_DUE, 0, 0, 1795104000000},
        {1789920000000, 60, DAY, CLEANING_OVERDUE, 2, 0, 1795104000000},
        /* cleaned 2026-11-01, 60 days: due 12-31; reminded of from 12-24, which is after this week */
        {1793462400000, 60, 0, CLEANING_OK, 0, 1, 1798646400000},
        /* 30 days from 2026-11-01: due 12-01, reminded of from 11-24, the week ends at 11-23; 29 days: 11-30, from
         * 11-23; 28 days: 11-29, from 11-22 */
        {1793462400000, 30, 0, CLEANING_OK, 0, 1, 1796054400000},
        {1793462400000, 29, 0, CLEANING_OK, 0, 1, 1795968000000},
        {1793462400000, 28, 0, CLEANING_DUE, 0, 1, 1795881600000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weekly_settings settings = w47;
        settings.grace = cases[i].grace;
        struct site s = a_kitchen("a", cases[i].days, cases[i].last);
        struct weekly_site out = judge(&settings, &s, NULL, NULL, 0);
        assert_int_equal(out.cleaning, cases[i].cleaning);
        assert_int_equal(out.overdue_days, cases[i].overdue);
        assert_int_equal(out.figures.cleaning_required, 1);
        assert_int_equal(out.figures.cleaned, cases[i].cleaned);
        assert_int_equal(out.due, cases[i].due);
        assert_int_equal(out.last, cases[i].last);
    }
}

static void what_counts_as_cleaned(void **state)
{
    (void)state;
    struct site s = a_kitchen("a", 60, 1789920000000); /* overdue by the register alone */
    struct cleaning_row entry = {.site = "a",
                                 .kind = "clean",
                                 .by = "",
                                 .provider = "",
                                 .note = "",
                                 .actor = "",
                                 .state = "late",
                                 .verdict = "",
                                 .cleaned_at = UNTIL - 1,
                                 .entered_at = UNTIL + 30 * DAY};
    assert_int_equal(judge(&w47, &s, &entry, NULL, 0).cleaning, CLEANING_OK); /* entered late, still known now */
    entry.cleaned_at = UNTIL;
    assert_int_equal(judge(&w47, &s, &entry, NULL, 0).cleaning, CLEANING_OVERDUE); /* after the week */
    entry.cleaned_at = FROM;
    entry.kind = "maintain";
    assert_int_equal(judge(&w47, &s, &entry, NULL, 0).cleaning, CLEANING_OVERDUE);
    entry.kind = "clean";
    entry.cleaned_at = 1780000000000; /* older than the register's */
    assert_int_equal(judge(&w47, &s, &entry, NULL, 0).last, 1789920000000);
    entry.site = "b";
    entry.cleaned_at = FROM;
    assert_int_equal(judge(&w47, &s, &entry, NULL, 0).cleaning, CLEANING_OVERDUE);

    /* contradicted: it does not count, and while it is the newest that was claimed the state says so */
    struct site clean = a_kitchen("a", 60, 1794412800000); /* 2026-11-12 */
    entry.site = "a";
    entry.verdict = "contradicted";
    struct weekly_site denied = judge(&w47, &clean, &entry, NULL, 0);
    assert_int_equal(denied.cleaning, CLEANING_CONTRADICTED);
    assert_int_equal(denied.last, 1794412800000);
    assert_int_equal(denied.figures.cleaned, 1);
    assert_int_equal(denied.overdue_days, 0);
    denied = judge(&w47, &s, &entry, NULL, 0); /* 60 days from 2026-09-21: due 11-20, over from 11-21 on */
    assert_int_equal(denied.cleaning, CLEANING_CONTRADICTED);
    assert_int_equal(denied.figures.cleaned, 0);
    assert_int_equal(denied.overdue_days, 2);
    entry.cleaned_at = 1794326400000; /* 2026-11-11: another one came after it */
    assert_int_equal(judge(&w47, &clean, &entry, NULL, 0).cleaning, CLEANING_OK);

    s.last_cleaned_ms = 0;
    /* never cleaned: from the first import, 100 days before the week; due 40 before it, 39 + 7 days over */
    struct weekly_site out = judge(&w47, &s, NULL, NULL, 0);
    assert_int_equal(out.cleaning, CLEANING_OVERDUE);
    assert_int_equal(out.due, FROM - 40 * DAY);
    assert_int_equal(out.overdue_days, 46);
    assert_int_equal(out.figures.cleaning_required, 1);
    assert_int_equal(out.figures.cleaned, 0);
    s.imported_ms = 1792339200000; /* on 2026-10-19, with a valid_from long before: due on 12-18, as the flag has it */
    out = judge(&w47, &s, NULL, NULL, 0);
    assert_int_equal(out.cleaning, CLEANING_OK);
    assert_int_equal(out.due, 1797523200000);
    s.purifier_installed_ms = 1790006400000; /* new on 2026-09-22: from there, due 11-21 */
    out = judge(&w47, &s, NULL, NULL, 0);
    assert_int_equal(out.cleaning, CLEANING_OVERDUE);
    assert_int_equal(out.overdue_days, 1);
    assert_int_equal(out.last, 0);
    s.purifier_installed_ms = FROM; /* not yet due, yet no cleaning that could count */
    out = judge(&w47, &s, NULL, NULL, 0);
    assert_int_equal(out.cleaning, CLEANING_OK);
    assert_int_equal(out.figures.cleaned, 0);
    s.purifier_installed_ms = UNTIL;
    out = judge(&w47, &s, NULL, NULL, 0);
    assert_int_equal(out.figures.cleaning_required, 0);
    assert_int_equal(out.figures.installed, 0);
    assert_int_equal(out.installed, 0);
    s.purifier_installed_ms = 0;
    s.cleaning_days = NAN;
    assert_int_equal(judge(&w47, &s, NULL, NULL, 0).figures.cleaning_required, 0);
}

/* The policy's interval where the register gives none: a large kitchen 30 days, from 2026-10-15 to 11-14. */
static void interval_of_a_policy(void **state)
{
    struct faults faults = {0};
    struct conf *conf = conf_open("config/standards/cleaning-policy.ini", &faults);
    struct weekly_settings settings = w47;
    struct site s = a_kitchen("a", NAN, 1791993600000);
    (void)state;
    assert_non_null(conf);
    s.stoves = 6;
    assert_int_equal(judge(&settings, &s, NULL, NULL, 0).figures.cleaning_required, 0);
    settings.policy = standard_open("cleaning-policy", conf, &faults);
    assert_non_null(settings.policy);
    struct weekly_site out = judge(&settings, &s, NULL, NULL, 0);
    assert_int_equal(out.due, 1794585600000);
    assert_int_equal(out.cleaning, CLEANING_OVERDUE);
    assert_int_equal(out.overdue_days, 8);
    s.cleaning_days = 60; /* its own goes first */
    assert_int_equal(judge(&settings, &s, NULL, NULL, 0).cleaning, CLEANING_OK);
    standard_close(settings.policy);
}

static void interval_in_fan_hours(void **state)
{
    (void)state;
    struct site s = a_kitchen("a", NAN, FROM - 10 * DAY + 3600000); /* 2026-11-06 01:00 */
    s.cleaning_hours = 20;
    struct usage_row usage[12];
    for (int i = 0; i < 12; i++) /* two hours a day, from the day of the cleaning on */
        usage[i] = (struct usage_row){"a", FROM + (i - 10) * DAY, DAY, 7200000, 7200000};
    /* that day does not count: the tenth day after it, 2026-11-16, reaches twenty hours: six days over on Sunday */
    struct weekly_site out = judge(&w47, &s, NULL, usage, 12);
    assert_int_equal(out.due, FROM);
    assert_int_equal(out.overdue_days, 6);
    assert_int_equal(out.cleaning, CLEANING_OVERDUE);
    assert_int_equal(out.figures.fan_ms, 2 * 7200000); /* of the week only */
    out = judge(&w47, &s, NULL, usage, 10);
    assert_int_equal(out.cleaning, CLEANING_OK);
    assert_int_equal(out.due, 0);
    s.cleaning_days = 5; /* 2026-11-11 comes first */
    assert_int_equal(judge(&w47, &s, NULL, usage, 12).due, FROM - 5 * DAY);

    struct weekly_draft *d = weekly_draft_new(&w47);
    const struct sink *to = weekly_draft_sink(d);
    to->site(to->ctx, &s);
    assert_int_equal(weekly_draft_usage_from(d), FROM - 10 * DAY + 3600000);
    weekly_draft_free(d);
}

static void year_end_and_summer_time(void **state)
{
    (void)state;
    /* 2026 has 53 ISO weeks (python: date(2027,1,3).isocalendar() == (2026,53,7)) */
    struct weekly_settings w53 = {"2026-W53", 0, 0, 1, 7 * DAY, 0};
    assert_true(civil_week_parse("2026-W53", &w53.from, &w53.until));
    assert_int_equal(w53.from, 1798387200000);
    assert_int_equal(w53.until, 1798992000000);
    struct site s = a_kitchen("a", 60, 1793462400000); /* 2026-11-01: due 12-31, three days over on 01-03 */
    struct weekly_site out = judge(&w53, &s, NULL, NULL, 0);
    assert_int_equal(out.due, 1798646400000);
    assert_int_equal(out.overdue_days, 3);

    /* Berlin, 2026-W43: summer time ends on Sunday 10-25, the week has 169 hours */
    assert_int_equal(civil_zone("Europe/Berlin", NULL), 0);
    struct weekly_settings w43 = {"2026-W43", 0, 0, 1, 7 * DAY, 0};
    assert_true(civil_week_parse("2026-W43", &w43.from, &w43.until));
    assert_int_equal(w43.from, 1792360800000);
    assert_int_equal(w43.until, 1792969200000);
    s = a_kitchen("a", 2, civil_ms(2026, 10, 21, 12, 0, 0)); /* due Friday 10-23, two days over */
    out = judge(&w43, &s, NULL, NULL, 0);
    assert_int_equal(out.due, civil_ms(2026, 10, 23, 0, 0, 0));
    assert_int_equal(out.overdue_days, 2);
    s = a_kitchen("a", 4, civil_ms(2026, 10, 21, 12, 0, 0)); /* due on the Sunday of 25 hours itself */
    assert_int_equal(judge(&w43, &s, NULL, NULL, 0).figures.cleaned, 1);
    assert_int_equal(civil_zone("Asia/Shanghai", NULL), 0);
}

/* ---- a street ---------------------------------------------------------------------------------------------------- */

enum { STEPS = 4, SITES = 8, WINDOWS = 13, USAGES = 4, MISSINGS = 4, GATEWAYS = 4, METERS = 4 };

struct street {
    struct site sites[SITES];
    struct cleaning_row cleaning;
    struct window_row windows[WINDOWS];
    struct usage_row usages[USAGES];
    struct missing_row missings[MISSINGS];
    struct gateway_row gateways[GATEWAYS];
    struct {
        const char *site;
        int64_t first;
    } meters[METERS];
};

static struct street a_street(void)
{
    static const enum outcome good = OUTCOME_COMPLIANT, over = OUTCOME_EXCEEDS, not = OUTCOME_NOT_JUDGED;
    struct street s =
        {
            .sites =
                {
                    a_site("club", SITE_KTV, "g2"),
                    a_kitchen("cook-1", 60, 1790092800000),  /* due on the last day: within */
                    a_kitchen("cook-2", 60, 1790006400000),  /* one day overdue */
                    a_kitchen("cook-3", 60, 1780000000000),  /* overdue by the register, cleaned on 2026-11-18 */
                    a_site("cook-4", SITE_BARBECUE, "g1"),   /* no purifier */
                    a_site("later", SITE_BAR, "g1"),         /* registered after the week: by its first version */
                    a_site("late-but-live", SITE_BAR, "g1"), /* likewise, and it reported */
                    a_site("club", SITE_CLUB, "g3"),         /* another version of club, from after the week on */
                },
            .cleaning = {.site = "cook-3",
                         .kind = "clean",
                         .by = "",
                         .provider = "",
                         .note = "",
                         .actor = "",
                         .state = "ok",
                         .verdict = "confirmed",
                         .evidence = "{}",
                         .photos = "[]",
                         .cleaned_at = 1794931200000,
                         .entered_at = 1794931200000},
            .windows =
                {
                    row_window("club", "n1", "noise", FROM - 5 * MIN, FROM + 5 * MIN, over, 51,
                               50), /* half of it in the week */
                    row_window("club", "n1", "noise", FROM + 10 * MIN, FROM + 20 * MIN, over, 67, 50),
                    row_window("club", "n1", "noise", FROM + 20 * MIN, FROM + 30 * MIN, over, 60, 50),
                    row_window("club", "n2", "noise", FROM + 15 * MIN, FROM + 25 * MIN, over, 67, 55), /* meanwhile */
                    row_window("club", "n1", "noise", FROM + 30 * MIN, FROM + 40 * MIN, good, 50, 50),
                    row_window("club", "n1", "noise", FROM + 40 * MIN, FROM + 50 * MIN, not, NAN, NAN),
                    row_window("club", "n2", "noise", UNTIL, UNTIL + 10 * MIN, over, 99, 55), /* the week after */
                    row_window("cook-1", "hood-1", "fume", FROM + 60 * MIN, FROM + 70 * MIN, over, 2.345, 2),
                    row_window("cook-1", "hood-1", "fume", FROM + 90 * MIN, FROM + 100 * MIN, over, 3, 2),
                    row_window("cook-1", "hood-1", "fume", FROM + 110 * MIN, FROM + 120 * MIN, over, 3,
                               2), /* no worse */
                    row_window("late-but-live", "n1", "noise", FROM, FROM + 10 * MIN, good, 40, 50),
                    row_window("nobody", "n1", "noise", FROM, FROM + 10 * MIN, over, 90, 50), /* in no register */
                    row_window("cook-1", "hood-1", "fume", FROM + 200 * MIN, FROM + 210 * MIN, not, NAN, 2), /* idle */
                },
            .usages =
                {
                    {"cook-1", FROM, DAY, 200000, 150000},
                    {"cook-1", FROM + 6 * DAY, DAY, 100000, 100000},
                    {"cook-1", FROM - DAY, DAY, 900000, 0}, /* before and after the week */
                    {"cook-1", UNTIL, DAY, 900000, 0},
                },
            .missings =
                {
                    {"club", "n2", UNTIL - 1000, UNTIL + 1000, "power"},
                    {"club", "n1", FROM + 40 * MIN, FROM + 50 * MIN, "timeout"},
                    {"club", "n1", FROM - 2000, FROM, "lost"},
                    {"cook-4", "x", FROM - 2000, FROM + 2000, "lost"},
                },
            .gateways =
                {
                    {"gw-3", "yudu", "e", 1, UNTIL - 1, 0},
                    {"gw-1", "yudu", "e", 1, UNTIL, 0},
                    {"gw-2", "yudu", "e", 1, 0, 0},
                    {"gw-4", "yudu", "e", 1, UNTIL + 5, 0},
                },
            .meters = {{"club", FROM - DAY}, {"club", FROM + 15 * MIN}, {"cook-1", FROM}, {"late-but-live", UNTIL}},
        };
    s.windows[12].reason = "idle";
    strcpy(s.sites[0].name, "夜色KTV");
    strcpy(s.sites[0].officer, "王警官");
    s.sites[0].gateway_count = 2;
    strcpy(s.sites[0].gateways[0], "gw-3");
    strcpy(s.sites[0].gateways[1], "gw-2");
    s.sites[4].purifier = 0;
    s.sites[5].valid_from_ms = UNTIL;
    s.sites[6].valid_from_ms = UNTIL;
    s.sites[7].valid_from_ms = UNTIL;
    return s;
}

/* A case at the club: proposed, confirmed and served in the week; an incident is no step, nor is what came before. */
static const struct case_row steps[STEPS] = {
    {"c1", 2, "noise", "club", "yudu", "g2", "open", "proposed", "none", "notice", 1, FROM, FROM + MIN, "{}"},
    {"c1", 3, "noise", "club", "yudu", "g2", "open", "confirmed", "notice", "", 1, FROM, FROM + 2 * MIN, "{}"},
    {"c1", 4, "noise", "club", "yudu", "g2", "open", "incident", "notice", "", 2, FROM, FROM + 3 * MIN, "{}"},
    {"c0", 1, "noise", "club", "yudu", "g2", "open", "proposed", "none", "notice", 1, FROM, FROM - 1, "{}"},
};

/* Feeds each kind in a random order. */
static void feed(struct weekly_draft *d, const struct street *s, unsigned *seed)
{
    const struct sink *to = weekly_draft_sink(d);
    int order[WINDOWS];
#define EACH(count, act)                                                                                               \
    for (int n = 0; n < (count); n++) {                                                                                \
        int k = seed ? rand_r(seed) % (n + 1) : n;                                                                     \
        order[n] = order[k];                                                                                           \
        order[k] = n;                                                                                                  \
    }                                                                                                                  \
    for (int n = 0; n < (count); n++) {                                                                                \
        int i = order[n];                                                                                              \
        act;                                                                                                           \
    }
    EACH(SITES, to->site(to->ctx, &s->sites[i]))
    to->cleaning(to->ctx, &s->cleaning);
    EACH(METERS, weekly_draft_meter(d, s->meters[i].site, s->meters[i].first))
    EACH(WINDOWS, to->window(to->ctx, &s->windows[i]))
    EACH(USAGES, to->usage(to->ctx, &s->usages[i]))
    EACH(MISSINGS, to->missing(to->ctx, &s->missings[i]))
    EACH(STEPS, to->case_(to->ctx, &steps[i]))
    EACH(GATEWAYS, to->gateway(to->ctx, &s->gateways[i]))
}

static void figures_of_a_street(void **state)
{
    (void)state;
    struct street street = a_street();
    struct weekly_draft *d = weekly_draft_new(&w47);
    feed(d, &street, NULL);
    const struct weekly *w = weekly_draft_finish(d);

    assert_int_equal(w->site_count, 7);
    assert_non_null(find(w, "later"));
    const struct weekly_site *club = find(w, "club"), *cook1 = find(w, "cook-1");
    assert_int_equal(club->site->kind, SITE_KTV); /* the version valid at the week's end */
    /* 5 of the first window, then 10 to 30 with 15 to 25 inside */
    assert_int_equal(club->figures.noise_ms, 25 * MIN);
    assert_int_equal(club->figures.fume_ms, 0);
    /* judged n1 5+10+10+10, n2 10; expected n1 a week, n2 a week less 15 min */
    assert_int_equal(club->figures.judged_ms, 45 * MIN);
    assert_int_equal(club->figures.expected_ms, 2 * 7 * DAY - 15 * MIN);
    assert_string_equal(club->worst.flag, "noise-limit");
    assert_string_equal(club->worst.device, "n1");
    assert_int_equal(club->worst.from, FROM + 10 * MIN);
    assert_true(club->worst.judged == 67 && club->worst.limit == 50);
    assert_int_equal(club->missing_count, 2);
    assert_string_equal(club->missing[0].device, "n1");
    assert_int_equal(club->missing[1].to, UNTIL);

    assert_int_equal(cook1->figures.fume_ms, 30 * MIN);
    assert_int_equal(cook1->figures.judged_ms, 30 * MIN);
    assert_int_equal(cook1->figures.expected_ms, 7 * DAY - 10 * MIN); /* nobody cooked for ten */
    assert_int_equal(cook1->worst.from, FROM + 90 * MIN);
    assert_string_equal(cook1->worst.unit, "mg/m³");
    assert_int_equal(cook1->figures.fan_ms, 300000);
    assert_int_equal(cook1->figures.both_ms, 250000);
    assert_int_equal(find(w, "cook-2")->cleaning, CLEANING_OVERDUE);
    assert_int_equal(find(w, "cook-3")->cleaning, CLEANING_OK);
    assert_int_equal(find(w, "late-but-live")->figures.expected_ms, 0);

    assert_int_equal(w->totals.sites, 7);
    assert_int_equal(w->totals.catering, 4);
    assert_int_equal(w->totals.installed, 3);
    assert_int_equal(w->totals.cleaning_required, 3);
    assert_int_equal(w->totals.cleaned, 2);
    assert_int_equal(w->totals.noise_ms, 25 * MIN);
    assert_int_equal(w->grid_count, 2);
    assert_string_equal(w->grids[0].grid, "g1");
    assert_int_equal(w->grids[0].figures.sites, 6);
    assert_int_equal(w->grids[1].figures.noise_ms, 25 * MIN);
    assert_int_equal(w->behind_count, 2);
    assert_string_equal(w->behind[0].gateway, "gw-2");
    assert_string_equal(w->behind[1].gateway, "gw-3");
    weekly_draft_free(d);
}

/* A case outlives its site: it lapses weeks after that was closed.  The sites behind it keep their own steps. */
static void steps_of_a_closed_site(void **state)
{
    static const struct case_row rows[] = {
        {"c0", 9, "noise", "bar", "yudu", "g1", "lapsed", "lapsed", "notice", "", 1, FROM, FROM + MIN, "{}"},
        {"c1", 1, "noise", "club", "yudu", "g1", "open", "proposed", "none", "notice", 1, FROM, FROM + 2 * MIN, "{}"},
    };
    struct site bar = a_site("bar", SITE_KTV, "g1"), club = a_site("club", SITE_KTV, "g1");
    struct weekly_draft *d = weekly_draft_new(&w47);
    const struct sink *to = weekly_draft_sink(d);
    (void)state;
    bar.closed_ms = FROM - 60 * DAY;
    to->site(to->ctx, &bar);
    to->site(to->ctx, &club);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        to->case_(to->ctx, &rows[i]);
    const struct weekly *w = weekly_draft_finish(d);
    assert_int_equal(w->site_count, 1);
    assert_int_equal(w->sites[0].step_count, 1);
    assert_string_equal(w->sites[0].steps[0].id, "c1");
    weekly_draft_free(d);
}

/* Europe/Berlin leaves summer time on 2026-10-25, a day of 25 hours.  Cleaned 2026-10-11, 7 days, so due on Sunday
 * 10-18; with 7 days of grace it is overdue from 00:00 of Monday 10-26, not an hour before: not in W43, which ends
 * then.
 */
static void grace_over_summer_time(void **state)
{
    static const struct weekly_settings w43 = {"2026-W43", 1792360800000, 1792969200000, 1, 7 * DAY, 7 * DAY};
    (void)state;
    assert_int_equal(civil_zone("Europe/Berlin", NULL), 0);
    struct site s = a_kitchen("a", 7, 1791669600000);
    struct weekly_site out = judge(&w43, &s, NULL, NULL, 0);
    assert_int_equal(civil_zone("Asia/Shanghai", NULL), 0);
    assert_int_equal(out.cleaning, CLEANING_DUE);
}

static void json_shape(void **state)
{
    (void)state;
    struct street street = a_street();
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct buf out = buf_growing();
    feed(d, &street, NULL);
    weekly_json(&out, weekly_draft_finish(d));
    /* python: 250/300, 45/(2*7*1440-15) */
    static const char *const parts[] = {
        "{\"week\":\"2026-W47\",\"from\":1794758400000,\"until\":1795363200000,\"revision\":1,\"behind\":[\"gw-2\","
        "\"gw-3\"],\"silent\":[],"
        "\"totals\":{\"sites\":7,\"catering\":4,\"installed\":3,\"installation_rate\":0.75,\"cleaning_required\":3,"
        "\"cleaned\":2,\"cleaning_rate\":0.6666666666666666,\"operating_rate\":0.8333333333333334,"
        "\"noise_exceedance_minutes\":25,\"fume_exceedance_minutes\":30,\"coverage\":",
        ",\"overdue_count\":1,\"worst\":{\"flag\":\"noise-limit\",\"site\":\"club\",\"device\":\"n1\",",
        "\"districts\":[{\"district\":\"yudu\",\"sites\":7,",
        "\"grids\":[{\"grid\":\"g1\",\"district\":\"yudu\",\"sites\":6,",
        /* g2 has the club alone: its worst window and its coverage are the club's */
        "{\"grid\":\"g2\",\"district\":\"yudu\",\"sites\":1,\"catering\":0,\"installed\":0,"
        "\"installation_rate\":null,\"cleaning_required\":0,\"cleaned\":0,\"cleaning_rate\":null,"
        "\"operating_rate\":null,\"noise_exceedance_minutes\":25,\"fume_exceedance_minutes\":0,"
        "\"coverage\":0.0022338049143708115,\"overdue_count\":0,\"worst\":{\"flag\":\"noise-limit\","
        "\"site\":\"club\",\"device\":\"n1\",\"from\":1794759000000,\"to\":1794759600000,\"judged\":67,"
        "\"limit\":50,\"unit\":\"dB(A)\"}}],"
        "\"sites\":[{\"site\":\"club\",\"name\":\"夜色KTV\",\"grid\":\"g2\","
        "\"closed\":null,\"installed\":null,"
        "\"cleaning\":{\"last\":null,\"due\":null,\"overdue_days\":0,\"state\":\"none\"},\"operating_rate\":null,"
        "\"noise_exceedance_minutes\":25,\"fume_exceedance_minutes\":0,\"worst\":{\"flag\":\"noise-limit\","
        "\"device\":\"n1\",\"from\":1794759000000,\"to\":1794759600000,\"judged\":67,\"limit\":50,\"unit\":\"dB(A)\"},"
        "\"coverage\":0.0022338049143708115,\"steps\":["
        "{\"case\":\"c1\",\"family\":\"noise\",\"step\":\"notice\",\"event\":\"proposed\",\"at\":1794758460000},"
        "{\"case\":\"c1\",\"family\":\"noise\",\"step\":\"notice\",\"event\":\"confirmed\",\"at\":1794758520000}],"
        "\"missing\":[{\"device\":\"n1\",\"from\":1794760800000,"
        "\"to\":1794761400000,\"reason\":\"timeout\"},{\"device\":\"n2\",\"from\":1795363199000,\"to\":1795363200000,"
        "\"reason\":\"power\"}]},{\"site\":\"cook-1\"",
        "\"cleaning\":{\"last\":1790006400000,\"due\":1795190400000,\"overdue_days\":1,\"state\":\"overdue\"}",
        "\"coverage\":null,\"steps\":[],\"missing\":[]}],\"overdue\":[\"cook-2\"]}\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(out.data, parts[i]))
            fail_msg("%s\nis not in\n%s", parts[i], out.data);
    }
    struct json *root = json_open(out.data, out.length, NULL); /* strict JSON as a whole */
    assert_non_null(root);
    json_close(root);
    buf_free(&out);
    weekly_draft_free(d);
}

static void any_order_gives_the_same_bytes(void **state)
{
    (void)state;
    struct street street = a_street();
    struct buf first = buf_growing();
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 50; round++) {
        struct weekly_draft *d = weekly_draft_new(&w47);
        struct buf out = buf_growing();
        feed(d, &street, round ? &seed : NULL);
        const struct weekly *w = weekly_draft_finish(d);
        weekly_json(&out, w);
        weekly_csv(&out, w);
        weekly_text(&out, w, false);
        weekly_html(&out, w);
        if (!round)
            buf_text(&first, out.data);
        assert_string_equal(first.data, out.data);
        buf_free(&out);
        weekly_draft_free(d);
    }
    buf_free(&first);
}

static void csv_is_safe_to_open(void **state)
{
    (void)state;
    struct site s = a_site("a", SITE_BAR, "g1");
    strcpy(s.name, "=HYPERLINK(\"http://x\")");
    strcpy(s.officer, "-王, \"甲\"");
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct buf out = buf_growing();
    weekly_draft_sink(d)->site(weekly_draft_sink(d)->ctx, &s);
    weekly_csv(&out, weekly_draft_finish(d));
    assert_memory_equal(out.data, "\xef\xbb\xbfweek,site,name,", 18);
    const char *row = strstr(out.data, "\r\n") + 2;
    assert_string_equal(row,
                        "2026-W47,\"a\",\"'=HYPERLINK(\"\"http://x\"\")\",\"g1\",\"'-王, \"\"甲\"\"\",,,,0,none,,0,0,"
                        ",,,,,,,,0\r\n");
    size_t heads = 1, cells = 1;
    for (const char *c = out.data; *c != '\r'; c++)
        heads += *c == ',';
    for (bool quoted = false; *row != '\r'; row++) {
        quoted ^= *row == '"';
        cells += *row == ',' && !quoted;
    }
    assert_int_equal(heads, cells);
    buf_free(&out);
    weekly_draft_free(d);
}

static void text_for_people(void **state)
{
    (void)state;
    struct street street = a_street();
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct buf out = buf_growing();
    feed(d, &street, NULL);
    weekly_text(&out, weekly_draft_finish(d), false);
    assert_non_null(strstr(out.data, "Weekly audit 2026-W47, 2026-11-16 to 2026-11-22, revision 1\n"));
    assert_non_null(strstr(out.data, "Purifier installed 75.0 % (3 of 4)"));
    assert_non_null(strstr(out.data, "Not final: the week is not yet delivered by gw-2 gw-3.\n"));
    /* 夜色KTV takes seven columns, like cook-1 and a space */
    assert_non_null(strstr(out.data, "\nclub           夜色KTV        g2"));
    assert_non_null(strstr(out.data, "\ncook-1         cook-1         g1"));
    assert_non_null(strstr(out.data, "67 > 50 dB(A), n1, 2026-11-16 00:10\n"));
    assert_non_null(strstr(out.data, "Cleaning overdue\n"));
    assert_non_null(strstr(out.data, "Missing data\n"));
    assert_null(strchr(out.data, '\x1b'));
    buf_free(&out);
    weekly_draft_free(d);
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct buf out = buf_growing();
    const struct weekly *w = weekly_draft_finish(d);
    weekly_json(&out, w);
    assert_non_null(strstr(out.data, "\"installation_rate\":null"));
    assert_non_null(strstr(out.data, "\"grids\":[],\"sites\":[],\"overdue\":[]}\n"));
    weekly_text(&out, w, true);
    weekly_csv(&out, w);
    weekly_html(&out, w);
    buf_clear(&out);
    assert_true(weekly_xlsx(&out, w));
    assert_memory_equal(out.data, "PK", 2);
    buf_free(&out);
    weekly_draft_free(d);
}

static void html_escapes_what_people_write(void **state)
{
    (void)state;
    struct site s = a_site("a", SITE_BAR, "g1");
    strcpy(s.name, "<script>&\"'\x01王");
    struct weekly_draft *d = weekly_draft_new(&w47);
    struct buf out = buf_growing();
    weekly_draft_sink(d)->site(weekly_draft_sink(d)->ctx, &s);
    weekly_html(&out, weekly_draft_finish(d));
    assert_non_null(strstr(out.data, "<td>&lt;script&gt;&amp;&quot;&#39;王</td>"));
    assert_null(strstr(out.data, "<script"));
    assert_null(strstr(out.data, "http:"));
    assert_null(strstr(out.data, "https:"));
    buf_free(&out);
    weekly_draft_free(d);
}

/* The same street, once through a ledger. */
static void read_out_of_a_ledger(void **state)
{
    (void)state;
    char dir[] = "/tmp/quietair-weekly-XXXXXX", command[64];
    assert_non_null(mkdtemp(dir));
    struct ledger *l;
    struct street s = a_street();
    assert_int_equal(ledger_open(&l, dir, LEDGER_WRITE, NULL), 0);
    const struct sink *to = ledger_sink(l);
    for (int i = 0; i < SITES; i++)
        to->site(to->ctx, &s.sites[i]);
    strcpy(s.cleaning.id, "c");
    to->cleaning(to->ctx, &s.cleaning);
    for (int i = 0; i < WINDOWS; i++) {
        to->window(to->ctx, &s.windows[i]);
        to->device(to->ctx, &(struct device_row){s.windows[i].site, s.windows[i].device, "gw", "p", "m", "", "", 1000});
    }
    for (int i = 0; i < USAGES; i++)
        to->usage(to->ctx, &s.usages[i]);
    for (int i = 0; i < MISSINGS; i++)
        to->missing(to->ctx, &s.missings[i]);
    for (int i = 0; i < GATEWAYS; i++)
        to->gateway(to->ctx, &s.gateways[i]);
    for (int i = 0; i < STEPS; i++)
        to->case_(to->ctx, &steps[i]);
    assert_int_equal(ledger_commit(l, 1, &(struct hash){{0}}, 1), 0);

    struct weekly_draft *direct = weekly_draft_new(&w47), *through = weekly_draft_new(&w47);
    struct buf expected = buf_growing(), out = buf_growing();
    /* what the ledger tells of meters: the first window of each device */
    s.meters[0].first = FROM - 5 * MIN;
    s.meters[2].first = FROM + 60 * MIN;
    s.meters[3].first = FROM;
    feed(direct, &s, NULL);
    weekly_json(&expected, weekly_draft_finish(direct));
    assert_int_equal(weekly_read(through, l, NULL), 0);
    weekly_json(&out, weekly_draft_finish(through));
    assert_string_equal(out.data, expected.data);
    buf_free(&expected);
    buf_free(&out);
    weekly_draft_free(direct);
    weekly_draft_free(through);
    ledger_close(l);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

/* ---- the workbook ------------------------------------------------------------------------------------------------ */

/* One file of a ZIP archive (APPNOTE.TXT 4.3.7: signature, 26 bytes, lengths of name and extra field), deflated. */
static char *unzipped(const struct buf *zip, const char *name)
{
    enum { HEADER = 30, ROOM = 1 << 20 };
    size_t length = strlen(name);
    for (size_t at = 0; at + HEADER + length < zip->length; at++) {
        const uint8_t *p = (const uint8_t *)zip->data + at;
        if (memcmp(p, "PK\3\4", 4) != 0 || p[26] + 256u * p[27] != length || memcmp(p + HEADER, name, length) != 0)
            continue;
        size_t skipped = HEADER + length + p[28] + 256u * p[29];
        char *text = calloc(1, ROOM);
        z_stream z = {.next_in = (Bytef *)(uintptr_t)(p + skipped),
                      .avail_in = (uInt)(zip->length - at - skipped),
                      .next_out = (Bytef *)text,
                      .avail_out = ROOM - 1};
        assert_int_equal(inflateInit2(&z, -15), Z_OK);
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        inflateEnd(&z);
        return text;
    }
    fail_msg("%s is not in the archive", name);
    return NULL;
}

/* The cells of the rows behind the headings as `a|b|c`, a row a line. */
static void expect_rows(const struct buf *book, const char *sheet, const char *expected)
{
    struct buf rows = buf_growing();
    char *text = unzipped(book, sheet), *at = strstr(text, "</row>");
    while (at && (at = strstr(at, "<row "))) {
        char *end = strstr(at, "</row>");
        const char *between = "";
        for (char *cell; (cell = strstr(at, "<c ")) && cell < end; at = cell + 1) {
            char *begin = strstr(cell, "<t>"), *number = strstr(cell, "<v>"), *close = strstr(cell, "</c>");
            char *value = begin && begin < close ? begin : number && number < close ? number : NULL;
            cell += 2;
            buf_text(&rows, between);
            if (value)
                buf_bytes(&rows, value + 3, strcspn(value + 3, "<"));
            between = "|";
        }
        buf_char(&rows, '\n');
        at = end;
    }
    assert_string_equal(rows.data, expected);
    buf_free(&rows);
    free(text);
}

/* Days since 1899-12-30, as in every spreadsheet: 2026-11-16 is 46342. */
static void workbook_of_a_street(void **state)
{
    (void)state;
    struct street street = a_street();
    struct weekly_draft *d = weekly_draft_new(&w47);
    feed(d, &street, NULL);
    struct buf book = buf_growing();
    assert_true(weekly_xlsx(&book, weekly_draft_finish(d)));
    expect_rows(&book, "xl/worksheets/sheet5.xml", /* 40 and 50 min of a day, a second before the week's end */
                "club|夜色KTV|g2|n1|46342.02777777778|46342.03472222222|10|无应答\n"
                "club|夜色KTV|g2|n2|46348.99998842592|46349|0.01666666666666667|断电\n"
                "cook-4|cook-4|g1|x|46342|46342.00002314815|0.03333333333333333|数据丢失\n");
    expect_rows(&book, "xl/worksheets/sheet6.xml", /* 1 and 2 min of a day */
                "club|夜色KTV|g2|c1|噪声|告知|系统提出|46342.00069444445\n"
                "club|夜色KTV|g2|c1|噪声|告知|已确认|46342.00138888889\n");
    buf_free(&book);
    weekly_draft_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_dates),
        cmocka_unit_test(what_counts_as_cleaned),
        cmocka_unit_test(interval_of_a_policy),
        cmocka_unit_test(interval_in_fan_hours),
        cmocka_unit_test(year_end_and_summer_time),
        cmocka_unit_test(figures_of_a_street),
        cmocka_unit_test(steps_of_a_closed_site),
        cmocka_unit_test(grace_over_summer_time),
        cmocka_unit_test(json_shape),
        cmocka_unit_test(any_order_gives_the_same_bytes),
        cmocka_unit_test(csv_is_safe_to_open),
        cmocka_unit_test(text_for_people),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(html_escapes_what_people_write),
        cmocka_unit_test(read_out_of_a_ledger),
        cmocka_unit_test(workbook_of_a_street),
    };
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
