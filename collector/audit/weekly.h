/* weekly: the weekly cleaning-compliance audit.  Pure: rows in, figures out; the same rows in any order give the same
 * bytes.  Feed a draft with everything the ledger knows (weekly_read.h does), then finish it.  A past week is judged by
 * what is known when the audit is made.
 *
 * - Sites: all of the register, in the version valid at the week's end, before the first version in the first.
 * - A site that was closed before the week is left out.  One closed within it stands in the list with what was measured
 *   until then, and counts in no rate and no number of sites: these speak of the week's end.
 * - Installation rate: catering sites with a purifier / catering sites.  Not known counts as none.
 * - Cleaning rate: sites whose last cleaning is within its interval at the week's end / sites with a purifier and an
 *   interval (collector/rules/interval.h).  A cleaning is an entry of kind `clean` that was not contradicted, in the
 *   ledger or as last_cleaned in the register.  The interval runs from it, or from the installation, or from the
 *   registration, as far as known.
 * - A site's state is `contradicted` while the newest cleaning that was entered is; overdue_days then tells whether it
 * is overdue as well.
 * - Operating rate (开机率): time fan and purifier on / time fan on, over covered time.
 * - Exceedance: union of a site's exceeding windows, noise and fume apart, as far as they lie in the week.
 * - Coverage: judged / expected window time of a site's noise and fume meters.  A meter is expected from the week's
 *   begin, or its first window ever, to the week's end, but not while nothing was cooked (windows not judged, `idle`).
 * - A gateway whose stream has not passed the week's end is behind: the audit is not final.  One that is offline
 * besides (gateway-offline is raised) is silent: nobody can say whether more will come, what its meters lack is missing
 * data, and the audit is final without it.  If it comes back it is behind until it has caught up.
 * - A rate without denominator is NAN: null in JSON, empty in CSV, else a dash.
 */
#ifndef QUIETAIR_WEEKLY_H
#define QUIETAIR_WEEKLY_H

#include "collector/rules/rule.h"
#include "collector/rules/standard.h"

#include <math.h>

struct weekly_settings {
    char week[9];              /* 2026-W47; of another span its name, 2026-Q3 */
    int64_t from, until;       /* of the week, see civil_week_parse */
    int revision;              /* of this audit, from 1; 0: not given yet */
    int64_t due_before, grace; /* [rules] cleaning_due_before, cleaning_grace, ms */
    /* Of kind cleaning, as [rules] standards names it; NULL: none.  Needed until the draft is finished. */
    struct standard *policy;
    const char *warning_wording; /* [rules]: how the second step is called; for the quarterly report */
};

struct weekly_figures { /* of a site, a grid, a district, or all */
    size_t sites, catering, installed, cleaning_required, cleaned;
    int64_t fan_ms, both_ms, noise_ms, fume_ms;
    int64_t judged_ms, expected_ms;
    size_t overdue; /* cleanings */
};

enum weekly_cleaning { CLEANING_OK, CLEANING_DUE, CLEANING_OVERDUE, CLEANING_NONE, CLEANING_CONTRADICTED };
extern const char *const weekly_cleaning_names[]; /* ok due overdue none contradicted */

struct weekly_worst { /* the window furthest over its limit, in energy (noise) or concentration (fume) */
    const char *flag; /* noise-limit or fume-limit; NULL: no window exceeded */
    const char *unit;
    char site[ID_SIZE], device[ID_SIZE];
    int64_t from, to;
    double judged, limit;
    double times; /* how many times the limit */
};

struct weekly_missing {
    char site[ID_SIZE], device[ID_SIZE], reason[32];
    int64_t from, to; /* within the week */
};

struct weekly_step { /* what happened to a case in the week */
    char site[ID_SIZE], id[17], family[16];
    char step[12];  /* notice warning penalty; none: before the first was confirmed */
    char event[12]; /* proposed confirmed served closed lapsed */
    int rev;
    int64_t at;
};

struct weekly_gateway { /* one that sites list at the week's end, whose stream has not passed that end */
    char gateway[ID_SIZE], district[ID_SIZE];
    int64_t newest_ts; /* of its stream; 0 none */
};

struct weekly_site {
    const struct site *site;
    struct weekly_figures figures;
    int64_t closed;    /* within the week; 0: it is not */
    int64_t last, due; /* cleaned at, and 00:00 of the due date; 0: none */
    int installed;     /* has a purifier at the week's end: 1, 0, NOT_GIVEN */
    int overdue_days;  /* 0: not overdue */
    enum weekly_cleaning cleaning;
    struct weekly_worst worst;
    const struct weekly_missing *missing; /* by device and time */
    size_t missing_count;
    const struct weekly_step *steps; /* by time */
    size_t step_count;
};

struct weekly_group { /* sites of a grid, or of a district (grid "") */
    char district[ID_SIZE], grid[ID_SIZE];
    struct weekly_figures figures;
    struct weekly_worst worst;
};

struct weekly {
    struct weekly_settings settings;
    struct weekly_figures totals;
    struct weekly_worst worst;
    const struct weekly_group *grids, *districts; /* by district and grid */
    size_t grid_count, district_count;
    const struct weekly_site *sites; /* by id */
    size_t site_count;
    size_t registered;                            /* sites that were in the register before the week's end */
    const struct weekly_gateway *behind, *silent; /* by id */
    size_t behind_count, silent_count;
};

struct weekly_draft;

struct weekly_draft *weekly_draft_new(const struct weekly_settings *);
void weekly_draft_free(struct weekly_draft *);
const struct weekly_settings *weekly_draft_settings(const struct weekly_draft *);

/* Takes sites (all versions, first), cleanings, windows, usage, missing, gateways, their flags, devices, revisions of
 * cases; what lies outside the week is left out. */
const struct sink *weekly_draft_sink(struct weekly_draft *);
/* A noise or fume meter, with the start of its first window ever. */
void weekly_draft_meter(struct weekly_draft *, const char *site, int64_t first_ms);
/* Usage is needed from this day on: the week's begin, or earlier for sites with an interval in hours.  After cleanings.
 */
int64_t weekly_draft_usage_from(struct weekly_draft *);

/* Is a gateway behind?  It is enough to have taken gateways, and where weekly_draft_unfinished says so sites and flags.
 */
bool weekly_draft_unfinished(const struct weekly_draft *);
bool weekly_draft_behind(struct weekly_draft *);

/* Belongs to the draft. */
const struct weekly *weekly_draft_finish(struct weekly_draft *);
/* The finished audit gets another revision. */
void weekly_draft_revise(struct weekly_draft *, int revision);

static inline double weekly_rate(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

/* ---- as JSON (other formats: formats.h) -------------------------------------------------------------------------- */

void weekly_json(struct buf *, const struct weekly *); /* one line */
/* Without the sites, as one object without a line's end: of all, and of one district. */
void weekly_summary(struct buf *, const struct weekly *);
void weekly_district_summary(struct buf *, const struct weekly *, const struct weekly_group *district);

#endif
