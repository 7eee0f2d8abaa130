#include "firmware-gateway/spool.h"
#include "common/file.h"
#include "firmware-gateway/tail.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct spool {
    struct spool_settings set;
    char state[PATH_MAX / 2];
    char *gateway;
    char epoch[EPOCH_SIZE];
    struct journal *journal;
    struct journal_reader *reader;
    uint64_t *aside; /* quarantined seqs of this epoch */
    size_t aside_count;
    pthread_mutex_t lock;
    unsigned failures;
    char *work; /* FRAME_MAX bytes to compose a frame in */
};

static void journal_dir(const struct spool *s, const char *epoch, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/journal/%s", s->state, epoch);
}

static void random_epoch(char out[static EPOCH_SIZE])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(out, EPOCH_SIZE, bytes, sizeof bytes);
}

static int open_journal(const struct spool *s, const char *epoch, struct journal **out, struct fault *f)
{
    char dir[PATH_MAX];
    journal_dir(s, epoch, dir);
    struct journal_settings set = {
        .dir = dir, .mode = 0700, .max_bytes = s->set.max_bytes, .max_age_ms = s->set.max_age_ms};
    return journal_open(out, &set, f);
}

static int name_epoch(const struct spool *s, const char *epoch, struct fault *f)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/epoch", s->state);
    return file_replace(path, epoch, EPOCH_SIZE - 1, 0600, f);
}

/* ---- appending ------------------------------------------------------------------------------------------------------
 */
static int append_raw(struct spool *s, struct journal *j, const char *epoch, const char *body, size_t length,
                      int64_t now_ms)
{
    struct buf b = buf_fixed(s->work, FRAME_MAX + 1);
    struct hash head = journal_head(j);
    frame_begin(&b, s->set.gateway, epoch, journal_last(j) + 1, &head);
    buf_bytes(&b, body, length);
    frame_end(&b);
    return b.overflow ? ERR_RANGE : journal_append(j, b.data, b.length, now_ms, NULL);
}

static int append_hello(struct spool *s, struct journal *j, const char *epoch, bool reset, int64_t now_ms)
{
    char *memory = xmalloc(FRAME_MAX);
    int r = 0;
    size_t next = 0;
    do {
        struct buf b = buf_fixed(memory, FRAME_MAX - 512);
        next = s->set.hello(s->set.ctx, &b, next, reset);
        reset = false;
        r = append_raw(s, j, epoch, b.data, b.length, now_ms);
    } while (!r && next);
    free(memory);
    return r;
}

int spool_append(struct spool *s, const char *body, size_t length, int64_t now_ms)
{
    int r;
    pthread_mutex_lock(&s->lock);
    do {
        r = 0;
        if (journal_begins_segment(s->journal))
            r = append_hello(s, s->journal, s->epoch, journal_last(s->journal) == 0, now_ms);
        if (!r)
            r = append_raw(s, s->journal, s->epoch, body, length, now_ms);
    } while (r == ERR_FULL && journal_drop_oldest(s->journal) > 0);
    pthread_mutex_unlock(&s->lock);
    return r;
}

