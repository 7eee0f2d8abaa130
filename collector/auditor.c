#include "collector/auditor.h"
#include "collector/audit/audit.h"
#include "collector/audit/weekly_read.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watched { /* a week that is kept up to date */
    char week[9];
    struct issue_check last;
};

struct request {
    char id[ISSUE_ID];
    struct buf args;
};

struct auditor {
    const struct collector_settings *set;
    struct weekly_settings rules; /* without a week */
    int bell, own_bell;
    pthread_t thread;
    atomic_bool stopping;
    struct watched watched[ISSUE_WEEKS]; /* the thread's */

    pthread_mutex_t lock; /* for what follows */
    int64_t tick;         /* 0: none that has not been looked at */
    uint64_t tick_seq;
    uint64_t looked_seq; /* of the newest tick that was */
    bool awake;          /* the tick is committed: look */
    struct request waiting[ISSUE_WEEKS];
    size_t waiting_count;
    char handed[ISSUE_ID];
};

/* ---- the thread -------------------------------------------------------------------------------------------------- */

static struct issue_check *check_of(struct auditor *a, const char *week, int back)
{
    for (size_t i = 0; i < ISSUE_WEEKS; i++) {
        if (strcmp(a->watched[i].week, week) == 0)
            return &a->watched[i].last;
    }
    struct watched *w = &a->watched[back];
    if (back == 0) /* a new week: the others grow older */
        memmove(a->watched + 1, a->watched, (ISSUE_WEEKS - 1) * sizeof *a->watched);
    *w = (struct watched){0};
    snprintf(w->week, sizeof w->week, "%s", week);
    return &w->last;
}

static void ask(struct auditor *a, const struct audit *audit)
{
    struct request r = {.args = buf_growing()};
    issue_request_id(audit->week, audit->sha256, r.id);
    issue_request(&r.args, audit->week, audit->sha256);
    pthread_mutex_lock(&a->lock);
    bool room = a->waiting_count < ISSUE_WEEKS;
    if (room)
        a->waiting[a->waiting_count++] = r;
    pthread_mutex_unlock(&a->lock);
    if (!room) /* the next tick will find it due again */
        buf_free(&r.args);
    bell_ring(a->bell);
}

/* The audit itself: as long as it takes. */
static int compute(struct auditor *a, struct ledger *l, const struct weekly_settings *set, struct issue_check *last)
{
    struct audit audit;
    int64_t began = clock_mono_ms();
    int code = audit_read(&audit, l, set, &a->stopping);
    last->took = a->set->clock == COLLECTOR_CLOCK_WALL ? clock_mono_ms() - began : 0;
    if (!code && audit.week->registered && audit.week->settings.revision != audit.issued.revision)
        ask(a, &audit);
    audit_free(&audit);
    return code;
}

static int look(struct auditor *a, struct ledger *l, int64_t now, int back)
{
    struct weekly_settings set = a->rules;
    struct issued issued;
    struct hash head;
    uint64_t seq = 0;
    int version;
    bool behind;
    issue_week(now, a->set->audit_after, back, &set);
    struct issue_check *last = check_of(a, set.week, back);
    int code = audit_issued(l, &set, &issued);
    if (!code)
        code = weekly_read_behind(&set, l, &behind);
    if (code || !ledger_position(l, &seq, &head, &version) || !issue_is_due(&issued, last, behind, seq, now))
        return code;
    last->seq = seq;
    last->at = now;
    return compute(a, l, &set, last);
}

static void look_at_all(struct auditor *a, int64_t now)
{
    struct ledger *l;
    struct fault f = {0};
    int code = ledger_open(&l, a->set->state_dir, LEDGER_READ, &f);
    if (code) {
        if (code != ERR_MISSING)
            log_warn("audit", "the ledger cannot be read: %s", f.text);
        return;
    }
    code = ledger_freeze(l);
    for (int back = 0; !code && back < ISSUE_WEEKS && !a->stopping; back++)
        code = look(a, l, now, back);
    if (code && !a->stopping)
        log_warn("audit", "the ledger cannot be read: %s", ledger_error(l));
    ledger_close(l);
}

static void *run(void *arg)
{
    struct auditor *a = arg;
    while (!a->stopping) {
        pthread_mutex_lock(&a->lock);
        int64_t now = a->awake ? a->tick : 0;
        uint64_t seq = a->tick_seq;
        if (now)
            a->tick = 0;
        a->awake = false;
        pthread_mutex_unlock(&a->lock);
        if (!now) {
            bell_wait(a->own_bell, 1000);
            continue;
        }
        look_at_all(a, now);
        pthread_mutex_lock(&a->lock);
        a->looked_seq = seq;
        pthread_mutex_unlock(&a->lock);
        bell_ring(a->bell);
    }
    return NULL;
}

/* ---- for the main thread ----------------------------------------------------------------------------------------- */

struct auditor *auditor_start(const struct collector_settings *set, int bell)
{
    struct auditor *a = xcalloc(1, sizeof *a);
    struct faults faults = {0}; /* settings are checked: there are none */
    a->set = set;
    a->bell = bell;
    a->own_bell = bell_new();
    audit_rules(set, &a->rules, &faults);
    faults_free(&faults);
    pthread_mutex_init(&a->lock, NULL);
    service_thread(&a->thread, run, a);
    return a;
}

void auditor_stop(struct auditor *a)
{
    if (!a)
        return;
    a->stopping = true;
    bell_ring(a->own_bell);
    pthread_join(a->thread, NULL);
    for (size_t i = 0; i < a->waiting_count; i++)
        buf_free(&a->waiting[i].args);
    pthread_mutex_destroy(&a->lock);
    audit_rules_free(&a->rules);
    close(a->own_bell);
    free(a);
}

void auditor_tick(struct auditor *a, int64_t now_ms, uint64_t seq)
{
    pthread_mutex_lock(&a->lock);
    a->tick = now_ms;
    a->tick_seq = seq;
    a->awake = false;
    pthread_mutex_unlock(&a->lock);
}

void auditor_step(struct auditor *a, uint64_t committed)
{
    pthread_mutex_lock(&a->lock);
    bool wake = a->tick && !a->awake && committed >= a->tick_seq;
    a->awake |= wake;
    pthread_mutex_unlock(&a->lock);
    if (wake)
        bell_ring(a->own_bell);
}

bool auditor_done(struct auditor *a, uint64_t seq)
{
    pthread_mutex_lock(&a->lock);
    bool done = a->looked_seq >= seq && !a->waiting_count;
    pthread_mutex_unlock(&a->lock);
    return done;
}

bool auditor_next(struct auditor *a, struct buf *request, const char **id)
{
    struct request r = {.args = buf_growing()};
    pthread_mutex_lock(&a->lock);
    bool found = a->waiting_count > 0;
    if (found) {
        buf_free(&r.args);
        r = a->waiting[0];
        memmove(a->waiting, a->waiting + 1, --a->waiting_count * sizeof *a->waiting);
    }
    pthread_mutex_unlock(&a->lock);
    if (found) {
        snprintf(a->handed, sizeof a->handed, "%s", r.id);
        *id = a->handed;
        buf_print(request, "{\"id\":\"%s\",\"actor\":\"auditor\",\"verb\":\"audit issue\",\"args\":%s}", r.id,
                  r.args.data);
    }
    buf_free(&r.args);
    return found;
}
