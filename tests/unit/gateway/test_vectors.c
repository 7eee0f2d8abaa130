/* Every type in every order, scaled, against values that vectors.py computes by other means: through a profile's text,
 * as a gateway reads it. */
#include "common/buf.h"
#include "firmware-gateway/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct profile *profile_of(const char *keys)
{
    struct buf text = buf_growing();
    struct faults faults = {0};
    buf_text(&text, "[profile]\nmeasurement = x\n[m]\nregister = holding:0\n");
    for (const char *k = keys; *k; k++)
        buf_char(&text, *k == ';' ? '\n' : *k);
    buf_char(&text, '\n');
    struct conf *conf = conf_open_text(keys, text.data, text.length, &faults);
    struct profile *p = conf ? profile_read(conf, "p", &faults) : NULL;
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s\n", faults.text[i]);
    buf_free(&text);
    faults_free(&faults);
    assert_non_null(p);
    return p;
}

static void put_meaning(const struct profile_metric *m, const uint16_t *words, struct buf *b)
{
    struct value v;
    unsigned quality = 0;
    const char *why;
    if (!decode_metric(m, words, &v, &quality, &why))
        buf_print(b, "!%s", why);
    else if (v.kind == VALUE_HUGE)
        buf_int(b, v.integer);
    else
        buf_number(b, v.number);
    assert_int_equal(quality, 0);
}

/* The same text, or an exponent written another way: 1e+21 and 1e21. */
static bool same(const char *a, const char *b)
{
    return !strcmp(a, b) || (strchr(a, 'e') && *a != '!' && strtod(a, NULL) == strtod(b, NULL));
}

static void check_line(char *line)
{
    char got[100], *end, *words_text, *wanted;
    uint16_t words[4];
    char *keys = strtok_r(line, "|", &end);
    words_text = strtok_r(NULL, "|", &end);
    wanted = strtok_r(NULL, "\n", &end);
    assert_non_null(wanted);
    struct profile *p = profile_of(keys);
    assert_int_equal(p->metric_count, 1);
    const char *at = words_text;
    for (size_t i = 0; i < p->metrics->count; i++)
        words[i] = (uint16_t)strtoul(at, (char **)(uintptr_t)&at, 16);
    struct buf b = buf_fixed(got, sizeof got);
    put_meaning(p->metrics, words, &b);
    if (!same(got, wanted))
        fail_msg("%s of %s: %s, expected %s", keys, words_text, got, wanted);
    profile_free(p);
}

static void registers_mean_what_python_says(void **state)
{
    (void)state;
    char line[400];
    size_t count = 0;
    FILE *f = popen("python3 tests/unit/gateway/vectors.py", "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); count++)
        check_line(line);
    assert_int_equal(pclose(f), 0);
    print_message("%zu vectors\n", count);
    assert_true(count > 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_mean_what_python_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
