/* quarterly: the figures of the bureau's quarterly report, and its two paragraphs.  Pure.
 *
 * A figure is a number, or it cannot be known, and then it says why: nobody has ever entered a thing of that kind, or a
 * rate has nothing to be a part of.  Rates, minutes and cleanings are those of the weekly audit (weekly.h), over the
 * quarter; what people entered is counted by the day it speaks of; steps are counted by the day they were confirmed.
 */
#ifndef QUIETAIR_QUARTERLY_H
#define QUIETAIR_QUARTERLY_H

#include "collector/audit/weekly.h"

enum figure {
    FIGURE_NOISE_SITES,
    FIGURE_NOISE_METERS,
    FIGURE_NOISE_MEASUREMENTS,
    FIGURE_NOISE_MEASURED_SITES,
    FIGURE_NOISE_MEASURED_EXCEEDING,
    FIGURE_NOISE_EXCEEDING_SITES,
    FIGURE_NOISE_MINUTES,
    FIGURE_NOISE_NOTICES,
    FIGURE_NOISE_WARNINGS,
    FIGURE_NOISE_PENALTIES,
    FIGURE_NOISE_CLOSED,
    FIGURE_NOISE_COMPLAINTS,
    FIGURE_NOISE_COMPLAINTS_CLOSED,
    FIGURE_CATERING,
    FIGURE_RESTAURANTS,
    FIGURE_BREAKFASTS,
    FIGURE_BARBECUES,
    FIGURE_CANTEENS,
    FIGURE_INSPECTIONS,
    FIGURE_INSPECTED_SITES,
    FIGURE_INSPECTED_FAULTS,
    FIGURE_INSTALLED,
    FIGURE_INSTALLATION_RATE,
    FIGURE_NOT_INSTALLED,
    FIGURE_INSTALL_DEADLINES,
    FIGURE_INSTALL_OVERDUE,
    FIGURE_CLEANING_REQUIRED,
    FIGURE_CLEANED,
    FIGURE_CLEANING_RATE,
    FIGURE_CLEANING_OVERDUE,
    FIGURE_OPERATING_RATE,
    FIGURE_FUME_METERS,
    FIGURE_FUME_MEASUREMENTS,
    FIGURE_FUME_MEASURED_EXCEEDING,
    FIGURE_FUME_EXCEEDING_SITES,
    FIGURE_FUME_MINUTES,
    FIGURE_FUME_NOTICES,
    FIGURE_FUME_WARNINGS,
    FIGURE_FUME_PENALTIES,
    FIGURE_FUME_CLOSED,
    FIGURE_FUME_COMPLAINTS,
    FIGURE_FUME_COMPLAINTS_CLOSED,
    FIGURES
};
extern const char *const figure_names[]; /* "noise_sites" …; ends with NULL */

enum unknown { KNOWN, UNKNOWN_NOT_ENTERED, UNKNOWN_NO_SITES, UNKNOWN_NO_METERS, UNKNOWN_NO_USAGE, UNKNOWNS };

struct quarterly {
    char quarter[8];               /* 2026-Q3 */
    int64_t from, until;           /* of the quarter */
    int64_t as_of;                 /* `until`, or earlier: the quarter has not ended */
    double values[FIGURES];        /* rates 0..1; NAN: not known */
    enum unknown unknown[FIGURES]; /* why */
    const struct weekly *audit;    /* over the quarter */
};

bool quarter_parse(const char *text, int64_t *from, int64_t *until); /* 2026-Q3 */
void quarter_before(int64_t now, char out[static 8]);                /* the last that has ended */

/* Takes entries (measurement, inspection, complaint) and revisions of cases; the audit is finished. */
struct quarterly_draft;
struct quarterly_draft *quarterly_draft_new(const char *quarter, const struct weekly *audit);
void quarterly_draft_free(struct quarterly_draft *);
const struct sink *quarterly_draft_sink(struct quarterly_draft *);
void quarterly_draft_meter(struct quarterly_draft *, bool noise); /* one that has ever had a window before the end */
const struct quarterly *quarterly_draft_finish(struct quarterly_draft *); /* belongs to the draft */

enum report_language { REPORT_ZH, REPORT_EN };
void quarterly_text(struct buf *, const struct quarterly *, enum report_language);
void quarterly_json(struct buf *, const struct quarterly *); /* one line */

#endif
