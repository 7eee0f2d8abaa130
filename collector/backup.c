/* Copying: what is read in which order is told in backup.h. */
#include "collector/backup.h"
#include "collector/backup_private.h"
#include "collector/hold.h"
#include "collector/ledger/ledger.h"
#include "collector/rules/fold.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 16 };

struct backup {
    const struct collector_settings *set;
    const struct backup_view *view;
    char part[PATH_MAX], state[PATH_MAX]; /* the backup being made, and its state/ */
    struct manifest manifest;
};

static void say(const struct backup *b, const char *what)
{
    if (b->view)
        b->view->progress(b->view->ctx, what, 0, 0);
}

/* ---- which files ------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n >= k && strcmp(path + n - k, end) == 0;
}

static bool not_a_cursor(const char *path)
{
    return !ends_with(path, ".cursor");
}

static bool not_the_journal(const char *path)
{
    return !ends_with(path, ".seg") && !ends_with(path, ".base");
}

/* The ledger with what belongs to it or was set aside, the journal, and files that are just being written. */
static bool not_the_rest(const char *path)
{
    return strncmp(path, "ledger.db", 9) == 0 || strcmp(path, "journal") == 0 || strcmp(path, UNFINISHED) == 0 ||
           ends_with(path, ".new");
}

static bool not_an_ini(const char *path)
{
    return strchr(path, '/') || !ends_with(path, ".ini");
}

/* ---- copying ----------------------------------------------------------------------------------------------------- */

/* All files of a folder but the skipped ones; one that has gone meanwhile is not missed. */
static int copy_folder(const struct backup *b, const char *what, const char *from, const char *to,
                       bool (*skip)(const char *), struct fault *f)
{
    struct listed files;
    struct counted counted = {b->view, what, 0, 0};
    char source[PATH_MAX], target[PATH_MAX];
    struct copied copied;
    int code = listed_read(&files, from, skip, false, f);
    if (code)
        return code;
    for (size_t i = 0; i < files.count; i++)
        counted.all += files.files[i].bytes;
    for (size_t i = 0; !code && i < files.count; i++) {
        code = files_join(source, from, files.files[i].path, f);
        if (!code)
            code = files_join(target, to, files.files[i].path, f);
        if (!code)
            code = files_folder_of(to, files.files[i].path, f);
        if (!code)
            code = copy_file(source, target, counted_bytes, &counted, &copied, f);
        if (code == ERR_MISSING)
            code = 0;
    }
    listed_free(&files);
    return code;
}

static int copy_journal(const struct backup *b, bool (*skip)(const char *), struct fault *f)
{
    char from[PATH_MAX], to[PATH_MAX];
    int code = files_join(from, b->set->state_dir, "journal", f);
    if (!code)
        code = files_join(to, b->state, "journal", f);
    return code ? code : copy_folder(b, "journal", from, to, skip, f);
}

static int copy_inis(const struct backup *b, const char *from, const char *name, struct fault *f)
{
    char to[PATH_MAX];
    int code = files_join(to, b->part, name, f);
    if (code || !from || access(from, R_OK | X_OK) != 0)
        return code;
    code = file_make_dirs(to, FOLDER_MODE, f);
    return code ? code : copy_folder(b, "configuration", from, to, not_an_ini, f);
}

/* As the files stand now, faults and all; the settings with which it is folded are records of the journal. */
static int copy_configuration(const struct backup *b, struct fault *f)
{
    char path[PATH_MAX];
    struct copied copied;
    struct collector_settings judging;
    struct faults ignored = {0};
    int code = files_join(path, b->part, "config/collector.ini", f);
    if (!code)
        code = files_folder_of(b->part, "config/collector.ini", f);
    if (!code)
        code = copy_file(conf_name(b->set->conf), path, NULL, NULL, &copied, f);
    if (code)
        return code;
    collector_settings_judging(&judging, conf_name(b->set->conf), &ignored);
    code = copy_inis(b, judging.standards_path, "config/standards", f);
    if (!code)
        code = copy_inis(b, judging.calendars_path, "config/calendars", f);
    collector_settings_free(&judging);
    faults_free(&ignored);
    return code;
}

