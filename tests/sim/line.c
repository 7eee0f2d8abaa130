/* line: an emulated RS-485 line behind a pty, on which all RTU meters of a bus hang.
 *
 * The gateway opens the pty's slave end through a symbolic link.  wire.c keeps the time; this moves the bytes: it
 * sleeps on a timer with absolute deadlines, so that pacing does not drift, and hands each byte of an answer over when
 * it has left the wire.  A libmodbus RTU server takes the request after a neighbour's for that neighbour's answer and
 * ignores it (modbus-rtu.c, confirmation_to_ignore), so requests are sorted by unit here, before libmodbus sees them.
 */
#include "common/log.h"
#include "tests/sim/bus.h"
#include "tests/sim/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

enum { CLOSED_CHECK_NS = 5000000 /* how soon a master that opens the port is noticed */, PATH_SIZE = 128 };

struct line {
    const struct bus *bus;
    struct slave *slave;
    int pty, timer, stop;
    char path[PATH_SIZE]; /* of the pty's slave end */
    bool linked, started;
    bool closed; /* no master has the port open */
    pthread_t thread;
    pthread_mutex_t lock; /* of wire */
    struct wire wire;
};

/* ---- making and unmaking ----------------------------------------------------------------------------------------- */

static void line_close(void *context)
{
    struct line *l = context;
    char target[PATH_SIZE] = "";
    uint64_t one = 1;
    if (l->started && write(l->stop, &one, sizeof one) == sizeof one)
        pthread_join(l->thread, NULL);
    if (l->linked && readlink(l->bus->link, target, sizeof target - 1) > 0 && strcmp(target, l->path) == 0)
        unlink(l->bus->link);
    slave_free(l->slave);
    int fds[] = {l->pty, l->timer, l->stop};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* A pty in raw mode whose slave end nobody has open. */
static int open_pty(struct line *l, struct fault *f)
{
    struct termios raw;
    int slave = -1;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    cfsetspeed(&raw, B9600);
    if (openpty(&l->pty, &slave, l->path, &raw, NULL) != 0)
        return fault(f, ERR_IO, "no pty: %s", strerror(errno));
    close(slave);
    if (fcntl(l->pty, F_SETFL, O_NONBLOCK) != 0 || fcntl(l->pty, F_SETFD, FD_CLOEXEC) != 0)
        return fault(f, ERR_IO, "pty: %s", strerror(errno));
    return 0;
}

static int make_link(struct line *l, struct fault *f)
{
    struct stat st;
    const char *link = l->bus->link;
    if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode))
        return fault(f, ERR_DENIED, "%s exists and is no symbolic link", link);
    unlink(link); /* one that a killed simulator left */
    if (symlink(l->path, link) != 0)
        return fault(f, ERR_IO, "%s: %s", link, strerror(errno));
    l->linked = true;
    return 0;
}

static void *line_open(const struct bus *bus, struct fault *f)
{
    struct line *l = xcalloc(1, sizeof *l);
    l->bus = bus;
    l->pty = -1;
    pthread_mutex_init(&l->lock, NULL);
    wire_init(&l->wire, bus->baud, (int)(1 + 8 + (bus->parity != PARITY_NONE) + bus->stop_bits));
    l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    l->stop = eventfd(0, EFD_CLOEXEC);
    if (l->timer < 0 || l->stop < 0)
        fault(f, ERR_IO, "no timer: %s", strerror(errno));
    else if ((l->slave = slave_new(FRAMING_RTU, f)) && open_pty(l, f) == 0 && make_link(l, f) == 0)
        return l;
    line_close(l);
    return NULL;
}

static void line_address(void *context, struct buf *out)
{
    struct line *l = context;
    char here[PATH_MAX];
    if (l->bus->link[0] != '/' && getcwd(here, sizeof here))
        buf_print(out, "%s/", here);
    buf_text(out, l->bus->link);
}

