#include "tests/sim/course.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, ITEM_MAX = 200 };

static const struct times *find_times(const struct course_words *words, const char *name)
{
    for (size_t i = 0; i < words->times_count; i++)
        if (strcmp(words->times[i].name, name) == 0)
            return &words->times[i];
    return NULL;
}

static void trim(char *text)
{
    size_t skip = strspn(text, " \t"), n;
    memmove(text, text + skip, strlen(text + skip) + 1);
    for (n = strlen(text); n && (text[n - 1] == ' ' || text[n - 1] == '\t'); n--)
        text[n - 1] = 0;
}

/* LEVEL[~JITTER][+RATE/h]; the sign of RATE may also be a minus.  text is spoilt. */
static bool parse_level(char *text, struct clause *c)
{
    char *end, *slash = strstr(text, "/h");
    if (slash) {
        char *sign = slash;
        while (sign > text && *sign != '+' && *sign != '-')
            sign--;
        c->per_hour = strtod(sign, &end);
        if (sign == text || slash[2] || end != slash || !isfinite(c->per_hour))
            return false;
        *sign = 0;
    }
    return step_parse_level(text, &c->step);
}

static int parse_clause(struct course *course, const struct course_words *words, char *text, struct fault *f)
{
    char *equals = strchr(text, '=');
    struct clause *c = &course->clauses[course->count];
    if (course->count == COURSE_CLAUSES)
        return fault(f, ERR_RANGE, "more than %d clauses", COURSE_CLAUSES);
    if (!equals)
        return fault(f, ERR_SYNTAX, "%s: a clause is written TIMES = LEVEL", text);
    *equals = 0;
    trim(text);
    trim(equals + 1);
    c->named = find_times(words, text);
    struct fault why;
    if (!c->named && spans_parse(words->calendar, &c->own, text, &why) < 0)
        return fault(f, ERR_SYNTAX, "%s: no [times] of this name, nor a span: %s", text, why.text);
    if (!parse_level(equals + 1, c))
        return fault(f, ERR_SYNTAX, "%s: a level is written 140, 140~6 or 140~6+0.5/h", equals + 1);
    course->count++;
    return 0;
}

int course_parse(struct course *c, const struct course_words *words, const char *text, struct fault *f)
{
    char item[ITEM_MAX];
    size_t length = strcspn(text, ",");
    *c = (struct course){.seed = c->seed};
    if (length >= sizeof item)
        return fault(f, ERR_RANGE, "what stands before the first comma is longer than %zu bytes", sizeof item - 1);
    snprintf(item, sizeof item, "%.*s", (int)length, text);
    int r = behaviour_parse(&c->base, item, 0, f);
    for (text += length; !r && *text; text += length) {
        length = strcspn(++text, ",");
        if (length >= sizeof item)
            return fault(f, ERR_RANGE, "a clause longer than %zu bytes", sizeof item - 1);
        snprintf(item, sizeof item, "%.*s", (int)length, text);
        r = parse_clause(c, words, item, f);
    }
    return r;
}

static bool holds(const struct clause *c, const struct when *when)
{
    if (c->named)
        return spans_contain(&c->named->at, when) && !spans_contain(&c->named->except, when);
    return spans_contain(&c->own, when);
}

bool course_value(struct course *c, const struct course_moment *now, double *value)
{
    for (size_t i = c->count; i-- > 0;) {
        struct clause *clause = &c->clauses[i];
        if (!holds(clause, &now->when))
            continue;
        *value = step_value(&clause->step, c->seed, c->said++) + clause->per_hour * (double)clause->held_ms / HOUR_MS;
        clause->held_ms += now->interval_ms;
        return true;
    }
    if (c->base.kind == BEHAVIOUR_COUNTER) {
        *value = (double)(c->base.first + c->said++);
        return true;
    }
    const struct step *step = behaviour_step(&c->base, now->since_start_ms, now->since_midnight_ms);
    if (step)
        *value = step_value(step, c->seed, c->said++);
    return step != NULL;
}

void course_cleaned(struct course *c)
{
    for (size_t i = 0; i < c->count; i++)
        c->clauses[i].held_ms = 0;
}
