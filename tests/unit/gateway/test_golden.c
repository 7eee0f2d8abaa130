/* Every profile that ships against frames from the wire (tests/golden/PROFILE/NN.txt):
 *
 *   # comment
 *   request  01 03 …    what the plan must send, byte by byte; all that it sends is there
 *   partial  01 03 …    a real request for a part of what the plan asks for
 *   response 01 03 …    the answer to the request before it
 *   metric = 67.3       each metric (and string) that the answer holds whole, as it is published; or its error
 *   quality = range     if a value is suspect
 */
#include "common/buf.h"
#include "firmware-gateway/decode.h"
#include "firmware-gateway/plan.h"
#include "firmware-gateway/profile.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct frame_bytes {
    uint8_t b[300];
    size_t length;
};

struct capture {
    const char *place; /* file:line */
    const struct profile *profile;
    const struct plan *plan;
    bool *sent; /* per block of the plan */
    struct frame_bytes request;
    char got[4096], wanted[4096];
    struct buf got_text, wanted_text;
    size_t answers;
};

#define CHECK(c, condition, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s: ", (c)->place);                                                                           \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

/* CRC-16/MODBUS: MODBUS over Serial Line V1.02, appendix B. */
static uint16_t crc16(const uint8_t *b, size_t length)
{
    unsigned crc = 0xffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= b[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    }
    return (uint16_t)crc;
}

static void read_frame(struct capture *c, const char *text, struct frame_bytes *f)
{
    char *end;
    f->length = 0;
    for (unsigned long x = strtoul(text, &end, 16); end != text; x = strtoul(text, &end, 16)) {
        CHECK(c, x < 256 && f->length < sizeof f->b, "no byte: %s", text);
        f->b[f->length++] = (uint8_t)x;
        text = end;
    }
    CHECK(c, f->length > 4, "too short a frame");
    CHECK(c, crc16(f->b, f->length - 2) == (f->b[f->length - 2] | f->b[f->length - 1] << 8), "the CRC is wrong");
}

static const uint8_t functions[] = {[TABLE_HOLDING] = 3, [TABLE_INPUT] = 4, [TABLE_COIL] = 1, [TABLE_DISCRETE] = 2};

static void take_request(struct capture *c, const char *text, bool whole)
{
    read_frame(c, text, &c->request);
    const uint8_t *r = c->request.b;
    bool planned = false;
    CHECK(c, c->request.length == 8, "a request has 8 bytes");
    for (size_t i = 0; i < c->plan->count; i++) {
        const struct plan_block *block = &c->plan->blocks[i];
        const uint8_t wanted[] = {functions[block->table], (uint8_t)(block->address >> 8), (uint8_t)block->address,
                                  (uint8_t)(block->count >> 8), (uint8_t)block->count};
        if (!memcmp(wanted, r + 1, sizeof wanted))
            planned = c->sent[i] = true;
    }
    CHECK(c, planned || !whole, "the plan has no such request");
}

static void put_value(struct capture *c, const struct profile_metric *m, const uint16_t *words, unsigned *quality)
{
    struct value v;
    buf_print(&c->got_text, "%s = ", m->name);
    if (!decode_metric(m, words, &v, quality, NULL))
        buf_text(&c->got_text, "garbage");
    else if (v.kind == VALUE_HUGE)
        buf_int(&c->got_text, v.integer);
    else
        buf_number(&c->got_text, v.number);
    buf_char(&c->got_text, '\n');
}

static void put_text(struct capture *c, const struct profile_metric *m, const uint16_t *words)
{
    char text[DECODE_STRING_SIZE];
    buf_print(&c->got_text, "%s = %s\n", m->name, decode_string(m, words, text) ? text : "garbage");
}

/* The registers, or the bits one a word: the first asked for is the least significant of the first byte (MODBUS
 * Application Protocol V1.1b3, 6.1). */
static void unpack(struct capture *c, const struct frame_bytes *f, unsigned count, uint16_t *words)
{
    bool bits = f->b[1] <= 2;
    unsigned bytes = bits ? (count + 7) / 8 : 2 * count;
    CHECK(c, f->b[2] == bytes && f->length == 5U + bytes, "has another length than asked for");
    for (unsigned i = 0; i < count; i++)
        words[i] = (uint16_t)(bits ? f->b[3 + i / 8] >> i % 8 & 1 : f->b[3 + 2 * i] << 8 | f->b[4 + 2 * i]);
}

/* The first word of a metric, if the answer holds it whole. */
static const uint16_t *words_of(const struct capture *c, const struct profile_metric *m, const uint16_t *words)
{
    int first = c->request.b[2] << 8 | c->request.b[3], count = c->request.b[4] << 8 | c->request.b[5];
    bool inside = m->address >= first && m->address + m->count <= first + count;
    return functions[m->table] == c->request.b[1] && inside ? words + (m->address - first) : NULL;
}

static void take_response(struct capture *c, const char *text)
{
    struct frame_bytes f;
    uint16_t words[BITS_MAX];
    unsigned quality = 0;
    read_frame(c, text, &f);
    CHECK(c, f.b[0] == c->request.b[0] && f.b[1] == c->request.b[1], "answers another request");
    unpack(c, &f, (unsigned)(c->request.b[4] << 8 | c->request.b[5]), words);
    for (size_t i = 0; i < c->profile->metric_count; i++) {
        const uint16_t *own = words_of(c, &c->profile->metrics[i], words);
        if (own)
            put_value(c, &c->profile->metrics[i], own, &quality);
    }
    for (size_t i = 0; i < c->profile->text_count; i++) {
        const uint16_t *own = words_of(c, &c->profile->texts[i], words);
        if (own)
            put_text(c, &c->profile->texts[i], own);
    }
    if (quality)
        buf_text(&c->got_text, "quality = range\n");
    c->answers++;
}

