/* gateway.ini and profiles: what is read, and what is said about what cannot be. */
#include "firmware-gateway/decode.h"
#include "firmware-gateway/load.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/quietair-settings-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int load(struct gateway_settings *s, const char *text, struct faults *faults)
{
    put_file("gateway.ini", text);
    return gateway_settings_load(s, path_of("gateway.ini"), faults);
}

static bool said(const struct faults *faults, const char *part)
{
    for (size_t i = 0; i < faults->count; i++)
        if (strstr(faults->text[i], part))
            return true;
    for (size_t i = 0; i < faults->count; i++)
        print_error("said: %s\n", faults->text[i]);
    print_error("wanted: %s\n", part);
    return false;
}

/* These and no others. */
static void assert_said(const struct faults *faults, const char *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(said(faults, all[i]));
    assert_int_equal(faults->count, count);
}

#define HEAD             "[gateway]\nid = gw-01\ndistrict = yudu\n[mqtt]\nurl = mqtt://broker\n"
#define RTU              "[bus kitchen]\ntype = rtu\ndevice = /dev/ttyX\n"
#define TCP              "[bus cabinet]\ntype = tcp\naddress = 192.0.2.10:502\n"
#define NOISE(bus, unit) "[device n-" unit "]\nbus = " bus "\nunit = " unit "\nprofile = noise\nsite = club\n"

static const char noise[] = "[profile]\nmeasurement = noise\nbaud = 9600\n"
                            "[laeq]\nregister = holding:0\ntype = u16\nscale = 0.1\nunit = dB(A)\n";
static const char meter[] = "[profile]\nmeasurement = power\nbaud = 2400\nparity = even\nturnaround = 20ms\n"
                            "worst_answer = 3s\n[power]\nregister = input:12\ntype = f32\n"
                            "[energy]\nregister = input:0x48\ntype = f32\nmin = 0\n";

static void the_shortest_file_has_the_documented_defaults(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    assert_int_equal(load(&s, HEAD RTU NOISE("kitchen", "7"), &faults), 0);
    assert_int_equal(faults.count, 0);
    assert_string_equal(s.id, "gw-01");
    assert_string_equal(s.state_dir, "/var/lib/quietair/gateway");
    assert_string_equal(s.collector, "main");
    assert_string_equal(s.profiles_dir, "/usr/share/quietair/profiles");
    assert_int_equal(s.flush_ms, 1000);
    assert_int_equal(s.clock, CLOCK_AUTO);
    assert_int_equal(s.resend_ms, 5000);
    assert_string_equal(s.mqtt.host, "broker");
    assert_true(s.journal.max_bytes == 1LL << 30);
    assert_true(s.journal.max_age_ms == 30LL * 86400000);
    assert_int_equal(s.journal.sync_ms, 0);
    assert_int_equal(s.bus_count, 1);
    const struct bus_section *bus = &s.buses[0];
    assert_string_equal(bus->name, "kitchen");
    assert_int_equal(bus->line.baud, 9600);
    assert_int_equal(bus->line.parity, PARITY_NONE);
    assert_int_equal(bus->line.stop_bits, 1);
    assert_int_equal(bus->timeout_ms, 500);
    assert_int_equal(bus->retries, 1);
    assert_int_equal(bus->turnaround_ms, 0);
    assert_int_equal(bus->overload, OVERLOAD_WARN);
    assert_int_equal(bus->device_count, 1);
    const struct device_section *d = &s.devices[0];
    assert_string_equal(d->name, "n-7");
    assert_int_equal(d->interval_ms, 1000);
    assert_int_equal(d->timeout_ms, 500);
    assert_int_equal(d->worst_answer_ms, 1000);
    assert_string_equal(d->serial, "");
    assert_int_equal(d->metric_count, 1);
    assert_int_equal(d->groups[0].plan.count, 1);
    gateway_settings_free(&s);
}

