/* A start: what the life before has left is taken up, and what is not known since then is said. */
#include "common/clock.h"
#include "common/file.h"
#include "firmware-gateway/spool_private.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spool_random_epoch(char out[static EPOCH_SIZE])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(out, EPOCH_SIZE, bytes, sizeof bytes);
}

int spool_open_journal(const struct spool *s, const char *epoch, struct journal **out, struct fault *f)
{
    char dir[PATH_MAX];
    spool_journal_dir(s, epoch, dir);
    struct journal_settings set = {
        .dir = dir, .mode = 0700, .max_bytes = s->set.max_bytes, .max_age_ms = s->set.max_age_ms};
    return journal_open(out, &set, f);
}

int spool_name_epoch(const struct spool *s, const char *epoch, struct fault *f)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/epoch", s->state);
    return file_replace(path, epoch, EPOCH_SIZE - 1, 0600, f);
}

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

/* Begins the first epoch of a journal that is not there or cannot be read (then it is left where it is). */
static int begin_epoch(struct spool *s, int64_t now_ms, struct fault *f)
{
    if (s->set.first_epoch)
        snprintf(s->epoch, sizeof s->epoch, "%s", s->set.first_epoch);
    else
        spool_random_epoch(s->epoch);
    int r = spool_open_journal(s, s->epoch, &s->journal, f);
    if (!r)
        r = spool_append_hello(s, s->journal, s->epoch, true, now_ms);
    if (!r)
        r = journal_sync(s->journal);
    if (r)
        return f && f->code ? r : fault(f, r, "%s: cannot write the journal", s->state);
    return spool_name_epoch(s, s->epoch, f);
}

/* Whatever makes room for it. */
static int append_always(struct spool *s, const struct buf *body, int64_t now_ms)
{
    int r;
    do
        r = spool_append_raw(s, s->journal, s->epoch, body->data, body->length, now_ms);
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
        spool_put_time(&body, t.boot, s->set.offset_ms, s->set.error_ms, t.first, t.last);
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
        r = spool_open_journal(s, s->epoch, &s->journal, f);
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
        spool_load_quarantine(s);
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
