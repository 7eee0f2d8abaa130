/* flag: raising and ending flags: the row, the alert and the point that tell of it, and what is retained of it.  Pure.
 *
 * A flag speaks to the grid in which its site lies now: name, grid and officer are of the version of the site that is
 * valid when the flag changes.  Its alert stays retained for a day after its end; when the site moves to another grid
 * the old topic is emptied and the flag told anew, as the next revision.
 *
 * A flag that speaks of a due instant (cleaning, installation, calibration) may come back with the same start long
 * after its end, when what ended it proves wrong: its number of revisions is remembered, so that it goes on with the
 * next.
 *
 * The id is the first 16 hex digits of SHA-256 of `flag|site|device|start`; where there is no device but a gateway, the
 * gateway stands for it.  Keys of the payload that mean nothing for a flag are null.
 */
#ifndef QUIETAIR_FLAG_H
#define QUIETAIR_FLAG_H

#include "collector/rules/background.h"
#include "collector/rules/rule.h"
#include "common/buf.h"

struct fold;
struct provision;
struct standard;

struct subject { /* what a flag is about; "" where there is none */
    enum flag_kind kind;
    const char *site, *device, *gateway;
};

struct claim {
    struct subject about;
    int64_t start; /* goes into the id: of the first window, else the due instant, else since */
    int64_t since;
    int64_t at;             /* when it became true: stream time or tick */
    double measured, limit; /* for the point; NAN: none */
    const char *detail;     /* members that explain it: `"window":…,…,"grade":"lead"` */
};

void flag_raise(struct fold *, const struct claim *); /* nothing of the same subject may be raised */
/* Ends it, if it is raised.  state: "cleared", or "withdrawn" (later data show that it never was). */
void flag_end(struct fold *, const struct subject *, const char *state, int64_t until, int64_t at);
/* The start of the flag if it is raised; else 0. */
int64_t flag_raised(const struct fold *, const struct subject *, int64_t *since);
/* Its id, if it is raised; else NULL. */
const char *flag_raised_id(const struct fold *, const struct subject *);
void flag_tick(struct fold *, int64_t now); /* topics that moved, and those whose day is over */

/* ---- the members that explain a flag ----------------------------------------------------------------------------- */

struct explanation {
    int64_t from, to;                         /* of the window; to 0: none */
    double coverage, measured, judged, limit; /* NAN: none */
    const char *unit;                         /* NULL: none */
    const struct standard *standard;          /* NULL: none */
    const struct provision *provision;        /* NULL: none */
    int noise_class;                          /* NOT_GIVEN */
    const char *band;                         /* NULL: none */
    const char *note;                         /* NULL: none; what else is to be known of the basis */
    struct correction correction;
    bool statutory;
};

void flag_explain(struct buf *, const struct explanation *);

struct site;
/* To begin with, for what is owed rather than measured: the duty that the site's fume standard has under the name of
 * this flag, as it stood at `at`; `note` where the standard has none. */
struct explanation flag_duty(const struct fold *, const struct site *, enum flag_kind, int64_t at, const char *note);

#endif