static void everything_that_can_be_said_is_read(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    char text[2000];
    snprintf(
        text, sizeof text,
        "[gateway]\nid = gw-01\ndistrict = yudu\nstate_dir = /tmp/x\ncollector = other\nclock = trusted\nflush = 10ms\nresend = 100ms\n"
        "profiles_dir = %s/profiles\n[mqtt]\nurl = mqtt://broker:1234\n"
        "[journal]\nmax_bytes = 64K\nmax_age = 7d\nsync = 10s\n" TCP
        "[bus six]\ntype = tcp\naddress = [2001:db8::1]:1502\ntimeout = 3s\n"
        "[bus named]\ntype = tcp\naddress = meters.example\n"
        "[bus line]\ntype = rtu\ndevice = /dev/a\nbaud = 115200\nparity = odd\nstop_bits = 2\ntimeout = 20ms\n"
        "retries = 0\nturnaround = 5ms\noverload = refuse\nrs485 = rts-down\nslave_pause = 7ms\nconnect_pause = 1s\n"
        "[bus far]\ntype = rtu-tcp\naddress = 192.0.2.11:4001\nbaud = 4800\nparity = even\n"
        "[device fan]\nbus = line\nunit = 247\nprofile = meter\nsite = club\ninterval = 1min\ntimeout = 2s\n"
        "serial = \"A;B\"\ncalibrated = 2024-02-29\ncalibration_interval = 366d\nrename = power:fan_power energy:power\n"
        "[device tcp-255]\nbus = six\nunit = 255\nprofile = noise\nsite = club\n"
        "[device tcp-0]\nbus = cabinet\nunit = 0\nprofile = noise\nsite = club\ninterval = 10ms\n",
        folder);
    if (load(&s, text, &faults))
        said(&faults, "nothing");
    assert_int_equal(faults.count, 0);
    assert_int_equal(s.flush_ms, 10);
    assert_int_equal(s.clock, CLOCK_TRUSTED);
    assert_int_equal(s.devices[0].calibration_due_ms, INT64_C(1740873600000)); /* 2025-03-02 00:00 UTC */
    assert_int_equal(s.devices[1].calibration_due_ms, 0);
    assert_int_equal(s.journal.sync_ms, 10000);
    assert_string_equal(s.buses[1].host, "2001:db8::1");
    assert_string_equal(s.buses[1].port, "1502");
    assert_string_equal(s.buses[2].host, "meters.example");
    assert_string_equal(s.buses[2].port, "502");
    assert_int_equal(s.buses[3].line.parity, PARITY_ODD);
    assert_int_equal(s.buses[3].overload, OVERLOAD_REFUSE);
    assert_int_equal(s.buses[3].rs485, RS485_RTS_DOWN);
    assert_int_equal(s.buses[3].slave_pause_ms, 7);
    assert_int_equal(s.buses[3].connect_pause_ms, 1000);
    assert_int_equal(s.buses[3].worst_answer_ms, 3000);
    assert_int_equal(s.buses[4].type, BUS_RTU_TCP);
    assert_int_equal(s.buses[4].line.baud, 4800);
    assert_string_equal(s.buses[4].port, "4001");
    assert_int_equal(s.buses[0].rs485, RS485_NONE);
    const struct device_section *d = &s.devices[0];
    assert_int_equal(d->bus, 3);
    assert_int_equal(d->timeout_ms, 2000);
    assert_int_equal(d->worst_answer_ms, 3000);
    assert_string_equal(d->serial, "A;B");
    assert_string_equal(d->metrics[0].name, "fan_power");
    assert_string_equal(d->metrics[1].name, "power");
    assert_string_equal(d->profile->metrics[0].name, "power");
    assert_int_equal(d->groups[0].plan.count, 2);
    assert_int_equal(s.devices[1].timeout_ms, 3000);
    assert_int_equal(s.devices[1].worst_answer_ms, 6000);
    assert_ptr_equal(s.devices[1].profile, s.devices[2].profile);
    gateway_settings_free(&s);
}

/* Five of one profile: two alike, and one each with an interval, names, and slower metrics of its own. */
static void devices_of_one_profile_keep_apart(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
#define METER(name, unit) "[device " name "]\nbus = kitchen\nunit = " unit "\nprofile = meter\nsite = s\n"
    assert_int_equal(
        load(&s,
             HEAD "[bus kitchen]\ntype = rtu\ndevice = /dev/ttyX\nbaud = 2400\nparity = even\n" METER("a", "1")
                 METER("b", "2") METER("c", "3") "interval = 5s\n" METER("d", "4") "rename = power:fan_power\n" METER(
                     "e", "5") "intervals = energy:1min\n" METER("f", "6"),
             &faults),
        0);
    const struct {
        const char *first;
        size_t groups;
        int64_t interval_ms, last_ms;
    } wanted[] = {{"power", 1, 1000, 1000},     {"power", 1, 1000, 1000},  {"power", 1, 5000, 5000},
                  {"fan_power", 1, 1000, 1000}, {"power", 2, 1000, 60000}, {"power", 1, 1000, 1000}};
    for (size_t i = 0; i < 6; i++) {
        const struct device_section *d = &s.devices[i];
        assert_int_equal(d->metric_count, 2);
        assert_string_equal(d->metrics[0].name, wanted[i].first);
        assert_string_equal(d->metrics[1].name, "energy");
        assert_int_equal(d->group_count, wanted[i].groups);
        assert_int_equal(d->groups[0].interval_ms, wanted[i].interval_ms);
        assert_int_equal(d->groups[d->group_count - 1].interval_ms, wanted[i].last_ms);
        assert_int_equal(d->unit, i + 1);
    }
    gateway_settings_free(&s);
    faults_free(&faults);
}