static void line_report(void *context, struct buf *out)
{
    struct line *l = context;
    pthread_mutex_lock(&l->lock);
    struct wire_figures f = l->wire.figures;
    int64_t t35_ns = l->wire.t35_ns;
    pthread_mutex_unlock(&l->lock);

    double elapsed_ns = f.first_ns ? (double)(f.last_ns + t35_ns - f.first_ns) : 1;
    buf_print(out, "requests=%" PRId64 " answers=%" PRId64 " exceptions=%" PRId64 " violations=%" PRId64, f.requests,
              f.answers, f.exceptions, f.violations);
    buf_print(out, " utilisation=%.3f seconds=%.6f", (double)f.legal_ns / elapsed_ns, elapsed_ns / 1e9);
    if (f.shortest_ns != INT64_MAX)
        buf_print(out, " silence_min_ms=%.3f", (double)f.shortest_ns / 1e6);
}

/* ---- moving bytes ------------------------------------------------------------------------------------------------ */

/* The master closed the port: what it did not read is gone, as in a UART. */
static void master_left(struct line *l)
{
    l->closed = true;
    int slave = open(l->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (slave < 0)
        return;
    tcflush(slave, TCIFLUSH);
    close(slave);
}

static void listen_to_master(struct line *l, short events, int64_t now_ns)
{
    uint8_t bytes[ADU_MAX];
    ssize_t n;
    if (l->closed) {
        struct pollfd p = {.fd = l->pty, .events = POLLIN};
        l->closed = poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) && !(p.revents & POLLIN);
        return;
    }
    if (!events)
        return;
    while ((n = read(l->pty, bytes, sizeof bytes)) > 0)
        wire_hear(&l->wire, bytes, (size_t)n, now_ns);
    if (events & POLLHUP)
        master_left(l);
}

static void serve_requests(struct line *l, int64_t now_ns)
{
    struct wire_frame request;
    struct answer answer;
    while (wire_request(&l->wire, now_ns, &request)) {
        struct meter *meter = request.bytes[0] <= UNIT_LAST ? l->bus->units[request.bytes[0]] : NULL;
        struct moment moment = bus_moment(l->bus);
        if (!meter)
            continue; /* nobody here feels addressed */
        meter_answer(meter, l->slave, FRAMING_RTU, request.bytes, request.length, &moment, &answer);
        if (answer.length)
            wire_reply(&l->wire, &answer, request.end_ns, meter->turnaround_ms * 1000000);
    }
}

static void hand_over_bytes(struct line *l)
{
    bool last = false;
    int byte;
    while ((byte = wire_byte(&l->wire, clock_mono_ns(), &last)) >= 0) {
        uint8_t b = (uint8_t)byte;
        if (l->closed)
            continue; /* it went over the wire, and nobody was there */
        if (last)
            trace_answer(l->bus->trace, &l->wire.tx);
        ssize_t ignored = write(l->pty, &b, 1); /* a master that does not read loses it, as a UART's would */
        (void)ignored;
    }
}

static void arm(struct line *l)
{
    int64_t due_ns = wire_due(&l->wire);
    if (l->closed && due_ns > clock_mono_ns() + CLOSED_CHECK_NS)
        due_ns = clock_mono_ns() + CLOSED_CHECK_NS;
    struct itimerspec at = {0};
    if (due_ns != INT64_MAX) {
        at.it_value.tv_sec = due_ns / 1000000000;
        at.it_value.tv_nsec = due_ns % 1000000000;
    }
    timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void *line_run(void *context)
{
    struct line *l = context;
    for (;;) {
        arm(l);
        struct pollfd p[] = {{.fd = l->stop, .events = POLLIN},
                             {.fd = l->timer, .events = POLLIN},
                             {.fd = l->closed ? -1 : l->pty, .events = POLLIN}};
        if (poll(p, 3, -1) < 0 && errno != EINTR) {
            log_error("line", "%s: %s", l->bus->name, strerror(errno));
            return NULL;
        }
        if (p[0].revents)
            return NULL;
        pthread_mutex_lock(&l->lock);
        int64_t now_ns = clock_mono_ns();
        listen_to_master(l, p[2].revents, now_ns);
        serve_requests(l, now_ns);
        hand_over_bytes(l);
        pthread_mutex_unlock(&l->lock);
    }
}

static int line_start(void *context, struct fault *f)
{
    struct line *l = context;
    int rc = pthread_create(&l->thread, NULL, line_run, l);
    if (rc != 0)
        return fault(f, ERR_IO, "no thread: %s", strerror(rc));
    l->started = true;
    return 0;
}

const struct bus_driver line_driver = {
    .open = line_open, .start = line_start, .address = line_address, .report = line_report, .close = line_close};
