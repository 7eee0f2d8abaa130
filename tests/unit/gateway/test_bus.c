/* The bus worker against peers of flesh: a libmodbus TCP server, and a responder with bad manners on a pseudo-terminal.
 */
#include "common/clock.h"
#include "common/json.h"
#include "firmware-gateway/bus.h"

#include <fcntl.h>
#include <modbus/modbus.h>
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
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what the worker said ---- */

struct seen {
    size_t device;
    int64_t ts;
    char text[200]; /* the reading as it goes into a frame */
};

static struct {
    pthread_mutex_t lock;
    struct seen list[4000];
    size_t count;
} log_of = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_reading(void *ctx, size_t device, const struct reading *r)
{
    (void)ctx;
    pthread_mutex_lock(&log_of.lock);
    if (log_of.count < sizeof log_of.list / sizeof log_of.list[0]) {
        struct seen *s = &log_of.list[log_of.count++];
        struct buf b = buf_fixed(s->text, sizeof s->text);
        s->device = device;
        s->ts = r->ts;
        if (r->error)
            buf_print(&b, "error %s", r->error);
        for (size_t i = 0; i < r->value_count; i++) {
            buf_print(&b, "%s=", r->values[i].metric);
            buf_number(&b, r->values[i].value.number);
            buf_char(&b, ' ');
        }
        for (size_t i = 0; i < r->error_count; i++)
            buf_print(&b, "%s:%s ", r->errors[i].metric, r->errors[i].error);
    }
    pthread_mutex_unlock(&log_of.lock);
}

static void on_text(void *ctx, size_t device, const char *name, const char *text)
{
    (void)ctx;
    pthread_mutex_lock(&log_of.lock);
    if (log_of.count < sizeof log_of.list / sizeof log_of.list[0]) {
        struct seen *s = &log_of.list[log_of.count++];
        s->device = device + 100; /* apart from the readings */
        snprintf(s->text, sizeof s->text, "%s=%s", name, text);
    }
    pthread_mutex_unlock(&log_of.lock);
}

static const struct bus_events events = {.reading = on_reading, .text = on_text};

/* How many readings of the device say this (NULL: anything). */
static size_t count_of(size_t device, const char *text)
{
    size_t n = 0;
    pthread_mutex_lock(&log_of.lock);
    for (size_t i = 0; i < log_of.count; i++)
        n += log_of.list[i].device == device && (!text || !strcmp(log_of.list[i].text, text));
    pthread_mutex_unlock(&log_of.lock);
    return n;
}

static void wait_for(size_t device, const char *text, size_t count)
{
    int64_t deadline = clock_mono_ms() + 3000;
    while (count_of(device, text) < count && clock_mono_ms() < deadline)
        clock_sleep_until_ns(clock_mono_ns() + 1000000);
    if (count_of(device, text) >= count)
        return;
    for (size_t i = 0; i < log_of.count && i < 50; i++)
        print_error("device %zu: %s\n", log_of.list[i].device, log_of.list[i].text);
    fail_msg("device %zu never said %zu times: %s", device, count, text);
}

static void assert_rising(size_t device)
{
    int64_t last = 0;
    for (size_t i = 0; i < log_of.count; i++)
        if (log_of.list[i].device == device) {
            assert_true(log_of.list[i].ts > last);
            last = log_of.list[i].ts;
        }
    assert_true(llabs(last - clock_boot_ms()) < 5000);
}

/* ---- settings ---- */

static char folder[] = "/tmp/quietair-bus-XXXXXX";

static void put_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void load(struct gateway_settings *s, const char *text)
{
    char path[200], whole[4000];
    struct faults faults = {0};
    log_of.count = 0;
    snprintf(whole, sizeof whole, "[gateway]\nid = g\ndistrict = d\n[mqtt]\nurl = mqtt://b\n%s", text);
    put_file("gateway.ini", whole);
    snprintf(path, sizeof path, "%s/gateway.ini", folder);
    int r = gateway_settings_load(s, path, &faults);
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s\n", faults.text[i]);
    assert_int_equal(r, 0);
}