static void each_fault_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"[mqtt]\nurl = mqtt://b\n", "gateway.ini: there is no [gateway] section"},
        {"[gateway]\nid = a\ndistrict = b\n", "gateway.ini: there is no [mqtt] section"},
        {HEAD "[gateway x]\nid = a\n", "[gateway x]: this section has no name: [gateway]"},
        {HEAD "[bus]\ntype = tcp\naddress = a\n", "[bus]: expected [bus NAME]"},
        {HEAD "[devise a]\n", "[devise a]: unknown section; did you mean device?"},
        {HEAD "[bus a]\ntype = rtu-tcp\n", "[bus a] address: expected HOST:PORT"},
        {HEAD "[bus a]\ntype = rtu-tcp\naddress = h\nbaud = 9601\n", "baud = 9601: expected 1200, 2400"},
        {HEAD "[bus a]\ntype = rtu-tcp\naddress = h\n[bus b]\ntype = rtu-tcp\naddress = h:502\n",
         "[bus b] address = h:502: is the line of [bus a]"},
        {HEAD "[bus a]\ntype = tcp\naddress = h\nrs485 = kernel\n", "rs485 = kernel: belongs to type = rtu"},
        {HEAD "[bus a]\ntype = rtu\n", "[bus a] device: expected the path of the serial line"},
        {HEAD "[bus a]\ntype = rtu\ndevice = ttyUSB0\n", "device = ttyUSB0: expected the path"},
        {HEAD "[bus a]\ntype = rtu\ndevice = /dev/a\naddress = b\n", "address = b: belongs to type = tcp and rtu-tcp"},
        {HEAD "[bus a]\ntype = rtu\ndevice = /dev/a\nbaud = 9601\n", "baud = 9601: expected 1200, 2400"},
        {HEAD "[bus a]\ntype = tcp\n", "[bus a] address: expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = h:0\n", "address = h:0: expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = h:65536\n", "expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = h:5x\n", "expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = :502\n", "expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = [::1\n", "expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = a b:502\n", "expected HOST:PORT"},
        {HEAD "[bus a]\ntype = tcp\naddress = h\ndevice = /dev/a\n", "device = /dev/a: belongs to type = rtu"},
        {HEAD RTU "[bus b]\ntype = rtu\ndevice = /dev/ttyX\n",
         "[bus b] device = /dev/ttyX: is the line of [bus kitchen]"},
        {HEAD RTU NOISE("kitchem", "1"), "[device n-1] bus = kitchem: there is no [bus kitchem]"},
        {HEAD RTU NOISE("kitchen", "0"), "unit = 0: on a serial line units are 1 to 247"},
        {HEAD RTU NOISE("kitchen", "248"), "unit = 248: on a serial line units are 1 to 247"},
        {HEAD TCP NOISE("cabinet", "248"), "unit = 248: on TCP units are 0 to 247, and 255"},
        {HEAD TCP NOISE("cabinet", "256"), "unit = 256: expected a whole number"},
        {HEAD RTU NOISE("kitchen", "1") "interval = 9ms\n", "interval = 9ms: expected a time"},
        {HEAD RTU NOISE("kitchen", "1") "calibrated = 2026-02-29\n", "calibrated = 2026-02-29: expected a date"},
        {HEAD RTU NOISE("kitchen", "1") "calibrated = 2026-02-28T10:00\n", "expected a date"},
        {HEAD RTU NOISE("kitchen", "1") "rename = laeq\n", "laeq is not OLD:NEW"},
        {HEAD RTU NOISE("kitchen", "1") "rename = laeq:La\n", "laeq:La is not OLD:NEW"},
        {HEAD RTU NOISE("kitchen", "1") "rename = lae:la\n", "profile noise has no metric lae"},
        {HEAD RTU NOISE("kitchen", "1") "rename = laeq:la laeq:lb\n", "laeq is renamed twice"},
        {HEAD RTU NOISE("kitchen", "1") "intervals = laeq:1min laeq:2min\n", "laeq has two intervals"},
        {HEAD RTU NOISE("kitchen", "1") "intervals = laeq\n", "intervals = laeq: laeq is not METRIC:TIME"},
        {HEAD RTU NOISE("kitchen", "1") "intervals = laeq:500ms\n", "laeq:500ms is not METRIC:TIME"},
        {HEAD RTU NOISE("kitchen", "1") "intervals = la:10s\n", "there is no metric la"},
        {HEAD RTU "[device a]\nbus = kitchen\nunit = 1\nprofile = meter\nsite = s\nrename = power:energy\n",
         "two metrics would be called energy"},
        {HEAD RTU "[device a]\nbus = kitchen\nunit = 1\nprofile = nois\nsite = s\n",
         "profile = nois: there is neither /usr/share/quietair/profiles/nois.ini nor /tmp/quietair-settings-"},
        {HEAD RTU "[device a]\nbus = kitchen\nunit = 1\nprofile = ../noise\nsite = s\n",
         "profile = ../noise: expected a name"},
        {HEAD RTU "overload = refuse\n" NOISE("kitchen", "1") "interval = 10ms\n",
         "overload = refuse: this plan needs 229 % of bus kitchen at 9600 baud: n-1 229 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gateway_settings s;
        struct faults faults = {0};
        assert_int_equal(load(&s, cases[i].text, &faults), ERR_RANGE);
        assert_true(said(&faults, cases[i].said));
        if (faults.count != 1)
            said(&faults, "one fault alone");
        assert_int_equal(faults.count, 1);
        faults_free(&faults);
        gateway_settings_free(&s);
    }
}

static void all_faults_come_at_once(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    load(&s,
         "[gateway]\nid = GW\ncolector = main\n[mqtt]\nurl = http://b\n[journal]\nsync = never\n" RTU
         "baud = 9600 ; fast\n"
         "[device n]\nbus = x\nunit = 1\nprofile = broken\nsite = a\n"
         "[device n]\nbus = kitchen\n[device m]\nbus = x\nunit = 2\nprofile = broken\nsite = a\ncalibrated = today\n",
         &faults);
    static const char *const all[] = {"id = GW: expected a name",
                                      "district: is missing",
                                      "colector = main: unknown key; did you mean collector?",
                                      "url = http://b",
                                      "sync = never: expected flush or a time",
                                      "baud = 9600 ; fast: # and ; need quotes",
                                      "[device n] was there before",
                                      "[device n] bus = x: there is no [bus x]",
                                      "[device m] bus = x: there is no [bus x]",
                                      "calibrated = today: expected a date",
                                      "profiles/broken.ini:2: [profile] bawd = 1: unknown key; did you mean baud?",
                                      "profiles/broken.ini:1: [profile] measurement: is missing",
                                      "profiles/broken.ini: has no metric"};
    assert_said(&faults, all, sizeof all / sizeof all[0]);
    faults_free(&faults);
    gateway_settings_free(&s);
    assert_int_equal(gateway_settings_load(&s, folder, &faults), ERR_RANGE);
    assert_true(said(&faults, "is a folder"));
    faults_free(&faults);
    gateway_settings_free(&s);
}

