#include "firmware-gateway/reach.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/errand.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_FIRST_MS = 1, LOOK_MOST_MS = 50 }; /* between two looks whether a name is known by now */

struct lookup {
    char *host, *port;
    struct addrinfo *found;
    int result, error; /* EAI_…, and errno */
};

struct reach {
    const char *host, *port;
    struct errand *errand; /* NULL: none is under way */
    struct lookup *lookup; /* of errand */
};

struct reach *reach_new(const char *host, const char *port)
{
    struct reach *r = xcalloc(1, sizeof *r);
    r->host = host;
    r->port = port;
    return r;
}

void reach_free(struct reach *r)
{
    if (r)
        errand_leave(r->errand);
    free(r);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */
static void look_up(void *arg)
{
    static const struct addrinfo tcp = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct lookup *l = arg;
    l->result = getaddrinfo(l->host, l->port, &tcp, &l->found);
    l->error = errno;
}

static void forget(void *arg)
{
    struct lookup *l = arg;
    if (l->found)
        freeaddrinfo(l->found);
    free(l->host);
    free(l->port);
    free(l);
}

static bool stopped(int stop, int64_t ms)
{
    struct pollfd fd = {.fd = stop, .events = POLLIN};
    return poll(&fd, 1, ms > 0 ? (int)ms : 0) > 0;
}

static void begin_lookup(struct reach *r)
{
    struct lookup *l = xcalloc(1, sizeof *l);
    l->host = xstrdup(r->host);
    l->port = xstrdup(r->port);
    r->lookup = l;
    r->errand = errand_begin(look_up, forget, l);
    if (!r->errand)
        forget(l);
}

/* What was found, which the caller forgets; or NULL. */
static struct lookup *names(struct reach *r, int64_t until_ms, int stop, char *why, size_t size)
{
    if (!r->errand)
        begin_lookup(r);
    if (!r->errand) {
        snprintf(why, size, "there is no thread to look its name up");
        return NULL;
    }
    int64_t pause = LOOK_FIRST_MS;
    while (!errand_is_done(r->errand)) {
        int64_t left = until_ms - clock_mono_ms();
        if (left <= 0 || stopped(stop, pause < left ? pause : left)) {
            snprintf(why, size, "no answer from the resolver");
            return NULL;
        }
        pause = 2 * pause < LOOK_MOST_MS ? 2 * pause : LOOK_MOST_MS;
    }
    struct lookup *l = r->lookup;
    errand_end(r->errand);
    r->errand = NULL;
    if (l->result == 0)
        return l;
    snprintf(why, size, "%s", l->result == EAI_SYSTEM ? strerror(l->error) : gai_strerror(l->result));
    forget(l);
    return NULL;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */
/* 0, or an errno. */
static int await(int fd, int64_t until_ms, int stop)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}, {.fd = stop, .events = POLLIN}};
        int64_t left = until_ms - clock_mono_ms();
        int n = poll(fds, 2, left > 0 ? (int)left : 0), error = 0;
        socklen_t size = sizeof error;
        if (n > 0 && fds[1].revents)
            return ECANCELED;
        if (n > 0 && fds[0].revents)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
        if (n <= 0 && left <= 0)
            return ETIMEDOUT;
    }
}

static int call(const struct sockaddr *address, socklen_t length, int64_t until_ms, int stop)
{
    int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int error = connect(fd, address, length) == 0 ? 0 : errno;
    if (error == EINPROGRESS)
        error = await(fd, until_ms, stop);
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* The time is shared out, so that a silent address leaves some to the next one. */
static int call_each(const struct addrinfo *list, int64_t until_ms, int stop)
{
    int64_t count = 0;
    int fd = -1;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        count++;
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a && fd < 0 && errno != ECANCELED; a = a->ai_next, count--) {
        int64_t now = clock_mono_ms(), left = until_ms > now ? until_ms - now : 0;
        fd = call(a->ai_addr, a->ai_addrlen, now + left / count, stop);
    }
    return fd;
}

int reach_open(struct reach *r, int64_t timeout_ms, int stop, char *why, size_t size)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    struct sockaddr_in plain = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(r->port))};
    int fd;
    if (inet_pton(AF_INET, r->host, &plain.sin_addr) == 1) { /* the resolver's deep stack would stay in memory */
        fd = call((const struct sockaddr *)&plain, sizeof plain, until_ms, stop);
    } else {
        struct lookup *l = names(r, until_ms, stop, why, size);
        if (!l)
            return -1;
        fd = call_each(l->found, until_ms, stop);
        int error = errno;
        forget(l);
        errno = error;
    }
    if (fd < 0)
        snprintf(why, size, "%s", strerror(errno));
    return fd;
}