static int copy_all(const struct backup *b, struct fault *f)
{
    char journal[PATH_MAX];
    int code = files_join(journal, b->state, "journal", f);
    if (!code)
        code = file_make_dirs(journal, FOLDER_MODE, f);
    if (!code)
        code = copy_journal(b, not_a_cursor, f);
    say(b, "ledger");
    if (!code)
        code = ledger_copy(b->set->state_dir, b->state, f);
    if (!code)
        code = copy_journal(b, not_the_journal, f);
    if (!code)
        code = copy_folder(b, "other files", b->set->state_dir, b->state, not_the_rest, f);
    return code ? code : copy_configuration(b, f);
}

/* ---- the copy looked at ------------------------------------------------------------------------------------------ */

static bool not_set_aside(const char *path)
{
    return !ends_with(path, ".bad");
}

/* What was being written at the end of the newest segment is cut from the copy, as the next start would do. */
static int cut_tail(const char *dir, struct fault *f)
{
    struct journal_settings set = {.dir = dir, .mode = FOLDER_MODE};
    struct journal *journal;
    struct listed aside;
    char path[PATH_MAX];
    int code = journal_open(&journal, &set, f);
    if (code)
        return code;
    journal_close(journal);
    code = listed_read(&aside, dir, not_set_aside, false, f);
    for (size_t i = 0; !code && i < aside.count; i++) {
        code = files_join(path, dir, aside.files[i].path, f);
        if (!code)
            unlink(path); /* a segment in which there was nothing yet */
    }
    listed_free(&aside);
    return code;
}

static void records_seen(void *ctx, uint64_t done, uint64_t all)
{
    const struct backup_view *view = ctx;
    if (view)
        view->progress(view->ctx, "checking", (int64_t)done, (int64_t)all);
}

/* Damage is told, and no reason to have no copy.  A ledger that is not one of this journal is. */
static int check_journal(struct backup *b, const char *dir, struct fault *f)
{
    struct backup_summary *s = &b->manifest.summary;
    struct journal *journal;
    struct hash head;
    struct fault damage;
    int code = journal_open_read(&journal, dir, f);
    if (code)
        return code;
    struct journal_reader *reader = journal_reader_new(journal);
    s->journal_first = journal_first(journal);
    s->journal_last = journal_synced(journal);
    s->journal_head = journal_head(journal);
    if (!*s->damage && journal_verify(journal, records_seen, (void *)(uintptr_t)b->view, &damage) != 0)
        snprintf(s->damage, sizeof s->damage, "%s", damage.text);
    if (s->ledger_seq > s->journal_last)
        code = fault(f, ERR_CORRUPT, "the ledger stands at record %llu, the journal ends with %llu",
                     (unsigned long long)s->ledger_seq, (unsigned long long)s->journal_last);
    else if (s->ledger_seq && journal_hash(reader, s->ledger_seq, &head) && !hash_equal(&head, &s->ledger_head))
        code = fault(f, ERR_CORRUPT, "the ledger is of another journal: its record %llu is not this one's",
                     (unsigned long long)s->ledger_seq);
    journal_reader_free(reader);
    journal_close(journal);
    return code;
}

static int check_ledger(struct backup *b, struct fault *f)
{
    struct backup_summary *s = &b->manifest.summary;
    struct ledger *ledger;
    struct fault damage;
    int code = ledger_open(&ledger, b->state, LEDGER_READ, f);
    if (code)
        return code;
    ledger_position(ledger, &s->ledger_seq, &s->ledger_head, &s->fold_version);
    if (ledger_check(ledger, &damage) != 0)
        snprintf(s->damage, sizeof s->damage, "%s", damage.text);
    ledger_close(ledger);
    return 0;
}

static int check(struct backup *b, struct fault *f)
{
    char journal[PATH_MAX];
    int code = files_join(journal, b->state, "journal", f);
    if (!code)
        code = cut_tail(journal, f);
    if (!code)
        code = check_ledger(b, f);
    return code ? code : check_journal(b, journal, f);
}

