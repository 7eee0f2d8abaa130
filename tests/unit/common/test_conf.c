#include "common/conf.h"

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

struct port {
    const char *device;
    const char *id;
    struct conf_list sites, words;
    int64_t baud, first, timeout, sync, room;
    double scale;
    bool gzip;
    int parity;
};

static const char *const parities[] = {"none", "even", "odd", NULL};
static const char *const sync_words[] = {"flush", NULL};
static const struct conf_option options[] = {
    {"device", CONF_TEXT, offsetof(struct port, device), .mandatory = true, .help = "path of the line"},
    {"id", CONF_ID, offsetof(struct port, id), .fallback = NULL},
    {"sites", CONF_IDS, offsetof(struct port, sites), .fallback = NULL},
    {"words", CONF_WORDS, offsetof(struct port, words), .fallback = NULL},
    {"baud", CONF_INT, offsetof(struct port, baud), .fallback = "9600", .min = 300, .max = 921600},
    {"first", CONF_INT, offsetof(struct port, first), .fallback = "0", .hex = true, .min = 0, .max = 65535},
    {"timeout", CONF_DURATION, offsetof(struct port, timeout), .fallback = "500ms", .min = 10, .max = 60000},
    {"sync", CONF_DURATION, offsetof(struct port, sync), "5s", 100, 60000, sync_words, false, false, NULL},
    {"room", CONF_SIZE, offsetof(struct port, room), .fallback = "1G"},
    {"scale", CONF_NUMBER, offsetof(struct port, scale), .fallback = "1"},
    {"gzip", CONF_BOOL, offsetof(struct port, gzip), .fallback = "no"},
    {"parity", CONF_ENUM, offsetof(struct port, parity), .fallback = "none", .choices = parities},
    {0},
};

