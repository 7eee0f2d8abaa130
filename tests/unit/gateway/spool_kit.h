/* A gateway's spool in a folder of its own, whose readings the tests know by number: reading n of device `n` was taken
 * at T0 + 1000 n, and stands in a frame alone.  What the journal says of each is looked up frame by frame. */
#include "common/file.h"
#include "firmware-gateway/keeper.h"
#include "firmware-gateway/sender.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define T0   INT64_C(1764000000000)
#define BOOT "00000000-0000-4000-8000-000000000001"

enum { READINGS_MOST = 600 };

static char dir[64];
static struct spool *spool;
static size_t padding; /* bytes more in each frame: so that few of them fill a segment */
static int64_t max_bytes;

static size_t hello_parts = 1; /* frames that a hello takes */

static inline size_t hello(void *ctx, struct buf *b, size_t first, bool reset)
{
    (void)ctx;
    buf_print(b,
              ",\"kind\":\"hello\",\"ts\":1,\"district\":\"yudu\"%s,\"devices\":[{\"device\":\"n\",\"site\":\"s\","
              "\"profile\":\"p\",\"measurement\":\"noise\",\"interval\":1000,\"metrics\":[]}]",
              reset ? ",\"reset\":true" : "");
    return first + 1 < hello_parts ? first + 1 : 0;
}

static inline void make_dir(void)
{
    snprintf(dir, sizeof dir, "%s/quietair-spool-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dir));
    spool = NULL;
    padding = 0;
    max_bytes = 0;
    hello_parts = 1;
}

/* A start at T0 + 1000 n + 500: behind reading n, before the next. */
static inline int try_start(uint64_t n)
{
    struct fault f = {0};
    struct spool_settings set = {
        .state_dir = dir, .gateway = "gw-1", .hello = hello, .boot = BOOT, .max_bytes = max_bytes};
    return spool_open(&spool, &set, (struct moment){.ms = T0 + (int64_t)n * 1000 + 500}, &f);
}

static inline void end_life(bool clean)
{
    spool_close(spool, clean);
    spool = NULL;
}

static inline char *reading_body(uint64_t n, size_t *length)
{
    struct buf b = buf_growing();
    struct datum level = {"laeq", {.kind = VALUE_NUMBER, .number = (double)n}};
    struct reading r = {.device = "n", .ts = T0 + (int64_t)n * 1000, .values = &level, .value_count = 1};
    buf_text(&b, ",\"kind\":\"readings\",\"readings\":[");
    frame_put_reading(&b, &r);
    buf_char(&b, ']');
    if (padding)
        buf_print(&b, ",\"filler\":\"%0*d\"", (int)padding, 0);
    *length = b.length;
    return b.data;
}

static inline int put_reading(uint64_t n)
{
    size_t length;
    char *text = reading_body(n, &length);
    int r = spool_append(spool, text, length, T0 + (int64_t)n * 1000);
    free(text);
    return r ? r : spool_sync(spool);
}

/* ---- what frames say of the readings --------------------------------------------------------------------------------
 */
struct told {
    unsigned held[READINGS_MOST], anew[READINGS_MOST]; /* in frames as they were made, and in such framed anew */
    bool gap[READINGS_MOST];                           /* lies between the ends of a gap */
};

static inline void tell(struct told *t, const char *bytes, size_t length)
{
    struct frame *f = frame_open(bytes, length, NULL);
    assert_non_null(f);
    for (size_t i = 0; i < f->reading_count; i++) {
        int64_t n = (f->readings[i].ts - T0) / 1000;
        assert_in_range(n, 1, READINGS_MOST - 1);
        assert_true(f->readings[i].values[0].value.number == (double)n); /* no other value than was read */
        (f->anew ? t->anew : t->held)[n]++;
    }
    for (int64_t n = 1; f->kind == FRAME_GAP && n < READINGS_MOST; n++)
        t->gap[n] |= T0 + n * 1000 > f->since && T0 + n * 1000 < f->until;
    frame_close(f);
}

static inline struct told all_told(void)
{
    struct told t = {0};
    struct journal_record rec;
    for (uint64_t seq = spool_first(spool); seq <= spool_last(spool); seq++)
        if (spool_read(spool, seq, &rec) == 1)
            tell(&t, rec.bytes, rec.length);
    return t;
}

static inline unsigned epochs_lying(void)
{
    char path[100];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/journal", dir);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        count += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return count;
}
