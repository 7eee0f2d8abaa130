#include "collector/site.h"
#include "collector/opening.h"
#include "collector/site_column.h"
#include "common/civil.h"

#include <math.h>
#include <string.h>

const char *const site_kinds[] = {"restaurant", "breakfast", "barbecue", "canteen", "ktv",
                                  "club",       "bar",       "other",    NULL};
const char *const noise_positions[] = {"boundary", "window", "indoor", "structure-a", "structure-b", NULL};
const char *const noise_classes[] = {"0", "1", "2", "3", "4", "4b", NULL};

#define MEMBER(name) .offset = offsetof(struct site, name), .size = sizeof(((struct site *)0)->name)

const struct site_column site_columns[] = {
    {"id", COLUMN_ID, MEMBER(id), .mandatory = true},
    {"name", COLUMN_TEXT, MEMBER(name), .mandatory = true},
    {"kind", COLUMN_CHOICE, MEMBER(kind), .choices = site_kinds, .mandatory = true},
    {"district", COLUMN_ID, MEMBER(district), .mandatory = true},
    {"grid", COLUMN_ID, MEMBER(grid), .mandatory = true},
    {"officer", COLUMN_TEXT, MEMBER(officer)},
    {"address", COLUMN_TEXT, MEMBER(address)},
    {"lon", COLUMN_NUMBER, MEMBER(lon), .min = -180, .max = 180},
    {"lat", COLUMN_NUMBER, MEMBER(lat), .min = -90, .max = 90},
    {"noise_class", COLUMN_CLASS, MEMBER(noise_class)},
    {"noise_position", COLUMN_CHOICE, MEMBER(position), .choices = noise_positions},
    {"background_day", COLUMN_NUMBER, MEMBER(background_day), .min = 0, .max = 140},
    {"background_night", COLUMN_NUMBER, MEMBER(background_night), .min = 0, .max = 140},
    {"night_start", COLUMN_CLOCK, MEMBER(night_start)},
    {"stoves", COLUMN_NUMBER, MEMBER(stoves), .min = 0.1, .max = 1000},
    {"airflow", COLUMN_NUMBER, MEMBER(airflow), .min = 1, .max = 1e6},
    {"fume_standard", COLUMN_ID, MEMBER(fume_standard)},
    {"purifier_installed", COLUMN_PURIFIER, MEMBER(purifier)},
    {"install_deadline", COLUMN_TIME, MEMBER(install_deadline_ms)},
    {"cleaning_days", COLUMN_NUMBER, MEMBER(cleaning_days), .min = 1, .max = 3650},
    {"cleaning_hours", COLUMN_NUMBER, MEMBER(cleaning_hours), .min = 1, .max = 87600},
    {"last_cleaned", COLUMN_TIME, MEMBER(last_cleaned_ms)},
    {"opening_hours", COLUMN_HOURS, MEMBER(opening_hours)},
    {"weather", COLUMN_DEVICE, MEMBER(weather)},
    {"gateways", COLUMN_GATEWAYS, MEMBER(gateways)},
    {"closed", COLUMN_TIME, MEMBER(closed_ms)},
    {"valid_from", COLUMN_TIME, MEMBER(valid_from_ms)},
    {.name = NULL},
};

/* The table reaches both enums as int. */
_Static_assert(sizeof(enum site_kind) == sizeof(int) && sizeof(enum noise_position) == sizeof(int), "enums are int");

const struct site site_blank = {
    .lon = NAN,
    .lat = NAN,
    .noise_class = NOT_GIVEN,
    .position = POSITION_BOUNDARY,
    .background_day = NAN,
    .background_night = NAN,
    .night_start = NOT_GIVEN,
    .stoves = NAN,
    .airflow = NAN,
    .purifier = NOT_GIVEN,
    .cleaning_days = NAN,
    .cleaning_hours = NAN,
};

/* ---- JSON out ------------------------------------------------------------------------------------------------- */

static bool is_given(const struct site_column *c, const struct site *s)
{
    const char *member = (const char *)s + c->offset;
    switch (c->kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_HOURS:
    case COLUMN_DEVICE:
        return *member != 0;
    case COLUMN_CHOICE:
        return true;
    case COLUMN_NUMBER:
        return !isnan(*(const double *)member);
    case COLUMN_CLASS:
    case COLUMN_CLOCK:
    case COLUMN_PURIFIER:
        return *(const int *)member != NOT_GIVEN;
    case COLUMN_TIME:
        return *(const int64_t *)member != 0;
    case COLUMN_GATEWAYS:
        return s->gateway_count > 0;
    }
    return false;
}

static void put_gateways(struct buf *out, const struct site *s)
{
    for (size_t i = 0; i < s->gateway_count; i++) {
        buf_char(out, i ? ',' : '[');
        buf_json(out, s->gateways[i]);
    }
    buf_char(out, ']');
}

static void put_value(struct buf *out, const struct site_column *c, const struct site *s)
{
    const char *member = (const char *)s + c->offset;
    switch (c->kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_HOURS:
    case COLUMN_DEVICE:
        buf_json(out, member);
        break;
    case COLUMN_CHOICE:
        buf_json(out, c->choices[*(const int *)member]);
        break;
    case COLUMN_NUMBER:
        buf_number(out, *(const double *)member);
        break;
    case COLUMN_CLASS:
        if (s->noise_class == NOISE_CLASS_4B)
            buf_json(out, noise_classes[NOISE_CLASS_4B]);
        else
            buf_int(out, s->noise_class);
        break;
    case COLUMN_CLOCK:
        buf_print(out, "\"%02d:%02d\"", s->night_start / 60, s->night_start % 60);
        break;
    case COLUMN_TIME:
        buf_int(out, *(const int64_t *)member);
        break;
    case COLUMN_PURIFIER:
        if (s->purifier == 1 && s->purifier_installed_ms)
            buf_int(out, s->purifier_installed_ms);
        else
            buf_text(out, s->purifier ? "true" : "false");
        break;
    case COLUMN_GATEWAYS:
        put_gateways(out, s);
        break;
    }
}

