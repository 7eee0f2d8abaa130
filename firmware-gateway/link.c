#include "firmware-gateway/link.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "firmware-gateway/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REOPEN_FIRST_MS = 1000, /* a serial line that is not there costs one open() to ask for */
    REOPEN_MOST_MS = 5000,
    RECONNECT_FIRST_MS = 500,
    RECONNECT_MOST_MS = 30000,
    CONNECT_MOST_MS = 10000,
    BABBLE_MOST_MS = 1000, /* a line that never falls silent is used all the same, and its answers fail their CRC */
    SILENT_MOST = 3        /* rtu-tcp: unanswered requests in a row that a connection survives */
};

static const int64_t LAST_WORD_NS = 2000000000; /* how long an answer is waited for once the bus is being stopped */

struct link {
    const struct bus_section *bus;
    modbus_t *modbus;
    struct reach *reach; /* NULL on a serial line */
    int stop;
    bool open, proven;
    bool complained; /* that it is not there: said once */
    char why[128];   /* it could not be reached */
    unsigned silent; /* requests in a row to which nothing came */
    struct backoff backoff;
    int64_t try_again_ms;
    struct master master;
    struct owed *owed; /* the master's; NULL on TCP */
};

/* ---- answers ---- */

const char *answer_error(const struct answer *a)
{
    static const char *const exceptions[EXCEPTIONS] = {"exception-0", "exception-1", "exception-2",  "exception-3",
                                                       "exception-4", "exception-5", "exception-6",  "exception-7",
                                                       "exception-8", "exception-9", "exception-10", "exception-11"};
    static const char *const words[ANSWER_KINDS] = {NULL, NULL, "timeout", "crc", "garbage", "unplugged"};
    return a->kind == ANSWER_EXCEPTION ? exceptions[a->exception] : words[a->kind];
}

bool answer_is_alive(const struct answer *a)
{
    return a->kind == ANSWER_VALUES || a->kind == ANSWER_EXCEPTION;
}

/* ---- making ---- */

/* Whoever used a line before may have left a question on it: its answer is waited for before the first of ours. */
static struct master_rules rules_of(const struct bus_section *bus)
{
    bool rtu = bus->type != BUS_TCP;
    int64_t pause_ms = bus->connect_pause_ms;
    if (rtu && bus->worst_answer_ms > pause_ms)
        pause_ms = bus->worst_answer_ms;
    return (struct master_rules){.framing = rtu ? FRAMING_RTU : FRAMING_TCP,
                                 .char_ns = rtu ? line_char_ns(&bus->line) : 0,
                                 .silence_ns = rtu ? line_silence_ns(&bus->line) : 0,
                                 .frame_pause_ns = bus->turnaround_ms * 1000000,
                                 .unit_pause_ns = bus->slave_pause_ms * 1000000,
                                 .connect_pause_ns = pause_ms * 1000000};
}

struct link *link_new(const struct bus_section *bus, int stop, struct fault *f)
{
    bool serial = bus->type == BUS_RTU;
    struct master_rules rules = rules_of(bus);
    struct link *link = xcalloc(1, sizeof *link);
    link->bus = bus;
    link->stop = stop;
    link->backoff = (struct backoff){.first_ms = serial ? REOPEN_FIRST_MS : RECONNECT_FIRST_MS,
                                     .most_ms = serial ? REOPEN_MOST_MS : RECONNECT_MOST_MS};
    if (rules.framing == FRAMING_RTU)
        link->owed = xcalloc(MASTER_OWED, sizeof *link->owed);
    master_init(&link->master, &rules, link->owed);
    if (serial) {
        const char parity = "NEO"[bus->line.parity];
        link->modbus = modbus_new_rtu(bus->device, (int)bus->line.baud, parity, 8, (int)bus->line.stop_bits);
    } else {
        link->modbus =
            modbus_new_tcp("127.0.0.1", MODBUS_TCP_DEFAULT_PORT); /* what it is connected to is ours to say */
        link->reach = reach_new(bus->host, bus->port);
    }
    if (!link->modbus) {
        fault(f, ERR_IO, "bus %s: libmodbus: %s", bus->name, modbus_strerror(errno));
        reach_free(link->reach);
        free(link->owed);
        free(link);
        return NULL;
    }
    modbus_set_error_recovery(link->modbus, MODBUS_ERROR_RECOVERY_NONE);
    return link;
}

static void link_close(struct link *link)
{
    if (link->open) {
        modbus_flush(link->modbus); /* else close() of a serial line waits for what it could not send */
        modbus_close(link->modbus);
    }
    link->open = link->proven = false;
    link->silent = 0;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    link_close(link);
    modbus_free(link->modbus);
    reach_free(link->reach);
    free(link->owed);
    free(link);
}

