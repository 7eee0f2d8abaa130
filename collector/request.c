#include "collector/request.h"
#include "common/buf.h"

#include <string.h>

enum type { TEXT, WHOLE, NUMBER, YES, TEXTS, TEXTS_BY_NAME };

static const char *const types[] = {
    [TEXT] = "a text",       [WHOLE] = "a whole number",  [NUMBER] = "a number", /* or its digits as a text */
    [YES] = "true or false", [TEXTS] = "a list of texts", [TEXTS_BY_NAME] = "an object of texts",
};

enum { ARGS_MOST = 18 };

static const struct form {
    const char *verb;
    struct arg {
        const char *name;
        enum type type;
    } args[ARGS_MOST + 1];
} forms[] = {
    {"status", {{0}}},
    {"commit", {{0}}},
    {"tick", {{"ts", WHOLE}}},
    {"photo put", {{"base64", TEXT}}},
    {"site import", {{"csv", TEXT}, {"file", TEXT}}},
    {"site close", {{"site", TEXT}, {"date", TEXT}, {"by", TEXT}, {"note", TEXT}}},
    {"cleaning add",
     {{"site", TEXT},
      {"cleaned_at", TEXT},
      {"date", TEXT},
      {"by", TEXT},
      {"provider", TEXT},
      {"kind", TEXT},
      {"note", TEXT},
      {"photos", TEXTS}}},
    {"case confirm", {{"case", TEXT}, {"note", TEXT}}},
    {"case dismiss", {{"case", TEXT}, {"reason", TEXT}}},
    {"case close", {{"case", TEXT}, {"reason", TEXT}}},
    {"case serve", {{"case", TEXT}, {"at", TEXT}, {"by", TEXT}, {"method", TEXT}}},
    {"measurement add",
     {{"site", TEXT},
      {"at", TEXT},
      {"kind", TEXT},
      {"value", NUMBER},
      {"values", TEXT},
      {"instrument", TEXT},
      {"class", NUMBER},
      {"calibration_before", NUMBER},
      {"calibration_after", NUMBER},
      {"wind", NUMBER},
      {"rain", TEXT},
      {"background", NUMBER},
      {"position", TEXT},
      {"band", TEXT},
      {"case", TEXT},
      {"officers", TEXT},
      {"reviewed_by", TEXT},
      {"note", TEXT}}},
    {"measurement review", {{"id", TEXT}, {"by", TEXT}}},
    {"inspection add",
     {{"site", TEXT},
      {"at", TEXT},
      {"result", TEXT},
      {"installed", TEXT},
      {"in_use", TEXT},
      {"cleaned", TEXT},
      {"officers", TEXT},
      {"reviewed_by", TEXT},
      {"draw", TEXT},
      {"note", TEXT}}},
    {"inspection review", {{"id", TEXT}, {"by", TEXT}}},
    {"complaint add", {{"site", TEXT}, {"at", TEXT}, {"about", TEXT}, {"text", TEXT}, {"name", TEXT}, {"phone", TEXT}}},
    {"complaint close", {{"id", TEXT}, {"result", TEXT}}},
    {"complaint erase", {{"id", TEXT}}},
    {"draw",
     {{"sites", WHOLE},
      {"officers", WHOLE},
      {"officer_list", TEXTS},
      {"district", TEXT},
      {"kinds", TEXTS},
      {"grids", TEXTS},
      {"weighted", YES}}},
    {"audit issue",
     {{"week", TEXT},
      {"revision", WHOLE},
      {"sha256", TEXT},
      {"behind", WHOLE},
      {"summary", TEXT},
      {"districts", TEXTS_BY_NAME}}},
};

static const struct form *form_of(const char *verb)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].verb, verb) == 0)
            return &forms[i];
    return NULL;
}

static bool texts_only(const struct json *list)
{
    const char *text;
    bool good = json_is_list(list);
    for (size_t i = 0; good && i < json_count(list); i++)
        good = json_text(json_at(list, i), &text);
    return good;
}

static bool texts_by_name(const struct json *object)
{
    void *at = NULL;
    const struct json *value;
    const char *text;
    bool good = json_is_object(object);
    while (good && json_next(object, &at, &value))
        good = json_text(value, &text);
    return good;
}

static bool is_of(enum type type, const struct json *value)
{
    const char *text;
    int64_t whole;
    double number;
    bool yes;
    switch (type) {
    case TEXT:
        return json_text(value, &text);
    case WHOLE:
        return json_int64(value, &whole);
    case NUMBER:
        return json_double(value, &number) || json_text(value, &text);
    case YES:
        return json_bool(value, &yes);
    case TEXTS:
        return texts_only(value);
    case TEXTS_BY_NAME:
        return texts_by_name(value);
    }
    return false;
}

static int fault_unknown(const struct form *form, const char *name, struct fault *f)
{
    char memory[240];
    struct buf names = buf_fixed(memory, sizeof memory);
    for (const struct arg *a = form->args; a->name; a++)
        buf_print(&names, "%s%s", a == form->args ? "" : ", ", a->name);
    return fault(f, ERR_RANGE, "args: %.*s is none of %s: %s", (int)buf_whole(name, strlen(name), 40), name, form->verb,
                 names.length ? memory : "it takes none");
}

int request_check(const char *verb, const struct json *args, struct fault *f)
{
    void *at = NULL;
    const struct json *value;
    const struct form *form = form_of(verb);
    if (!form || !args)
        return 0;
    if (!json_is_object(args))
        return fault(f, ERR_SYNTAX, "args: an object is expected");
    for (const char *name; (name = json_next(args, &at, &value));) {
        const struct arg *a = form->args;
        while (a->name && strcmp(a->name, name) != 0)
            a++;
        if (!a->name)
            return fault_unknown(form, name, f);
        if (!is_of(a->type, value))
            return fault(f, ERR_SYNTAX, "args: %s: %s is expected", name, types[a->type]);
    }
    return 0;
}