/* ---- the manifest ------------------------------------------------------------------------------------------------ */

static int sum_files(struct backup *b, struct fault *f)
{
    struct manifest *m = &b->manifest;
    struct counted counted = {b->view, "sums", 0, 0};
    struct listed files;
    char path[PATH_MAX];
    int code = listed_read(&files, b->part, NULL, true, f);
    if (code)
        return code;
    m->files = xcalloc(files.count + 1, sizeof *m->files);
    for (size_t i = 0; i < files.count; i++)
        counted.all += files.files[i].bytes;
    for (size_t i = 0; !code && i < files.count; i++) {
        struct manifest_file *file = &m->files[m->count];
        code = files_join(path, b->part, files.files[i].path, f);
        if (!code)
            code = copy_file(path, NULL, counted_bytes, &counted, &file->as, f);
        if (code)
            break;
        file->path = xstrdup(files.files[i].path);
        m->count++;
        m->summary.bytes += file->as.bytes;
    }
    m->summary.files = m->count;
    listed_free(&files);
    return code;
}

static int finish(struct backup *b, struct fault *f)
{
    int code = sum_files(b, f);
    if (!code)
        code = manifest_write(&b->manifest, b->part, f);
    return code ? code : files_sync(b->part, f);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* DEST without slashes at its end. */
static int name_dest(const char *dest, char out[static PATH_MAX], struct fault *f)
{
    struct stat st;
    size_t length = strlen(dest);
    while (length > 1 && dest[length - 1] == '/')
        length--;
    if (!length || length > PATH_MAX - NAME_ROOM)
        return fault(f, ERR_RANGE, "%.200s: not a path to make a folder at", dest);
    snprintf(out, PATH_MAX, "%.*s", (int)length, dest);
    return lstat(out, &st) == 0 ? fault(f, ERR_DENIED, "%s: exists already", out) : 0;
}

static int make_part(struct backup *b, const char *dest, struct fault *f)
{
    struct backup_summary *s = &b->manifest.summary;
    snprintf(s->version, sizeof s->version, "%s", QUIETAIR_VERSION);
    snprintf(s->name, sizeof s->name, "%s", b->set->name);
    s->made_ms = clock_wall_ms();
    snprintf(b->part, sizeof b->part, "%.*s.part-XXXXXX", PATH_MAX - NAME_ROOM, dest);
    if (!mkdtemp(b->part))
        return fault(f, ERR_IO, "%s: cannot make the folder: %s", b->part, strerror(errno));
    return files_join(b->state, b->part, "state", f);
}

static int put_in_place(const struct backup *b, const char *dest, struct fault *f)
{
    char parent[PATH_MAX];
    if (renameat2(AT_FDCWD, b->part, AT_FDCWD, dest, RENAME_NOREPLACE) != 0)
        return fault(f, errno == EEXIST ? ERR_DENIED : ERR_IO, "%s: %s", dest, strerror(errno));
    int code = files_join(parent, dest, "..", f);
    if (code)
        return code;
    return file_sync_dir(parent) ? fault(f, ERR_IO, "%s: cannot be synced", parent) : 0;
}

static int make(struct backup *b, const char *dest, struct fault *f)
{
    int code = make_part(b, dest, f);
    if (code)
        return code;
    int hold = hold_take(b->set->state_dir);
    code = copy_all(b, f);
    if (hold >= 0)
        close(hold);
    if (!code)
        code = check(b, f);
    if (!code)
        code = finish(b, f);
    if (!code)
        code = put_in_place(b, dest, f);
    if (code)
        file_remove_tree(b->part);
    return code;
}

int backup_make(const struct collector_settings *set, const char *dest, const struct backup_view *view,
                struct backup_summary *summary, struct fault *f)
{
    char name[PATH_MAX];
    struct backup *b = xcalloc(1, sizeof *b);
    b->set = set;
    b->view = view;
    int code = name_dest(dest, name, f);
    if (!code)
        code = make(b, name, f);
    *summary = b->manifest.summary;
    manifest_free(&b->manifest);
    free(b);
    return code;
}