/* ---- opening and losing ---- */

static const char *link_place(const struct link *link)
{
    return link->bus->type == BUS_RTU ? link->bus->device : link->bus->address;
}

static uint32_t jitter(void)
{
    return (uint32_t)((uint64_t)clock_mono_ns() * 0x9E3779B97F4A7C15u >> 32);
}

/* The link could not be had, or broke: not again before a while. */
static void link_lost(struct link *link, const char *why)
{
    link_close(link);
    link->try_again_ms = clock_mono_ms() + backoff_wait_ms(&link->backoff, jitter());
    if (!link->complained)
        log_warn("bus", "%s: %s: %s; it is tried again", link->bus->name, link_place(link), why);
    link->complained = true;
}

/* libmodbus 3.1.6 hands descriptors to select(), which ends the process from FD_SETSIZE on (mended in 3.1.12).  The
 * descriptor that it will get is the lowest free one. */
static bool descriptors_left(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0 && fd < FD_SETSIZE - 8; /* other threads open some too */
}

/* Who drives the transmitter of the line: the adapter by itself, the kernel, or the RTS wire. */
static bool set_direction(struct link *link)
{
    static const int rts[] = {
        [RS485_RTS_UP] = MODBUS_RTU_RTS_UP, [RS485_RTS_DOWN] = MODBUS_RTU_RTS_DOWN, [RS485_KERNEL] = 0};
    int way = link->bus->rs485;
    if (way == RS485_NONE)
        return true;
    if (way == RS485_KERNEL)
        return modbus_rtu_set_serial_mode(link->modbus, MODBUS_RTU_RS485) == 0;
    return modbus_rtu_set_rts(link->modbus, rts[way]) == 0;
}

