#include "collector/calendars.h"
#include "collector/rules/calendar.h"
#include "common/civil.h"
#include "common/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024 };

static int is_calendar(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strlen(name) == 11 && strncmp(name, "cn-", 3) == 0 && strspn(name + 3, "0123456789") == 4 &&
           strcmp(name + 7, ".ini") == 0;
}

static void put(const char *dir, const char *name, struct buf *json, struct faults *faults)
{
    char path[PATH_MAX];
    size_t length;
    struct fault f;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *text = file_read(path, FILE_MOST, &length, &f);
    if (!text) {
        faults_add(faults, "%s", f.text);
        return;
    }
    struct conf *conf = conf_open_text(path, text, length, faults);
    calendar_close(conf ? calendar_open(conf, faults) : NULL);
    buf_print(json, "%s\"%.7s\":", json->length > 1 ? "," : "", name);
    buf_json_n(json, text, length);
    free(text);
}

void calendars_put(const char *dir, struct buf *json, struct faults *faults)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_calendar, alphasort);
    buf_char(json, '{');
    for (int i = 0; i < count; i++) {
        put(dir, entries[i]->d_name, json, faults);
        free(entries[i]);
    }
    free(entries);
    buf_char(json, '}');
}

void calendars_warn(const char *dir, int64_t now_ms, struct faults *warnings)
{
    char path[PATH_MAX];
    int year = civil_of(now_ms).year;
    for (int y = year; y <= year + 1; y++) {
        snprintf(path, sizeof path, "%s/cn-%04d.ini", dir, y);
        if (access(path, R_OK) != 0)
            faults_add(warnings,
                       "warning: there is no %s: of the days of %d only Saturdays and Sundays count as days off", path,
                       y);
    }
}
