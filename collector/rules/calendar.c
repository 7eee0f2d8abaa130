#include "collector/rules/calendar.h"
#include "common/civil.h"

#include <stdlib.h>
#include <string.h>

enum { SATURDAY = 6, DATE = 10 };

/* "2026-01-01" or "2026-01-01..2026-01-03", in this year. */
static bool read_span(const char *word, int64_t year, struct span *span)
{
    char first[DATE + 1], last[DATE + 1];
    size_t length = strlen(word);
    bool run = length == 2 * DATE + 2 && memcmp(word + DATE, "..", 2) == 0;
    int64_t to;
    if (length != DATE && !run)
        return false;
    memcpy(first, word, DATE);
    memcpy(last, run ? word + DATE + 2 : word, DATE);
    first[DATE] = last[DATE] = 0;
    if (!civil_parse(first, &span->from) || !civil_parse(last, &to) || to < span->from)
        return false;
    span->until = civil_midnight(to, 1);
    return civil_of(span->from).year == year && civil_of(to).year == year;
}

static void read_spans(struct calendar *c, int section, const char *key, const struct conf_list *words,
                       struct spans *spans, struct faults *faults)
{
    spans->items = xcalloc(words->count + 1, sizeof *spans->items);
    for (size_t i = 0; i < words->count; i++) {
        if (read_span(words->items[i], c->year, &spans->items[spans->count]))
            spans->count++;
        else
            conf_fault(c->conf, section, key, faults,
                       "%s: expected YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD, days of %lld that exist", words->items[i],
                       (long long)c->year);
    }
}

struct listed {
    struct calendar calendar;
    struct conf_list holidays, workdays;
};

static const struct conf_option options[] = {
    {"year", CONF_INT, offsetof(struct listed, calendar.year), .min = 2000, .max = 2100, .mandatory = true},
    {"document", CONF_TEXT, offsetof(struct listed, calendar.document), .mandatory = true},
    {"title", CONF_TEXT, offsetof(struct listed, calendar.title), ""},
    {"source", CONF_TEXT, offsetof(struct listed, calendar.source), ""},
    {"holidays", CONF_WORDS, offsetof(struct listed, holidays), .mandatory = true},
    {"workdays", CONF_WORDS, offsetof(struct listed, workdays)},
    {"confirmed", CONF_BOOL, offsetof(struct listed, calendar.confirmed), .mandatory = true},
    {.key = NULL},
};

struct calendar *calendar_open(struct conf *conf, struct faults *faults)
{
    static const char *const kinds[] = {"calendar", NULL};
    size_t before = faults->count;
    int section = conf_find(conf, "calendar", "");
    struct listed listed = {0};
    struct calendar *c = xcalloc(1, sizeof *c);
    conf_only(conf, kinds, faults);
    if (section < 0)
        faults_add(faults, "%s: section [calendar] is missing", conf_name(conf));
    else if (conf_fill(conf, section, options, &listed, faults))
        *c = listed.calendar;
    c->conf = conf;
    if (faults->count == before) {
        read_spans(c, section, "holidays", &listed.holidays, &c->holidays, faults);
        read_spans(c, section, "workdays", &listed.workdays, &c->workdays, faults);
    }
    if (faults->count == before)
        return c;
    calendar_close(c);
    return NULL;
}

void calendar_close(struct calendar *c)
{
    if (!c)
        return;
    free(c->holidays.items);
    free(c->workdays.items);
    conf_close(c->conf);
    free(c);
}

static bool within(const struct spans *spans, int64_t ms)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (ms >= spans->items[i].from && ms < spans->items[i].until)
            return true;
    }
    return false;
}

bool calendar_works(struct calendar *const *calendars, size_t count, int64_t ms)
{
    for (size_t i = 0; i < count; i++) {
        if (within(&calendars[i]->holidays, ms))
            return false;
        if (within(&calendars[i]->workdays, ms))
            return true;
    }
    return civil_of(ms).weekday < SATURDAY;
}

int64_t calendar_days_end(int64_t from, int n)
{
    return civil_midnight(from, n + 1) - 1;
}

int64_t calendar_work_end(struct calendar *const *calendars, size_t count, int64_t from, int n)
{
    int day = 0;
    while (n > 0)
        n -= calendar_works(calendars, count, civil_midnight(from, ++day));
    return calendar_days_end(from, day);
}
