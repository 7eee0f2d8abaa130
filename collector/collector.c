#include "collector/backup.h"
#include "collector/collector_private.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "common/service.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 60000, STATUS_MS = 5000 };

/* ---- the journal ------------------------------------------------------------------------------------------------- */
uint64_t append(struct collector *c, const char *bytes, size_t length)
{
    uint64_t seq = 0;
    if (journal_append(c->journal, bytes, length, clock_wall_ms(), &seq) != 0 && !c->failed) {
        c->failed = true; /* intake has counted it already: start again from what is on disk */
        log_error("journal", "%s/journal cannot be written", c->set->state_dir);
    }
    c->unsynced = true;
    return seq;
}

uint64_t append_record(struct collector *c, enum record_kind kind, const char *body, size_t length)
{
    buf_clear(&c->record);
    record_write(&c->record, kind, clock_wall_ms(), "", 0, body, length);
    return append(c, c->record.data, c->record.length);
}

void append_words(struct collector *c, enum record_kind kind, const char *words)
{
    append_record(c, kind, words, strlen(words));
}

void append_tick(struct collector *c, int64_t now)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)now);
    c->tick = now;
    c->tick_seq = append_record(c, RECORD_TICK, digits, (size_t)length);
    auditor_tick(c->auditor, c->tick, c->tick_seq);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */
/* What the auditor asks for is journalled like any other request; the same request is answered once. */
static void audits(struct collector *c)
{
    struct buf request = buf_growing(), answer = buf_growing();
    const char *id;
    auditor_step(c->auditor, clerk_committed(c->clerk));
    while (auditor_next(c->auditor, &request, &id)) {
        if (!ledger_answered(c, id, &answer))
            clerk_ask(c->clerk, append_command(c, request.data, request.length));
        buf_clear(&request);
    }
    buf_free(&request);
    buf_free(&answer);
}

static void ticks(struct collector *c)
{
    int64_t now = clock_mono_ms();
    if (c->set->clock == COLLECTOR_CLOCK_WALL && now >= c->tick_at) {
        append_tick(c, clock_wall_ms());
        c->tick_at = now + TICK_MS;
    }
    if (now >= c->status_at && mqtt_is_connected(c->mqtt)) {
        status_say(c);
        c->status_at = now + STATUS_MS;
    }
    if (now >= c->notify_at) {
        sdnotify("STATUS=%s; journal at %llu", c->link_up ? "connected to the broker" : "no link to the broker",
                 (unsigned long long)journal_last(c->journal));
        c->notify_at = now + STATUS_MS;
    }
    if (service_reload_asked())
        log_warn("collector", "SIGHUP: its settings are read at the start only; restart it");
}

static int group_commit(struct collector *c, struct fault *f)
{
    if (c->unsynced && !c->failed) {
        if (journal_sync(c->journal) != 0)
            c->failed = true;
        c->unsynced = false;
        clerk_wake(c->clerk);
    }
    return c->failed ? fault(f, ERR_IO, "%s/journal cannot be written; starting again will read what is on disk",
                             c->set->state_dir)
                     : 0;
}

static int loop(struct collector *c, struct fault *f)
{
    int r = 0;
    while (!r && !service_stopping()) {
        struct pollfd fds[3 + 1 + CONTROL_CLIENTS] = {{.fd = c->bell, .events = POLLIN},
                                                      {.fd = service_fd(), .events = POLLIN},
                                                      {.fd = mqtt_fd(c->mqtt), .events = POLLIN}};
        if (mqtt_wants_write(c->mqtt))
            fds[2].events |= POLLOUT;
        size_t n = 3 + control_poll(c->control, fds + 3, 1 + CONTROL_CLIENTS);
        poll(fds, n, 50);
        bell_quiet(c->bell);
        mqtt_step(c->mqtt, fds[2].revents & (POLLIN | POLLHUP | POLLERR), fds[2].revents & POLLOUT);
        control_step(c->control);
        ticks(c);
        audits(c);
        repairs_pay(c);
        skips_record(c);
        r = group_commit(c, f);
        if (!r)
            r = clerk_failed(c->clerk, f);
        if (r)
            break;
        skips_recorded(c);
        retention_step(c);
        acks_pay(c->acks, c->mqtt, clock_mono_ms());
        alerts_step(c->alerts, clock_wall_ms());
        clerk_sent(c->clerk, alerts_done(c->alerts), c->writer ? writer_outbox(c->writer) : INT64_MAX);
        answer_waiting(c);
        sdnotify_alive(clock_mono_ms()); /* the watchdog is fed by this loop coming round, its fdatasync included */
    }
    return r;
}

static void see_tick(struct collector *c, const struct record *r, uint64_t seq)
{
    char digits[32];
    if (r->kind != RECORD_TICK || r->body_length >= sizeof digits)
        return;
    memcpy(digits, r->body, r->body_length);
    digits[r->body_length] = 0;
    c->tick = strtoll(digits, NULL, 10);
    c->tick_seq = seq;
}

/* What stands in the journal behind `from` makes up the rest of what intake knows.  Records that cannot be read are counted:
 * gateways that had an ack for them are told another hash than theirs, and go on in a new epoch. */
