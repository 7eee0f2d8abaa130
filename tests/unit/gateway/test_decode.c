#include "common/buf.h"
#include "firmware-gateway/decimal.h"
#include "firmware-gateway/decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What types, orders and scales mean is tested by test_vectors. */
static struct profile_metric metric_of(enum profile_type type)
{
    static const uint16_t counts[] = {[TYPE_U16] = 1, [TYPE_S16] = 1, [TYPE_U32] = 2, [TYPE_S32] = 2, [TYPE_U64] = 4,
                                      [TYPE_S64] = 4, [TYPE_F32] = 2, [TYPE_F64] = 4, [TYPE_BIT] = 1};
    return (struct profile_metric){.name = "m",
                                   .type = type,
                                   .count = counts[type],
                                   .width = type == TYPE_BIT ? 1 : 16U * counts[type],
                                   .scale = {.mantissa = 1},
                                   .decimals = -1,
                                   .min = -INFINITY,
                                   .max = INFINITY};
}

static void integers_beyond_2_53_are_kept_whole(void **state)
{
    (void)state;
    static const struct {
        enum profile_type type;
        uint16_t words[4];
        bool good;
        enum value_kind kind;
        int64_t integer;
    } cases[] = {
        {TYPE_U64, {0x0020, 0, 0, 0}, true, VALUE_NUMBER, 0}, /* 2^53 itself */
        {TYPE_U64, {0x0020, 0, 0, 1}, true, VALUE_HUGE, 9007199254740993},
        {TYPE_S64, {0xffdf, 0xffff, 0xffff, 0xffff}, true, VALUE_HUGE, -9007199254740993},
        {TYPE_S64, {0x8000, 0, 0, 0}, true, VALUE_HUGE, INT64_MIN},
        {TYPE_U64, {0x7fff, 0xffff, 0xffff, 0xffff}, true, VALUE_HUGE, INT64_MAX},
        {TYPE_U64, {0x8000, 0, 0, 0}, false, VALUE_NUMBER, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct profile_metric m = metric_of(cases[i].type);
        struct value v = {0};
        unsigned quality = 0;
        assert_int_equal(decode_metric(&m, cases[i].words, &v, &quality, NULL), cases[i].good);
        if (!cases[i].good)
            continue;
        assert_int_equal(v.kind, cases[i].kind);
        if (v.kind == VALUE_HUGE)
            assert_true(v.integer == cases[i].integer);
        else
            assert_true(v.number == 9007199254740992.0);
    }
}

static void digits_are_never_lost_in_silence(void **state)
{
    (void)state;
    struct profile_metric m = metric_of(TYPE_S64);
    struct value v;
    unsigned quality = 0;
    const char *why = NULL;
    m.scale = (struct decimal){1, -3};
    /* 1234567890123456.789 has 19 digits, a double 17 at most */
    assert_false(decode_metric(&m, (const uint16_t[]){0x1122, 0x10f4, 0x7de9, 0x8115}, &v, &quality, &why));
    assert_string_equal(why, "more digits than can be kept exactly");
    m.decimals = 0; /* nobody wants them */
    assert_true(decode_metric(&m, (const uint16_t[]){0x1122, 0x10f4, 0x7de9, 0x8115}, &v, &quality, &why));
    assert_true(v.kind == VALUE_NUMBER && v.number == 1234567890123457);
    assert_null(why);

    /* a float of 17 digits, scaled by nine: 0.1 + 2^-56 (0.10000000000000002) times 0.123456789, by hand */
    m = metric_of(TYPE_F64);
    m.scale = (struct decimal){123456789, -9};
    assert_true(decode_metric(&m, (const uint16_t[]){0x3fb9, 0x9999, 0x9999, 0x999b}, &v, &quality, &why));
    assert_true(v.number == 0.0123456789);
}

static void what_is_no_value_is_garbage(void **state)
{
    (void)state;
    static const uint64_t sentinels[] = {0x7fff, 0x8000};
    static const struct {
        enum profile_type type;
        uint16_t words[4];
        bool good;
    } cases[] = {
        {TYPE_F32, {0x7fc0, 0}, false},       {TYPE_F32, {0x7f80, 0}, false},      {TYPE_F32, {0xff80, 0}, false},
        {TYPE_F64, {0x7ff8, 0, 0, 0}, false}, {TYPE_F64, {0xfff0, 0}, false},      {TYPE_F32, {0x7f7f, 0xffff}, true},
        {TYPE_S16, {0x8000}, false},          {TYPE_S16, {0x7fff}, false},         {TYPE_S16, {0x7ffe}, true},
        {TYPE_U16, {0x8000}, false},          {TYPE_U32, {0x0000, 0x8000}, false}, {TYPE_U32, {0x8000, 0x8000}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct profile_metric m = metric_of(cases[i].type);
        struct value v;
        unsigned quality = 0;
        m.nan = sentinels;
        m.nan_count = 2;
        if (decode_metric(&m, cases[i].words, &v, &quality, NULL) != cases[i].good)
            fail_msg("case %zu", i);
    }
}

static void bits_and_maps(void **state)
{
    (void)state;
    static const struct profile_map map[] = {{1, 1}, {0, 0}, {2, 0.5}};
    struct value v;
    unsigned quality = 0;
    struct profile_metric m = metric_of(TYPE_BIT);
    for (unsigned bit = 0; bit < 16; bit++) {
        m.bit = bit;
        assert_true(decode_metric(&m, (const uint16_t[]){0x8421}, &v, &quality, NULL));
        assert_true(v.number == (bit % 5 == 0));
    }
    m.table = TABLE_COIL;
    m.bit = 0;
    assert_true(decode_metric(&m, (const uint16_t[]){1}, &v, &quality, NULL) && v.number == 1);
    assert_string_equal(profile_metric_type(&m), "bit");

    m = metric_of(TYPE_U16);
    assert_string_equal(profile_metric_type(&m), "number");
    m.map = map;
    m.map_count = 3;
    assert_string_equal(profile_metric_type(&m), "number");
    assert_true(decode_metric(&m, (const uint16_t[]){2}, &v, &quality, NULL) && v.number == 0.5);
    assert_false(decode_metric(&m, (const uint16_t[]){3}, &v, &quality, NULL));
    assert_true(decode_metric(&m, (const uint16_t[]){0}, &v, &quality, NULL) && v.number == 0);
    m.map_count = 2;
    assert_string_equal(profile_metric_type(&m), "bit");
    assert_int_equal(quality, 0);
}

static void out_of_range_is_kept_and_suspect(void **state)
{
    (void)state;
    static const struct {
        uint16_t raw;
        unsigned quality;
    } cases[] = {{299, QUALITY_RANGE}, {300, 0}, {1200, 0}, {1201, QUALITY_RANGE}};
    struct profile_metric m = metric_of(TYPE_U16);
    m.scale = (struct decimal){1, -1};
    m.min = 30;
    m.max = 120;
    for (size_t i = 0; i < 4; i++) {
        struct value v;
        unsigned quality = 0;
        assert_true(decode_metric(&m, &cases[i].raw, &v, &quality, NULL));
        assert_int_equal(quality, cases[i].quality);
        assert_true(v.number == cases[i].raw / 10.0);
    }
}

static void a_block_gives_its_values_and_errors(void **state)
{
    (void)state;
    struct profile_metric metrics[3] = {metric_of(TYPE_U16), metric_of(TYPE_F32), metric_of(TYPE_S16)};
    static const uint16_t order[] = {2, 1, 0};
    static const uint16_t words[] = {0xfffe, 0xdead, 0x7fc0, 0, 9};
    struct plan_block block = {.address = 100, .count = 5, .metrics = order, .metric_count = 3};
    static struct datum values[PROFILE_METRICS_MAX];
    static struct metric_error errors[PROFILE_METRICS_MAX];
    static struct decoded out = {.values = values, .errors = errors};
    metrics[0].name = "last";
    metrics[0].address = 104;
    metrics[1].name = "middle";
    metrics[1].address = 102;
    metrics[2].name = "first";
    metrics[2].address = 100;
    metrics[2].min = 0;
    decode_block(metrics, &block, words, &out);
    assert_int_equal(out.value_count, 2);
    assert_string_equal(out.values[0].metric, "first");
    assert_true(out.values[0].value.number == -2);
    assert_string_equal(out.values[1].metric, "last");
    assert_true(out.values[1].value.number == 9);
    assert_int_equal(out.error_count, 1);
    assert_string_equal(out.errors[0].metric, "middle");
    assert_string_equal(out.errors[0].error, "garbage");
    assert_string_equal(out.errors[0].detail, "not a finite number");
    assert_int_equal(out.quality, QUALITY_RANGE);
}

static void strings_are_trimmed_and_printable(void **state)
{
    (void)state;
    static const struct {
        enum profile_order order;
        uint16_t words[4];
        const char *text; /* NULL: refused */
    } cases[] = {
        {ORDER_ABCD, {0x534e, 0x2d31, 0x3233, 0x3435}, "SN-12345"},
        {ORDER_BADC, {0x4e53, 0x312d, 0, 0}, "SN-1"},
        {ORDER_DCBA, {0x4e53, 0x312d, 0, 0}, "SN-1"},
        {ORDER_CDAB, {0x534e, 0x2d31, 0, 0}, "SN-1"},
        {ORDER_ABCD, {0x4120, 0x4220, 0x2020, 0x2020}, "A B"},
        {ORDER_ABCD, {0x41ff, 0xffff, 0xffff, 0xffff}, "A"},
        {ORDER_ABCD, {0x4100, 0x4242, 0x4242, 0x4242}, "A"},
        {ORDER_ABCD, {0, 0, 0, 0}, NULL},
        {ORDER_ABCD, {0xffff, 0xffff, 0xffff, 0xffff}, NULL},
        {ORDER_ABCD, {0x410a, 0x4242, 0, 0}, NULL},
        {ORDER_ABCD, {0xc7e5, 0xbeb2, 0, 0}, NULL}, /* 清静 in GB 2312 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[DECODE_STRING_SIZE];
        struct profile_metric m = {.type = TYPE_STRING, .count = 4, .order = cases[i].order};
        assert_int_equal(decode_string(&m, cases[i].words, text), cases[i].text != NULL);
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
    }
}

static void decimals_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t mantissa;
        int exponent;
    } cases[] = {
        {"0.1", true, 1, -1},    {"-12.50", true, -1250, -2},
        {"1e-3", true, 1, -3},   {"+2.5E2", true, 25, 1},
        {".5", true, 5, -1},     {"5.", true, 5, 0},
        {"", false, 0, 0},       {".", false, 0, 0},
        {"1.2.3", false, 0, 0},  {"1e", false, 0, 0},
        {"1e+", false, 0, 0},    {"1e 3", false, 0, 0},
        {"0x1", false, 0, 0},    {"nan", false, 0, 0},
        {"1e9999", false, 0, 0}, {"12345678901234567890", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decimal d = {0};
        assert_int_equal(decimal_parse(cases[i].text, &d), cases[i].good);
        assert_true(d.mantissa == cases[i].mantissa && d.exponent == cases[i].exponent);
    }
    assert_true(decimal_round((struct decimal){9000000000000000000, -19}, 0).mantissa == 1);
    assert_true(decimal_round((struct decimal){5000000000000000000, -19}, 0).mantissa == 0);
    assert_true(decimal_round((struct decimal){INT64_MIN, -30}, 2).mantissa == 0);
    assert_true(decimal_equal((struct decimal){1500, -2}, (struct decimal){15, 0}));
    assert_true(decimal_equal((struct decimal){0, -2}, (struct decimal){0, 5}));
    assert_false(decimal_equal((struct decimal){15, -1}, (struct decimal){15, 0}));
    assert_true(decimal_double((struct decimal){1, 300}) == 1e300);
    assert_true(decimal_double((struct decimal){9007199254740993, -1}) == 900719925474099.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_beyond_2_53_are_kept_whole),
        cmocka_unit_test(digits_are_never_lost_in_silence),
        cmocka_unit_test(strings_are_trimmed_and_printable),
        cmocka_unit_test(what_is_no_value_is_garbage),
        cmocka_unit_test(bits_and_maps),
        cmocka_unit_test(out_of_range_is_kept_and_suspect),
        cmocka_unit_test(a_block_gives_its_values_and_errors),
        cmocka_unit_test(decimals_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
