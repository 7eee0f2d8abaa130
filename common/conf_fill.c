/* From keys to structs: values are read whole and in one way only, or refused with what is allowed. */
#include "common/buf.h"
#include "common/conf_file.h"
#include "common/id.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1},        {"K", 1 << 10},   {"M", 1 << 20},
                                    {"G", 1 << 30}, {"T", 1LL << 40}, {NULL, 0}};

/* ---- scalars ---- */

/* A decimal without leading zeros, so that nobody can take 010 for eight; *end is what follows. */
static bool read_digits(const char *text, int64_t *out, const char **end)
{
    int64_t n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *at - '0', &n))
            return false;
    if (at == text || (*text == '0' && at > text + 1))
        return false;
    *out = n;
    *end = at;
    return true;
}

static bool read_int(const char *text, bool hex, int64_t *out)
{
    const char *end;
    if (hex && text[0] == '0' && text[1] == 'x') {
        size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");
        if (digits < 1 || digits > 15 || text[2 + digits])
            return false;
        *out = strtoll(text + 2, NULL, 16);
        return true;
    }
    bool minus = text[0] == '-';
    if (!read_digits(text + minus, out, &end) || *end)
        return false;
    if (minus)
        *out = -*out;
    return true;
}

/* Sign, digits, fraction, exponent; so neither hexadecimal nor inf and nan, which strtod takes too. */
static bool read_number(const char *text, double *out)
{
    const char *at = text + (text[0] == '-' || text[0] == '+');
    size_t whole = strspn(at, "0123456789"), part = 0;
    at += whole;
    if (*at == '.') {
        part = strspn(at + 1, "0123456789");
        at += 1 + part;
    }
    if (!whole && !part)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        size_t exponent = strspn(at, "0123456789");
        if (!exponent)
            return false;
        at += exponent;
    }
    *out = strtod(text, NULL);
    return !*at && isfinite(*out);
}

static bool read_units(const char *text, const struct unit *units, int64_t *out)
{
    const char *end;
    int64_t n;
    if (!read_digits(text, &n, &end))
        return false;
    if (n == 0 && !*end) { /* nothing of anything */
        *out = 0;
        return true;
    }
    for (; units->name; units++)
        if (!strcmp(units->name, end))
            return !__builtin_mul_overflow(n, units->factor, out);
    return false;
}

bool conf_duration(const char *text, int64_t *ms)
{
    return read_units(text, durations, ms);
}

static void put_units(struct buf *b, double n, const struct unit *units)
{
    const struct unit *best = units;
    for (const struct unit *u = units; u->name; u++)
        if (n != 0 && (int64_t)n % u->factor == 0)
            best = u;
    buf_number(b, n / (double)best->factor);
    buf_text(b, best->name);
}

static bool in_range(const struct conf_option *option, double x)
{
    return (option->min == 0 && option->max == 0) || (x >= option->min && x <= option->max);
}

/* ---- the nearest name ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with neighbours swapped counting one (optimal string alignment), if it is at most `most`; else some
 * number above that.  Words beyond 63 bytes never match. */
