/* health: what is judged of meters rather than of what they measure: where it hangs on the stream.  Pure.
 *
 * The time of a gateway's stream is its newest ts.  A gateway whose only meter is left out tells no time any more: then
 * each empty frame passes the time since the frame before it was received, at most 90 s of it (such a gateway sends one
 * a minute), and less the faster a backlog comes.
 */
#ifndef QUIETAIR_HEALTH_H
#define QUIETAIR_HEALTH_H

#include "collector/rules/pack.h"

struct device;
struct fold;
struct frame;
struct gateway;
struct reading;

struct passage {        /* of a gateway's stream */
    bool lost;          /* frames are lost: from its newest ts to the next told, nothing is known */
    int64_t frame_ms;   /* receipt of its newest frame; 0 none */
    int64_t idle_ms;    /* passed in empty frames ... */
    int64_t idle_after; /* ... since this newest ts */

    /* not saved */
    int64_t check_ms; /* before this moment of the stream none of its devices can become silent */
};

/* ---- called by the stream ---------------------------------------------------------------------------------------- */

void health_frame(struct fold *, struct gateway *, const struct frame *); /* any, before it is taken */
void health_told(struct fold *, struct gateway *, int64_t ts);            /* a reading tells this time */
void health_reading(struct fold *, struct gateway *, struct device *, const struct reading *);
void health_refused(struct fold *, struct device *); /* its gateway may no longer report for it */
void health_judge(struct fold *, struct gateway *);  /* a frame of readings has been taken */
/* Nothing is known of any of its devices in [from, until). */
void health_blind(struct fold *, struct gateway *, int64_t from, int64_t until);
void health_lost(struct fold *, struct gateway *);
void health_reset(struct fold *, struct gateway *); /* its list of devices begins anew */
void health_listed(struct fold *, struct gateway *, struct device *);
void health_settings(struct fold *); /* others are in force */

void passage_pack(struct pack *, struct passage *);

/* ---- for the rules ----------------------------------------------------------------------------------------------- */

/* For how long a reading holds at most: one and a half intervals. */
int64_t health_reach(const struct device *);
/* What explains a flag about a meter: nothing measured, no basis; `hours` at since; `reason`, null where it is "". */
void health_explain(struct buf *, const struct device *, int64_t since, const char *reason);

#endif