static struct conf *open_text(const char *text, struct faults *faults)
{
    return conf_open_text("t.ini", text, strlen(text), faults);
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

static void good_file_fills_its_struct(void **state)
{
    (void)state;
    struct faults faults = {0};
    struct conf *conf = open_text("; a comment that ends in \\\r\n# another\r\n\r\n"
                                  "[bus kitchen]\r\n"
                                  "  device = \"/dev/a;b#c\"  \r\n"
                                  "id=gw-01\n"
                                  "sites = nice-club  old_club\n"
                                  "words = 甲 b=c\n"
                                  "baud = 19200\nfirst = 0x01F4\ntimeout = 1min\nroom = 64K\nscale = -1.5e-1\n"
                                  "gzip = yes\nparity = odd\nsync = flush\n"
                                  "[rest]\ndevice = \"\"",
                                  &faults);
    assert_non_null(conf);
    assert_int_equal(faults.count, 0);
    assert_int_equal(conf_sections(conf), 2);
    assert_string_equal(conf_kind(conf, 0), "bus");
    assert_string_equal(conf_label(conf, 0), "kitchen");
    assert_int_equal(conf_line(conf, 0), 4);
    assert_int_equal(conf_find(conf, "rest", ""), 1);
    assert_int_equal(conf_find(conf, "bus", ""), -1);

    struct port p = {0};
    assert_true(conf_fill(conf, 0, options, &p, &faults));
    assert_string_equal(p.device, "/dev/a;b#c");
    assert_string_equal(p.id, "gw-01");
    assert_int_equal(p.sites.count, 2);
    assert_string_equal(p.sites.items[1], "old_club");
    assert_int_equal(p.words.count, 2);
    assert_string_equal(p.words.items[0], "甲");
    assert_int_equal(p.baud, 19200);
    assert_int_equal(p.first, 500);
    assert_int_equal(p.timeout, 60000);
    assert_int_equal(p.sync, 0);
    assert_int_equal(p.room, 65536);
    assert_true(p.scale == -0.15);
    assert_true(p.gzip);
    assert_int_equal(p.parity, 2);

    const char *value;
    assert_int_equal(conf_keys(conf, 1), 1);
    assert_string_equal(conf_key(conf, 1, 0, &value), "device");
    assert_string_equal(value, "");
    conf_close(conf);
}

static void defaults_come_from_the_table(void **state)
{
    (void)state;
    struct faults faults = {0};
    struct conf *conf = open_text("[bus a]\ndevice = x\n", &faults);
    struct port p = {.id = "as the caller set it"};
    assert_true(conf_fill(conf, 0, options, &p, &faults));
    assert_int_equal(p.baud, 9600);
    assert_int_equal(p.timeout, 500);
    assert_int_equal(p.sync, 5000);
    assert_int_equal(p.room, 1 << 30);
    assert_true(p.scale == 1);
    assert_false(p.gzip);
    assert_string_equal(p.id, "as the caller set it");
    assert_false(conf_fill(conf, -1, options, &p, &faults));
    assert_int_equal(faults.count, 1);
    assert_true(said(&faults, "t.ini: device: is missing: path of the line"));
    faults_free(&faults);
    conf_close(conf);
}

/* Each bad line gets its own words, and is alone in getting them. */
static void bad_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"key = 1\n", "t.ini:1: key: a key before the first [section]"},
        {"[a]\n[b]\n[a]\nx = 1\n", "t.ini:3: [a] was there before, on line 1"},
        {"[a b]\nx = 1\ny = 2\nx = 3\n", "t.ini:4: [a b] x was given before, on line 2"},
        {"[a]\nx = 1 ; one\n", "t.ini:2: [a] x = 1 ; one: # and ; need quotes"},
        {"[a]\nx = 1#2\n", "t.ini:2: [a] x = 1#2: # and ; need quotes"},
        {"[a]\nx = \"1\" ; one\n", "t.ini:2: [a] x = \"1\" ; one: a quoted value is one"},
        {"[a]\nx = \"1\n", "t.ini:2: [a] x = \"1: a quoted value is one"},
        {"[a]\nx = \"\n", "t.ini:2: [a] x = \": a quoted value is one"},
        {"[a]\nx = '1'\n", "t.ini:2: [a] x = '1': quotes are"},
        {"[a]\nx = b\"c\n", "t.ini:2: [a] x = b\"c: quotes are"},
        {"[a]\nx = 1\\\n", "t.ini:2: [a] x = 1\\: lines are not continued"},
        {"[SITE]\n", "t.ini:1: [SITE]: a section is written [kind] or [kind name]"},
        {"[a  b]\n", "t.ini:1: [a  b]: a section is written"},
        {"[a] ; b\n", "t.ini:1: [a] ; b: a section is written"},
        {"[a\n", "t.ini:1: [a: a section is written"},
        {"[]\n", "t.ini:1: []: a section is written"},
        {"[\n", "t.ini:1: [: a section is written"},
        {"[a]\nXy = 1\n", "t.ini:2: [a] Xy: a key has up to 64"},
        {"[a]\na:b = 1\n", "t.ini:2: [a] a:b: a key has up to 64"}, /* would be found as key b of [a] in [a:b] */
        {"[a]\n= 1\n", "t.ini:2: [a] : a key has up to 64"},
        {"[a]\nword\n", "t.ini:2: [a] word: neither [section], nor key = value"},
        {"\xef\xbb\xbf[a]\n", "t.ini:1: begins with a byte order mark"},
        {"[a]\nx = \xc7\xe5\xbe\xb2\n", "t.ini:2: [a] x: the value is not UTF-8"}, /* 清静 in GB18030 */
        {"[a]\nx = \xed\xa0\x80\n", "t.ini:2: [a] x: the value is not UTF-8"},     /* a surrogate */
        {"[a]\nx = b\x01\n", "t.ini:2: [a] x: the value is not UTF-8 text, or has control characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults = {0};
        struct conf *conf = open_text(cases[i].text, &faults);
        assert_non_null(conf);
        assert_int_equal(faults.count, 1);
        assert_true(said(&faults, cases[i].said));
        faults_free(&faults);
        conf_close(conf);
    }
}

