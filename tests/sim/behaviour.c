#include "tests/sim/behaviour.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, EXCEPTION_LAST = 11, WORD_MAX = 64 };

/* ---- words and numbers ------------------------------------------------------------------------------------------ */

/* The next blank-separated word; false at the end.  A word too long is cut, and then is no number or time. */
static bool next_word(const char **text, char word[static WORD_MAX])
{
    size_t n = 0;
    while (**text == ' ' || **text == '\t')
        ++*text;
    for (; **text && **text != ' ' && **text != '\t'; ++*text)
        if (n < WORD_MAX - 1)
            word[n++] = **text;
    word[n] = 0;
    return n > 0;
}

static bool parse_whole(const char *text, uint64_t most, uint64_t *out)
{
    uint64_t n = 0;
    if (!*text || strlen(text) > 18)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text))
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *out = n;
    return n <= most;
}

static bool parse_number(const char *text, double *out)
{
    char *end;
    if (!*text || strspn(text, "+-0123456789.") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

/* 500ms 20s 10min 12h; *end is left behind the unit. */
static bool parse_duration(const char *text, int64_t *ms, const char **end)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", DAY_MS}};
    char *unit;
    if (!isdigit((unsigned char)*text) || strspn(text, "0123456789") > 9)
        return false;
    int64_t n = strtoll(text, &unit, 10);
    size_t length = strspn(unit, "dhimns");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (length == strlen(units[i].name) && memcmp(unit, units[i].name, length) == 0) {
            *ms = n * units[i].ms;
            *end = unit + length;
            return true;
        }
    }
    return false;
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

bool step_parse_level(char *text, struct step *step)
{
    char *jitter = strchr(text, '~');
    step->jitter = 0;
    if (jitter) {
        *jitter++ = 0;
        if (!parse_number(jitter, &step->jitter) || step->jitter < 0)
            return false;
    }
    return parse_number(text, &step->level);
}

/* One of `45~2`, `20s:86~0.8`, `06:00=48`: what stands before the level decides. */
static int parse_step(struct behaviour *b, char *word, struct fault *f)
{
    struct step *step = &b->steps[b->step_count];
    char *level = word;
    char *clock = strchr(word, '=');
    enum behaviour_kind kind = clock ? BEHAVIOUR_CLOCK : BEHAVIOUR_SCHEDULE;
    char shown[WORD_MAX];
    snprintf(shown, sizeof shown, "%s", word);

    if (b->step_count == BEHAVIOUR_STEPS)
        return fault(f, ERR_RANGE, "more than %d steps", BEHAVIOUR_STEPS);
    if (clock) {
        int hour, minute, used = 0;
        *clock = 0;
        level = clock + 1;
        if (sscanf(word, "%2d:%2d%n", &hour, &minute, &used) != 2 || word[used] || used != 5 || hour < 0 || hour > 23 ||
            minute < 0 || minute > 59)
            return fault(f, ERR_SYNTAX, "%s: a time of day is written 06:00=LEVEL", shown);
        step->at_ms = (hour * 60 + minute) * INT64_C(60000);
    } else if (strchr(word, ':')) {
        const char *end;
        if (!parse_duration(word, &step->at_ms, &end) || *end != ':')
            return fault(f, ERR_SYNTAX, "%s: a time after the start is written 20s:LEVEL (ms, s, min, h)", shown);
        level = word + (end - word) + 1;
    } else if (b->step_count > 0) {
        return fault(f, ERR_SYNTAX, "%s: a step without its time", shown);
    } else {
        step->at_ms = 0;
    }
    if (!step_parse_level(level, step))
        return fault(f, ERR_SYNTAX, "%s: a level is a number, or number~jitter", shown);
    if (b->step_count == 0)
        b->kind = kind;
    else if (kind != b->kind)
        return fault(f, ERR_SYNTAX, "%s: times after the start and times of day do not mix", shown);
    else if (step->at_ms <= step[-1].at_ms)
        return fault(f, ERR_RANGE, "%s: not after the step before it", shown);
    if (kind == BEHAVIOUR_SCHEDULE && b->step_count == 0 && step->at_ms != 0)
        return fault(f, ERR_RANGE, "%s: the first step begins at 0s", shown);
    b->step_count++;
    return 0;
}

static int parse_steps(struct behaviour *b, const char *text, int64_t repeat_ms, struct fault *f)
{
    char word[WORD_MAX];
    const char *end = "";
    int rc = 0;
    while (rc == 0 && next_word(&text, word)) {
        if (strcmp(word, "repeat") != 0) {
            rc = parse_step(b, word, f);
            continue;
        }
        if (b->step_count < 2 || b->kind != BEHAVIOUR_SCHEDULE)
            return fault(f, ERR_SYNTAX, "repeat belongs behind a schedule such as 0s:58 20s:86");
        if (!next_word(&text, word) || !parse_duration(word, &repeat_ms, &end) || *end || next_word(&text, word))
            return fault(f, ERR_SYNTAX, "repeat takes one duration, at the end: repeat 60s");
    }
    if (rc < 0)
        return rc;
    if (b->step_count == 0)
        return fault(f, ERR_SYNTAX, "no value");
    if (b->kind != BEHAVIOUR_SCHEDULE || b->step_count < 2)
        return 0;
    b->repeat_ms = repeat_ms;
    if (repeat_ms && b->steps[b->step_count - 1].at_ms >= repeat_ms)
        return fault(f, ERR_RANGE, "the last step lies behind the repetition after %lld ms", (long long)repeat_ms);
    return 0;
}

int behaviour_parse(struct behaviour *b, const char *text, int64_t repeat_ms, struct fault *f)
{
    char word[WORD_MAX];
    uint64_t n = 0;
    const char *rest = text;
    *b = (struct behaviour){.kind = BEHAVIOUR_SCHEDULE};
    next_word(&rest, word);
    if (strcmp(word, "counter") == 0) {
        b->kind = BEHAVIOUR_COUNTER;
        if (next_word(&rest, word) && (!parse_whole(word, UINT32_MAX, &b->first) || next_word(&rest, word)))
            return fault(f, ERR_SYNTAX, "counter takes one whole number, the first raw value");
        return 0;
    }
    if (strcmp(word, "exception") == 0) {
        b->kind = BEHAVIOUR_EXCEPTION;
        if (!next_word(&rest, word) || !parse_whole(word, EXCEPTION_LAST, &n) || n == 0 || next_word(&rest, word))
            return fault(f, ERR_RANGE, "exception takes one code, 1 to %d", EXCEPTION_LAST);
        b->exception = (int)n;
        return 0;
    }
    return parse_steps(b, text, repeat_ms, f);
}

const struct step *behaviour_step(const struct behaviour *b, int64_t since_start_ms, int64_t since_midnight_ms)
{
    int64_t at = since_start_ms;
    if (b->kind == BEHAVIOUR_CLOCK)
        at = since_midnight_ms;
    else if (b->kind != BEHAVIOUR_SCHEDULE)
        return NULL;
    else if (b->repeat_ms)
        at %= b->repeat_ms;

    const struct step *found = &b->steps[b->step_count - 1]; /* before the first of the day: yesterday's last */
    for (size_t i = 0; i < b->step_count && b->steps[i].at_ms <= at; i++)
        found = &b->steps[i];
    return found;
}

/* ---- chance, reproducibly ---------------------------------------------------------------------------------------- */

/* SplitMix64, public domain, Vigna 2015 (prng.di.unimi.it/splitmix64.c): the n-th output for a seed. */
static uint64_t splitmix(uint64_t seed, uint64_t n)
{
    uint64_t z = seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t seed_mix(uint64_t seed, const char *text)
{
    for (; *text; text++)
        seed = splitmix(seed ^ (unsigned char)*text, 0);
    return seed;
}

double step_value(const struct step *step, uint64_t seed, uint64_t n)
{
    double even = (double)(splitmix(seed, n) >> 11) * 0x1p-53; /* [0, 1) */
    return step->level + step->jitter * (2 * even - 1);
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

int windows_parse(struct windows *w, const char *text, int64_t repeat_ms, struct fault *f)
{
    char word[WORD_MAX];
    *w = (struct windows){.repeat_ms = repeat_ms};
    if (strcmp(text, "no") == 0)
        return 0;
    if (strcmp(text, "yes") == 0) {
        w->count = 1;
        w->window[0].until_ms = INT64_MAX;
        return 0;
    }
    while (next_word(&text, word)) {
        int64_t from = 0, until = 0;
        const char *end = word;
        if (w->count == WINDOWS_MAX)
            return fault(f, ERR_RANGE, "more than %d windows", WINDOWS_MAX);
        if (!parse_duration(word, &from, &end) || *end != '-' || !parse_duration(end + 1, &until, &end) || *end)
            return fault(f, ERR_SYNTAX, "%s: neither yes, no, nor windows such as 20s-40s 80s-95s", word);
        if (until <= from || (repeat_ms && until > repeat_ms))
            return fault(f, ERR_RANGE, "%s: ends before it begins, or behind the street's repetition", word);
        w->window[w->count].from_ms = from;
        w->window[w->count++].until_ms = until;
    }
    return 0;
}

bool windows_contain(const struct windows *w, int64_t since_start_ms)
{
    int64_t at = w->repeat_ms ? since_start_ms % w->repeat_ms : since_start_ms;
    for (size_t i = 0; i < w->count; i++)
        if (at >= w->window[i].from_ms && at < w->window[i].until_ms)
            return true;
    return false;
}
