#include "collector/output/influx.h"
#include "common/clock.h"
#include "common/file.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct influx {
    const struct influx_settings *set;
    char *refused_path, *write_url, *query_url, *database_query;
    CURL *curl;
    struct curl_slist *plain, *zipped;
    char answer[512];
    size_t answer_length;
    char error[700];
    int64_t retry_after_ms;
    uint64_t refused;
    _Atomic int64_t deadline_ms; /* monotonic; 0: none */
    bool created;
    unsigned char *packed;
    size_t packed_room;
};

static size_t keep_answer(char *bytes, size_t size, size_t count, void *ctx)
{
    struct influx *x = ctx;
    size_t room = sizeof x->answer - 1 - x->answer_length, n = size * count < room ? size * count : room;
    memcpy(x->answer + x->answer_length, bytes, n);
    x->answer_length += n;
    x->answer[x->answer_length] = 0;
    return size * count;
}

static int past_deadline(void *ctx, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
    struct influx *x = ctx;
    (void)down, (void)downloaded, (void)up, (void)uploaded;
    return x->deadline_ms && clock_mono_ms() >= x->deadline_ms;
}

static char *escaped(CURL *curl, const char *text)
{
    char *e = curl_easy_escape(curl, text ? text : "", 0), *copy = xstrdup(e ? e : "");
    curl_free(e);
    return copy;
}

static void compose_urls(struct influx *x)
{
    struct buf w = buf_growing(), q = buf_growing(), d = buf_growing();
    size_t base = strlen(x->set->url);
    while (base && x->set->url[base - 1] == '/')
        base--;
    char *database = escaped(x->curl, x->set->database), *org = escaped(x->curl, x->set->org),
         *bucket = escaped(x->curl, x->set->bucket);
    if (x->set->api == INFLUX_V1)
        buf_print(&w, "%.*s/write?db=%s&precision=ms", (int)base, x->set->url, database);
    else
        buf_print(&w, "%.*s/api/v2/write?org=%s&bucket=%s&precision=ms", (int)base, x->set->url, org, bucket);
    buf_print(&q, "%.*s/query", (int)base, x->set->url);
    buf_print(&d, "q=CREATE%%20DATABASE%%20%%22%s%%22", database);
    free(database), free(org), free(bucket);
    x->write_url = w.data, x->query_url = q.data, x->database_query = d.data;
}

static struct curl_slist *headers(const struct influx_settings *set, const char *encoding)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    list = curl_slist_append(list, "Content-Type: text/plain; charset=utf-8");
    size_t length;
    char *token = set->token_file ? file_read(set->token_file, 4096, &length, NULL) : NULL;
    if (token) {
        struct buf b = buf_growing();
        token[strcspn(token, "\r\n")] = 0;
        buf_print(&b, "Authorization: Token %s", token);
        list = curl_slist_append(list, b.data);
        buf_free(&b);
    }
    free(token);
    return encoding ? curl_slist_append(list, encoding) : list;
}

struct influx *influx_new(const struct influx_settings *set, const char *refused_path)
{
    struct influx *x = xcalloc(1, sizeof *x);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    x->set = set;
    x->refused_path = xstrdup(refused_path);
    x->curl = or_end(curl_easy_init());
    compose_urls(x);
    x->plain = headers(set, NULL);
    x->zipped = headers(set, "Content-Encoding: gzip");
    curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
    /* Else a name that is being looked up is waited for, past all limits. */
    curl_easy_setopt(x->curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, past_deadline);
    curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
    return x;
}

void influx_free(struct influx *x)
{
    if (!x)
        return;
    curl_slist_free_all(x->plain);
    curl_slist_free_all(x->zipped);
    curl_easy_cleanup(x->curl);
    free(x->refused_path), free(x->write_url), free(x->query_url), free(x->database_query), free(x->packed);
    free(x);
    curl_global_cleanup();
}

