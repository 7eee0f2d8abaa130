/* The manifest: what a backup holds. */
#include "collector/backup_private.h"
#include "common/buf.h"
#include "common/file.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, MANIFEST_MOST = 256 * 1024 * 1024, SUM_MOST = 256 };

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void put_hash(struct buf *b, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    buf_print(b, "\"%s\"", hex);
}

static void put_files(struct buf *b, const struct manifest *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct manifest_file *file = &m->files[i];
        buf_text(b, i ? ",\n {\"path\":" : "\n {\"path\":");
        buf_json(b, file->path);
        buf_print(b, ",\"bytes\":%lld,\"mode\":%u,\"sha256\":", (long long)file->as.bytes, file->as.mode);
        put_hash(b, &file->as.sha256);
        buf_char(b, '}');
    }
}

static void put(struct buf *b, const struct manifest *m)
{
    const struct backup_summary *s = &m->summary;
    buf_print(b, "{\"format\":%d,\"version\":", FORMAT);
    buf_json(b, s->version);
    buf_text(b, ",\"name\":");
    buf_json(b, s->name);
    buf_print(b, ",\"made\":%lld,\n \"ledger\":{\"seq\":%llu,\"fold\":%d,\"head\":", (long long)s->made_ms,
              (unsigned long long)s->ledger_seq, s->fold_version);
    put_hash(b, &s->ledger_head);
    buf_print(b, "},\n \"journal\":{\"first\":%llu,\"last\":%llu,\"head\":", (unsigned long long)s->journal_first,
              (unsigned long long)s->journal_last);
    put_hash(b, &s->journal_head);
    buf_text(b, "},\n \"damage\":");
    buf_json(b, s->damage);
    buf_text(b, ",\"files\":[");
    put_files(b, m);
    buf_text(b, "]}\n");
}

int manifest_write(const struct manifest *m, const char *dir, struct fault *f)
{
    char path[PATH_MAX], line[HASH_HEX + 32], hex[HASH_HEX];
    struct buf b = buf_growing();
    put(&b, m);
    struct hash sum = hash_of(b.data, b.length);
    hash_hex(&sum, hex);
    int n = snprintf(line, sizeof line, "%s  %s\n", hex, MANIFEST);
    int code = files_join(path, dir, MANIFEST, f);
    if (!code)
        code = file_replace(path, b.data, b.length, 0640, f);
    if (!code)
        code = files_join(path, dir, MANIFEST_SUM, f);
    if (!code)
        code = file_replace(path, line, (size_t)n, 0640, f);
    buf_free(&b);
    return code;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool get_hash(const struct json *object, const char *key, struct hash *out)
{
    const char *hex;
    return json_text(json_member(object, key), &hex) && hash_parse(out, hex);
}

static bool get_seq(const struct json *object, const char *key, uint64_t *out)
{
    int64_t n;
    bool good = json_int64(json_member(object, key), &n) && n >= 0;
    *out = good ? (uint64_t)n : 0;
    return good;
}

static bool get_text(const struct json *object, const char *key, char *out, size_t size)
{
    const char *text;
    return json_text(json_member(object, key), &text) && snprintf(out, size, "%s", text) < (int)size;
}

/* Below the backup, and nowhere else: no part of it empty, `.` or `..`. */
static bool path_is_tame(const char *path)
{
    for (;;) {
        size_t n = strcspn(path, "/");
        if (!n || (n <= 2 && strspn(path, ".") == n))
            return false;
        if (!path[n])
            return true;
        path += n + 1;
    }
}

static bool get_file(struct manifest_file *file, const struct json *object)
{
    const char *path;
    int64_t mode;
    if (!json_text(json_member(object, "path"), &path) || !path_is_tame(path) ||
        !json_int64(json_member(object, "bytes"), &file->as.bytes) || !json_int64(json_member(object, "mode"), &mode) ||
        mode < 0 || mode > 0777 || !get_hash(object, "sha256", &file->as.sha256))
        return false;
    file->as.mode = (unsigned)mode;
    file->path = xstrdup(path);
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct manifest_file *)a)->path, ((const struct manifest_file *)b)->path);
}

