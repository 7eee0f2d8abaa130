/* One cell of the clerk's file: what it may hold, and what it means. */
#include "collector/opening.h"
#include "collector/site_column.h"
#include "common/civil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is allowed in a column, in words -------------------------------------------------------------------- */

void site_cell_allowed(struct buf *out, const struct site_column *c)
{
    switch (c->kind) {
    case COLUMN_ID:
        buf_text(out, "1 to 32 of a-z 0-9 - _, a letter or digit first");
        break;
    case COLUMN_TEXT:
        buf_print(out, "one line of text of at most %zu bytes (%zu Chinese characters)", c->size - 1,
                  (c->size - 1) / 3);
        break;
    case COLUMN_HOURS:
        buf_print(out, "as mo-th 17:00-02:00;fr-sa 17:00-04:00 or 10:00-14:00, at most %zu bytes", c->size - 1);
        break;
    case COLUMN_DEVICE:
        buf_text(out, "site/device");
        break;
    case COLUMN_CHOICE:
        for (size_t i = 0; c->choices[i]; i++)
            buf_print(out, "%s%s", i ? " | " : "", c->choices[i]);
        break;
    case COLUMN_CLASS:
        buf_text(out, "0, 1, 2, 3, 4 or 4b");
        break;
    case COLUMN_NUMBER:
        buf_text(out, "a number from ");
        buf_number(out, c->min);
        buf_text(out, " to ");
        buf_number(out, c->max);
        break;
    case COLUMN_CLOCK:
        buf_text(out, "a time of day such as 22:00; the night lasts eight hours");
        break;
    case COLUMN_TIME:
        buf_text(out, "YYYY-MM-DD or YYYY-MM-DDTHH:MM, years 2000 to 2099");
        break;
    case COLUMN_PURIFIER:
        buf_text(out, "yes, no or the date YYYY-MM-DD on which it was installed, years 2000 to 2099");
        break;
    case COLUMN_GATEWAYS:
        buf_print(out, "at most %d different gateway ids, separated by ; or spaces", SITE_GATEWAYS);
        break;
    }
}

/* ---- one cell ------------------------------------------------------------------------------------------------- */

static bool read_text(const char *cell, char *out, size_t size)
{
    size_t length = strlen(cell);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)cell[i] < 0x20 || cell[i] == 0x7f)
            return false;
    }
    if (length >= size)
        return false;
    memcpy(out, cell, length + 1);
    return true;
}

static bool read_number(const char *cell, double min, double max, double *out)
{
    char *end;
    if (!*cell || strspn(cell, "+-.0123456789") != strlen(cell))
        return false;
    double x = strtod(cell, &end);
    if (*end || !(x >= min && x <= max))
        return false;
    *out = x;
    return true;
}

/* The date as documented, or as a Chinese spreadsheet shows it and therefore saves it: 2026/5/4 or 2026/5/4 9:30. */
static bool read_time(const char *cell, int64_t *ms)
{
    int y, mo, d, h = 0, mi = 0, date = 0, clock = 0;
    char text[64];
    if (strspn(cell, "0123456789/: ") == strlen(cell) && sscanf(cell, "%4d/%2d/%2d%n", &y, &mo, &d, &date) == 3) {
        if (cell[date] && (sscanf(cell + date, " %2d:%2d%n", &h, &mi, &clock) != 2 || cell[date + clock]))
            return false;
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d", y, mo, d, h, mi);
        cell = text;
    }
    if (!civil_parse(cell, ms))
        return false;
    int year = civil_of(*ms).year;
    return year >= 2000 && year <= 2099;
}

static bool read_choice(const char *cell, const char *const *choices, int *out)
{
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], cell) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* A number, as a spreadsheet may save it (2.0), but for the one that is none. */
static bool read_class(const char *cell, int *out)
{
    double number = NOISE_CLASS_4B;
    if (strcmp(cell, noise_classes[NOISE_CLASS_4B]) != 0 && !read_number(cell, 0, NOISE_CLASS_4B - 1, &number))
        return false;
    *out = (int)number;
    return number == floor(number);
}

bool site_clock_read(const char *text, int *minutes)
{
    int hour, minute, end = 0;
    if (strspn(text, "0123456789:") != strlen(text) || sscanf(text, "%2d:%2d%n", &hour, &minute, &end) != 2 ||
        end < 4 || text[end - 3] != ':' || (text[end] && strcmp(text + end, ":00") != 0) || hour > 23 || minute > 59)
        return false;
    *minutes = hour * 60 + minute;
    return true;
}

static bool read_device(const char *cell, char *out, size_t size)
{
    const char *slash = strchr(cell, '/');
    return slash && id_valid_n(cell, (size_t)(slash - cell)) && id_valid(slash + 1) && read_text(cell, out, size);
}

static bool read_purifier(const char *cell, struct site *s)
{
    bool no = strcmp(cell, "no") == 0;
    if (!no && strcmp(cell, "yes") != 0 && !read_time(cell, &s->purifier_installed_ms))
        return false;
    s->purifier = no ? 0 : 1;
    return true;
}

static bool read_gateways(const char *cell, struct site *s)
{
    for (;;) {
        cell += strspn(cell, "; ");
        size_t length = strcspn(cell, "; ");
        if (!length)
            return true;
        if (s->gateway_count == SITE_GATEWAYS || !id_valid_n(cell, length))
            return false;
        char *id = s->gateways[s->gateway_count];
        memcpy(id, cell, length);
        id[length] = 0;
        if (site_permits(s, id))
            return false;
        s->gateway_count++;
        cell += length;
    }
}

bool site_cell_read(const struct site_column *c, const char *cell, struct site *s)
{
    char *member = (char *)s + c->offset;
    switch (c->kind) {
    case COLUMN_ID:
        return id_valid(cell) && read_text(cell, member, c->size);
    case COLUMN_TEXT:
        return read_text(cell, member, c->size);
    case COLUMN_HOURS:
        return opening_valid(cell) && read_text(cell, member, c->size);
    case COLUMN_DEVICE:
        return read_device(cell, member, c->size);
    case COLUMN_CHOICE:
        return read_choice(cell, c->choices, (int *)member);
    case COLUMN_NUMBER:
        return read_number(cell, c->min, c->max, (double *)member);
    case COLUMN_CLASS:
        return read_class(cell, (int *)member);
    case COLUMN_CLOCK:
        return site_clock_read(cell, (int *)member);
    case COLUMN_TIME:
        return read_time(cell, (int64_t *)member);
    case COLUMN_PURIFIER:
        return read_purifier(cell, s);
    case COLUMN_GATEWAYS:
        return read_gateways(cell, s);
    }
    return false;
}