static int make_folder(void **state)
{
    char path[200];
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/profiles", folder);
    mkdir(path, 0700);
    put_file("profiles/one.ini",
             "[profile]\nmeasurement = x\nworst_answer = 120ms\n[a]\nregister = holding:0\ntype = u16\n");
    put_file("profiles/two.ini",
             "[profile]\nmeasurement = x\nworst_answer = 120ms\n[a]\nregister = holding:0\ntype = u16\n"
             "[b]\nregister = holding:100\ntype = u16\n[c]\nregister = holding:101\ntype = u16\n");
    put_file("profiles/named.ini", "[profile]\nmeasurement = x\n[a]\nregister = holding:0\ntype = u16\n"
                                   "[serial]\nregister = holding:10\ntype = string\nlength = 3\n"
                                   "[model]\nregister = holding:101\ntype = string\nlength = 3\n");
    put_file("profiles/bits.ini", "[profile]\nmeasurement = x\n[a]\nregister = coil:1\n[b]\nregister = discrete:2\n"
                                  "[c]\nregister = input:3\ntype = s16\nscale = 0.1\n");
    return 0;
}

static int drop_folder(void **state)
{
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* ---- a TCP server ---- */

struct server {
    modbus_t *modbus;
    modbus_mapping_t *map;
    int listener, port;
    atomic_bool stop, silent, hang_up;
    atomic_int connections, asked, units; /* units: bit 0 for unit 0 seen, bit 1 for unit 255 */
    pthread_t thread;
};

static void serve_one(struct server *s)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    struct pollfd fd = {.fd = modbus_get_socket(s->modbus), .events = POLLIN};
    while (!s->stop && !s->hang_up) {
        if (poll(&fd, 1, 5) <= 0)
            continue;
        int n = modbus_receive(s->modbus, request);
        if (n < 0)
            return;
        s->asked++;
        s->units |= request[6] == 0 ? 1 : request[6] == 255 ? 2 : 0;
        if (!s->silent)
            modbus_reply(s->modbus, request, n, s->map);
    }
}

static void *serve(void *of)
{
    struct server *s = of;
    struct pollfd fd = {.fd = s->listener, .events = POLLIN};
    while (!s->stop) {
        if (poll(&fd, 1, 5) <= 0)
            continue;
        if (modbus_tcp_accept(s->modbus, &s->listener) >= 0) {
            s->connections++;
            serve_one(s);
            s->hang_up = false;
            modbus_close(s->modbus);
        }
    }
    return NULL;
}

static void server_start(struct server *s)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    memset(s, 0, sizeof *s);
    s->modbus = modbus_new_tcp("127.0.0.1", 0);
    s->map = modbus_mapping_new(10, 10, 101, 10); /* holding 0..100: 101 is an illegal address */
    s->listener = modbus_tcp_listen(s->modbus, 2);
    assert_true(s->listener >= 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    s->map->tab_registers[0] = 1000;
    s->map->tab_registers[100] = 2000;
    s->map->tab_bits[1] = 1;
    s->map->tab_input_bits[2] = 1;
    s->map->tab_input_registers[3] = (uint16_t)-54;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    close(s->listener);
    modbus_mapping_free(s->map);
    modbus_free(s->modbus);
}

static void tcp_bus(char *text, size_t size, int port, const char *rest)
{
    snprintf(text, size, "[bus t]\ntype = tcp\naddress = 127.0.0.1:%d\ntimeout = 100ms\nretries = 0\n%s", port, rest);
}