static void check_file(const char *path, const struct profile *profile, const struct plan *plan, bool *sent)
{
    FILE *f = fopen(path, "r");
    char line[1024], place[200];
    struct capture *c = calloc(1, sizeof *c);
    assert_non_null(f);
    assert_non_null(c);
    *c = (struct capture){.place = place, .profile = profile, .plan = plan, .sent = sent};
    c->got_text = buf_fixed(c->got, sizeof c->got);
    c->wanted_text = buf_fixed(c->wanted, sizeof c->wanted);
    for (int n = 1; fgets(line, sizeof line, f); n++) {
        snprintf(place, sizeof place, "%s:%d", path, n);
        if (!strncmp(line, "request ", 8) || !strncmp(line, "partial ", 8))
            take_request(c, line + 8, *line == 'r');
        else if (!strncmp(line, "response ", 9))
            take_response(c, line + 9);
        else if (*line != '#' && *line != '\n')
            buf_text(&c->wanted_text, line);
    }
    fclose(f);
    CHECK(c, c->answers > 0, "holds no answer");
    assert_string_equal(c->got, c->wanted);
    free(c);
}

static struct profile *open_profile(const char *path, const char *name)
{
    struct faults faults = {0};
    struct conf *conf = conf_open(path, &faults);
    struct profile *profile = conf ? profile_read(conf, name, &faults) : NULL;
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s\n", faults.text[i]);
    faults_free(&faults);
    assert_non_null(profile);
    return profile;
}

static void check_profile(const char *path)
{
    char name[64], pattern[200];
    const char *slash = strrchr(path, '/');
    glob_t files = {0};
    assert_non_null(slash);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(slash + 1) - strlen(".ini")), slash + 1);
    struct profile *profile = open_profile(path, name);
    struct plan plan;
    plan_make(&plan, profile->metrics, profile->metric_count, &profile->limits);
    bool *sent = calloc(plan.count, sizeof *sent);
    assert_non_null(sent);

    snprintf(pattern, sizeof pattern, "tests/golden/%s/*.txt", name);
    if (glob(pattern, 0, NULL, &files))
        fail_msg("%s: no %s", path, pattern);
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_file(files.gl_pathv[i], profile, &plan, sent);
    globfree(&files);
    for (size_t i = 0; i < plan.count; i++)
        if (!sent[i])
            fail_msg("%s: no capture has its request %s:%u+%u", name, profile_table_name(plan.blocks[i].table),
                     plan.blocks[i].address, plan.blocks[i].count);
    assert_true(*profile->source);
    free(sent);
    plan_free(&plan);
    profile_free(profile);
}

static void every_profile_reads_its_captures(void **state)
{
    (void)state;
    glob_t profiles = {0};
    assert_int_equal(glob("config/profiles/*.ini", 0, NULL, &profiles), 0);
    assert_true(profiles.gl_pathc >= 14);
    for (size_t i = 0; i < profiles.gl_pathc; i++)
        check_profile(profiles.gl_pathv[i]);
    globfree(&profiles);
}

static void every_capture_has_a_profile(void **state)
{
    (void)state;
    glob_t folders = {0};
    char path[200];
    assert_int_equal(glob("tests/golden/*", 0, NULL, &folders), 0);
    for (size_t i = 0; i < folders.gl_pathc; i++) {
        snprintf(path, sizeof path, "config/profiles/%s.ini", strrchr(folders.gl_pathv[i], '/') + 1);
        FILE *f = fopen(path, "r");
        if (!f)
            fail_msg("%s: there is no %s", folders.gl_pathv[i], path);
        fclose(f);
    }
    globfree(&folders);
}

/* What the rules and the console take for granted about a metric with a known name. */
static void known_metrics_have_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *name, *unit;
    } known[] = {{"laeq", "dB(A)"},     {"lafmax", "dB(A)"},  {"lafmin", "dB(A)"}, {"la", "dB(A)"},
                 {"fume", "mg/m³"},     {"fume_in", "mg/m³"}, {"pm", "mg/m³"},     {"nmhc", "mg/m³"},
                 {"fan_current", "A"},  {"airflow", "m³/h"},  {"dp", "Pa"},        {"purifier_current", "A"},
                 {"temperature", "°C"}, {"humidity", "%"},    {"pressure", "kPa"}, {"wind", "m/s"},
                 {"rain", "mm"},        {"power", "W"},       {"energy", "kWh"},   {"fan", ""},
                 {"purifier", ""},      {"door", ""},         {"clean", ""}};
    glob_t profiles = {0};
    assert_int_equal(glob("config/profiles/*.ini", 0, NULL, &profiles), 0);
    for (size_t i = 0; i < profiles.gl_pathc; i++) {
        struct profile *p = open_profile(profiles.gl_pathv[i], "p");
        for (size_t m = 0; m < p->metric_count; m++)
            for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
                if (!strcmp(known[k].name, p->metrics[m].name)) {
                    assert_string_equal(p->metrics[m].unit, known[k].unit);
                    assert_string_equal(profile_metric_type(&p->metrics[m]), *known[k].unit ? "number" : "bit");
                }
        profile_free(p);
    }
    globfree(&profiles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_reads_its_captures),
        cmocka_unit_test(every_capture_has_a_profile),
        cmocka_unit_test(known_metrics_have_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
