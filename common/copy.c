#include "common/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static int write_piece(int fd, const char *bytes, size_t length, const char *to, struct fault *f)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            bool full = n == 0 || errno == ENOSPC || errno == EDQUOT;
            return fault(f, full ? ERR_FULL : ERR_IO, "%s: %s", to, full ? "no room on the disk" : strerror(errno));
        }
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

struct copying {
    int in, out; /* out -1: none */
    const char *from, *to;
    void (*progress)(void *ctx, int64_t bytes);
    void *ctx;
};

static int copy_bytes(const struct copying *c, struct copied *done, struct fault *f)
{
    crypto_hash_sha256_state state;
    char *piece = xmalloc(PIECE);
    int code = 0;
    crypto_hash_sha256_init(&state);
    for (ssize_t n = 1; !code && n > 0;) {
        do
            n = read(c->in, piece, PIECE);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            code = fault(f, ERR_IO, "%s: cannot read: %s", c->from, strerror(errno));
        if (n <= 0)
            break;
        crypto_hash_sha256_update(&state, (const unsigned char *)piece, (size_t)n);
        done->bytes += n;
        if (c->out >= 0)
            code = write_piece(c->out, piece, (size_t)n, c->to, f);
        if (c->progress)
            c->progress(c->ctx, n);
    }
    crypto_hash_sha256_final(&state, done->sha256.b);
    free(piece);
    return code;
}

static int open_from(const char *from, int *fd, unsigned *mode, struct fault *f)
{
    struct stat st;
    *fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0)
        return fault(f, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", from, strerror(errno));
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(*fd);
        return fault(f, ERR_IO, "%s: not a regular file", from);
    }
    *mode = st.st_mode & 0777;
    return 0;
}

int copy_file(const char *from, const char *to, void (*progress)(void *ctx, int64_t bytes), void *ctx,
              struct copied *done, struct fault *f)
{
    struct copying c = {.out = -1, .from = from, .to = to, .progress = progress, .ctx = ctx};
    *done = (struct copied){0};
    int code = open_from(from, &c.in, &done->mode, f);
    if (code)
        return code;
    if (to && (c.out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, done->mode)) < 0)
        code = fault(f, ERR_IO, "%s: cannot create: %s", to, strerror(errno));
    if (!code)
        code = copy_bytes(&c, done, f);
    if (!code && c.out >= 0 && (fchmod(c.out, done->mode) != 0 || fsync(c.out) != 0))
        code = fault(f, ERR_IO, "%s: %s", to, strerror(errno));
    if (c.out >= 0 && close(c.out) != 0 && !code)
        code = fault(f, ERR_IO, "%s: %s", to, strerror(errno));
    close(c.in);
    return code;
}