static void tcp_reads_refuses_and_comes_back(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct server server;
    struct bus *bus;
    struct fault f;
    char text[1000];
    server_start(&server);
    tcp_bus(text, sizeof text, server.port,
            "[device one]\nbus = t\nunit = 255\nprofile = one\nsite = s\ninterval = 20ms\n"
            "[device two]\nbus = t\nunit = 0\nprofile = two\nsite = s\ninterval = 20ms\n"
            "[device bits]\nbus = t\nunit = 3\nprofile = bits\nsite = s\ninterval = 50ms\n");
    load(&s, text);
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(0, "a=1000 ", 3);
    wait_for(1, "b=2000 ", 3); /* the block of both, one of which is not there, is cut */
    wait_for(1, "a=1000 c:exception-2 ", 3);
    wait_for(2, "a=1 ", 1);
    wait_for(2, "b=1 ", 1);
    wait_for(2, "c=-5.4 ", 1);
    assert_int_equal(server.units, 3);
    assert_int_equal(server.connections, 1);

    /* a connection that the peer closes is opened again, without a reading lost */
    server.hang_up = true;
    size_t before = count_of(0, "a=1000 ");
    wait_for(0, "a=1000 ", before + 5);
    assert_int_equal(server.connections, 2);
    assert_int_equal(count_of(0, "error unplugged"), 0);

    /* after a timeout the connection is not used again: its answers could come late */
    server.silent = true;
    wait_for(0, "error timeout", 1);
    wait_for(1, "error timeout", 1);
    server.silent = false;
    before = count_of(0, "a=1000 ");
    wait_for(0, "a=1000 ", before + 2);
    assert_true(server.connections >= 4);

    char memory[2000];
    struct buf health = buf_fixed(memory, sizeof memory);
    bus_health(bus, &health);
    struct json *json = json_open(health.data, health.length, &f);
    const struct json *devices = json_member(json, "devices"), *two = json_member(devices, "two");
    int64_t n;
    double x;
    assert_true(json_double(json_member(json, "utilisation"), &x) && x > 0 && x < 1);
    assert_true(json_int64(json_member(two, "polls"), &n) && n >= 4);
    assert_true(json_int64(json_member(json_member(two, "errors"), "exception-2"), &n) &&
                n == 2); /* of both, of the one */
    assert_true(json_int64(json_member(json_member(two, "errors"), "timeout"), &n) && n >= 1);
    assert_true(json_double(json_member(json_member(two, "latency_ms"), "p50"), &x) && x > 0 && x < 100);
    json_close(json);

    bus_stop(bus);
    assert_rising(0);
    assert_rising(1);
    server_stop(&server);
    gateway_settings_free(&s);
}

static void a_meter_is_asked_what_it_is_once(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct server server;
    struct bus *bus;
    struct fault f;
    char text[1000];
    server_start(&server);
    memcpy(&server.map->tab_registers[10], (const uint16_t[]){0x534e, 0x2d37, 0}, 6);
    tcp_bus(text, sizeof text, server.port,
            "[device one]\nbus = t\nunit = 1\nprofile = named\nsite = s\ninterval = 10ms\n");
    load(&s, text);
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(100, "serial=SN-7", 1);
    wait_for(0, "a=1000 ", 10);
    assert_int_equal(count_of(100, NULL), 1); /* and no model: it has no such register */

    /* it comes back with another face */
    server.map->tab_registers[11] = 0x2d38;
    server.silent = true;
    wait_for(0, "error timeout", 1);
    server.silent = false;
    wait_for(100, "serial=SN-8", 1);
    wait_for(0, "a=1000 ", count_of(0, "a=1000 ") + 5);
    assert_int_equal(count_of(100, NULL), 2);
    bus_stop(bus);
    server_stop(&server);
    gateway_settings_free(&s);
}

static void stopping_takes_one_timeout_at_most(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct server server;
    struct bus *bus;
    struct fault f;
    char text[1000];
    server_start(&server);
    server.silent = true;
    tcp_bus(text, sizeof text, server.port,
            "[device one]\nbus = t\nunit = 1\nprofile = one\nsite = s\ntimeout = 300ms\ninterval = 1h\n");
    load(&s, text);
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    int64_t deadline = clock_mono_ms() + 2000;
    while (!server.asked && clock_mono_ms() < deadline)
        clock_sleep_until_ns(clock_mono_ns() + 1000000);
    int64_t begun = clock_mono_ms();
    bus_stop(bus);
    assert_true(clock_mono_ms() - begun < 400);
    assert_int_equal(count_of(0, NULL), 0); /* what was broken off is no timeout */
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(0, "error timeout", 1);
    begun = clock_mono_ms(); /* now it waits for the next hour */
    bus_stop(bus);
    assert_true(clock_mono_ms() - begun < 100);
    server_stop(&server);
    gateway_settings_free(&s);
}