/* NULL, or why not. */
static const char *open_line(struct link *link)
{
    errno = ETIMEDOUT; /* what libmodbus forgets to set */
    if (modbus_connect(link->modbus) < 0)
        return modbus_strerror(errno);
    link->open = true;
    if (flock(modbus_get_socket(link->modbus), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return "another program uses this line";
    return set_direction(link) ? NULL : "its driver cannot do what [bus] rs485 asks for";
}

static const char *connect_link(struct link *link, int64_t timeout_ms)
{
    if (!descriptors_left())
        return "no descriptor below 1024 is free";
    if (timeout_ms > CONNECT_MOST_MS)
        timeout_ms = CONNECT_MOST_MS;
    modbus_set_response_timeout(link->modbus, (uint32_t)(timeout_ms / 1000), (uint32_t)(timeout_ms % 1000 * 1000));
    if (!link->reach)
        return open_line(link);
    int fd = reach_open(link->reach, timeout_ms, link->stop, link->why, sizeof link->why);
    if (fd < 0)
        return link->why;
    modbus_set_socket(link->modbus, fd);
    link->open = true;
    return NULL;
}

bool link_open(struct link *link, int64_t timeout_ms)
{
    if (link->open)
        return true;
    if (clock_mono_ms() < link->try_again_ms)
        return false;
    const char *why = connect_link(link, timeout_ms);
    if (why)
        link_lost(link, why);
    else
        master_opened(&link->master, clock_mono_ns());
    return link->open;
}

/* Closed while idle, as many do: opened again at once, and only then complained about. */
static void link_broke(struct link *link, int error)
{
    if (link->proven)
        link_close(link);
    else
        link_lost(link, error ? strerror(error) : "closed by the other side");
}

bool link_is_proven(const struct link *link)
{
    return link->proven;
}

int64_t link_quiet_until_ns(const struct link *link)
{
    const struct master *m = &link->master;
    int64_t pause = m->rules.silence_ns > m->rules.frame_pause_ns ? m->rules.silence_ns : m->rules.frame_pause_ns;
    return m->quiet_ns > m->last_ns + pause ? m->quiet_ns : m->last_ns + pause;
}

const uint64_t *link_refused(const struct link *link)
{
    return link->master.refused;
}

/* ---- moving bytes ---- */

enum heard { HEARD_TIME, HEARD_END, HEARD_STOP, HEARD_BROKEN };

/* Listens until then; HEARD_END: *v is the end of the question under way. */
static enum heard listen_until(struct link *link, int stop, int64_t until_ns, struct verdict *v)
{
    struct pollfd fds[] = {{.fd = modbus_get_socket(link->modbus), .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    for (;;) {
        uint8_t bytes[512];
        int64_t left = until_ns - clock_mono_ns();
        struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (left < 0)
            t = (struct timespec){0};
        int ready = ppoll(fds, 2, &t, NULL);
        if (ready == 0 && left <= 0)
            return HEARD_TIME;
        if (ready > 0 && fds[1].revents)
            return HEARD_STOP;
        if (ready <= 0 || !fds[0].revents)
            continue;
        ssize_t n = read(fds[0].fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EAGAIN || errno == EINTR) && !(fds[0].revents & (POLLHUP | POLLERR)))
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : 0;
            return HEARD_BROKEN;
        }
        if (master_hear(&link->master, bytes, (size_t)n, clock_mono_ns(), v))
            return HEARD_END;
        if (left <= 0)
            return HEARD_TIME;
    }
}

bool link_wait(struct link *link, const struct asked *asked)
{
    struct verdict v;
    int64_t ready_ns = master_ready_ns(&link->master, asked);
    int64_t most_ns = (ready_ns > clock_mono_ns() ? ready_ns : clock_mono_ns()) + BABBLE_MOST_MS * INT64_C(1000000);
    do {
        enum heard heard = listen_until(link, link->stop, ready_ns, &v);
        if (heard == HEARD_BROKEN)
            link_broke(link, errno);
        if (heard != HEARD_TIME)
            return false;
        ready_ns = master_ready_ns(&link->master, asked);
    } while (ready_ns > clock_mono_ns() && clock_mono_ns() < most_ns);
    master_settle(&link->master);
    return true;
}

int64_t link_free_ns(const struct link *link, const struct asked *asked)
{
    return master_free_ns(&link->master, asked, clock_mono_ns());
}

/* On a line by libmodbus, which adds the CRC and drives RTS. */
static bool send_question(struct link *link, const uint8_t *bytes, size_t length)
{
    if (link->bus->type == BUS_RTU)
        return modbus_send_raw_request(link->modbus, bytes, (int)length - 2) == (int)length;
    return send(modbus_get_socket(link->modbus), bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Registers, or bits, one a word. */
static void take_words(const struct question *q, const uint8_t *data, uint16_t *words)
{
    bool bits = q->function <= 2;
    for (unsigned i = 0; i < q->count; i++) {
        int word = bits ? data[i / 8] >> i % 8 & 1 : data[2 * i] << 8 | data[2 * i + 1];
        words[i] = (uint16_t)word;
    }
}

static void after_answer(struct link *link)
{
    link->proven = true;
    link->silent = 0;
    backoff_reset(&link->backoff);
    if (link->complained)
        log_info("bus", "%s: %s is there again", link->bus->name, link_place(link));
    link->complained = false;
}

static void after_failure(struct link *link, const struct answer *a, int error)
{
    if (a->kind == ANSWER_UNPLUGGED)
        link_broke(link, error);
    else if (link->bus->type == BUS_TCP)
        link_close(link);
    else if (a->kind != ANSWER_TIMEOUT)
        link->silent = 0;
    else if (++link->silent >= SILENT_MOST && link->bus->type == BUS_RTU_TCP)
        link_close(link);
}

struct answer link_ask(struct link *link, const struct asked *asked, uint16_t *words)
{
    struct verdict v;
    uint8_t bytes[ADU_MAX];
    struct answer a = {.begun_ns = clock_mono_ns()};
    size_t length = master_ask(&link->master, asked, a.begun_ns, bytes);
    enum heard heard = HEARD_BROKEN;
    if (send_question(link, bytes, length))
        heard = listen_until(link, link->stop, master_deadline_ns(&link->master), &v);
    bool stopped = heard == HEARD_STOP;
    if (stopped) { /* what the device may be saying just now is not lost */
        int64_t last_ns = clock_mono_ns() + LAST_WORD_NS, deadline_ns = master_deadline_ns(&link->master);
        heard = listen_until(link, -1, deadline_ns < last_ns ? deadline_ns : last_ns, &v);
    }
    int error = errno;
    a.ended_ns = clock_mono_ns();
    a.ts_ms = clock_boot_ms();
    if (heard != HEARD_END)
        master_end(&link->master, heard == HEARD_BROKEN, a.ended_ns, &v);
    a.stopped = stopped && heard != HEARD_END;
    a.kind = v.kind;
    a.exception = v.exception;
    a.sure = v.sure;
    if (a.stopped)
        return a;
    if (v.kind == ANSWER_VALUES)
        take_words(&asked->q, v.data, words);
    if (answer_is_alive(&a))
        after_answer(link);
    else
        after_failure(link, &a, error);
    return a;
}
