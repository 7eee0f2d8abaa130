/* The link against a peer that answers each question with bytes of the test's choice: a serial line on a
 * pseudo-terminal, Modbus TCP, and a line behind a TCP converter. */
#include "common/clock.h"
#include "firmware-gateway/link.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 400, WORST_MS = 600, SLACK_MS = 250 /* a busy machine wakes up late */ };

/* What the peer sends: E the request back, A the answer, J junk, S a stranger's answer, D the answer damaged, F the
 * answer to another function, L one register too few, H half of the answer, T the answer under the last transaction, U
 * the answer from another unit, X exception 2, - a pause of 5 ms, . one byte of the answer every 80 ms. */
struct peer {
    int type; /* enum bus_type */
    int fd, slave, listener;
    char path[64], port[8];
    const char *script;
    atomic_bool stop;
    atomic_int requests, connections;
    pthread_t thread;
};

static size_t seal(const struct peer *p, const uint8_t *request, uint8_t *message, size_t body)
{
    if (p->type == BUS_TCP) {
        memmove(message + 6, message, body);
        memcpy(message, request, 4);
        message[4] = 0;
        message[5] = (uint8_t)body;
        return body + 6;
    }
    uint16_t crc = adu_crc(message, body);
    message[body] = (uint8_t)crc;
    message[body + 1] = (uint8_t)(crc >> 8);
    return body + 2;
}

/* Two registers, 0x0102 and 0x0304. */
static size_t message(const struct peer *p, char what, const uint8_t *request, uint8_t *out)
{
    const uint8_t *q = request + (p->type == BUS_TCP ? 6 : 0);
    uint8_t body[] = {q[0], q[1], 4, 1, 2, 3, 4};
    size_t length = sizeof body;
    body[0] = (uint8_t)(body[0] + (what == 'S' || what == 'U'));
    body[1] = (uint8_t)(what == 'F' ? 7 - body[1] : what == 'X' ? body[1] | 0x80 : body[1]);
    if (what == 'L' || what == 'X') {
        length = what == 'X' ? 3 : 5;
        body[2] = 2;
    }
    memcpy(out, body, length);
    length = seal(p, request, out, length);
    if (what == 'T')
        out[1]--;
    if (what == 'D')
        out[length - 1] ^= 8;
    return what == 'H' ? length / 2 : length;
}

static void put(struct peer *p, const void *bytes, size_t length)
{
    ssize_t ignored = write(p->fd, bytes, length); /* the link may have gone away */
    (void)ignored;
}

static void play(struct peer *p, const uint8_t *request, size_t length)
{
    uint8_t out[64];
    p->requests++;
    for (const char *at = p->script; *at; at++) {
        size_t n = message(p, *at, request, out);
        if (*at == '-')
            clock_sleep_until_ns(clock_mono_ns() + 5000000);
        else if (*at == 'E')
            put(p, request, length);
        else if (*at == 'J')
            put(p, "\xff\0\x55", 3);
        else if (*at != '.')
            put(p, out, n);
        for (size_t i = 0; *at == '.' && i < n; i++) {
            put(p, out + i, 1);
            clock_sleep_until_ns(clock_mono_ns() + 80000000);
        }
    }
}

static void serve(struct peer *p)
{
    uint8_t request[12];
    size_t have = 0, whole = p->type == BUS_TCP ? 12 : 8;
    struct pollfd fd = {.fd = p->fd, .events = POLLIN};
    while (!p->stop) {
        if (poll(&fd, 1, 5) <= 0)
            continue;
        ssize_t n = read(p->fd, request + have, whole - have);
        if (n <= 0)
            return;
        have += (size_t)n;
        if (have == whole)
            play(p, request, whole);
        have %= whole;
    }
}

static void *run(void *of)
{
    struct peer *p = of;
    struct pollfd fd = {.fd = p->listener, .events = POLLIN};
    if (p->type == BUS_RTU)
        serve(p);
    while (p->type != BUS_RTU && !p->stop)
        if (poll(&fd, 1, 5) > 0) {
            p->fd = accept(p->listener, NULL, NULL);
            p->connections++;
            serve(p);
            close(p->fd);
        }
    return NULL;
}