/* Nobody listens: said at the poll interval, but not in a busy loop; and all is well as soon as somebody does. */
static void a_link_that_is_not_there_is_unplugged(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct server server;
    struct bus *bus;
    struct fault f;
    char text[1000], path[200];
    server_start(&server);
    tcp_bus(text, sizeof text, server.port,
            "[device one]\nbus = t\nunit = 1\nprofile = one\nsite = s\ninterval = 10ms\n");
    server_stop(&server);
    load(&s, text);
    assert_int_equal(bus_once(&s, 0, &events, &f), 1);
    assert_int_equal(count_of(0, "error unplugged"), 1);
    gateway_settings_free(&s);

    snprintf(path, sizeof path, "%s/line", folder);
    snprintf(text, sizeof text,
             "[bus t]\ntype = rtu\ndevice = %s\ntimeout = 50ms\n"
             "[device one]\nbus = t\nunit = 1\nprofile = one\nsite = s\ninterval = 10ms\n",
             path);
    load(&s, text);
    int64_t begun = clock_mono_ms();
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(0, "error unplugged", 2);
    assert_true(clock_mono_ms() - begun > 900);
    bus_stop(bus);
    assert_int_equal(count_of(0, NULL), 2);
    gateway_settings_free(&s);
}

/* ---- a serial line ---- */

enum manner { ANSWERS, DEAD, LATE, BAD_CRC, DRIBBLES, SHORT, FOREIGN, REFUSES, FLICKERS };

struct line_peer {
    int master, slave; /* the slave end is kept open, so that the line does not hang up */
    char path[64];
    enum manner manners[16]; /* by unit */
    atomic_bool stop;
    atomic_int requests[16], violations;
    int64_t last_byte_ns;
    pthread_t thread;
};

static void put_crc(uint8_t *frame, size_t length)
{
    unsigned crc = 0xffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= frame[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    }
    frame[length] = (uint8_t)crc;
    frame[length + 1] = (uint8_t)(crc >> 8);
}

static void send_bytes(struct line_peer *p, const uint8_t *bytes, size_t length)
{
    p->last_byte_ns = clock_mono_ns(); /* before: who is put to sleep behind the write would blame the master */
    assert_int_equal(write(p->master, bytes, length), length);
}

static void answer(struct line_peer *p, const uint8_t *q)
{
    unsigned unit = q[0] & 15, address = (unsigned)(q[2] << 8 | q[3]), count = (unsigned)(q[4] << 8 | q[5]);
    int nth = ++p->requests[unit];
    uint8_t r[256] = {q[0], q[1], (uint8_t)(2 * count)};
    size_t length = 3 + 2 * count;
    for (unsigned i = 0; i < count; i++) { /* a register holds ten times its address and 1000 */
        r[3 + 2 * i] = (uint8_t)((1000 + 10 * (address + i)) >> 8);
        r[4 + 2 * i] = (uint8_t)(1000 + 10 * (address + i));
    }
    put_crc(r, length);
    length += 2;
    switch (p->manners[unit]) {
    case DEAD:
        return;
    case FLICKERS: /* only every other request is heard */
        if (nth % 2)
            return;
        break;
    case LATE: /* after the timeout of 50 ms, before the worst answer time of 120 ms */
        if (nth % 3 == 1)
            clock_sleep_until_ns(clock_mono_ns() + 80 * 1000000LL);
        break;
    case BAD_CRC:
        r[length - 1] ^= 0x10;
        break;
    case DRIBBLES:
        for (size_t i = 0; i < length; i++) {
            send_bytes(p, r + i, 1);
            clock_sleep_until_ns(clock_mono_ns() + 15 * 1000000LL);
        }
        return;
    case SHORT: /* one register less than asked for, well formed */
        r[2] = (uint8_t)(r[2] - 2);
        put_crc(r, length - 4);
        length -= 2;
        break;
    case FOREIGN: /* another unit speaks */
        r[0] ^= 8;
        put_crc(r, length - 2);
        break;
    case REFUSES:
        r[1] |= 0x80;
        r[2] = 4;
        put_crc(r, 3);
        length = 5;
        break;
    case ANSWERS:
        break;
    }
    send_bytes(p, r, length);
}

