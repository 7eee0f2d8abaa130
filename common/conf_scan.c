/* The strict scan: each line is judged before iniparser sees it.
 *
 * iniparser 4.1 merges repeated sections and keys, cuts a value at an unquoted # or ;, joins lines that end in \,
 * lower-cases names and gives up on a line longer than its buffer (iniparser.c: ASCIILINESZ 1024); asked for a number
 * under a section's name it crashes (CVE-2023-33461).  What is wrong becomes a fault and an empty line; iniparser gets
 * the rest, in which the two of us cannot disagree, and is asked for strings only.
 */
#include "common/conf_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_LIMIT = 1022, /* what iniparser 4.1 takes: ASCIILINESZ less newline and NUL */
    SHOWN_LIMIT = 80   /* of a value in a message */
};

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

int conf_shown(const char *text, size_t length)
{
    return (int)buf_whole(text, length, SHOWN_LIMIT);
}

static int shown(struct span s)
{
    return conf_shown(s.at, s.length);
}

static bool name_valid(struct span s)
{
    if (s.length < 1 || s.length > CONF_NAME_LIMIT)
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
                     shown(line), line.at, CONF_NAME_LIMIT);
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
                     shown(key), text_valid(key) ? key.at : "", CONF_NAME_LIMIT);
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

void conf_scan(struct conf *conf, const char *from, size_t bytes, struct buf *clean, struct faults *faults)
{
    struct scan scan = {.conf = conf, .faults = faults};
    struct span text = {from, bytes};
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
