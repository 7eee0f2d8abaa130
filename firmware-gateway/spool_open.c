/* A start: what the life before has left is taken up, and what is not known since then is said. */
#include "common/clock.h"
#include "common/file.h"
#include "firmware-gateway/spool_private.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- the epoch ----------------------------------------------------------------------------------------------------
 */
static bool is_epoch(const char *name)
{
    return strlen(name) == EPOCH_SIZE - 1 && strspn(name, "0123456789abcdef") == EPOCH_SIZE - 1;
}

static bool read_name(const struct spool *s, char out[static EPOCH_SIZE])
{
    char path[PATH_MAX];
    size_t length;
    snprintf(path, sizeof path, "%s/epoch", s->state);
    char *text = file_read(path, 256, &length, NULL);
    bool good = text && is_epoch(text);
    if (good)
        memcpy(out, text, EPOCH_SIZE);
    free(text);
    return good;
}

/* 1: the journal of that epoch is open.  0: nothing of it is there.  ERR_*. */
static int take_up(struct spool *s, const char *epoch, struct fault *f)
{
    char dir[PATH_MAX];
    struct stat st;
    spool_journal_dir(s, epoch, dir);
    if (stat(dir, &st) != 0 && errno == ENOENT)
        return 0;
    int r = spool_open_journal(s, epoch, &s->journal, f);
    if (r)
        return r;
    if (journal_last(s->journal) > 0) {
        memcpy(s->epoch, epoch, EPOCH_SIZE);
        return 1;
    }
    journal_close(s->journal);
    s->journal = NULL;
    return 0;
}

struct epochs { /* whose folders there are, the one longest untouched first */
    struct lying {
        char name[EPOCH_SIZE];
        struct timespec at;
    } * items;
    size_t count;
};

static int by_age(const void *a, const void *b)
{
    const struct timespec *x = &((const struct lying *)a)->at, *y = &((const struct lying *)b)->at;
    return x->tv_sec != y->tv_sec ? (x->tv_sec < y->tv_sec ? -1 : 1)
                                  : (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static int list_epochs(const struct spool *s, struct epochs *e, struct fault *f)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/journal", s->state);
    DIR *dir = opendir(path);
    if (!dir)
        return fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/journal/%s", s->state, entry->d_name);
        if (!is_epoch(entry->d_name) || stat(path, &st) != 0)
            continue;
        e->items = xrealloc(e->items, (e->count + 1) * sizeof *e->items);
        memcpy(e->items[e->count].name, entry->d_name, EPOCH_SIZE);
        e->items[e->count++].at = st.st_mtim;
    }
    closedir(dir);
    if (e->count)
        qsort(e->items, e->count, sizeof *e->items, by_age);
    return 0;
}

/* The epoch that STATE/epoch names; what else lies there is of a spool_anew that was cut off, before its step or behind
 * it. Where the name is damaged, the journal that is there: of two the one longest untouched, since what is being
 * filled or removed is touched.  1, 0: there is none, ERR_*. */
static int find_epoch(struct spool *s, struct fault *f)
{
    struct epochs e = {0};
    char name[EPOCH_SIZE], dir[PATH_MAX];
    bool named = read_name(s, name);
    int r = named ? take_up(s, name, f) : 0;
    bool found = r == 1;
    if (r >= 0) {
        int listed = list_epochs(s, &e, f);
        r = listed ? listed : r;
    }
    for (size_t i = 0; r == 0 && i < e.count; i++)
        r = take_up(s, e.items[i].name, f);
    if (r == 1 && !found) {
        int written = spool_name_epoch(s, s->epoch, f);
        r = written ? written : r;
    }
    for (size_t i = 0; found && r == 1 && i < e.count; i++)
        if (strcmp(e.items[i].name, s->epoch) != 0) {
            spool_journal_dir(s, e.items[i].name, dir);
            file_remove_tree(dir);
        }
    free(e.items);
    return r;
}

/* Begins the first epoch of a journal that is not there, or of which nothing can be read. */
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
        r = spool_append_held(s, body.data, body.length, now_ms);
        since.ms = t.mono_ms + s->set.offset_ms;
    } else if (ours) {
        since = tail_newest(&t);
    }
    if (!since.boot == !now.boot && now.ms < since.ms)
        now.ms = since.ms;
    buf_clear(&body);
    spool_gap_body(&body, since, now, reason);
    return r ? r : spool_append_held(s, body.data, body.length, now_ms);
}

/* Where the journal has lost its tail, what was acked of it goes with it: before other frames take those numbers, and
 * would count as acked. */
static int bound_acked(struct spool *s)
{
    uint64_t acked, last = journal_last(s->journal);
    bool beyond = journal_cursor_load(s->journal, "acked", &acked) && acked > last;
    return beyond ? journal_cursor_save(s->journal, "acked", last) : 0;
}

int spool_open(struct spool **out, const struct spool_settings *set, struct moment now, struct fault *f)
{
    int64_t now_ms = now.boot ? 0 : now.ms;
    char path[PATH_MAX];
    struct spool *s = xcalloc(1, sizeof *s);
    s->set = *set;
    s->folder = -1;
    s->gateway = xstrdup(set->gateway); /* the settings may go while the spool stays */
    s->set.gateway = s->gateway;
    s->work = xmalloc(FRAME_MAX + 1);
    pthread_mutex_init(&s->lock, NULL);
    snprintf(s->state, sizeof s->state, "%s", set->state_dir);
    int r = file_take_dir(s->state, 0700, &s->folder, f); /* two would write over each other's records */
    snprintf(path, sizeof path, "%s/journal", s->state);
    if (!r)
        r = file_make_dirs(path, 0700, f);
    if (!r)
        r = find_epoch(s, f);
    r = r > 0 ? 0 : r;
    const char *reason = r ? "" : life_begin(s);
    if (!r && !s->journal)
        r = begin_epoch(s, now_ms, f);
    r = r ? r : bound_acked(s);
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
    if (s->folder >= 0)
        close(s->folder);
    pthread_mutex_destroy(&s->lock);
    free(s->aside);
    free(s->gateway);
    free(s->work);
    free(s);
}
