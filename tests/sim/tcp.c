/* tcp: a Modbus TCP port with any number of units behind it and many masters in front (MODBUS Messaging on TCP/IP
 * V1.0b).  One thread polls; requests of one connection are answered in turn, those of several never wait for each
 * other's turnaround.  A unit that does not exist is answered by exception 11, as a gateway to a serial line does; one
 * that is dead stays silent.
 */
#include "common/log.h"
#include "tests/sim/bus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 512,
    BUFFER_SIZE = 4 * ADU_MAX,
    MBAP_LENGTH_AT = 4,
    MBAP_UNIT_AT = 6, /* the length counts from here */
    UNIT_AND_FUNCTION = 2
};

struct connection {
    int fd;
    size_t length; /* of what was received and not answered */
    uint8_t bytes[BUFFER_SIZE];
    bool waiting; /* an answer waits for its turnaround */
    int64_t due_ns;
    struct answer answer;
};

struct tcp {
    const struct bus *bus;
    struct slave *slave;
    int listener, stop;
    bool started;
    pthread_t thread;
    size_t count;
    struct connection *connections[CONNECTIONS_MAX];
    atomic_int_fast64_t requests, answers, exceptions, opened;
};

/* ---- making and unmaking ----------------------------------------------------------------------------------------- */

static void connection_close(struct connection *c)
{
    close(c->fd);
    free(c);
}

static void tcp_close(void *context)
{
    struct tcp *t = context;
    uint64_t one = 1;
    if (t->started && write(t->stop, &one, sizeof one) == sizeof one)
        pthread_join(t->thread, NULL);
    for (size_t i = 0; i < t->count; i++)
        connection_close(t->connections[i]);
    slave_free(t->slave);
    if (t->listener >= 0)
        close(t->listener);
    if (t->stop >= 0)
        close(t->stop);
    free(t);
}

static int listen_at(struct tcp *t, struct fault *f)
{
    int yes = 1;
    const struct sockaddr_in *a = &t->bus->address;
    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->listener < 0 || setsockopt(t->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(t->listener, (const struct sockaddr *)a, sizeof *a) != 0 || listen(t->listener, SOMAXCONN) != 0)
        return fault(f, ERR_IO, "%s:%d: %s", inet_ntoa(a->sin_addr), ntohs(a->sin_port), strerror(errno));
    return 0;
}

static void *tcp_open(const struct bus *bus, struct fault *f)
{
    struct tcp *t = xcalloc(1, sizeof *t);
    t->bus = bus;
    t->listener = -1;
    t->stop = eventfd(0, EFD_CLOEXEC);
    if (t->stop < 0)
        fault(f, ERR_IO, "no event descriptor: %s", strerror(errno));
    else if ((t->slave = slave_new(FRAMING_TCP, f)) && listen_at(t, f) == 0)
        return t;
    tcp_close(t);
    return NULL;
}

static void tcp_address(void *context, struct buf *out)
{
    struct tcp *t = context;
    struct sockaddr_in a = t->bus->address;
    socklen_t size = sizeof a;
    getsockname(t->listener, (struct sockaddr *)&a, &size);
    buf_print(out, "%s:%d", inet_ntoa(a.sin_addr), ntohs(a.sin_port));
}

static void tcp_report(void *context, struct buf *out)
{
    struct tcp *t = context;
    buf_print(
        out, "requests=%" PRIdFAST64 " answers=%" PRIdFAST64 " exceptions=%" PRIdFAST64 " connections=%" PRIdFAST64,
        atomic_load(&t->requests), atomic_load(&t->answers), atomic_load(&t->exceptions), atomic_load(&t->opened));
}

/* ---- serving ----------------------------------------------------------------------------------------------------- */

/* Hands the answer over; false: the master does not take it. */
static bool hand_over(struct tcp *t, struct connection *c)
{
    c->waiting = false;
    atomic_fetch_add(&t->answers, 1);
    if (c->answer.exception)
        atomic_fetch_add(&t->exceptions, 1);
    if (c->answer.meter)
        trace_answer(t->bus->trace, &c->answer);
    return send(c->fd, c->answer.bytes, c->answer.length, MSG_NOSIGNAL) == (ssize_t)c->answer.length;
}

static void answer_for_nobody(struct tcp *t, const uint8_t *request, size_t length, struct answer *a)
{
    a->meter = NULL;
    a->exception = EXCEPTION_TARGET_SILENT;
    a->length = slave_answer(t->slave, NULL, request, length, a->exception, a->bytes);
}