static void peer_start(struct peer *p, int type, const char *script)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    memset(p, 0, sizeof *p);
    p->type = type;
    p->script = script;
    if (type == BUS_RTU) {
        struct termios raw;
        p->fd = posix_openpt(O_RDWR | O_NOCTTY);
        assert_true(p->fd >= 0 && grantpt(p->fd) == 0 && unlockpt(p->fd) == 0);
        assert_int_equal(ptsname_r(p->fd, p->path, sizeof p->path), 0);
        p->slave = open(p->path, O_RDWR | O_NOCTTY);
        assert_int_equal(tcgetattr(p->slave, &raw), 0);
        cfmakeraw(&raw);
        assert_int_equal(tcsetattr(p->slave, TCSANOW, &raw), 0);
    } else {
        p->listener = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(p->listener, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(listen(p->listener, 4), 0);
        assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &size), 0);
        snprintf(p->port, sizeof p->port, "%d", ntohs(at.sin_port));
    }
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

static void peer_stop(struct peer *p)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    if (p->type == BUS_RTU) {
        close(p->slave);
        close(p->fd);
    } else {
        close(p->listener);
    }
}

static struct bus_section bus_of(const struct peer *p)
{
    return (struct bus_section){.name = "b",
                                .type = p->type,
                                .device = p->path,
                                .line = {.baud = 115200, .stop_bits = 1},
                                .address = "here",
                                .host = "127.0.0.1",
                                .port = p->port,
                                .timeout_ms = TIMEOUT_MS};
}

static const struct asked two = {.q = {.unit = 5, .function = 3, .address = 16, .count = 2},
                                 .timeout_ns = TIMEOUT_MS * 1000000LL,
                                 .worst_ns = WORST_MS * 1000000LL};

static struct answer ask(struct link *link, uint16_t *words)
{
    assert_true(link_open(link, TIMEOUT_MS));
    assert_true(link_wait(link, &two));
    return link_ask(link, &two, words);
}

/* ---- what is believed, and what is not ---- */

