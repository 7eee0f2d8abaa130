#include "firmware-gateway/spool.h"
#include "common/file.h"
#include "firmware-gateway/spool_private.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENVELOPE_MOST = 200 }; /* gateway and epoch with it */

void spool_journal_dir(const struct spool *s, const char *epoch, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/journal/%s", s->state, epoch);
}

/* ---- appending --------------------------------------------------------------------------------------------------- */
int spool_append_raw(struct spool *s, struct journal *j, const char *epoch, const char *body, size_t length,
                     int64_t now_ms)
{
    struct buf b = buf_fixed(s->work, FRAME_MAX + 1);
    struct hash head = journal_head(j);
    frame_begin(&b, s->set.gateway, epoch, journal_last(j) + 1, &head);
    buf_bytes(&b, body, length);
    frame_end(&b);
    return b.overflow ? ERR_RANGE : journal_append(j, b.data, b.length, now_ms, NULL);
}

int spool_append_hello(struct spool *s, struct journal *j, const char *epoch, bool reset, int64_t now_ms)
{
    char *memory = xmalloc(FRAME_MAX);
    int r = 0;
    size_t next = 0;
    do {
        struct buf b = buf_fixed(memory, FRAME_MAX - 512);
        next = s->set.hello(s->set.ctx, &b, next, reset);
        reset = false;
        r = spool_append_raw(s, j, epoch, b.data, b.length, now_ms);
    } while (!r && next);
    free(memory);
    return r;
}

int spool_append_held(struct spool *s, const char *body, size_t length, int64_t now_ms)
{
    int r;
    do {
        r = 0;
        if (journal_begins_segment(s->journal)) { /* whoever listens or not */
            journal_trim(s->journal, now_ms);
            r = spool_append_hello(s, s->journal, s->epoch, journal_last(s->journal) == 0, now_ms);
        }
        if (!r)
            r = spool_append_raw(s, s->journal, s->epoch, body, length, now_ms);
    } while (r == ERR_FULL && journal_drop_oldest(s->journal) > 0);
    s->failures += r == ERR_IO;
    return r;
}

int spool_append(struct spool *s, const char *body, size_t length, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    int r = spool_append_held(s, body, length, now_ms);
    pthread_mutex_unlock(&s->lock);
    return r;
}

int spool_hello(struct spool *s, int64_t now_ms)
{
    int r;
    pthread_mutex_lock(&s->lock);
    do
        r = spool_append_hello(s, s->journal, s->epoch, true, now_ms);
    while (r == ERR_FULL && journal_drop_oldest(s->journal) > 0);
    s->failures += r == ERR_IO;
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

int spool_sync_held(struct spool *s)
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
    int r = spool_sync_held(s);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void spool_trim(struct spool *s, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    journal_trim(s->journal, now_ms);
    pthread_mutex_unlock(&s->lock);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */
void spool_gap_body(struct buf *b, struct moment since, struct moment until, const char *reason)
{
    const char *boot = until.boot ? until.boot : since.boot;
    buf_text(b, ",\"kind\":\"gap\"");
    if (boot)
        buf_print(b, ",\"boot\":\"%s\"", boot);
    buf_print(b, ",\"since%s\":%lld,\"until%s\":%lld,\"reason\":\"%s\"", since.boot ? "_mono" : "", (long long)since.ms,
              until.boot ? "_mono" : "", (long long)until.ms, reason);
}

void spool_put_time(struct buf *b, const char *boot, int64_t offset, int64_t error, uint64_t first, uint64_t last)
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
    spool_put_time(b, boot, offset, error, held ? t.first : 1, held ? t.last : last);
}

/* ---- for the sender ---------------------------------------------------------------------------------------------- */
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

unsigned spool_set_aside_files(const struct spool *s)
{
    return journal_set_aside(s->journal);
}

/* What the journal lost at its end was set aside before: its number will be another record's. */
static void put_past(const char *dir, const char *name)
{
    char from[2 * PATH_MAX], to[2 * PATH_MAX];
    snprintf(from, sizeof from, "%s/%s", dir, name);
    snprintf(to, sizeof to, "%s/past-%s", dir, name);
    rename(from, to);
}

void spool_load_quarantine(struct spool *s)
{
    char dir[PATH_MAX + 16];
    spool_journal_dir(s, s->epoch, dir);
    strcat(dir, "/quarantine");
    free(s->aside);
    s->aside = NULL;
    s->aside_count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char *end;
        uint64_t seq = strtoull(e->d_name, &end, 10);
        if (!seq || strcmp(end, ".json") != 0) /* .json.new: it was not set aside yet */
            continue;
        if (seq > journal_last(s->journal)) {
            put_past(dir, e->d_name);
            continue;
        }
        s->aside = xrealloc(s->aside, (s->aside_count + 1) * sizeof seq);
        s->aside[s->aside_count++] = seq;
    }
    if (d)
        closedir(d);
}

bool spool_is_quarantined(const struct spool *s, uint64_t seq)
{
    for (size_t i = 0; i < s->aside_count; i++)
        if (s->aside[i] == seq)
            return true;
    return false;
}

/* Is it a frame of this epoch, in its place, behind the hash that its record names?  A segment of another life may have
 * got here, by a hand or a copied card. */
static bool is_ours(const struct spool *s, const struct journal_record *rec)
{
    char after[AFTER_HEX], wanted[128];
    hash_after(&rec->before, after);
    int n = snprintf(wanted, sizeof wanted, "\",\"epoch\":\"%s\",\"seq\":%llu,\"after\":\"%s\"", s->epoch,
                     (unsigned long long)rec->seq, after);
    const char *at = memchr(rec->bytes, ',', rec->length); /* behind "v" stands the gateway, as it was named then */
    if (!at)
        return false;
    size_t left = rec->length - (size_t)(at - rec->bytes);
    return memmem(at, left < ENVELOPE_MOST ? left : ENVELOPE_MOST, wanted, (size_t)n) != NULL;
}

int spool_read(struct spool *s, uint64_t seq, struct journal_record *rec)
{
    int r = spool_is_quarantined(s, seq) ? ERR_MISSING : journal_read(s->reader, seq, rec);
    return r == 1 && !is_ours(s, rec) ? ERR_MISSING : r;
}

bool spool_hash(struct spool *s, uint64_t seq, struct hash *out)
{
    return journal_hash(s->reader, seq, out);
}

uint64_t spool_next_held(struct spool *s, uint64_t seq)
{
    struct journal_record rec;
    uint64_t last = spool_last(s);
    do
        seq = journal_next_held(s->reader, seq);
    while (seq && seq <= last && spool_read(s, seq, &rec) == ERR_MISSING);
    return seq;
}

int spool_set_aside(struct spool *s, uint64_t seq)
{
    struct journal_record rec;
    char path[PATH_MAX + 64];
    if (spool_read(s, seq, &rec) != 1)
        return ERR_MISSING;
    spool_journal_dir(s, s->epoch, path);
    strcat(path, "/quarantine");
    int r = file_make_dirs(path, 0700, NULL);
    snprintf(path + strlen(path), 32, "/%llu.json", (unsigned long long)seq);
    if (!r)
        r = file_replace(path, rec.bytes, rec.length, 0600, NULL);
    if (!r)
        spool_load_quarantine(s);
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
