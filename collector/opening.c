#include "collector/opening.h"

#include <string.h>

enum { DAY_MINUTES = 24 * 60 };

struct entry {
    unsigned days; /* bit 0 Monday */
    int from, to;  /* minutes of the day; to <= from: of the following day */
};

/* Each reader takes what it knows from *at and moves it on, or returns false. */
static bool read_day(const char **at, int *day)
{
    static const char names[] = "motuwethfrsasu";
    for (int i = 0; i < 7; i++) {
        if (strncmp(*at, names + 2 * i, 2) == 0) {
            *at += 2;
            *day = i;
            return true;
        }
    }
    return false;
}

static bool read_digits(const char **at, int *n)
{
    const char *c = *at;
    if (c[0] < '0' || c[0] > '9' || c[1] < '0' || c[1] > '9')
        return false;
    *n = (c[0] - '0') * 10 + (c[1] - '0');
    *at += 2;
    return true;
}

static bool read_time(const char **at, int *minute)
{
    int h, m;
    if (!read_digits(at, &h) || *(*at)++ != ':' || !read_digits(at, &m) || m > 59)
        return false;
    *minute = h * 60 + m;
    return *minute <= DAY_MINUTES;
}

static void skip_spaces(const char **at)
{
    while (**at == ' ')
        ++*at;
}

static bool read_days(const char **at, unsigned *days)
{
    int first, last;
    *days = 0x7f;
    if (!read_day(at, &first))
        return true;
    last = first;
    if (**at == '-') {
        ++*at;
        if (!read_day(at, &last))
            return false;
    }
    *days = 1u << last;
    for (int d = first; d != last; d = (d + 1) % 7)
        *days |= 1u << d;
    return **at == ' ';
}

static bool read_entry(const char **at, struct entry *e)
{
    skip_spaces(at);
    if (!read_days(at, &e->days))
        return false;
    skip_spaces(at);
    if (!read_time(at, &e->from) || *(*at)++ != '-' || !read_time(at, &e->to))
        return false;
    skip_spaces(at);
    return e->from < DAY_MINUTES && e->from != e->to && (**at == ';' || **at == 0);
}

bool opening_valid(const char *text)
{
    struct entry e;
    for (;; text++) {
        if (!read_entry(&text, &e))
            return false;
        if (!*text)
            return true;
    }
}

static bool covers(const struct entry *e, int weekday, int minute)
{
    unsigned today = 1u << (weekday - 1), yesterday = 1u << ((weekday + 5) % 7);
    if (e->to > e->from)
        return (e->days & today) && minute >= e->from && minute < e->to;
    return ((e->days & today) && minute >= e->from) || ((e->days & yesterday) && minute < e->to);
}

bool opening_at(const char *text, int weekday, int minute)
{
    struct entry e;
    if (!*text)
        return true;
    for (;; text++) {
        if (!read_entry(&text, &e) || covers(&e, weekday, minute))
            return true;
        if (!*text)
            return false;
    }
}
