#include "collector/rules/config.h"
#include "common/buf.h"
#include "common/civil.h"
#include "common/id.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_or(const struct json *object, const char *key, const char *otherwise)
{
    const char *text = otherwise;
    json_text(json_member(object, key), &text);
    return text;
}

static void read_settings(struct rules_config *c, const char *text, struct faults *faults)
{
    c->conf = conf_open_text("[rules]", text, strlen(text), faults);
    if (c->conf)
        rules_settings_read(c->conf, conf_find(c->conf, "rules", ""), &c->settings, faults);
}

static const struct standard *find(const struct rules_config *c, const char *id)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->standards[i]->id, id) == 0)
            return c->standards[i];
    }
    return NULL;
}

static void read_standards(struct rules_config *c, const struct json *texts, struct faults *faults)
{
    void *at = NULL;
    const struct json *value;
    const char *text;
    for (const char *id; (id = json_next(texts, &at, &value));) {
        struct conf *conf = json_text(value, &text) ? conf_open_text(id, text, strlen(text), faults) : NULL;
        struct standard *s = conf ? standard_open(id, conf, faults) : NULL;
        if (!s)
            continue;
        c->standards = xrealloc(c->standards, (c->count + 1) * sizeof(struct standard *));
        c->standards[c->count++] = s;
    }
    for (size_t i = 0; i < c->settings.standards.count; i++) {
        if (!find(c, c->settings.standards.items[i]))
            faults_add(faults, "[rules] standards: there is no standard %s", c->settings.standards.items[i]);
    }
}

static void list_margins(struct buf *out, const struct standard *s)
{
    const char *before = "it has ";
    for (size_t i = 0; i < s->count; i++) {
        if (s->provisions[i].quantity != QUANTITY_MARGIN)
            continue;
        buf_print(out, "%s%s", before, s->provisions[i].name);
        before = ", ";
    }
    if (*before == 'i')
        buf_text(out, "it has none");
}

static void fault_margin(const struct standard *s, const char *name, const char *id, struct faults *faults)
{
    char text[160];
    struct buf allowed = buf_fixed(text, sizeof text);
    if (s) {
        list_margins(&allowed, s);
        faults_add(faults, "[rules] peak_margin = %s: %s knows no such margin; %s", name, id, text);
    } else if (*id) {
        faults_add(faults, "[rules] peak_margin = %s: %s is not among the standards", name, id);
    } else {
        faults_add(faults, "[rules] peak_margin = %s: expected STANDARD:MARGIN, such as gb12348-2008:frequent", name);
    }
}

struct margin rules_config_margin(const struct rules_config *c, const char *name, struct faults *faults)
{
    const char *colon = strchr(name, ':');
    char id[ID_SIZE + 1]; /* one that is longer is no id, and is not found */
    snprintf(id, sizeof id, "%.*s", colon ? (int)(colon - name) : 0, name);
    struct margin m = {.standard = find(c, id)};
    m.provision = m.standard ? standard_margin(m.standard, colon + 1) : NULL;
    if (!m.provision && faults)
        fault_margin(m.standard, name, id, faults);
    return m;
}

static void read_calendars(struct rules_config *c, const struct json *texts, struct faults *faults)
{
    void *at = NULL;
    const struct json *value;
    const char *text;
    for (const char *id; (id = json_next(texts, &at, &value));) {
        struct conf *conf = json_text(value, &text) ? conf_open_text(id, text, strlen(text), faults) : NULL;
        struct calendar *calendar = conf ? calendar_open(conf, faults) : NULL;
        if (!calendar)
            continue;
        c->calendars = xrealloc(c->calendars, (c->calendar_count + 1) * sizeof(struct calendar *));
        c->calendars[c->calendar_count++] = calendar;
    }
}

static void read_all(struct rules_config *c, const struct json *root, struct faults *faults)
{
    struct fault f;
    const char *timezone = text_or(root, "timezone", "");
    if (civil_zone(timezone, &f) != 0)
        faults_add(faults, "%s", f.text);
    c->timezone = xstrdup(timezone);
    c->journal_clock = strcmp(text_or(root, "clock", "wall"), "journal") == 0;
    read_settings(c, text_or(root, "rules", ""), faults);
    read_standards(c, json_member(root, "standards"), faults);
    for (size_t i = 0; i < c->settings.peak_margins.count; i++)
        rules_config_margin(c, c->settings.peak_margins.items[i], faults);
    read_calendars(c, json_member(root, "calendars"), faults);
}

void rules_config_default(struct rules_config *c)
{
    struct faults faults = {0};
    *c = (struct rules_config){0};
    read_settings(c, "", &faults);
    faults_free(&faults);
}

bool rules_config_read(struct rules_config *c, const char *body, size_t length, struct faults *faults)
{
    struct fault f;
    struct rules_config new = {0};
    size_t before = faults->count;
    struct json *root = json_open(body, length, &f);
    if (!root) {
        faults_add(faults, "config record: %s", f.text);
        return false;
    }
    read_all(&new, root, faults);
    json_close(root);
    if (faults->count > before) {
        rules_config_free(&new);
        if (c->timezone)
            civil_zone(c->timezone, NULL);
        return false;
    }
    new.body = xstrndup(body, length);
    new.length = length;
    rules_config_free(c);
    *c = new;
    return true;
}

void rules_config_free(struct rules_config *c)
{
    for (size_t i = 0; i < c->count; i++)
        standard_close(c->standards[i]);
    free(c->standards);
    for (size_t i = 0; i < c->calendar_count; i++)
        calendar_close(c->calendars[i]);
    free(c->calendars);
    conf_close(c->conf);
    free(c->timezone);
    free(c->body);
    *c = (struct rules_config){0};
}

const struct standard *rules_config_standard(const struct rules_config *c, const char *id, enum standard_kind kind)
{
    const struct standard *s = *id ? find(c, id) : NULL;
    for (size_t i = 0; !*id && !s && i < c->settings.standards.count; i++) {
        const struct standard *next = find(c, c->settings.standards.items[i]);
        s = next && next->kind == kind && standard_has_limits(next) ? next : NULL;
    }
    return s && s->kind == kind ? s : NULL;
}