static void *respond(void *of)
{
    struct line_peer *p = of;
    struct pollfd fd = {.fd = p->master, .events = POLLIN};
    uint8_t request[8];
    size_t have = 0;
    while (!p->stop) {
        if (poll(&fd, 1, 5) <= 0)
            continue;
        ssize_t n = read(p->master, request + have, sizeof request - have);
        if (have == 0 && p->last_byte_ns && clock_mono_ns() - p->last_byte_ns < 3600000)
            p->violations++; /* 3.5 characters of 10 bits at 9600 baud are 3.646 ms */
        have += n > 0 ? (size_t)n : 0;
        if (have == sizeof request) {
            answer(p, request);
            have = 0;
        }
    }
    return NULL;
}

static void line_start(struct line_peer *p)
{
    struct termios raw;
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0);
    assert_int_equal(ptsname_r(p->master, p->path, sizeof p->path), 0);
    p->slave = open(p->path, O_RDWR | O_NOCTTY);
    assert_int_equal(tcgetattr(p->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(p->slave, TCSANOW, &raw), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, respond, p), 0);
}

static void line_stop(struct line_peer *p)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    close(p->slave);
    close(p->master);
}

static void rtu_bus(struct gateway_settings *s, const struct line_peer *p, const char *devices)
{
    char text[2000];
    snprintf(text, sizeof text, "[bus k]\ntype = rtu\ndevice = %s\ntimeout = 50ms\n%s", p->path, devices);
    load(s, text);
}

#define DEVICE(name, unit, profile, interval)                                                                          \
    "[device " name "]\nbus = k\nunit = " unit "\nprofile = " profile "\nsite = s\ninterval = " interval "\n"

static void each_bad_manner_has_its_word(void **state)
{
    (void)state;
    static const struct {
        enum manner manner;
        const char *said;
    } cases[] = {{ANSWERS, "a=1000 "},           {DEAD, "error timeout"},  {BAD_CRC, "error crc"},
                 {DRIBBLES, "error timeout"},    {SHORT, "error garbage"}, {FOREIGN, "error garbage"},
                 {REFUSES, "error exception-4"}, {FLICKERS, "a=1000 "}};
    struct gateway_settings s;
    struct fault f;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line_peer p = {.manners = {[1] = cases[i].manner}};
        line_start(&p);
        rtu_bus(&s, &p, DEVICE("d", "1", "one", "1s") DEVICE("e", "2", "one", "1s"));
        int64_t begun = clock_mono_ms();
        assert_int_equal(bus_once(&s, 0, &events, &f), *cases[i].said == 'e');
        if (count_of(0, cases[i].said) != 1)
            fail_msg("manner %d: %s, not %s", cases[i].manner, log_of.list[0].text, cases[i].said);
        assert_int_equal(count_of(1, "a=1000 "), 1); /* and the next device is none the worse */
        assert_int_equal(log_of.count, 2);
        assert_int_equal(p.violations, 0);
        assert_true(clock_mono_ms() - begun < 700);
        line_stop(&p);
        gateway_settings_free(&s);
    }
}

