/* conf: INI files through tables of options.
 *
 * A strict line scan of our own comes first and finds what iniparser 4.1 keeps silent on or crashes on: BOM, NUL, lines
 * longer than its limit, unknown and duplicate sections and keys, a key before any section, an unquoted # or ; inside a
 * value, a section's name used as a key, something that is not a regular file.  iniparser then supplies the values as
 * strings; numbers, durations and sizes are parsed here, whole and decimal, or refused.  Every fault names file, line,
 * section, key, value and what is allowed, and all faults of a file are found in one run.
 *
 * A section is `[kind]` or `[kind name]`.  The caller walks the sections, and fills one struct per section by its table.
 */
#ifndef QUIETAIR_CONF_H
#define QUIETAIR_CONF_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {                /* the member at `offset` is a … */
                 CONF_TEXT,     /* const char *: any text */
                 CONF_ID,       /* const char *: [a-z0-9][a-z0-9_-]{0,31} */
                 CONF_IDS,      /* struct conf_list of ids, separated by spaces */
                 CONF_WORDS,    /* struct conf_list of any words, separated by spaces */
                 CONF_INT,      /* int64_t, min..max; decimal, or 0x… where `hex` is set */
                 CONF_NUMBER,   /* double, min..max, finite */
                 CONF_DURATION, /* int64_t milliseconds, min..max: 500ms 1s 10min 12h 60d */
                 CONF_SIZE,     /* int64_t bytes, min..max: 64K 10M 1G, or plain bytes */
                 CONF_BOOL,     /* bool: yes or no */
                 CONF_ENUM      /* int: index into `choices` */
};

struct conf_list {
    size_t count;
    const char *const *items;
};

struct conf_option {
    const char *key;
    enum conf_type type;
    size_t offset;              /* offsetof in the caller's struct */
    const char *fallback;       /* text of the default; NULL: the member is left as the caller set it */
    double min, max;            /* both 0: no limits; in ms for durations, bytes for sizes */
    const char *const *choices; /* CONF_ENUM: ends with NULL; CONF_DURATION: words that stand for 0 */
    bool mandatory;
    bool hex;
    const char *help; /* one line, for the manual and the sample file */
};

struct conf; /* one parsed file; owns every string it handed out */

/* NULL when the file as a whole cannot be used; faults say why.  `name` stands in messages. */
struct conf *conf_open(const char *path, struct faults *);
struct conf *conf_open_text(const char *name, const char *text, size_t length, struct faults *);
void conf_close(struct conf *);
const char *conf_name(const struct conf *);
char *conf_copy(const struct conf *, const char *text, size_t length); /* a text that lives as long as the conf */
const char *conf_source(const struct conf *, size_t *length);          /* the whole text as read */

size_t conf_sections(const struct conf *);
const char *conf_kind(const struct conf *, size_t section);  /* "bus" of [bus kitchen] */
const char *conf_label(const struct conf *, size_t section); /* "kitchen", or "" */
int conf_line(const struct conf *, size_t section);
/* Index of [kind] or [kind label] (label "" for none); -1 if there is none. */
int conf_find(const struct conf *, const char *kind, const char *label);

/* Fills target by the table (ends with key NULL).  Defaults first; then what the section says.  Unknown keys are faults
 * that name the nearest valid one.  section -1: defaults only, mandatory keys are then missing.  False if faults came. */
bool conf_fill(const struct conf *, int section, const struct conf_option *, void *target, struct faults *);

/* Is the key written in the section, be its value right or at fault?  What is checked after a fault asks: a member without
 * a value may be missing, or be said already. */
bool conf_has(const struct conf *, int section, const char *key);

/* 500ms 1s 10min 12h 60d: as CONF_DURATION, for words that have one inside. */
bool conf_duration(const char *text, int64_t *ms);

/* A fault of the caller's own about a section, or a key in it (NULL: the section): file, line and names are added. */
void conf_fault(const struct conf *, int section, const char *key, struct faults *, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Sections whose kind is not in the list (NULL-terminated) are faults naming the nearest. */
void conf_only(const struct conf *, const char *const *kinds, struct faults *);

/* The raw keys of a section, for tables whose keys are not fixed (standards).  *value NULL: that line was at fault. */
size_t conf_keys(const struct conf *, size_t section);
const char *conf_key(const struct conf *, size_t section, size_t index, const char **value);

#endif