static void bad_values_name_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *line, *said;
    } cases[] = {
        {"baud = 5x", "t.ini:3: [bus k] baud = 5x: expected a whole number without leading zeros, from 300 to 921600"},
        {"baud = 010", "baud = 010: expected a whole number"},
        {"baud = 0x10", "baud = 0x10: expected a whole number"},
        {"baud = 299", "baud = 299: expected a whole number"},
        {"baud =", "baud = : expected a whole number"},
        {"baud = 99999999999999999999", "expected a whole number"},
        {"first = 0x10000", "expected a whole number, decimal or 0x…, without leading zeros, from 0 to 65535"},
        {"first = 0x", "expected a whole number"},
        {"first = -1", "expected a whole number"},
        {"scale = 0x1p3", "expected a decimal number"},
        {"scale = nan", "expected a decimal number"},
        {"scale = 1e999", "expected a decimal number"},
        {"scale = 1.5.", "expected a decimal number"},
        {"scale = .", "expected a decimal number"},
        {"timeout = 10", "expected a time such as 500ms, 1s, 10min, 12h, 60d, from 10ms to 1min"},
        {"timeout = 1.5s", "expected a time"},
        {"timeout = 1 s", "expected a time"},
        {"timeout = 61s", "expected a time"},
        {"timeout = 9223372036854775807d", "expected a time"},
        {"sync = flash", "expected flush or a time such as 500ms, 1s, 10min, 12h, 60d, from 100ms to 1min"},
        {"room = 1k", "expected a size such as 4096, 64K, 10M, 1G"},
        {"gzip = Yes", "expected yes or no"},
        {"parity = mark", "expected one of: none, even, odd"},
        {"id = gw 01", "expected a name: up to 32"},
        {"sites = a Bc", "expected names with spaces between: up to 32"},
        {"baut = 1", "t.ini:3: [bus k] baut = 1: unknown key; did you mean baud?"},
        {"zzzzzz = 1",
         "unknown key; allowed: device, id, sites, words, baud, first, timeout, sync, room, scale, gzip, parity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        struct faults faults = {0};
        struct port p;
        snprintf(text, sizeof text, "[bus k]\ndevice = d\n%s\n", cases[i].line);
        struct conf *conf = open_text(text, &faults);
        assert_int_equal(faults.count, 0);
        assert_false(conf_fill(conf, 0, options, &p, &faults));
        assert_int_equal(faults.count, 1);
        assert_true(said(&faults, cases[i].said));
        faults_free(&faults);
        conf_close(conf);
    }
}

/* One run finds them all, and a line already blamed is not blamed again as missing. */
static void all_faults_in_one_run(void **state)
{
    (void)state;
    static const char *const kinds[] = {"bus", "device", NULL};
    struct faults faults = {0};
    struct port p;
    struct conf *conf =
        open_text("[bus a]\ndevice = x;y\nbaud = many\n[Bus b]\nlost = 1;2\n[buss c]\n[bus d]\n", &faults);
    assert_int_equal(faults.count, 3);
    assert_true(said(&faults, "t.ini:5: lost = 1;2"));
    conf_fill(conf, 0, options, &p, &faults);
    assert_int_equal(faults.count, 4);
    conf_fill(conf, 2, options, &p, &faults);
    assert_true(said(&faults, "t.ini:7: [bus d] device: is missing: path of the line (some text)"));
    conf_only(conf, kinds, &faults);
    assert_int_equal(faults.count, 6);
    assert_true(said(&faults, "t.ini:6: [buss c]: unknown section; did you mean bus?"));
    conf_fault(conf, 0, "baud", &faults, "%d is odd", 7);
    assert_true(said(&faults, "t.ini:3: [bus a] baud = many: 7 is odd"));
    faults_free(&faults);
    conf_close(conf);
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    for (size_t length = 1021; length <= 1024; length++) {
        char text[1200] = "[a]\nx = ";
        struct faults faults = {0};
        size_t at = strlen(text);
        memset(text + at, 'v', length - 4);
        strcpy(text + at + length - 4, "\ny = 2\n");
        struct conf *conf = open_text(text, &faults);
        const char *value;
        assert_int_equal(faults.count, length > 1022);
        assert_string_equal(conf_key(conf, 0, conf_keys(conf, 0) - 1, &value), "y");
        assert_string_equal(value, "2");
        if (length <= 1022) {
            conf_key(conf, 0, 0, &value);
            assert_int_equal(strlen(value), length - 4);
        } else {
            assert_true(said(&faults, "bytes, 1022 are allowed"));
        }
        faults_free(&faults);
        conf_close(conf);
    }
}