/* The HTTP status, or 0 when there was none. */
static long post(struct influx *x, const char *url, const void *body, size_t length, struct curl_slist *list)
{
    long status = 0;
    curl_off_t wait = 0;
    x->answer_length = 0;
    x->answer[0] = 0;
    x->retry_after_ms = 0;
    curl_easy_setopt(x->curl, CURLOPT_URL, url);
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    CURLcode r = curl_easy_perform(x->curl);
    if (r != CURLE_OK) {
        snprintf(x->error, sizeof x->error, "%s: %s", x->set->url, curl_easy_strerror(r));
        return 0;
    }
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &wait);
    x->retry_after_ms = (int64_t)wait * 1000;
    x->answer[strcspn(x->answer, "\r\n")] = 0;
    snprintf(x->error, sizeof x->error, "%s answers %ld: %s", x->set->url, status, x->answer);
    return status;
}

static bool pack(struct influx *x, const char *bytes, size_t length, size_t *packed)
{
    z_stream z = {0};
    if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16 /* gzip */, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&z, length);
    if (room > x->packed_room)
        x->packed = xrealloc(x->packed, x->packed_room = room);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)length;
    z.next_out = x->packed;
    z.avail_out = (uInt)x->packed_room;
    bool done = deflate(&z, Z_FINISH) == Z_STREAM_END;
    *packed = z.total_out;
    deflateEnd(&z);
    return done;
}

/* vmauth 1.79 (Debian 12) answers a token that it does not know with 400, which elsewhere means the lines, and repeats
 * the token.  No line can be mistaken for these words: readings have no text and no spaces. */
static bool unknown_token(struct influx *x, long status)
{
    if (status != 400 || !strstr(x->answer, "cannot find the provided auth token"))
        return false;
    snprintf(x->error, sizeof x->error, "%s answers 400: it does not know the token", x->set->url);
    return true;
}

static enum influx_result set_aside(struct influx *x, const char *line, size_t length)
{
    struct buf b = buf_growing();
    buf_print(&b, "# %s\n", x->error);
    buf_bytes(&b, line, length);
    int fd = open(x->refused_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    bool kept = fd >= 0 && write(fd, b.data, b.length) == (ssize_t)b.length && fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    buf_free(&b);
    if (!kept)
        return INFLUX_RETRY; /* never lose it silently */
    x->refused++;
    return INFLUX_DONE;
}

static enum influx_result halve(struct influx *x, const char *lines, size_t length)
{
    const char *middle = memchr(lines + length / 2, '\n', length - length / 2);
    if (!middle || middle + 1 == lines + length)
        middle = memrchr(lines, '\n', length - 1);
    if (!middle)
        return set_aside(x, lines, length);
    size_t first = (size_t)(middle + 1 - lines);
    enum influx_result r = influx_write(x, lines, first);
    return r == INFLUX_DONE ? influx_write(x, lines + first, length - first) : r;
}

enum influx_result influx_write(struct influx *x, const char *lines, size_t length)
{
    size_t packed = 0;
    bool zip = x->set->gzip && pack(x, lines, length, &packed);
    long status =
        zip ? post(x, x->write_url, x->packed, packed, x->zipped) : post(x, x->write_url, lines, length, x->plain);
    if (status >= 200 && status < 300)
        return INFLUX_DONE;
    if (unknown_token(x, status))
        return INFLUX_HOLD;
    if (status == 400 || status == 413 || status == 422)
        return halve(x, lines, length);
    if (status == 404 && x->set->api == INFLUX_V1 && !x->created) {
        struct curl_slist *form = curl_slist_append(NULL, "Content-Type: application/x-www-form-urlencoded");
        x->created = post(x, x->query_url, x->database_query, strlen(x->database_query), form) == 200;
        curl_slist_free_all(form);
        return x->created ? influx_write(x, lines, length) : INFLUX_HOLD;
    }
    x->created = false;
    return status == 401 || status == 403 || status == 404 ? INFLUX_HOLD : INFLUX_RETRY;
}

void influx_until(struct influx *x, int64_t mono_ms)
{
    x->deadline_ms = mono_ms;
}

const char *influx_error(const struct influx *x)
{
    return x->error;
}

int64_t influx_retry_after_ms(const struct influx *x)
{
    return x->retry_after_ms;
}

uint64_t influx_refused(const struct influx *x)
{
    return x->refused;
}
