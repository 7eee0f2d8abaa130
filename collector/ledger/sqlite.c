/* SQLite as the ledger's engine; the only file that includes sqlite3.h.
 *
 * WAL so that readers never hold up the writer; synchronous FULL so that a commit survives a power cut (pragma.html,
 * "synchronous"); the WAL is kept when the last connection closes (c3ref/c_fcntl_begin_atomic_write.html,
 * SQLITE_FCNTL_PERSIST_WAL), since a reader without the right to write the folder could not create it again (wal.html,
 * "Read-Only Databases").  One connection writes: SQLite before 3.51.3 can damage a file that two connections write or
 * checkpoint in the same moment (wal.html, "The WAL-Reset Bug"); a lock file beside it refuses the second.
 *
 * What is written to be thrown away, or kept only once it is whole, needs none of this: its rollback journal stays in
 * memory and nothing waits for the disk (pragma.html, "journal_mode" MEMORY, "synchronous" OFF).
 */
#include "collector/ledger/sql.h"
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 10000, STATEMENTS_MAX = 64, FILE_MODE = 0640 };

struct sql_statement {
    struct sql *db;
    sqlite3_stmt *handle; /* NULL: could not be prepared */
    int put, get;         /* how many values were given, how many taken of this row */
};

struct sql {
    sqlite3 *handle;
    int lock; /* of the writer, -1 */
    int error;
    char error_text[200];
    struct sql_statement statements[STATEMENTS_MAX];
    size_t statement_count;
};

static const char *const parts[] = {"-wal", "-shm", ""}; /* the database itself goes last */

static int code_of(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_AGAIN;
    default:
        return ERR_IO;
    }
}

void sql_spoil(struct sql *db, int code, const char *text)
{
    if (db->error)
        return;
    db->error = code;
    snprintf(db->error_text, sizeof db->error_text, "%s", text);
}

static void check(struct sql *db, int sqlite_code)
{
    if (sqlite_code != SQLITE_OK && sqlite_code != SQLITE_ROW && sqlite_code != SQLITE_DONE)
        sql_spoil(db, code_of(sqlite_code), sqlite3_errmsg(db->handle));
}

int sql_error(const struct sql *db)
{
    return db->error;
}

const char *sql_error_text(const struct sql *db)
{
    return db->error_text;
}

void sql_forgive(struct sql *db)
{
    db->error = 0;
    db->error_text[0] = 0;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static int take_lock(struct sql *db, const char *path, struct fault *f)
{
    char name[4200];
    snprintf(name, sizeof name, "%s.lock", path);
    db->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock < 0)
        return fault(f, ERR_IO, "%s: %s", name, strerror(errno));
    if (flock(db->lock, LOCK_EX | LOCK_NB) != 0)
        return fault(f, ERR_AGAIN, "%s: another process writes this ledger", path);
    return 0;
}

static void sync_folder(const char *path)
{
    char *copy = xstrdup(path);
    file_sync_dir(dirname(copy)); /* without it a new name may be lost with the power, never its contents */
    free(copy);
}

/* A new file gets its mode here, -wal and -shm take it over.  A WAL without its database would be played into the new
 * one.  An old file is not opened: closing a descriptor of our own would drop SQLite's locks (howtocorrupt.html 2.2).
 */
static int create_file(const char *path, enum sql_mode mode, struct fault *f)
{
    char name[4200];
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return errno == EEXIST ? 0 : fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    int failed = fchmod(fd, FILE_MODE);
    close(fd);
    if (failed)
        return fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    for (size_t i = 0; *parts[i]; i++) {
        snprintf(name, sizeof name, "%s%s", path, parts[i]);
        if (unlink(name) != 0 && errno != ENOENT)
            return fault(f, ERR_IO, "%s: %s", name, strerror(errno));
    }
    if (mode == SQL_WRITE)
        sync_folder(path);
    return 0;
}

static void log_ahead(struct sql *db)
{
    int keep_wal = 1;
    struct sql_statement *wal = sql_prepare(db, "PRAGMA journal_mode = WAL");
    if (sql_next(wal) && strcmp(sql_get_text(wal), "wal") != 0)
        sql_spoil(db, ERR_IO, "the file system does not allow write-ahead logging");
    sql_stop(wal);
    sql_run(db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
    check(db, sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal));
}

static void configure(struct sql *db, enum sql_mode mode)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sql_run(db, "PRAGMA cell_size_check = ON");
    if (mode == SQL_READ)
        sql_run(db, "PRAGMA query_only = ON");
    else if (mode == SQL_SCRATCH)
        sql_run(db, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    else
        log_ahead(db);
}

int sql_open(struct sql **out, const char *path, enum sql_mode mode, struct fault *f)
{
    struct sql *db = xcalloc(1, sizeof *db);
    db->lock = -1;
    int code = 0;
    if (mode != SQL_READ) {
        code = take_lock(db, path, f);
        if (!code)
            code = create_file(path, mode, f);
    } else if (access(path, F_OK) != 0) {
        code = fault(f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", path, strerror(errno));
    }
    if (!code) {
        int flags = mode == SQL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
        check(db, sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL));
        configure(db, mode);
        sql_is_empty(db); /* the first look into the file: is it a database at all? */
        if (db->error)
            code = fault(f, db->error, "%s: %s", path, db->error_text);
    }
    if (code) {
        sql_close(db);
        return code;
    }
    *out = db;
    return 0;
}

void sql_close(struct sql *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].handle);
    sqlite3_close(db->handle);
    if (db->lock >= 0)
        close(db->lock);
    free(db);
}

int sql_sync(const char *path, struct fault *f)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (failed)
        fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    sync_folder(path);
    return failed ? ERR_IO : 0;
}

