/* rule: the contract between the fold (pure) and what keeps its results.
 *
 * fold.h takes the records of the collector's journal one after the other and says, through a struct sink, what leaves
 * the fold.  It reads nothing else: no clock, no file, no database.  The same records give the same calls with the same
 * contents.  The ledger implements the sink inside one transaction; tests implement it in ten lines.
 */
#ifndef QUIETAIR_RULE_H
#define QUIETAIR_RULE_H

#include "collector/site.h"
#include "common/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag_kind {
    FLAG_NOISE_LIMIT,
    FLAG_NOISE_PEAK,
    FLAG_FUME_LIMIT,
    FLAG_FUME_EFFICIENCY,
    FLAG_PURIFIER_OFF,
    FLAG_DUCT_BLOCKED,
    FLAG_CLEANING_DUE,
    FLAG_CLEANING_OVERDUE,
    FLAG_CLEANING_UNVERIFIED,
    FLAG_INSTALL_OVERDUE,
    FLAG_DEVICE_SILENT,
    FLAG_DEVICE_FAULT,
    FLAG_DEVICE_STUCK,
    FLAG_GATEWAY_OFFLINE,
    FLAG_CALIBRATION_DUE,
    FLAG_FUME_NEAR,
    FLAG_KINDS
};
extern const char *const flag_names[]; /* "noise-limit" … ends with NULL; in fold.c */

/* One state of one flag.  `body` is the alert payload without published and late. */
struct flag_row {
    char id[17];
    int rev;
    enum flag_kind flag;
    const char *state;                                     /* raised cleared withdrawn */
    const char *site, *district, *grid, *device, *gateway; /* "" where absent */
    int64_t since, until;                                  /* until 0: still on */
    int64_t at;                                            /* stream or tick time at which the state changed */
    const char *body;
};

enum outcome { OUTCOME_COMPLIANT, OUTCOME_EXCEEDS, OUTCOME_NOT_JUDGED };
extern const char *const outcome_names[]; /* "compliant" … ends with NULL; in fold.c */

extern const char *const window_rules[]; /* under which windows are judged: "noise" "fume"; ends with NULL; in fold.c */

/* One closed window of one device. */
struct window_row {
    const char *site, *district, *grid, *device;
    const char *rule; /* noise fume fume_run efficiency */
    int64_t from, to;
    enum outcome outcome;
    const char *reason;             /* of not judged: noise_judge.h and fume.h name them; "" else */
    double coverage;                /* 0..1 */
    double measured, judged, limit; /* NAN where there is none */
    double l5, l10, l50, l90, l95;  /* noise only, else NAN; so are the following */
    double lafmax, lafmin, sd;
    bool statutory;
};

/* The levels of one device on one local day. */
struct noise_day_row {
    const char *site, *device;
    int64_t day;                         /* 00:00 local, ms */
    double ld, ln, ldn;                  /* dB(A), one decimal; NAN: nothing was measured */
    double day_coverage, night_coverage; /* 0..1, of the day's and the night's hours of this day */
};

/* Running totals of one site's fan and purifier on one local day. */
struct usage_row {
    const char *site;
    int64_t day; /* 00:00 local, ms */
    int64_t covered_ms, fan_ms, both_ms;
};

/* Time of a device for which there are no readings. */
struct missing_row {
    const char *site, *device;
    int64_t from, to;
    const char *reason; /* of a gap (killed power stopped lost), lost, epoch, or of an error reading (timeout …) */
};

struct device_row { /* as its gateway's newest hello says */
    const char *site, *device, *gateway, *profile, *measurement, *serial, *calibrated;
    int64_t interval_ms;
};

struct gateway_row { /* handed over by fold_save, as of then */
    const char *gateway, *district, *epoch;
    uint64_t seq;
    int64_t newest_ts; /* of its stream: newest reading, error reading, or end of a gap; 0 none */
    int64_t heard_ms;  /* receipt of its newest frame or `online` */
};

struct cleaning_row {
    char id[17];                                                    /* from content and request id */
    const char *site, *kind, *by, *provider, *note, *actor, *state; /* state: ok, late */
    const char *verdict;  /* "" pending (for kinds other than clean: none), confirmed unconfirmed contradicted */
    const char *evidence; /* for the verdict: one JSON object */
    const char *photos;   /* JSON list of file names, SHA-256 and suffix, in the state folder's photos/ */
    int64_t cleaned_at, entered_at;
};

/* One revision of a case.  `body` is the payload of its topic. */
struct case_row {
    char id[17];
    int rev;
    const char *family, *site, *district, *grid;
    const char *state;    /* open closed lapsed */
    const char *event;    /* what made this revision: incident proposed confirmed dismissed served closed … */
    const char *step;     /* the highest confirmed: none notice warning penalty */
    const char *proposed; /* the step that awaits an officer; "" none */
    int incidents;
    int64_t since; /* start of the first incident */
    int64_t at;    /* when the event happened, as the fold tells the time */
    const char *body;
};

/* What people enter and the system issues, other than sites and cleanings: one revision of one entry. */
struct entry_row {
    const char *kind; /* measurement inspection complaint draw audit … */
    char id[17];
    int rev;
    const char *site;  /* "" none */
    const char *state; /* as its kind says; "" none */
    const char *actor;
    int64_t at;         /* what it speaks of */
    int64_t entered_at; /* when it came in */
    const char *body;   /* one JSON object */
};

struct sink {
    void *ctx;
    void (*flag)(void *ctx, const struct flag_row *);           /* insert, or the next rev of the same id */
    void (*window)(void *ctx, const struct window_row *);       /* same (site, device, rule, from) again: replaced */
    void (*noise_day)(void *ctx, const struct noise_day_row *); /* same (site, device, day) again: replaced */
    void (*usage)(void *ctx, const struct usage_row *);         /* same (site, day) again: replaced */
    void (*missing)(void *ctx, const struct missing_row *);     /* same (site, device, from) again: replaced */
    void (*device)(void *ctx, const struct device_row *);       /* same (site, device) again: replaced */
    void (*gateway)(void *ctx, const struct gateway_row *);     /* same gateway again: replaced */
    void (*site)(void *ctx, const struct site *);               /* a version: same (id, valid_from) again: replaced */
    void (*cleaning)(void *ctx, const struct cleaning_row *);   /* same id again: replaced */
    void (*case_)(void *ctx, const struct case_row *);          /* the next rev of the same id, or its first */
    void (*entry)(void *ctx, const struct entry_row *);         /* likewise */
    /* To be published: topic below the root; NULL payload: empty the topic.  at: the time it became true (for `late`).
     */
    void (*alert)(void *ctx, const char *topic, const char *payload, int64_t at);
    /* A line-protocol line for the outbox (flag and window points), without newline. */
    void (*line)(void *ctx, const char *line);
    /* The answer to a command, by its request id; JSON object {"ok":true,…} or {"ok":false,"error":"…"}. */
    void (*answer)(void *ctx, const char *request, const char *json);
    /* fold_save: one piece of the fold's memory; length 0: forget this key. */
    void (*state)(void *ctx, const char *key, const void *bytes, size_t length);
};

#endif
