/* collector_private: what the files of the collector's main thread share.
 *
 * collector.c runs the loop and the life of everything, collector_broker.c takes what the broker brings,
 * collector_request.c what the control socket brings, collector_repair.c journals again what has got its time,
 * collector_status.c tells how it goes, collector_retention.c deletes what is old, and
 * collector_skip.c records what lines missed by that.
 */
#ifndef QUIETAIR_COLLECTOR_PRIVATE_H
#define QUIETAIR_COLLECTOR_PRIVATE_H

#include "collector/acks.h"
#include "collector/auditor.h"
#include "collector/clerk.h"
#include "collector/collector.h"
#include "collector/control.h"
#include "collector/intake.h"
#include "collector/ledger/ledger.h"
#include "collector/output/alerts.h"
#include "collector/output/live.h"
#include "collector/output/writer.h"
#include "collector/refusal.h"
#include "common/journal.h"
#include "common/said.h"

enum { TOPIC = 320 };

struct waiting {          /* a request that is answered once the fold has passed what stands at seq */
    uint64_t ticket, seq; /* ticket 0: who asked has gone with a former life of the collector */
    char request[64];
    bool command;   /* the fold has the answer */
    bool complaint; /* its identity goes when it is refused */
    bool audits;    /* of a tick: what it makes due is issued first */
};

struct collector {
    const struct collector_settings *set;
    int lock; /* on state_dir: two on one journal would write over each other's records */
    struct journal *journal;
    uint64_t unreadable; /* of its records, at this start */
    struct intake *intake;
    struct clerk *clerk;
    struct auditor *auditor;
    struct writer *writer; /* NULL: no [influx] */
    struct alerts *alerts;
    struct control *control;
    struct mqtt *mqtt;
    struct ledger *ledger; /* read only: answers to commands */
    int bell;
    struct acks *acks;
    struct journal_reader *rules_lag, *lines_lag; /* stand where those readers stand */
    struct journal_reader *held;                  /* reads frames again */
    struct waiting *waiting;
    size_t waiting_count;
    uint64_t verdicts[INTAKE_VERDICTS];
    uint64_t refused[REFUSALS];
    struct live_refused live_refused;
    struct buf record;
    bool unsynced, link_up, failed;
    struct said said; /* what went wrong with the broker since it went well */
    struct retention_state *retention;
    uint64_t skipped, skip_to; /* records that lines passed over, and up to which one that is on record */
    int64_t tick_at, status_at, notify_at;
    int64_t tick;      /* the newest, ms; 0: none yet */
    uint64_t tick_seq; /* where it stands in the journal */
};

/* collector.c: a record more; not durable before the group commit. */
uint64_t append(struct collector *, const char *bytes, size_t length);
uint64_t append_record(struct collector *, enum record_kind, const char *body, size_t length);
void append_words(struct collector *, enum record_kind, const char *words);
void append_tick(struct collector *, int64_t now);

/* collector_broker.c: events of the link to the broker; ctx is the collector. */
void on_message(void *ctx, const char *topic, const void *payload, size_t length, bool retained);
void on_connected(void *ctx);
void on_disconnected(void *ctx, const char *why);
void on_acked(void *ctx, int mid, int reason);
void on_denied(void *ctx, const char *why);

/* collector_repair.c: what is owed of that, or a good part of it. */
void repairs_pay(struct collector *);

/* collector_retention.c.  begin: the intake as it was before the journal's first record, to be brought up to date by
 * the records behind *from; the journal is open. */
struct intake *retention_begin(struct collector *, uint64_t *from);
void retention_step(struct collector *);
void retention_put(const struct collector *, struct buf *); /* members of the status's `journal` */
void retention_end(struct collector *);

/* collector_skip.c: before and after the group commit */
void skips_record(struct collector *);
void skips_recorded(struct collector *);
uint64_t skip_read(const struct record *, uint64_t *to); /* how many a `skip` tells of, *to raised; of another: 0 */

/* collector_status.c */
void status_put(struct collector *, struct buf *, bool gateways);
void status_topic(const struct collector *, char out[static TOPIC]);
void status_say(struct collector *);

/* collector_request.c */
void on_request(void *ctx, uint64_t ticket, const struct json *request, const char *text, size_t length);
bool ledger_readable(struct collector *);                                   /* c->ledger is open */
bool ledger_answered(struct collector *, const char *id, struct buf *said); /* the fold's answer, if it has given one */
uint64_t append_command(struct collector *, const char *text, size_t length);
void answer_waiting(struct collector *);
void see_command(struct collector *, const struct record *, uint64_t seq); /* of a former life: is it a command? */

#endif
