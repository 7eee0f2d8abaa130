#include "tests/sim/calendar.h"
#include "common/civil.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MINUTES = 24 * 60, WEEK = 7, ALL_DAYS = 0x7f, WORD_MAX = 32, COUNT_MOST = 5000 };

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, by the years that begin in March. */
static int day_number(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1, shifted = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 719469;
}

static int day_of(int64_t ms)
{
    struct civil c = civil_of(ms);
    return day_number(c.year, c.month, c.day);
}

struct when calendar_when(const struct calendar *cal, int64_t ms)
{
    struct civil c = civil_of(ms);
    return (struct when){.day = day_number(c.year, c.month, c.day) - day_of(cal->from_ms),
                         .weekday = c.weekday,
                         .minute = c.hour * 60 + c.minute};
}

void calendar_date(const struct calendar *cal, int day, char out[static 11])
{
    civil_date(civil_midnight(cal->from_ms, day), out);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static bool counted(const char *word, int *n)
{
    char *end;
    if (*word < '1' || *word > '9')
        return false;
    long value = strtol(word, &end, 10);
    *n = (int)value;
    return !*end && value <= COUNT_MOST;
}

bool calendar_day(const struct calendar *cal, const char *word, int *day)
{
    int n;
    int64_t ms;
    if (strncmp(word, "d-", 2) == 0 && counted(word + 2, &n)) {
        *day = -n;
        return true;
    }
    if ((*word == 'd' || *word == 'w') && counted(word + 1, &n)) {
        *day = (n - 1) * (*word == 'w' ? WEEK : 1);
        return true;
    }
    if (strlen(word) != strlen("2026-10-05") || !civil_parse(word, &ms))
        return false;
    *day = day_of(ms) - day_of(cal->from_ms);
    return true;
}

/* `w2`, `d3..d9`; the last day of a week is its seventh. */
static bool read_days(const struct calendar *cal, const char *word, struct span *s)
{
    char first[WORD_MAX];
    const char *dots = strstr(word, ".."), *last = dots ? dots + 2 : word;
    snprintf(first, sizeof first, "%.*s", dots ? (int)(dots - word) : (int)strlen(word), word);
    if (!calendar_day(cal, first, &s->first_day) || !calendar_day(cal, last, &s->last_day))
        return false;
    s->last_day += *last == 'w' ? WEEK - 1 : 0;
    return s->last_day >= s->first_day;
}

static int weekday_named(const char *two)
{
    static const char names[] = "motuwethfrsasu";
    for (int i = 0; i < WEEK; i++)
        if (strncmp(two, names + 2 * i, 2) == 0)
            return i;
    return -1;
}

static bool read_weekdays(const char *word, unsigned *days)
{
    size_t length = strlen(word);
    if (length != 2 && (length != 5 || word[2] != '-'))
        return false;
    int first = weekday_named(word), last = length == 5 ? weekday_named(word + 3) : first;
    if (first < 0 || last < 0)
        return false;
    *days = 1u << last;
    for (int d = first; d != last; d = (d + 1) % WEEK)
        *days |= 1u << d;
    return true;
}

static bool read_time(const char *text, int *minute)
{
    int hour, min, used = 0;
    if (sscanf(text, "%2d:%2d%n", &hour, &min, &used) != 2 || used != 5 || hour < 0 || min < 0 || min > 59)
        return false;
    *minute = hour * 60 + min;
    return *minute <= DAY_MINUTES;
}

static bool read_hours(const char *word, struct span *s)
{
    if (strlen(word) != strlen("18:00-20:00") || word[5] != '-' || !read_time(word, &s->from) ||
        !read_time(word + 6, &s->to) || s->from == DAY_MINUTES)
        return false;
    s->to += s->to <= s->from ? DAY_MINUTES : 0;
    return true;
}

/* ---- spans ------------------------------------------------------------------------------------------------------- */

static int parse_span(const struct calendar *cal, const char *text, struct span *s, struct fault *f)
{
    char word[WORD_MAX];
    int used, words = 0;
    bool dated = false, named = false, timed = false;
    *s = (struct span){INT_MIN, INT_MAX, ALL_DAYS, 0, DAY_MINUTES};
    for (; sscanf(text, "%31s%n", word, &used) == 1; text += used, words++) {
        if (!dated && !named && !timed && read_days(cal, word, s))
            dated = true;
        else if (!named && !timed && read_weekdays(word, &s->weekdays))
            named = true;
        else if (!timed && read_hours(word, s))
            timed = true;
        else
            return fault(f, ERR_SYNTAX,
                         "%s: a span is [DAY or DAY..DAY] [mo-su] [HH:MM-HH:MM], a DAY is 2026-10-05, d3 or w2", word);
    }
    return words ? 0 : fault(f, ERR_SYNTAX, "a span is empty");
}

int spans_parse(const struct calendar *cal, struct spans *spans, const char *text, struct fault *f)
{
    spans->count = 0;
    for (const char *end;; text = end + 1) {
        char one[120];
        size_t length = strcspn(text, ",");
        end = text + length;
        if (spans->count == SPANS_MOST || length >= sizeof one)
            return fault(f, ERR_RANGE, "more than %d spans, or one longer than %zu bytes", SPANS_MOST, sizeof one - 1);
        snprintf(one, sizeof one, "%.*s", (int)length, text);
        int r = parse_span(cal, one, &spans->span[spans->count++], f);
        if (r || !*end)
            return r;
    }
}

static bool begun(const struct span *s, int day, int weekday)
{
    return day >= s->first_day && day <= s->last_day && (s->weekdays >> (weekday - 1) & 1);
}

static bool covers(const struct span *s, const struct when *w)
{
    int yesterday = w->weekday == 1 ? WEEK : w->weekday - 1;
    return (w->minute >= s->from && w->minute < s->to && begun(s, w->day, w->weekday)) ||
           (w->minute + DAY_MINUTES < s->to && begun(s, w->day - 1, yesterday));
}

bool spans_contain(const struct spans *spans, const struct when *w)
{
    for (size_t i = 0; i < spans->count; i++)
        if (covers(&spans->span[i], w))
            return true;
    return false;
}

int calendar_instant(const struct calendar *cal, const char *text, int64_t *ms, struct fault *f)
{
    char day_word[WORD_MAX] = "", time_word[WORD_MAX] = "", more;
    int day, minute = 0;
    int words = sscanf(text, "%31s %31s %c", day_word, time_word, &more);
    if (words < 1 || words > 2 || !calendar_day(cal, day_word, &day) ||
        (words == 2 && (strlen(time_word) != 5 || !read_time(time_word, &minute))))
        return fault(f, ERR_SYNTAX, "%s: an instant is written 2026-10-05 18:00, d3 18:00 or w2 18:00", text);
    struct civil c = civil_of(civil_midnight(cal->from_ms, day));
    *ms = civil_ms(c.year, c.month, c.day, 0, minute, 0);
    return 0;
}