static int read_back(struct collector *c, uint64_t from, struct fault *f)
{
    struct journal_reader *reader = journal_reader_new(c->journal);
    struct journal_record rec;
    struct record parsed;
    int r = 1;
    uint64_t first = journal_first(c->journal), due = first > from ? first : from + 1,
             n = journal_next_held(reader, from);
    for (; r >= 0 && n && n <= journal_synced(c->journal); n = journal_next_held(reader, n)) {
        r = journal_read(reader, n, &rec);
        if (r != 1 || record_read(&parsed, rec.bytes, rec.length) != 0)
            continue;
        parsed.seq = n;
        intake_apply(c->intake, &parsed);
        see_tick(c, &parsed, n);
        see_command(c, &parsed, n);
        c->skipped += skip_read(&parsed, &c->skip_to);
        c->unreadable += n - due;
        due = n + 1;
    }
    c->unreadable += journal_last(c->journal) + 1 - due;
    journal_reader_free(reader);
    return n && r >= 0 ? 0 : fault(f, ERR_IO, "%s/journal: cannot be read now", c->set->state_dir);
}

static void say_damage(const struct collector *c)
{
    if (journal_cut_bytes(c->journal))
        log_warn("journal", "a torn tail of %lld bytes was cut; what had been acked of it is asked for again",
                 (long long)journal_cut_bytes(c->journal));
    if (journal_set_aside(c->journal))
        log_warn("journal", "%u files of %s/journal were unreadable and are set aside as *.bad",
                 journal_set_aside(c->journal), c->set->state_dir);
    if (c->unreadable)
        log_warn("journal", "%llu records between %llu and %llu cannot be read", (unsigned long long)c->unreadable,
                 (unsigned long long)journal_first(c->journal), (unsigned long long)journal_last(c->journal));
}

static int open_journal(struct collector *c, struct fault *f)
{
    char dir[PATH_MAX];
    int r = file_take_dir(c->set->state_dir, 0750, &c->lock, f);
    if (r)
        return r;
    if (backup_unfinished(c->set->state_dir))
        return fault(f, ERR_DENIED, "%s: a restore was begun here and not finished: empty the folder and restore again",
                     c->set->state_dir);
    snprintf(dir, sizeof dir, "%s/journal", c->set->state_dir);
    struct journal_settings set = {.dir = dir,
                                   .mode = 0750,
                                   .max_bytes = c->set->journal.max_bytes, /* of segments an eighth of it */
                                   .segment_bytes = 16 * 1024 * 1024};
    r = journal_open(&c->journal, &set, f);
    if (r)
        return r;
    uint64_t from;
    c->intake = retention_begin(c, &from);
    r = read_back(c, from, f);
    c->rules_lag = journal_reader_new(c->journal);
    c->lines_lag = journal_reader_new(c->journal);
    c->held = journal_reader_new(c->journal);
    say_damage(c);
    if (c->set->journal.min_age_ms < RETENTION_LEGAL_MS)
        log_warn("journal",
                 "[journal] min_age is below five years, for which the law has raw records of monitoring kept");
    return r;
}

static void begin(struct collector *c)
{
    struct buf config = buf_growing();
    append_words(c, RECORD_START, "{\"version\":\"" QUIETAIR_VERSION "\"}");
    collector_config_put(c->set, (enum collector_clock)c->set->clock, &config);
    append_record(c, RECORD_CONFIG, config.data, config.length);
    buf_free(&config);
}

int collector_run(const struct collector_settings *set, struct fault *f)
{
    struct collector c = {.set = set, .lock = -1, .record = buf_growing(), .bell = bell_new()};
    char client[96], topic[TOPIC];
    int r = open_journal(&c, f);
    if (!r) {
        c.acks = acks_new(set->mqtt.root, set->name, c.intake);
        begin(&c);
        r = journal_sync(c.journal) ? fault(f, ERR_IO, "%s/journal cannot be written", set->state_dir) : 0;
    }
    if (!r)
        r = clerk_start(&c.clerk, c.journal, set->state_dir, c.bell, f);
    if (!r)
        r = control_open(&c.control, set->socket, on_request, &c, f);
    if (!r) {
        snprintf(client, sizeof client, "quietair-collector-%s", set->name);
        status_topic(&c, topic);
        struct mqtt_will will = {topic, "{\"state\":\"offline\"}"};
        struct mqtt_events on = {&c, on_connected, on_disconnected, on_message, on_acked, on_denied};
        c.mqtt = mqtt_new(&set->mqtt, client, &will, &on);
        c.alerts = alerts_new(set->state_dir, set->mqtt.root, c.journal, c.mqtt);
        c.auditor = auditor_start(set, c.bell);
        if (c.tick) /* what was asked for before must be folded: it is not asked for again */
            auditor_tick(c.auditor, c.tick, journal_last(c.journal));
        c.writer = set->influx.on ? writer_start(set, c.journal) : NULL;
        log_info("collector", "%s: journal at %llu, %s", set->name, (unsigned long long)journal_last(c.journal),
                 set->influx.on ? set->influx.url : "no time series");
        sdnotify("READY=1");
        r = loop(&c, f);
        sdnotify("STOPPING=1");
        append_words(&c, RECORD_STOP, "{}");
        if (!c.failed)
            journal_sync(c.journal);
        mqtt_publish(c.mqtt, topic, "{\"state\":\"offline\"}", 19, 1, true, NULL);
        mqtt_step(c.mqtt, false, true);
        mqtt_free(c.mqtt);
    }
    control_close(c.control);
    if (c.writer)
        writer_stop(c.writer);
    auditor_stop(c.auditor);
    alerts_free(c.alerts);
    if (c.clerk)
        clerk_stop(c.clerk);
    ledger_close(c.ledger);
    journal_reader_free(c.rules_lag);
    journal_reader_free(c.lines_lag);
    journal_reader_free(c.held);
    retention_end(&c);
    journal_close(c.journal);
    intake_free(c.intake);
    buf_free(&c.record);
    acks_free(c.acks);
    live_refused_free(&c.live_refused);
    free(c.waiting);
    if (c.lock >= 0)
        close(c.lock);
    return r;
}