int spool_hello(struct spool *s, int64_t now_ms)
{
    int r;
    pthread_mutex_lock(&s->lock);
    do
        r = append_hello(s, s->journal, s->epoch, true, now_ms);
    while (r == ERR_FULL && journal_drop_oldest(s->journal) > 0);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void spool_limit(struct spool *s, int64_t max_bytes, int64_t max_age_ms)
{
    pthread_mutex_lock(&s->lock);
    s->set.max_bytes = max_bytes;
    s->set.max_age_ms = max_age_ms;
    journal_limit(s->journal, max_bytes, max_age_ms);
    pthread_mutex_unlock(&s->lock);
}

static int sync_held(struct spool *s)
{
    int r = journal_sync(s->journal);
    s->failures += r != 0;
    return r;
}

unsigned spool_failures(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned failures = s->failures;
    pthread_mutex_unlock(&s->lock);
    return failures;
}

int spool_sync(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    int r = sync_held(s);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void spool_trim(struct spool *s, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    journal_trim(s->journal, now_ms);
    pthread_mutex_unlock(&s->lock);
}

/* ---- time
 * ------------------------------------------------------------------------------------------------------------ */
static int append_gap(struct spool *s, struct journal *j, const char *epoch, struct moment since, struct moment until,
                      const char *reason, int64_t now_ms)
{
    char memory[320];
    struct buf b = buf_fixed(memory, sizeof memory);
    spool_gap_body(&b, since, until, reason);
    return append_raw(s, j, epoch, b.data, b.length, now_ms);
}

void spool_gap_body(struct buf *b, struct moment since, struct moment until, const char *reason)
{
    const char *boot = until.boot ? until.boot : since.boot;
    buf_text(b, ",\"kind\":\"gap\"");
    if (boot)
        buf_print(b, ",\"boot\":\"%s\"", boot);
    buf_print(b, ",\"since%s\":%lld,\"until%s\":%lld,\"reason\":\"%s\"", since.boot ? "_mono" : "", (long long)since.ms,
              until.boot ? "_mono" : "", (long long)until.ms, reason);
}

static void time_body(struct buf *b, const char *boot, int64_t offset, int64_t error, uint64_t first, uint64_t last)
{
    buf_print(b, ",\"kind\":\"time\",\"boot\":\"%s\",\"offset\":%lld,\"error\":%lld,\"from\":%llu,\"to\":%llu", boot,
              (long long)offset, (long long)error, (unsigned long long)first, (unsigned long long)last);
}

void spool_time_body(struct spool *s, struct buf *b, const char *boot, int64_t offset, int64_t error)
{
    struct tail t;
    pthread_mutex_lock(&s->lock);
    uint64_t last = journal_synced(s->journal);
    tail_read(&t, s->journal, last);
    pthread_mutex_unlock(&s->lock);
    bool held = strcmp(t.boot, boot) == 0;
    time_body(b, boot, offset, error, held ? t.first : 1, held ? t.last : last);
}

/* ---- opening
 * --------------------------------------------------------------------------------------------------------- */
/* STATE/life holds the boot id of a running life, or `stopped`. */
static void life_write(const struct spool *s, const char *word)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/life", s->state);
    file_replace(path, word, strlen(word), 0600, NULL);
}

/* Why the life before ended; this one's boot id is put down. */
static const char *life_begin(const struct spool *s)
{
    char path[PATH_MAX], boot_id[CLOCK_BOOT_SIZE];
    size_t length;
    snprintf(path, sizeof path, "%s/life", s->state);
    clock_boot_id(boot_id);
    char *before = file_read(path, 256, &length, NULL);
    const char *reason = !before || strcmp(before, "stopped") == 0 ? "stopped"
                         : strcmp(before, boot_id) == 0            ? "killed"
                                                                   : "power";
    free(before);
    life_write(s, boot_id);
    return reason;
}

static void load_quarantine(struct spool *s)
{
    char dir[PATH_MAX + 16];
    journal_dir(s, s->epoch, dir);
    strcat(dir, "/quarantine");
    free(s->aside);
    s->aside = NULL;
    s->aside_count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        uint64_t seq = strtoull(e->d_name, NULL, 10);
        if (!seq)
            continue;
        s->aside = xrealloc(s->aside, (s->aside_count + 1) * sizeof seq);
        s->aside[s->aside_count++] = seq;
    }
    if (d)
        closedir(d);
}

/* Begins the first epoch of a journal that is not there or cannot be read (then it is left where it is). */
static int begin_epoch(struct spool *s, int64_t now_ms, struct fault *f)
{
    if (s->set.first_epoch)
        snprintf(s->epoch, sizeof s->epoch, "%s", s->set.first_epoch);
    else
        random_epoch(s->epoch);
    int r = open_journal(s, s->epoch, &s->journal, f);
    if (!r)
        r = append_hello(s, s->journal, s->epoch, true, now_ms);
    if (!r)
        r = journal_sync(s->journal);
    if (r)
        return f && f->code ? r : fault(f, r, "%s: cannot write the journal", s->state);
    return name_epoch(s, s->epoch, f);
}

/* Whatever makes room for it. */
static int append_always(struct spool *s, const struct buf *body, int64_t now_ms)
{
    int r;
    do
        r = append_raw(s, s->journal, s->epoch, body->data, body->length, now_ms);
    while (r == ERR_FULL && journal_drop_oldest(s->journal) > 0);
    return r;
}

/* Why nothing is known of the time before this start.  Where frames of an older boot will never have a time, it is
 * that. */
static const char *gap_reason(const struct spool *s, const struct tail *t, const char *ended)
{
    bool other = *t->boot && (!s->set.boot || strcmp(t->boot, s->set.boot) != 0);
    return other || t->untold ? "clock" : ended;
}

/* Of this start: the `time` of frames that an earlier life of this boot left without one, then the gap since the
 * newest. */
