#include "collector/identity.h"
#include "collector/rules/entry.h"
#include "common/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 4096, ID_DIGITS = 16 };

static void path_of(char path[static PATH_MAX], const char *state_dir, const char *complaint)
{
    snprintf(path, PATH_MAX, "%s/identities/%.16s.json", state_dir, complaint);
}

static void put_member(struct buf *out, const struct json *object, const char *key)
{
    const char *text = "";
    json_text(json_member(object, key), &text);
    buf_print(out, "%s\"%s\":", out->data[out->length - 1] == '{' ? "" : ",", key);
    buf_json(out, text);
}

static int keep(const char *state_dir, const char *id, const struct json *args, struct fault *f)
{
    char path[PATH_MAX], dir[PATH_MAX];
    struct buf text = buf_growing();
    snprintf(dir, sizeof dir, "%s/identities", state_dir);
    path_of(path, state_dir, id);
    buf_char(&text, '{');
    put_member(&text, args, "name");
    put_member(&text, args, "phone");
    buf_text(&text, "}\n");
    int code = text.length > FILE_MOST ? fault(f, ERR_RANGE, "name and phone: too long") : file_make_dirs(dir, 0750, f);
    if (!code)
        code = file_replace(path, text.data, text.length, 0640, f);
    buf_free(&text);
    return code;
}

/* Only what is known to tell nothing of the person. */
static void rewrite(const struct json *request, const struct json *args, bool kept, struct buf *out)
{
    static const char *const members[] = {"site", "at", "about", "text"};
    buf_char(out, '{');
    put_member(out, request, "id");
    put_member(out, request, "actor");
    put_member(out, request, "verb");
    buf_print(out, ",\"args\":{\"identity\":\"%s\"", kept ? "kept" : "none");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_member(args, members[i])) /* what is missing is refused as missing */
            put_member(out, args, members[i]);
    buf_text(out, "}}");
}

static bool has_text(const struct json *args, const char *key)
{
    const char *text = "";
    return json_text(json_member(args, key), &text) && *text;
}

int identity_take(const char *state_dir, const struct json *request, struct buf *journalled, struct fault *f)
{
    const struct json *args = json_member(request, "args");
    const char *request_id = "";
    char id[ID_DIGITS + 1];
    if (!json_is_object(args))
        return fault(f, ERR_SYNTAX, "args is missing");
    json_text(json_member(request, "id"), &request_id);
    entry_id(id, "complaint", request_id);
    bool kept = has_text(args, "name") || has_text(args, "phone");
    int code = kept ? keep(state_dir, id, args, f) : 0;
    if (!code)
        rewrite(request, args, kept, journalled);
    return code;
}

int identity_erase(const char *state_dir, const char *complaint, struct fault *f)
{
    char path[PATH_MAX], dir[PATH_MAX];
    if (strlen(complaint) != ID_DIGITS || strspn(complaint, "0123456789abcdef") != ID_DIGITS)
        return fault(f, ERR_RANGE, "complaint %s: not an id", complaint);
    path_of(path, state_dir, complaint);
    if (unlink(path) != 0)
        return errno == ENOENT ? 0 : fault(f, ERR_IO, "%s: %s", path, strerror(errno));
    snprintf(dir, sizeof dir, "%s/identities", state_dir);
    return file_sync_dir(dir) ? fault(f, ERR_IO, "%s: cannot be synced", dir) : 0;
}

void identity_drop(const char *state_dir, const char *request_id)
{
    char id[ID_DIGITS + 1];
    entry_id(id, "complaint", request_id);
    identity_erase(state_dir, id, NULL);
}

char *identity_read(const char *state_dir, const char *complaint)
{
    char path[PATH_MAX];
    size_t length;
    path_of(path, state_dir, complaint);
    return file_read(path, FILE_MOST, &length, NULL);
}
