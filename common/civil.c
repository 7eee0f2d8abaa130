#include "common/civil.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static atomic_uint zone = 1; /* how many were set: what was found by another does not hold */

int civil_zone(const char *iana, struct fault *f)
{
    char path[256];
    struct stat st;
    if (!*iana || iana[0] == '/' || strstr(iana, "..") || strlen(iana) > 64)
        return fault(f, ERR_RANGE, "timezone = %s: not an IANA name such as Asia/Shanghai", iana);
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", iana);
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return fault(f, ERR_RANGE, "timezone = %s: not in the tz database (package tzdata)", iana);
    setenv("TZ", iana, 1);
    tzset();
    atomic_fetch_add(&zone, 1);
    return 0;
}

static struct civil ask_library(int64_t ms)
{
    time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : -((999 - ms) / 1000));
    struct tm t;
    localtime_r(&seconds, &t);
    return (struct civil){t.tm_year + 1900,         t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                          t.tm_wday ? t.tm_wday : 7};
}

int64_t civil_ms(int year, int month, int day, int hour, int minute, int second)
{
    struct tm t = {.tm_year = year - 1900,
                   .tm_mon = month - 1,
                   .tm_mday = day,
                   .tm_hour = hour,
                   .tm_min = minute,
                   .tm_sec = second,
                   .tm_isdst = -1};
    return (int64_t)mktime(&t) * 1000;
}

/* ---- the day asked for last, of each thread: streams ask for the same one again and again ------------------------ */

enum { DAY_SECONDS = 24 * 3600 };

struct day {
    unsigned zone; /* it was found by; 0: none yet */
    int64_t from, until;
    struct civil date;
    bool even; /* from 00:00 for 24 hours: no clocks are changed on it */
};

static const struct day *day_of(int64_t ms)
{
    static _Thread_local struct day day;
    unsigned now = atomic_load(&zone);
    if (day.zone == now && ms >= day.from && ms < day.until)
        return &day;
    struct civil c = ask_library(ms);
    day = (struct day){now,
                       civil_ms(c.year, c.month, c.day, 0, 0, 0),
                       civil_ms(c.year, c.month, c.day + 1, 0, 0, 0),
                       {c.year, c.month, c.day, 0, 0, 0, c.weekday},
                       false};
    struct civil begin = ask_library(day.from);
    day.even = begin.day == c.day && begin.hour == 0 && day.until - day.from == (int64_t)DAY_SECONDS * 1000;
    return &day;
}

struct civil civil_of(int64_t ms)
{
    const struct day *day = day_of(ms);
    if (!day->even)
        return ask_library(ms);
    struct civil c = day->date;
    int second = (int)((ms - day->from) / 1000);
    c.hour = second / 3600;
    c.minute = second / 60 % 60;
    c.second = second % 60;
    return c;
}

int64_t civil_midnight(int64_t ms, int days)
{
    const struct day *day = day_of(ms);
    if (days == 0 || days == 1)
        return days ? day->until : day->from;
    return civil_ms(day->date.year, day->date.month, day->date.day + days, 0, 0, 0);
}

bool civil_parse(const char *text, int64_t *ms)
{
    int y, mo, d, h = 0, mi = 0;
    char shape[32];
    if (strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d", &y, &mo, &d) == 3)
        snprintf(shape, sizeof shape, "%04d-%02d-%02d", y, mo, d);
    else if (strlen(text) == 16 && sscanf(text, "%4d-%2d-%2dT%2d:%2d", &y, &mo, &d, &h, &mi) == 5)
        snprintf(shape, sizeof shape, "%04d-%02d-%02dT%02d:%02d", y, mo, d, h, mi);
    else
        return false;
    if (strcmp(shape, text) != 0 || y < 0 || h > 23 || mi > 59 || h < 0 || mi < 0)
        return false;
    int64_t at = civil_ms(y, mo, d, h, mi, 0);
    struct civil back = civil_of(at);
    if (back.year != y || back.month != mo || back.day != d)
        return false;
    *ms = at;
    return true;
}

void civil_date(int64_t ms, char out[static 11])
{
    struct civil c = civil_of(ms);
    char text[64];
    snprintf(text, sizeof text, "%04d-%02d-%02d", c.year, c.month, c.day);
    memcpy(out, text, 10);
    out[10] = 0;
}

void civil_stamp(int64_t ms, char out[static 20])
{
    struct civil c = civil_of(ms);
    char text[96];
    snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
    memcpy(out, text, 19);
    out[19] = 0;
}

/* ISO 8601: week 1 is the week with 4 January in it. */
static int64_t first_monday(int year)
{
    int64_t fourth = civil_ms(year, 1, 4, 0, 0, 0);
    return civil_midnight(fourth, 1 - civil_of(fourth).weekday);
}

bool civil_week_parse(const char *text, int64_t *from, int64_t *until)
{
    int year, week;
    char shape[32];
    if (strlen(text) != 8 || sscanf(text, "%4d-W%2d", &year, &week) != 2)
        return false;
    snprintf(shape, sizeof shape, "%04d-W%02d", year, week);
    if (strcmp(shape, text) != 0 || week < 1 || week > 53)
        return false;
    int64_t start = civil_midnight(first_monday(year), 7 * (week - 1));
    if (start >= first_monday(year + 1))
        return false;
    *from = start;
    *until = civil_midnight(start, 7);
    return true;
}

void civil_week_of(int64_t ms, char out[static 9])
{
    struct civil c = civil_of(ms);
    int64_t thursday = civil_midnight(ms, 4 - c.weekday); /* its year is the ISO year */
    int year = civil_of(thursday).year;
    int64_t monday = civil_midnight(ms, 1 - c.weekday);
    int week = 1;
    while (week < 53 && civil_midnight(first_monday(year), 7 * week) <= monday)
        week++;
    char text[64];
    snprintf(text, sizeof text, "%04d-W%02d", year, week);
    memcpy(out, text, 8);
    out[8] = 0;
}