void site_write(struct buf *out, const struct site *s)
{
    char before = '{';
    for (const struct site_column *c = site_columns; c->name; c++) {
        if (!is_given(c, s))
            continue;
        buf_char(out, before);
        before = ',';
        buf_json(out, c->name);
        buf_char(out, ':');
        put_value(out, c, s);
    }
    if (s->imported_ms)
        buf_print(out, ",\"imported\":%lld", (long long)s->imported_ms);
    buf_char(out, '}');
}

/* ---- JSON in -------------------------------------------------------------------------------------------------- */

static bool get_text(const struct json *node, char *out, size_t size)
{
    const char *text;
    if (!json_text(node, &text) || strlen(text) >= size)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool get_choice(const struct json *node, const char *const *choices, int *out)
{
    const char *text;
    if (!json_text(node, &text))
        return false;
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* A number, but for the one that is none. */
static bool get_class(const struct json *node, int *out)
{
    int64_t n;
    if (get_choice(node, noise_classes + NOISE_CLASS_4B, out)) {
        *out = NOISE_CLASS_4B;
        return true;
    }
    if (!json_int64(node, &n) || n < 0 || n >= NOISE_CLASS_4B)
        return false;
    *out = (int)n;
    return true;
}

static bool get_clock(const struct json *node, int *minutes)
{
    const char *text;
    return json_text(node, &text) && site_clock_read(text, minutes);
}

static bool get_purifier(const struct json *node, struct site *s)
{
    bool yes = true;
    if (!json_bool(node, &yes) && !json_int64(node, &s->purifier_installed_ms))
        return false;
    s->purifier = yes;
    return true;
}

static bool get_gateways(const struct json *node, struct site *s)
{
    size_t count = json_count(node);
    if (!json_is_list(node) || count > SITE_GATEWAYS)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!get_text(json_at(node, i), s->gateways[i], ID_SIZE))
            return false;
    }
    s->gateway_count = count;
    return true;
}

static bool get_value(const struct json *node, const struct site_column *c, struct site *s)
{
    char *member = (char *)s + c->offset;
    switch (c->kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_HOURS:
    case COLUMN_DEVICE:
        return get_text(node, member, c->size);
    case COLUMN_CHOICE:
        return get_choice(node, c->choices, (int *)member);
    case COLUMN_NUMBER:
        return json_double(node, (double *)member);
    case COLUMN_CLASS:
        return get_class(node, (int *)member);
    case COLUMN_CLOCK:
        return get_clock(node, (int *)member);
    case COLUMN_TIME:
        return json_int64(node, (int64_t *)member);
    case COLUMN_PURIFIER:
        return get_purifier(node, s);
    case COLUMN_GATEWAYS:
        return get_gateways(node, s);
    }
    return false;
}

bool site_read(struct site *out, const struct json *object)
{
    struct site s = site_blank;
    if (!json_is_object(object))
        return false;
    for (const struct site_column *c = site_columns; c->name; c++) {
        const struct json *node = json_member(object, c->name);
        if (node ? !get_value(node, c, &s) : c->mandatory)
            return false;
    }
    const struct json *imported = json_member(object, "imported");
    if (imported && !json_int64(imported, &s.imported_ms))
        return false;
    *out = s;
    return true;
}

/* ---- questions ------------------------------------------------------------------------------------------------ */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_value(const struct site_column *c, const struct site *a, const struct site *b)
{
    const char *left = (const char *)a + c->offset, *right = (const char *)b + c->offset;
    switch (c->kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_HOURS:
    case COLUMN_DEVICE:
        return strcmp(left, right) == 0;
    case COLUMN_CHOICE:
    case COLUMN_CLASS:
    case COLUMN_CLOCK:
        return *(const int *)left == *(const int *)right;
    case COLUMN_NUMBER:
        return same_number(*(const double *)left, *(const double *)right);
    case COLUMN_TIME:
        return c->offset == offsetof(struct site, valid_from_ms) || *(const int64_t *)left == *(const int64_t *)right;
    case COLUMN_PURIFIER:
        return a->purifier == b->purifier && a->purifier_installed_ms == b->purifier_installed_ms;
    case COLUMN_GATEWAYS:
        for (size_t i = 0; i < a->gateway_count && a->gateway_count == b->gateway_count; i++) {
            if (strcmp(a->gateways[i], b->gateways[i]) != 0)
                return false;
        }
        return a->gateway_count == b->gateway_count;
    }
    return false;
}

bool site_equal(const struct site *a, const struct site *b)
{
    for (const struct site_column *c = site_columns; c->name; c++) {
        if (!same_value(c, a, b))
            return false;
    }
    return true;
}

bool site_is_catering(const struct site *s)
{
    return s->kind == SITE_RESTAURANT || s->kind == SITE_BREAKFAST || s->kind == SITE_BARBECUE ||
           s->kind == SITE_CANTEEN;
}

bool site_permits(const struct site *s, const char *gateway)
{
    for (size_t i = 0; i < s->gateway_count; i++) {
        if (strcmp(s->gateways[i], gateway) == 0)
            return true;
    }
    return false;
}

bool site_open_at(const struct site *s, int64_t ms)
{
    if (!*s->opening_hours)
        return true;
    struct civil c = civil_of(ms);
    return opening_at(s->opening_hours, c.weekday, c.hour * 60 + c.minute);
}
