#include "collector/control.h"
#include "common/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ = 65536, OUT_MOST = 1024 * 1024 /* who does not take its answers is not heard until it does */ };

struct client {
    int fd; /* -1: free */
    uint64_t ticket;
    size_t owed; /* answers */
    bool ended;  /* it asks no more, and may wait for answers */
    char *in, *out;
    size_t in_length, in_room, out_length, out_at;
};

struct control {
    int fd;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    control_request *on_request;
    void *ctx;
    uint64_t tickets, refused;
    struct client clients[CONTROL_CLIENTS];
};

int control_open(struct control **out, const char *path, control_request *on_request, void *ctx, struct fault *f)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path)
        return fault(f, ERR_RANGE, "socket %s: at most %zu bytes", path, sizeof at.sun_path - 1);
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    mode_t old = umask(0117);
    int bad = fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, CONTROL_CLIENTS) != 0;
    umask(old);
    if (bad) {
        int r = fault(f, ERR_IO, "socket %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return r;
    }
    struct control *c = xcalloc(1, sizeof *c);
    c->fd = fd;
    strcpy(c->path, path);
    c->on_request = on_request;
    c->ctx = ctx;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i].fd = -1;
    *out = c;
    return 0;
}

static void leave(struct client *k)
{
    close(k->fd);
    free(k->in);
    free(k->out);
    *k = (struct client){.fd = -1};
}

void control_close(struct control *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd >= 0)
            leave(&c->clients[i]);
    close(c->fd);
    unlink(c->path);
    free(c);
}

static bool is_heard(const struct client *k)
{
    return !k->ended && k->out_length - k->out_at < OUT_MOST;
}

size_t control_poll(const struct control *c, struct pollfd *fds, size_t room)
{
    size_t n = 0;
    fds[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENTS && n < room; i++) {
        const struct client *k = &c->clients[i];
        if (k->fd >= 0)
            fds[n++] = (struct pollfd){.fd = k->fd,
                                       .events = (short)((is_heard(k) ? POLLIN : 0) | (k->out_length ? POLLOUT : 0))};
    }
    return n;
}

void control_answer(struct control *c, uint64_t ticket, const char *json, size_t length)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *k = &c->clients[i];
        if (k->fd < 0 || k->ticket != ticket)
            continue;
        k->out = xrealloc(k->out, k->out_length + length + 1);
        memcpy(k->out + k->out_length, json, length);
        k->out[k->out_length + length] = '\n';
        k->out_length += length + 1;
        k->owed--;
    }
}

static void take_line(struct control *c, struct client *k, const char *line, size_t length)
{
    struct fault f = {0};
    struct json *root = json_open(line, length, &f);
    k->owed++;
    if (json_is_object(root)) {
        c->on_request(c->ctx, k->ticket, root, line, length);
    } else {
        struct buf b = buf_growing();
        c->refused++;
        buf_text(&b, "{\"ok\":false,\"error\":");
        buf_json(&b, root ? "a request is a JSON object" : f.text);
        buf_char(&b, '}');
        control_answer(c, k->ticket, b.data, b.length);
        buf_free(&b);
    }
    json_close(root);
}

static bool has_gone(const struct client *k)
{
    struct pollfd p = {.fd = k->fd};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

/* The lines that end behind the first `seen` bytes.  False: one is too long. */
static bool take_lines(struct control *c, struct client *k, size_t seen)
{
    for (;;) {
        const char *end = memchr(k->in + seen, '\n', k->in_length - seen);
        size_t length = end ? (size_t)(end - k->in) : k->in_length;
        if (length > CONTROL_LINE_MAX) {
            c->refused++;
            return false;
        }
        if (!end)
            return true;
        take_line(c, k, k->in, length);
        k->in_length -= length + 1;
        memmove(k->in, end + 1, k->in_length);
        seen = 0;
    }
}

/* False: the client says too much, or has gone. */
static bool hear(struct control *c, struct client *k)
{
    size_t seen = k->in_length;
    if (!is_heard(k))
        return true;
    if (k->in_room - seen < READ) {
        k->in_room = 2 * seen + READ;
        k->in = xrealloc(k->in, k->in_room);
    }
    ssize_t n = read(k->fd, k->in + seen, READ);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    k->ended = n == 0;
    k->in_length += (size_t)n;
    return take_lines(c, k, seen);
}

/* Who asks no more stays for its answers, unless it has closed its end for them too. */
static bool stays(const struct client *k)
{
    return !k->ended || ((k->owed || k->out_length) && !has_gone(k));
}

static bool say(struct client *k)
{
    while (k->out_at < k->out_length) {
        ssize_t n = send(k->fd, k->out + k->out_at, k->out_length - k->out_at, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        k->out_at += (size_t)n;
    }
    k->out_at = k->out_length = 0;
    return true;
}

uint64_t control_refused(const struct control *c)
{
    return c->refused;
}

void control_step(struct control *c)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *k = &c->clients[i];
        if (k->fd >= 0 && (!hear(c, k) || !say(k) || !stays(k)))
            leave(k);
    }
    for (int fd; (fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
        size_t i = 0;
        while (i < CONTROL_CLIENTS && c->clients[i].fd >= 0)
            i++;
        if (i == CONTROL_CLIENTS)
            close(fd);
        else
            c->clients[i] = (struct client){.fd = fd, .ticket = ++c->tickets};
    }
}
