/* case: enforcement cases: per site and family three steps, notice, warning, penalty (case_state.h), and the incidents
 * they rest on (incident.h).  Pure.
 *
 * The first incident opens a case and proposes the notice.  A further step is proposed by an incident that begins after
 * the deadline of the former one; incidents before that are counted and listed.  A case without an incident for
 * `lookback`, with all its deadlines passed, lapses; an officer can close one.  The next incident opens a new case.
 * Each event makes a revision: a row, and the payload retained under <district>/case/<grid>/<site>/<case>, emptied a
 * day after the case has ended.  Nothing is edited.
 *
 * The id is the first 16 hex digits of SHA-256 of `case|family|site|start of the first incident in ms`.
 */
#ifndef QUIETAIR_RULES_CASE_H
#define QUIETAIR_RULES_CASE_H

#include "collector/rules/case_state.h"
#include "collector/rules/incident.h"
#include "collector/rules/store.h"

struct place;

enum case_family { FAMILY_NOISE, FAMILY_FUME, FAMILY_PURIFIER, FAMILY_CLEANING, FAMILY_INSTALL, FAMILIES };
extern const char *const family_names[]; /* ends with NULL */
enum { NO_FAMILY = -1 };

enum { INCIDENTS_KEPT = 50, NAME_BYTES = 64 };

struct stage { /* one step of a case; 0: not yet */
    int64_t proposed, confirmed, served;
    int64_t told; /* of a penalty: facts, reasons and rights were notified (Administrative Penalty Law, art. 44) */
    int64_t due;  /* last moment of the deadline that the service began */
    char confirmed_by[NAME_BYTES], served_by[NAME_BYTES], method[NAME_BYTES];
};

struct casefile {     /* the newest case of a site and family: open, or ended less than a day ago */
    struct item item; /* case/FAMILY/SITE */
    enum case_family family;
    char site[ID_SIZE], id[17];
    int rev;
    enum case_state state;
    enum step step; /* the highest confirmed */
    struct stage stages[STEPS];
    int64_t since;      /* start of the first incident */
    int64_t ripe;       /* incidents that begin after may propose a step */
    int64_t penalised;  /* when a former penalty of this case was served; 0 never */
    int64_t last;       /* end of the newest exceedance */
    int64_t ended;      /* 0: open */
    int overdue;        /* bit per enum deadline_kind: was told to be overdue */
    int incident_count; /* all */
    size_t kept;        /* the newest of them, by period */
    struct incident *incidents;
    bool untold; /* an incident has grown since it was told */
    char *topic;

    /* not saved */
    int64_t check_ms; /* by itself nothing changes before */
};

int case_family_of(enum flag_kind); /* enum case_family or NO_FAMILY */
/* The newest case; NULL: none, or long ended. */
struct casefile *case_find(const struct fold *, enum case_family, const char *site);
struct casefile *case_by_id(const struct fold *, const char *id);

/* For incident.c.  A new case instead of one that has ended. */
struct casefile *case_begin(struct fold *, enum case_family, const char *site, int64_t since);
void case_counted(struct fold *, struct casefile *, const struct incident *); /* one more */
void case_uncounted(struct fold *, struct casefile *);                        /* one was taken back */
void case_pass(struct fold *, struct casefile *, int64_t at);                 /* the time is at least this */

/* What officers do; by, note: for the revision.  False: it does not fit the state, and nothing happened. */
bool case_act(struct fold *, struct casefile *, enum case_event, const char *by, const char *note);
/* Served, or (while a penalty is proposed) notified; the state must allow it. */
void case_served(struct fold *, struct casefile *, int64_t at, const char *by, const char *method, const char *actor);
void case_evidence(struct fold *, enum case_family, const char *site, const char *actor); /* some was entered */

/* `,"case":ID,"step":…` of a flag, where there is a case. */
void case_put_reference(struct buf *, const struct fold *, enum flag_kind, const char *site);

void case_changed(struct fold *, const struct place *); /* its register changed */
void case_recheck(struct fold *);                       /* the configuration changed */
void case_tick(struct fold *, int64_t now);

struct item *case_make(struct fold *, const char *key); /* NULL: no such key */
void case_pack(struct pack *, struct casefile *);
void case_free(struct item *);

#endif
