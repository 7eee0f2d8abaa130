/* From a file to sections and keys: scanned (conf_scan.c), and what is left of it read by iniparser. */
#include "common/conf.h"
#include "common/buf.h"
#include "common/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <iniparser/iniparser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1024 * 1024 };

struct conf_pool {
    struct chunk *chunks;
};

struct chunk {
    struct chunk *next;
    max_align_t memory[];
};

void *conf_alloc(const struct conf *conf, size_t size)
{
    struct chunk *chunk = xcalloc(1, sizeof *chunk + size);
    chunk->next = conf->pool->chunks;
    conf->pool->chunks = chunk;
    return chunk->memory;
}

char *conf_copy(const struct conf *conf, const char *text, size_t length)
{
    char *copy = conf_alloc(conf, length + 1);
    memcpy(copy, text, length);
    return copy;
}

/* ---- iniparser ---- */

static int quiet(const char *format, ...)
{
    (void)format;
    return 0;
}

/* iniparser 4.1 reads a path and nothing else: the text goes through a file in memory. */
static dictionary *load(const struct buf *clean)
{
    dictionary *values = NULL;
    int fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (write(fd, clean->data, clean->length) == (ssize_t)clean->length) {
        char path[40];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        iniparser_set_error_callback(quiet);
        values = iniparser_load(path);
    }
    close(fd);
    return values;
}

static bool take_values(struct conf *conf, const dictionary *values, struct faults *faults)
{
    char name[3 * CONF_NAME_LIMIT + 3];
    for (size_t s = 0; s < conf->count; s++) {
        struct conf_section *section = &conf->sections[s];
        for (size_t i = 0; i < section->count; i++) {
            snprintf(name, sizeof name, "%s:%s", section->title, section->entries[i].key);
            const char *value = iniparser_getstring(values, name, NULL);
            if (value)
                section->entries[i].value = conf_copy(conf, value, strlen(value));
            else if (!faults->count) {
                faults_add(faults, "%s:%d: iniparser does not find [%s] %s", conf->name, section->entries[i].line,
                           section->title, section->entries[i].key);
                return false;
            }
        }
    }
    return true;
}

/* ---- opening and closing ---- */

struct conf *conf_open_text(const char *name, const char *text, size_t length, struct faults *faults)
{
    if (length && memchr(text, 0, length)) {
        faults_add(faults, "%s: has a NUL byte in it: this is no text file", name);
        return NULL;
    }
    struct conf *conf = xcalloc(1, sizeof *conf);
    conf->pool = xcalloc(1, sizeof *conf->pool);
    conf->name = conf_copy(conf, name, strlen(name));
    conf->source = conf_copy(conf, text, length);
    conf->length = length;

    size_t mark = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (mark)
        faults_add(faults, "%s:1: begins with a byte order mark: save it as UTF-8 without BOM", name);
    struct buf clean = buf_growing();
    conf_scan(conf, conf->source + mark, length - mark, &clean, faults);
    dictionary *values = conf->count ? load(&clean) : dictionary_new(0);
    buf_free(&clean);
    bool taken = false;
    if (values)
        taken = take_values(conf, values, faults);
    else
        faults_add(faults, "%s: cannot be handed to iniparser: %s", name, strerror(errno));
    iniparser_freedict(values);
    if (!taken) {
        conf_close(conf);
        return NULL;
    }
    return conf;
}

/* The bytes of a regular file, to be freed; NULL and a fault otherwise. */
static char *slurp(const char *path, size_t *length, struct faults *faults)
{
    char *text = NULL;
    struct stat st;
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        faults_add(faults, "%s: cannot be opened: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        faults_add(faults, "%s: is %s, not a file", path, S_ISDIR(st.st_mode) ? "a folder" : "something else");
    } else if (st.st_size > FILE_LIMIT) {
        faults_add(faults, "%s: has %lld bytes, %d are allowed", path, (long long)st.st_size, FILE_LIMIT);
    } else {
        size_t size = (size_t)st.st_size;
        ssize_t n = 1;
        text = xmalloc(size);
        while (n > 0 && *length < size) {
            n = read(fd, text + *length, size - *length);
            *length += n > 0 ? (size_t)n : 0;
        }
        if (n < 0) {
            faults_add(faults, "%s: cannot be read: %s", path, strerror(errno));
            free(text);
            text = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return text;
}

struct conf *conf_open(const char *path, struct faults *faults)
{
    size_t length;
    char *text = slurp(path, &length, faults);
    if (!text)
        return NULL;
    struct conf *conf = conf_open_text(path, text, length, faults);
    free(text);
    return conf;
}

void conf_close(struct conf *conf)
{
    if (!conf)
        return;
    for (size_t i = 0; i < conf->count; i++)
        free(conf->sections[i].entries);
    free(conf->sections);
    for (struct chunk *chunk = conf->pool->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(conf->pool);
    free(conf);
}

/* ---- looking in ---- */

const char *conf_name(const struct conf *conf)
{
    return conf->name;
}

const char *conf_source(const struct conf *conf, size_t *length)
{
    *length = conf->length;
    return conf->source;
}

size_t conf_sections(const struct conf *conf)
{
    return conf->count;
}

const char *conf_kind(const struct conf *conf, size_t section)
{
    return conf->sections[section].kind;
}

const char *conf_label(const struct conf *conf, size_t section)
{
    return conf->sections[section].label;
}

int conf_line(const struct conf *conf, size_t section)
{
    return conf->sections[section].line;
}

int conf_find(const struct conf *conf, const char *kind, const char *label)
{
    for (size_t i = 0; i < conf->count; i++)
        if (!strcmp(conf->sections[i].kind, kind) && !strcmp(conf->sections[i].label, label))
            return (int)i;
    return -1;
}

size_t conf_keys(const struct conf *conf, size_t section)
{
    return conf->sections[section].count;
}

const char *conf_key(const struct conf *conf, size_t section, size_t index, const char **value)
{
    const struct conf_entry *entry = &conf->sections[section].entries[index];
    *value = entry->value;
    return entry->key;
}

const struct conf_entry *conf_entry(const struct conf *conf, int section, const char *key)
{
    if (section < 0)
        return NULL;
    const struct conf_section *s = &conf->sections[section];
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->entries[i].key, key))
            return &s->entries[i];
    return NULL;
}

void conf_fault(const struct conf *conf, int section, const char *key, struct faults *faults, const char *format, ...)
{
    char place[400], text[480];
    struct buf at = buf_fixed(place, sizeof place);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    const struct conf_entry *entry = key ? conf_entry(conf, section, key) : NULL;
    buf_text(&at, conf->name);
    if (section >= 0)
        buf_print(&at, ":%d: [%s]", entry ? entry->line : conf->sections[section].line, conf->sections[section].title);
    if (key)
        buf_print(&at, section >= 0 ? " %s" : ": %s", key);
    if (entry && entry->value)
        buf_print(&at, " = %.*s", conf_shown(entry->value, strlen(entry->value)), entry->value);
    faults_add(faults, "%s: %s", place, text);
}