static int append_start(struct spool *s, const char *ended, struct moment now, int64_t now_ms)
{
    char memory[320];
    struct buf body = buf_fixed(memory, sizeof memory);
    struct tail t;
    int r = 0;
    tail_read(&t, s->journal, journal_last(s->journal));
    const char *reason = gap_reason(s, &t, ended);
    bool ours = *t.boot && s->set.boot && strcmp(t.boot, s->set.boot) == 0;
    struct moment since = {.ms = t.known_ms};
    if (ours && !now.boot) {
        time_body(&body, t.boot, s->set.offset_ms, s->set.error_ms, t.first, t.last);
        r = append_always(s, &body, now_ms);
        since.ms = t.mono_ms + s->set.offset_ms;
    } else if (ours) {
        since = tail_newest(&t);
    }
    if (!since.boot == !now.boot && now.ms < since.ms)
        now.ms = since.ms;
    buf_clear(&body);
    spool_gap_body(&body, since, now, reason);
    return r ? r : append_always(s, &body, now_ms);
}

int spool_open(struct spool **out, const struct spool_settings *set, struct moment now, struct fault *f)
{
    int64_t now_ms = now.boot ? 0 : now.ms;
    char path[PATH_MAX];
    size_t length = 0;
    struct spool *s = xcalloc(1, sizeof *s);
    s->set = *set;
    s->gateway = xstrdup(set->gateway); /* the settings may go while the spool stays */
    s->set.gateway = s->gateway;
    s->work = xmalloc(FRAME_MAX + 1);
    pthread_mutex_init(&s->lock, NULL);
    snprintf(s->state, sizeof s->state, "%s", set->state_dir);
    int r = file_make_dirs(s->state, 0700, f);
    snprintf(path, sizeof path, "%s/journal", s->state);
    if (!r)
        r = file_make_dirs(path, 0700, f);
    snprintf(path, sizeof path, "%s/epoch", s->state);
    char *epoch = r ? NULL : file_read(path, 256, &length, NULL);
    if (epoch && length == EPOCH_SIZE - 1 && strspn(epoch, "0123456789abcdef") == length) {
        memcpy(s->epoch, epoch, EPOCH_SIZE);
        r = open_journal(s, s->epoch, &s->journal, f);
        if (!r && journal_last(s->journal) == 0) { /* named, but nothing of it is left */
            journal_close(s->journal);
            s->journal = NULL;
        }
    }
    free(epoch);
    const char *reason = r ? "" : life_begin(s);
    if (!r && !s->journal)
        r = begin_epoch(s, now_ms, f);
    if (!r) {
        load_quarantine(s);
        r = append_start(s, reason, now, now_ms);
        if (!r)
            r = journal_sync(s->journal);
        if (r)
            fault(f, r, "%s: cannot write the journal", s->state);
    }
    if (r) {
        spool_close(s, false);
        return r;
    }
    s->reader = journal_reader_new(s->journal);
    *out = s;
    return 0;
}

void spool_close(struct spool *s, bool clean)
{
    if (!s)
        return;
    if (clean)
        life_write(s, "stopped");
    journal_reader_free(s->reader);
    journal_close(s->journal);
    pthread_mutex_destroy(&s->lock);
    free(s->aside);
    free(s->gateway);
    free(s->work);
    free(s);
}

/* ---- for the sender
 * -------------------------------------------------------------------------------------------------- */
const char *spool_epoch(const struct spool *s)
{
    return s->epoch;
}

uint64_t spool_last(const struct spool *s)
{
    return journal_synced(s->journal);
}

uint64_t spool_first(const struct spool *s)
{
    return journal_first(s->journal);
}

int64_t spool_bytes(const struct spool *s)
{
    return journal_bytes(s->journal);
}

int64_t spool_cut_bytes(const struct spool *s)
{
    return journal_cut_bytes(s->journal);
}

bool spool_is_quarantined(const struct spool *s, uint64_t seq)
{
    for (size_t i = 0; i < s->aside_count; i++)
        if (s->aside[i] == seq)
            return true;
    return false;
}

int spool_read(struct spool *s, uint64_t seq, struct journal_record *rec)
{
    return spool_is_quarantined(s, seq) ? ERR_MISSING : journal_read(s->reader, seq, rec);
}

bool spool_hash(struct spool *s, uint64_t seq, struct hash *out)
{
    return journal_hash(s->reader, seq, out);
}

uint64_t spool_next_held(struct spool *s, uint64_t seq)
{
    do
        seq = journal_next_held(s->reader, seq);
    while (spool_is_quarantined(s, seq));
    return seq;
}

int spool_set_aside(struct spool *s, uint64_t seq)
{
    struct journal_record rec;
    char path[PATH_MAX + 64];
    if (spool_read(s, seq, &rec) != 1)
        return ERR_MISSING;
    journal_dir(s, s->epoch, path);
    strcat(path, "/quarantine");
    int r = file_make_dirs(path, 0700, NULL);
    snprintf(path + strlen(path), 32, "/%llu.json", (unsigned long long)seq);
    if (!r)
        r = file_replace(path, rec.bytes, rec.length, 0600, NULL);
    if (!r)
        load_quarantine(s);
    return r;
}