/* VACUUM INTO reads through a transaction of a connection that is opened read-only: it can neither write to the file
 * nor checkpoint its WAL (lang_vacuum.html; wal.html, "The WAL-Reset Bug": only writers and checkpoints can meet it). */
int sql_copy(const char *from, const char *to, struct fault *f)
{
    struct sql *db;
    int code = sql_open(&db, from, SQL_READ, f);
    if (code)
        return code;
    code = create_file(to, SQL_SCRATCH, f); /* empty is as good as not there, and has its mode */
    sql_run(db, "PRAGMA query_only = OFF"); /* or the engine refuses to write even the copy */
    struct sql_statement *s = sql_prepare(db, "VACUUM INTO ?");
    sql_put_text(s, to);
    if (!code)
        sql_do(s);
    if (db->error)
        code = fault(f, db->error, "%s: cannot be copied to %s: %s", from, to, db->error_text);
    sql_close(db);
    return code ? code : sql_sync(to, f);
}

int sql_rename(const char *from, const char *to, struct fault *f)
{
    char old[4200], new[4200];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(old, sizeof old, "%s%s", from, parts[i]);
        snprintf(new, sizeof new, "%s%s", to, parts[i]);
        if (rename(old, new) != 0 && errno != ENOENT)
            return fault(f, ERR_IO, "%s to %s: %s", old, new, strerror(errno));
    }
    sync_folder(to);
    return 0;
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

bool sql_is_empty(struct sql *db)
{
    struct sql_statement *s = sql_prepare(db, "SELECT COUNT(*) FROM sqlite_master");
    bool empty = sql_next(s) && sql_get_int(s) == 0;
    sql_stop(s);
    return empty;
}

int sql_run(struct sql *db, const char *script)
{
    if (!db->error)
        check(db, sqlite3_exec(db->handle, script, NULL, NULL, NULL));
    return db->error;
}

struct sql_statement *sql_prepare(struct sql *db, const char *text)
{
    if (db->statement_count == STATEMENTS_MAX)
        abort(); /* each statement of the ledger is prepared once: raise STATEMENTS_MAX */
    struct sql_statement *s = &db->statements[db->statement_count++];
    s->db = db;
    if (!db->error)
        check(db, sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL));
    return s;
}

void sql_put_text(struct sql_statement *s, const char *text)
{
    if (!s->db->error)
        check(s->db, sqlite3_bind_text(s->handle, ++s->put, text, -1, SQLITE_TRANSIENT));
}

void sql_put_int(struct sql_statement *s, int64_t n)
{
    if (!s->db->error)
        check(s->db, sqlite3_bind_int64(s->handle, ++s->put, n));
}

void sql_put_real(struct sql_statement *s, double x)
{
    if (!s->db->error)
        check(s->db, sqlite3_bind_double(s->handle, ++s->put, x));
}

void sql_put_bytes(struct sql_statement *s, const void *bytes, size_t length)
{
    if (!s->db->error)
        check(s->db, sqlite3_bind_blob64(s->handle, ++s->put, bytes, length, SQLITE_TRANSIENT));
}

void sql_stop(struct sql_statement *s)
{
    if (s->handle) {
        sqlite3_reset(s->handle); /* its code repeats that of the step */
        sqlite3_clear_bindings(s->handle);
    }
    s->put = 0;
    s->get = 0;
}

bool sql_next(struct sql_statement *s)
{
    int code = SQLITE_DONE;
    if (!s->db->error) {
        code = sqlite3_step(s->handle);
        check(s->db, code);
    }
    s->get = 0;
    if (code != SQLITE_ROW)
        sql_stop(s);
    return code == SQLITE_ROW;
}

void sql_do(struct sql_statement *s)
{
    while (sql_next(s))
        ;
}

const char *sql_get_text(struct sql_statement *s)
{
    const char *text = (const char *)sqlite3_column_text(s->handle, s->get++);
    return text ? text : "";
}

int64_t sql_get_int(struct sql_statement *s)
{
    return sqlite3_column_int64(s->handle, s->get++);
}

bool sql_at_null(struct sql_statement *s)
{
    return sqlite3_column_type(s->handle, s->get) == SQLITE_NULL;
}

double sql_get_real(struct sql_statement *s)
{
    bool null = sql_at_null(s);
    double x = sqlite3_column_double(s->handle, s->get++);
    return null ? NAN : x;
}

const void *sql_get_bytes(struct sql_statement *s, size_t *length)
{
    const void *bytes = sqlite3_column_blob(s->handle, s->get);
    *length = (size_t)sqlite3_column_bytes(s->handle, s->get++);
    return bytes;
}

static bool is_json(const char *column)
{
    return strcmp(column, "body") == 0 || strcmp(column, "evidence") == 0 || strcmp(column, "photos") == 0;
}

void sql_put_row_json(struct sql_statement *s, struct buf *out)
{
    for (int i = 0; i < sqlite3_column_count(s->handle); i++) {
        const char *name = sqlite3_column_name(s->handle, i);
        if (i)
            buf_char(out, ',');
        buf_json(out, name);
        buf_char(out, ':');
        switch (sqlite3_column_type(s->handle, i)) {
        case SQLITE_INTEGER:
            buf_int(out, sqlite3_column_int64(s->handle, i));
            break;
        case SQLITE_FLOAT:
            buf_number(out, sqlite3_column_double(s->handle, i));
            break;
        case SQLITE_NULL:
            buf_text(out, "null");
            break;
        default:
            if (is_json(name))
                buf_text(out, (const char *)sqlite3_column_text(s->handle, i));
            else
                buf_json(out, (const char *)sqlite3_column_text(s->handle, i));
        }
    }
}
