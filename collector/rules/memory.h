/* memory: all that the fold remembers.  Private to collector/rules: rules work on it, fold.h hides it.
 *
 * Everything here is either saved as a piece of state or can be told from what is.  Nothing depends on addresses, on
 * the order of a hash or on when the last save was.
 */
#ifndef QUIETAIR_RULES_MEMORY_H
#define QUIETAIR_RULES_MEMORY_H

#include "collector/rules/audit.h"
#include "collector/rules/case.h"
#include "collector/rules/config.h"
#include "collector/rules/dating.h"
#include "collector/rules/defect.h"
#include "collector/rules/detect.h"
#include "collector/rules/draw.h"
#include "collector/rules/duct.h"
#include "collector/rules/fume.h"
#include "collector/rules/health.h"
#include "collector/rules/noise.h"
#include "collector/rules/purifier.h"
#include "collector/rules/rule.h"
#include "collector/rules/silence.h"
#include "collector/rules/store.h"
#include "collector/rules/stuck.h"
#include "collector/rules/twin.h"
#include "collector/rules/waiting.h"
#include "collector/rules/weather.h"
#include "common/frame.h"

/* ---- a site ------------------------------------------------------------------------------------------------------ */

struct place {
    struct item item; /* site/ID */
    char id[ID_SIZE];
    struct site *versions; /* by valid_from_ms, at least one */
    size_t count;
    int64_t imported_ms; /* first */
    int64_t cleaned_ms;  /* newest cleaning in the ledger that is settled: judged and not contradicted; 0 none */
    int64_t usage_from;  /* days before are complete and forgotten */

    /* not saved */
    struct device **devices; /* by id */
    size_t device_count;
    int64_t cleaning_check_ms; /* nothing about its cleaning can change before */
    int64_t fan_left_ms;       /* fan time until the next cleaning may be due by hours */
    int64_t install_check_ms;  /* nothing about its installation can change before */
};

/* ---- a device ---------------------------------------------------------------------------------------------------- */

enum metric {
    METRIC_LAEQ,
    METRIC_LA,
    METRIC_LAFMAX,
    METRIC_FUME,
    METRIC_FAN,
    METRIC_FAN_CURRENT,
    METRIC_PURIFIER,
    METRIC_PURIFIER_CURRENT,
    METRIC_AIRFLOW,
    METRIC_LAFMIN,
    METRIC_FUME_IN,
    METRIC_DP,
    METRIC_DOOR,
    METRIC_CLEAN,
    METRIC_WIND,
    METRIC_RAIN,
    METRICS
};

struct signal { /* a metric's newest value; holds in [from, until) */
    double value;
    int64_t from, until;
    int64_t interval_ms; /* between its readings; 0: the device's */
};

struct missing {
    int64_t from; /* 0: nothing is missing */
    int64_t told; /* up to here a row has left */
    char reason[REASON_SIZE];
};

struct device {
    struct item item; /* device/SITE/ID */
    char site[ID_SIZE], id[ID_SIZE], gateway[ID_SIZE];
    unsigned metrics; /* bit per enum metric */
    int64_t interval_ms;
    bool backward;         /* integration = interval */
    int64_t calibrated_ms; /* 0: no date given */
    int64_t now;           /* time of its stream; 0: no reading yet */
    struct signal signals[METRICS];
    struct missing missing;
    struct noise noise;
    struct fume fume;
    struct purifier purifier;
    struct silence silence;
    struct defect defect;
    struct stuck stuck;
    struct twin twin;
    struct detect detect;
    struct duct duct;

    /* not saved */
    struct place *place;
    struct rests *rests;          /* NULL: none yet */
    int64_t calibration_check_ms; /* nothing about its calibration can change before */
};

/* ---- a gateway --------------------------------------------------------------------------------------------------- */

enum { EPOCHS_KNOWN = 16 };

struct gateway {
    struct item item; /* gateway/ID */
    char id[ID_SIZE], district[ID_SIZE];
    int64_t newest_ts; /* of its stream */
    int64_t heard_ms;
    uint64_t seq;
    bool opening; /* of a new epoch nothing has come yet that tells a time */
    bool offline;
    struct passage passage;
    struct dating dating;
    size_t epoch_count;
    char epochs[EPOCHS_KNOWN][EPOCH_SIZE]; /* the present one first */

    /* not saved */
    struct device **devices;
    size_t device_count, device_capacity;
};

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

enum { PAST_FLAGS = 4 };
#define FLAG_FORGOTTEN INT64_MAX

struct flag {         /* raised, or ended less than a day ago; those of a due instant stay */
    struct item item; /* flag/NAME/SITE or -/DEVICE, GATEWAY or - */
    enum flag_kind kind;
    char id[17];
    int rev;
    char site[ID_SIZE], device[ID_SIZE], gateway[ID_SIZE];
    int64_t start, since;
    double measured, limit; /* NAN: none */
    char *detail;           /* JSON members that explain it */
    char *topic;            /* where its present state is retained */
    int64_t forget_ms;      /* 0: raised; FLAG_FORGOTTEN: only its revisions are remembered */
    struct {
        int64_t start, rev; /* of earlier due instants, the newest first; start 0: none */
    } past[PAST_FLAGS];
};

struct usage {        /* of one site on one day */
    struct item item; /* usage/SITE/MS */
    char site[ID_SIZE];
    int64_t day, end; /* 00:00 local, and of the next day */
    int64_t covered_ms, fan_ms, both_ms;
    bool untold; /* changed since its row left */
};

struct watch {
    struct item item; /* watch */
    int64_t now;      /* newest tick; 0 none */
    bool link_up;     /* our own link to the broker */
    int64_t link_ms;  /* since then */
};

struct fold {
    struct rules_config config;
    struct item config_item; /* config */
    struct watch watch;
    struct store places, devices, gateways, flags, usage, weathers, waits, books, rests, cases, entries, audits, draws;
    struct changes changes;

    /* of a replay: every version that any record of the journal gives, by id and moment; NULL: as the records come */
    const struct site *hindsight;
    size_t hindsight_count;

    /* while a record is being folded */
    const struct sink *sink;
    int64_t time; /* of the record: receipt, or the newest tick where only ticks tell the time */
    int64_t receipt_ms;
    bool left;
};

/* The sink for one call; notes that something leaves. */
const struct sink *fold_out(struct fold *);

struct place *place_find(const struct fold *, const char *site);
struct place *place_get(struct fold *, const char *site);      /* made if it is not there */
const struct site *place_at(const struct place *, int64_t at); /* the version valid then, or the first */
int place_night(const struct fold *, const struct place *,
                int64_t at);                         /* when its night begins, minutes after midnight */
bool place_closed(const struct place *, int64_t at); /* the site is no more */
struct device *device_find(const struct fold *, const char *site, const char *device);
struct device *device_get(struct fold *, struct place *, const char *device);
struct gateway *gateway_find(const struct fold *, const char *gateway);
struct gateway *gateway_get(struct fold *, const char *gateway);
void device_join(struct fold *, struct device *, struct gateway *); /* this gateway reports it from now on */

void touch(struct fold *, struct item *);

bool device_has(const struct device *, enum metric);
int64_t device_interval(const struct device *, enum metric); /* between its readings of this metric */
int64_t device_reach(const struct device *, enum metric); /* how long a value holds: one and a half of its intervals */
bool signal_holds(const struct signal *, int64_t at);

#endif
