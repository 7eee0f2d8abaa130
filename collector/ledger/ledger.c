#include "collector/ledger/ledger_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *file_in(const char *state_dir)
{
    struct buf path = buf_growing();
    buf_print(&path, "%s/ledger.db", state_dir);
    return path.data;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static void create_tables(struct sql *db)
{
    char version[80];
    snprintf(version, sizeof version, "INSERT INTO schema_version (version) VALUES (%d); COMMIT;", LEDGER_SCHEMA);
    sql_run(db, "BEGIN");
    sql_run(db, ledger_schema);
    sql_run(db, version);
}

static int check_schema(struct sql *db, const char *path, struct fault *f)
{
    if (sql_is_empty(db))
        return fault(f, ERR_MISSING, "%s: nothing in it yet", path);
    struct sql_statement *s = sql_prepare(db, "SELECT version FROM schema_version");
    int64_t version = sql_next(s) ? sql_get_int(s) : 0;
    sql_stop(s);
    if (sql_error(db))
        return fault(f, sql_error(db), "%s: %s", path, sql_error_text(db));
    if (version != LEDGER_SCHEMA)
        return fault(f, ERR_RANGE, "%s: has schema %" PRId64 ", this program needs %d", path, version, LEDGER_SCHEMA);
    return 0;
}

struct position {
    uint64_t seq;
    struct hash head;
    int fold_version;
    int64_t last_id[2];
};

/* False: nothing was committed yet, or it cannot be read (ledger_got tells). */
static bool read_position(struct ledger *l, struct position *p)
{
    struct sql_statement *s = ledger_get(l, READ_POSITION);
    *p = (struct position){0};
    bool found = sql_next(s);
    if (found) {
        p->seq = (uint64_t)sql_get_int(s);
        if (!hash_parse(&p->head, sql_get_text(s)))
            sql_spoil(l->view, ERR_CORRUPT, "the position cannot be read");
        p->fold_version = (int)sql_get_int(s);
        p->last_id[OUTBOX_ALERT] = sql_get_int(s);
        p->last_id[OUTBOX_LINE] = sql_get_int(s);
    }
    sql_stop(s);
    return ledger_got(l) == 0 && found;
}

static int open_writer(struct ledger *l, const char *path, enum sql_mode mode, struct fault *f)
{
    int code = sql_open(&l->writer, path, mode, f);
    if (code)
        return code;
    if (sql_is_empty(l->writer))
        create_tables(l->writer);
    code = check_schema(l->writer, path, f);
    for (int i = 0; !code && i < WRITE_STATEMENTS; i++)
        l->write[i] = sql_prepare(l->writer, ledger_write_texts[i]);
    if (!code && sql_error(l->writer))
        code = fault(f, sql_error(l->writer), "%s: %s", path, sql_error_text(l->writer));
    return code;
}

static int open_view(struct ledger *l, const char *path, struct fault *f)
{
    int code = sql_open(&l->view, path, SQL_READ, f);
    if (!code)
        code = check_schema(l->view, path, f);
    for (int i = 0; !code && i < READ_STATEMENTS; i++)
        l->read[i] = sql_prepare(l->view, ledger_read_texts[i]);
    if (!code && sql_error(l->view))
        code = fault(f, sql_error(l->view), "%s: %s", path, sql_error_text(l->view));
    return code;
}

int ledger_open(struct ledger **out, const char *state_dir, enum ledger_mode mode, struct fault *f)
{
    struct ledger *l = xcalloc(1, sizeof *l);
    l->kept[0] = buf_growing();
    l->kept[1] = buf_growing();
    char *path = file_in(state_dir);
    int code = 0;
    if (mode != LEDGER_READ)
        code = open_writer(l, path, mode == LEDGER_WRITE ? SQL_WRITE : SQL_SCRATCH, f);
    if (!code)
        code = open_view(l, path, f);
    if (!code) {
        struct position p;
        read_position(l, &p);
        memcpy(l->committed_id, p.last_id, sizeof l->committed_id);
        memcpy(l->last_id, p.last_id, sizeof l->last_id);
        code = ledger_got(l);
        if (code)
            fault(f, code, "%s: %s", path, l->error);
    }
    free(path);
    if (code) {
        ledger_close(l);
        return code;
    }
    l->sink = ledger_writer;
    l->sink.ctx = l;
    *out = l;
    return 0;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    sql_close(l->view);
    sql_close(l->writer);
    buf_free(&l->kept[0]);
    buf_free(&l->kept[1]);
    free(l);
}

const char *ledger_error(const struct ledger *l)
{
    return l->error;
}

int ledger_sync(const char *state_dir, struct fault *f)
{
    char *path = file_in(state_dir);
    int code = sql_sync(path, f);
    free(path);
    return code;
}

int ledger_copy(const char *state_dir, const char *to_dir, struct fault *f)
{
    char *from = file_in(state_dir), *to = file_in(to_dir);
    int code = sql_copy(from, to, f);
    free(from);
    free(to);
    return code;
}

int ledger_set_aside(const char *state_dir, int64_t now_ms, struct fault *f)
{
    struct buf aside = buf_growing();
    char *path = file_in(state_dir);
    buf_print(&aside, "%s.aside-%" PRId64, path, now_ms);
    int code = sql_rename(path, aside.data, f);
    free(path);
    buf_free(&aside);
    return code;
}

/* ---- transactions --------------------------------------------------------------------------------------------- */

const struct sink *ledger_sink(struct ledger *l)
{
    return &l->sink;
}

struct sql_statement *ledger_put(struct ledger *l, enum write_statement which)
{
    assert(l->writer);
    if (!l->in_transaction)
        sql_do(l->write[WRITE_BEGIN]);
    l->in_transaction = true;
    return l->write[which];
}

static int writer_result(struct ledger *l)
{
    int code = sql_error(l->writer);
    snprintf(l->error, sizeof l->error, "%s", sql_error_text(l->writer));
    return code;
}

int ledger_commit(struct ledger *l, uint64_t seq, const struct hash *head, int fold_version)
{
    char hex[HASH_HEX];
    hash_hex(head, hex);
    struct sql_statement *s = ledger_put(l, WRITE_POSITION);
    sql_put_int(s, (int64_t)seq);
    sql_put_text(s, hex);
    sql_put_int(s, fold_version);
    sql_put_int(s, l->last_id[OUTBOX_ALERT]);
    sql_put_int(s, l->last_id[OUTBOX_LINE]);
    sql_do(s);
    sql_do(l->write[WRITE_COMMIT]);
    int code = writer_result(l);
    if (code) {
        ledger_rollback(l);
        return code;
    }
    l->in_transaction = false;
    memcpy(l->committed_id, l->last_id, sizeof l->committed_id);
    return 0;
}

void ledger_rollback(struct ledger *l)
{
    if (!l->in_transaction)
        return;
    sql_forgive(l->writer);
    sql_run(l->writer, "ROLLBACK"); /* fails when the engine has rolled back by itself */
    sql_forgive(l->writer);
    l->in_transaction = false;
    memcpy(l->last_id, l->committed_id, sizeof l->last_id);
}

/* ---- where it stands ------------------------------------------------------------------------------------------- */

struct sql_statement *ledger_get(struct ledger *l, enum read_statement which)
{
    sql_forgive(l->view);
    return l->read[which];
}

int ledger_got(struct ledger *l)
{
    snprintf(l->error, sizeof l->error, "%s", sql_error_text(l->view));
    return sql_error(l->view);
}

bool ledger_position(struct ledger *l, uint64_t *seq, struct hash *head, int *fold_version)
{
    struct position p;
    if (!read_position(l, &p))
        return false;
    *seq = p.seq;
    *head = p.head;
    *fold_version = p.fold_version;
    return true;
}

int ledger_restore(struct ledger *l, int (*piece)(void *ctx, const char *key, const void *bytes, size_t length),
                   void *ctx)
{
    struct sql_statement *s = ledger_get(l, READ_STATES);
    int code = 0;
    while (!code && sql_next(s)) {
        size_t length;
        const char *key = sql_get_text(s);
        const void *bytes = sql_get_bytes(s, &length);
        code = piece(ctx, key, bytes, length);
    }
    sql_stop(s);
    return code ? code : ledger_got(l);
}

int ledger_freeze(struct ledger *l)
{
    struct position p;
    sql_do(ledger_get(l, READ_BEGIN));
    read_position(l, &p); /* the moment is that of the first reading */
    return ledger_got(l);
}

bool ledger_answer(struct ledger *l, const char *request, struct buf *json)
{
    struct sql_statement *s = ledger_get(l, READ_ANSWER);
    sql_put_text(s, request);
    bool found = sql_next(s);
    if (found)
        buf_text(json, sql_get_text(s));
    sql_stop(s);
    return ledger_got(l) == 0 && found;
}

/* ---- to be sent ------------------------------------------------------------------------------------------------ */

/* The texts of the present row are copied, so that no reading stays open while its receiver is away: an open one would
 * let the WAL grow without end. */
static const char *keep(struct buf *kept, struct sql_statement *s)
{
    if (sql_at_null(s)) {
        sql_get_text(s);
        return NULL;
    }
    buf_clear(kept);
    buf_text(kept, sql_get_text(s));
    return kept->data;
}

static int end_of_row(struct ledger *l, struct sql_statement *s)
{
    sql_stop(s);
    int code = ledger_got(l);
    return code ? code : 1;
}

int ledger_outbox_next(struct ledger *l, enum outbox outbox, int64_t after_id, struct outbox_row *row)
{
    struct sql_statement *s = ledger_get(l, outbox == OUTBOX_ALERT ? READ_ALERT : READ_LINE);
    sql_put_int(s, after_id);
    if (!sql_next(s))
        return ledger_got(l);
    *row = (struct outbox_row){.id = sql_get_int(s)};
    if (outbox == OUTBOX_LINE) {
        row->line = keep(&l->kept[0], s);
    } else {
        row->topic = keep(&l->kept[0], s);
        row->payload = keep(&l->kept[1], s);
        row->at_ms = sql_get_int(s);
    }
    return end_of_row(l, s);
}

int ledger_retained_next(struct ledger *l, const char *after_topic, struct outbox_row *row)
{
    struct sql_statement *s = ledger_get(l, READ_RETAINED);
    sql_put_text(s, after_topic); /* may be the topic of the row before: bound before it is overwritten */
    if (!sql_next(s))
        return ledger_got(l);
    *row = (struct outbox_row){.topic = keep(&l->kept[0], s)};
    row->payload = keep(&l->kept[1], s);
    row->at_ms = sql_get_int(s);
    return end_of_row(l, s);
}

int64_t ledger_outbox_last(struct ledger *l, enum outbox outbox)
{
    struct position p;
    read_position(l, &p);
    return p.last_id[outbox];
}

int ledger_outbox_forget(struct ledger *l, enum outbox outbox, int64_t upto_id)
{
    assert(l->writer);
    struct sql_statement *s = l->write[outbox == OUTBOX_ALERT ? WRITE_ALERTS_GONE : WRITE_LINES_GONE];
    sql_put_int(s, upto_id);
    sql_do(s);
    int code = writer_result(l);
    if (!l->in_transaction)
        sql_forgive(l->writer);
    return code;
}
