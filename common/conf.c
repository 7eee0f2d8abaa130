/* From a file to sections and keys.
 *
 * iniparser 4.1 merges repeated sections and keys, cuts a value at an unquoted # or ;, joins lines that end in \,
 * lower-cases names and gives up on a line longer than its buffer (iniparser.c: ASCIILINESZ 1024); asked for a number
 * under a section's name it crashes (CVE-2023-33461).  So each line is judged here first.  What is wrong becomes a
 * fault and an empty line; iniparser gets the rest, in which the two of us cannot disagree, and is asked for strings
 * only.
 */
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

enum {
    LINE_LIMIT = 1022, /* what iniparser 4.1 takes: ASCIILINESZ less newline and NUL */
    NAME_LIMIT = 64,   /* of a section's kind, its label, a key */
    FILE_LIMIT = 1024 * 1024,
    SHOWN_LIMIT = 80 /* of a value in a message */
};

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

/* ---- the strict scan ---- */

struct scan {
    struct conf *conf;
    struct faults *faults;
    int line;
    struct conf_section *section; /* the keys now read belong to it; NULL: to none */
    bool skipping;                /* its header was at fault: its keys are judged, then dropped */
};

struct span {
    const char *at;
    size_t length;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trimmed(struct span s)
{
    while (s.length && is_space(s.at[0])) {
        s.at++;
        s.length--;
    }
    while (s.length && is_space(s.at[s.length - 1]))
        s.length--;
    return s;
}

static bool span_is(struct span s, const char *text)
{
    return strlen(text) == s.length && !memcmp(s.at, text, s.length);
}

static bool has(struct span s, const char *any)
{
    for (size_t i = 0; i < s.length; i++)
        if (strchr(any, s.at[i]))
            return true;
    return false;
}

/* How much of it a message quotes: whole characters. */
static int shown(struct span s)
{
    size_t n = s.length;
    if (n > SHOWN_LIMIT)
        for (n = SHOWN_LIMIT; n && (s.at[n] & 0xc0) == 0x80; n--)
            ;
    return (int)n;
}

static bool name_valid(struct span s)
{
    if (s.length < 1 || s.length > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < s.length; i++) {
        char c = s.at[i];
        bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!inside && (i == 0 || (c != '_' && c != '-' && c != '.')))
            return false;
    }
    return true;
}

