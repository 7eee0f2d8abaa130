/* INI texts against a table with one option of each type. */
#include "common/conf.h"
#include "tests/fuzz/fuzz.h"

struct target {
    const char *text, *id;
    struct conf_list ids, words;
    int64_t integer, hex, duration, size;
    double number;
    bool yes;
    int choice;
};

#define AT(member) offsetof(struct target, member)
static const char *const choices[] = {"one", "two", NULL}, *const never[] = {"never", NULL};
static const struct conf_option options[] = {
    {.key = "text", .type = CONF_TEXT, .offset = AT(text), .fallback = ""},
    {.key = "id", .type = CONF_ID, .offset = AT(id), .fallback = "x"},
    {.key = "ids", .type = CONF_IDS, .offset = AT(ids), .fallback = ""},
    {.key = "words", .type = CONF_WORDS, .offset = AT(words), .fallback = ""},
    {.key = "integer", .type = CONF_INT, .offset = AT(integer), .fallback = "1", .min = -5, .max = 247},
    {.key = "hex", .type = CONF_INT, .offset = AT(hex), .fallback = "0", .hex = true},
    {.key = "number", .type = CONF_NUMBER, .offset = AT(number), .fallback = "0"},
    {.key = "duration", .type = CONF_DURATION, .offset = AT(duration), .fallback = "1s", .max = 1e12, .choices = never},
    {.key = "size", .type = CONF_SIZE, .offset = AT(size), .fallback = "1K", .max = 1e15},
    {.key = "yes", .type = CONF_BOOL, .offset = AT(yes), .fallback = "no"},
    {.key = "choice", .type = CONF_ENUM, .offset = AT(choice), .fallback = "one", .choices = choices},
    {.key = NULL},
};

static void fill(const struct conf *conf, int section, struct faults *faults)
{
    struct target t = {0};
    if (!conf_fill(conf, section, options, &t, faults))
        return;
    must(t.integer >= -5 && t.integer <= 247 && t.duration >= 0 && t.size >= 0 && (t.choice == 0 || t.choice == 1));
    must(t.number - t.number == 0 && strlen(t.id) <= 32);
    for (size_t i = 0; i < t.ids.count; i++)
        must(*t.ids.items[i] && strlen(t.ids.items[i]) <= 32);
    for (size_t i = 0; i < t.words.count; i++)
        must(*t.words.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"part", "other", NULL};
    struct faults faults = {0};
    struct conf *conf = conf_open_text("fuzz", (const char *)data, size, &faults);
    must(conf || faults.count);
    for (size_t s = 0; conf && s < conf_sections(conf); s++) {
        int found = conf_find(conf, conf_kind(conf, s), conf_label(conf, s));
        must(found >= 0 && conf_line(conf, s) > 0);
        fill(conf, (int)s, &faults);
        for (size_t k = 0; k < conf_keys(conf, s); k++) {
            const char *value, *key = conf_key(conf, s, k, &value);
            conf_fault(conf, (int)s, key, &faults, "%s", value ? value : "nothing");
        }
    }
    if (conf) {
        fill(conf, -1, &faults);
        conf_only(conf, kinds, &faults);
    }
    conf_close(conf);
    faults_free(&faults);
    return 0;
}