static void each_oddity_is_refused_and_counted(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *script;
        enum answer_kind kind;
        const char *refused; /* by words of master.h, each once */
    } cases[] = {
        {BUS_RTU, "A", ANSWER_VALUES, ""},
        {BUS_RTU, "EA", ANSWER_VALUES, "echo"},
        {BUS_RTU, "E-A", ANSWER_VALUES, "echo"},
        {BUS_RTU, "JA", ANSWER_VALUES, "noise"},
        {BUS_RTU, "EJSA", ANSWER_VALUES, "echo noise foreign"},
        {BUS_RTU, "S-A", ANSWER_VALUES, "foreign"},
        {BUS_RTU, "X", ANSWER_EXCEPTION, ""},
        {BUS_RTU, "", ANSWER_TIMEOUT, ""},
        {BUS_RTU, "E", ANSWER_TIMEOUT, "echo"},
        {BUS_RTU, "H", ANSWER_TIMEOUT, "short"},
        {BUS_RTU, ".", ANSWER_TIMEOUT, "short"},
        {BUS_RTU, "D", ANSWER_CRC, "crc"},
        {BUS_RTU, "S", ANSWER_GARBAGE, "foreign"},
        {BUS_RTU, "F", ANSWER_GARBAGE, "function"},
        {BUS_RTU, "L", ANSWER_GARBAGE, "length"},
        {BUS_RTU, "J", ANSWER_GARBAGE, "noise"},
        {BUS_RTU_TCP, "A", ANSWER_VALUES, ""},
        {BUS_RTU_TCP, "E-JSA", ANSWER_VALUES, "echo noise foreign"},
        {BUS_RTU_TCP, "D", ANSWER_CRC, "crc"},
        {BUS_RTU_TCP, "", ANSWER_TIMEOUT, ""},
        {BUS_TCP, "A", ANSWER_VALUES, ""},
        {BUS_TCP, "TA", ANSWER_VALUES, "transaction"},
        {BUS_TCP, "T-A", ANSWER_VALUES, "transaction"},
        {BUS_TCP, "X", ANSWER_EXCEPTION, ""},
        {BUS_TCP, "T", ANSWER_TIMEOUT, "transaction"},
        {BUS_TCP, "H", ANSWER_TIMEOUT, "short"},
        {BUS_TCP, "U", ANSWER_GARBAGE, "foreign"},
        {BUS_TCP, "F", ANSWER_GARBAGE, "function"},
        {BUS_TCP, "L", ANSWER_GARBAGE, "length"},
        {BUS_TCP, "JJA", ANSWER_GARBAGE, "noise"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer p;
        struct fault f;
        uint16_t words[2] = {0};
        peer_start(&p, cases[i].type, cases[i].script);
        struct bus_section bus = bus_of(&p);
        struct link *link = link_new(&bus, -1, &f);
        struct answer a = ask(link, words);
        if (a.kind != cases[i].kind)
            fail_msg("type %d, %s: kind %d", cases[i].type, cases[i].script, a.kind);
        assert_true(a.ended_ns - a.begun_ns < (TIMEOUT_MS + SLACK_MS) * 1000000LL); /* however it dribbles */
        if (a.kind == ANSWER_VALUES)
            assert_true(words[0] == 0x0102 && words[1] == 0x0304);
        for (int r = 0; r < REFUSALS; r++)
            if (link_refused(link)[r] != (strstr(cases[i].refused, refusal_words[r]) != NULL))
                fail_msg("type %d, %s: %s %d times", cases[i].type, cases[i].script, refusal_words[r],
                         (int)link_refused(link)[r]);
        link_free(link);
        peer_stop(&p);
    }
}

/* On a line nothing is sent until the worst answer time is over; a TCP connection is not used again. */
static void after_a_failure_all_is_quiet(void **state)
{
    (void)state;
    for (int type = BUS_RTU; type <= BUS_RTU_TCP; type++) {
        struct peer p;
        struct fault f;
        uint16_t words[2];
        peer_start(&p, type, "");
        struct bus_section bus = bus_of(&p);
        struct link *link = link_new(&bus, -1, &f);
        struct answer first = ask(link, words);
        p.script = "A";
        assert_int_equal(first.kind, ANSWER_TIMEOUT);
        struct answer second = ask(link, words);
        assert_int_equal(second.kind, ANSWER_VALUES);
        if (type != BUS_TCP)
            assert_true(second.begun_ns - first.begun_ns >= (WORST_MS * 1000 + 1750) * 1000LL);
        assert_int_equal(p.connections, type == BUS_RTU ? 0 : type == BUS_TCP ? 2 : 1);
        link_free(link);
        peer_stop(&p);
    }
}

/* A converter that has lost its line, or a connection that is half open, answers nothing for ever. */
static void a_silent_converter_is_connected_anew(void **state)
{
    (void)state;
    struct peer p;
    struct fault f;
    uint16_t words[2];
    peer_start(&p, BUS_RTU_TCP, "");
    struct bus_section bus = bus_of(&p);
    struct link *link = link_new(&bus, -1, &f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(link, words).kind, ANSWER_TIMEOUT);
    assert_int_equal(p.connections, 2);
    link_free(link);
    peer_stop(&p);
}

/* ---- the line itself ---- */