/* What one key says is checked though another is at fault; and nothing is held against a key because of another's. */
static void one_fault_hides_no_other(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    load(
        &s,
        "[gateway]\nid = a\ndistrict = b\n[mqtt]\nurl = mqtt://b:0\nroot = a/+/b\nroof = 1\ncert_file = /etc/hostname\n"
        "[bus a]\ntype = rtu\nbawd = 1\ndevice = ttyUSB0\naddress = h\n"
        "[bus b]\ntype = udp\naddress = h:1\n"
        "[bus c]\ntype = tcp\naddress = h ; main\n"
        "[bus d]\ntype = tcp\nbaud = fast\n"
        "[device n]\nbus = x\nunit = 300\nprofile = noise\nsite = Club\nrename = la:lb\ncalibrated = today\n"
        "[device m]\nbus = b\nunit = 0\nprofile = noise\nsite = a\ninterval = 1\nintervals = laeq:500ms\n"
        "[device o]\nbus = a\nunit = 0\nprofile = faulty\nsites = a\n",
        &faults);
    static const char *const all[] = {"url = mqtt://b:0: allowed are",
                                      "root = a/+/b: expected a topic",
                                      "roof = 1: unknown key",
                                      "cert_file = /etc/hostname: url is mqtt://",
                                      "cert_file and key_file go together",
                                      "bawd = 1: unknown key",
                                      "device = ttyUSB0: expected the path",
                                      "[bus a] address = h: belongs to",
                                      "type = udp: expected one of",
                                      "address = h ; main: # and ; need quotes",
                                      "baud = fast: expected",
                                      "[bus d] address: expected HOST:PORT",
                                      "[device n] bus = x: there is no [bus x]",
                                      "unit = 300: expected a whole number",
                                      "site = Club: expected a name",
                                      "profile noise has no metric la",
                                      "calibrated = today: expected a date",
                                      "[device m] interval = 1: expected a time",
                                      "[device o] unit = 0: on a serial line",
                                      "sites = a: unknown key",
                                      "[device o] site: is missing",
                                      "order = abc: expected one of",
                                      "forbidden = x: x is not",
                                      "[a] decimals = 10: expected",
                                      "holding:65536: expected holding:N",
                                      "[b] bit = 16: expected",
                                      "1.5 is no raw value",
                                      "[c] type = u17: expected one of",
                                      "[d] byte = middle: expected one of",
                                      "scale = x: expected a decimal number"};
    assert_said(&faults, all, sizeof all / sizeof all[0]);
    faults_free(&faults);
    gateway_settings_free(&s);
}

static void a_password_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said; /* NULL: no file */
    } cases[] = {{"secret", NULL},
                 {" se cret#1\r\nand a comment\n", NULL},
                 {"", "its first line is empty"},
                 {"\nsecret\n", "its first line is empty"},
                 {NULL, "password: cannot open: No such file"}};
    char text[400];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gateway_settings s;
        struct faults faults = {0};
        if (cases[i].text)
            put_file("password", cases[i].text);
        else
            unlink(path_of("password"));
        snprintf(text, sizeof text, HEAD "username = u\npassword_file = %s\n", path_of("password"));
        assert_int_equal(load(&s, text, &faults), cases[i].said ? ERR_RANGE : 0);
        assert_int_equal(faults.count, cases[i].said != NULL);
        assert_true(!cases[i].said || said(&faults, cases[i].said));
        faults_free(&faults);
        gateway_settings_free(&s);
    }
    struct gateway_settings s;
    struct faults faults = {0};
    snprintf(text, sizeof text, HEAD "username = u\npassword_file = %s\n", folder);
    assert_int_equal(load(&s, text, &faults), ERR_RANGE);
    assert_true(said(&faults, "is a folder, not a regular file"));
    faults_free(&faults);
    gateway_settings_free(&s);
    assert_int_equal(load(&s, HEAD "password_file = /etc/hostname\n", &faults), ERR_RANGE);
    assert_true(said(&faults, "a password needs username beside it"));
    faults_free(&faults);
    gateway_settings_free(&s);
}

static void a_broker_has_a_name_or_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host; /* NULL: refused */
        int port;
    } cases[] = {{"mqtt://b", "b", 1883},       {"mqtt://192.0.2.1:1", "192.0.2.1", 1},
                 {"mqtt://[::1]", "::1", 1883}, {"mqtt://[2001:db8::1]:65535", "2001:db8::1", 65535},
                 {"mqtt://[::1", NULL, 0},      {"mqtt://[::1]x", NULL, 0},
                 {"mqtt://[::1]:", NULL, 0},    {"mqtt://[]", NULL, 0},
                 {"mqtt://::1", NULL, 0},       {"mqtt://[::1]:0", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        struct gateway_settings s;
        struct faults faults = {0};
        snprintf(text, sizeof text, "[gateway]\nid = a\ndistrict = b\n[mqtt]\nurl = %s\n", cases[i].url);
        assert_int_equal(load(&s, text, &faults), cases[i].host ? 0 : ERR_RANGE);
        if (cases[i].host) {
            assert_string_equal(s.mqtt.host, cases[i].host);
            assert_int_equal(s.mqtt.port, cases[i].port);
        }
        faults_free(&faults);
        gateway_settings_free(&s);
    }
}

