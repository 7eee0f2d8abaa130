/* What `now` says of many devices, which come and go in any order, against a table kept beside it. */
#include "common/json.h"
#include "firmware-gateway/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEVICES = 40, METRICS = 5, ROUNDS = 3000 };

static const char *const metrics[METRICS] = {"laeq", "l", "lb", "laeq-max", "z"};

struct kept { /* of one device */
    bool known, told[METRICS], suspect[METRICS];
    double values[METRICS];
};

static const char *name_of(int device)
{
    static char name[ID_SIZE];
    snprintf(name, sizeof name, "d%d", device);
    return name;
}

/* Some of the metrics, beginning with any, forwards or backwards. */
static void put(struct batch *b, struct kept *kept, int device, int64_t at)
{
    struct datum values[METRICS];
    struct reading r = {
        .device = name_of(device), .ts = at, .values = values, .quality = rand() % 4 ? 0 : QUALITY_JUMP};
    int first = rand() % METRICS, step = rand() % 2 ? 1 : METRICS - 1, count = 1 + rand() % METRICS;
    for (int i = 0; i < count; i++) {
        int m = (first + i * step) % METRICS;
        double x = rand() % 1000;
        values[r.value_count++] = (struct datum){.metric = metrics[m], .value = {.kind = VALUE_NUMBER, .number = x}};
        kept->known = kept->told[m] = true;
        kept->values[m] = x;
        kept->suspect[m] = r.quality;
    }
    batch_put(b, &r, 0);
}

static void compare(struct batch *b, const struct kept *kept)
{
    struct buf text = buf_growing();
    batch_now_again(b);
    assert_true(batch_now(b, &text, 1));
    struct json *root = json_open(text.data, text.length, NULL);
    assert_non_null(root);
    for (int d = 0; d < DEVICES; d++) {
        const struct json *device = json_member(json_member(root, "devices"), name_of(d));
        const char *quality = "good";
        bool suspect = false;
        assert_int_equal(device != NULL, kept[d].known);
        for (int m = 0; device && m < METRICS; m++) {
            double x;
            bool told = json_double(json_member(json_member(device, "values"), metrics[m]), &x);
            assert_int_equal(told, kept[d].told[m]);
            assert_true(!told || x == kept[d].values[m]);
            suspect |= told && kept[d].suspect[m];
        }
        json_text(json_member(device, "quality"), &quality);
        assert_string_equal(quality, suspect ? "suspect" : "good");
    }
    json_close(root);
    buf_free(&text);
}

static void now_has_the_newest_of_each_device(void **state)
{
    (void)state;
    struct batch *b = batch_new("00000000000000000000000000000b07");
    struct kept kept[DEVICES] = {0};
    struct buf drop = buf_growing();
    batch_clock(b, INT64_C(1764000000000));
    srand(20261124);
    for (int64_t at = 1; at <= ROUNDS; at++) {
        int device = rand() % DEVICES;
        if (rand() % 8) {
            put(b, &kept[device], device, at);
        } else {
            batch_forget(b, name_of(device));
            kept[device] = (struct kept){0};
        }
        if (at % 50 == 0) {
            compare(b, kept);
            buf_clear(&drop);
            batch_take(b, &drop);
        }
    }
    assert_int_equal(batch_dropped(b), 0);
    buf_free(&drop);
    batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(now_has_the_newest_of_each_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