static void only_files_are_opened(void **state)
{
    (void)state;
    char dir[] = "/tmp/quietair-conf-XXXXXX", path[64], words[120];
    assert_non_null(mkdtemp(dir));
    struct faults faults = {0};
    assert_null(conf_open(dir, &faults));
    assert_true(said(&faults, "is a folder, not a file"));
    snprintf(path, sizeof path, "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(conf_open(path, &faults));
    assert_true(said(&faults, "is something else, not a file"));
    unlink(path);
    assert_null(conf_open(path, &faults));
    assert_true(said(&faults, "cannot be opened: No such file"));
    assert_null(conf_open_text("t.ini", "[a]\0b\n", 6, &faults));
    assert_true(said(&faults, "t.ini: has a NUL byte"));
    assert_int_equal(faults.count, 4);

    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("[a]\nx = 1 #\n", f);
    fclose(f);
    struct conf *conf = conf_open(path, &faults);
    snprintf(words, sizeof words, "%s:2: [a] x = 1 #", path);
    assert_true(said(&faults, words));
    size_t length;
    assert_string_equal(conf_source(conf, &length), "[a]\nx = 1 #\n");
    assert_int_equal(length, 12);
    conf_close(conf);
    faults_free(&faults);

    assert_int_equal(truncate(path, 0), 0);
    conf = conf_open(path, &faults);
    assert_non_null(conf);
    assert_int_equal(conf_sections(conf), 0);
    assert_int_equal(faults.count, 0);
    conf_close(conf);
    unlink(path);
    rmdir(dir);
}

/* Whatever is thrown at it: either faults, or a value for every key, and never a crash. */
static void noise_is_refused_or_read(void **state)
{
    (void)state;
    static const char *const parts[] = {"[",  "]",  "a",    "B",  "bus", " ",    "=",     "=",
                                        "\n", "\n", "\"",   "'",  ";",   "#",    "\\",    ":",
                                        "0",  "\t", "\r\n", "清", "x",   "\x80", "[a]\n", "k = 1\n"};
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    print_message("SEED=%u\n", seed);
    srandom(seed);
    for (int round = 0; round < 3000; round++) {
        char text[400] = "";
        for (int i = 0; i < 40; i++)
            strcat(text, parts[(size_t)random() % (sizeof parts / sizeof parts[0])]);
        struct faults faults = {0};
        struct conf *conf = open_text(text, &faults);
        assert_non_null(conf);
        for (size_t s = 0; !faults.count && s < conf_sections(conf); s++)
            for (size_t k = 0; k < conf_keys(conf, s); k++) {
                const char *value = NULL;
                conf_key(conf, s, k, &value);
                assert_non_null(value);
            }
        faults_free(&faults);
        conf_close(conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_fills_its_struct), cmocka_unit_test(defaults_come_from_the_table),
        cmocka_unit_test(bad_lines_are_named),        cmocka_unit_test(bad_values_name_what_is_allowed),
        cmocka_unit_test(all_faults_in_one_run),      cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(only_files_are_opened),      cmocka_unit_test(noise_is_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