static void the_plan_is_printed(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    struct buf b = buf_growing();
    assert_int_equal(load(&s,
                          HEAD RTU TCP
                          "[bus spare]\ntype = rtu\ndevice = /dev/spare\nbaud = 1200\n" NOISE("kitchen", "7")
                              NOISE("cabinet", "200") "interval = 500ms\n"
                                                      "[device fan-meter]\nbus = kitchen\nunit = 21\nprofile = meter\n"
                                                      "site = river-house\ninterval = 1min\n",
                          &faults),
                     0);
    plan_print(&s, &b);
    /* (8+7+7) characters of 10 bits at 9600 baud in a second, twice (8+9+7) and 20 ms in a minute: 2.3 % + 0.15 % */
    assert_string_equal(b.data,
                        "gateway gw-01: 3 buses, 3 devices\n"
                        "bus kitchen: rtu /dev/ttyX 9600 baud 8N1, 2 % of its time\n"
                        "  note: fan-meter ships at 2400 baud 8E1; set it for this line\n"
                        "  n-7        club         noise  unit   7  every     1s   1 request   holding:0+1\n"
                        "  fan-meter  river-house  meter  unit  21  every   1min   2 requests  input:12+2 input:72+2\n"
                        "bus cabinet: tcp 192.0.2.10:502\n"
                        "  n-200      club         noise  unit 200  every  500ms   1 request   holding:0+1\n"
                        "bus spare: rtu /dev/spare 1200 baud 8N1, 0 % of its time\n"
                        "  note: no device is on it\n");
    assert_true(fabs(load_of_bus(&s, 0) - (0.0229167 + (2 * 25.0 + 40) / 60000)) < 1e-4);
    buf_free(&b);
    gateway_settings_free(&s);

    assert_int_equal(load(&s, HEAD RTU NOISE("kitchen", "1") "interval = 10ms\n", &faults), 0);
    b = buf_growing();
    plan_print(&s, &b);
    assert_non_null(
        strstr(b.data, "229 % of its time\n  warning: this plan needs 229 % of bus kitchen at 9600 baud: n-1 229 %; "));
    buf_free(&b);
    gateway_settings_free(&s);
}

/* The costliest three are named; slow metrics have a line of their own, and cost less. */
static void what_a_plan_costs_is_said(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    struct buf b = buf_growing();
    assert_int_equal(
        load(&s,
             HEAD "[bus far]\ntype = rtu-tcp\naddress = h:4001\n" NOISE("far", "1") "interval = 100ms\n" NOISE(
                 "far", "2") "interval = 50ms\n" NOISE("far", "3")
                 NOISE("far", "4") "interval = 50ms\n"
                                   "[device fan]\nbus = far\nunit = 9\nprofile = meter\nsite = s\ninterval = 10s\n"
                                   "intervals = energy:1h\n",
             &faults),
        0);
    plan_print(&s, &b);
    /* 22.9 ms for each: 22.9 %, twice 45.8 %, 2.3 %; and 25 ms and 20 ms of turnaround in 10 s, and in an hour */
    assert_non_null(strstr(b.data, "bus far: rtu-tcp h:4001 9600 baud 8N1, 117 % of its time\n"
                                   "  warning: this plan needs 117 % of bus far at 9600 baud: n-2 46 %, n-4 46 %, n-1 "
                                   "23 %; intervals will not be kept\n"));
    assert_non_null(strstr(b.data, "  fan  s     meter  unit   9  every    10s   1 request   input:12+2\n"
                                   "                              every  60min   1 request   input:72+2\n"));
    assert_int_equal(s.devices[4].group_count, 2);
    assert_true(fabs(load_of_device(&s, 4) - (0.045 / 10 + 0.045 / 3600)) < 1e-6);
    buf_free(&b);
    gateway_settings_free(&s);

    put_file("profiles/doubtful.ini", "[profile]\nmeasurement = x\nconfirmed = no\n[a]\nregister = coil:0\n");
    assert_int_equal(load(&s, HEAD TCP "[device d]\nbus = cabinet\nunit = 1\nprofile = doubtful\nsite = s\n", &faults),
                     0);
    b = buf_growing();
    plan_print(&s, &b);
    assert_non_null(
        strstr(b.data, "  note: d: profile doubtful is not confirmed; compare with what the meter shows\n"));
    buf_free(&b);
    gateway_settings_free(&s);
}

static void the_sample_is_valid(void **state)
{
    (void)state;
    struct gateway_settings s;
    struct faults faults = {0};
    if (gateway_settings_load(&s, "config/gateway.ini", &faults))
        said(&faults, "nothing");
    assert_int_equal(faults.count, 0);
    assert_int_equal(s.device_count, 3);
    gateway_settings_free(&s);
}

/* ---- profiles ---- */

static struct profile *read_text(const char *text, struct faults *faults)
{
    return profile_read(conf_open_text("p.ini", text, strlen(text), faults), "p", faults);
}

