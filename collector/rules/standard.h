/* standard: one standard as data: its numbers, each with the clause that says so.  Pure.
 *
 *   [standard]                     document, title, source; kind = noise | fume | cleaning; binding = yes | no (no: it
 *                                  says what an area should be like, not what a premises may emit)
 *   [limit NAME]                   a number that must not be exceeded (efficiency: not fallen short of)
 *     quantity = laeq              with class = 0..4 4b (several: spaces), position = …, band = day | night; unit dB(A)
 *     quantity = fume              mg/m3; with size = small medium large (left out: any)
 *     quantity = efficiency        %; likewise
 *   [margin NAME]                  by how much LAFmax may exceed the limit of LAeq, dB(A); with position and band (left
 *                                  out: any); applies where [rules] peak_margin names it
 *   [correction NAME]              what is added to a level so near to its background, dB(A): value, for differences
 *                                  from least to most (left out: no end), rounded to an integer
 *   [reference NAME]               a number that the standard calculates or measures with: stove-airflow, m3/h; wind,
 *                                  m/s: from there on, and in rain, noise is not measured
 *   [duty FLAG]                    what must be done, where there is no number; named as the flag that it supports
 *   [interval NAME]                how often a purifier is cleaned: days, hours (of the fan), whichever come first;
 *                                  site_kind = …, size = … (left out: any); of several that apply the one that names
 *                                  the kind of site counts, then the one that names the size
 *   in all of them                 clause, valid_from, valid_to (first and last day in force, civil), confirmed = yes
 *                                  or no
 *
 * confirmed = yes: somebody has read this in the text of the document.  What is not confirmed is compared with all the
 * same, but never called statutory.
 */
#ifndef QUIETAIR_STANDARD_H
#define QUIETAIR_STANDARD_H

#include "common/conf.h"

enum standard_kind { STANDARD_NOISE, STANDARD_FUME, STANDARD_CLEANING };
enum quantity {
    QUANTITY_LAEQ,
    QUANTITY_FUME,
    QUANTITY_EFFICIENCY,
    QUANTITY_STOVE_AIRFLOW,
    QUANTITY_WIND,
    QUANTITY_MARGIN,
    QUANTITY_CORRECTION,
    QUANTITY_DUTY,
    QUANTITY_INTERVAL
};
enum band { BAND_DAY, BAND_NIGHT };
enum kitchen_size { SIZE_SMALL, SIZE_MEDIUM, SIZE_LARGE, SIZE_UNKNOWN };
extern const char *const band_names[]; /* day night */

struct provision {    /* one section; texts belong to the standard */
    const char *name; /* of the section */
    const char *clause, *unit;
    enum quantity quantity;
    unsigned classes, positions; /* bit n: applies to class n, to enum noise_position n; margin, 0: to all */
    unsigned sizes;              /* bit n: to enum kitchen_size n; 0: to all, known or not */
    unsigned site_kinds;         /* bit n: to enum site_kind n; 0: to all; of QUANTITY_INTERVAL */
    double days, hours;          /* of QUANTITY_INTERVAL; NAN: not given */
    int band;                    /* enum band; of QUANTITY_LAEQ; of QUANTITY_MARGIN also -1: both */
    int64_t least, most;         /* of QUANTITY_CORRECTION: differences, both included */
    double value;
    int64_t from, until; /* in force in [from, until) */
    bool confirmed;
};

struct standard {
    const char *id; /* of the file: gb22337-2008 */
    const char *document, *title, *source;
    enum standard_kind kind;
    bool binding;
    struct provision *provisions;
    size_t count;
    struct conf *conf;
};

/* Takes the conf over, whatever comes of it.  NULL: faults say why. */
struct standard *standard_open(const char *id, struct conf *, struct faults *);
void standard_close(struct standard *);

/* NULL: the standard says nothing about this. */
const struct provision *standard_noise_limit(const struct standard *, int noise_class, int position, enum band,
                                             int64_t at);
const struct provision *standard_fume_limit(const struct standard *, enum quantity, enum kitchen_size, int64_t at);
const struct provision *standard_duty(const struct standard *, const char *flag, int64_t at);
const struct provision *standard_stove_airflow(const struct standard *, int64_t at); /* m3/h per reference stove */
const struct provision *standard_wind(const struct standard *, int64_t at);          /* m/s */

const struct provision *standard_margin(const struct standard *, const char *name); /* in force or not */
bool margin_applies(const struct provision *, int position, enum band, int64_t at);

bool standard_has_limits(const struct standard *);           /* or intervals, at some time, for somebody */
bool standard_corrects(const struct standard *, int64_t at); /* for background noise */
/* The difference is an integer.  NULL: it is too small, or the standard does not correct. */
const struct provision *standard_correction(const struct standard *, double difference, int64_t at);
const struct provision *standard_interval(const struct standard *, int site_kind, enum kitchen_size, int64_t at);

/* GB 18483-2001, table 1, by reference stoves; NAN or less than one: unknown. */
enum kitchen_size kitchen_size_of(double stoves);

#endif