/* Well-formed UTF-8 (RFC 3629, clause 4) without control characters other than the tab. */
static bool text_valid(struct span s)
{
    const unsigned char *at = (const unsigned char *)s.at, *end = at + s.length;
    while (at < end) {
        unsigned char c = *at++;
        if (c < 0x80) {
            if ((c < 0x20 && c != '\t') || c == 0x7f)
                return false;
            continue;
        }
        int more = c >= 0xc2 && c <= 0xdf ? 1 : (c & 0xf0) == 0xe0 ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
        if (!more || end - at < more)
            return false;
        if ((c == 0xe0 && *at < 0xa0) || (c == 0xed && *at > 0x9f) || (c == 0xf0 && *at < 0x90) ||
            (c == 0xf4 && *at > 0x8f))
            return false;
        for (; more; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* Says what is wrong with the present line; always false. */
static bool wrong(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct scan *scan, const char *format, ...)
{
    char text[480];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (scan->section)
        faults_add(scan->faults, "%s:%d: [%s] %s", scan->conf->name, scan->line, scan->section->title, text);
    else
        faults_add(scan->faults, "%s:%d: %s", scan->conf->name, scan->line, text);
    return false;
}

static bool scan_section(struct scan *scan, struct span line)
{
    struct conf *conf = scan->conf;
    scan->section = NULL;
    scan->skipping = true;
    struct span title = trimmed((struct span){line.at + 1, line.length - 1});
    bool closed = title.length && title.at[title.length - 1] == ']';
    if (closed)
        title.length--;
    title = trimmed(title);
    const char *space = memchr(title.at, ' ', title.length);
    struct span kind = {title.at, space ? (size_t)(space - title.at) : title.length};
    struct span label = {"", 0};
    if (space)
        label = (struct span){space + 1, title.length - kind.length - 1};
    if (!closed || !name_valid(kind) || (space && !name_valid(label)))
        return wrong(scan,
                     "%.*s: a section is written [kind] or [kind name], alone on its line; names have up to %d of "
                     "a-z 0-9 _ - . and begin with a letter or digit (no capitals)",
                     shown(line), line.at, NAME_LIMIT);
    for (size_t i = 0; i < conf->count; i++)
        if (span_is(title, conf->sections[i].title))
            return wrong(scan, "[%s] was there before, on line %d: each section is written once",
                         conf->sections[i].title, conf->sections[i].line);
    conf->sections = xrealloc(conf->sections, (conf->count + 1) * sizeof *conf->sections);
    struct conf_section *section = &conf->sections[conf->count++];
    *section = (struct conf_section){.title = conf_copy(conf, title.at, title.length),
                                     .kind = conf_copy(conf, kind.at, kind.length),
                                     .label = conf_copy(conf, label.at, label.length),
                                     .line = scan->line};
    scan->section = section;
    scan->skipping = false;
    return true;
}

static bool scan_value(struct scan *scan, struct span key, struct span value)
{
    const char *k = key.at;
    int k_length = (int)key.length;
    if (!text_valid(value))
        return wrong(scan, "%.*s: the value is not UTF-8 text, or has control characters in it", k_length, k);
    if (value.length && value.at[0] == '"') {
        struct span inside = {value.at + 1, value.length - 2};
        if (value.length < 2 || value.at[value.length - 1] != '"' || has(inside, "\""))
            return wrong(scan, "%.*s = %.*s: a quoted value is one \"…\" from end to end, without another \" in it",
                         k_length, k, shown(value), value.at);
        return true;
    }
    if (has(value, "#;"))
        return wrong(scan, "%.*s = %.*s: # and ; need quotes: \"…\"; a comment stands on a line of its own", k_length,
                     k, shown(value), value.at);
    if (has(value, "\"") || (value.length && value.at[0] == '\''))
        return wrong(scan, "%.*s = %.*s: quotes are \"…\" around the whole value", k_length, k, shown(value), value.at);
    if (value.length && value.at[value.length - 1] == '\\')
        return wrong(scan, "%.*s = %.*s: lines are not continued; a value that ends in \\ needs quotes", k_length, k,
                     shown(value), value.at);
    return true;
}

static bool scan_key(struct scan *scan, struct span line)
{
    const char *equals = memchr(line.at, '=', line.length);
    if (!equals)
        return wrong(scan, "%.*s: neither [section], nor key = value, nor a comment (; or # at its beginning)",
                     shown(line), text_valid(line) ? line.at : "");
    struct span key = trimmed((struct span){line.at, (size_t)(equals - line.at)});
    struct span value = trimmed((struct span){equals + 1, (size_t)(line.at + line.length - equals - 1)});
    if (!name_valid(key))
        return wrong(scan, "%.*s: a key has up to %d of a-z 0-9 _ - . and begins with a letter or digit (no capitals)",
                     shown(key), text_valid(key) ? key.at : "", NAME_LIMIT);
    if (!scan->section && !scan->skipping)
        return wrong(scan, "%.*s: a key before the first [section]", (int)key.length, key.at);
    if (!scan->section) {
        scan_value(scan, key, value);
        return false;
    }
    struct conf_section *section = scan->section;
    for (size_t i = 0; i < section->count; i++)
        if (span_is(key, section->entries[i].key))
            return wrong(scan, "%s was given before, on line %d: each key is given once", section->entries[i].key,
                         section->entries[i].line);
    section->entries = xrealloc(section->entries, (section->count + 1) * sizeof *section->entries);
    section->entries[section->count++] =
        (struct conf_entry){.key = conf_copy(scan->conf, key.at, key.length), .line = scan->line};
    return scan_value(scan, key, value);
}

/* True: the line says something, and iniparser may have it. */
static bool scan_line(struct scan *scan, struct span line)
{
    if (!line.length || line.at[0] == ';' || line.at[0] == '#')
        return false;
    if (line.length > LINE_LIMIT)
        return wrong(scan, "%.*s…: the line has %zu bytes, %d are allowed", 20, text_valid(line) ? line.at : "",
                     line.length, LINE_LIMIT);
    return line.at[0] == '[' ? scan_section(scan, line) : scan_key(scan, line);
}

static void scan_text(struct conf *conf, struct span text, struct buf *clean, struct faults *faults)
{
    struct scan scan = {.conf = conf, .faults = faults};
    while (text.length) {
        const char *newline = memchr(text.at, '\n', text.length);
        size_t length = newline ? (size_t)(newline - text.at) : text.length;
        struct span line = trimmed((struct span){text.at, length});
        scan.line++;
        if (scan_line(&scan, line))
            buf_bytes(clean, line.at, line.length);
        buf_char(clean, '\n');
        length += newline != NULL;
        text = (struct span){text.at + length, text.length - length};
    }
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
    char name[3 * NAME_LIMIT + 3];
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

    struct span rest = {conf->source, length};
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        faults_add(faults, "%s:1: begins with a byte order mark: save it as UTF-8 without BOM", name);
        rest = (struct span){conf->source + 3, length - 3};
    }
    struct buf clean = buf_growing();
    scan_text(conf, rest, &clean, faults);
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
        buf_print(&at, " = %.*s", shown((struct span){entry->value, strlen(entry->value)}), entry->value);
    faults_add(faults, "%s: %s", place, text);
}