static bool get_files(struct manifest *m, const struct json *list)
{
    size_t count = json_count(list);
    m->files = xcalloc(count + 1, sizeof *m->files);
    for (size_t i = 0; i < count; i++) {
        if (!get_file(&m->files[i], json_at(list, i)))
            return false;
        m->count++;
        m->summary.bytes += m->files[i].as.bytes;
    }
    m->summary.files = count;
    qsort(m->files, m->count, sizeof *m->files, by_path);
    for (size_t i = 1; i < m->count; i++) {
        if (by_path(&m->files[i - 1], &m->files[i]) == 0)
            return false; /* said twice */
    }
    return json_is_list(list);
}

static bool get(struct manifest *m, const struct json *root)
{
    struct backup_summary *s = &m->summary;
    const struct json *ledger = json_member(root, "ledger"), *journal = json_member(root, "journal");
    int64_t fold;
    bool good = get_text(root, "version", s->version, sizeof s->version) &&
                get_text(root, "name", s->name, sizeof s->name) &&
                get_text(root, "damage", s->damage, sizeof s->damage) &&
                json_int64(json_member(root, "made"), &s->made_ms) && get_seq(ledger, "seq", &s->ledger_seq) &&
                json_int64(json_member(ledger, "fold"), &fold) && get_hash(ledger, "head", &s->ledger_head) &&
                get_seq(journal, "first", &s->journal_first) && get_seq(journal, "last", &s->journal_last) &&
                get_hash(journal, "head", &s->journal_head) && get_files(m, json_member(root, "files"));
    s->fold_version = good ? (int)fold : 0;
    return good;
}

static int check_sum(const char *dir, const char *text, size_t length, struct fault *f)
{
    char path[PATH_MAX], hex[HASH_HEX], line[HASH_HEX + 32];
    size_t n = 0;
    struct hash sum = hash_of(text, length);
    int code = files_join(path, dir, MANIFEST_SUM, f);
    char *held = code ? NULL : file_read(path, SUM_MOST, &n, f);
    if (!held)
        return code ? code : f->code;
    hash_hex(&sum, hex);
    snprintf(line, sizeof line, "%s  %s\n", hex, MANIFEST);
    if (n != strlen(line) || memcmp(held, line, n) != 0)
        code = fault(f, ERR_CORRUPT, "%s: is not what %s says", MANIFEST, MANIFEST_SUM);
    free(held);
    return code;
}

static int parse(struct manifest *m, const char *text, size_t length, struct fault *f)
{
    struct fault why = {0};
    int64_t format = 0;
    struct json *root = json_open(text, length, &why);
    int code = 0;
    if (!root || !json_int64(json_member(root, "format"), &format))
        code = fault(f, ERR_CORRUPT, "%s: cannot be read: %s", MANIFEST, root ? "format is missing" : why.text);
    else if (format != FORMAT)
        code = fault(f, ERR_RANGE, "%s: is of format %lld, this program knows %d", MANIFEST, (long long)format, FORMAT);
    else if (!get(m, root))
        code = fault(f, ERR_CORRUPT, "%s: cannot be read", MANIFEST);
    json_close(root);
    return code;
}

int manifest_read(struct manifest *m, const char *dir, struct fault *f)
{
    char path[PATH_MAX];
    size_t length = 0;
    *m = (struct manifest){0};
    int code = files_join(path, dir, MANIFEST, f);
    char *text = code ? NULL : file_read(path, MANIFEST_MOST, &length, f);
    if (!text)
        return code ? code : f->code;
    code = check_sum(dir, text, length, f);
    if (!code)
        code = parse(m, text, length, f);
    free(text);
    if (code)
        manifest_free(m);
    return code;
}

void manifest_free(struct manifest *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->files[i].path);
    free(m->files);
    m->files = NULL;
    m->count = 0;
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *path)
{
    const struct manifest_file wanted = {.path = (char *)(uintptr_t)path};
    return m->count ? bsearch(&wanted, m->files, m->count, sizeof *m->files, by_path) : NULL;
}

void counted_bytes(void *ctx, int64_t bytes)
{
    struct counted *c = ctx;
    c->done += bytes;
    if (c->view)
        c->view->progress(c->view->ctx, c->what, c->done, c->all);
}