static void profiles_are_read_whole(void **state)
{
    (void)state;
    struct faults faults = {0};
    struct profile *p = read_text("[profile]\nmeasurement = hood\nmodel = M; \n", &faults);
    assert_null(p);
    faults_free(&faults);
    p = read_text("[profile]\nmeasurement = hood\nparity = even\nstop_bits = 2\nmax_registers = 8\n"
                  "integration = rolling\nweighting = AF\ncalibration_interval = 30d\n"
                  "[a]\nregister = holding:0x01FA\ntype = s32\norder = cdab\nscale = -0.5\noffset = 1e1\nunit = °C\n"
                  "decimals = 2\nmin = -1\nmax = 2.5\nnan = 0x80000000 -1 7\nstuck = 600\njump = 12.5\n"
                  "[b]\nregister = coil:3\n[c]\nregister = input:65535\ntype = bit\nbit = 15\n"
                  "[d]\nregister = discrete:0\nmap = 0:1 1:0\n",
                  &faults);
    assert_non_null(p);
    assert_int_equal(p->integration, 2);
    assert_int_equal(p->limits.max_registers, 8);
    assert_int_equal(p->calibration_ms, INT64_C(30) * 86400000);
    assert_int_equal(p->metric_count, 4);
    const struct profile_metric *m = p->metrics;
    assert_string_equal(m->name, "a");
    assert_int_equal(m->address, 506);
    assert_int_equal(m->count, 2);
    assert_int_equal(m->order, ORDER_CDAB);
    assert_true(m->scale.mantissa == -5 && m->scale.exponent == -1);
    assert_true(m->offset.mantissa == 1 && m->offset.exponent == 1);
    assert_int_equal(m->decimals, 2);
    assert_true(m->min == -1 && m->max == 2.5);
    assert_true(m->stuck == 600 && m->jump == 12.5);
    assert_int_equal(m->nan_count, 3);
    assert_true(m->nan[0] == 0x80000000 && m->nan[1] == 0xffffffff && m->nan[2] == 7);
    assert_int_equal(m[1].table, TABLE_COIL);
    assert_int_equal(m[1].type, TYPE_BIT);
    assert_true(isinf(m[1].min) && isinf(m[1].max) && isinf(m[1].jump) && m[1].stuck == 0);
    assert_int_equal(m[1].decimals, -1);
    assert_int_equal(m[2].bit, 15);
    assert_string_equal(profile_metric_type(&m[3]), "bit");
    profile_free(p);
}

/* As in `nan` a raw value is the bits, whichever way it is written: 0xFFFF of a signed register is -1. */
static void a_map_knows_the_sign(void **state)
{
    (void)state;
    struct faults faults = {0};
    struct profile *p = read_text("[profile]\nmeasurement = x\n"
                                  "[a]\nregister = holding:0\ntype = s16\nmap = 0xFFFF:1 0:0 -2:2\n"
                                  "[b]\nregister = holding:1\ntype = u16\nmap = -1:1 0:0\n"
                                  "[c]\nregister = holding:2\ntype = s64\nmap = 0xFFFFFFFFFFFFFFFF:1 0:0\n"
                                  "[d]\nregister = holding:6\ntype = bcd16\nmap = 1234:1 9999:2\n",
                                  &faults);
    static const uint16_t words[4][4] = {{0xffff}, {0xffff}, {0xffff, 0xffff, 0xffff, 0xffff}, {0x1234}};
    assert_non_null(p);
    for (size_t i = 0; i < 4; i++) {
        struct value v;
        unsigned quality = 0;
        assert_true(decode_metric(&p->metrics[i], words[i], &v, &quality, NULL));
        assert_true(v.number == 1);
    }
    profile_free(p);
}

static void profiles_say_what_holds_for_all_metrics(void **state)
{
    (void)state;
    struct faults faults = {0};
    struct profile *p = read_text("[profile]\nmeasurement = x\norder = dcba\nmax_gap = 0\nconfirmed = no\n"
                                  "forbidden = 7 0x10-0x1F input:3-4\n"
                                  "[a]\nregister = holding:0\ntype = u32\n[b]\nregister = holding:2\ntype = u32\n"
                                  "order = abcd\n[c]\nregister = holding:4\ntype = u16\n"
                                  "[d]\nregister = holding:4\ntype = bits\nbits = 2-3\n"
                                  "[e]\nregister = holding:4\ntype = bit\nbit = 4\n"
                                  "[f]\nregister = input:6\ntype = u8\nbyte = high\n"
                                  "[g]\nregister = input:6\ntype = s8\nbyte = low\n"
                                  "[serial]\nregister = holding:100\ntype = string\nlength = 8\n",
                                  &faults);
    assert_non_null(p);
    assert_false(p->confirmed);
    assert_int_equal(p->metric_count, 7);
    assert_int_equal(p->metrics[0].order, ORDER_DCBA);
    assert_int_equal(p->metrics[1].order, ORDER_ABCD);
    assert_int_equal(p->metrics[2].order, ORDER_DCBA);
    assert_int_equal(p->metrics[3].bit, 2);
    assert_int_equal(p->metrics[3].width, 2);
    assert_int_equal(p->metrics[5].bit, 8);
    assert_int_equal(p->metrics[6].width, 8);
    assert_int_equal(p->text_count, 1);
    assert_string_equal(p->texts[0].name, "serial");
    assert_int_equal(p->texts[0].count, 8);
    assert_int_equal(p->limits.max_gap, 0);
    assert_true(profile_is_forbidden(&p->limits, TABLE_COIL, 6, 7));
    assert_true(profile_is_forbidden(&p->limits, TABLE_INPUT, 2, 3));
    assert_true(profile_is_forbidden(&p->limits, TABLE_HOLDING, 31, 40));
    assert_false(profile_is_forbidden(&p->limits, TABLE_HOLDING, 3, 4));
    assert_false(profile_is_forbidden(&p->limits, TABLE_HOLDING, 8, 15));
    profile_free(p);
}

