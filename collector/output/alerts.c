#include "collector/output/alerts.h"
#include "collector/ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 20, TOPIC = 320, REFUSED_AGAIN_MS = 10 * 60000 };

struct alerts {
    char *state_dir, *root;
    struct journal *journal; /* keeps the cursor */
    struct mqtt *mqtt;
    struct ledger *ledger;
    int64_t sent, done; /* outbox ids */
    struct {
        int mid;
        int64_t id;
        bool acked;
    } under_way[WINDOW];
    size_t count;
    bool again;        /* the retained ones are being said */
    bool some_refused; /* since they were said last: they are said again */
    int64_t again_ms;  /* at this time; 0: none set yet */
    uint64_t refused;
    char again_after[TOPIC];
};

struct alerts *alerts_new(const char *state_dir, const char *root, struct journal *journal, struct mqtt *mqtt)
{
    uint64_t n;
    struct alerts *a = xcalloc(1, sizeof *a);
    a->state_dir = xstrdup(state_dir);
    a->root = xstrdup(root);
    a->journal = journal;
    a->mqtt = mqtt;
    if (journal_cursor_load(journal, "alerts", &n))
        a->sent = a->done = (int64_t)n;
    return a;
}

void alerts_free(struct alerts *a)
{
    if (!a)
        return;
    ledger_close(a->ledger);
    free(a->state_dir);
    free(a->root);
    free(a);
}

static void begin_again(struct alerts *a)
{
    a->again = true;
    a->again_after[0] = 0;
    a->some_refused = false;
    a->again_ms = 0;
}

void alerts_connected(struct alerts *a)
{
    a->sent = a->done;
    a->count = 0;
    begin_again(a);
}

static bool publish(struct alerts *a, const struct outbox_row *row, int64_t now_ms, int *mid)
{
    char topic[TOPIC + 128];
    struct buf b = buf_growing();
    snprintf(topic, sizeof topic, "%s/%s", a->root, row->topic);
    size_t n = row->payload ? strlen(row->payload) : 0;
    if (n && row->payload[n - 1] == '}') {
        int64_t late = now_ms > row->at_ms ? now_ms - row->at_ms : 0;
        buf_bytes(&b, row->payload, n - 1);
        buf_print(&b, ",\"published\":%lld,\"late\":%lld}", (long long)now_ms, (long long)late);
    }
    bool done = mqtt_publish(a->mqtt, topic, b.data, b.length, 1, true, mid) == 0;
    buf_free(&b);
    return done;
}

/* Said once more after each connection, before what is new; a PUBACK for these is not waited for. */
static void say_again(struct alerts *a, int64_t now_ms)
{
    struct outbox_row row;
    for (int n = 0; n < 100; n++) {
        if (ledger_retained_next(a->ledger, a->again_after, &row) != 1) {
            a->again = false;
            return;
        }
        if (!publish(a, &row, now_ms, NULL))
            return;
        snprintf(a->again_after, sizeof a->again_after, "%s", row.topic);
    }
}

void alerts_step(struct alerts *a, int64_t now_ms)
{
    struct outbox_row row;
    if (!mqtt_is_connected(a->mqtt) || (!a->ledger && ledger_open(&a->ledger, a->state_dir, LEDGER_READ, NULL) != 0))
        return;
    if (a->done > ledger_outbox_last(a->ledger, OUTBOX_ALERT))
        a->sent = a->done = 0; /* the ledger was folded anew and counts from the beginning */
    if (a->some_refused && !a->again_ms)
        a->again_ms = now_ms + REFUSED_AGAIN_MS;
    if (a->some_refused && now_ms >= a->again_ms)
        begin_again(a);
    if (a->again && a->done > 0) /* before anything was ever sent there is nothing to repeat */
        say_again(a, now_ms);
    else
        a->again = false;
    while (!a->again && a->count < WINDOW && ledger_outbox_next(a->ledger, OUTBOX_ALERT, a->sent, &row) == 1) {
        int mid;
        int64_t id = row.id;
        if (!publish(a, &row, now_ms, &mid))
            return;
        a->under_way[a->count].mid = mid;
        a->under_way[a->count].acked = false;
        a->under_way[a->count++].id = id;
        a->sent = id;
    }
}

void alerts_acked(struct alerts *a, int mid, bool refused)
{
    size_t gone = 0;
    a->refused += refused;
    a->some_refused |= refused;
    for (size_t i = 0; i < a->count; i++)
        if (a->under_way[i].mid == mid)
            a->under_way[i].acked = true;
    while (gone < a->count && a->under_way[gone].acked)
        a->done = a->under_way[gone++].id;
    if (!gone)
        return;
    memmove(a->under_way, a->under_way + gone, (a->count - gone) * sizeof *a->under_way);
    a->count -= gone;
    journal_cursor_save(a->journal, "alerts", (uint64_t)a->done);
}

uint64_t alerts_refused(const struct alerts *a)
{
    return a->refused;
}

int64_t alerts_done(const struct alerts *a)
{
    return a->done;
}