/* One whole request; false: close the connection. */
static bool serve(struct tcp *t, struct connection *c, const uint8_t *request, size_t length)
{
    unsigned unit = request[MBAP_UNIT_AT];
    struct meter *meter = unit <= UNIT_LAST ? t->bus->units[unit] : NULL;
    struct moment moment = bus_moment(t->bus);
    atomic_fetch_add(&t->requests, 1);
    if (meter)
        meter_answer(meter, t->slave, FRAMING_TCP, request, length, &moment, &c->answer);
    else
        answer_for_nobody(t, request, length, &c->answer);
    if (!c->answer.length)
        return true;
    if (!meter || meter->turnaround_ms == 0)
        return hand_over(t, c);
    c->waiting = true;
    c->due_ns = clock_mono_ns() + meter->turnaround_ms * 1000000;
    return true;
}

/* Length of the request at the head of the buffer; 0: not whole yet; negative: this is not Modbus. */
static int whole_request(const struct connection *c)
{
    if (c->length < MBAP_UNIT_AT)
        return 0;
    int protocol = c->bytes[2] << 8 | c->bytes[3];
    int length = c->bytes[MBAP_LENGTH_AT] << 8 | c->bytes[MBAP_LENGTH_AT + 1];
    if (protocol != 0 || length < UNIT_AND_FUNCTION || length > ADU_MAX - MBAP_UNIT_AT)
        return -1;
    length += MBAP_UNIT_AT;
    return (size_t)length <= c->length ? length : 0;
}

static bool serve_all(struct tcp *t, struct connection *c)
{
    while (!c->waiting) {
        int length = whole_request(c);
        if (length <= 0)
            return length == 0;
        if (!serve(t, c, c->bytes, (size_t)length))
            return false;
        c->length -= (size_t)length;
        memmove(c->bytes, c->bytes + length, c->length);
    }
    return true;
}

static bool receive(struct tcp *t, struct connection *c)
{
    ssize_t n = recv(c->fd, c->bytes + c->length, BUFFER_SIZE - c->length, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    c->length += (size_t)n;
    return serve_all(t, c);
}

static void accept_all(struct tcp *t)
{
    int fd, yes = 1;
    while (t->count < CONNECTIONS_MAX && (fd = accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct connection *c = xcalloc(1, sizeof *c);
        c->fd = fd;
        t->connections[t->count++] = c;
        atomic_fetch_add(&t->opened, 1);
    }
}

/* What is due on one connection; false: it is over. */
static bool attend(struct tcp *t, struct connection *c, short events, int64_t now_ns)
{
    if (c->waiting) {
        if (events & (POLLERR | POLLHUP))
            return false;
        return now_ns < c->due_ns || (hand_over(t, c) && serve_all(t, c));
    }
    return !events || receive(t, c);
}

static int64_t prepare_poll(const struct tcp *t, struct pollfd *p)
{
    int64_t due_ns = INT64_MAX;
    p[0] = (struct pollfd){.fd = t->stop, .events = POLLIN};
    p[1] = (struct pollfd){.fd = t->count < CONNECTIONS_MAX ? t->listener : -1, .events = POLLIN};
    for (size_t i = 0; i < t->count; i++) {
        const struct connection *c = t->connections[i];
        p[i + 2] = (struct pollfd){.fd = c->fd, .events = c->waiting ? 0 : POLLIN};
        if (c->waiting && c->due_ns < due_ns)
            due_ns = c->due_ns;
    }
    return due_ns;
}

static int wait_until(struct pollfd *p, size_t count, int64_t due_ns)
{
    int64_t left_ns = due_ns == INT64_MAX ? 0 : due_ns - clock_mono_ns();
    if (left_ns < 0)
        left_ns = 0;
    struct timespec left = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
    return ppoll(p, count, due_ns == INT64_MAX ? NULL : &left, NULL);
}

static void *tcp_run(void *context)
{
    struct tcp *t = context;
    struct pollfd p[CONNECTIONS_MAX + 2];
    for (;;) {
        int64_t due_ns = prepare_poll(t, p);
        if (wait_until(p, t->count + 2, due_ns) < 0 && errno != EINTR) {
            log_error("tcp", "%s: %s", t->bus->name, strerror(errno));
            return NULL;
        }
        if (p[0].revents)
            return NULL;
        int64_t now_ns = clock_mono_ns();
        size_t kept = 0, polled = t->count;
        for (size_t i = 0; i < polled; i++) {
            if (attend(t, t->connections[i], p[i + 2].revents, now_ns))
                t->connections[kept++] = t->connections[i];
            else
                connection_close(t->connections[i]);
        }
        t->count = kept;
        if (p[1].revents)
            accept_all(t);
    }
}

static int tcp_start(void *context, struct fault *f)
{
    struct tcp *t = context;
    int rc = pthread_create(&t->thread, NULL, tcp_run, t);
    if (rc != 0)
        return fault(f, ERR_IO, "no thread: %s", strerror(rc));
    t->started = true;
    return 0;
}

const struct bus_driver tcp_driver = {
    .open = tcp_open, .start = tcp_start, .address = tcp_address, .report = tcp_report, .close = tcp_close};