static size_t distance(const char *a, const char *b, size_t most)
{
    enum { MOST = 64 };
    size_t n = strlen(a), m = strlen(b), row[3][MOST];
    if (n >= MOST || m >= MOST || n > m + most || m > n + most)
        return MOST;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

/* Of many names either the one that was probably meant, or all of them. */
struct hint {
    const char *word, *nearest;
    size_t distance;
    char memory[320];
    struct buf all;
};

static void hint_begin(struct hint *h, const char *word)
{
    h->word = word;
    h->nearest = NULL;
    h->distance = strlen(word) / 3 + 1;
    h->all = buf_fixed(h->memory, sizeof h->memory);
}

static void hint_try(struct hint *h, const char *name)
{
    size_t d = distance(h->word, name, h->distance);
    if (d <= h->distance && (!h->nearest || d < h->distance)) {
        h->nearest = name;
        h->distance = d;
    }
    buf_print(&h->all, "%s%s", h->all.length ? ", " : "", name);
}

static void hint_put(const struct hint *h, struct buf *b)
{
    if (h->nearest)
        buf_print(b, "did you mean %s?", h->nearest);
    else
        buf_print(b, "allowed: %s%s", h->memory, h->all.overflow ? ", …" : "");
}

/* ---- options ---- */

static void expect(const struct conf_option *option, struct buf *b)
{
    bool limits = option->min != 0 || option->max != 0;
    switch (option->type) {
    case CONF_TEXT:
    case CONF_WORDS:
        buf_text(b, "some text");
        break;
    case CONF_ID:
    case CONF_IDS:
        buf_print(b, "%s: up to %d of a-z 0-9 _ -, beginning with a letter or digit",
                  option->type == CONF_ID ? "a name" : "names with spaces between", ID_MAX);
        break;
    case CONF_INT:
        buf_print(b, "a whole number%s without leading zeros", option->hex ? ", decimal or 0x…," : "");
        break;
    case CONF_NUMBER:
        buf_text(b, "a decimal number");
        break;
    case CONF_DURATION:
        for (const char *const *word = option->choices; word && *word; word++)
            buf_print(b, "%s or ", *word);
        buf_text(b, "a time such as 500ms, 1s, 10min, 12h, 60d");
        break;
    case CONF_SIZE:
        buf_text(b, "a size such as 4096, 64K, 10M, 1G");
        break;
    case CONF_BOOL:
        buf_text(b, "yes or no");
        break;
    case CONF_ENUM:
        for (const char *const *c = option->choices; *c; c++)
            buf_print(b, "%s%s", c == option->choices ? "one of: " : ", ", *c);
        break;
    }
    if (!limits)
        return;
    buf_text(b, ", from ");
    const struct unit *units = option->type == CONF_DURATION ? durations : option->type == CONF_SIZE ? sizes : NULL;
    if (units) {
        put_units(b, option->min, units);
        buf_text(b, " to ");
        put_units(b, option->max, units);
    } else {
        buf_number(b, option->min);
        buf_text(b, " to ");
        buf_number(b, option->max);
    }
}

static bool read_list(const struct conf *conf, const char *value, bool ids, struct conf_list *out)
{
    char *words = conf_copy(conf, value, strlen(value)), *rest = words;
    const char **items = conf_alloc(conf, (strlen(value) / 2 + 1) * sizeof *items);
    size_t count = 0;
    for (char *word; (word = strtok_r(rest, " \t", &rest));) {
        if (ids && !id_valid(word))
            return false;
        items[count++] = word;
    }
    *out = (struct conf_list){.count = count, .items = items};
    return true;
}

static bool read_choice(const char *value, const char *const *choices, int *out)
{
    for (int i = 0; choices[i]; i++)
        if (!strcmp(value, choices[i])) {
            *out = i;
            return true;
        }
    return false;
}

static bool take(const struct conf *conf, const struct conf_option *option, const char *value, void *member)
{
    int64_t n;
    double x;
    int choice;
    switch (option->type) {
    case CONF_TEXT:
    case CONF_ID:
        if (option->type == CONF_ID ? !id_valid(value) : (option->mandatory && !*value))
            return false;
        *(const char **)member = conf_copy(conf, value, strlen(value));
        return true;
    case CONF_IDS:
    case CONF_WORDS:
        return read_list(conf, value, option->type == CONF_IDS, member);
    case CONF_NUMBER:
        if (!read_number(value, &x) || !in_range(option, x))
            return false;
        *(double *)member = x;
        return true;
    case CONF_INT:
    case CONF_DURATION:
    case CONF_SIZE:
        if (option->type == CONF_DURATION && option->choices && read_choice(value, option->choices, &choice)) {
            *(int64_t *)member = 0;
            return true;
        }
        if (option->type == CONF_INT ? !read_int(value, option->hex, &n)
                                     : !read_units(value, option->type == CONF_SIZE ? sizes : durations, &n))
            return false;
        if (!in_range(option, (double)n))
            return false;
        *(int64_t *)member = n;
        return true;
    case CONF_BOOL:
        *(bool *)member = !strcmp(value, "yes");
        return *(bool *)member || !strcmp(value, "no");
    case CONF_ENUM:
        return read_choice(value, option->choices, member);
    }
    return false;
}

static bool fill_option(const struct conf *conf, int section, const struct conf_option *option, char *target,
                        struct faults *faults)
{
    char words[400];
    struct buf allowed = buf_fixed(words, sizeof words);
    const struct conf_entry *entry = conf_entry(conf, section, option->key);
    if (option->fallback) {
        bool taken = take(conf, option, option->fallback, target + option->offset);
        assert(taken);
        (void)taken;
    }
    if (!entry && !option->mandatory)
        return true;
    if (entry && !entry->value)
        return false;
    if (entry && take(conf, option, entry->value, target + option->offset))
        return true;
    expect(option, &allowed);
    if (entry)
        conf_fault(conf, section, option->key, faults, "expected %s", words);
    else
        conf_fault(conf, section, option->key, faults, "is missing: %s (%s)", option->help ? option->help : "", words);
    return false;
}

static bool is_option(const struct conf_option *options, const char *key)
{
    while (options->key && strcmp(options->key, key) != 0)
        options++;
    return options->key;
}

static void fault_unknown(const struct conf *conf, int section, const char *key, const struct conf_option *options,
                          struct faults *faults)
{
    char words[400];
    struct buf b = buf_fixed(words, sizeof words);
    struct hint h;
    hint_begin(&h, key);
    for (const struct conf_option *o = options; o->key; o++)
        hint_try(&h, o->key);
    hint_put(&h, &b);
    conf_fault(conf, section, key, faults, "unknown key; %s", words);
}

bool conf_fill(const struct conf *conf, int section, const struct conf_option *options, void *target,
               struct faults *faults)
{
    bool good = true;
    for (const struct conf_option *o = options; o->key; o++)
        good &= fill_option(conf, section, o, target, faults);
    for (size_t i = 0; section >= 0 && i < conf->sections[section].count; i++) {
        const char *key = conf->sections[section].entries[i].key;
        if (is_option(options, key))
            continue;
        fault_unknown(conf, section, key, options, faults);
        good = false;
    }
    return good;
}

bool conf_has(const struct conf *conf, int section, const char *key)
{
    return conf_entry(conf, section, key) != NULL;
}

void conf_only(const struct conf *conf, const char *const *kinds, struct faults *faults)
{
    for (size_t s = 0; s < conf->count; s++) {
        struct hint h;
        bool known = false;
        hint_begin(&h, conf->sections[s].kind);
        for (const char *const *kind = kinds; *kind && !known; kind++) {
            known = !strcmp(*kind, conf->sections[s].kind);
            hint_try(&h, *kind);
        }
        if (known)
            continue;
        char words[400];
        struct buf b = buf_fixed(words, sizeof words);
        hint_put(&h, &b);
        conf_fault(conf, (int)s, NULL, faults, "unknown section; %s", words);
    }
}
