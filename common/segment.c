#include "common/segment.h"
#include "common/err.h"
#include "common/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { WINDOW = 64 * 1024, PAGE = 4096 };

static const char segment_magic[8] = "QAJSEG1\n", record_magic[4] = "QREC";

/* ---- bytes ---------------------------------------------------------------------------------------------------------- */
static void put32(uint8_t *at, uint32_t v)
{
    v = htole32(v);
    memcpy(at, &v, sizeof v);
}

static void put64(uint8_t *at, uint64_t v)
{
    v = htole64(v);
    memcpy(at, &v, sizeof v);
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return le32toh(v);
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return le64toh(v);
}

uint32_t segment_crc(const void *bytes, size_t length)
{
    return (uint32_t)crc32_z(0, bytes, length);
}

void record_header_put(uint8_t out[static RECORD_HEADER], const struct record_header *h)
{
    memcpy(out, record_magic, 4);
    put32(out + 4, h->length);
    put64(out + 8, h->seq);
    put64(out + 16, (uint64_t)h->time_ms);
    memcpy(out + 24, h->before.b, HASH_BYTES);
    put32(out + 56, h->body_crc);
    put32(out + 60, segment_crc(out, 60));
}

static bool header_get(const uint8_t in[static RECORD_HEADER], struct record_header *h)
{
    if (memcmp(in, record_magic, 4) != 0 || get32(in + 60) != segment_crc(in, 60))
        return false;
    h->length = get32(in + 4);
    h->seq = get64(in + 8);
    h->time_ms = (int64_t)get64(in + 16);
    memcpy(h->before.b, in + 24, HASH_BYTES);
    h->body_crc = get32(in + 56);
    return h->length <= JOURNAL_RECORD_MAX;
}

void segment_put(uint8_t out[static SEGMENT_HEADER], const struct segment *s)
{
    memset(out, 0, SEGMENT_HEADER);
    memcpy(out, segment_magic, 8);
    put64(out + 8, s->first);
    put64(out + 16, (uint64_t)s->created_ms);
    memcpy(out + 24, s->before.b, HASH_BYTES);
    put32(out + 60, segment_crc(out, 60));
}

void segment_get(const uint8_t in[static SEGMENT_HEADER], struct segment *s)
{
    bool whole = get32(in + 60) == segment_crc(in, 60), ours = memcmp(in, segment_magic, 8) == 0;
    s->foreign = whole && !ours;
    s->known = whole && ours && get64(in + 8) == s->first;
    if (!s->known)
        return;
    s->created_ms = (int64_t)get64(in + 16);
    memcpy(s->before.b, in + 24, HASH_BYTES);
}

/* ---- the file
 * --------------------------------------------------------------------------------------------------------- */
int segment_open(const char *path, int flags, int64_t *bytes)
{
    struct stat st;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = ELOOP;
        return -1;
    }
    if (bytes)
        *bytes = st.st_size;
    return fd;
}

bool segment_error_passes(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR || error == EAGAIN;
}

/* ---- scanning a segment --------------------------------------------------------------------------------------------- */
/* n bytes at an offset, or NULL where the file ends before.  fresh: not from the window. */
static const uint8_t *scan_bytes(struct scan *s, int64_t offset, size_t n, bool fresh)
{
    if (!fresh && offset >= s->window_at && offset + (int64_t)n <= s->window_at + (int64_t)s->window_length)
        return s->window + (offset - s->window_at);
    size_t wanted = n > WINDOW ? n : WINDOW;
    if (s->capacity < wanted) {
        s->window = xrealloc(s->window, wanted);
        s->capacity = wanted;
    }
    size_t got = 0;
    while (got < wanted) {
        ssize_t r = pread(s->fd, s->window + got, wanted - got, offset + (int64_t)got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            s->fault_at = offset + (int64_t)got;
            s->unreadable = true;
        }
        if (r <= 0)
            break;
        got += (size_t)r;
    }
    s->window_at = offset;
    s->window_length = got;
    return got >= n ? s->window : NULL;
}

enum found { FOUND_RECORD, FOUND_DAMAGE, FOUND_END };

/* What stands at s->offset.  The body, when asked for, stays valid until the next call. */
static enum found look(struct scan *s, struct record_header *h, const uint8_t **body, bool fresh)
{
    const uint8_t *head = scan_bytes(s, s->offset, RECORD_HEADER, fresh);
    if (!head)
        return FOUND_END;
    if (!header_get(head, h) || h->seq < s->first || h->seq >= s->until)
        return FOUND_DAMAGE;
    const uint8_t *bytes = scan_bytes(s, s->offset + RECORD_HEADER, h->length, false);
    if (!bytes || segment_crc(bytes, h->length) != h->body_crc)
        return FOUND_DAMAGE;
    *body = bytes;
    return FOUND_RECORD;
}

/* Behind the page that could not be read; false: there is no such page, or nothing behind it. */
static bool past_unreadable(struct scan *s, int64_t *offset)
{
    struct stat st;
    int64_t behind = (s->fault_at / PAGE + 1) * PAGE;
    if (!s->fault_at || behind <= *offset || fstat(s->fd, &st) != 0 || behind >= st.st_size)
        return false;
    s->fault_at = 0;
    *offset = behind;
    return true;
}

/* Moves to the next place at or after offset where a whole record stands; false: there is none. */
static bool resync(struct scan *s, int64_t offset)
{
    for (;; offset++) {
        const uint8_t *at = scan_bytes(s, offset, RECORD_HEADER, false);
        if (!at) {
            if (!past_unreadable(s, &offset))
                return false;
            offset--;
            continue;
        }
        size_t here = s->window_length - (size_t)(offset - s->window_at);
        const uint8_t *hit = memmem(at, here, record_magic, sizeof record_magic);
        if (!hit) {
            offset += (int64_t)(here - sizeof record_magic);
            continue;
        }
        offset += hit - at;
        struct record_header h;
        const uint8_t *body;
        s->offset = offset;
        if (look(s, &h, &body, false) == FOUND_RECORD)
            return true;
    }
}

bool scan_next(struct scan *s, struct record_header *h, const uint8_t **body)
{
    int64_t start = s->offset;
    enum found what = look(s, h, body, false);
    if (what == FOUND_RECORD)
        return true;
    what = look(s, h, body, true); /* the window may be older than the file */
    if (what == FOUND_RECORD)
        return true;
    if (resync(s, start + 1) && look(s, h, body, false) == FOUND_RECORD)
        return true;
    s->offset = start;
    return false;
}

int64_t scan_after(const struct scan *s, const struct record_header *h)
{
    return s->offset + RECORD_HEADER + h->length;
}