/* An answer that comes after its timeout must not be taken for that to another question. */
static void late_answers_are_never_believed(void **state)
{
    (void)state;
    struct line_peer p = {.manners = {[1] = LATE}};
    struct gateway_settings s;
    struct bus *bus;
    struct fault f;
    line_start(&p);
    rtu_bus(&s, &p, "retries = 0\n" DEVICE("d", "1", "two", "10ms"));
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(0, "a=1000 ", 3);
    wait_for(0, "b=2000 c=2010 ", 3);
    bus_stop(bus);
    size_t timeouts = count_of(0, "error timeout") + count_of(0, "b:timeout c:timeout ");
    assert_true(timeouts >= 1);
    assert_int_equal(count_of(0, "a=1000 ") + count_of(0, "b=2000 c=2010 ") + timeouts + count_of(0, "error suspended"),
                     count_of(0, NULL));
    assert_int_equal(p.violations, 0);
    assert_rising(0);
    line_stop(&p);
    gateway_settings_free(&s);
}

/* Slow metrics have slots of their own; they fail alone, and a device that is given up is not asked for them. */
static void slow_metrics_are_polled_less_often(void **state)
{
    (void)state;
    struct line_peer p = {.manners = {[1] = ANSWERS, [2] = DEAD}};
    struct gateway_settings s;
    struct bus *bus;
    struct fault f;
    line_start(&p);
    rtu_bus(&s, &p,
            "retries = 0\n" DEVICE("d", "1", "two", "50ms") "intervals = c:400ms a:50ms\n" DEVICE(
                "e", "2", "two", "50ms") "intervals = c:60ms\n");
    assert_int_equal(s.devices[0].group_count, 2);
    assert_string_equal(s.devices[0].metrics[2].name, "c");
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(1, "error timeout", 1);
    wait_for(1, "c:timeout ", 1);
    wait_for(0, "c=2010 ", 2);
    size_t fast = count_of(0, "b=2000 "), slow = count_of(0, "c=2010 "), asked = (size_t)p.requests[2];
    wait_for(0, "c=2010 ", slow + 3);
    assert_in_range(count_of(0, "b=2000 ") - fast, 15, 33); /* three times eight */
    assert_true((size_t)p.requests[2] - asked <= 2);
    bus_stop(bus);
    assert_int_equal(count_of(1, "c:timeout ") + count_of(1, "error timeout") + count_of(1, "error suspended"),
                     count_of(1, NULL));
    assert_int_equal(p.violations, 0);
    line_stop(&p);
    gateway_settings_free(&s);
}

static void a_dead_device_is_asked_less_and_less(void **state)
{
    (void)state;
    struct line_peer p = {.manners = {[2] = DEAD}};
    struct gateway_settings s;
    struct bus *bus;
    struct fault f;
    line_start(&p);
    rtu_bus(&s, &p, DEVICE("alive", "1", "one", "20ms") DEVICE("dead", "2", "two", "20ms"));
    assert_int_equal(bus_start(&bus, &s, 0, &events, &f), 0);
    wait_for(1, "error timeout", 3);
    size_t before = count_of(0, "a=1000 ");
    int64_t begun = clock_mono_ms();
    wait_for(0, "a=1000 ", before + 25); /* the line is theirs again */
    assert_true(clock_mono_ms() - begun < 800);
    assert_int_equal(count_of(1, "error timeout"), 3);
    assert_int_equal(p.requests[2], 4); /* the first failure was tried twice, the second block never */
    bus_stop(bus);
    assert_int_equal(p.violations, 0);
    line_stop(&p);
    gateway_settings_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_meter_is_asked_what_it_is_once),   cmocka_unit_test(tcp_reads_refuses_and_comes_back),
        cmocka_unit_test(stopping_takes_one_timeout_at_most), cmocka_unit_test(a_link_that_is_not_there_is_unplugged),
        cmocka_unit_test(each_bad_manner_has_its_word),       cmocka_unit_test(late_answers_are_never_believed),
        cmocka_unit_test(slow_metrics_are_polled_less_often), cmocka_unit_test(a_dead_device_is_asked_less_and_less),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