static void faults_of_profiles_are_named(void **state)
{
    (void)state;
#define P   "[profile]\nmeasurement = x\n"
#define U16 "[m]\nregister = holding:0\ntype = u16\n"
    static const struct {
        const char *text, *said;
    } cases[] = {
        {U16, "p.ini: has no [profile] section"},
        {P, "p.ini: has no metric"},
        {P "[profile b]\nregister = holding:0\ntype = u16\n", "[profile b]: a metric's section is its id alone"},
        {P "[a.b]\nregister = holding:0\ntype = u16\n", "[a.b]: a metric's section is its id alone"},
        {P "[m]\ntype = u16\n", "register: is missing"},
        {P "[m]\nregister = holding:0\n", "type: is missing: one of u16"},
        {P "[m]\nregister = holding:65536\ntype = u16\n", "register = holding:65536: expected holding:N"},
        {P "[m]\nregister = holding:010\ntype = u16\n", "register = holding:010: expected holding:N"},
        {P "[m]\nregister = 40001\ntype = u16\n", "register = 40001: expected holding:N"},
        {P "[m]\nregister = holding:65535\ntype = u32\n", "the value would end behind register 65535"},
        {P "[m]\nregister = coil:0\ntype = u16\n", "type = u16: a coil or discrete input is a bit"},
        {P "[m]\nregister = coil:0\nbit = 1\n", "bit = 1: belongs to a register with type = bit only"},
        {P "[m]\nregister = holding:0\ntype = bit\n", "bit: is missing"},
        {P U16 "bit = 1\n", "bit = 1: belongs to a register with type = bit only"},
        {P U16 "order = cdab\n", "order = cdab: one register has no word order"},
        {P U16 "order = abdc\n", "order = abdc: expected one of: abcd, cdab, badc, dcba"},
        {P U16 "ordr = abcd\n", "ordr = abcd: unknown key; did you mean order?"},
        {P U16 "stuck = 1\n", "stuck = 1: one value alone is not stuck"},
        {P U16 "jump = 0\n", "jump = 0: expected more than 0"},
        {P U16 "byte = low\n", "byte = low: belongs to a register with type = u8 or s8 only"},
        {P U16 "bits = 0-3\n", "bits = 0-3: belongs to a register with type = bits only"},
        {P U16 "length = 2\n", "length = 2: belongs to a register with type = string only"},
        {P "[m]\nregister = holding:0\ntype = s8\n", "byte: is missing: which half"},
        {P "[m]\nregister = holding:0\ntype = bits\n", "bits: is missing: which bits"},
        {P "[m]\nregister = holding:0\ntype = bits\nbits = 3\n", "bits = 3: expected FIRST-LAST"},
        {P "[m]\nregister = holding:0\ntype = bits\nbits = 5-3\n", "bits = 5-3: expected FIRST-LAST"},
        {P "[m]\nregister = holding:0\ntype = bits\nbits = 8-16\n", "bits = 8-16: expected FIRST-LAST"},
        {P "[m]\nregister = holding:0\ntype = bits\nbits = 0-3\nnan = 16\n", "16 is no raw value of 4 bits"},
        {P "[m]\nregister = coil:0\norder = badc\n", "order = badc: a coil or discrete input has none"},
        {P U16 "[serial]\nregister = coil:0\ntype = string\nlength = 2\n",
         "type = string: a coil or discrete input is a bit"},
        {P U16 "[serial]\nregister = holding:9\ntype = string\n", "length: is missing: how many registers"},
        {P U16 "[serial]\nregister = holding:9\ntype = string\nlength = 126\n",
         "length = 126: expected a whole number"},
        {P U16 "[serial]\nregister = holding:9\ntype = string\nlength = 4\nscale = 2\n", "beside it stand register"},
        {P U16 "[serial]\nregister = holding:9\ntype = string\nlength = 4\norder = cdab\n", "nor has a string"},
        {P U16 "[owner]\nregister = holding:9\ntype = string\nlength = 4\n",
         "[owner]: a string says what the device is: its section is [serial], [model] or [firmware]"},
        {P "[serial]\nregister = holding:9\ntype = string\nlength = 4\n", "has no metric"},
        {P U16 "[n]\nregister = holding:0\ntype = s16\n", "[n] register = holding:0: overlaps with [m], holding:0"},
        {P "[a]\nregister = input:4\ntype = f64\n[b]\nregister = input:7\ntype = u32\n", "overlaps with [a], input:4"},
        {P "[a]\nregister = input:4\ntype = u8\nbyte = low\n[b]\nregister = input:3\ntype = u32\n",
         "overlaps with [a]"},
        {P "[a]\nregister = input:4\ntype = bit\nbit = 3\n[b]\nregister = input:4\ntype = bits\nbits = 0-3\n",
         "overlaps with [a]"},
        {P "[a]\nregister = coil:4\n[b]\nregister = coil:4\n", "overlaps with [a], coil:4"},
        {P "forbidden = 5-4\n" U16, "forbidden = 5-4: 5-4 is not FIRST-LAST or TABLE:FIRST-LAST"},
        {P "forbidden = 4-\n" U16, "4- is not FIRST-LAST"},
        {P "forbidden = 65536\n" U16, "65536 is not FIRST-LAST"},
        {P "forbidden = holdings:4\n" U16, "holdings:4 is not FIRST-LAST"},
        {P "forbidden = 7 holding:0-3\n" U16, "[m] register = holding:0: is forbidden by [profile] forbidden"},
        {P "order = abc\n" U16, "[profile] order = abc: expected one of: abcd, cdab, badc, dcba"},
        {P "max_gap = 126\n" U16, "max_gap = 126: expected a whole number"},
        {P "confirmed = maybe\n" U16, "confirmed = maybe: expected yes or no"},
        {P U16 "scale = 0\n", "scale = 0: expected a decimal number other than 0"},
        {P U16 "scale = 0,1\n", "scale = 0,1: expected a decimal number"},
        {P U16 "offset = x\n", "offset = x: expected a decimal number"},
        {P U16 "min = 5\nmax = 5\n", "min = 5: is not below max"},
        {P U16 "nan = 65536\n", "65536 is no raw value of 16 bits"},
        {P U16 "nan = 1.5\n", "1.5 is no raw value"},
        {P U16 "[serial]\nregister = holding:9\ntype = string\nlength = 1\ninterval = 1min\n",
         "beside it stand register, length and order only"},
        {P U16 "map = 1\n", "1 is not RAW:VALUE"},
        {P U16 "map = 1:1 0x1:2\n", "0x1:2: the raw value 1 has a value already"},
        {P U16 "map = 1:x\n", "1:x is not RAW:VALUE"},
        {P U16 "map = 0:0 65536:1\n", "65536 is no raw value of u16"},
        {P "[m]\nregister = holding:0\ntype = s16\nmap = -1:0 0xFFFF:1\n", "0xFFFF:1: the raw value -1 has a value"},
        {P "[m]\nregister = holding:0\ntype = bcd16\nmap = 10000:1\n", "10000 is no raw value of bcd16"},
        {P "[m]\nregister = coil:0\nmap = 2:1\n", "2 is no raw value of bit"},
        {P U16 "map = 1:1\nscale = 2\n", "gives the value itself"},
        {P "[m]\nregister = holding:0\ntype = f32\nmap = 1:1\n", "a float has no map"},
        {"[profile]\nmeasurement = x\nmax_registers = 1\n[m]\nregister = holding:0\ntype = u32\n",
         "type = u32: needs 2 registers, max_registers is 1"},
        {"[profile]\nmeasurement = x\nmax_registers = 3\n" U16
         "[model]\nregister = input:0\ntype = string\nlength = 4\n",
         "length = 4: needs 4 registers, max_registers is 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults = {0};
        assert_null(read_text(cases[i].text, &faults));
        assert_true(said(&faults, cases[i].said));
        if (faults.count != 1)
            said(&faults, "one fault alone");
        assert_int_equal(faults.count, 1);
        faults_free(&faults);
    }
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || mkdir(path_of("profiles"), 0700))
        return -1;
    put_file("profiles/noise.ini", noise);
    put_file("profiles/meter.ini", meter);
    put_file("profiles/broken.ini", "[profile]\nbawd = 1\n");
    put_file("profiles/faulty.ini", "[profile]\nmeasurement = x\norder = abc\nforbidden = x\n"
                                    "[a]\nregister = holding:65536\ntype = u16\ndecimals = 10\n"
                                    "[a0]\nregister = holding:0\ntype = bit\nbit = 0\n"
                                    "[b]\nregister = holding:0\ntype = bit\nbit = 16\n"
                                    "[c]\nregister = holding:1\ntype = u17\nscale = x\n"
                                    "[d]\nregister = holding:2\ntype = u8\nbyte = middle\n"
                                    "[e]\nregister = holding:2\ntype = u8\nbyte = low\nnan = 1.5\n");
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    static const char *const files[] = {
        "profiles/doubtful.ini", "profiles/noise.ini", "profiles/meter.ini", "profiles/broken.ini",
        "profiles/faulty.ini",   "password",           "gateway.ini"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(path_of(files[i]));
    rmdir(path_of("profiles"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_file_has_the_documented_defaults),
        cmocka_unit_test(everything_that_can_be_said_is_read),
        cmocka_unit_test(devices_of_one_profile_keep_apart),
        cmocka_unit_test(each_fault_is_named),
        cmocka_unit_test(all_faults_come_at_once),
        cmocka_unit_test(one_fault_hides_no_other),
        cmocka_unit_test(a_password_is_looked_at),
        cmocka_unit_test(a_broker_has_a_name_or_an_address),
        cmocka_unit_test(the_plan_is_printed),
        cmocka_unit_test(what_a_plan_costs_is_said),
        cmocka_unit_test(the_sample_is_valid),
        cmocka_unit_test(profiles_are_read_whole),
        cmocka_unit_test(a_map_knows_the_sign),
        cmocka_unit_test(profiles_say_what_holds_for_all_metrics),
        cmocka_unit_test(faults_of_profiles_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