static void parity_and_stop_bits_are_set(void **state)
{
    (void)state;
    for (int parity = PARITY_NONE; parity <= PARITY_ODD; parity++)
        for (int stop = 1; stop <= 2; stop++) {
            struct peer p;
            struct fault f;
            struct termios t;
            uint16_t words[2];
            peer_start(&p, BUS_RTU, "A");
            struct bus_section bus = bus_of(&p);
            bus.line.parity = parity;
            bus.line.stop_bits = stop;
            struct link *link = link_new(&bus, -1, &f);
            assert_int_equal(ask(link, words).kind, ANSWER_VALUES);
            assert_int_equal(tcgetattr(p.slave, &t), 0);
            assert_int_equal(!!(t.c_cflag & CSTOPB), stop == 2);
            assert_int_equal(!!(t.c_cflag & PARODD), parity == PARITY_ODD);
            assert_int_equal(cfgetospeed(&t), B115200);
            link_free(link);
            peer_stop(&p);
        }
}

/* A pseudo-terminal has no transmitter to switch: the driver's way is refused there, RTS is moved in vain. */
static void the_direction_is_switched_as_asked(void **state)
{
    (void)state;
    for (int way = RS485_NONE; way <= RS485_RTS_DOWN; way++) {
        struct peer p;
        struct fault f;
        uint16_t words[2];
        peer_start(&p, BUS_RTU, "A");
        struct bus_section bus = bus_of(&p);
        bus.rs485 = way;
        struct link *link = link_new(&bus, -1, &f);
        if (way == RS485_KERNEL)
            assert_false(link_open(link, TIMEOUT_MS));
        else
            assert_int_equal(ask(link, words).kind, ANSWER_VALUES);
        link_free(link);
        peer_stop(&p);
    }
}

/* The adapter is pulled out, and comes back under another number: the name that stays the same leads to it. */
static void an_adapter_comes_back_under_another_number(void **state)
{
    (void)state;
    char folder[] = "/tmp/quietair-link-XXXXXX", name[64];
    struct peer first, second;
    struct fault f;
    uint16_t words[2];
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/by-id", folder);
    peer_start(&first, BUS_RTU, "A");
    assert_int_equal(symlink(first.path, name), 0);
    struct bus_section bus = bus_of(&first);
    bus.device = name;
    struct link *link = link_new(&bus, -1, &f);
    assert_int_equal(ask(link, words).kind, ANSWER_VALUES);
    peer_start(&second, BUS_RTU, "A");
    peer_stop(&first);
    assert_false(link_wait(link, &two)); /* it hung up */
    unlink(name);
    assert_int_equal(symlink(second.path, name), 0);
    assert_int_equal(ask(link, words).kind, ANSWER_VALUES);
    assert_int_equal(second.requests, 1);
    link_free(link);
    peer_stop(&second);
    unlink(name);
    rmdir(folder);
}

static void pauses_are_kept(void **state)
{
    (void)state;
    struct peer p;
    struct fault f;
    uint16_t words[2];
    struct asked other = two;
    other.q.unit = 6;
    peer_start(&p, BUS_RTU_TCP, "A");
    struct bus_section bus = bus_of(&p);
    bus.worst_answer_ms = 80;
    bus.turnaround_ms = 10;
    bus.slave_pause_ms = 300;
    bus.connect_pause_ms = 20;
    struct link *link = link_new(&bus, -1, &f);
    int64_t opened = clock_mono_ns();
    struct answer first = ask(link, words), second = ask(link, words);
    assert_true(link_wait(link, &other));
    struct answer third = link_ask(link, &other, words);
    assert_true(first.begun_ns - opened >= 80 * 1000000LL);
    assert_in_range(second.begun_ns - first.ended_ns, 10 * 1000000LL - 1000000, 298 * 1000000LL);
    assert_true(third.begun_ns - second.ended_ns >= 299 * 1000000LL);
    link_free(link);
    peer_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_oddity_is_refused_and_counted),
        cmocka_unit_test(after_a_failure_all_is_quiet),
        cmocka_unit_test(a_silent_converter_is_connected_anew),
        cmocka_unit_test(parity_and_stop_bits_are_set),
        cmocka_unit_test(the_direction_is_switched_as_asked),
        cmocka_unit_test(an_adapter_comes_back_under_another_number),
        cmocka_unit_test(pauses_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
