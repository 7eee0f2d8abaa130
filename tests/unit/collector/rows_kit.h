/* rows_kit: rows of the ledger in which all that a test does not care for is not given, for the tests of ledger and
 * audits. */
#ifndef QUIETAIR_ROWS_KIT_H
#define QUIETAIR_ROWS_KIT_H

#include "collector/rules/rule.h"
#include "collector/site.h"

#include <math.h>
#include <string.h>

#define MIN 60000
#define DAY 86400000LL

/* Its name is its id.  Noise class 2, in yudu; neither a purifier nor a place is known. */
static inline struct site row_site(const char *id, enum site_kind kind, const char *grid, int64_t valid_from)
{
    struct site s = {.kind = kind,
                     .lon = NAN,
                     .lat = NAN,
                     .noise_class = 2,
                     .background_day = NAN,
                     .background_night = NAN,
                     .night_start = NOT_GIVEN,
                     .stoves = NAN,
                     .airflow = NAN,
                     .purifier = NOT_GIVEN,
                     .cleaning_days = NAN,
                     .cleaning_hours = NAN,
                     .district = "yudu",
                     .valid_from_ms = valid_from,
                     .imported_ms = valid_from};
    strcpy(s.id, id);
    strcpy(s.name, id);
    strcpy(s.grid, grid);
    return s;
}

/* Covered whole and in grid g1; measured is what is judged. */
static inline struct window_row row_window(const char *site, const char *device, const char *rule, int64_t from,
                                           int64_t to, enum outcome outcome, double judged, double limit)
{
    return (struct window_row){.site = site,
                               .district = "yudu",
                               .grid = "g1",
                               .device = device,
                               .rule = rule,
                               .from = from,
                               .to = to,
                               .outcome = outcome,
                               .reason = "",
                               .coverage = 1,
                               .measured = judged,
                               .judged = judged,
                               .limit = limit,
                               .l5 = NAN,
                               .l10 = NAN,
                               .l50 = NAN,
                               .l90 = NAN,
                               .l95 = NAN,
                               .lafmax = NAN,
                               .lafmin = NAN,
                               .sd = NAN,
                               .statutory = true};
}

#endif