uint64_t spool_acked(struct spool *s)
{
    uint64_t acked = 0;
    return journal_cursor_load(s->journal, "acked", &acked) && acked <= journal_synced(s->journal) ? acked : 0;
}

void spool_save_acked(struct spool *s, uint64_t acked)
{
    journal_cursor_save(s->journal, "acked", acked);
}

/* ---- a new epoch
 * ----------------------------------------------------------------------------------------------------- */
struct copy { /* what is not acked, into the journal of a new epoch; a hole becomes a gap in its place */
    struct spool *s;
    struct journal *to;
    const char *epoch;
    bool hole;
    struct tail before; /* the hole */
    char *memory;
    int64_t now_ms;
};

static void begin_hole(struct copy *c, uint64_t n)
{
    if (!c->hole)
        tail_read(&c->before, c->s->journal, n - 1);
    c->hole = true;
}

static int end_hole(struct copy *c, struct moment until)
{
    if (!c->hole)
        return 0;
    c->hole = false;
    return append_gap(c->s, c->to, c->epoch, tail_newest(&c->before), until, "lost", c->now_ms);
}

/* Its frames have other numbers now.  Those of the former epoch that are not here were acked: the collector knows the
 * boot. */
static int copy_time(struct copy *c, const struct clock_repair *t)
{
    char memory[320];
    struct buf b = buf_fixed(memory, sizeof memory);
    time_body(&b, t->boot, t->offset, t->error, 1, journal_last(c->to));
    return append_raw(c->s, c->to, c->epoch, b.data, b.length, c->now_ms);
}

static int copy_frame(struct copy *c, uint64_t n, const struct journal_record *rec)
{
    struct span span;
    struct frame *f = frame_open(rec->bytes, rec->length, NULL);
    bool timed = f && span_read(&span, rec->bytes, rec->length);
    bool skip = f && f->kind == FRAME_HELLO; /* the new epoch has its own */
    int r = 0;
    if (timed)
        r = end_hole(c, (struct moment){span.oldest, *span.boot ? span.boot : NULL});
    struct buf b = buf_fixed(c->memory, FRAME_MAX + 1);
    struct hash head = journal_head(c->to);
    if (!r && f && f->kind == FRAME_TIME)
        r = copy_time(c, &f->time);
    else if (!r && !skip &&
             frame_anew(&b, rec->bytes, rec->length, c->s->set.gateway, c->epoch, journal_last(c->to) + 1, &head))
        r = journal_append(c->to, b.data, b.length, c->now_ms, NULL);
    else if (!r && !skip)
        begin_hole(c, n);
    frame_close(f);
    return r;
}

static int copy_anew(struct spool *s, struct journal *to, const char *epoch, uint64_t acked, struct moment now)
{
    struct copy c = {
        .s = s, .to = to, .epoch = epoch, .memory = xmalloc(FRAME_MAX + 1), .now_ms = now.boot ? 0 : now.ms};
    uint64_t last = journal_last(s->journal);
    int r = append_hello(s, to, epoch, true, c.now_ms);
    for (uint64_t n = acked + 1; !r && n <= last; n++) {
        struct journal_record rec;
        if (spool_read(s, n, &rec) == 1)
            r = copy_frame(&c, n, &rec);
        else
            begin_hole(&c, n);
    }
    if (!r)
        r = end_hole(&c, now);
    free(c.memory);
    return r ? r : journal_sync(to);
}

int spool_anew(struct spool *s, uint64_t acked, struct moment now)
{
    char epoch[EPOCH_SIZE], old[PATH_MAX], dir[PATH_MAX];
    struct journal *to = NULL;
    pthread_mutex_lock(&s->lock);
    random_epoch(epoch);
    journal_dir(s, epoch, dir);
    journal_dir(s, s->epoch, old);
    int r = sync_held(s);
    if (!r)
        r = open_journal(s, epoch, &to, NULL);
    if (!r)
        r = copy_anew(s, to, epoch, acked, now);
    if (!r)
        r = name_epoch(s, epoch, NULL); /* the one step that counts */
    if (r) {
        journal_close(to);
        file_remove_tree(dir);
    } else {
        journal_reader_free(s->reader);
        journal_close(s->journal);
        s->journal = to;
        s->reader = journal_reader_new(to);
        memcpy(s->epoch, epoch, sizeof epoch);
        load_quarantine(s);
        file_remove_tree(old);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}
