/* The small files of a gateway's state folder after a bad night: four texts, each up to a byte 0xFF: `epoch`, `life`,
 * the cursor `acked`, and names in the quarantine, blanks between.  A gateway starts whatever stands there, and can go
 * on. */
#include "common/file.h"
#include "firmware-gateway/sender.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"

#define EPOCH "00000000000000000000000000000001"
enum { NAMES = 20 };

static size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx, (void)first;
    buf_print(b, ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[]", reset ? ",\"reset\":true" : "");
    return 0;
}

/* The next text, NUL-terminated. */
static char *text(struct feed *f, size_t *length)
{
    const uint8_t *end = f->left ? memchr(f->at, 0xff, f->left) : NULL;
    *length = end ? (size_t)(end - f->at) : f->left;
    char *copy = malloc(*length + 1);
    memcpy(copy, f->left ? f->at : (const uint8_t *)"", *length);
    copy[*length] = 0;
    f->at += *length + (end != NULL);
    f->left -= *length + (end != NULL);
    return copy;
}

static void put(const char *dir, const char *name, const char *bytes, size_t length)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    folder_put(path, bytes, length); /* or not: a name that no file can have */
}

static void put_files(const char *dir, struct feed *f)
{
    static const char *const files[] = {"epoch", "life", "journal/" EPOCH "/acked.cursor"};
    char path[400];
    size_t length;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *bytes = text(f, &length);
        if (length)
            put(dir, files[i], bytes, length);
        free(bytes);
    }
    char *names = text(f, &length), *at = names;
    snprintf(path, sizeof path, "%s/journal/" EPOCH "/quarantine", dir);
    must(file_make_dirs(path, 0700, NULL) == 0);
    unsigned count = 0;
    for (char *name; (name = strsep(&at, " ")) && count < NAMES;)
        if (*name && !strchr(name, '/') && *name != '.' && strlen(name) < 64) {
            put(path, name, "", 0);
            count++;
        }
    free(names);
}

static struct spool *start(const char *dir)
{
    struct spool_settings set = {.state_dir = dir,
                                 .gateway = "gw-1",
                                 .hello = hello,
                                 .boot = "00000000-0000-4000-8000-000000000001",
                                 .first_epoch = EPOCH};
    struct spool *spool;
    struct fault fault;
    must(spool_open(&spool, &set, (struct moment){.ms = 1000}, &fault) == 0);
    return spool;
}

/* Everything that it holds can be said. */
static void say_all(struct spool *spool)
{
    struct sender s;
    struct buf out = buf_growing();
    sender_init(&s, spool, "gw-1", "main", 100);
    must(s.acked <= spool_last(spool));
    while (sender_next(&s, 1000, &out) == 1) {
        struct frame *f = frame_open(out.data, out.length, NULL);
        must(f && f->seq == s.sent);
        frame_close(f);
    }
    must(s.sent == spool_last(spool) || s.sent == s.acked + SENDER_WINDOW);
    buf_free(&out);
}

static const char body[] = ",\"kind\":\"readings\",\"readings\":[]";
static const char *const kept[] = {"epoch", "life", "clock", "journal/" EPOCH "/00000000000000000001.seg"};
enum { KEPT = sizeof kept / sizeof *kept };

/* What a gateway leaves that wrote three frames, as bytes: the same each time. */
static void leave(const char *dir, char *bytes[KEPT], size_t lengths[KEPT])
{
    char path[400];
    struct spool *spool = start(dir);
    for (unsigned i = 0; i < 3; i++)
        must(spool_append(spool, body, sizeof body - 1, 1000) == 0);
    must(spool_sync(spool) == 0);
    spool_close(spool, false);
    for (size_t i = 0; i < KEPT; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, kept[i]);
        bytes[i] = file_read(path, 1 << 20, &lengths[i], NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *bytes[KEPT];
    static size_t lengths[KEPT];
    if (!bytes[0])
        leave(folder(), bytes, lengths);
    const char *dir = folder();
    char path[400];
    snprintf(path, sizeof path, "%s/journal/" EPOCH, dir);
    must(file_make_dirs(path, 0700, NULL) == 0);
    for (size_t i = 0; i < KEPT; i++)
        if (bytes[i])
            put(dir, kept[i], bytes[i], lengths[i]);
    struct feed f = {data, size};
    put_files(dir, &f);
    struct spool *spool = start(dir);
    say_all(spool);
    must(spool_append(spool, body, sizeof body - 1, 1000) == 0 && spool_sync(spool) == 0);
    spool_close(spool, true);
    return 0;
}
